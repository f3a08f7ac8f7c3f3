package emrsim

import (
	"fmt"
	"testing"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// BenchmarkListInstanceGroups is one read of a cluster of 4 groups.
func BenchmarkListInstanceGroups(b *testing.B) {
	for _, lag := range []Dist{{}, {0, 5 * time.Second, time.Minute}} {
		b.Run("lag="+lag.String(), func(b *testing.B) {
			s := New(Options{Unthrottled: true, Unknowns: Unknowns{ReadLag: lag}})
			id, err := s.Place(east, flow("etl", spot("a", 6), spot("b", 3)), Placed{Ready: true})
			if err != nil {
				b.Fatal(err)
			}
			s.AdvanceTo(s.Now().Add(time.Hour))
			in := &shapes.ListInstanceGroupsInput{ClusterId: &id}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Do(east, "ListInstanceGroups", in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBusyFleet simulates one hour of 100 clusters whose task groups of 20 Spot nodes churn and are resized every ten
// minutes, and reports simulated cluster-hours a second.
func BenchmarkBusyFleet(b *testing.B) {
	const clusters = 100
	s := New(Options{Unthrottled: true, Timing: Timing{SpotLife: Dist{30 * time.Minute, 2 * time.Hour, 6 * time.Hour}}})
	if err := s.Act(east, "bench", Action{Do: DoCapacity, Pool: spotPool, Parts: []int{clusters * 18}}); err != nil {
		b.Fatal(err)
	}
	for i := range clusters {
		name := fmt.Sprint("c", i)
		if _, err := s.Place(east, flow(name, spot("task", 20)), Placed{Ready: true}); err != nil {
			b.Fatal(err)
		}
		for j, to := range []int{25, 15} {
			if err := s.Follow(east, Actor{Name: "bench", Kind: Terraform, Cluster: name, Counts: map[string]int{"task": to}, Every: 20 * time.Minute,
				From: s.Now().Add(time.Duration(10*j)*time.Minute + time.Duration(i)*time.Second)}); err != nil {
				b.Fatal(err)
			}
		}
	}
	hours := 0
	b.ReportAllocs()
	for b.Loop() {
		s.AdvanceTo(s.Now().Add(time.Hour))
		hours += clusters
	}
	b.ReportMetric(float64(hours)/b.Elapsed().Seconds(), "cluster-hours/s")
}

// BenchmarkQuietFleet is the same fleet with nothing to do.
func BenchmarkQuietFleet(b *testing.B) {
	const clusters = 100
	s := New(Options{})
	for i := range clusters {
		if _, err := s.Place(east, flow(fmt.Sprint("c", i), spot("task", 20)), Placed{Ready: true}); err != nil {
			b.Fatal(err)
		}
	}
	hours := 0
	for b.Loop() {
		s.AdvanceTo(s.Now().Add(time.Hour))
		hours += clusters
	}
	b.ReportMetric(float64(hours)/b.Elapsed().Seconds(), "cluster-hours/s")
}

// BenchmarkWeekUnderLoad simulates weeks of 20 clusters that work: about 190 jobs a day each, in a daily rhythm, on up to 30 nodes, of which
// Spot takes some back now and then; and somebody resizes each twice a day. It reports simulated cluster-weeks a second.
func BenchmarkWeekUnderLoad(b *testing.B) {
	const clusters = 20
	daily := make([]float64, 24)
	for h := range daily {
		daily[h] = 0.2
		if h >= 8 && h < 18 {
			daily[h] = 2
		}
	}
	load := Load{Streams: []JobStream{{Name: "etl", Rate: 8, Daily: daily, Weekend: 0.5, Work: Dist{30 * time.Minute, 4 * time.Hour, 20 * time.Hour}, Width: Between{4, 60}}},
		Bursts: []JobBurst{{Name: "nightly", At: 18 * time.Hour, Every: 24 * time.Hour, Jobs: 20, Over: 10 * time.Minute, Work: Dist{time.Hour, 3 * time.Hour, 9 * time.Hour}, Width: Between{10, 40}}}}
	b.ReportAllocs()
	weeks := 0
	for b.Loop() {
		s := New(Options{Unthrottled: true, Timing: Timing{SpotLife: Dist{6 * time.Hour, 48 * time.Hour, 200 * time.Hour}}})
		for i := range clusters {
			name := fmt.Sprint("c", i)
			if _, err := s.Place(east, flow(name, spot("task", 20)), Placed{Ready: true}); err != nil {
				b.Fatal(err)
			}
			if err := s.SetLoad(east, name, load); err != nil {
				b.Fatal(err)
			}
			for j, to := range []int{28, 8} {
				if err := s.Follow(east, Actor{Name: "bench", Kind: Terraform, Cluster: name, Counts: map[string]int{"task": to}, Every: 24 * time.Hour,
					From: s.Now().Add(time.Duration(12*j)*time.Hour + time.Duration(i)*time.Minute)}); err != nil {
					b.Fatal(err)
				}
			}
		}
		s.AdvanceTo(s.Now().Add(7 * 24 * time.Hour))
		if jobs := s.Jobs(east, "c0"); len(jobs) < 500 {
			b.Fatalf("%d jobs", len(jobs))
		}
		weeks += clusters
	}
	b.ReportMetric(float64(weeks)/b.Elapsed().Seconds(), "cluster-weeks/s")
}

// BenchmarkGetMetricData reads 500 series over an hour, 4 of each of 125 clusters under load, as one call.
func BenchmarkGetMetricData(b *testing.B) {
	s := New(Options{Unthrottled: true})
	in := &shapes.GetMetricDataInput{ScanBy: ptr("TimestampAscending")}
	for i := range 125 {
		id, err := s.Place(east, flow(fmt.Sprint("c", i), spot("task", 20)), Placed{Ready: true})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.SetLoad(east, id, Load{Streams: []JobStream{{Rate: 30, Work: Fixed(time.Hour), Width: Between{4, 40}}}}); err != nil {
			b.Fatal(err)
		}
		for j, name := range []string{"IsIdle", "ContainerPendingRatio", "YARNMemoryAvailablePercentage", "AppsPending"} {
			in.MetricDataQueries = append(in.MetricDataQueries, query(fmt.Sprintf("q%d_%d", i, j), ofCluster(name, id), "Average", 5*time.Minute))
		}
	}
	s.AdvanceTo(s.Now().Add(24 * time.Hour))
	in.StartTime, in.EndTime = shapes.At(s.Now().Add(-time.Hour)), shapes.At(s.Now())
	b.ReportAllocs()
	for b.Loop() {
		out, err := s.Do(east, "GetMetricData", in)
		if err != nil {
			b.Fatal(err)
		}
		if r := out.(*shapes.GetMetricDataOutput).MetricDataResults; len(r) != 500 || len(r[499].Values) < 10 {
			b.Fatalf("%d series, %d points in the last", len(r), len(r[len(r)-1].Values))
		}
	}
}
