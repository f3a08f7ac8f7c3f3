package notify

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// The bounds of what is kept of a sink, so that its document stays well below what a store takes (store.MaxBody).
const (
	maxShown    = 5   // events of a message
	maxClusters = 600 // clusters of a group that are told apart
	maxNames    = 20  // of them, those whose names are kept
	maxGroups   = 50  // open groups of a sink; beyond, the oldest is sent at once
)

// group collects what happens together: one sink, scope, topic and severity. It stays, empty, for the interval after a message.
type group struct {
	Scope    string    `json:"scope"`
	Topic    string    `json:"topic"`
	Severity Severity  `json:"severity"`
	Due      time.Time `json:"due"`   // when its message is to be made; meaningless while it is empty
	Quiet    time.Time `json:"quiet"` // no message before; zero before the first
	Kinds    []Count   `json:"kinds,omitempty"`
	Total    int       `json:"total"`
	Clusters []string  `json:"clusters,omitempty"` // sorted
	AtLeast  bool      `json:"at_least,omitempty"`
	Names    []string  `json:"names,omitempty"` // of the first clusters

	Requested int       `json:"requested,omitempty"` // of all stuck groups
	Running   int       `json:"running,omitempty"`
	From      time.Time `json:"from,omitzero"`
	To        time.Time `json:"to,omitzero"`
	Events    []Event   `json:"events,omitempty"`
}

// collect puts an event into its group of the sink.
func (b *box) collect(e Event, now time.Time, s *Settings) {
	i := slices.IndexFunc(b.Groups, func(g group) bool { return g.Scope == e.Scope && g.Topic == e.topic && g.Severity == e.Severity })
	if i < 0 {
		b.Groups = append(b.Groups, group{Scope: e.Scope, Topic: e.topic, Severity: e.Severity})
		i = len(b.Groups) - 1
	}
	g := &b.Groups[i]
	if g.Total == 0 {
		g.From, g.To = e.At, e.At
		g.Due = now.Add(s.GroupWait)
		if g.Due.Before(g.Quiet) {
			g.Due = g.Quiet
		}
	}
	g.add(e)
}

func (g *group) add(e Event) {
	g.Total++
	if e.At.Before(g.From) {
		g.From = e.At
	}
	if e.At.After(g.To) {
		g.To = e.At
	}
	if i := slices.IndexFunc(g.Kinds, func(c Count) bool { return c.Kind == e.Kind && c.What == e.What }); i >= 0 {
		g.Kinds[i].Count++
	} else {
		g.Kinds = append(g.Kinds, Count{Kind: e.Kind, What: e.What, Count: 1})
	}
	if i, ok := slices.BinarySearch(g.Clusters, e.Cluster); !ok && e.Cluster != "" {
		if len(g.Clusters) < maxClusters {
			g.Clusters = slices.Insert(g.Clusters, i, e.Cluster)
			if len(g.Names) < maxNames {
				g.Names = append(g.Names, clip(cmp.Or(e.ClusterName, e.Cluster), maxListed))
			}
		} else {
			g.AtLeast = true
		}
	}
	g.Requested, g.Running = g.Requested+e.Requested, g.Running+e.Running
	if len(g.Events) < maxShown {
		g.Events = append(g.Events, e)
	}
}

// message is the group's message, without its texts: those are made when it is sent.
func (g *group) message(id string, now time.Time, missed int) Message {
	return Message{ID: id, Created: now.UTC(), Severity: g.Severity, Topic: g.Topic, Scope: g.Scope, Kinds: g.Kinds, Total: g.Total, Clusters: len(g.Clusters), AtLeast: g.AtLeast,
		From: g.From, To: g.To, Events: g.Events, Missed: missed, Names: g.Names, Requested: g.Requested, Running: g.Running}
}

// close makes the messages of the groups that are due, and of the oldest beyond maxGroups, puts them into the outbox and says how many
// messages were dropped for that. Groups whose quiet time is over are forgotten.
func (b *box) close(now time.Time, s *Settings, id func() string) (made, dropped int) {
	far := now.Add(max(s.GroupWait, s.GroupInterval))
	b.Groups = slices.DeleteFunc(b.Groups, func(g group) bool { return g.Total == 0 && (!g.Quiet.After(now) || g.Quiet.After(far)) })
	for _, g := range b.ripe(now, s) {
		made++
		dropped += b.put(g.message(id(), now, b.Dropped))
		*g = group{Scope: g.Scope, Topic: g.Topic, Severity: g.Severity, Quiet: now.Add(s.GroupInterval)}
	}
	if extra := len(b.Groups) - 2*maxGroups; extra > 0 { // of many scopes, those that are empty
		b.Groups = slices.DeleteFunc(b.Groups, func(g group) bool {
			drop := extra > 0 && g.Total == 0
			if drop {
				extra--
			}
			return drop
		})
	}
	return made, dropped
}

// ripe are the groups whose messages are to be made, in their order. A due time further ahead than the settings allow is due: the
// clock was set back.
func (b *box) ripe(now time.Time, s *Settings) []*group {
	far := now.Add(max(s.GroupWait, s.GroupInterval))
	open := b.open()
	var out []*group
	for i := range b.Groups {
		g := &b.Groups[i]
		if g.Total == 0 || g.Due.After(now) && !g.Due.After(far) && open <= maxGroups {
			continue
		}
		open--
		out = append(out, g)
	}
	return out
}

// open counts the groups that have something to tell.
func (b *box) open() int {
	n := 0
	for _, g := range b.Groups {
		if g.Total > 0 {
			n++
		}
	}
	return n
}

// nextDue is when the first group is due; zero if none waits.
func (b *box) nextDue() time.Time {
	var first time.Time
	for _, g := range b.Groups {
		if g.Total > 0 && (first.IsZero() || g.Due.Before(first)) {
			first = g.Due
		}
	}
	return first
}

// messageID is the id of the n-th message of a store.
func messageID(storeID string, n int64) string { return fmt.Sprintf("n-%s-%d", storeID, n) }
