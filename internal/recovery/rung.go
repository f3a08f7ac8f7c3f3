package recovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
)

// Rung is one step of the fallback ladder (rule R6): what the groups made on it have that the origin has not, and how far it goes. The
// yaml, doc and range tags are the configuration's schema.
type Rung struct {
	Same     bool          `yaml:"same,omitempty" json:"same,omitempty" range:"true" doc:"groups of the origin's configuration. The word same alone means the same"`
	Types    []string      `yaml:"types,omitempty" json:"types,omitempty" range:"1 to 10 EC2 instance types" doc:"groups of these instance types instead of the origin's, tried in this order"`
	Market   emr.Market    `yaml:"market,omitempty" json:"market,omitempty" range:"spot or on_demand" doc:"groups of this market instead of the origin's; on_demand drops the bid price"`
	BidPrice string        `yaml:"bid_price,omitempty" json:"bid_price,omitempty" range:"dollars; needs market: spot" doc:"highest Spot price of one instance; without it the origin's, and if that has none the On-Demand price"`
	After    time.Duration `yaml:"after,omitempty" json:"after,omitempty" range:"1m to 24h; 0s: recovery.after" doc:"age of the oldest missing instance at which a group of this rung is stuck (R3)"`
	Max      int           `yaml:"max,omitempty" json:"max,omitempty" range:"0 to 2000; 0: no bound" doc:"most instances that the groups of this rung are asked for together; what is missing beyond that goes to the next candidate"`
}

// The most a ladder may hold: each group that is made is for ever, and a cluster has 48 task groups.
const (
	maxRungs = 10
	maxTypes = 10
)

// Shape is what the rungs change of a group's configuration. EMR fixes all of it when a group is made.
type Shape struct {
	Type   string     `json:"type"`
	Market emr.Market `json:"market"`              // never empty in a Shape made by ShapeOf
	Bid    string     `json:"bid_price,omitempty"` // Spot only
}

// ShapeOf is the shape of a group. An empty market stands for On-Demand.
func ShapeOf(g emr.Group) Shape {
	s := Shape{Type: g.InstanceType, Market: emr.OnDemand}
	if g.Market == emr.Spot {
		s.Market, s.Bid = emr.Spot, g.BidPrice
	}
	return s
}

// String is the shape in words: "m5.xlarge Spot at 0.10", "m5.xlarge On-Demand".
func (s Shape) String() string {
	text := s.Type + " On-Demand"
	if s.Market == emr.Spot {
		text = s.Type + " Spot"
	}
	if s.Bid != "" {
		text += " at " + s.Bid
	}
	return text
}

// Shapes lists the new groups that the rung offers for an origin, in order.
func (r Rung) Shapes(origin Shape) []Shape {
	types := r.Types
	if len(types) == 0 {
		types = []string{origin.Type}
	}
	out := make([]Shape, 0, len(types))
	for _, t := range types {
		s := origin
		s.Type = t
		switch r.Market {
		case emr.OnDemand:
			s.Market, s.Bid = emr.OnDemand, ""
		case emr.Spot:
			s.Market = emr.Spot
		}
		if r.BidPrice != "" {
			s.Bid = r.BidPrice
		}
		out = append(out, s)
	}
	return out
}

// RungOf is the rung of a pool's member, from 1: the first whose groups have the member's shape; one more than there are rungs when
// none has. The origin itself is of no rung: 0.
func RungOf(ladder []Rung, origin, member Shape) int {
	for i, r := range ladder {
		if slices.Contains(r.Shapes(origin), member) {
			return i + 1
		}
	}
	return len(ladder) + 1
}

// On is the settings as they hold for a member of a rung, 0 for the origin.
func (s Settings) On(rung int) Settings {
	if rung >= 1 && rung <= len(s.Fallback) && s.Fallback[rung-1].After > 0 {
		s.After = s.Fallback[rung-1].After
	}
	return s
}

// Refused is the settings as they hold for a resize for which EMR reported insufficient capacity (rule R3).
func (s Settings) Refused() Settings {
	if s.AfterCapacity > 0 {
		s.After = min(s.After, s.AfterCapacity)
	}
	return s
}

// LongestAfter is the longest that a launch may take before it is stuck, on whatever rung.
func (s Settings) LongestAfter() time.Duration {
	longest := s.After
	for _, r := range s.Fallback {
		longest = max(longest, r.After)
	}
	return longest
}

// Shaped returns the configuration of a new TASK group like the origin with another shape (rule R7). Nothing else changes; what EMR
// makes of it is up to EMR, but see Fits.
func Shaped(origin emr.Group, s Shape, name string, count int) emr.GroupConfig {
	c := emr.Copy(origin, name, count)
	c.InstanceType, c.Market, c.BidPrice = s.Type, s.Market, s.Bid
	return c
}

// Fits says why nodes of a group like the origin could not run with another shape; nil when nothing is known against it.
func Fits(origin emr.Group, s Shape) error {
	if origin.CustomAMI != "" && arm(origin.InstanceType) != arm(s.Type) {
		return fmt.Errorf("the custom AMI %s is for the processor of %s, and %s has another", origin.CustomAMI, origin.InstanceType, s.Type)
	}
	return nil
}

// family splits an instance type into the letters of its family and what follows them: "m6gd.xlarge" is "m" and "6gd".
func family(instanceType string) (letters, rest string) {
	name, _, _ := strings.Cut(instanceType, ".")
	if i := strings.IndexAny(name, "0123456789-"); i >= 0 {
		return name[:i], name[i:]
	}
	return name, ""
}

