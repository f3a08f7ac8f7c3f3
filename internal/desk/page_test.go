package desk

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
	"emrguard/internal/view"
)

// TestPeriodsEndNow holds that nothing is counted that is still to come.
func TestPeriodsEndNow(t *testing.T) {
	c := guard.State{Schema: guard.Schema, Cluster: emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: "j-1", Name: "etl", State: emr.ClusterWaiting}, Collection: emr.Groups},
		Groups: []guard.Group{{Group: emr.Group{ID: "ig-1", Name: "task", Role: emr.Task, Market: emr.OnDemand, InstanceType: "m5.xlarge", Requested: 3, Running: 2}, Seen: noon.Add(-48 * time.Hour)}}}
	w := view.New(noon, []view.Scope{{Name: "prod", Clusters: []view.Cluster{{State: c}}}})
	d := Desk{Store: memory.New("abcdefgh"), Config: mustParse(t, oneScope)}
	from, to := noon.Add(-time.Hour), noon.Add(24*time.Hour)
	costs, err := d.Costs(t.Context(), w, view.Found{}, from, to)
	if err != nil || costs.Total.Running != 2 || costs.Total.Missing != 1 || !costs.To.Equal(noon) {
		t.Errorf("%v: %+v", err, costs)
	}
	capacity, err := d.Capacity(t.Context(), w, view.Found{}, from, to, 10)
	if err != nil || capacity.Hours != 1 || !capacity.To.Equal(noon) {
		t.Errorf("%v: %+v", err, capacity)
	}
	mistake := (*RequestError)(nil)
	if _, err := d.Costs(t.Context(), w, view.Found{}, noon.Add(time.Hour), to); !errors.As(err, &mistake) {
		t.Errorf("a period that is to come: %v", err)
	}
	if _, err := d.Capacity(t.Context(), w, view.Found{}, noon, to, 10); !errors.As(err, &mistake) {
		t.Errorf("a period that is to come: %v", err)
	}
}

// happened is a history of etl: both pools change, and the repair of one of them ended.
func happened() []store.Record {
	at := func(id string, before time.Duration, kind, pool, recovery, data string) store.Record {
		return store.Record{ID: id, At: ago(before), Kind: kind, Group: pool, Pool: pool, Recovery: recovery, Reason: "of " + id, Data: json.RawMessage(data)}
	}
	return []store.Record{
		at("d-1", 4*time.Hour, "recovery.open", "ig-1", "r1", `{}`), at("d-2", 3*time.Hour, "recovery.completed", "ig-1", "r1", `{}`),
		at("d-3", 10*time.Minute, "group.read", "ig-1", "", `{"delta":{"asked":3,"since":"2026-01-05T11:50:00Z"}}`),
		at("d-4", 5*time.Minute, "group.read", "ig-2", "", `{"delta":{"arrived":1}}`),
	}
}

func TestClusterPage(t *testing.T) {
	l := newLab(t)
	l.save(etl(), happened()...)
	page, err := l.ClusterPage(t.Context(), l.world(), "prod", "j-1")
	if err != nil || page.Status.Name != "etl" || len(page.Groups) != 2 || len(page.Pools) != 2 || len(page.Recoveries) != 1 || len(page.Notes) == 0 {
		t.Fatalf("%v: %+v", err, page)
	}
	got := map[string]string{}
	for _, line := range page.Timelines {
		for _, m := range line.Marks {
			got[line.Title] += m.Kind + " "
		}
	}
	if want := map[string]string{"task": "stuck done asked due ", "spot": "arrived "}; !maps.Equal(got, want) {
		t.Errorf("timelines %v, want %v", got, want)
	}
	for _, of := range [][2]string{{"prod", "j-2"}, {"other", "j-1"}} {
		mistake := (*RequestError)(nil)
		if _, err := l.ClusterPage(t.Context(), l.world(), of[0], of[1]); !errors.As(err, &mistake) {
			t.Errorf("cluster %v: %v", of, err)
		}
	}
}

