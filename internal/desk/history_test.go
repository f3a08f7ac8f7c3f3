package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/view"
)

// past is a store whose history has numbers 1 to last; those divisible by rare tell of a drought, those divisible by bad cannot be read.
type past struct {
	store.Store
	last, rare, bad int64
	read            int
}

func (p *past) History(_ context.Context, q store.Query) (out []store.Record, err error) {
	seq := p.last
	if q.Before > 0 {
		seq = min(seq, q.Before-1)
	}
	for n := 0; seq > 0 && n < q.Limit; seq, n = seq-1, n+1 {
		p.read++
		switch {
		case p.bad > 0 && seq%p.bad == 0:
			err = fmt.Errorf("record %d: %w", seq, store.ErrCorrupt)
		case seq%p.rare == 0:
			out = append(out, store.Record{Seq: seq, Kind: "answer.add", Reason: "Insufficient On Demand capacity"})
		default:
			out = append(out, store.Record{Seq: seq, Kind: "group.read", Reason: "6 of 9 run"})
		}
	}
	return out, err
}

func TestSearch(t *testing.T) {
	for _, c := range []struct {
		name    string
		past    past
		text    string
		before  int64
		records int
		older   int64
		read    int
	}{
		{"no text, a page", past{last: 50, rare: 7}, "", 0, 10, 41, 10},
		{"no text, the beginning", past{last: 50, rare: 7}, "", 6, 5, 0, 5},
		{"a page of what was found", past{last: 500, rare: 7}, "on demand CAPACITY", 0, 10, 497 - 9*7, 500},
		{"its kind", past{last: 20, rare: 7}, "answer.", 0, 2, 0, 20},
		{"the beginning is reached", past{last: 500, rare: 200}, "capacity", 0, 2, 0, 500},
		{"nothing says that", past{last: streamPage + 5, rare: 7}, "spot", 0, 0, 0, streamPage + 5},
		{"it goes on from where it was", past{last: 500, rare: 7}, "capacity", 15, 2, 0, 14},
		{"the most is read", past{last: searchMost + 100, rare: 90_000}, "capacity", 0, 0, 101, searchMost},
		{"what cannot be read is left out", past{last: 500, rare: 200, bad: 400}, "capacity", 0, 1, 0, 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Desk{Store: &c.past, Config: mustParse(t, oneScope)}
			events, older, err := d.Page(t.Context(), view.New(noon, nil), Filter{Text: c.text, Before: c.before, Limit: 10})
			if err != nil || len(events) != c.records || older != c.older || c.past.read != c.read {
				t.Errorf("%d records, want %d; older %d, want %d; %d read, want %d; %v", len(events), c.records, older, c.older, c.past.read, c.read, err)
			}
			for i := 1; i < len(events); i++ {
				if events[i].Seq >= events[i-1].Seq {
					t.Errorf("record %d comes after %d", events[i].Seq, events[i-1].Seq)
				}
			}
		})
	}
}

// TestWhatIsWrongWithAFilter holds that each mistake is told, with the field that it is in.
func TestWhatIsWrongWithAFilter(t *testing.T) {
	l := newLab(t)
	_, err := l.Query(t.Context(), view.New(noon, nil), Filter{
		Scope: "prdo", Cluster: "nobody", Group: "nothing", Pool: "none", Recovery: "r0", Kinds: []string{"cal.", "ban.sett"}, From: noon, To: ago(time.Hour), Limit: 1,
	})
	mistake, joined := (*RequestError)(nil), interface{ Unwrap() []error }(nil)
	if !errors.As(err, &mistake) || !errors.As(err, &joined) {
		t.Fatalf("%v", err)
	}
	got := map[string]string{}
	for _, e := range joined.Unwrap() {
		if in := (*FilterError)(nil); errors.As(e, &in) {
			got[in.Field] = in.Error()
		}
	}
	for field, want := range map[string]string{
		"scope": `no scope "prdo"`, "cluster": `no cluster "nobody"`, "group": `no group "nothing"`, "pool": `no pool "none"`, "recovery": `no recovery "r0"`,
		"kind": `no kind "cal." (did you mean "call."?), no kind "ban.sett" (did you mean "ban.set"?); one that ends with a full stop stands for all that begin with it: answer., api., ban., call.,`,
		"from": "the period begins at 2026-01-05T12:00:00Z, which is not before its end, 2026-01-05T11:00:00Z; give the earlier time first",
	} {
		if !strings.HasPrefix(got[field], want) {
			t.Errorf("%s: %q, want %q", field, got[field], want)
		}
	}
	if strings.Contains(got["kind"], "there are") {
		t.Errorf("all kinds are listed beside what was likely meant: %s", got["kind"])
	}
	if _, err := l.Query(t.Context(), view.New(noon, nil), Filter{Kinds: []string{"xyz"}, Limit: 1}); err == nil || !strings.Contains(err.Error(), "; there are answer.add, ") {
		t.Errorf("%v", err)
	}
}
