package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// troubled is a lab whose AWS fails where spoil says so, with dates that are off by a skew.
func troubled(t *testing.T, s *memory.Store) (l *lab, spoil *func(emr.Call) *emr.Error, skew *time.Duration) {
	t.Helper()
	l = newLab(t, s, "prod")
	spoil, skew = new(func(emr.Call) *emr.Error), new(time.Duration)
	good := l.aws
	l.aws = func(scope string, c emr.Call) emr.Result {
		r := good(scope, c)
		if *spoil != nil {
			if err := (*spoil)(c); err != nil {
				r = emr.Result{Err: err}
			}
		}
		r.Date = l.now.Wall.Add(*skew)
		return r
	}
	return l, spoil, skew
}

// tells are the records of the lab that tell of troubles.
func (l *lab) tells() string {
	var out []string
	for _, kind := range l.kinds {
		if slices.ContainsFunc(troubleKinds, func(k troubleKind) bool { return k.begins == kind || k.ends == kind }) {
			out = append(out, kind)
		}
	}
	return strings.Join(out, " ")
}

// restart ends the lab's engine without its doing and starts another on the same store, an hour later.
func (l *lab) restart() {
	l.t.Helper()
	l.now = l.now.Add(time.Hour)
	o := l.engine.o
	o.Owner += " again"
	l.engine, l.done = New(o), nil
}

func failing(class emr.Class, ops ...emr.Op) func(emr.Call) *emr.Error {
	return func(c emr.Call) *emr.Error {
		if len(ops) > 0 && !slices.Contains(ops, c.Op) {
			return nil
		}
		return &emr.Error{Class: class, Message: "no " + string(c.Op)}
	}
}

// Each trouble of a scope is told once when it begins and once when it is over, however long it lasts, and a restart repeats neither.
func TestTroublesAreToldAtTheirBeginningAndEnd(t *testing.T) {
	of := func(cluster emr.ClusterID, f func(emr.Call) *emr.Error) func(emr.Call) *emr.Error {
		return func(c emr.Call) *emr.Error {
			if c.Cluster != cluster {
				return nil
			}
			return f(c)
		}
	}
	for name, c := range map[string]struct {
		queue string
		spoil func(emr.Call) *emr.Error
		skew  time.Duration
		lasts time.Duration // 0: 40 minutes
		want  string        // at the beginning, at the end
	}{
		"no permission at all":               {spoil: failing(emr.Denied), want: "scope.denied scope.allowed"},
		"no permission to list clusters":     {spoil: failing(emr.Denied, emr.ListClusters), want: "scope.denied scope.allowed"},
		"no permission to read groups":       {spoil: failing(emr.Denied, emr.ListInstanceGroups), want: "scope.denied scope.allowed"},
		"no permission to describe":          {spoil: failing(emr.Denied, emr.DescribeCluster), lasts: 7 * time.Hour, want: "scope.denied scope.allowed"},
		"no permission to read one cluster":  {spoil: of("j-prod00001", failing(emr.Denied)), want: "scope.denied scope.allowed"},
		"EMR is away":                        {spoil: failing(emr.Unavailable), want: "scope.unread scope.read"},
		"the way to EMR is gone":             {spoil: failing(emr.NotSent), want: "scope.unread scope.read"},
		"others take all of the rate":        {spoil: failing(emr.Throttled), want: "scope.unread scope.read"},
		"the queue is refused":               {queue: "https://sqs.example/q", spoil: failing(emr.Denied, emr.ReceiveMessage), want: "events.unread events.read"},
		"the queue is gone":                  {queue: "https://sqs.example/q", spoil: failing(emr.NotFound, emr.ReceiveMessage), want: "events.unread events.read"},
		"the queue is away":                  {queue: "https://sqs.example/q", spoil: failing(emr.Unavailable, emr.ReceiveMessage), want: "events.unread events.read"},
		"the clock is wrong":                 {skew: 90 * time.Second, want: "clock.skew clock.agrees"},
		"the clock is wrong by a day":        {skew: -24 * time.Hour, want: "clock.skew clock.agrees"},
		"nothing":                            {want: " "},
		"metrics are told of by the cluster": {spoil: failing(emr.Denied, emr.GetMetricData), want: " "},
	} {
		t.Run(name, func(t *testing.T) {
			l, spoil, skew := troubled(t, memory.New("abcdefgh"))
			l.engine.scopes[0].Queue, l.engine.o.Scopes[0].Queue = c.queue, c.queue
			l.run(20 * time.Minute)
			if got := l.tells(); got != "" {
				t.Fatalf("before all this: %s", got)
			}
			begins, _, _ := strings.Cut(c.want, " ")
			*spoil, *skew = c.spoil, c.skew
			l.run(cmp.Or(c.lasts, 40*time.Minute))
			if got := l.tells(); got != begins {
				t.Errorf("while it lasts: %s, want %s", got, begins)
			}
			if s := l.engine.Snapshot(l.now).Scopes[0]; s.Unread != (begins == "scope.unread") || s.Deaf != (begins == "events.unread") {
				t.Errorf("while it lasts the gauges have unread %t, deaf %t", s.Unread, s.Deaf)
			}
			l.restart()
			l.run(40 * time.Minute)
			if got := l.tells(); got != begins {
				t.Errorf("after a restart: %s, want %s", got, begins)
			}
			*spoil, *skew = nil, 0
			l.run(40 * time.Minute)
			if got := l.tells(); got != strings.TrimSpace(c.want) {
				t.Errorf("when it is over: %s, want %s", got, strings.TrimSpace(c.want))
			}
			if s := l.engine.Snapshot(l.now).Scopes[0]; s.Unread || s.Deaf {
				t.Errorf("when it is over the gauges have unread %t, deaf %t", s.Unread, s.Deaf)
			}
		})
	}
}

