package view

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/phrase"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
)

// Timeline is a resize and its repair on one axis of time, to be drawn to scale.
type Timeline struct {
	Title string    `json:"title" doc:"what it is of"`
	From  time.Time `json:"from" doc:"beginning of the axis"`
	To    time.Time `json:"to" doc:"end of the axis; ahead of now where something is due"`
	Now   time.Time `json:"now" doc:"the present time"`
	Marks []Mark    `json:"marks" doc:"what happened and what is due, in order: 40 at most. Where there is more, arrivals and losses close to each other are one mark, and then the oldest are left out"`
	Bands []Band    `json:"bands" doc:"what lasted, 20 at most, the last"`
	Left  int       `json:"left,omitempty" doc:"how many older marks are left out"`
}

// Mark is one moment of a timeline.
type Mark struct {
	At     time.Time `json:"at" doc:"when"`
	Kind   string    `json:"kind" doc:"asked, seen, arrived, lost, stuck, began, stop, launch, release, refused, failed, ended, done, over or due"`
	Group  string    `json:"group,omitempty" doc:"name of the group as tables show it"`
	Text   string    `json:"text" doc:"what happened, or is going to"`
	Record string    `json:"record,omitempty" doc:"id of the record that tells it; absent for what is due"`
	Count  int       `json:"count,omitempty" doc:"how many marks of its kind and group this one stands for, 2 or more; its text and record are those of the last. Absent: one"`
	Last   time.Time `json:"last,omitzero" doc:"when the last of them was"`
	Slack  float64   `json:"slack_seconds,omitempty" doc:"the time may be off by so much, either way: it lies between two reads"`
}

// Band is something with a beginning and an end.
type Band struct {
	From  time.Time `json:"from" doc:"beginning"`
	To    time.Time `json:"to" doc:"end, or what is known of it; the axis may end before"`
	Kind  string    `json:"kind" doc:"ban or rest"`
	Group string    `json:"group,omitempty" doc:"name of the group as tables show it"`
	Text  string    `json:"text" doc:"what it is"`

	lifted bool // it ended before its time
	told   bool // a record tells its end
}

// The kinds of bands.
const (
	BandBan  = "ban"
	BandRest = "rest"
)

// Often says whether the mark is of a kind of which a story may have very many: instances arrive and are lost one by one.
func (m Mark) Often() bool { return m.Kind == MarkArrived || m.Kind == MarkLost }

// The kinds of marks.
const (
	MarkAsked   = "asked"
	MarkSeen    = "seen" // a resize that went on already when its group was seen first: when it was asked for, nobody saw
	MarkArrived = "arrived"
	MarkLost    = "lost"
	MarkStuck   = "stuck"
	MarkBegan   = "began" // what repairs nothing that is stuck: a return, a scaling operation, the release of a surplus
	MarkStop    = "stop"
	MarkLaunch  = "launch"
	MarkRelease = "release"
	MarkRefused = "refused" // AWS did not do what it was asked for
	MarkFailed  = "failed"  // a recovery ended, and what is wanted does not run
	MarkEnded   = "ended"   // a recovery ended because something else came in between
	MarkDone    = "done"    // a recovery ended, and what is wanted runs
	MarkOver    = "over"    // a ban
	MarkDue     = "due"
)

// TimelineKinds are the kinds of records that Timeline reads.
func TimelineKinds() []string {
	return append(Outcomes(), "group.read", "group.seen", "group.dated", "recovery.open", "call.stop", "call.keep", "call.add", "call.launch", "call.release",
		"answer.stop", "answer.keep", "answer.add", "answer.launch", "answer.release", "ban.set", "ban.lifted", "ban.over", "order.ban", "order.unban", "pool.rest", "pool.rested", "pool.whole")
}

// The bounds of a timeline.
const (
	marksMost = 40
	bandsMost = 20
	slots     = 24 // parts of the axis: where marks are too many, the arrivals of a group within one are one mark
)

// aheadMost bounds how much of the future an axis shows, as a part of the past it shows.
const aheadMost = 2.0

