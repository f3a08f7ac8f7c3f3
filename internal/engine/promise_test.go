package engine

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"emrguard/internal/budget"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

func TestR4_AStopIsPromisedAllItsTokensOrNone(t *testing.T) {
	start := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	slow, quick := budget.Rate{Burst: 1, PerSecond: 0.001}, budget.Rate{Burst: 10, PerSecond: 1}
	for _, tt := range []struct {
		name        string
		add, modify budget.Rate
		taken       emr.Op   // whose bucket lost a token
		held        []emr.Op // promised before
		want        bool
		after       []emr.Op // promised after
	}{
		{"both", quick, quick, "", nil, true, []emr.Op{emr.AddInstanceGroups, emr.ModifyInstanceGroups}},
		{"no token for the launch", slow, quick, emr.AddInstanceGroups, nil, false, nil},
		{"no token for the second stop", quick, slow, emr.ModifyInstanceGroups, nil, false, nil},
		{"one token for two stops", quick, slow, "", nil, false, nil},
		{"an earlier stop's promises stay", quick, slow, "", []emr.Op{emr.AddInstanceGroups, emr.ModifyInstanceGroups}, false, []emr.Op{emr.AddInstanceGroups, emr.ModifyInstanceGroups}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := budget.New(budget.Options{Share: 1, Rates: map[emr.Op]budget.Rate{emr.AddInstanceGroups: tt.add, emr.ModifyInstanceGroups: tt.modify}}, start)
			c := &cluster{s: &scope{budget: b}, id: "j-1"}
			if tt.taken != "" {
				b.Take(tt.taken, start)
			}
			for _, op := range tt.held {
				if !b.Reserve(op, "j-1", start, time.Minute) {
					t.Fatal("the first promise was refused")
				}
			}
			if got := c.promise(start, time.Minute); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
			var after []emr.Op
			for _, op := range []emr.Op{emr.AddInstanceGroups, emr.ModifyInstanceGroups} {
				if b.Reserved(op, "j-1") {
					after = append(after, op)
				}
			}
			if fmt.Sprint(after) != fmt.Sprint(tt.after) {
				t.Errorf("promised %v, want %v", after, tt.after)
			}
		})
	}
}

// Owners that follow each other on machines with the same wall clock write rows of their own.
func TestR13_OrdersToAScopeByTwoOwnersAtTheSameTime(t *testing.T) {
	m := memory.New("storeaaa")
	now := Now{Wall: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	for i, kind := range []guard.OrderKind{guard.OrderPause, guard.OrderResume} {
		body, err := json.Marshal(guard.Order{Kind: kind, Author: "ann", Reason: "test"})
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint("order-", i)
		if err := m.Submit(t.Context(), store.Order{ID: id, Scope: "prod", At: now.Wall, Author: "ann", Body: body}); err != nil {
			t.Fatal(err)
		}
		e := New(Options{Store: m, Policy: steadyPolicy{}, Owner: fmt.Sprint("owner-", i), Scopes: []Scope{{Name: "prod", Sweep: time.Minute}}})
		if out := e.Step(t.Context(), now, nil); len(out.Faults) > 0 || len(out.Records) == 0 {
			t.Errorf("%s: faults %v, records %v", kind, out.Faults, out.Records)
		}
		if _, err := m.Answered(t.Context(), id); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := e.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
