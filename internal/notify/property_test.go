package notify

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/store"
)

// drawRoute draws a route over a small world, so that many match.
func drawRoute(t *rapid.T, sinks []string) Route {
	some := func(label string, of ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 2, rapid.ID).Draw(t, label)
	}
	return Route{
		Sinks:    rapid.SliceOfNDistinct(rapid.SampledFrom(sinks), 1, len(sinks), rapid.ID).Draw(t, "sinks"),
		Kinds:    some("kinds", "recovery.", "pool.rest", "ban.set", "order.", "would.recover", "clock.skew"),
		Severity: rapid.SampledFrom([]Severity{"", Info, Warning, Critical}).Draw(t, "severity"),
		Scopes:   some("scopes", "prod", "test"),
		Clusters: some("clusters", "j-000*", "etl-1", "*-2"),
	}
}

// wanted is what a route says, read aloud.
func wanted(r Route, e Event) bool {
	ranks := map[Severity]int{Info: 0, Warning: 1, Critical: 2}
	least := r.Severity
	if least == "" && len(r.Kinds) == 0 {
		least = Warning
	}
	if ranks[e.Severity] < ranks[least] {
		return false
	}
	kind, scope, cluster := len(r.Kinds) == 0, len(r.Scopes) == 0, len(r.Clusters) == 0
	for _, k := range r.Kinds {
		kind = kind || e.Kind == k || k == "recovery." && strings.HasPrefix(e.Kind, k) || k == "order." && strings.HasPrefix(e.Kind, k)
	}
	for _, s := range r.Scopes {
		scope = scope || e.Scope == s
	}
	for _, p := range r.Clusters {
		switch p {
		case "j-000*":
			cluster = cluster || strings.HasPrefix(e.Cluster, "j-000")
		case "etl-1":
			cluster = cluster || e.ClusterName == p
		case "*-2":
			cluster = cluster || e.Cluster != "" && (strings.HasSuffix(e.ClusterName, "-2") || strings.HasSuffix(e.Cluster, "-2"))
		}
	}
	return kind && scope && cluster
}

