package scaling

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// AskKind says who asks for a pool's capacity.
type AskKind string

// The kinds of asks, in the order in which they are followed.
const (
	AskBounds   AskKind = "bounds"   // the pool wants fewer than min or more than max
	AskSchedule AskKind = "schedule" // a schedule is due
	AskUp       AskKind = "up"       // a policy of scale_up holds
	AskDown     AskKind = "down"     // a policy of scale_down holds
)

// Ask is what somebody asks of a pool: how many instances it should want, and within which bounds from then on.
type Ask struct {
	Kind     AskKind    `json:"kind"`
	By       string     `json:"by"`     // "policy NAME", "schedule NAME", "min" or "max"
	Target   int        `json:"target"` // within Bounds
	Bounds   Bounds     `json:"bounds"`
	At       time.Time  `json:"at,omitzero"` // of a schedule: when it was due
	Place    int        `json:"-"`           // of a schedule: its place in the configuration
	Reason   string     `json:"reason"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// clamp returns n within the bounds, and the bound that changed it.
func (b Bounds) clamp(n int) (int, string) {
	switch {
	case n < b.Min:
		return b.Min, "min"
	case n > b.Max:
		return b.Max, "max"
	}
	return n, ""
}

// with returns the bounds after those that are given took effect. Where min would exceed max, the one that is given takes the other with
// it; the note says so.
func (b Bounds) with(low, high *int) (after Bounds, note string) {
	after = b
	if low != nil {
		after.Min = *low
	}
	if high != nil {
		after.Max = *high
	}
	switch {
	case after.Min <= after.Max:
	case high == nil:
		after.Max = after.Min
		note = fmt.Sprintf("max follows to %d", after.Max)
	default:
		after.Min = after.Max
		note = fmt.Sprintf("min follows to %d", after.Min)
	}
	return after, note
}

// Wait is how long a policy of the pool waits after the pool's last scaling operation completed.
func (p *Pool) Wait(pol *Policy, up bool) time.Duration {
	switch {
	case pol.Cooldown != nil:
		return *pol.Cooldown
	case up:
		return p.Cooldown.Up
	}
	return p.Cooldown.Down
}

// BoundsAsk is what min or max asks of a pool that wants less or more; false if it wants neither.
func BoundsAsk(wanted int, b Bounds) (Ask, bool) {
	target, by := b.clamp(wanted)
	if by == "" {
		return Ask{}, false
	}
	word := "less than"
	if by == "max" {
		word = "more than"
	}
	return Ask{Kind: AskBounds, By: by, Target: target, Bounds: b, Reason: fmt.Sprintf("the pool wants %d, %s %s %d", wanted, word, by, target)}, true
}

// ScheduleAsk is what a schedule of the pool asks that was due at a time: its bounds, and its target or else what the pool wants, within them.
func (p *Pool) ScheduleAsk(s *Schedule, at time.Time, wanted int, b Bounds) Ask {
	after, note := b.with(s.Min, s.Max)
	target := wanted
	if s.Target != nil {
		target = *s.Target
	}
	target, bound := after.clamp(target)
	steps := []string{Capacity(s.Target, s.Min, s.Max)}
	if note != "" {
		steps = append(steps, note)
	}
	if bound != "" {
		steps = append(steps, fmt.Sprintf("%s: %d", bound, target))
	}
	a := Ask{Kind: AskSchedule, By: "schedule " + s.Name, Target: target, Bounds: after, At: at,
		Reason: fmt.Sprintf("%s of %s: %s", s.Cron, at.UTC().Format(time.DateTime), strings.Join(steps, "; "))}
	for i := range p.Schedules {
		if p.Schedules[i].Name == s.Name {
			a.Place = i
		}
	}
	return a
}

// Capacity lists those of the three that are given, in words: "target 12, min 10".
func Capacity(target, low, high *int) string {
	var parts []string
	for _, c := range []struct {
		name string
		n    *int
	}{{"target", target}, {"min", low}, {"max", high}} {
		if c.n != nil {
			parts = append(parts, fmt.Sprintf("%s %d", c.name, *c.n))
		}
	}
	return strings.Join(parts, ", ")
}

// PolicyAsk is what a policy of the pool asks whose condition was judged so, when the pool wants so many within the bounds. If it is false,
// the policy asks for nothing and the reason says why: the condition does not hold, or the action would change nothing.
//
// A policy of scale_up never takes instances and one of scale_down never adds any: an action that would do so changes nothing. It is at most
// max_step that is added or taken, save where min or max force more. The target is within the bounds, the new ones if the action sets them.
func (p *Pool) PolicyAsk(pol *Policy, up bool, wanted int, b Bounds, j Judgement) (Ask, bool) {
	a := Ask{Kind: AskDown, By: "policy " + pol.Name, Target: wanted, Bounds: b, Reason: j.Reason, Evidence: []Evidence{{pol.Condition.String(), j}}}
	most := p.MaxStep.Down
	if up {
		a.Kind, most = AskUp, p.MaxStep.Up
	}
	if !j.Holds {
		return a, false
	}
	after, note := b, ""
	if pol.Action.Type == UpdateCapacity {
		after, note = b.with(pol.Action.Min, pol.Action.Max)
	}
	target, did := pol.Action.apply(wanted, up)
	steps := []string{did}
	step := func(n int, why string) {
		if n != target {
			target = n
			steps = append(steps, fmt.Sprintf("%s: %d", why, n))
		}
	}
	if up {
		step(max(target, wanted), "a policy of scale_up takes none")
		if most > 0 {
			step(min(target, wanted+most), "max_step")
		}
	} else {
		step(min(target, wanted), "a policy of scale_down adds none")
		if most > 0 {
			step(max(target, wanted-most), "max_step")
		}
	}
	if note != "" {
		steps = append(steps, note)
	}
	n, bound := after.clamp(target)
	step(n, bound)
	a.Reason += "; " + strings.Join(steps, "; ")
	switch {
	case up && target < wanted, !up && target > wanted:
		a.Reason += fmt.Sprintf(", which is the wrong way from %d, so nothing is done", wanted)
		return a, false
	case target == wanted && after == b:
		a.Reason += ", so nothing changes"
		return a, false
	}
	a.Target, a.Bounds = target, after
	return a, true
}

// apply is what the action makes of what the pool wants, before any limit, and the arithmetic in words.
func (a Action) apply(wanted int, up bool) (int, string) {
	sign, by := "-", a.Count
	switch a.Type {
	case Adjustment:
	case PercentageAdjustment:
		by = max(1, int(math.Trunc(float64(wanted)*a.Percent/100)))
	case SetMinTarget:
		return max(wanted, *a.Target), fmt.Sprintf("%d, at least %d: %d", wanted, *a.Target, max(wanted, *a.Target))
	case SetMaxTarget:
		return min(wanted, *a.Target), fmt.Sprintf("%d, at most %d: %d", wanted, *a.Target, min(wanted, *a.Target))
	default:
		if a.Target == nil {
			return wanted, Capacity(nil, a.Min, a.Max)
		}
		return *a.Target, Capacity(a.Target, a.Min, a.Max)
	}
	n := wanted - by
	if up {
		sign, n = "+", wanted+by
	}
	percent := ""
	if a.Type == PercentageAdjustment {
		percent = " (" + number(a.Percent) + "%)"
	}
	return n, strconv.Itoa(wanted) + " " + sign + " " + strconv.Itoa(by) + percent + " = " + strconv.Itoa(n)
}

// before says whether the first ask is followed rather than the second where the pool wants so many, and why, said of the second.
func before(a, b *Ask, wanted int) (bool, string) {
	if ra, rb := rank(a.Kind), rank(b.Kind); ra != rb {
		return ra < rb, fmt.Sprintf("%s asks first: %s", a.By, precedence[min(ra, rb)])
	}
	switch {
	case a.Kind == AskSchedule && !a.At.Equal(b.At):
		return a.At.After(b.At), a.By + " was due later"
	case a.Kind == AskSchedule && a.Place != b.Place:
		return a.Place > b.Place, a.By + " was due at the same time and is configured later"
	case a.Kind == AskUp && a.Target != b.Target:
		return a.Target > b.Target, fmt.Sprintf("%s adds more: %d", a.By, a.Target-wanted)
	case a.Kind == AskDown && a.Target != b.Target:
		return a.Target > b.Target, fmt.Sprintf("%s takes fewer: %d", a.By, wanted-a.Target)
	}
	return a.By < b.By, a.By + " asks for the same and comes first by name"
}

// precedence has the order of the kinds, with the reason why one comes before those after it.
var precedence = [...]string{"min and max come before schedules and policies", "schedules come before policies", "adding comes before taking", ""}

func rank(k AskKind) int {
	switch k {
	case AskBounds:
		return 0
	case AskSchedule:
		return 1
	case AskUp:
		return 2
	}
	return 3
}

// Choose picks the ask that is followed: bounds before schedules before policies that add before policies that take; of several schedules the
// newest, of those the later in the configuration; of several policies that add the one that asks for most, of those that take the one
// that takes least, seen from what the pool wants; ties by name. Their order does not matter. It returns -1 if there are none. why says of every other ask why it is not
// followed.
func Choose(asks []Ask, wanted int) (chosen int, why []string) {
	chosen = -1
	for i := range asks {
		if chosen < 0 {
			chosen = i
			continue
		}
		if first, _ := before(&asks[i], &asks[chosen], wanted); first {
			chosen = i
		}
	}
	why = make([]string, len(asks))
	for i := range asks {
		if i != chosen {
			_, why[i] = before(&asks[chosen], &asks[i], wanted)
		}
	}
	return chosen, why
}
