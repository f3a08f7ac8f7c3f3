package emrsim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// books are what an observer was told.
type books struct {
	groups  map[string]GroupNow
	changes []Change
	ends    map[string]int
	now     time.Time
	back    bool // something came out of order
}

func (b *books) Group(g GroupNow) { b.tick(g.At); b.groups[g.Group] = g }

func (b *books) Change(_ string, index int, c Change) {
	b.tick(c.At)
	b.back = b.back || index != len(b.changes)
	b.changes = append(b.changes, c)
}

func (b *books) End(e End) { b.tick(e.At); b.ends[string(e.Why)]++ }

func (b *books) tick(t time.Time) {
	b.back = b.back || t.Before(b.now)
	b.now = t
}

// TestObserver plays random days and checks that an observer's books are the truth at every look.
func TestObserver(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 9))
		o := Options{Seed: seed}
		o.Unknowns.Surplus = Surpluses[rng.IntN(len(Surpluses))]
		w := newWorld(t, o, cfg("task", roleTask, 5), cfg("more", roleTask, 2))
		b := &books{groups: map[string]GroupNow{}, ends: map[string]int{}, changes: w.Changes(east, 0)}
		w.Observe(b)
		for range 40 {
			group := []string{"task", "more"}[rng.IntN(2)]
			a := []Action{{Do: DoResize, Cluster: "etl", Group: group, To: rng.IntN(9)}, {Do: DoInterrupt, Cluster: "etl", Group: group, Count: 1},
				{Do: DoStick, Cluster: "etl", Group: group}, {Do: DoUnstick, Cluster: "etl", Group: group}, {Do: DoAddGroup, Cluster: "etl", Like: "task", Name: "added", To: 1}}[rng.IntN(5)]
			_ = w.Act(east, "somebody", a)
			w.wait(time.Duration(rng.IntN(20)) * time.Minute)
			compareBooks(t, w, b)
		}
		if b.back {
			t.Errorf("seed %d: the observer was told something out of order", seed)
		}
	}
}

func compareBooks(t *testing.T, w *world, b *books) {
	t.Helper()
	truth := w.Snapshot(east)
	kills := map[string]int{}
	for _, c := range truth.Clusters {
		for _, g := range c.Groups {
			told := b.groups[g.ID]
			if told.Requested != g.Requested || told.Running != g.Running || told.Starting != g.Starting || told.State != g.State || told.Name != g.Name || told.Role != g.Role {
				t.Errorf("%s: told %+v, it is %+v", g.ID, told, g)
			}
			for why, n := range map[EndReason]int{EndedByResize: g.Kills.Resize, EndedBySurplus: g.Kills.Surplus, EndedByRequest: g.Kills.Request, EndedBySpot: g.Kills.Spot, EndedByCluster: g.Kills.Cluster} {
				kills[string(why)] += n
			}
		}
	}
	for why, n := range kills {
		if b.ends[why] != n {
			t.Errorf("%d ended by %s, the observer was told of %d", n, why, b.ends[why])
		}
	}
	same := func(a, b Change) bool { a.Ended, b.Ended = 0, 0; return a == b }
	if !slices.EqualFunc(truth.Changes, b.changes, same) {
		t.Errorf("the log has %d entries, the observer was told of %d", len(truth.Changes), len(b.changes))
	}
}
