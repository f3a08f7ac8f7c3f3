package proof

import (
	"testing"
	"time"
)

// BenchmarkRecoveries plays days of one cluster in trouble, with the store in memory and the oracle watching, and reports recoveries a minute of
// one core.
func BenchmarkRecoveries(b *testing.B) {
	recoveries := 0
	for b.Loop() {
		for seed := range uint64(20) {
			res, err := Player{}.Play(Draw(seed+1, Options{Duration: 24 * time.Hour, Clusters: 1, Faults: Few}))
			if err != nil {
				b.Fatal(err)
			}
			recoveries += res.Recoveries()
		}
	}
	b.ReportMetric(float64(recoveries)/b.Elapsed().Minutes(), "recoveries/min")
	b.ReportMetric(0, "ns/op")
}
