package guard

import (
	"slices"
	"testing"
	"time"

	"emrguard/internal/emr"
)

// TestR11_AGroupListedTwice is about pages that come twice: the same values count once, others make the read unusable.
func TestR11_AGroupListedTwice(t *testing.T) {
	master := emr.Group{ID: "ig-M", Role: emr.Master, Requested: 1, Running: 1, State: emr.GroupRunning}
	task := emr.Group{ID: "ig-T", Role: emr.Task, Requested: 9, Running: 6, State: emr.GroupResizing, Configurations: []emr.Configuration{{Classification: "yarn-site"}}}
	same, arrived := task, task
	same.Configurations = slices.Clone(task.Configurations)
	arrived.Running = 7
	for name, c := range map[string]struct {
		groups   []emr.Group
		unusable string
	}{
		"a page twice":      {[]emr.Group{master, task, master, same}, ""},
		"three times":       {[]emr.Group{master, task, task, task}, ""},
		"other values":      {[]emr.Group{master, task, master, arrived}, "group ig-T is listed twice, with different values"},
		"the same again":    {[]emr.Group{master, task, arrived, task}, "group ig-T is listed twice, with different values"},
		"only one has them": {[]emr.Group{master, arrived, task}, "group ig-T is listed twice, with different values"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &decider{}
			groups := once(c.groups)
			if reason := d.unusable(Read{Groups: groups}); reason != c.unusable {
				t.Errorf("unusable because %q, want %q", reason, c.unusable)
			}
			if c.unusable == "" && len(groups) != 2 {
				t.Errorf("%d groups, want 2", len(groups))
			}
		})
	}
}

// TestR4_AnInstanceListedTwice is about the instances of pages that come twice: each counts once, as it was last.
func TestR4_AnInstanceListedTwice(t *testing.T) {
	ready := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	at := func(id emr.InstanceID, s emr.InstanceState) emr.Instance {
		i := emr.Instance{ID: id, EC2: "i-" + string(id), Group: "ig-T", State: s}
		if s == emr.InstanceRunning {
			i.Ready = ready
		}
		return i
	}
	for name, c := range map[string]struct{ list, want []emr.Instance }{
		"no instance":    {nil, nil},
		"none twice":     {[]emr.Instance{at("b", emr.InstanceRunning), at("a", emr.InstanceAwaiting)}, []emr.Instance{at("b", emr.InstanceRunning), at("a", emr.InstanceAwaiting)}},
		"the same":       {[]emr.Instance{at("a", emr.InstanceBootstrapping), at("b", emr.InstanceRunning), at("a", emr.InstanceBootstrapping)}, []emr.Instance{at("a", emr.InstanceBootstrapping), at("b", emr.InstanceRunning)}},
		"it arrived":     {[]emr.Instance{at("a", emr.InstanceBootstrapping), at("a", emr.InstanceRunning)}, []emr.Instance{at("a", emr.InstanceRunning)}},
		"an older page":  {[]emr.Instance{at("a", emr.InstanceRunning), at("a", emr.InstanceProvisioning)}, []emr.Instance{at("a", emr.InstanceRunning)}},
		"it ended":       {[]emr.Instance{at("a", emr.InstanceRunning), at("a", emr.InstanceTerminated)}, []emr.Instance{at("a", emr.InstanceTerminated)}},
		"unknown states": {[]emr.Instance{at("a", "NEW"), at("a", emr.InstanceAwaiting)}, []emr.Instance{at("a", emr.InstanceAwaiting)}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newest(c.list); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
