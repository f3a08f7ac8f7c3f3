package simtest

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "play only this seed of TestI2I3I5I6_RandomWorlds and print it")
	seedsFlag = flag.Int("seeds", 60, "how many seeds TestI2I3I5I6_RandomWorlds plays")
)

// TestI2I3I5I6_RandomWorlds plays a day of droughts, outsiders, lost answers and crashes from each seed and checks I2, I3, I5, I6, the
// journal and, once the world is quiet, liveness.
func TestI2I3I5I6_RandomWorlds(t *testing.T) {
	t.Parallel()
	if *seedFlag != 0 {
		playSeed(t, *seedFlag, true)
		return
	}
	for seed := range uint64(*seedsFlag) {
		t.Run(fmt.Sprint(seed+1), func(t *testing.T) {
			t.Parallel()
			playSeed(t, seed+1, false)
		})
	}
}

// draw makes the world of a seed.
func draw(seed uint64) (*World, *rand.Rand) {
	rng := rand.New(rand.NewPCG(seed, 1))
	pick := func(n int) int { return rng.IntN(n) }
	o := Options{Sim: emrsim.Options{Seed: seed}, Store: memory.New("storeaaa"), Settings: recovery.Defaults()}
	o.Sim.Unknowns.Surplus = emrsim.Surpluses[pick(len(emrsim.Surpluses))]
	o.Sim.Unknowns.Unfulfilled = emrsim.UnfulfilledKinds[pick(len(emrsim.UnfulfilledKinds))]
	o.Sim.Unknowns.LossResizes = pick(2) == 0
	o.Sim.Unknowns.RefuseEmptyAdd = pick(4) == 0
	o.Sim.Unknowns.Rebind = pick(2) == 0
	if pick(2) == 0 {
		o.Sim.Unknowns.ReadLag, _ = emrsim.ParseDist("0s..10s..90s")
	}
	if pick(3) == 0 {
		o.Sim.Timing.SpotLife, _ = emrsim.ParseDist("30m..4h..20h")
	}
	o.Sweep = time.Duration(1+pick(5)) * time.Minute
	o.Settings.EnforceBans = pick(3) > 0
	o.Settings.Chain = 1 + pick(4)
	o.Settings.MaxGroups = 1 + pick(5)
	if pick(2) == 0 {
		o.Settings.Ban = time.Hour
	}
	// What is drawn from here on comes last: a seed plays the same world as before there were ladders, and now another guard.
	o.Sim.Unknowns.HideReasons = pick(2) == 0
	o.Settings.Fallback = drawLadder(pick)
	if pick(2) == 0 {
		o.Settings.Return = recovery.Auto
	}
	w := New(o)
	w.Watch()
	return w, rng
}

