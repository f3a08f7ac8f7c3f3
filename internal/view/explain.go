package view

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/store"
)

// Explanation is the story of one thing, from what was seen to what came of it.
type Explanation struct {
	Subject  string    `json:"subject" doc:"record, recovery, group, pool or cluster"`
	ID       string    `json:"id" doc:"its id"`
	Title    string    `json:"title" doc:"what it is, in a sentence"`
	Present  []string  `json:"present" doc:"how it stands now, in sentences; of a recovery what was stuck and since when, what was done, how it ended or what comes next, and how long instances were missing"`
	Former   *Link     `json:"former,omitempty" doc:"of a recovery: the one before it, which ended without what is wanted, so that this one goes on"`
	Later    *Link     `json:"later,omitempty" doc:"of a recovery that ended without what is wanted: the one that goes on"`
	Sections []Section `json:"sections" doc:"the story in order"`
	Older    int64     `json:"older,omitempty" doc:"the story is longer: what is before this part of it, give it as before; absent at its beginning"`
}

// Link is another recovery of a chain.
type Link struct {
	Recovery string    `json:"recovery" doc:"its id"`
	At       time.Time `json:"at" doc:"of a former one when it ended, of a later one when it began"`
	Sentence string    `json:"sentence" doc:"how it ended or began"`
}

// Section is a part of a story.
type Section struct {
	Title  string      `json:"title" doc:"the story; for a record: what led to it, the record, what came of it"`
	Events []Explained `json:"events" doc:"oldest first"`
}

// Explained is a row of the history with its inputs in words.
type Explained struct {
	Event
	Under string   `json:"under,omitempty" doc:"id of the record it belongs to, which is in the same section: of an answer its call, of bookkeeping the turn of the story before it"`
	Facts []string `json:"facts" doc:"what it was made on and what it led to, in sentences"`
}

// How many records before and after one are told with it: of its recovery, and without one of what it is about.
const (
	Around = 20
	around = 5
)

// ExplainRecord tells one record: what led to it and what came of it. The story holds the records of its recovery, or of its
// group or cluster, around it, oldest first; it may hold the record itself.
func (w World) ExplainRecord(rec store.Record, story []store.Record) Explanation {
	var before, after []store.Record
	for _, r := range story {
		switch {
		case r.ID == rec.ID:
		case r.Seq < rec.Seq:
			before = append(before, r)
		default:
			after = append(after, r)
		}
	}
	most := Around
	if rec.Recovery == "" {
		most = around
	}
	before = before[max(0, len(before)-most):]
	after = after[:min(len(after), most)]
	e := Explanation{Subject: "record", ID: rec.ID, Present: []string{}, Sections: []Section{
		{"what led to it", w.explained(before)}, {"the record", w.explained([]store.Record{rec})}, {"what came of it", w.explained(after)},
	}}
	e.Title = fmt.Sprintf("%s at %s on %s: %s", rec.Kind, rec.At.UTC().Format("2006-01-02 15:04:05"), w.where(rec.Scope, rec.Cluster), shortened(w.Events([]store.Record{rec})[0].Sentence))
	return e
}

// ExplainRecovery tells a recovery from its records, or a part of them, to which those of its groups' reads may be added. How it ended is told by closed, its
// last record; without one it is open.
func (w World) ExplainRecovery(key store.RecoveryKey, closed, story []store.Record, chain Chain) Explanation {
	e := Explanation{Subject: "recovery", ID: key.String(), Title: "recovery " + key.Recovery, Present: []string{}, Sections: []Section{{"the story", w.explained(story)}},
		Former: w.link(chain.Former), Later: w.link(chain.Later)}
	for _, r := range w.Recoveries(closed).Recoveries {
		if r.Key() != key {
			continue
		}
		e.Title = fmt.Sprintf("recovery %s (%s) of %s on %s", r.Recovery, r.Kind, titled(r.GroupLabel, emr.GroupID(r.Group)), w.where(r.Scope, r.Cluster))
		e.Present = w.summary(r)
		break // the open one, if there is one, comes first
	}
	return e
}

// link is another recovery with how it ended or began.
func (w World) link(r *store.Record) *Link {
	if r == nil {
		return nil
	}
	return &Link{Recovery: r.Recovery, At: r.At, Sentence: w.Events([]store.Record{*r})[0].Sentence}
}