// TestPropertyGrouping: whatever happens and whatever the routes are, each event is in exactly one message of each sink that a route gives it to,
// in no other's, with none but its own scope, topic and severity; two messages of a group are an interval apart, and none waits longer than
// group_wait or the rest of that interval.
func TestPropertyGrouping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Defaults()
		s.GroupWait = time.Duration(rapid.IntRange(0, 60).Draw(t, "wait")) * time.Second
		s.GroupInterval = time.Duration(rapid.IntRange(1, 120).Draw(t, "interval")) * time.Second
		sinks := []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "sinks")]
		for _, name := range sinks {
			s.Sinks = append(s.Sinks, Sink{Name: name})
		}
		for range rapid.IntRange(0, 4).Draw(t, "routes") {
			s.Routes = append(s.Routes, drawRoute(t, sinks))
		}
		now := time.Unix(1_700_000_000, 0).UTC()
		boxes, last := map[string]*box{}, map[string]time.Time{}
		want, got := map[string][]string{}, map[string][]string{}
		first := map[string]time.Time{} // of the events that wait, by sink and group
		for _, name := range sinks {
			boxes[name] = &box{Sink: name}
		}
		n := 0
		key := func(sink string, m Message) string { return fmt.Sprint(sink, m.Scope, m.Topic, m.Severity) }
		look := func() {
			for _, name := range sinks {
				b := boxes[name]
				b.close(now, &s, func() string { n++; return fmt.Sprint(n) })
				for _, e := range b.Entries {
					m := e.Message
					k := key(name, m)
					if was, ok := last[k]; ok && now.Sub(was) < s.GroupInterval {
						t.Fatalf("%s has messages %s apart", k, now.Sub(was))
					}
					allowed := s.GroupWait
					if was, ok := last[k]; ok {
						allowed = max(allowed, was.Add(s.GroupInterval).Sub(first[k]))
					}
					if late := now.Sub(first[k]); late > allowed {
						t.Fatalf("%s waited %s, more than %s", k, late, allowed)
					}
					last[k] = now
					delete(first, k)
					shown := 0
					for _, e := range m.Events {
						if e.Scope != m.Scope || e.topic != m.Topic || e.Severity != m.Severity {
							t.Fatalf("%+v is in a message of %s", e, k)
						}
						got[name] = append(got[name], e.ID)
						shown++
					}
					counted := 0
					for _, c := range m.Kinds {
						counted += c.Count
					}
					if counted != m.Total || m.Total < shown || m.Total > shown && shown < maxShown {
						t.Fatalf("%s counts %d of %d and shows %d", k, counted, m.Total, shown)
					}
					for range m.Total - shown {
						got[name] = append(got[name], "unshown "+k)
					}
				}
				b.Entries = nil
			}
		}
		total := map[string]int{}
		for i := range rapid.IntRange(1, 60).Draw(t, "events") {
			for range rapid.IntRange(0, 30).Draw(t, "seconds") {
				now = now.Add(time.Second)
				look()
			}
			k, _ := classify(store.Record{Kind: rapid.SampledFrom([]string{"recovery.open", "recovery.chained", "recovery.completed", "pool.rest", "ban.set", "order.ban", "would.recover", "clock.skew"}).Draw(t, "kind")})
			e := Event{ID: fmt.Sprint(i), Kind: k.name, Severity: k.severity, At: now, What: k.what, topic: k.topic, Scope: rapid.SampledFrom([]string{"prod", "test"}).Draw(t, "scope")}
			if k.name != "clock.skew" {
				c := rapid.IntRange(1, 3).Draw(t, "cluster")
				e.Cluster, e.ClusterName = fmt.Sprintf("j-%04d", c), fmt.Sprintf("etl-%d", c)
			}
			to := s.to(&e)
			for _, name := range sinks {
				expected := len(s.Routes) == 0 && e.Severity != Info
				for _, r := range s.Routes {
					expected = expected || slices.Contains(r.Sinks, name) && wanted(r, e)
				}
				if expected != slices.Contains(to, name) {
					t.Fatalf("%+v goes to %v; sink %s is expected: %v; routes %+v", e, to, name, expected, s.Routes)
				}
			}
			for _, name := range to {
				g := key(name, Message{Scope: e.Scope, Topic: e.topic, Severity: e.Severity})
				if _, ok := first[g]; !ok {
					first[g] = now
				}
				boxes[name].collect(e, now, &s)
				want[name] = append(want[name], e.ID)
				total[name]++
			}
			look()
		}
		for range 400 { // longer than two of the longest intervals
			now = now.Add(time.Second)
			look()
		}
		for _, name := range sinks {
			if len(got[name]) != total[name] {
				t.Fatalf("sink %s got %d events, want %d", name, len(got[name]), total[name])
			}
			seen := map[string]bool{}
			for _, id := range got[name] {
				if strings.HasPrefix(id, "unshown") {
					continue
				}
				if seen[id] || !slices.Contains(want[name], id) {
					t.Fatalf("sink %s got event %s twice, or although it should not", name, id)
				}
				seen[id] = true
			}
			if len(boxes[name].Groups) > 0 {
				t.Fatalf("sink %s keeps %d groups for nothing", name, len(boxes[name].Groups))
			}
		}
	})
}

// TestPropertyBounds: whatever waits, a sink's document stays below what a store takes.
func TestPropertyBounds(t *testing.T) {
	b, s, now := &box{Sink: "a", Schema: schema}, Defaults(), time.Unix(1_700_000_000, 0)
	long, name := strings.Repeat("🔥", maxReason), strings.Repeat("🔥", maxName)
	n := 0
	id := func() string { n++; return messageID("abcdefgh", int64(n)) }
	for i := range 200 {
		for j := range maxClusters {
			b.collect(Event{ID: "2-123456", Kind: "recovery.open", Severity: Warning, At: now, Scope: fmt.Sprintf("scope-%d", i), Cluster: fmt.Sprintf("j-%013d", j), ClusterName: name,
				GroupLabel: name, Group: "ig-1234567890123", Pool: "ig-1234567890123", Why: long, Requested: 2000,
				Cause: clip(long+long, maxCause), Done: clip(long, maxDone), Next: clip(long, maxNext), Stand: "1000000 of 1000000 run in the pool", What: byName["recovery.open"].what, Author: name, topic: "recovery"}, now, &s)
		}
		b.close(now, &s, id)
	}
	if open := b.open(); open > maxGroups || len(b.Entries) > maxEntries {
		t.Errorf("%d groups are open, %d messages wait", open, len(b.Entries))
	}
	size := len(encode(b))
	if size > store.MaxBody {
		t.Errorf("the document has %d bytes, and a store takes %d", size, store.MaxBody)
	}
	t.Logf("%d bytes of %d", size, store.MaxBody)
}