func playSeed(t *testing.T, seed uint64, verbose bool) {
	w, rng := draw(seed)
	w.Cluster("etl", Group{"core", emr.Core, "", "", 2 + rng.IntN(3), ""}, Group{"task", emr.Task, "", emr.Spot, rng.IntN(10), ""}, Group{"more", emr.Task, "m5.2xlarge", "", 3, ""})
	faults := []string{"* rate=0.03 throttle", "* rate=0.03 lose-answer", "* rate=0.03 refuse", "* rate=0.02 error=InternalFailure", "* rate=0.02 error-after=InternalServerError",
		"ListInstanceGroups rate=0.03 empty", "ListInstanceGroups rate=0.03 lose-groups=1", "ListInstanceGroups rate=0.05 low=2", "ModifyInstanceGroups rate=0.1 ignore",
		"ModifyInstanceGroups rate=0.05 hang", "AddInstanceGroups rate=0.2 late=2m", "AddInstanceGroups rate=0.3 lose-answer", "ListInstanceGroups rate=0.05 resizing", "* rate=0.05 delay=20s"}
	for _, line := range faults {
		if rng.IntN(3) == 0 {
			f, err := emrsim.ParseFault(line)
			check(t, err)
			w.Sim.AddFault(f)
		}
	}
	crashes := 0
	if rng.IntN(2) == 0 {
		crashes = 20 + rng.IntN(200)
	}
	w.Kill = func(Boundary) bool { return crashes > 0 && rng.IntN(crashes) == 0 }
	w.Start()
	want := map[string]int{}
	for range 40 {
		w.disturb(rng, want)
		w.live(time.Duration(rng.IntN(40))*time.Minute, rng)
	}
	// From here on nothing disturbs: faults and droughts end, and the rests that are under way run out.
	w.Kill = nil
	w.Act(emrsim.Action{Do: emrsim.DoClearFaults})
	for _, g := range w.Truth("etl").Groups {
		for _, do := range []emrsim.Do{emrsim.DoUnstick, emrsim.DoUndeafen} {
			w.Act(emrsim.Action{Do: do, Cluster: "etl", Group: g.ID})
		}
		w.Act(emrsim.Action{Do: emrsim.DoBootstrap, Cluster: "etl", Group: g.ID, Rate: 0})
	}
	w.Act(emrsim.Action{Do: emrsim.DoAddresses, Cluster: "etl", Limit: ptr(emrsim.Unlimited)})
	for _, market := range []string{"SPOT", "ON_DEMAND"} {
		w.Act(emrsim.Action{Do: emrsim.DoQuota, Market: market, Limit: ptr(emrsim.Unlimited)})
		for _, kind := range []string{"m5.xlarge", "m5.2xlarge", "r5.xlarge", "c5.xlarge"} {
			pool := emrsim.Pool{Zone: "us-east-1a", Type: kind, Market: market}
			w.Act(emrsim.Action{Do: emrsim.DoCapacity, Pool: pool, Parts: []int{emrsim.Unlimited}})
			if market == "SPOT" {
				w.Act(emrsim.Action{Do: emrsim.DoPrice, Pool: pool})
			}
		}
	}
	w.submit(guard.Order{Kind: guard.OrderResume}, w.Truth("etl").ID)
	w.live(30*time.Hour, rng)
	if w.o.Sim.Timing.SpotLife.Zero() {
		w.Quiet("etl")
	}
	if v := w.Violations(); len(v) > 0 {
		t.Errorf("seed %d; repeat with: go test ./internal/simtest -run RandomWorlds -seed %d -v", seed, seed)
		for _, x := range v[:min(len(v), 10)] {
			t.Errorf("%s %s: %s", x.At.Format("02T15:04:05"), x.Property, x.Text)
		}
	}
	if verbose {
		w.dump(t)
	}
}

// live lets time pass and starts the guard again whenever it was killed.
func (w *World) live(d time.Duration, rng *rand.Rand) {
	until := w.Now().Add(d)
	for w.Now().Before(until) {
		if !w.Running() {
			w.Run(min(time.Duration(rng.IntN(600))*time.Second, until.Sub(w.Now())))
			w.Start()
		}
		w.Run(until.Sub(w.Now()))
	}
}

// disturb lets one thing happen.
func (w *World) disturb(rng *rand.Rand, want map[string]int) {
	group := []string{"task", "more"}[rng.IntN(2)]
	switch rng.IntN(15) {
	case 10, 11:
		w.byHand(rng)
	case 12, 13:
		w.limit(rng)
	case 14:
		settings := w.o.Settings
		settings.Fallback = drawLadder(rng.IntN)
		w.SetSettings(w.o.Mode, settings)
	case 0, 1, 2:
		want[group] += rng.IntN(5)
		_ = w.Sim.Act(Region, "a person", emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: group, To: want[group] + 3})
	case 3:
		_ = w.Sim.Act(Region, "a person", emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: group, To: rng.IntN(8)})
	case 4:
		_ = w.Sim.Act(Region, "EC2", emrsim.Action{Do: emrsim.DoInterrupt, Cluster: "etl", Group: group, Count: 1 + rng.IntN(3)})
	case 5:
		w.Act(emrsim.Action{Do: emrsim.DoCapacity, Pool: emrsim.Pool{Zone: "us-east-1a", Type: "m5.xlarge", Market: "SPOT"}, Parts: []int{rng.IntN(12)}})
	case 6:
		w.Act(emrsim.Action{Do: emrsim.DoCapacity, Pool: emrsim.Pool{Zone: "us-east-1a", Type: "m5.xlarge", Market: "SPOT"}, Parts: []int{40}})
	case 7:
		w.Act(emrsim.Action{Do: []emrsim.Do{emrsim.DoStick, emrsim.DoUnstick}[rng.IntN(2)], Cluster: "etl", Group: group})
	case 8:
		w.Act(emrsim.Action{Do: emrsim.DoBootstrap, Cluster: "etl", Group: group, Rate: float64(rng.IntN(2))})
	case 9:
		w.Act(emrsim.Action{Do: []emrsim.Do{emrsim.DoDeafen, emrsim.DoUndeafen}[rng.IntN(2)], Cluster: "etl", Group: group})
	}
}

