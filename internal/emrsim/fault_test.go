package emrsim

import (
	"errors"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim/shapes"
)

func TestFaultLines(t *testing.T) {
	for line, want := range map[string]string{
		"AddInstanceGroups call=2 lose-answer":                       "",
		"ListInstanceGroups rate=0.2 error=InternalFailure":          "ListInstanceGroups rate=0.2 error=InternalFailure/500",
		"ModifyInstanceGroups cluster=j-X ignore":                    "",
		"ModifyInstanceGroups error=InternalServerError":             "ModifyInstanceGroups error=InternalServerError/400",
		"* from=10m until=20m throttle":                              "* from=10m0s until=20m0s throttle",
		`ListInstances group="a b/\"c\"" call=2-4 error-after=X/599`: "",
		"  ListClusters\tcall=3-  delay=1m ":                         "ListClusters call=3- delay=1m0s",
		"ListInstanceGroups stale=30m":                               "ListInstanceGroups stale=30m0s",
		"ListInstanceGroups low=2":                                   "",
		"AddInstanceGroups late=2m":                                  "AddInstanceGroups late=2m0s",
	} {
		f, err := ParseFault(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if want == "" {
			want = line
		}
		if got := f.String(); got != want {
			t.Errorf("%s\n got %s\nwant %s", line, got, want)
		}
	}
}

func TestBadFaultLines(t *testing.T) {
	for line, want := range map[string]string{
		"":                                "column 1: a fault is an operation, conditions and an effect",
		"ListClusters":                    "column 1: a fault is an operation",
		"List-Clusters empty":             "column 1: \"List-Clusters\" is not an operation",
		"ListClusters rate=0.1":           "column 14: no effect is given",
		"ListClusters rate=0 empty":       "column 14: rate \"0\" is not over 0",
		"ListClusters rate=NaN empty":     "column 14: rate \"NaN\"",
		"ListClusters call=0 empty":       "column 14: call \"0\" is not a number from 1",
		"ListClusters call=4-2 empty":     "column 14: call \"4-2\"",
		"ListClusters empty throttle":     "column 20: a fault has one effect: empty and throttle are two",
		"ListClusters explode":            "column 14: \"explode\" is neither a condition",
		"ListClusters empty=1":            "column 14: empty takes no argument",
		"ListClusters error":              "column 14: error needs an error type",
		"ListClusters error=X/200":        "column 14: status \"200\" is not between 400 and 599",
		"ListClusters delay=soon":         "column 14: delay=soon is not a duration",
		"ListInstanceGroups stale=31m":    "the past is known for 30m0s only",
		"ListInstanceGroups low=0":        "low needs a number from 1",
		"ListClusters cluster= empty":     "cluster= needs an id or a name",
		"ListClusters cluster=\"x empty":  "column 22: the quoted value does not end",
		"ListClusters from=2m until=1m x": "is neither",
		"* from=2m until=1m empty":        "until=1m0s is not after from=2m0s",
		"AddInstanceGroups ignore":        "ignore fits only operations without output",
		"* ignore":                        "ignore fits only operations without output",
	} {
		_, err := ParseFault(line)
		if e := (*LineError)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	for _, line := range []string{"AddInstanceGroups call=2 lose-answer", `* cluster="a b" rate=0.5 from=1s until=2h error-after=X/503`, "X call=2-3 low=1"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		fault, err := ParseFault(line)
		if err != nil {
			if e := (*LineError)(nil); !errors.As(err, &e) || e.Column < 1 || e.Column > len(line)+1 {
				t.Fatalf("%q: %v", line, err)
			}
			return
		}
		again, err := ParseFault(fault.String())
		if err != nil || again != fault {
			t.Fatalf("%q is written %q: %+v, %v", line, fault, again, err)
		}
	})
}

// TestEffects shows what each effect does to a call and to the world.
func TestEffects(t *testing.T) {
	resize := func(w *world) Outcome {
		return w.Call(east, "ModifyInstanceGroups", &shapes.ModifyInstanceGroupsInput{ClusterId: &w.id,
			InstanceGroups: []shapes.InstanceGroupModifyConfig{{InstanceGroupId: ptr(w.truth("task").ID), InstanceCount: ptr(9)}}})
	}
	list := func(w *world) Outcome {
		return w.Call(east, "ListInstanceGroups", &shapes.ListInstanceGroupsInput{ClusterId: &w.id})
	}
	groups := func(o Outcome) []shapes.InstanceGroup { return o.Out.(*shapes.ListInstanceGroupsOutput).InstanceGroups }
	for _, c := range []struct {
		line  string
		call  func(*world) Outcome
		want  func(Outcome) bool
		after int // requested
	}{
		{"* throttle", resize, func(o Outcome) bool { return o.Err.Type == "ThrottlingException" }, 6},
		{"ModifyInstanceGroups error=InternalFailure", resize, func(o Outcome) bool { return o.Err.Status == 500 && !o.Drop }, 6},
		{"ModifyInstanceGroups error-after=InternalServerError/500", resize, func(o Outcome) bool { return o.Err.Status == 500 }, 9},
		{"ModifyInstanceGroups refuse", resize, func(o Outcome) bool { return o.Drop }, 6},
		{"ModifyInstanceGroups cluster=etl lose-answer", resize, func(o Outcome) bool { return o.Drop && o.Delay == 0 }, 9},
		{"ModifyInstanceGroups group=task hang", resize, func(o Outcome) bool { return o.Drop && o.Delay == 10*time.Minute }, 9},
		{"ModifyInstanceGroups late=90s", resize, func(o Outcome) bool { return o.Drop }, 6},
		{"ModifyInstanceGroups delay=20s", resize, func(o Outcome) bool { return o.Err == nil && !o.Drop && o.Delay == 20*time.Second }, 9},
		{"ModifyInstanceGroups ignore", resize, func(o Outcome) bool { return o.Err == nil && !o.Drop }, 6},
		{"ModifyInstanceGroups cluster=other throttle", resize, func(o Outcome) bool { return o.Err == nil }, 9},
		{"ModifyInstanceGroups group=core throttle", resize, func(o Outcome) bool { return o.Err == nil }, 9},
		{"ModifyInstanceGroups call=2 throttle", resize, func(o Outcome) bool { return o.Err == nil }, 9},
		{"ModifyInstanceGroups from=2h throttle", resize, func(o Outcome) bool { return o.Err == nil }, 9},
		{"ModifyInstanceGroups until=1h throttle", resize, func(o Outcome) bool { return o.Err == nil }, 9},
		{"ListInstanceGroups empty", list, func(o Outcome) bool { return o.Empty }, 6},
		{"ListInstanceGroups low=4", list, func(o Outcome) bool {
			return *groups(o)[0].RunningInstanceCount == 0 && *groups(o)[2].RunningInstanceCount == 2
		}, 6},
		{"ListInstanceGroups resizing", list, func(o Outcome) bool { return *groups(o)[2].Status.State == stateResizing }, 6},
		{"ListInstanceGroups lose-groups=1", list, func(o Outcome) bool { return len(groups(o)) == 2 }, 6},
		{"ListInstanceGroups lose-pages", list, func(o Outcome) bool { return len(groups(o)) == 3 }, 6},
	} {
		t.Run(c.line, func(t *testing.T) {
			w := newWorld(t, Options{}, spot("task", 6))
			w.wait(time.Hour)
			f, err := ParseFault(c.line)
			if err != nil {
				t.Fatal(err)
			}
			id := w.AddFault(f)
			if o := c.call(w); !c.want(o) {
				t.Errorf("outcome %+v %v", o, o.Err)
			}
			if g := w.truth("task"); g.Requested != c.after {
				t.Errorf("requested is %d after it", g.Requested)
			}
			if f.Effect == Late {
				w.wait(90 * time.Second)
				if g := w.truth("task"); g.Requested != 9 {
					t.Error("the late call did not land")
				}
			}
			if !w.RemoveFault(id) || w.RemoveFault(id) || len(w.Faults()) != 0 {
				t.Error("the fault does not go away once")
			}
		})
	}
}

func TestStaleRead(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 6))
	w.wait(time.Hour)
	_ = w.modify("task", 9)
	w.act(Action{Do: DoFault, Fault: "ListInstanceGroups call=1 stale=30s"})
	w.wait(29 * time.Second)
	for _, want := range []int{6, 9} {
		if got := *w.list()[2].RequestedInstanceCount; got != want {
			t.Errorf("%d requested, want %d", got, want)
		}
	}
	if st := w.Faults(); st[0].Hits != 1 || st[0].Seen != 2 {
		t.Errorf("%+v", st)
	}
	w.act(Action{Do: DoClearFaults})
	if len(w.Faults()) != 0 {
		t.Error("faults are left")
	}
}

func TestDoTellsOfALostAnswer(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 6))
	w.act(Action{Do: DoFault, Fault: "ListClusters call=1 refuse"})
	w.act(Action{Do: DoFault, Fault: "ListClusters call=2 empty"})
	if _, err := w.Do(east, "ListClusters", &shapes.ListClustersInput{}); err == nil || err.Status != 0 || err.Type != "NoAnswer" {
		t.Error(err)
	}
	if out, err := w.Do(east, "ListClusters", &shapes.ListClustersInput{}); err != nil || out.(*shapes.ListClustersOutput).Clusters != nil {
		t.Error(out, err)
	}
}
