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

func measure(b *testing.B) *meter {
	collectSeldom()
	return &meter{b: b, before: processorTime(b)}
}

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

// denseScript is a fleet of six clusters with one TASK group each that gets stuck every 21 minutes: somebody asks for one more instance, the group
// gets none, after five minutes the guard stops the resize and launches the instance on a fallback group; then it is taken back there, and the ban
// ends.
func denseScript(b *testing.B, rounds int) []simtest.Command {
	const (
		world = "world sweep=5m decommission=10s set=(after:5m,ban:10m,pace:1m)\n----\n\n"
		place = "cluster NAME\ntask TASK 4 SPOT\n----\n\n"
		watch = "watch\n----\n\nstart\n----\n\nrun 2m\n----\n\n"
		stuck = "act do=stick group=task cluster=NAME\n----\n\nact do=resize group=task to=5 cluster=NAME\n----\n\n"
		still = "run 14m\n----\n\n"
		back  = "act do=unstick group=task cluster=NAME\n----\n\nact do=resize group=task+1 to=0 cluster=NAME\n----\n\n"
		quiet = "run 7m\n----\n\n"
	)
	each := func(text string) string {
		var b strings.Builder
		for _, c := range []string{"a", "b", "c", "d", "e", "f"} {
			b.WriteString(strings.ReplaceAll(text, "NAME", c))
		}
		return b.String()
	}
	script, err := simtest.ParseScript(world + each(place) + watch + strings.Repeat(each(stuck)+still+each(back)+quiet, rounds))
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