// Timeline draws a story of one pool or recovery, oldest first, with what is due next. A story without a mark has an empty axis.
func (w World) Timeline(title string, story []store.Record, due []Next) Timeline {
	out := Timeline{Title: title, Now: w.Now, Marks: []Mark{}, Bands: []Band{}}
	var of []string // the id of each band's group or, of a rest, its pool
	for i, e := range w.Events(story) {
		r := story[i]
		for _, m := range marksOf(r) {
			m.At, m.Group, m.Record = cmp.Or(m.At, r.At), e.GroupLabel, r.ID
			m.Text = cmp.Or(m.Text, e.Sentence)
			out.Marks = append(out.Marks, m)
		}
		if b, ok := w.bandOf(r); ok {
			id := r.Group
			if b.Kind == BandRest {
				id = r.Pool
			}
			b.Group, b.Text = e.GroupLabel, e.Sentence
			out.Bands, of = append(out.Bands, b), append(of, id)
		}
		for i := range out.Bands {
			b := &out.Bands[i]
			if ends(r, b.Kind, of[i]) && b.To.After(r.At) {
				b.To, b.lifted = r.At, true
			}
			b.told = b.told || r.Kind == "ban.over" && b.Kind == BandBan && of[i] == r.Group && !b.To.After(r.At)
		}
	}
	for i, b := range out.Bands {
		again := false // banned anew before it was over
		for j, o := range out.Bands {
			again = again || o.Kind == BandBan && of[j] == of[i] && !o.From.After(b.To) && o.To.After(b.To)
		}
		if b.Kind == BandBan && !b.lifted && !b.told && !again && !b.To.After(w.Now) {
			out.Marks = append(out.Marks, Mark{At: b.To, Kind: MarkOver, Group: b.Group, Text: "the ban is over: the group takes launches again"})
		}
	}
	if len(out.Marks) == 0 {
		return out
	}
	slices.SortStableFunc(out.Marks, func(a, b Mark) int { return a.At.Compare(b.At) })
	out.thin()
	out.From, out.To = out.Marks[0].At, out.Marks[len(out.Marks)-1].At
	last := len(out.Marks) - 1
	for last > 0 && out.Marks[last].Kind == MarkOver { // nothing goes on because of it
		last--
	}
	if ended := out.Marks[last].Kind == MarkDone; !ended && w.Now.After(out.To) {
		out.To = w.Now
	}
	for _, n := range due {
		if n.lapse {
			continue
		}
		if n.At.After(w.Now) && float64(n.At.Sub(w.Now)) <= aheadMost*float64(max(w.Now.Sub(out.From), time.Minute)) {
			out.Marks = append(out.Marks, Mark{At: n.At, Kind: MarkDue, Text: n.Text})
			if n.At.After(out.To) {
				out.To = n.At
			}
		}
	}
	slices.SortStableFunc(out.Marks, func(a, b Mark) int { return a.At.Compare(b.At) })
	return out
}

// thin keeps to the bounds of a timeline whose marks are in order.
func (t *Timeline) thin() {
	t.Bands = t.Bands[max(0, len(t.Bands)-bandsMost):]
	if len(t.Marks) <= marksMost {
		return
	}
	type slot struct {
		kind, group string
		part        int64
	}
	begin := t.Marks[0].At
	length := max(1, t.Marks[len(t.Marks)-1].At.Sub(begin))
	at := map[slot]int{}
	kept := t.Marks[:0:0]
	for _, m := range t.Marks {
		key := slot{m.Kind, m.Group, int64(float64(slots) * float64(m.At.Sub(begin)) / float64(length+1))}
		if i, ok := at[key]; ok && m.Often() {
			k := &kept[i]
			k.Count, k.Last, k.Text, k.Record = max(1, k.Count)+1, m.At, m.Text, m.Record
			continue
		}
		at[key] = len(kept)
		kept = append(kept, m)
	}
	t.Left = max(0, len(kept)-marksMost)
	t.Marks = kept[t.Left:]
}

// marksOf are the marks that a record makes.
func marksOf(r store.Record) []Mark {
	switch r.Kind {
	case "group.read":
		var data struct {
			Delta ledger.Delta `json:"delta"`
		}
		if json.Unmarshal(r.Data, &data) != nil {
			return nil
		}
		var marks []Mark
		if data.Delta.Asked > 0 {
			asked := Mark{Kind: MarkAsked, At: data.Delta.Since} // not when it was seen
			if data.Delta.By == ledger.ByRead {
				asked.Slack = r.At.Sub(asked.At).Seconds() // it is dated in the middle between two reads
			}
			marks = append(marks, asked)
		}
		if data.Delta.Arrived > 0 {
			marks = append(marks, Mark{Kind: MarkArrived})
		}
		if data.Delta.Lost > 0 {
			marks = append(marks, Mark{Kind: MarkLost})
		}
		return marks
	case "group.seen":
		var data struct{ Requested, Running int }
		if json.Unmarshal(r.Data, &data) == nil && data.Running < data.Requested {
			return []Mark{{Kind: MarkSeen}}
		}
	case "group.dated":
		var data struct {
			Shortfall []ledger.Entry `json:"shortfall"`
		}
		if json.Unmarshal(r.Data, &data) == nil && len(data.Shortfall) > 0 && data.Shortfall[0].By == ledger.ByInstance { // what an event dates, a read has shown
			return []Mark{{Kind: MarkAsked, At: data.Shortfall[0].Since}}
		}
	case "recovery.open":
		return []Mark{{Kind: opening(r)}}
	case "ban.over":
		var data struct{ Until time.Time }
		_ = json.Unmarshal(r.Data, &data) // without it, when it was told
		return []Mark{{Kind: MarkOver, At: data.Until}}
	case "answer.stop", "answer.keep", "answer.add", "answer.launch", "answer.release":
		var data told
		if json.Unmarshal(r.Data, &data) == nil && data.failed() {
			return []Mark{{Kind: MarkRefused}}
		}
		return nil
	case "call.stop", "call.keep":
		return []Mark{{Kind: MarkStop}}
	case "call.add", "call.launch":
		return []Mark{{Kind: MarkLaunch}}
	case "call.release":
		return []Mark{{Kind: MarkRelease}}
	}
	if outcome, ok := strings.CutPrefix(r.Kind, "recovery."); ok {
		switch recovery.Outcome(outcome) {
		case recovery.Completed, recovery.Cleared:
			return []Mark{{Kind: MarkDone}}
		case recovery.Chained, recovery.Rested, recovery.NoPlace, recovery.Reported:
			return []Mark{{Kind: MarkFailed}}
		case recovery.Overtaken, recovery.ClusterEnd, recovery.Withheld:
			return []Mark{{Kind: MarkEnded}}
		}
	}
	return nil
}

