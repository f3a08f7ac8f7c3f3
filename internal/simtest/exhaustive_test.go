package simtest

import (
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	exhaustiveFlag = flag.String("exhaustive", "", `what TestExhaustive plays: "all"; "pairs", and so all with fewer disturbances; or one interleaving, as a failure prints it. Empty: a part of the pairs and triples that changes with the day`)
	sliceFlag      = flag.Int("exhaustive-slice", -1, "the part of the pairs and triples that TestExhaustive plays without -exhaustive, as it printed it; -1: that of the day")
)

// raceEnabled says that the race detector watches, which makes everything several times slower.
var raceEnabled bool

// inCI is how many interleavings of so many disturbances a run without -exhaustive plays of each story, about; 0: all of them.
var inCI = [...]int{2: 1500, 3: 500}

// TestI1I2I3I5I6I7I8_Exhaustive plays the repair of a stuck group with every disturbance on its own, and with combinations of a crash, a fault and an
// outside change.
func TestI1I2I3I5I6I7I8_Exhaustive(t *testing.T) {
	t.Parallel()
	switch *exhaustiveFlag {
	case "", "pairs", "all":
	default:
		playInterleaving(t, *exhaustiveFlag)
		return
	}
	for _, name := range Stories() { // one after the other: each keeps every processor busy
		exhaust(t, NewSpace(name))
	}
}

// playInterleaving plays one and shows what happened.
func playInterleaving(t *testing.T, text string) {
	i, err := ParseInterleaving(text)
	check(t, err)
	out := i.Play()
	t.Logf("%s; every disturbance took place: %t", i, out.Reached)
	for _, v := range out.Violations {
		t.Errorf("%s %s: %s", v.At.Format(time.TimeOnly), v.Property, v.Text)
	}
	for _, c := range out.World.Sim.Changes(Region, 0) {
		t.Logf("%s %s %s %s %d to %d, %d run, ended %d %s", c.At.Format(time.TimeOnly), c.Who, c.Op, c.Group, c.From, c.To, c.Running, c.Ended, c.Note)
	}
	out.World.dump(t)
}

// exhaust plays the interleavings of one story.
func exhaust(t *testing.T, space Space) {
	t.Logf("%s: %d boundaries, %d of them moments for a change, %d calls with %d faults; %d, %d and %d interleavings of one, two and three disturbances",
		space.Story, space.Boundaries, space.Moments, space.Calls, len(space.Faults), space.Size(1), space.Size(2), space.Size(3))
	slice := *sliceFlag
	if slice < 0 {
		slice = int(time.Now().Unix() / int64((24 * time.Hour).Seconds()))
	}
	if *exhaustiveFlag == "" {
		t.Logf("playing each %dth pair and each %dth triple; the same again: -exhaustive-slice=%d", stride(space, 2), stride(space, 3), slice)
	}
	began, p := time.Now(), players{t: t, name: space.Story}
	for disturbances := range inCI {
		if step := stride(space, disturbances); step > 0 {
			p.total += space.Size(disturbances) / step
		}
	}
	p.play(func(yield func(Interleaving) bool) {
		for disturbances := range inCI {
			step, n := stride(space, disturbances), slice
			if step == 0 {
				continue
			}
			for i := range space.All(disturbances) {
				if n++; n%step != 0 {
					continue
				}
				if !yield(i) {
					return
				}
			}
		}
	})
	took := time.Since(began)
	t.Logf("%s: %d interleavings played in %s, %.0f a second; in %d of them a disturbance found no place any more", space.Story, p.played.Load(),
		took.Round(time.Millisecond), float64(p.played.Load())/took.Seconds(), p.missed.Load())
}

// stride says that each so many-th interleaving of so many disturbances is played: 1 for all of them, 0 for none.
func stride(space Space, disturbances int) int {
	step := 1
	switch {
	case *exhaustiveFlag == "pairs" && disturbances == 3:
		return 0
	case *exhaustiveFlag == "" && inCI[disturbances] > 0:
		step = max(1, space.Size(disturbances)/inCI[disturbances])
	}
	if raceEnabled && disturbances > 0 {
		step *= 20
	}
	return step
}

// players play interleavings side by side.
type players struct {
	t      *testing.T
	name   string
	total  int
	played atomic.Int64
	missed atomic.Int64
	mu     sync.Mutex
	failed map[string]int // by property
}

// play plays all of a sequence and reports the first failures of each property.
func (p *players) play(all func(func(Interleaving) bool)) {
	p.failed = map[string]int{}
	work := make(chan Interleaving, 64)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range work {
				out := i.Play()
				p.played.Add(1)
				if !out.Reached {
					p.missed.Add(1)
				}
				p.report(i, out.Violations)
			}
		})
	}
	go p.progress(done)
	all(func(i Interleaving) bool { work <- i; return true })
	close(work)
	wg.Wait()
	close(done)
	for _, property := range slices.Sorted(maps.Keys(p.failed)) {
		p.t.Errorf("%s: %s does not hold in %d interleavings", p.name, property, p.failed[property])
	}
}

