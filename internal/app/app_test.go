package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/store"
)

func TestRunRepairsAStuckGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watch := newWorld(t, "demo"), newSeen()
		stop := start(t, w.app(t, oneScope, func(o *Options) { o.Watch = watch }))
		time.Sleep(100 * time.Minute)
		if took, err := stop(); err != nil || took > 5*time.Second {
			t.Errorf("Run ended with %v after %s", err, took)
		}
		for name, want := range map[string]int{"web-logs": 11, "etl": 13, "reports": 12} {
			if c := w.truth(t, name); c.Workers != want {
				t.Errorf("%s has %d workers, want %d", name, c.Workers, want)
			}
		}
		if watch.kinds["recovery.open"] == 0 || watch.scope().Clusters != 3 {
			t.Errorf("records %v, last snapshot %+v", watch.kinds, watch.last)
		}
	})
}

func TestDryRunChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watch := newWorld(t, "demo"), newSeen()
		stop := start(t, w.app(t, oneScope, func(o *Options) { o.Watch, o.DryRun = watch, true }))
		time.Sleep(time.Hour)
		if _, err := stop(); err != nil {
			t.Fatal(err)
		}
		if n := len(w.changes()); n > 0 || watch.kinds["would.recover"] != 2 {
			t.Errorf("%d changes were sent; records %v", n, watch.kinds)
		}
	})
}

func TestSecondGuardWaitsForTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "demo")
		first, second := newSeen(), newSeen()
		stopFirst := start(t, w.app(t, oneScope, func(o *Options) { o.Watch = first }))
		time.Sleep(time.Second)
		stopSecond := start(t, w.app(t, oneScope, func(o *Options) { o.Watch = second }))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if !first.scope().Listed || second.scope().Held {
			t.Fatalf("first %+v, second %+v", first.scope(), second.scope())
		}
		if _, err := stopFirst(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second) // a released lease is found at the next attempt, a third of its term later
		synctest.Wait()
		if !second.scope().Listed {
			t.Errorf("the second did not take over: %+v", second.scope())
		}
		time.Sleep(time.Hour)
		if _, err := stopSecond(); err != nil {
			t.Fatal(err)
		}
		if c := w.truth(t, "etl"); c.Workers != 13 || c.GroupsAdded != 1 {
			t.Errorf("etl has %d workers and %d new groups", c.Workers, c.GroupsAdded)
		}
	})
}

// holdChanges makes every change wait for release, and tells when the first one began.
func (w *world) holdChanges(release <-chan struct{}) (began <-chan struct{}) {
	first := make(chan struct{}, 100)
	w.before = func(ctx context.Context, c emr.Call) *emr.Error {
		if !c.Op.Writes() {
			return nil
		}
		first <- struct{}{}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return &emr.Error{Class: emr.Unavailable, Message: "cut off"}
		}
	}
	return first
}

func TestShutdownSavesTheAnswerUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "demo")
		release := make(chan struct{})
		began := w.holdChanges(release)
		stop := start(t, w.app(t, oneScope))
		<-began
		time.AfterFunc(2*time.Second, func() { close(release) })
		took, err := stop()
		if err != nil || took < 2*time.Second || took > 3*time.Second {
			t.Errorf("Run ended with %v after %s, want 2s", err, took)
		}
		for _, name := range []string{"j-2ETL000000002", "j-3REPORTS00003"} {
			doc, err := w.store.Load(t.Context(), store.Key{Scope: "prod", Cluster: name})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(doc.Body.String(), `"pending":{`) {
				t.Errorf("%s has a change without an answer: %s", name, doc.Body)
			}
		}
		leases, err := w.store.Leases(t.Context())
		if err != nil || len(leases) != 1 || leases[0].Owner != "" {
			t.Errorf("leases %+v, %v", leases, err)
		}
	})
}

func TestShutdownDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "demo")
		began := w.holdChanges(nil)
		stop := start(t, w.app(t, oneScope))
		<-began
		if took, err := stop(); err != nil || took >= 5*time.Second {
			t.Errorf("Run ended with %v after %s, want under 5s", err, took)
		}
	})
}

