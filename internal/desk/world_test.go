package desk

import (
	"context"
	"testing"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
	"emrguard/internal/view"
)

const oneScope = "listen: none\nscopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: enforce}]\n"

// noon is the present of the tests.
var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

func mustParse(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("emrguard.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// lab is a desk over a store whose scope somebody holds for another minute.
type lab struct {
	Desk
	t     *testing.T
	lease store.Lease
}

func newLab(t *testing.T) *lab {
	t.Helper()
	s := memory.New("abcdefgh")
	lease, err := s.Acquire(t.Context(), "prod", "run-1", "host a, pid 1", noon, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return &lab{t: t, lease: lease, Desk: Desk{Store: s, Config: mustParse(t, oneScope), Term: time.Minute, Now: func(context.Context) time.Time { return noon }}}
}

// etl is a cluster as it was read a minute ago: its pool task misses 3 of 9 since 11:50.
func etl() guard.State {
	group := func(id emr.GroupID, name string, requested, running int, missing ...ledger.Entry) guard.Group {
		state := emr.GroupRunning
		if len(missing) > 0 {
			state = emr.GroupResizing
		}
		return guard.Group{Group: emr.Group{ID: id, Name: name, Role: emr.Task, Market: emr.OnDemand, InstanceType: "m5.xlarge", Requested: requested, Running: running, State: state}, Seen: ago(24 * time.Hour),
			Ledger: ledger.Ledger{Entries: missing, First: ago(24 * time.Hour), Last: ledger.Read{Began: ago(time.Minute), Ended: ago(time.Minute), Requested: requested, Running: running, State: state}}}
	}
	return guard.State{Schema: guard.Schema, Scope: "prod", Read: ago(time.Minute),
		Cluster: emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: "j-1", Name: "etl", State: emr.ClusterWaiting, Created: ago(24 * time.Hour)}, Collection: emr.Groups},
		Groups: []guard.Group{
			group("ig-1", "task", 9, 6, ledger.Entry{Since: ago(10 * time.Minute), Count: 3, Cause: ledger.Change, By: ledger.ByRead}),
			group("ig-2", "spot", 4, 4),
		},
		Pools: []pool.Pool{
			{Origin: "ig-1", Name: "task", Role: emr.Task, Wanted: 9, Members: []pool.Member{{Group: "ig-1", Expected: []int{9}}}},
			{Origin: "ig-2", Name: "spot", Role: emr.Task, Wanted: 4, Members: []pool.Member{{Group: "ig-2", Expected: []int{4}}}},
		}}
}

// save puts a cluster and what happened to it into the store.
func (l *lab) save(c guard.State, records ...store.Record) {
	l.t.Helper()
	body, err := store.Encode(c)
	if err != nil {
		l.t.Fatal(err)
	}
	key := store.Key{Scope: "prod", Cluster: string(c.Cluster.ID)}
	for i := range records {
		records[i].Key = key
	}
	if err := l.Store.Save(l.t.Context(), store.Save{Lease: l.lease, Docs: []store.Document{{Key: key, Body: body, Saved: ago(time.Minute)}}, Records: records}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) world() view.World {
	l.t.Helper()
	w, err := l.World(l.t.Context(), "")
	if err != nil {
		l.t.Fatal(err)
	}
	return w
}