// TestAStoryByParts holds that the parts of a long story are the whole story, each record once.
func TestAStoryByParts(t *testing.T) {
	l := newLab(t)
	var records []store.Record
	for i := range 700 {
		at := ago(time.Duration(800-i) * time.Second)
		r := store.Record{Key: store.Key{Scope: "prod", Cluster: "j-1"}, ID: fmt.Sprintf("d-%d", i), At: at, Group: "ig-1", Pool: "ig-1", Reason: "something", Kind: "recovery.step"}
		switch {
		case i < 100 || i > 650 || i%7 == 3 || i > 300 && i < 450: // reads in front, behind, between, and for a long while nothing else
			r.Kind = "group.read"
		case i%11 == 5: // of another recovery
			r.Recovery, r.Kind = "r2", "group.read"
		default:
			r.Recovery = "r1"
		}
		records = append(records, r)
	}
	l.save(etl(), records...)
	ids := func(e view.Explanation) (out []string) {
		for _, x := range e.Sections[0].Events {
			out = append(out, x.ID)
		}
		return out
	}
	for _, ref := range []string{"r1", "j-1", "ig-1"} {
		all, err := l.Explain(t.Context(), l.world(), "", ref, Part{Limit: store.MaxPage})
		if err != nil || all.Older != 0 {
			t.Fatalf("%s: %d, %v", ref, all.Older, err)
		}
		for _, limit := range []int{7, 50, 1000} {
			var parts []string
			for before := int64(0); ; {
				e, err := l.Explain(t.Context(), l.world(), "", ref, Part{Before: before, Limit: limit})
				if err != nil || len(ids(e)) > limit+5 || e.Older > 0 && e.Older == before {
					t.Fatalf("%s before %d: %d of %d, %v", ref, before, len(ids(e)), limit, err)
				}
				parts = append(ids(e), parts...)
				if before = e.Older; before == 0 {
					break
				}
			}
			if diff := cmp.Diff(ids(all), parts); diff != "" {
				t.Errorf("%s by parts of %d:\n%s", ref, limit, diff)
			}
		}
	}
	if all, err := l.Explain(t.Context(), l.world(), "", "r1", Part{Limit: store.MaxPage}); err != nil || ids(all)[0] != "d-95" || ids(all)[len(ids(all))-1] != "d-650" {
		t.Errorf("the story of r1 goes from %s to %s, %v", ids(all)[0], ids(all)[len(ids(all))-1], err)
	}
}

// r1 is a recovery of the tests' cluster.
var r1 = store.RecoveryKey{Key: store.Key{Scope: "prod", Cluster: "j-1"}, Recovery: "r1"}

func TestRecoveryPage(t *testing.T) {
	l := newLab(t)
	l.save(etl(), happened()...)
	page, err := l.RecoveryPage(t.Context(), l.world(), r1, Part{Limit: 50})
	if err != nil || page.Status.Open || page.Status.ClusterName != "etl" || len(page.Next) != 0 || len(page.Timeline.Marks) != 2 || !page.Timeline.To.Equal(ago(3*time.Hour)) {
		t.Errorf("%v: %+v", err, page)
	}
	later := happened()[:2]
	for i, r := range []store.Record{{Kind: "group.read", Data: json.RawMessage(`{"delta":{"arrived":1}}`)}, {Kind: "ban.over", Recovery: "r1", Data: json.RawMessage(`{"until":"2026-01-05T11:00:00Z"}`)}} {
		r.ID, r.At, r.Group, r.Pool = fmt.Sprintf("d-%d", 3+i), ago(time.Duration(2-i)*time.Hour), "ig-1", "ig-1"
		later = append(later, r)
	}
	l = newLab(t)
	l.save(etl(), later...)
	page, err = l.RecoveryPage(t.Context(), l.world(), r1, Part{Limit: 50})
	var kinds []string
	for _, e := range page.Story.Sections[0].Events {
		kinds = append(kinds, e.Kind)
	}
	if err != nil || strings.Join(kinds, " ") != "recovery.open recovery.completed ban.over" || len(page.Timeline.Marks) != 3 || !page.Timeline.To.Equal(ago(time.Hour)) {
		t.Errorf("the story goes on with the end of the ban, and not with what was seen until then: %v, %v, %+v", err, kinds, page.Timeline)
	}
	unknown := (*view.UnknownError)(nil)
	if _, err := l.RecoveryPage(t.Context(), l.world(), store.RecoveryKey{Key: r1.Key, Recovery: "r2"}, Part{Limit: 50}); !errors.As(err, &unknown) || !strings.Contains(err.Error(), `no recovery "prod/j-1/r2"`) {
		t.Errorf("a recovery that there is not: %v", err)
	}
}

