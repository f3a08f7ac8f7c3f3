package desk

import (
	"context"
	"fmt"
	"testing"

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