// A trouble that ended while nobody looked is told as ended by the next owner, and not before that has looked at everything.
func TestATroubleMayEndWhileNobodyLooks(t *testing.T) {
	l, spoil, _ := troubled(t, memory.New("abcdefgh"))
	*spoil = failing(emr.Denied, emr.ListInstanceGroups)
	l.run(10 * time.Minute)
	*spoil = nil
	l.restart()
	l.run(time.Second)
	if got := l.tells(); got != "scope.denied" {
		t.Errorf("at once: %s", got)
	}
	l.run(10 * time.Minute)
	if got := l.tells(); got != "scope.denied scope.allowed" {
		t.Errorf("in the end: %s", got)
	}
}

// A short failure is none, nor are many short ones.
func TestAShortFailureIsNoTrouble(t *testing.T) {
	l, spoil, _ := troubled(t, memory.New("abcdefgh"))
	for range 10 {
		*spoil = failing(emr.Unavailable)
		l.run(4 * time.Minute)
		*spoil = nil
		l.run(2 * time.Minute)
	}
	if got := l.tells(); got != "" {
		t.Errorf("told: %s", got)
	}
}

// What cannot be written down is not told, and told as soon as it can be; the store's trouble itself is a fault.
func TestATroubleThatCannotBeSavedIsToldLater(t *testing.T) {
	l, spoil, _ := troubled(t, memory.New("abcdefgh"))
	l.run(10 * time.Minute)
	l.store.fail = func(store.Save) error { return fmt.Errorf("disk: %w", store.ErrFull) }
	*spoil = failing(emr.Denied)
	l.run(10 * time.Minute)
	if got := l.tells(); got != "" || len(l.faults) == 0 || len(l.faults) > 400 {
		t.Errorf("told %q, %d faults", got, len(l.faults))
	}
	l.store.fail = nil
	l.run(2 * time.Minute)
	if got := l.tells(); got != "scope.denied" {
		t.Errorf("after that: %q", got)
	}
}

