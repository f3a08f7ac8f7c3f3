package desk

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// TestPreviewOfADryRun is a guard that changes nothing: it refuses what would change a cluster, and the preview says so.
func TestPreviewOfADryRun(t *testing.T) {
	l := newLab(t)
	l.save(etl())
	l.DryRun = true
	for _, o := range []struct {
		order   guard.Order
		refused bool
	}{
		{guard.Order{Kind: guard.OrderScale, Group: "ig-2", To: 6, Author: "ann"}, true},
		{guard.Order{Kind: guard.OrderReturn, Group: "ig-2", Author: "ann"}, true},
		{guard.Order{Kind: guard.OrderPause, Author: "ann"}, false},
	} {
		p, err := l.Preview(l.world(), Target{Scope: "prod", Cluster: "j-1"}, o.order)
		if err != nil || p.Refused != o.refused || p.Refused != strings.Contains(p.Text, "dry run") {
			t.Errorf("%s: %+v, %v", o.order.Kind, p, err)
		}
	}
}

func TestPreview(t *testing.T) {
	l := newLab(t)
	l.save(etl())
	w := l.world()
	before, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	order := func(kind guard.OrderKind, change func(*guard.Order)) guard.Order {
		o := guard.Order{Kind: kind, Author: "ann"}
		if change != nil {
			change(&o)
		}
		return o
	}
	etl, scope := Target{Scope: "prod", Cluster: "j-1"}, Target{Scope: "prod"}
	for _, c := range []struct {
		name    string
		to      Target
		order   guard.Order
		mistake bool
		refused bool
		target  string
		text    string // a part of it
		undo    string
	}{
		{name: "a ban", to: etl, order: order(guard.OrderBan, func(o *guard.Order) { o.Group, o.For = "ig-1", guard.Length(time.Hour) }), target: "etl/task", text: "13:00", undo: "emrguard unban ig-1"},
		{name: "a ban that there is not is lifted", to: etl, order: order(guard.OrderUnban, func(o *guard.Order) { o.Group = "ig-1" }), refused: true, target: "etl/task", text: "not banned"},
		{name: "a pause", to: etl, order: order(guard.OrderPause, nil), target: "etl", undo: "emrguard resume j-1"},
		{name: "a scale", to: etl, order: order(guard.OrderScale, func(o *guard.Order) { o.Group, o.To = "ig-2", 6 }), target: "etl/spot", text: "6", undo: "emrguard scale ig-2 --to 4"},
		{name: "a pause of the scope", to: scope, order: order(guard.OrderPause, nil), text: "any cluster of the scope", undo: "emrguard resume --all --scope prod"},
		{name: "its end", to: scope, order: order(guard.OrderResume, nil), refused: true, text: "not paused as a whole"},
		{name: "an adoption of a scope", to: scope, order: order(guard.OrderAdopt, nil), mistake: true, text: "not for a whole scope"},
		{name: "a ban that is too short", to: etl, order: order(guard.OrderBan, func(o *guard.Order) { o.Group = "ig-1" }), mistake: true, text: "1m to 720h"},
		{name: "a cluster that is not watched", to: Target{Scope: "prod", Cluster: "j-2"}, order: order(guard.OrderPause, nil), mistake: true, text: "not watched"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := l.Preview(w, c.to, c.order)
			if mistake := (*RequestError)(nil); errors.As(err, &mistake) != c.mistake {
				t.Fatalf("error %v", err)
			}
			if c.mistake {
				p.Text = err.Error()
			} else if c.target == "" {
				c.target = "scope prod"
			}
			if c.target != "" && p.Target != c.target || p.Refused != c.refused || !strings.Contains(p.Text, c.text) || p.Undo != c.undo {
				t.Errorf("%+v", p)
			}
		})
	}
	// What a pause leaves as it is, is said, and never that all is well.
	for _, to := range []Target{etl, scope} {
		p, err := l.Preview(w, to, guard.Order{Kind: guard.OrderPause, Author: "ann"})
		if err != nil || len(p.Next) != 1 || !strings.Contains(p.Next[0].Text, "3 instances stay missing") {
			t.Errorf("%+v, %v", p, err)
		}
	}
	for _, c := range []struct {
		order guard.Order
		to    Target
		want  string
	}{
		{guard.Order{Kind: guard.OrderBan, Group: "ig-1", For: guard.Length(90 * time.Minute), Reason: "it's gone"}, etl, `emrguard ban ig-1 --for 1h30m0s --reason 'it'\''s gone'`},
		{guard.Order{Kind: guard.OrderScale, Group: "ig-2", To: 6, Force: true}, etl, "emrguard scale ig-2 --to 6 --force"},
		{guard.Order{Kind: guard.OrderPause}, etl, "emrguard pause j-1"},
		{guard.Order{Kind: guard.OrderResume}, scope, "emrguard resume --all --scope prod"},
	} {
		if got := command(c.order, c.to); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	after, err := json.Marshal(w)
	if err != nil || string(after) != string(before) {
		t.Errorf("a preview changed the state: %v", err)
	}
	if records, err := l.Store.History(t.Context(), store.Query{}); err != nil || len(records) != 0 {
		t.Errorf("a preview is in the history: %v, %v", records, err)
	}
}
