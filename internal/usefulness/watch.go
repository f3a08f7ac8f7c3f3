package usefulness

import (
	"context"
	"slices"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// step is a value that holds from a time on.
type step[T any] struct {
	from  time.Time
	value T
}

// steps is a value over time, oldest first.
type steps[T comparable] []step[T]

// set notes a value that holds from a time on, which is not before the last.
func (s *steps[T]) set(from time.Time, v T) {
	if n := len(*s); n == 0 || (*s)[n-1].value != v {
		*s = append(*s, step[T]{from, v})
	}
}

// at is the value at a time, and false before the first.
func (s steps[T]) at(t time.Time) (T, bool) {
	i, exact := slices.BinarySearchFunc(s, t, func(x step[T], t time.Time) int { return x.from.Compare(t) })
	if !exact {
		i--
	}
	if i < 0 {
		var none T
		return none, false
	}
	return s[i].value, true
}

// spans is when something was the case: a steps that is true then.
type spans struct{ steps[bool] }

// total is for how long between two times.
func (s spans) total(from, to time.Time) time.Duration {
	sum := time.Duration(0)
	for i, x := range s.steps {
		end := to
		if i+1 < len(s.steps) && s.steps[i+1].from.Before(to) {
			end = s.steps[i+1].from
		}
		begin := x.from
		if begin.Before(from) {
			begin = from
		}
		if x.value && begin.Before(end) {
			sum += end.Sub(begin)
		}
	}
	return sum
}

// watched is a store that notes what the guard's documents say of each cluster.
type watched struct {
	store.Store
	now       func() time.Time
	wanted    map[string]*steps[int] // by cluster: of the scaled pool
	suspended map[string]*spans      // by cluster
}

func newWatched(now func() time.Time) *watched {
	return &watched{Store: memory.New("weekweek"), now: now, wanted: map[string]*steps[int]{}, suspended: map[string]*spans{}}
}

// Save implements store.Store.
func (w *watched) Save(ctx context.Context, s store.Save) error {
	if err := w.Store.Save(ctx, s); err != nil {
		return err
	}
	for _, d := range s.Docs {
		w.note(d)
	}
	return nil
}

// note reads what matters here of a document: the wanted count of the pool that is scaled, and whether scaling is suspended.
func (w *watched) note(d store.Document) {
	var body struct {
		Pools []struct {
			Origin string `json:"origin"`
			Wanted int    `json:"wanted"`
		} `json:"pools"`
		Scaling []struct {
			Origin string `json:"origin"`
		} `json:"scaling"`
		Suspended *struct{} `json:"suspended"`
	}
	if err := d.Body.Decode(&body); err != nil {
		panic(err)
	}
	if w.wanted[d.Cluster] == nil {
		w.wanted[d.Cluster], w.suspended[d.Cluster] = &steps[int]{}, &spans{}
	}
	w.suspended[d.Cluster].set(w.now(), body.Suspended != nil)
	for _, p := range body.Pools {
		if len(body.Scaling) == 1 && body.Scaling[0].Origin == p.Origin {
			w.wanted[d.Cluster].set(w.now(), p.Wanted)
		}
	}
}
