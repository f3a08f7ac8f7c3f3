package recovery

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"emrguard/internal/emr"
)

// Cause is why EC2 or EMR does not give a group what it asks for, as far as EMR says. It decides which rungs are worth trying (rule R6).
type Cause string

// The causes.
const (
	Unknown   Cause = ""          // EMR does not say, or not in words that are known; treated as Capacity
	Capacity  Cause = "capacity"  // EC2 has no such instances in the zone; another request may find some
	Quota     Cause = "quota"     // the account's limit of vCPUs or Spot Instances; it counts whole classes of instance types
	Addresses Cause = "addresses" // the subnet is full; a cluster has one subnet
	Bootstrap Cause = "bootstrap" // new nodes fail in their bootstrap actions
	Price     Cause = "price"     // the bid is below the Spot price
)

// Why is a cause with the words it was told from.
type Why struct {
	Cause Cause  `json:"cause"`
	Text  string `json:"text,omitempty"` // EMR's own words, whole up to longestText bytes
}

// String is the cause for a sentence; empty when unknown.
func (w Why) String() string {
	if w.Cause == Unknown {
		return ""
	}
	return fmt.Sprintf("%s: %s", w.Cause, w.Text)
}

// phrases are words by which a reason is told, looked for without regard to case. AWS says that its texts may change, so each is an error code of
// EC2 (EC2 API reference, error codes) or of EMR, or the part of a sentence that carries its meaning, and what none matches is
// unknown. The sentences are documented for EMR's events (EMR Management Guide, emr-manage-cloudwatch-events); that a group's state
// change reason holds the same is inferred.
//
// Every text that a phrase matches has one of its words in it: without them the expression is not asked.
var phrases = []struct {
	cause Cause
	words []string // in small letters
	match *regexp.Regexp
}{
	{Bootstrap, []string{"bootstrap"}, regexp.MustCompile(`(?i)\bbootstrap action|BOOTSTRAP_FAILURE`)},
	{Addresses, []string{"address"}, regexp.MustCompile(`(?i)InsufficientFreeAddressesInSubnet|\b(enough|sufficient|insufficient) free (private )?(ip )?address`)},
	{Quota, []string{"limit", "exceeded"}, regexp.MustCompile(`(?i)VcpuLimitExceeded|MaxSpotInstanceCountExceeded|InstanceLimitExceeded|\bvCPU limit\b|EC2 QUOTA EXCEEDED|` +
		`\blimit on the number of (vCPUs|Spot Instances|on-demand instances|instances)|spot instance count (limit )?exceeded|\bprovisioning \S+ instance limit exceeded`)},
	{Price, []string{"price", "bid"}, regexp.MustCompile(`(?i)SpotMaxPriceTooLow|SPOT_PRICE_INCREASE|\b(at or )?below your maximum Spot price|` +
		`\bSpot request price of \S+ is lower than|\bbid (price )?(is )?(too low|below)`)},
	{Capacity, []string{"capacity"}, regexp.MustCompile(`(?i)InsufficientInstanceCapacity|INSUFFICIENT_CAPACITY|SPOT_NO_CAPACITY|\binsufficient (\S+ ){0,2}capacity\b|\bnot have sufficient \S+ capacity\b`)},
}

// longestText is how many bytes of a reason are kept: several times what AWS documents, since a person reads it as EMR said it.
const longestText = 1500

// tell reads one reason. Two causes in one text are none: nobody knows which of them holds the group up.
func tell(code, text string) Why {
	var found Why
	text = strings.TrimSpace(code + " " + text)
	small := strings.ToLower(text)
	for _, p := range phrases {
		if !slices.ContainsFunc(p.words, func(word string) bool { return strings.Contains(small, word) }) {
			continue
		}
		at := p.match.FindStringIndex(text)
		if at == nil {
			continue
		}
		if found.Cause != Unknown {
			return Why{}
		}
		found = Why{p.cause, kept(text, at[1])}
	}
	return found
}

// kept is a reason as far as it is kept: all of it, or of a very long one the beginning, between characters. Should what tells the cause end after that, at told, then
// it is what is before there.
func kept(text string, told int) string {
	from, to, before, after := 0, len(text), "", ""
	switch {
	case len(text) <= longestText:
	case told <= longestText:
		to, after = longestText, "…"
	default:
		from, to, before, after = told-longestText, told, "…", "…"
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to--
	}
	for from > 0 && !utf8.RuneStart(text[from]) {
		from++
	}
	return before + text[from:to] + after
}

// CauseOf says why a group misses instances: by its own state change reason, else by those of its instances that are not there yet. When
// these differ the cause is unknown. Only what EMR says now counts: a group that runs all it asks for has no cause.
func CauseOf(g emr.Group, instances []emr.Instance) Why {
	if g.Missing() == 0 {
		return Why{}
	}
	if w := tell(g.ReasonCode, g.ReasonText); w.Cause != Unknown {
		return w
	}
	var found Why
	for _, i := range instances {
		if i.Group != g.ID || i.State == emr.InstanceRunning || i.State == emr.InstanceTerminated {
			continue
		}
		w := tell(i.ReasonCode, i.ReasonText)
		switch {
		case w.Cause == Unknown:
		case found.Cause == Unknown:
			found = w
		case found.Cause != w.Cause:
			return Why{}
		}
	}
	return found
}

// CauseOfCode says what the code of an event tells. Codes have the words of the texts, and differ in small and capital letters, dashes and
// endings from one page of the documentation to the next (EMR Management Guide, emr-manage-cloudwatch-events).
func CauseOfCode(code string) Why { return tell("", code) }

// Bars says why a launch of another shape would fail for the same cause, when a group of shape stuck failed for it; empty when it may
// well succeed. Capacity bars nothing: a group of the same shape may be given what another waits for. Addresses are a matter of the
// cluster, not of shapes.
func (c Cause) Bars(stuck, other Shape) string {
	switch c {
	case Quota:
		if stuck.Market == other.Market && quotaClass(stuck.Type) == quotaClass(other.Type) {
			return fmt.Sprintf("the account's quota of %s instances of class %s is used up", marketWord(other.Market), quotaClass(other.Type))
		}
	case Price:
		// Without a bid the limit is the On-Demand price, which each type has of its own.
		if stuck.Market == other.Market && stuck.Bid == other.Bid && (stuck.Bid != "" || stuck.Type == other.Type) {
			if other.Bid == "" {
				return "the Spot price is above the On-Demand price"
			}
			return fmt.Sprintf("a bid of %s is below the Spot price", other.Bid)
		}
	}
	return ""
}

// BarsAgain says why a launch of another shape is not tried after EMR itself suspended a resize of shape stuck, and another before it (rule R8): new
// nodes of the same type run the same bootstrap actions and fail the same way.
func (c Cause) BarsAgain(stuck, other Shape) string {
	if stuck == other || c == Bootstrap && stuck.Type == other.Type {
		return fmt.Sprintf("EMR suspended a resize of %s", stuck)
	}
	return ""
}

func marketWord(m emr.Market) string {
	if m == emr.Spot {
		return "Spot"
	}
	return "On-Demand"
}
