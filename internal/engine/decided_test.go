package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// op is the operation of a call that was sent.
func (l *lab) op(id uint64) emr.Op {
	for _, s := range l.sent {
		if s.id == id {
			return s.call.Op
		}
	}
	return ""
}

// ops are the operations of calls that were sent.
func (l *lab) ops(ids []uint64) string {
	var out []string
	for _, id := range ids {
		out = append(out, string(l.op(id)))
	}
	return strings.Join(out, " ")
}

// wrote is the decision that wrote a record of a kind.
func (l *lab) wrote(kind string) Decided {
	l.t.Helper()
	for _, d := range l.decided {
		if slices.ContainsFunc(d.Records, func(r store.Record) bool { return r.Kind == kind }) {
			return d
		}
	}
	l.t.Fatalf("no decision wrote %s", kind)
	return Decided{}
}

// A decision leads back to the reads that it rests on and forward to its call, also if its answer had to wait for the store.
func TestDecisionsAreLinkedToTheirCalls(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	a := &stuckAWS{requested: 9}
	l.aws = func(scope string, c emr.Call) emr.Result {
		if c.Op == emr.ListInstances && c.Marker == "" {
			return emr.Result{Marker: "more"}
		}
		return a.answer(scope, c)
	}
	failing := 0
	l.store.fail = func(s store.Save) error {
		for _, r := range s.Records {
			if r.Kind == "answer.add" && failing < 20 {
				failing++
				return fmt.Errorf("save: %w", store.ErrFull)
			}
		}
		return nil
	}
	l.run(time.Hour)
	stop, answer, add, added := l.wrote("call.stop"), l.wrote("answer.stop"), l.wrote("call.add"), l.wrote("answer.add")
	for name, got := range map[string]struct{ got, want any }{
		"call of the stop":                        {l.op(stop.Call), emr.ModifyInstanceGroups},
		"reads of the stop":                       {l.ops(stop.Causes), "ListInstanceGroups DescribeCluster GetManagedScalingPolicy ListInstances ListInstances"},
		"cause of its answer":                     {answer.Causes[len(answer.Causes)-1], stop.Call},
		"call of the launch":                      {l.op(add.Call), emr.AddInstanceGroups},
		"cause of the answer that was saved late": {added.Causes[len(added.Causes)-1], add.Call},
		"times that it was not saved":             {failing, 20},
		"scope and cluster":                       {stop.Scope + " " + string(stop.Cluster), "prod j-STUCK"},
	} {
		if got.got != got.want {
			t.Errorf("%s: %v, want %v", name, got.got, got.want)
		}
	}
	var kinds []string
	for _, d := range l.decided {
		for _, r := range d.Records {
			kinds = append(kinds, r.Kind)
		}
		for _, c := range d.Causes {
			if l.op(c) == "" {
				t.Errorf("a decision rests on call %d, which was not sent", c)
			}
		}
	}
	if !slices.Equal(kinds, l.kinds) {
		t.Errorf("the decisions wrote %v, want %v", kinds, l.kinds)
	}
}