// ExplainCluster tells a cluster. Without a present state, because it has ended, only its history is told.
func (w World) ExplainCluster(f Found, story []store.Record) Explanation {
	e := Explanation{Subject: "cluster", ID: string(f.Cluster), Title: "cluster " + w.where(f.Scope, string(f.Cluster)), Present: []string{},
		Sections: []Section{{"the story", w.explained(story)}}}
	c := w.cluster(f.Scope, string(f.Cluster))
	if c == nil {
		e.Present = append(e.Present, "the cluster has ended or is not watched any more; its history is kept")
		return e
	}
	status := w.clusterStatus(w.scope(f.Scope), *c)
	e.Present = append(e.Present, fmt.Sprintf("%s; %d of %d run", c.Cluster.State, status.Running, status.Wanted))
	if c.Why != "" {
		e.Present = append(e.Present, c.Why)
	}
	e.Present = append(e.Present, status.Notes(w.Now)...)
	for _, n := range status.Next {
		e.Present = append(e.Present, "next: "+n.Line(w.Now))
	}
	return e
}

// ExplainGroup tells a group; an origin with its whole pool.
func (w World) ExplainGroup(f Found, story []store.Record) Explanation {
	e := Explanation{Subject: "group", ID: string(f.Group), Present: []string{}, Sections: []Section{{"the story", w.explained(story)}}}
	e.Title = fmt.Sprintf("group %s on %s", f.Group, w.where(f.Scope, string(f.Cluster)))
	c := w.cluster(f.Scope, string(f.Cluster))
	if c == nil {
		e.Present = append(e.Present, "the cluster has ended or is not watched any more; its history is kept")
		return e
	}
	e.Title = fmt.Sprintf("group %s on %s", titled(c.label(f.Group), f.Group), w.where(f.Scope, string(f.Cluster)))
	if p := c.Pool(f.Group); p != nil {
		row := w.poolStatus(f.Scope, *c, *p)
		e.Subject = "pool"
		e.Title = fmt.Sprintf("pool %s on %s", row.title(), w.where(f.Scope, string(f.Cluster)))
		e.Present = append(e.Present, fmt.Sprintf("wants %d, %d asked for, %d %s", row.Wanted, row.Requested, row.Running, phrase.Run(row.Running)))
		e.Present = append(e.Present, row.troubles(w.Now)...)
		e.Present = append(e.Present, w.scaledNow(f.Scope, *c, row)...)
		for _, m := range p.Members {
			e.Present = append(e.Present, w.member(f.Scope, *c, m.Group)...)
		}
		return e
	}
	e.Present = append(e.Present, w.member(f.Scope, *c, f.Group)...)
	return e
}

// scaledNow says how a configured pool is scaled and how its policies stand.
func (w World) scaledNow(scope string, c Cluster, row PoolStatus) []string {
	if row.Configured == "" {
		return nil
	}
	text := "configured as pool " + row.Configured
	if b := row.Bounds; b != nil {
		text += fmt.Sprintf(": %d to %d instances by %s", b.Min, b.Max, b.By)
	}
	out := []string{text}
	if row.Last != nil {
		out = append(out, "last scaled from "+row.Last.sentence(w.Now))
	}
	all := w.Only(Found{Scope: scope, Cluster: c.Cluster.ID}).Policies()
	for _, p := range all.Policies {
		if p.Pool != row.Configured {
			continue
		}
		text := fmt.Sprintf("policy %s: %s: %s; %s", p.Policy, p.Condition, p.Action, p.Judged.sentence(w.Now))
		if p.Reason != "" {
			text += ": " + p.Reason
		}
		out = append(out, text)
	}
	for _, s := range all.Schedules {
		if s.Pool == row.Configured && !s.Off {
			out = append(out, fmt.Sprintf("schedule %s: %s %s: %s; next %s", s.Schedule, s.Cron, s.Zone, s.Sets, due(s.Next, w.Now)))
		}
	}
	return out
}

