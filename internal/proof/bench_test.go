//go:build unix

package proof

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"emrguard/internal/simtest"
)

// BenchmarkRecoveries plays days of one cluster in trouble, with scaling, metrics and quiet time, the store in memory and the oracle watching.
func BenchmarkRecoveries(b *testing.B) {
	m := measure(b)
	for b.Loop() {
		for seed := range uint64(20) {
			res, err := Player{}.Play(Draw(seed+1, Options{Duration: 24 * time.Hour, Clusters: 1, Faults: Few}))
			if err != nil {
				b.Fatal(err)
			}
			m.recoveries.Add(int64(res.Recoveries()))
		}
	}
	m.report()
}

// meter reports recoveries a minute that passed, and a minute of one core, which does not depend on what else the machine does.
type meter struct {
	b          *testing.B
	recoveries atomic.Int64
	before     time.Duration
}

func measure(b *testing.B) *meter { return &meter{b: b, before: processorTime(b)} }

func (m *meter) report() {
	n := float64(m.recoveries.Load())
	m.b.ReportMetric(n/m.b.Elapsed().Minutes(), "recoveries/min")
	m.b.ReportMetric(n/(processorTime(m.b)-m.before).Minutes(), "recoveries/core-min")
	m.b.ReportMetric(0, "ns/op")
}

// processorTime is what this process has used so far, garbage collection included.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// dense is a cluster whose TASK groups get stuck every 21 minutes: somebody asks for one more instance, the group gets none, after five minutes
// the guard stops the resize and launches the instance on the pool's fallback group; then it is taken back there, and the ban ends.
const dense = `world sweep=5m decommission=10s set=(after:5m,ban:10m,pace:1m)
----

cluster etl
a TASK 4 SPOT
b TASK 4 SPOT
c TASK 4 SPOT
d TASK 4 SPOT
e TASK 4 SPOT
f TASK 4 SPOT
----

watch
----

start
----

run 2m
----

` // and then the same round again and again

// What happens to group G in a round.
const (
	stuck = `act do=stick group=G
----

act do=resize group=G to=5
----

`
	back = `act do=unstick group=G
----

act do=resize group=G+1 to=0
----

`
)

func denseScript(b *testing.B, rounds int) []simtest.Command {
	var each [2]strings.Builder
	for _, g := range []string{"a", "b", "c", "d", "e", "f"} {
		each[0].WriteString(strings.ReplaceAll(stuck, "G", g))
		each[1].WriteString(strings.ReplaceAll(back, "G", g))
	}
	round := each[0].String() + "run 14m\n----\n\n" + each[1].String() + "run 7m\n----\n\n"
	script, err := simtest.ParseScript(dense + strings.Repeat(round, rounds))
	if err != nil {
		b.Fatal(err)
	}
	return script
}

// BenchmarkDenseRecoveries plays a day in which a recovery begins every three to four minutes, with the store in memory and the oracle watching: what
// recoveries cost, and little else. In parallel it plays such days on every core.
func BenchmarkDenseRecoveries(b *testing.B) {
	script := denseScript(b, 68)
	play := func(b *testing.B, m *meter) {
		res, err := Player{}.Play(script)
		if err != nil || len(res.Violations) > 0 {
			b.Error(err, res.Violations)
		}
		m.recoveries.Add(int64(res.Recoveries()))
	}
	b.Run("one", func(b *testing.B) {
		m := measure(b)
		for b.Loop() {
			play(b, m)
		}
		m.report()
	})
	b.Run("parallel", func(b *testing.B) {
		m := measure(b)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				play(b, m)
			}
		})
		m.report()
	})
}
