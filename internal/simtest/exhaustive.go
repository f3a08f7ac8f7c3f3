package simtest

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"emrguard/internal/emr"
)

// Interleaving is one way in which the repair of one group can be disturbed: by at most one crash, one fault and one outside change,
// each at a place of its own. The empty coordinates are the undisturbed repair.
type Interleaving struct {
	Story  string // a name of Stories
	Crash  Crash
	Fault  string // a line of ParseFault, whose calls are counted from the moment at which somebody asks for 9; empty: none
	Change Change
}

// Crash kills the process at a boundary, counted from 1 since somebody asked for 9; 0: nowhere.
type Crash struct {
	At       int
	Takeover bool // by a process that waits for the lease since the beginning; else the guard is started again 20 s later
}

// Change is what somebody or something else does at a moment: before a save or after a call, counted from 1 since somebody asked for 9;
// 0: never. At the other boundaries the world is as at the moment before: neither a save nor the decision to call touches it.
type Change struct {
	Do string // a name of Changes
	At int
}

// String is the interleaving as ParseInterleaving reads it: "story=stuck,crash=17+takeover,change=12@5,fault=AddInstanceGroups call=1 lose-answer".
func (i Interleaving) String() string {
	parts := []string{"story=" + i.Story}
	if i.Crash.At > 0 {
		crash := "crash=" + strconv.Itoa(i.Crash.At)
		if i.Crash.Takeover {
			crash += "+takeover"
		}
		parts = append(parts, crash)
	}
	if i.Change.At > 0 {
		parts = append(parts, fmt.Sprintf("change=%s@%d", i.Change.Do, i.Change.At))
	}
	if i.Fault != "" {
		parts = append(parts, "fault="+i.Fault)
	}
	return strings.Join(parts, ",")
}

// ParseInterleaving reads what String writes, in any order. The story may be left out: stuck.
func ParseInterleaving(text string) (Interleaving, error) {
	i := Interleaving{Story: stories[0].name}
	for part := range strings.SplitSeq(text, ",") {
		key, val, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch key {
		case "story":
			i.Story = val
		case "crash":
			at, how, takeover := strings.Cut(val, "+")
			i.Crash.Takeover = takeover
			if i.Crash.At, err = strconv.Atoi(at); takeover && how != "takeover" {
				err = fmt.Errorf("%q is not takeover", how)
			}
		case "change":
			do, at, _ := strings.Cut(val, "@")
			if !slices.Contains(Changes(), do) {
				return i, fmt.Errorf("change %q is none of %s", do, strings.Join(Changes(), ", "))
			}
			i.Change.Do = do
			i.Change.At, err = strconv.Atoi(at)
		case "fault":
			i.Fault = strings.Trim(val, `"`)
			_, err = ParseFault(i.Fault)
		default:
			return i, fmt.Errorf("%q is none of story=, crash=, change=, fault=", part)
		}
		if err != nil {
			return i, fmt.Errorf("%s: %w", part, err)
		}
	}
	if storyOf(i.Story) == nil {
		return i, fmt.Errorf("story %q is none of %s", i.Story, strings.Join(Stories(), ", "))
	}
	return i, nil
}

// Disturbances is how many of the three coordinates an interleaving has.
func (i Interleaving) Disturbances() int {
	n := 0
	for _, set := range []bool{i.Crash.At > 0, i.Fault != "", i.Change.At > 0} {
		if set {
			n++
		}
	}
	return n
}

// addsLate says whether the fault lets an AddInstanceGroups take effect late: the group may then be a twin of one that was made in its place.
func (i Interleaving) addsLate() bool {
	return strings.HasPrefix(i.Fault, string(emr.AddInstanceGroups)+" ") && strings.Contains(i.Fault, " late=")
}

// readEffects and writeEffects are the effects of a fault that can make a difference to the guard's reads and to its changes. What befalls a
// read after it took effect befalls it as well before.
var (
	readEffects  = []string{"throttle", "error=InternalFailure", "refuse", "hang", "delay=20s", "empty"}
	writeEffects = []string{"throttle", "error=InternalFailure", "error-after=InternalFailure", "refuse", "lose-answer", "hang", "late=2m", "delay=20s", "empty"}
	effectsOf    = map[emr.Op][]string{
		emr.ListInstanceGroups:      append(slices.Clone(readEffects), "stale=2m", "low=2", "resizing", "lose-groups=1", "repeat-pages"),
		emr.ListInstances:           append(slices.Clone(readEffects), "stale=2m", "repeat-pages"),
		emr.DescribeCluster:         readEffects,
		emr.GetManagedScalingPolicy: readEffects,
		emr.ModifyInstanceGroups:    append(slices.Clone(writeEffects), "ignore"),
		emr.AddInstanceGroups:       writeEffects,
	}
)

// Space is everything that can be combined for one story.
type Space struct {
	Story      string
	Boundaries int      // of the undisturbed repair
	Moments    int      // those among them at which a change can make a difference of its own
	Calls      int      // beside those that list clusters
	Faults     []string // each effect that fits, on each call
}

// NewSpace plays a story undisturbed and notes where it can be disturbed.
func NewSpace(name string) Space {
	space := Space{Story: name}
	s := newSmall(Interleaving{Story: name})
	s.w.Kill = func(b Boundary) bool {
		space.Boundaries++
		if moment(b) {
			space.Moments++
		}
		return false
	}
	s.w.Run(storyOf(name).lasts)
	seen := map[emr.Op]int{}
	for _, c := range s.w.Calls[s.sent:] {
		op := c.Call.Op
		if len(effectsOf[op]) == 0 {
			continue
		}
		space.Calls++
		seen[op]++
		for _, effect := range effectsOf[op] {
			space.Faults = append(space.Faults, fmt.Sprintf("%s call=%d %s", op, seen[op], effect))
		}
	}
	return space
}

// Size is how many interleavings have this many disturbances, 0 to 3.
func (s Space) Size(disturbances int) int {
	a, b, c := 2*s.Boundaries, len(s.Faults), len(changes)*s.Moments
	return []int{1, a + b + c, a*b + a*c + b*c, a * b * c}[disturbances]
}

// All yields every interleaving with this many disturbances, 0 to 3, always in the same order.
func (s Space) All(disturbances int) iter.Seq[Interleaving] {
	return func(yield func(Interleaving) bool) {
		crashes := []Crash{{}}
		for at := range s.Boundaries {
			crashes = append(crashes, Crash{at + 1, false}, Crash{at + 1, true})
		}
		faults := append([]string{""}, s.Faults...)
		outside := []Change{{}}
		for at := range s.Moments {
			for _, c := range changes {
				outside = append(outside, Change{c.name, at + 1})
			}
		}
		for _, crash := range crashes {
			for _, fault := range faults {
				if n := (Interleaving{Crash: crash, Fault: fault}).Disturbances(); n != disturbances && n != disturbances-1 {
					continue // whatever change comes with them
				}
				for _, change := range outside {
					if i := (Interleaving{s.Story, crash, fault, change}); i.Disturbances() == disturbances && !yield(i) {
						return
					}
				}
			}
		}
	}
}

// moment says whether a change at a boundary is not the same as one at the boundary before.
func moment(b Boundary) bool { return b.Where == BeforeSave || b.Where == AfterCall }