// member says how a group stands.
func (w World) member(scope string, c Cluster, id emr.GroupID) []string {
	g := c.Group(id)
	if g == nil {
		return []string{titled(c.label(id), id) + ": not in a read yet"}
	}
	row := w.groupStatus(scope, c, *g)
	text := fmt.Sprintf("%s: %s, %d of %d run", titled(row.Label, id), row.State, row.Running, row.Requested)
	if !row.MissingSince.IsZero() {
		text += fmt.Sprintf(", missing since %s by %s", Since(row.MissingSince, w.Now), row.Cause)
	}
	out := []string{text}
	if p := c.PoolOf(id); p != nil {
		if m := p.Member(id); m.Banned(w.Now) {
			out = append(out, fmt.Sprintf("%s takes no launches until %s: %s (by %s)", titled(row.Label, id), Until(m.Ban.Until, w.Now), m.Ban.Reason,
				cmp.Or(m.Ban.Author, "emrguard")))
		}
	}
	return out
}

// where is a cluster with its id, as far as it is known.
func (w World) where(scope, id string) string {
	switch c := w.cluster(scope, id); {
	case id == "":
		return "scope " + scope
	case c == nil || c.Cluster.Name == "":
		return id
	default:
		return fmt.Sprintf("%s (%s)", c.Cluster.Name, id)
	}
}

func (w World) explained(records []store.Record) []Explained {
	out := make([]Explained, 0, len(records))
	for i, e := range w.Events(records) {
		label := func(id emr.GroupID) string { return string(id) }
		c := w.cluster(e.Scope, e.Cluster)
		if c != nil {
			label = func(id emr.GroupID) string { return titled(c.label(id), id) }
		}
		sentences := facts(e, label)
		for i, s := range sentences {
			if strings.HasPrefix(s, also) {
				sentences[i] = c.Labelled(s)
			}
		}
		out = append(out, Explained{Event: e, Under: under(out, e, recordOf(records[i])), Facts: slices.Clip(sentences)})
	}
	return out
}

// under is the id of what a record belongs to in a story so far: an answer to its call, bookkeeping to the turn before it. Without such it is empty.
func under(story []Explained, e Event, r record) string {
	var of string
	if strings.HasPrefix(e.Kind, "answer.") && json.Unmarshal(r.data.Call, &of) == nil && slices.ContainsFunc(story, func(x Explained) bool { return x.ID == of }) {
		return of
	}
	if !e.Bookkeeping {
		return ""
	}
	for _, x := range slices.Backward(story) {
		if x.Under == "" && !x.Bookkeeping {
			return x.ID
		}
	}
	return ""
}

// Write tells the story to a person.
func (e Explanation) Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(printable(e.Title) + "\n")
	for _, p := range e.Present {
		b.WriteString(wrap("  ", printable(p)) + "\n")
	}
	for _, l := range []struct {
		of   *Link
		says string
	}{{e.Former, "it goes on from recovery %s, at %s %s: `emrguard explain %s`"}, {e.Later, "recovery %s goes on, at %s %s: `emrguard explain %s`"}} {
		if l.of != nil {
			b.WriteString("  " + printable(fmt.Sprintf(l.says, l.of.Recovery, second(l.of.At), l.of.Sentence, l.of.Recovery)) + "\n")
		}
	}
	if e.Older > 0 {
		b.WriteString("  the story is longer than this: `emrguard history` lists what was before\n")
	}
	day := ""
	for _, s := range e.Sections {
		if len(s.Events) == 0 {
			continue
		}
		b.WriteString("\n" + s.Title + "\n")
		for _, x := range s.Events {
			if d := x.At.UTC().Format("2006-01-02"); d != day {
				day = d
				b.WriteString("  " + day + "\n")
			}
			x.write(&b)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// write tells a row: a turn of the story on a line of its own, what belongs to one below it.
func (x Explained) write(b *strings.Builder) {
	const below = "                      "
	if x.Under != "" {
		b.WriteString(wrap(below, printable(fmt.Sprintf("%s %s: %s", second(x.At), x.Kind, x.Said()))) + "\n")
	} else {
		line := fmt.Sprintf("  %s  %-8s  %s", second(x.At), x.Word, x.Kind)
		if x.Group != "" {
			line += " " + orID(x.GroupLabel, x.Group)
		}
		b.WriteString(printable(line+": "+x.Said()) + "\n")
	}
	for _, f := range x.Facts {
		b.WriteString(wrap(below, printable(f)) + "\n")
	}
}