// arm says whether an instance type has an Arm processor (AWS Graviton): the family a1, and those with a g among the attributes after
// the generation, as in m6g, c7gn, x2gd, is4gen (EC2 User Guide, instance type naming conventions).
func arm(instanceType string) bool {
	letters, rest := family(instanceType)
	attributes := strings.TrimLeft(rest, "0123456789")
	attributes, _, _ = strings.Cut(attributes, "-")
	return letters == "a" && rest == "1" || strings.Contains(attributes, "g")
}

// quotaClass is the class of instance types whose vCPUs EC2 counts together, On-Demand and Spot apart (EC2 User Guide, On-Demand
// Instance quotas): most families are "Standard"; an unknown one counts as a class of its own.
func quotaClass(instanceType string) string {
	letters, _ := family(instanceType)
	switch letters {
	case "a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z":
		return "Standard"
	case "g", "gr", "vt":
		return "G and VT"
	}
	return strings.ToUpper(letters)
}

var (
	typeName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}\.[a-z0-9-]{1,30}$`)
	dollars  = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?$`)
)

// validateLadder returns every problem of a ladder, each beginning with the yaml path of its field.
func validateLadder(ladder []Rung) []error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(ladder) == 0 {
		add(`fallback: at least one rung is needed, for example [same]`)
	}
	if len(ladder) > maxRungs {
		add(`fallback: %d rungs; at most %d`, len(ladder), maxRungs)
		return errs
	}
	first := map[string]string{} // where a configuration is offered first
	for i, r := range ladder {
		at := fmt.Sprintf("fallback[%d]", i)
		errs = append(errs, r.validate(at)...)
		if r.Same == r.differs() {
			continue
		}
		for j, key := range r.keys() {
			here := at
			if len(r.Types) > 0 {
				here = fmt.Sprintf("%s.types[%d]", at, j)
			}
			if before, ok := first[key]; ok {
				add("%s: the same as %s, which comes first", here, before)
				continue
			}
			first[key] = here
		}
	}
	return errs
}

func (r Rung) validate(at string) []error {
	var errs []error
	add := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf(at+key+": "+format, args...))
	}
	switch {
	case r.Same && r.differs():
		add(".same", "a group of the same configuration has no other types, market or bid price; write two rungs")
	case !r.Same && !r.differs():
		add("", "nothing differs from the origin; write same, or give types or a market")
	}
	if len(r.Types) > maxTypes {
		add(".types", "%d types; at most %d", len(r.Types), maxTypes)
	}
	for j, t := range r.Types {
		if !typeName.MatchString(t) {
			add(fmt.Sprintf(".types[%d]", j), "%q is no EC2 instance type; for example m5a.2xlarge", t)
		}
	}
	if r.Market != "" && r.Market != emr.Spot && r.Market != emr.OnDemand {
		add(".market", "%q is neither spot nor on_demand", strings.ToLower(string(r.Market)))
	}
	switch {
	case r.BidPrice == "":
	case r.Market != emr.Spot:
		add(".bid_price", "a bid is for Spot Instances: give market: spot, too")
	case !dollars.MatchString(r.BidPrice):
		add(".bid_price", "%q is no amount of dollars; for example 0.25", r.BidPrice)
	}
	if r.After != 0 && (r.After < time.Minute || r.After > 24*time.Hour) {
		add(".after", "%s is outside %s to %s", r.After, time.Minute, 24*time.Hour)
	}
	if r.Max < 0 || r.Max > 2000 {
		add(".max", "%d is outside 0 to 2000", r.Max)
	}
	return errs
}

// keys tell apart what a rung offers, whatever the origin is.
func (r Rung) keys() []string {
	types := r.Types
	if len(types) == 0 {
		types = []string{"the origin's"}
	}
	out := make([]string, 0, len(types))
	for _, t := range types {
		out = append(out, fmt.Sprintf("%q %q %q", t, r.Market, r.BidPrice))
	}
	return out
}

// String is the rung as it stands in a configuration, on one line.
func (r Rung) String() string {
	if r.plain() {
		return "same"
	}
	var parts []string
	add := func(given bool, format string, args ...any) {
		if given {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(r.Same, "same: true")
	add(len(r.Types) > 0, "types: [%s]", strings.Join(r.Types, ", "))
	add(r.Market != "", "market: %s", strings.ToLower(string(r.Market)))
	add(r.BidPrice != "", "bid_price: %s", r.BidPrice)
	add(r.After != 0, "after: %s", r.After)
	add(r.Max != 0, "max: %d", r.Max)
	return "{" + strings.Join(parts, ", ") + "}"
}

// plain says whether the rung is the one word same.
func (r Rung) plain() bool {
	return r.Same && !r.differs() && r.After == 0 && r.Max == 0
}

// differs says whether the rung names something that its groups have and the origin has not.
func (r Rung) differs() bool { return len(r.Types) > 0 || r.Market != "" || r.BidPrice != "" }

// rungFields has a Rung's fields without its methods.
type rungFields Rung

// MarshalJSON writes the rung as stored documents have it: the text "same", or an object.
func (r Rung) MarshalJSON() ([]byte, error) {
	if r.plain() {
		return []byte(`"same"`), nil
	}
	return json.Marshal(rungFields(r))
}

// UnmarshalJSON reads what MarshalJSON wrote. Documents from before there were other rungs have only texts.
func (r *Rung) UnmarshalJSON(b []byte) error {
	*r = Rung{}
	if len(b) == 0 || b[0] != '"' {
		return json.Unmarshal(b, (*rungFields)(r))
	}
	var word string
	if err := json.Unmarshal(b, &word); err != nil {
		return err
	}
	if word != "same" {
		return errors.New(`rung: a text other than "same"`)
	}
	r.Same = true
	return nil
}
