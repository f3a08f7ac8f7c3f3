package wire_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

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

// BenchmarkGetMetricData is one call of the AWS SDK for 500 series over an hour, by RPC v2 with CBOR, client included.
func BenchmarkGetMetricData(b *testing.B) {
	s, id := busy(b, emrsim.Options{Seed: 14, Unthrottled: true}, region)
	s.pass(b, time.Hour)
	end := s.clock.Now()
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(end.Add(-time.Hour)), EndTime: &end, ScanBy: types.ScanByTimestampAscending}
	for i := range 500 {
		in.MetricDataQueries = append(in.MetricDataQueries, of("q"+strconv.Itoa(i), "ContainerPending", id, types.StatisticAverage))
	}
	c := s.metrics(region)
	b.ReportAllocs()
	for b.Loop() {
		out, err := c.GetMetricData(b.Context(), in)
		if err != nil || len(out.MetricDataResults) != 500 || len(out.MetricDataResults[499].Values) < 10 {
			b.Fatalf("%v", err)
		}
	}
}