// In a drought, clusters of like age begin recoveries of one id. Each is told alone.
func TestRecoveriesOfOneID(t *testing.T) {
	l := newLab(t)
	l.save(etl(), happened()...)
	other := etl()
	other.Cluster.ID, other.Cluster.Name = "j-2", "reports"
	records := happened()
	for i := range records {
		records[i].ID += "-too"
	}
	l.save(other, records...)
	own := func(what string, sections []view.Section, cluster string) {
		t.Helper()
		n := 0
		for _, s := range sections {
			for _, e := range s.Events {
				n++
				if e.Cluster != cluster {
					t.Errorf("%s: %s is of %s", what, e.ID, e.Cluster)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s tells nothing", what)
		}
	}
	for cluster, name := range map[string]string{"j-1": "etl", "j-2": "reports"} {
		key := store.RecoveryKey{Key: store.Key{Scope: "prod", Cluster: cluster}, Recovery: "r1"}
		page, err := l.RecoveryPage(t.Context(), l.world(), key, Part{Limit: 50})
		if err != nil || page.Status.ClusterName != name || len(page.Timeline.Marks) != 2 {
			t.Errorf("the page of %s: %v, %+v", key, err, page)
		}
		own("the page", page.Story.Sections, cluster)
		told, err := l.Explain(t.Context(), l.world(), "", key.String(), Part{Limit: 50})
		if err != nil || told.ID != key.String() || !strings.HasSuffix(told.Title, name+" ("+cluster+")") {
			t.Errorf("the story of %s: %v, %+v", key, err, told)
		}
		own("the story", told.Sections, cluster)
		q, err := l.Query(t.Context(), l.world(), Filter{Recovery: key.String(), Limit: 50})
		if err != nil || q.Scope != "prod" || q.Cluster != cluster || q.Recovery != "r1" {
			t.Errorf("the history of %s: %v, %+v", key, err, q)
		}
	}
	e, err := l.Explain(t.Context(), l.world(), "", "d-1-too", Part{Limit: 50})
	if err != nil {
		t.Error(err)
	}
	own("a record", e.Sections, "j-2")
	const several = "2 clusters have a recovery \"r1\"; name one:\n  prod/j-2/r1\n  prod/j-1/r1"
	if _, err := l.Explain(t.Context(), l.world(), "", "r1", Part{Limit: 50}); err == nil || err.Error() != several {
		t.Errorf("an id of several: %v", err)
	}
	if _, err := l.Query(t.Context(), l.world(), Filter{Cluster: "reports", Recovery: "prod/j-1/r1", Limit: 50}); err == nil || !strings.Contains(err.Error(), "leave one of them away") {
		t.Errorf("the recovery of one cluster and another cluster: %v", err)
	}
}

// The rest that a recovery left behind is drawn to its end, which came before it was due.
func TestARestIsDrawnToItsEnd(t *testing.T) {
	l := newLab(t)
	records := happened()[:1]
	for _, r := range []store.Record{
		{Kind: "recovery.rested", Recovery: "r1"}, {Kind: "pool.rest", Recovery: "r1", Data: json.RawMessage(`{"from":"2026-01-05T09:00:00Z","until":"2026-01-05T13:00:00Z"}`)},
		{Kind: "pool.whole"}, {Kind: "group.read"},
	} {
		r.ID, r.At, r.Group, r.Pool = fmt.Sprintf("d-1%d", len(records)), ago(time.Duration(4-len(records))*time.Hour), "ig-1", "ig-1"
		records = append(records, r)
	}
	l.save(etl(), records...)
	page, err := l.RecoveryPage(t.Context(), l.world(), r1, Part{Limit: 50})
	if err != nil || len(page.Timeline.Bands) != 1 || !page.Timeline.Bands[0].To.Equal(ago(time.Hour)) {
		t.Errorf("%v: %+v", err, page.Timeline.Bands)
	}
}