func TestCallIsNotSentAfterItsTime(t *testing.T) {
	w := &world{before: func(context.Context, emr.Call) *emr.Error {
		t.Error("the call was sent")
		return nil
	}}
	clock, watch := RealClock(), newSeen()
	s := newSender(clock, map[string]Caller{"prod": w}, watch, untraced{})
	now := clock.Now()
	for name, c := range map[string]engine.Call{
		"monotonic": {ID: 1, Scope: "prod", SendBy: now.Mono, WallBy: now.Wall.Add(time.Hour)},
		"wall":      {ID: 2, Scope: "prod", SendBy: now.Mono + time.Hour, WallBy: now.Wall},
	} {
		if done := s.attempt(t.Context(), w, c); done.ID != c.ID || done.Result.Err == nil || done.Result.Err.Class != emr.NotSent {
			t.Errorf("%s: %+v", name, done)
		}
	}
	if watch.classes[emr.NotSent] != 2 {
		t.Errorf("the observer saw %v", watch.classes)
	}
}

// broken is a Caller that breaks down.
type broken struct{}

func (broken) Do(context.Context, emr.Call) emr.Result { panic("a bug") }

func TestBreakdownOfAClientIsAnUnknownOutcome(t *testing.T) {
	clock := RealClock()
	s := newSender(clock, map[string]Caller{"prod": broken{}}, newSeen(), untraced{})
	now := clock.Now().Add(time.Hour)
	done := s.attempt(t.Context(), broken{}, engine.Call{ID: 7, Scope: "prod", SendBy: now.Mono, WallBy: now.Wall})
	if done.ID != 7 || !done.Result.Err.OutcomeUnknown() || !strings.Contains(done.Result.Err.Message, "a bug") {
		t.Errorf("%+v", done)
	}
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watch := newWorld(t, "demo"), newSeen()
		a := w.app(t, strings.Replace(oneScope, "enforce", "observe", 1), func(o *Options) { o.Watch = watch })
		stop := start(t, a)
		time.Sleep(time.Hour)
		if n := len(w.changes()); n > 0 {
			t.Fatalf("%d changes in observe mode", n)
		}
		lines, err := a.Reload(t.Context(), parse(t, oneScope))
		if err != nil || len(lines) != 1 || !strings.Contains(lines[0], "enforce") {
			t.Errorf("reload said %q, %v", lines, err)
		}
		time.Sleep(2 * time.Hour)
		if _, err := stop(); err != nil {
			t.Fatal(err)
		}
		if c := w.truth(t, "etl"); c.Workers != 13 {
			t.Errorf("etl has %d workers", c.Workers)
		}
		if _, err := a.Reload(t.Context(), parse(t, oneScope)); err == nil {
			t.Error("an app that has ended took a configuration")
		}
	})
}

func TestReloadOfScopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watch := newWorld(t, "demo"), newSeen()
		a := w.app(t, oneScope, func(o *Options) { o.Watch = watch })
		stop := start(t, a)
		time.Sleep(10 * time.Minute)
		two := strings.Replace(oneScope, "api_share: 1}", "api_share: 0.6}, {name: west, region: us-west-2}", 1)
		if lines, err := a.Reload(t.Context(), parse(t, two)); err != nil || len(lines) != 2 {
			t.Errorf("reload said %q, %v", lines, err)
		}
		time.Sleep(2 * time.Minute)
		leases, err := w.store.Leases(t.Context())
		if err != nil || len(leases) != 2 || !leases[0].Held(time.Now()) || !leases[1].Held(time.Now()) {
			t.Errorf("leases %+v, %v", leases, err)
		}
		if lines, err := a.Reload(t.Context(), parse(t, oneScope)); err != nil || len(lines) != 2 {
			t.Errorf("reload said %q, %v", lines, err)
		}
		time.Sleep(90 * time.Minute)
		if _, err := stop(); err != nil {
			t.Fatal(err)
		}
		if c := w.truth(t, "etl"); c.Workers != 13 || c.GroupsAdded != 1 {
			t.Errorf("etl has %d workers and %d new groups", c.Workers, c.GroupsAdded)
		}
	})
}

func TestReloadIsRefusedWhole(t *testing.T) {
	w := newWorld(t, "demo")
	a := w.app(t, oneScope, func(o *Options) {
		dial := o.Dial
		o.Dial = func(ctx context.Context, s config.Scope) (Caller, error) {
			if s.Name != "prod" {
				return nil, errors.New("no such profile")
			}
			return dial(ctx, s)
		}
	})
	two := strings.Replace(oneScope, "api_share: 1}", "api_share: 0.6}, {name: west, region: us-west-2}", 1)
	if _, err := a.Reload(t.Context(), parse(t, two)); err == nil || err.Error() != "scope west: no such profile" {
		t.Errorf("got %v", err)
	}
	if n := len(a.Config().Scopes); n != 1 {
		t.Errorf("%d scopes are in force", n)
	}
}