// opening is the kind of mark that the opening of a recovery makes.
func opening(r store.Record) string {
	var data struct {
		Kind recovery.Kind `json:"kind"`
	}
	_ = json.Unmarshal(r.Data, &data) // without a kind it is taken for a repair, as most are
	switch data.Kind {
	case recovery.Scale, recovery.Return, recovery.Surplus, recovery.Retry, recovery.Overrun, recovery.Enforce:
		return MarkBegan
	}
	return MarkStuck
}

// bandOf is the band of a ban or a rest that a record begins. How long a rest lasts is known from the present state; of one that is over, from the record of
// its end.
func (w World) bandOf(r store.Record) (Band, bool) {
	if r.Kind == "pool.rest" {
		b := Band{From: r.At, To: w.Now, Kind: BandRest}
		if c := w.cluster(r.Scope, r.Cluster); c != nil {
			if p := c.Pool(emr.GroupID(r.Pool)); p != nil && p.Rest != nil && !p.Rest.From.After(r.At) {
				b.To = p.Rest.Until
			}
		}
		return b, b.To.After(r.At)
	}
	if r.Kind != "ban.set" && r.Kind != "order.ban" {
		return Band{}, false
	}
	var data struct {
		Until time.Time `json:"until"`
		Order guard.Order
	}
	if json.Unmarshal(r.Data, &data) != nil {
		return Band{}, false
	}
	until := cmp.Or(data.Until, r.At.Add(time.Duration(data.Order.For)))
	return Band{From: r.At, To: until, Kind: BandBan}, until.After(r.At)
}

// ends says whether a record ends a band of a kind that is of a group or a pool.
func ends(r store.Record, kind, of string) bool {
	switch r.Kind {
	case "ban.lifted", "order.unban":
		return kind == BandBan && r.Group == of
	}
	return kind == BandRest && r.Pool == of && (r.Kind == "recovery.completed" || slices.Contains(RestEnds(), r.Kind))
}

// RestEnds are the kinds of the records that end a pool's rest.
func RestEnds() []string { return []string{"pool.rested", "pool.whole"} }

// Place is where a moment lies on the axis, 0 at its beginning and 1 at its end.
func (t Timeline) Place(at time.Time) float64 {
	length := t.To.Sub(t.From)
	if length <= 0 {
		return 0
	}
	return min(1, max(0, float64(at.Sub(t.From))/float64(length)))
}

// Sentence tells the timeline in a few words, for who cannot see it: each kind of mark once. What each mark stands for is in its Text.
func (t Timeline) Sentence() string {
	var parts []string
	told := map[string]bool{}
	for _, first := range t.Marks {
		if told[first.Kind] {
			continue
		}
		told[first.Kind] = true
		n, last := 0, first
		for _, m := range t.Marks {
			if m.Kind == first.Kind {
				n, last = n+max(1, m.Count), m
			}
		}
		switch {
		case n > 1:
			parts = append(parts, fmt.Sprintf("%s %s from %s to %s", first.Kind, phrase.Times(n), Clock(first.At, t.Now), Clock(cmp.Or(last.Last, last.At), t.Now)))
		case first.Kind == MarkDue:
			parts = append(parts, fmt.Sprintf("due %s: %s", Until(first.At, t.Now), shortened(first.Text)))
		default:
			parts = append(parts, first.Kind+" "+Clock(first.At, t.Now))
		}
	}
	text := strings.Join(parts, "; ")
	if t.Left > 0 {
		text = phrase.Count(t.Left, "older mark") + " left out; " + text
	}
	return text
}
