package usefulness

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/emrsim"
)

func TestWeatherHasTheClimatesSpells(t *testing.T) {
	cfg, cl := fleetConfig(), temperate()
	spells := weather(cfg, 7, cl, monday)
	if d := cmp.Diff(spells, weather(cfg, 7, cl, monday), cmp.AllowUnexported(spell{})); d != "" {
		t.Errorf("the same seed has other weather: %s", d)
	}
	if cmp.Equal(spells, weather(cfg, 8, cl, monday), cmp.AllowUnexported(spell{})) {
		t.Error("another seed has the same weather")
	}
	have := map[spellKind]int{}
	for _, s := range spells {
		have[s.kind]++
		if d := s.to.Sub(s.from); d < cl.lasts[s.kind].Min || d > cl.lasts[s.kind].Max {
			t.Errorf("%s lasts %s", s.kind.says(), d)
		}
		if s.from.Before(monday) || !s.from.Before(monday.Add(week)) {
			t.Errorf("%s begins at %s", s.kind.says(), s.from)
		}
		if (s.cluster != "") != (s.kind == hung) || (s.pool == emrsim.Pool{}) != (s.kind == hung || s.kind == spotDry) {
			t.Errorf("%s strikes cluster %q and pool %s", s.kind.says(), s.cluster, s.pool)
		}
	}
	if d := cmp.Diff(cl.spells, have); d != "" {
		t.Errorf("spells (-want +have): %s", d)
	}
	if !slices.IsSortedFunc(spells, func(a, b spell) int { return a.from.Compare(b.from) }) {
		t.Error("the spells are not in order")
	}
}

func TestCapacitiesOfOverlappingSpells(t *testing.T) {
	at := func(h int) time.Time { return monday.Add(time.Duration(h) * time.Hour) }
	p := emrsim.Pool{Zone: zone, Type: "m5.xlarge", Market: "SPOT"}
	other := emrsim.Pool{Zone: zone, Type: "m5.xlarge", Market: "ON_DEMAND"}
	const all = emrsim.Unlimited
	spells := []spell{
		{kind: request, pool: p, part: 1, from: at(1), to: at(6)},
		{kind: reclaim, pool: p, left: 2, from: at(2), to: at(4)},
		{kind: spotDry, from: at(3), to: at(5)},
		{kind: onDemand, pool: other, from: at(3), to: at(7)},
	}
	type change struct {
		Hour    int
		Parts   []int
		Reclaim bool
	}
	var got []change
	for _, h := range capacities(p, spells) {
		got = append(got, change{int(h.at.Sub(monday).Hours()), h.action.Parts, h.action.Reclaim})
	}
	want := []change{
		{1, []int{all, 0, all}, false},
		{2, []int{2, 2, 2}, true}, // what was dry keeps what it has, as far as it is left
		{2, []int{2, 0, 2}, false},
		{3, []int{0, 0, 0}, false},
		{4, []int{0, 0, 0}, false},
		{5, []int{all, 0, all}, false},
		{6, []int{all, all, all}, false},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got) %s", d)
	}
}

func TestHungRequestsOverlap(t *testing.T) {
	at := func(h int) time.Time { return monday.Add(time.Duration(h) * time.Hour) }
	var got []string
	for _, h := range happenings(fleetConfig(), []spell{
		{kind: hung, cluster: "etl", from: at(1), to: at(4)}, {kind: hung, cluster: "etl", from: at(2), to: at(5)}, {kind: hung, cluster: "ad-hoc", from: at(2), to: at(3)},
	}) {
		got = append(got, h.at.Format("15 ")+h.action.Cluster+" "+string(h.action.Do))
	}
	want := []string{"01 etl stick", "02 ad-hoc stick", "03 ad-hoc unstick", "05 etl unstick"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got) %s", d)
	}
}

func TestMostSpellsBeginByDay(t *testing.T) {
	rng, byDay := rand.New(rand.NewPCG(1, 2)), 0
	for range 4000 {
		h := hour(rng)
		if h < 0 || h >= week {
			t.Fatalf("%s is not in the week", h)
		}
		if of := h % (24 * time.Hour); of >= 6*time.Hour && of < 20*time.Hour {
			byDay++
		}
	}
	if byDay < 2850 || byDay > 3150 {
		t.Errorf("%d of 4000 between 6:00 and 20:00, want about 3000", byDay)
	}
}
