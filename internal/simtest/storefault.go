package simtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/store"
)

// StoreFault is one thing that goes wrong with the store, as ParseStoreFault reads it.
type StoreFault struct {
	Op     string        // Save, Acquire, Load, LoadScope, Orders or Release; "*" for every one
	First  int           // only from this matching call on, counted from 1; 0: from the first
	Last   int           // and only to this one; 0: to the last
	Rate   float64       // only this share of the matching calls, drawn by lot; 0: all
	From   time.Duration // only from this time since the world's start on
	Until  time.Duration // and before this one; 0: for ever
	Effect StoreEffect
}

// StoreEffect is what a StoreFault does.
type StoreEffect string

// The effects. All but LoseAnswer change nothing in the store.
const (
	StoreBusy       StoreEffect = "busy"        // store.ErrBusy: another process holds the lock
	StoreFull       StoreEffect = "full"        // store.ErrFull: no space is left
	StoreReadOnly   StoreEffect = "read-only"   // store.ErrReadOnly
	StoreBroken     StoreEffect = "io-error"    // an error that says nothing of what happened; nothing did
	StoreLoseAnswer StoreEffect = "lose-answer" // the same error, although the call took effect
)

// StoreEffects lists every effect.
var StoreEffects = []StoreEffect{StoreBusy, StoreFull, StoreReadOnly, StoreBroken, StoreLoseAnswer}

var storeOps = []string{"*", "Save", "Acquire", "Load", "LoadScope", "Orders", "Release"}

// ParseStoreFault reads a line: an operation of the store or *, any of call=N, call=N-, call=N-M, rate=0..1, from= and until= (time
// since the world's start), and one effect: "Save call=3 lose-answer", "* from=10m until=20m full".
func ParseStoreFault(line string) (StoreFault, error) {
	words := strings.Fields(line)
	if len(words) < 2 || !slices.Contains(storeOps, words[0]) {
		return StoreFault{}, fmt.Errorf("store fault %q: want one of %s, conditions and an effect", line, strings.Join(storeOps, ", "))
	}
	f := StoreFault{Op: words[0]}
	for _, w := range words[1:] {
		key, v, _ := strings.Cut(w, "=")
		var err error
		switch key {
		case "call":
			from, to, isRange := strings.Cut(v, "-")
			f.First, err = strconv.Atoi(from)
			if f.Last = f.First; isRange {
				if f.Last = 0; to != "" && err == nil {
					f.Last, err = strconv.Atoi(to)
				}
			}
			if err == nil && (f.First < 1 || f.Last > 0 && f.Last < f.First) {
				err = errors.New("calls are counted from 1, and a range does not go backwards")
			}
		case "rate":
			if f.Rate, err = strconv.ParseFloat(v, 64); err == nil && !(f.Rate > 0 && f.Rate <= 1) {
				err = errors.New("a share is over 0 and at most 1")
			}
		case "from":
			f.From, err = time.ParseDuration(v)
		case "until":
			f.Until, err = time.ParseDuration(v)
		default:
			switch {
			case !slices.Contains(StoreEffects, StoreEffect(w)):
				err = fmt.Errorf("neither a condition nor one of %v", StoreEffects)
			case f.Effect != "":
				err = fmt.Errorf("a fault has one effect: %s and %s are two", f.Effect, w)
			}
			f.Effect = StoreEffect(w)
		}
		if err != nil {
			return StoreFault{}, fmt.Errorf("store fault %q: %s: %w", line, w, err)
		}
	}
	switch {
	case f.Effect == "":
		return StoreFault{}, fmt.Errorf("store fault %q: no effect is given; there are %v", line, StoreEffects)
	case f.Until > 0 && f.Until <= f.From:
		return StoreFault{}, fmt.Errorf("store fault %q: until=%s is not after from=%s", line, f.Until, f.From)
	}
	return f, nil
}

// storeFault is a fault in force.
type storeFault struct {
	StoreFault
	seen int
	rng  *rand.Rand // of its own, so that one fault's calls don't change what befalls another's
}