// An order for the whole scope and its troubles share a document and do not lose each other.
func TestAPauseAndATroubleShareADocument(t *testing.T) {
	l, spoil, _ := troubled(t, memory.New("abcdefgh"))
	l.run(time.Minute)
	pause := func(id, kind string) {
		if err := l.store.Submit(t.Context(), store.Order{ID: id, Scope: "prod", At: l.now.Wall, Body: []byte(`{"kind":"` + kind + `","author":"me"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	*spoil = failing(emr.Denied, emr.ListClusters)
	l.run(5 * time.Minute)
	pause("o1", "pause")
	l.run(time.Minute)
	*spoil = nil
	l.run(10 * time.Minute)
	whole := l.engine.scopes[0].whole
	if whole.Paused == nil || len(whole.Troubles) != 0 || l.tells() != "scope.denied scope.allowed" {
		t.Errorf("%+v, told %s", whole, l.tells())
	}
	*spoil = failing(emr.Denied, emr.ListClusters)
	l.run(5 * time.Minute)
	pause("o2", "resume")
	l.run(time.Minute)
	l.restart()
	l.run(time.Minute)
	if whole := l.engine.scopes[0].whole; whole.Paused != nil || len(whole.Troubles) != 1 || !strings.Contains(whole.Troubles[0].Reason, "AWS refuses ListClusters") {
		t.Errorf("%+v", whole)
	}
}

// A sweep that cannot keep up is told, once it has had the time for one, and when it does again.
func TestASlowSweepIsToldOnce(t *testing.T) {
	l := newLab(t, memory.New("abcdefgh"), "prod")
	l.aws = answerer{perScope: 300}.answer
	l.engine.o.Scopes[0].Share, l.engine.scopes[0].Share = 0.05, 0.05
	l.run(3 * time.Hour)
	if got := l.tells(); got != "sweep.late" {
		t.Errorf("told %q", got)
	}
	reason := l.engine.scopes[0].whole.Troubles[0].Reason
	if !strings.Contains(reason, "api_share") {
		t.Error(reason)
	}
	scope := l.engine.o.Scopes[0]
	scope.Share = 1
	if err := l.engine.SetScopes(t.Context(), l.now, []Scope{scope}); err != nil {
		t.Fatal(err)
	}
	l.run(2 * time.Hour)
	if got := l.tells(); got != "sweep.late sweep.timely" {
		t.Errorf("told %q", got)
	}
}

// A cluster whose stored state is broken is told of, by name, and of it alone.
func TestABrokenClusterIsTold(t *testing.T) {
	s := memory.New("abcdefgh")
	l := newLab(t, s, "prod")
	l.run(5 * time.Minute)
	docs, err := s.LoadScope(t.Context(), "prod")
	if err != nil || len(docs) == 0 {
		t.Fatal(err)
	}
	doc := slices.MinFunc(docs, func(a, b store.Document) int { return cmp.Compare(a.Cluster, b.Cluster) })
	good := doc.Body
	put := func(body store.Body) {
		t.Helper()
		lease, err := s.Acquire(t.Context(), "prod", "somebody", "", l.now.Wall, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if doc, err = s.Load(t.Context(), doc.Key); err != nil {
			t.Fatal(err)
		}
		doc.Body = body
		if err := errors.Join(s.Save(t.Context(), store.Save{Lease: lease, Docs: []store.Document{doc}}), s.Release(t.Context(), lease)); err != nil {
			t.Fatal(err)
		}
	}
	l.restart()
	put(store.Text(`{"schema":1}`))
	l.run(5 * time.Minute)
	if got := l.tells(); got != "scope.broken" || !strings.Contains(l.engine.scopes[0].whole.Troubles[0].Reason, doc.Cluster+" is not guarded") {
		t.Errorf("told %q: %+v", got, l.engine.scopes[0].whole)
	}
	l.restart()
	put(good)
	l.run(5 * time.Minute)
	if got := l.tells(); got != "scope.broken scope.whole" {
		t.Errorf("told %q", got)
	}
}
