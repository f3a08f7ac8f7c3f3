package app

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emrsim"
	"emrguard/internal/notify"
	"emrguard/internal/store"
)

// inbox is a sink that keeps what it gets.
type inbox struct {
	mu  sync.Mutex
	got []notify.Message
}

func (b *inbox) Send(_ context.Context, m notify.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, m)
	return nil
}

// kinds are how often each kind was told.
func (b *inbox) kinds() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]int{}
	for _, m := range b.got {
		for _, k := range m.Kinds {
			out[k.Kind] += k.Count
		}
	}
	return out
}

// into makes every sink of a configuration this one.
func into(b *inbox) func(*Options) {
	return func(o *Options) {
		o.Sinks = func(_ context.Context, cfg *config.Config) (map[string]notify.Sender, error) {
			out := map[string]notify.Sender{}
			for _, s := range cfg.Notify.Sinks {
				out[s.Name] = b
			}
			return out, nil
		}
	}
}

const oneSink = oneScope + "notify:\n  sinks: [{name: ops, webhook: {url: 'https://example.org/'}}]\n  routes: [{sinks: [ops], severity: info}]\n"

// TestRunNotifiesOfTroubles: what keeps the guard from its work is told once when it begins and once when it is over, a restart between them
// notwithstanding, in a message of the scope.
func TestRunNotifiesOfTroubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b := newWorld(t, "demo"), &inbox{}
		session := func(d time.Duration) {
			t.Helper()
			stop := start(t, w.app(t, oneSink, into(b)))
			time.Sleep(d)
			if _, err := stop(); err != nil {
				t.Fatal(err)
			}
		}
		denial, err := emrsim.ParseFault("* error=AccessDeniedException")
		if err != nil {
			t.Fatal(err)
		}
		id := w.sim.AddFault(denial)
		session(30 * time.Minute)
		session(30 * time.Minute)
		if got := b.kinds(); got["scope.denied"] != 1 || len(got) != 1 {
			t.Errorf("while it lasts: %v", got)
		}
		w.sim.RemoveFault(id)
		session(30 * time.Minute)
		if got := b.kinds(); got["scope.denied"] != 1 || got["scope.allowed"] != 1 {
			t.Errorf("in the end: %v", got)
		}
		if m := b.got[0]; m.Severity != notify.Critical || !strings.Contains(m.Text, "AWS refuses ListClusters") || !strings.Contains(m.Text, "more: emrguard status --scope prod") {
			t.Errorf("%+v", m)
		}
	})
}

// TestRunNotifies: what the guard writes into the history is told, across a restart, each event once and by its cluster's name.
func TestRunNotifies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b, watch := newWorld(t, "demo"), &inbox{}, newSeen()
		options := func(o *Options) { o.Watch = watch }
		for range 2 {
			stop := start(t, w.app(t, oneSink, options, into(b)))
			time.Sleep(45 * time.Minute)
			if took, err := stop(); err != nil || took > 5*time.Second {
				t.Fatalf("Run ended with %v after %s", err, took)
			}
		}
		stop := start(t, w.app(t, oneSink, options, into(b)))
		time.Sleep(20 * time.Minute)
		if _, err := stop(); err != nil {
			t.Fatal(err)
		}
		got := b.kinds()
		for _, k := range []string{"recovery.open", "ban.set", "recovery.completed"} {
			if got[k] == 0 || got[k] != watch.kinds[k] {
				t.Errorf("%s was told %d times and happened %d times", k, got[k], watch.kinds[k])
			}
		}
		named := false
		for _, m := range b.got {
			named = named || strings.Contains(m.Text, "etl (j-") && strings.Contains(m.Text, "way back: emrguard")
		}
		if !named {
			t.Error("no message names the cluster and the way back")
		}
	})
}

// TestPassNotifies: one pass in observe mode tells what it would do before it ends, and that nothing was changed.
func TestPassNotifies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b := newWorld(t, "demo"), &inbox{}
		text := strings.Replace(oneSink, "mode: enforce", "mode: observe", 1)
		for range 8 {
			a := w.app(t, text, into(b))
			if _, err := a.Pass(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
		}
		if n := b.kinds()["would.recover"]; n == 0 {
			t.Fatalf("told %v, and no would.recover", b.kinds())
		}
		for _, m := range b.got {
			if m.Kinds[0].Kind == "would.recover" && !strings.Contains(m.Text, "nothing was changed") {
				t.Errorf("a message does not say that nothing was changed:\n%s", m.Text)
			}
		}
	})
}

// TestReloadOfSinks: a sink that cannot be made refuses the configuration whole; one that can is used from then on.
func TestReloadOfSinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, b := newWorld(t, "demo"), &inbox{}
		var broken error
		a := w.app(t, oneScope, into(b), func(o *Options) {
			whole := o.Sinks
			o.Sinks = func(ctx context.Context, cfg *config.Config) (map[string]notify.Sender, error) {
				out, err := whole(ctx, cfg)
				return out, errors.Join(err, broken)
			}
		})
		stop := start(t, a)
		time.Sleep(10 * time.Minute)
		broken = errors.New("sink ops: no such file")
		if _, err := a.Reload(t.Context(), parse(t, oneSink)); err == nil || !strings.Contains(err.Error(), "sink ops") {
			t.Errorf("a broken sink was taken: %v", err)
		}
		broken = nil
		changes, err := a.Reload(t.Context(), parse(t, oneSink))
		if err != nil || !strings.Contains(strings.Join(changes, "\n"), "notify.sinks[ops]: added: webhook; takes effect now") {
			t.Errorf("%v, changes %q", err, changes)
		}
		time.Sleep(time.Hour)
		if _, err := stop(); err != nil {
			t.Fatal(err)
		}
		if b.kinds()["recovery.open"] == 0 {
			t.Errorf("told %v", b.kinds())
		}
	})
}

// TestNotificationsAreNoScope: the documents of the notifications do not look like clusters of a scope.
func TestNotificationsAreNoScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "demo")
		stop := start(t, w.app(t, oneSink, into(&inbox{})))
		time.Sleep(time.Minute)
		if _, err := stop(); err != nil {
			t.Fatal(err)
		}
		names, err := w.store.Scopes(t.Context())
		if err != nil || len(names) != 2 || !store.Reserved(names[0]) || store.Reserved(names[1]) {
			t.Errorf("scopes %q, %v", names, err)
		}
	})
}
