package desk

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/guard"
	"emrguard/internal/store"
)

func TestSubmit(t *testing.T) {
	pause := guard.Order{Kind: guard.OrderPause, Author: "ann"}
	answers := func(l *lab, refused bool) func(context.Context, time.Time) error {
		return func(ctx context.Context, now time.Time) error {
			lease, err := l.Store.Acquire(ctx, "prod", "by hand", "", now, time.Minute)
			if err != nil {
				return err
			}
			return errors.Join(l.Store.Save(ctx, store.Save{Lease: lease, Orders: []store.Answer{{ID: "o-1", At: now, Refused: refused, Text: "paused"}}}), l.Store.Release(ctx, lease))
		}
	}
	fails := func(*lab, bool) func(context.Context, time.Time) error {
		return func(context.Context, time.Time) error { return errors.New("no credentials") }
	}
	for _, c := range []struct {
		name    string
		order   guard.Order
		now     time.Duration // after the lease began, which is for a minute
		alone   func(*lab, bool) func(context.Context, time.Time) error
		refused bool
		state   string
		text    string // a part of it, or of the error
	}{
		{name: "an order that nobody could accept", order: guard.Order{Kind: "dance", Author: "ann"}, text: "not an order"},
		{name: "nobody holds the scope, and it is done here", order: pause, now: time.Hour, alone: answers, state: Done, text: "paused"},
		{name: "it is refused here", order: pause, now: time.Hour, alone: answers, refused: true, state: Refused, text: "paused"},
		{name: "it cannot be done here", order: pause, now: time.Hour, alone: fails, text: "no credentials; order o-1 stays in the store"},
		{name: "nobody holds the scope, and somebody has to", order: pause, now: time.Hour, state: Waiting, text: "nobody holds scope prod"},
		{name: "somebody holds the scope: it is not done here", order: pause, alone: fails, state: Waiting, text: "host a, pid 1 run-1 holds scope prod"},
		{name: "who holds it is overdue", order: pause, now: 50 * time.Second, alone: fails, state: Waiting, text: "(last seen 50s ago) holds scope prod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.Now = func(context.Context) time.Time { return noon.Add(c.now) }
				var alone func(context.Context, time.Time) error
				if c.alone != nil {
					alone = c.alone(l, c.refused)
				}
				began := time.Now()
				r, err := l.Submit(t.Context(), Errand{ID: "o-1", To: Target{Scope: "prod"}, Order: c.order, Patience: 3 * time.Second, Alone: alone})
				if (err != nil) != (c.state == "") {
					t.Fatalf("%+v, %v", r, err)
				}
				said := r.Text
				if err != nil {
					said = err.Error()
				}
				if r.State != c.state || !strings.Contains(said, c.text) {
					t.Errorf("%s: %s", r.State, said)
				}
				if took := time.Since(began); (took == 3*time.Second) != (c.state == Waiting) {
					t.Errorf("it took %s", took)
				}
				if _, err := l.Submit(t.Context(), Errand{ID: "o-1", To: Target{Scope: "prod"}, Order: pause, Patience: time.Second}); c.state != "" && !errors.Is(err, store.ErrExists) {
					t.Errorf("the same order again: %v", err)
				}
			})
		})
	}
}

// TestRepeated holds that whoever asks again is told what follows as if it were the first time, and nobody else.
func TestRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		resume := guard.Order{Kind: guard.OrderResume, Author: "ann"}
		first, err := l.Submit(t.Context(), Errand{ID: "o-1", To: Target{Scope: "prod", Cluster: "j-1"}, Order: resume, Request: "sum of it", Patience: time.Second})
		if err != nil || first.State != Waiting {
			t.Fatalf("%v: %+v", err, first)
		}
		orders, err := l.Store.Orders(t.Context(), "prod")
		var read guard.Order
		if err != nil || len(orders) != 1 || json.Unmarshal(orders[0].Body, &read) != nil || read != resume {
			t.Fatalf("the guard finds %+v: %v", orders, err)
		}
		if err := l.Store.Save(t.Context(), store.Save{Lease: l.lease, Orders: []store.Answer{{ID: "o-1", At: noon, Text: "resumed"}}}); err != nil {
			t.Fatal(err)
		}
		r, err := l.Repeated(t.Context(), "o-1", "sum of it", time.Second)
		if want := (Receipt{Order: "o-1", Scope: "prod", Cluster: "j-1", Kind: "resume", State: Done, Text: "resumed", Next: "What is due follows now."}); err != nil || r != want {
			t.Errorf("%v: %+v", err, r)
		}
		if _, err := l.Repeated(t.Context(), "o-1", "sum of another", time.Second); !errors.Is(err, ErrReused) {
			t.Errorf("another request: %v", err)
		}
		if _, err := l.Repeated(t.Context(), "o-2", "sum of it", time.Second); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an id that is new: %v", err)
		}
	})
}
