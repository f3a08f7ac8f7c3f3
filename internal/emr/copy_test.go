package emr

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func volumes(n int, v Volume) []Volume { return slices.Repeat([]Volume{v}, n) }

// R7: the new group has the configuration of the one it stands in for.
func TestR7Copy(t *testing.T) {
	gp3, io1 := Volume{Type: "gp3", Size: 100, Iops: 3000, Throughput: 125}, Volume{Type: "io1", Size: 50, Iops: 2000}
	good := []Configuration{{Classification: "yarn-site", Properties: map[string]string{"a": "1"}}}
	bad := []Configuration{{Classification: "yarn-site", Properties: map[string]string{"a": "broken"}}}
	base := Group{ID: "ig-1", Name: "Task - 3", Role: Task, Market: OnDemand, InstanceType: "m5.xlarge", Requested: 9, Running: 6, State: GroupResizing}
	want := GroupConfig{Name: "new", Role: Task, Market: OnDemand, InstanceType: "m5.xlarge", Count: 3}
	for _, c := range []struct {
		name string
		from func(*Group)
		to   func(*GroupConfig)
	}{
		{"plain", func(*Group) {}, func(*GroupConfig) {}},
		{"a core group's copy is a task group", func(g *Group) { g.Role = Core }, func(*GroupConfig) {}},
		{"no market is On-Demand", func(g *Group) { g.Market = "" }, func(*GroupConfig) {}},
		{"Spot with a bid", func(g *Group) { g.Market, g.BidPrice = Spot, "0.12" }, func(c *GroupConfig) { c.Market, c.BidPrice = Spot, "0.12" }},
		{"Spot without a bid", func(g *Group) { g.Market = Spot }, func(c *GroupConfig) { c.Market = Spot }},
		{"On-Demand drops a bid", func(g *Group) { g.BidPrice = "0.12" }, func(*GroupConfig) {}},
		{"AMI and EBS optimisation", func(g *Group) { g.CustomAMI, g.EbsOptimized = "ami-1", true }, func(c *GroupConfig) { c.CustomAMI, c.EbsOptimized = "ami-1", true }},
		{"a custom scaling policy is not copied", func(g *Group) { g.CustomScaling = true }, func(*GroupConfig) {}},
		{"volumes are counted per specification", func(g *Group) { g.Volumes = slices.Concat(volumes(2, gp3), volumes(1, io1), volumes(1, gp3)) },
			func(c *GroupConfig) { c.Volumes = []VolumeConfig{{gp3, 3}, {io1, 1}} }},
		{"equal sizes of other throughput stay apart", func(g *Group) {
			fast := gp3
			fast.Throughput = 500
			g.Volumes = []Volume{fast, gp3}
		}, func(c *GroupConfig) {
			fast := gp3
			fast.Throughput = 500
			c.Volumes = []VolumeConfig{{gp3, 1}, {fast, 1}}
		}},
		{"configurations that applied", func(g *Group) {
			g.Configurations, g.ConfigurationsVersion, g.LastGood, g.LastGoodVersion = good, 2, good, 2
		}, func(c *GroupConfig) { c.Configurations = good }},
		{"configurations that failed: the last good ones", func(g *Group) {
			g.Configurations, g.ConfigurationsVersion, g.LastGood, g.LastGoodVersion = bad, 3, good, 2
		}, func(c *GroupConfig) { c.Configurations = good }},
		{"configurations without versions", func(g *Group) { g.Configurations = good }, func(c *GroupConfig) { c.Configurations = good }},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, to := base, want
			c.from(&g)
			c.to(&to)
			if diff := cmp.Diff(to, Copy(g, "new", 3)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// R7: the order in which EMR lists the volumes does not matter, and no volume is lost.
func TestR7CopyOrder(t *testing.T) {
	volume := rapid.Custom(func(t *rapid.T) Volume {
		return Volume{
			Type: rapid.SampledFrom([]string{"gp2", "gp3", "io1"}).Draw(t, "type"), Size: rapid.IntRange(1, 3).Draw(t, "size"),
			Iops: rapid.IntRange(0, 2).Draw(t, "iops"), Throughput: rapid.IntRange(0, 2).Draw(t, "throughput"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(volume, 0, 12).Draw(t, "volumes")
		shuffled := rapid.Permutation(list).Draw(t, "shuffled")
		a, b := Copy(Group{Volumes: list}, "n", 1), Copy(Group{Volumes: shuffled}, "n", 1)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("the order matters:\n%s", diff)
		}
		n := 0
		for _, v := range a.Volumes {
			n += v.Count
		}
		if n != len(list) {
			t.Fatalf("%d volumes became %d", len(list), n)
		}
	})
}
