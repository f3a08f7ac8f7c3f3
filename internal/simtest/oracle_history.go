package simtest

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/store"
)

// outsideChange is a change by somebody else that the history has to name.
type outsideChange struct {
	at    time.Time
	from  int
	to    int
	reads int // usable ones that showed it and whose decision was saved
}

// written checks that the change which is about to be sent was written down before, as it is and with its reason, and that it is not sent a
// second time (I8, I7).
//
// I8, the first half: every change that emrguard makes is explained in the history. Before a call leaves, exactly one record has its id, its
// purpose and the call itself, and gives a reason; and no call leaves twice.
func (x *watched) written(c *sentCall) {
	id := c.pending.ID
	r, ok := x.calls[id]
	var data struct {
		Call emr.Call `json:"call"`
	}
	switch {
	case !ok:
		x.violate("I8", "%s is sent, and no record of the history has its id %s", c.call, id)
	case r.Reason == "" || r.Kind != "call."+string(c.pending.Purpose) || json.Unmarshal(r.Data, &data) != nil || data.Call.String() != c.call.String():
		x.violate("I8", "%s is sent, and the history has %s of %s for it: %s", c.call, r.Kind, data.Call, r.Reason)
	case x.sentIDs[id]:
		x.violate("I7", "%s is sent a second time, as %s", c.call, id)
	}
	x.sentIDs[id] = true
}

// meant notes what a call of ours was written down to ask for. Should its process die before it is sent, the next owner cannot know that: what reads
// show of that count may be ours, also if somebody else asked for it just before.
func (x *watched) meant(r store.Record) {
	var data struct {
		Call emr.Call `json:"call"`
	}
	b := x.groups[emr.GroupID(r.Group)]
	if b == nil || json.Unmarshal(r.Data, &data) != nil || data.Call.Op != emr.ModifyInstanceGroups {
		return
	}
	b.own(x.now(), data.Call.Count)
	b.unnamed = slices.DeleteFunc(b.unnamed, func(u outsideChange) bool { return u.to == data.Call.Count })
	x.wants.meant(b, data.Call)
}

// outside notes a change of a group's requested count by somebody else.
//
// I8, the second half: every other change is named as outside. A change that two usable reads showed, whose decisions were saved, is in the
// history: a new group as seen, another count as somebody else's. Not named need be what was overtaken by another change before those reads,
// a count that the last read before it showed already, or the one before a fall that only one read showed, and a count that a call of ours asked
// for or replaced a short while ago, or was written down to ask for, which nobody can tell from ours (R10). What a group is asked for that ends with its
// cluster concerns nobody any more.
func (x *watched) outside(c emrsim.Change) {
	b := x.groups[emr.GroupID(c.Group)]
	if b == nil { // its first sight follows
		x.fresh[emr.GroupID(c.Group)] = true
		return
	}
	x.wants.outside(x, b, c)
	b.holder = ""
	b.unnamed = nil
	now, before := b.shown[0], b.shown[1]
	if now.reads > 0 && now.count == c.To || now.reads == 1 && now.count < before.count && before.count == c.To || b.mayBeOurs(c.At, c.To) {
		return
	}
	b.unnamed = append(b.unnamed, outsideChange{at: c.At, from: c.From, to: c.To})
}

// nameable counts the reads that showed what somebody else did.
func (x *watched) nameable(b *groupBook, g emr.Group, began time.Time) {
	if b.shown[0].reads == 0 || b.shown[0].count != g.Requested {
		before := b.shown[0]
		// A fall that no second read showed did not happen, but for one of our own.
		if before.reads == 1 && before.count < b.shown[1].count && !b.mayBeOurs(began, before.count) {
			before = b.shown[1]
		}
		b.shown = [2]showing{{count: g.Requested}, before}
	}
	b.shown[0].reads++
	for i := range b.unnamed {
		if u := &b.unnamed[i]; !began.Before(u.at) && g.Requested == u.to && !g.State.Ended() {
			u.reads++
		}
	}
}

// named takes a record of what somebody else did.
func (x *watched) named(r store.Record) {
	b := x.groups[emr.GroupID(r.Group)]
	if b != nil && (strings.HasPrefix(r.Kind, "pool.outside_") || r.Kind == "group.seen" || r.Kind == "group.foreign") {
		b.unnamed = nil
	}
}

// unnamed reports what the history should name by now.
func (x *watched) unnamed() {
	for _, id := range x.groupIDs() {
		b := x.groups[id]
		i := slices.IndexFunc(b.unnamed, func(u outsideChange) bool { return u.reads >= 2 })
		if i < 0 {
			continue
		}
		if s := x.doc(); s.Ended.IsZero() && s.PoolOf(id) != nil {
			u := b.unnamed[i]
			x.violate("I8", "somebody changed %s from %d to %d at %s, two reads showed it, and the history does not name it", id, u.from, u.to, u.at.Format(time.TimeOnly))
		}
		b.unnamed = nil
	}
}