// AddStoreFault puts a fault of the store in force.
func (w *World) AddStoreFault(f StoreFault) {
	w.storeFaults = append(w.storeFaults, &storeFault{StoreFault: f, rng: rand.New(rand.NewPCG(w.o.Sim.Seed, uint64(len(w.storeFaults)+1)<<32))})
}

// ClearStoreFaults ends them all.
func (w *World) ClearStoreFaults() { w.storeFaults = nil }

// storeFails says what befalls a call to the store.
func (w *World) storeFails(op string) StoreEffect {
	var hit StoreEffect
	since := w.Now().Sub(w.start)
	for _, f := range w.storeFaults {
		if f.Op != "*" && f.Op != op || since < f.From || f.Until > 0 && since >= f.Until {
			continue
		}
		f.seen++
		if f.seen < f.First || f.Last > 0 && f.seen > f.Last || f.Rate > 0 && f.rng.Float64() >= f.Rate {
			continue
		}
		if hit == "" {
			hit = f.Effect
		}
	}
	return hit
}

// err is the error of an effect.
func (e StoreEffect) err(op string) error {
	switch e {
	case StoreBusy:
		return fmt.Errorf("%s: simulated: %w", op, store.ErrBusy)
	case StoreFull:
		return fmt.Errorf("%s: simulated: %w", op, store.ErrFull)
	case StoreReadOnly:
		return fmt.Errorf("%s: simulated: %w", op, store.ErrReadOnly)
	case StoreBroken, StoreLoseAnswer:
	}
	return fmt.Errorf("%s: simulated: the disk did not answer", op)
}

// befall runs a call to the store under the faults in force.
func befall[T any](w *World, op string, call func() (T, error)) (T, error) {
	e := w.storeFails(op)
	if e == "" {
		return call()
	}
	var none T
	if e == StoreLoseAnswer {
		if _, err := call(); err != nil {
			return none, err
		}
	}
	return none, e.err(op)
}

// hooked is the store as one process sees it: with faults, and a place to die around each save.
type hooked struct {
	Store
	p *Process
}

func (h *hooked) Save(ctx context.Context, s store.Save) error {
	kinds := make([]string, 0, len(s.Records))
	for _, r := range s.Records {
		kinds = append(kinds, r.Kind)
	}
	what := strings.Join(kinds, " ")
	h.p.boundary(BeforeSave, what)
	o, saved := h.p.w.oracle, false
	_, err := befall(h.p.w, "Save", func() (struct{}, error) {
		err := h.Store.Save(ctx, s)
		if saved = err == nil; saved && o != nil {
			o.saved(s)
		}
		return struct{}{}, err
	})
	if !saved && o != nil {
		o.notSaved(s)
	}
	if err != nil {
		return err
	}
	h.p.boundary(AfterSave, what)
	return nil
}

func (h *hooked) Acquire(ctx context.Context, scope, owner, note string, now time.Time, ttl time.Duration) (store.Lease, error) {
	lease, err := befall(h.p.w, "Acquire", func() (store.Lease, error) { return h.Store.Acquire(ctx, scope, owner, note, now, ttl) })
	if o := h.p.w.oracle; o != nil && err == nil {
		o.acquired(h.p, lease)
	}
	return lease, err
}

func (h *hooked) Release(ctx context.Context, l store.Lease) error {
	_, err := befall(h.p.w, "Release", func() (struct{}, error) { return struct{}{}, h.Store.Release(ctx, l) })
	return err
}

func (h *hooked) Load(ctx context.Context, key store.Key) (store.Document, error) {
	return befall(h.p.w, "Load", func() (store.Document, error) { return h.Store.Load(ctx, key) })
}

func (h *hooked) LoadScope(ctx context.Context, scope string) ([]store.Document, error) {
	return befall(h.p.w, "LoadScope", func() ([]store.Document, error) { return h.Store.LoadScope(ctx, scope) })
}

func (h *hooked) Orders(ctx context.Context, scope string) ([]store.Order, error) {
	return befall(h.p.w, "Orders", func() ([]store.Order, error) { return h.Store.Orders(ctx, scope) })
}