// fragile is a store that breaks down in the middle of a step.
type fragile struct{ store.Store }

func (fragile) LoadScope(context.Context, string) ([]store.Document, error) {
	panic("a bug in the store")
}

func TestBreakdownOfTheLoopEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watch := newWorld(t, "demo"), newSeen()
		err := w.app(t, oneScope, func(o *Options) { o.Watch, o.Store = watch, fragile{w.store} }).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "a bug in the store") || watch.failed == nil {
			t.Errorf("Run ended with %v; the observer was told %v", err, watch.failed)
		}
	})
}

func TestPruneHourly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, watch := newWorld(t, "demo"), newSeen()
		stop := start(t, w.app(t, "history: {keep: 24h}\n"+oneScope, func(o *Options) { o.Watch = watch }))
		rows := func() int {
			list, err := w.store.History(t.Context(), store.Query{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		time.Sleep(23 * time.Hour)
		before := rows()
		time.Sleep(6 * time.Hour) // the story, with the ends of its bans, is over within four
		if after := rows(); before < 20 || after > 0 {
			t.Errorf("%d rows after 23 hours, %d after 29", before, after)
		}
		if _, err := stop(); err != nil {
			t.Fatal(err)
		}
		if watch.pruned != 29 {
			t.Errorf("pruned %d times, want 29", watch.pruned)
		}
	})
}

func TestPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "demo")
		sum, err := w.app(t, oneScope).Pass(t.Context(), nil)
		if err != nil || !sum.Finished || sum.Scopes[0].Clusters != 3 || sum.Changes != 0 {
			t.Fatalf("%+v, %v", sum, err)
		}
		time.Sleep(31 * time.Minute) // groups got stuck meanwhile, and nobody looked
		total := 0
		for range 40 {
			began := time.Now()
			sum, err := w.app(t, oneScope).Pass(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("a pass took %s", took)
			}
			total += sum.Changes
			time.Sleep(time.Minute)
		}
		if c := w.truth(t, "etl"); c.Workers != 13 {
			t.Errorf("etl has %d workers after 40 passes and %d changes", c.Workers, total)
		}
	})
}

func TestPassBesideADaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "demo")
		stop := start(t, w.app(t, oneScope, func(o *Options) { o.Note = "host a, pid 1" }))
		time.Sleep(time.Second)
		began := time.Now()
		_, err := w.app(t, oneScope).Pass(t.Context(), nil)
		if !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), "scope prod is held by host a, pid 1 until ") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("that took %s", took)
		}
		if _, err := stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPassOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "demo")
		w.before = func(context.Context, emr.Call) *emr.Error {
			return &emr.Error{Class: emr.Denied, Code: "AccessDenied", Message: "not you"}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := w.app(t, oneScope).Pass(ctx, nil)
		want := "the pass did not finish within 1m0s: the clusters of scope prod were not listed; last problem: ListClusters: AccessDenied: not you"
		if err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	})
}

func TestFastClockNeedsLoopback(t *testing.T) {
	clock, err := NewClock(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), 600)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ENDPOINT_URL", "")
	_, err = New(t.Context(), Options{Config: parse(t, oneScope), Clock: clock, Store: newWorld(t, "demo").store})
	if err == nil || !strings.Contains(err.Error(), "scope prod: the guard's clock may only be changed for a simulator") {
		t.Errorf("got %v", err)
	}
}

func TestDialProblemsComeTogether(t *testing.T) {
	two := "listen: none\nscopes: [{name: a, region: us-east-1}, {name: b, region: eu-west-1}]\n"
	dial := func(_ context.Context, s config.Scope) (Caller, error) { return nil, errors.New("no " + s.Name) }
	_, err := New(t.Context(), Options{Config: parse(t, two), Dial: dial})
	if err == nil || err.Error() != "scope a: no a\nscope b: no b" {
		t.Errorf("got %v", err)
	}
}

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
		c, err := NewClock(start, 600)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if now := c.Now(); !now.Wall.Equal(start.Add(10*time.Minute)) || now.Mono != 10*time.Minute {
			t.Errorf("after a second it shows %v", now)
		}
		if d := c.Until(20 * time.Minute); d != time.Second {
			t.Errorf("ten minutes on is in %s", d)
		}
		for _, speed := range []float64{0, 0.5, -1, MaxSpeed + 1} {
			if _, err := NewClock(start, speed); err == nil {
				t.Errorf("speed %v was accepted", speed)
			}
		}
	})
}
