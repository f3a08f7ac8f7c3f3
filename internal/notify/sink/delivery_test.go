package sink

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"emrguard/internal/notify"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// outcomes counts what became of messages.
type outcomes struct {
	mu   sync.Mutex
	n    map[notify.Result]int
	told chan notify.Result
}

func (o *outcomes) Notified(x notify.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.n[x.Result]++
	o.told <- x.Result
}

func (o *outcomes) Waiting([]notify.Waiting, time.Time) {}

// TestReceiverThatFailsHalfTheTime: over real connections, of which some are cut before and some after the receiver has the message, every message
// arrives. One that came twice came with one id, because its answer was lost.
func TestReceiverThatFailsHalfTheTime(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	var mu sync.Mutex
	done := map[string]int{}  // messages that were taken, and how often
	noted := map[string]int{} // those whose answer was sent
	r := newReceiver(t, nil)
	r.say(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		id := req.Header.Get("Webhook-Id")
		switch random.IntN(4) {
		case 0: // refused for now
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1: // taken, and the answer is lost
			done[id]++
			panic(http.ErrAbortHandler)
		default:
			done[id]++
			noted[id]++
		}
	})
	s := made(t, notify.Sink{Name: "w", Webhook: &notify.Webhook{URL: r.URL}}, Options{})
	const messages = 24
	watch := &outcomes{n: map[notify.Result]int{}, told: make(chan notify.Result, 1000)}
	settings := notify.Defaults()
	settings.GroupWait = 0
	settings.Sinks = []notify.Sink{{Name: "w", Webhook: &notify.Webhook{URL: r.URL}}}
	mem := memory.New("abcdefgh")
	// Every cluster is in a scope of its own, so each event is a message.
	n := notify.New(notify.Options{
		Store: mem, Owner: "me", Settings: settings, Senders: map[string]notify.Sender{"w": s}, Watch: watch, Chance: func() float64 { return 0 }, Term: time.Minute,
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n.Start(ctx)
	for i := range messages {
		scope := fmt.Sprintf("scope-%d", i)
		lease, err := mem.Acquire(ctx, scope, "guard", "", time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		rec := store.Record{Key: store.Key{Scope: scope, Cluster: "j-1"}, ID: fmt.Sprint(i), Kind: "pool.rest", At: time.Now(), Reason: "it keeps failing"}
		if err := mem.Save(ctx, store.Save{Lease: lease, Records: []store.Record{rec}}); err != nil {
			t.Fatal(err)
		}
	}
	gone := make(chan struct{})
	go func() { n.Run(ctx, false); close(gone) }()
	for sent := 0; sent < messages; {
		select {
		case result := <-watch.told:
			if result == notify.Sent {
				sent++
			} else {
				n.Reload(settings, "", map[string]notify.Sender{"w": s}) // ends the pause after a failure, so that the test need not wait
			}
		case <-ctx.Done():
			t.Fatal("not every message arrived")
		}
	}
	cancel()
	<-gone
	mu.Lock()
	defer mu.Unlock()
	if len(done) != messages {
		t.Errorf("%d messages arrived, want %d", len(done), messages)
	}
	doubled := 0
	for id, times := range done {
		if noted[id] != 1 {
			t.Errorf("message %s was noted %d times", id, noted[id])
		}
		doubled += times - noted[id]
	}
	watch.mu.Lock()
	defer watch.mu.Unlock()
	if watch.n[notify.Failed] == 0 || doubled == 0 {
		t.Errorf("%v: nothing failed, or no answer was lost (%d)", watch.n, doubled)
	}
	if watch.n[notify.Failed] != len(r.all())-messages {
		t.Errorf("%d failures of %d requests", watch.n[notify.Failed], len(r.all()))
	}
}
