package guard

import (
	"reflect"
	"slices"

	"emrguard/internal/emr"
)

// once leaves out the groups of a list that stand in it already with the same values: a page that came twice, or two pages that overlap, say nothing
// new. A group that comes again with other values stays: nobody knows which entry is the newer one, so the read is not usable (rule R11).
func once(list []emr.Group) []emr.Group {
	out := make([]emr.Group, 0, len(list))
	for i, g := range list {
		if !slices.ContainsFunc(list[:i], func(o emr.Group) bool { return o.ID == g.ID && reflect.DeepEqual(o, g) }) {
			out = append(out, g)
		}
	}
	return out
}

// course lists the states of an instance in the order in which it passes through them. It never goes back.
var course = append(slices.Clone(emr.Present), emr.InstanceTerminated)

// newest leaves each instance of a list in it once, whichever pages it came with, so that it counts once as starting and as ready (rules R1, R4). Of
// two entries that differ the one that is further in its course is the newer.
func newest(list []emr.Instance) []emr.Instance {
	at := make(map[emr.InstanceID]int, len(list))
	var out []emr.Instance
	for _, i := range list {
		n, again := at[i.ID]
		switch {
		case !again:
			at[i.ID] = len(out)
			out = append(out, i)
		case slices.Index(course, i.State) > slices.Index(course, out[n].State):
			out[n] = i
		}
	}
	return out
}
