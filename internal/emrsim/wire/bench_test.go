package wire_test

import (
	"net/http"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"
)

// BenchmarkListInstanceGroups measures requests a second over HTTP keep-alive, client included, against a cluster of three groups.
// GOMAXPROCS clients times four send at once.
func BenchmarkListInstanceGroups(b *testing.B) {
	s := serve(b, emrsim.Options{Seed: 14, Unthrottled: true}, wire.Options{})
	id := *s.run(b, "etl", 6)
	s.pass(b, time.Hour)
	b.ReportAllocs()
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if resp, body := s.post(b, "ListInstanceGroups", `{"ClusterId":"`+id+`"}`, nil); resp.StatusCode != http.StatusOK || len(body) < 1000 {
				b.Errorf("%d %s", resp.StatusCode, body)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
