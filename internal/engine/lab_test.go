package engine

import (
	"context"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// lab steps one engine against an AWS that is a function.
type lab struct {
	t       *testing.T
	store   *faultyStore
	engine  *Engine
	now     Now
	aws     func(scope string, c emr.Call) emr.Result
	sent    []sentCall
	faults  []Fault
	done    []Completion
	kinds   []string // of the records
	decided []Decided
	fates   []Fate // of messages
	hang    func(emr.Call) bool
}

type sentCall struct {
	id    uint64
	at    time.Duration
	scope string
	call  emr.Call
}

// faultyStore fails saves on demand.
type faultyStore struct {
	*memory.Store
	fail func(store.Save) error
}

func (f *faultyStore) Save(ctx context.Context, s store.Save) error {
	if f.fail != nil {
		if err := f.fail(s); err != nil {
			return err
		}
	}
	return f.Store.Save(ctx, s)
}

func newLab(t *testing.T, s *memory.Store, scopes ...string) *lab {
	t.Helper()
	l := &lab{t: t, store: &faultyStore{Store: s}, now: Now{Wall: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}}
	l.aws = answerer{perScope: 3}.answer
	o := Options{Store: l.store, Policy: steadyPolicy{}, Owner: t.Name()}
	for _, name := range scopes {
		o.Scopes = append(o.Scopes, Scope{Name: name, Sweep: 5 * time.Minute})
	}
	l.engine = New(o)
	return l
}

// run lets d pass; answers take 50 ms.
func (l *lab) run(d time.Duration) {
	l.t.Helper()
	until := l.now.Mono + d
	for l.now.Mono < until {
		out := l.engine.Step(l.t.Context(), l.now, l.done)
		l.done = nil
		l.faults = append(l.faults, out.Faults...)
		l.decided = append(l.decided, out.Decided...)
		for _, r := range out.Received {
			l.fates = append(l.fates, r.Fate)
		}
		for _, r := range out.Records {
			l.kinds = append(l.kinds, r.Kind)
		}
		for _, c := range out.Calls {
			l.sent = append(l.sent, sentCall{c.ID, l.now.Mono, c.Scope, c.Call})
			if l.hang != nil && l.hang(c.Call) {
				continue // no answer, as long as the test looks
			}
			l.done = append(l.done, Completion{ID: c.ID, Result: l.aws(c.Scope, c.Call), Began: l.now, Ended: l.now.Add(50 * time.Millisecond)})
		}
		next := out.Next.Mono
		if len(l.done) > 0 {
			next = l.now.Mono + 50*time.Millisecond
		}
		next = min(max(next, l.now.Mono+time.Millisecond), until)
		l.now = l.now.Add(next - l.now.Mono)
	}
}

// count is how many calls of an operation were sent, in a scope or in all.
func (l *lab) count(scope string, op emr.Op) int {
	n := 0
	for _, s := range l.sent {
		if s.call.Op == op && (scope == "" || s.scope == scope) {
			n++
		}
	}
	return n
}

// stuckAWS answers for one cluster whose task group is asked for 9 and runs 6, until it is stopped.
type stuckAWS struct {
	requested int
	added     []emr.Group
}

func (a *stuckAWS) answer(_ string, c emr.Call) emr.Result {
	task := emr.Group{ID: "ig-T", Name: "task", Role: emr.Task, Market: emr.Spot, InstanceType: "m5.xlarge", Requested: a.requested, Running: 6, State: emr.GroupRunning}
	if a.requested > 6 {
		task.State = emr.GroupResizing
	}
	switch c.Op {
	case emr.ListClusters:
		return emr.Result{Clusters: []emr.ClusterSummary{{ID: "j-STUCK", Name: "etl", State: emr.ClusterWaiting}}}
	case emr.DescribeCluster:
		return emr.Result{Cluster: &emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: c.Cluster, Name: "etl", State: emr.ClusterWaiting}, Collection: emr.Groups}}
	case emr.ListInstanceGroups:
		master := emr.Group{ID: "ig-M", Role: emr.Master, Requested: 1, Running: 1, State: emr.GroupRunning, InstanceType: "m5.xlarge"}
		return emr.Result{Groups: append([]emr.Group{master, task}, a.added...)}
	case emr.ModifyInstanceGroups:
		a.requested = c.Count
	case emr.AddInstanceGroups:
		g := emr.Group{ID: "ig-F", Name: c.Config.Name, Role: emr.Task, Market: emr.Spot, InstanceType: "m5.xlarge", Requested: c.Config.Count, Running: c.Config.Count, State: emr.GroupRunning}
		a.added = append(a.added, g)
		return emr.Result{Added: g.ID}
	}
	return emr.Result{}
}

// isWrite says whether a save carries a change that is about to be sent.
func isWrite(s store.Save) bool {
	for _, r := range s.Records {
		if len(r.Kind) > 5 && r.Kind[:5] == "call." {
			return true
		}
	}
	return false
}

// offPolicy leaves every cluster alone once its tags are known.
type offPolicy struct{ steadyPolicy }

func (offPolicy) For(string, emr.Cluster) Effective {
	e := steadyPolicy{}.For("", emr.Cluster{})
	e.Mode = guard.Off
	return e
}
