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