// limit lets the account, the subnet, the price or another type's capacity become a reason why launches fail, or none again.
func (w *World) limit(rng *rand.Rand) {
	markets := []string{"SPOT", "ON_DEMAND"}
	few := func() *int { return ptr([]int{emrsim.Unlimited, 16, 40, 80}[rng.IntN(4)]) }
	kind := []string{"r5.xlarge", "c5.xlarge", "m5.2xlarge"}[rng.IntN(3)]
	switch rng.IntN(5) {
	case 0:
		w.Act(emrsim.Action{Do: emrsim.DoQuota, Market: markets[rng.IntN(2)], Limit: few()})
	case 1:
		w.Act(emrsim.Action{Do: emrsim.DoAddresses, Cluster: "etl", Limit: ptr([]int{emrsim.Unlimited, 8, 12, 20}[rng.IntN(4)])})
	case 2:
		w.Act(emrsim.Action{Do: emrsim.DoPrice, Pool: emrsim.Pool{Zone: "us-east-1a", Type: "m5.xlarge", Market: "SPOT"}, Price: []float64{0, 0.15, 2}[rng.IntN(3)]})
	default:
		w.Act(emrsim.Action{Do: emrsim.DoCapacity, Pool: emrsim.Pool{Zone: "us-east-1a", Type: kind, Market: markets[rng.IntN(2)]}, Parts: []int{[]int{0, 2, 40}[rng.IntN(3)]}})
	}
}

// byHand asks for something as an operator does, at any moment, sensible or not.
func (w *World) byHand(rng *rand.Rand) {
	cluster := w.Truth("etl")
	group := emr.GroupID(cluster.Groups[rng.IntN(len(cluster.Groups))].ID)
	orders := []guard.Order{
		{Kind: guard.OrderScale, Group: group, To: rng.IntN(12), Force: rng.IntN(2) == 0},
		{Kind: guard.OrderReturn, Group: group, Force: rng.IntN(2) == 0},
		{Kind: guard.OrderBan, Group: group, For: time.Duration(1+rng.IntN(120)) * time.Minute},
		{Kind: guard.OrderUnban, Group: group},
		{Kind: guard.OrderPause},
		{Kind: guard.OrderResume},
		{Kind: guard.OrderResume},
	}
	w.submit(orders[rng.IntN(len(orders))], cluster.ID)
}

// submit puts an order into the inbox.
func (w *World) submit(o guard.Order, cluster string) {
	o.Author = "an operator"
	body, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	id := fmt.Sprintf("by-hand-%s-%d-%d", o.Kind, w.Now().UnixNano(), len(w.Records))
	if err := w.o.Store.Submit(context.Background(), store.Order{ID: id, Scope: ScopeName, Cluster: cluster, At: w.Now(), Author: o.Author, Body: body}); err != nil && !errors.Is(err, store.ErrExists) {
		panic(err)
	}
}

// drawLadder draws a ladder for a random world: half of them are the default.
func drawLadder(pick func(int) int) []recovery.Rung {
	all := []recovery.Rung{
		{Same: true}, {Types: []string{"r5.xlarge", "c5.xlarge"}}, {Market: emr.OnDemand}, {Types: []string{"r5.xlarge", "m6g.xlarge"}, Market: emr.OnDemand},
		{Market: emr.Spot, BidPrice: "0.90"}, {Types: []string{"x9.unheard"}},
	}
	if pick(2) == 0 {
		return all[:1]
	}
	var out []recovery.Rung
	for range 1 + pick(4) {
		i := pick(len(all))
		r := all[i]
		all = append(all[:i:i], all[i+1:]...)
		r.After = []time.Duration{0, 0, 10 * time.Minute, 50 * time.Minute}[pick(4)]
		r.Max = []int{0, 0, 1, 4}[pick(4)]
		out = append(out, r)
	}
	return out
}