// report prints what did not hold and how to play it again; of one property not more than a few times.
func (p *players) report(i Interleaving, violations []Violation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := map[string]bool{}
	var lines []string
	for _, v := range violations {
		if seen[v.Property] {
			continue
		}
		seen[v.Property] = true
		if p.failed[v.Property]++; p.failed[v.Property] <= 5 {
			lines = append(lines, fmt.Sprintf("  %s %s: %s", v.At.Format(time.TimeOnly), v.Property, v.Text))
		}
	}
	if len(lines) > 0 {
		p.t.Errorf("go test ./internal/simtest -run Exhaustive -exhaustive='%s' -v\n%s", i, strings.Join(lines, "\n"))
	}
}

// progress says every ten seconds how far it is.
func (p *players) progress(done chan struct{}) {
	began := time.Now()
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			n := p.played.Load()
			fmt.Printf("%s: %d of %d, %.0f a second\n", p.name, n, p.total, float64(n)/time.Since(began).Seconds())
		}
	}
}

// TestR10_InterleavingsThatFailed plays again what did not hold once. Each is of two or three disturbances, of which a run plays only a part.
func TestR10_InterleavingsThatFailed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"story=stuck,change=12@4,fault=ModifyInstanceGroups call=1 late=2m",                    // a stop that lands after somebody else's 12 took it back, and the 3 to place with it
		"story=stuck,change=3@5,fault=ModifyInstanceGroups call=1 late=2m",                     // and after somebody else's 3 it counted as growth
		"story=stuck,change=12@3,fault=ListInstanceGroups call=5 stale=2m",                     // a read older than the stop was somebody else's growth, and the stop then a fall
		"story=stuck,crash=14+takeover,change=6@5",                                             // a stop that was written down and never sent, and somebody else's same count
		"story=late,crash=5,change=loss@4",                                                     // a read that only the process knew that died
		"story=chain,crash=42,change=3@18",                                                     // a stop of the fallback that was written down, when somebody lowers the origin
		"story=drought,change=9@32",                                                            // what came back by itself is released on the fallback
		"story=drought,change=12@31,fault=AddInstanceGroups call=2 late=2m",                    // a late twin whose instances are wanted by then
		"story=stuck,change=managed@6,fault=AddInstanceGroups call=1 late=2m",                  // a late twin where somebody else is in charge
		"story=stuck,change=capacity@3,fault=DescribeCluster call=1 hang",                      // what EC2 grants between the list and the stop runs twice for a moment
		"story=late,change=3@3,fault=ListInstanceGroups call=1 lose-groups=1",                  // a surplus that EMR never ends
		"story=late,crash=12,change=unban@12,fault=ListInstanceGroups call=4 low=2",            // an order lifts the ban after its stop was written down and before that is sent
		"story=chain,crash=32,change=loss@23,fault=AddInstanceGroups call=1 late=2m",           // instances of a twin begin to run after they were given up
		"story=stuck,crash=12,change=12@6,fault=ListInstanceGroups call=5 stale=2m",            // the one read between somebody's 12 and the stop does not show it
		"story=late,crash=23,change=12@3,fault=ListInstanceGroups call=6 stale=2m",             // a read from before somebody's 12, after the stop showed
		"story=drought,crash=14,change=12@31,fault=ModifyInstanceGroups call=1 late=2m",        // a launch that was decided when somebody's 12 came
		"story=late,crash=5+takeover,change=pause@7,fault=ListInstanceGroups call=4 stale=2m",  // the new owner's only read is older than its list, which shows more running
		"story=late,crash=5+takeover,change=pause@10,fault=ListInstanceGroups call=4 stale=2m", // and a pause before what it stopped too low is kept
		"story=drought,change=3@24,fault=ModifyInstanceGroups call=2 late=2m",                  // a stop of the fallback that is on its way when somebody's 3 overtakes its recovery
		"story=drought,change=3@17,fault=ListInstanceGroups call=14 stale=2m",                  // one read from before somebody's 3, after it was booked
	} {
		t.Run(text, func(t *testing.T) { t.Parallel(); playInterleaving(t, text) })
	}
}

// TestInterleavingsAreRead reads back what is printed.
func TestInterleavingsAreRead(t *testing.T) {
	space := Space{Story: "late", Boundaries: 3, Moments: 2, Faults: []string{"AddInstanceGroups call=1 lose-answer"}}
	n := 0
	for disturbances := range 4 {
		played := 0
		for i := range space.All(disturbances) {
			got, err := ParseInterleaving(i.String())
			if err != nil || got != i {
				t.Errorf("%s is read as %s, %v", i, got, err)
			}
			played++
		}
		if played != space.Size(disturbances) {
			t.Errorf("%d interleavings of %d disturbances, want %d", played, disturbances, space.Size(disturbances))
		}
		n += played
	}
	if n == 0 {
		t.Error("there are none")
	}
	for _, bad := range []string{"story=x", "crash=x", "crash=3+y", "change=5@1", "change=12", "fault=x", "boundary=3"} {
		if i, err := ParseInterleaving(bad); err == nil {
			t.Errorf("%q is read as %s", bad, i)
		}
	}
}

func BenchmarkInterleaving(b *testing.B) {
	i := Interleaving{Story: "stuck", Crash: Crash{At: 17}, Fault: "AddInstanceGroups call=1 lose-answer", Change: Change{"12", 10}}
	for b.Loop() {
		if v := i.Play().Violations; len(v) > 0 {
			b.Fatal(v)
		}
	}
}
