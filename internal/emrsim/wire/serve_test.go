package wire_test

import (
	"context"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"
)

// listen returns a listener on a free loopback port and its URL.
func listen(t *testing.T) (net.Listener, string) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln, "http://" + ln.Addr().String()
}

// eventually waits for something that happens in another goroutine.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in vain waited for: ", what)
		}
	}
}

func TestServeMovesTheSimulatorByItselfAndEndsCleanly(t *testing.T) {
	before := runtime.NumGoroutine()
	sim := emrsim.New(emrsim.Options{Seed: 18})
	clock, err := wire.NewClock(sim.Now(), wire.MaxSpeed)
	if err != nil {
		t.Fatal(err)
	}
	ln, url := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- wire.New(sim, wire.Options{Clock: clock}).Serve(ctx, ln) }()

	s := &served{sim: sim, clock: clock, url: url}
	if resp, body := s.post(t, "RunJobFlow", `{"Name":"etl","Instances":{"MasterInstanceType":"m5.xlarge","InstanceCount":1,"KeepJobFlowAliveWhenNoSteps":true}}`, nil); resp.StatusCode != 200 {
		t.Fatal(body)
	}
	eventually(t, "the cluster to start without another request", func() bool {
		return sim.Snapshot(region).Clusters[0].State == "WAITING"
	})

	// A request whose answer is far away does not hold up the end.
	f, err := emrsim.ParseFault("ListClusters delay=9000h")
	if err != nil {
		t.Fatal(err)
	}
	sim.AddFault(f)
	broken := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/", nil)
		if err != nil {
			broken <- err
			return
		}
		r.Header = http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"ElasticMapReduce.ListClusters"}, "Authorization": {signed(region)}}
		resp, err := plainClient.Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		broken <- err
	}()
	eventually(t, "the delayed request", func() bool { return sim.Faults()[0].Hits == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-broken; err == nil {
		t.Error("a request was answered 9000 hours too early")
	}
	plainClient.CloseIdleConnections()
	eventually(t, "every goroutine to end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestServeReturnsTheListenersError(t *testing.T) {
	ln, _ := listen(t)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := wire.New(emrsim.New(emrsim.Options{}), wire.Options{}).Serve(t.Context(), ln); err == nil {
		t.Error("a closed listener is no error")
	}
}

func TestClocks(t *testing.T) {
	start := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	for _, speed := range []float64{0, -1, wire.MaxSpeed + 1} {
		if _, err := wire.NewClock(start, speed); err == nil {
			t.Errorf("speed %v is accepted", speed)
		}
	}
	fast, err := wire.NewClock(start, 1000)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := fast.Wait(t.Context(), start.Add(20*time.Second)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 19*time.Millisecond || fast.Now().Before(start.Add(20*time.Second)) {
		t.Errorf("20 simulated seconds took %s at a speed of 1000", took)
	}
	manual := wire.NewManualClock(start)
	if now, err := manual.Advance(time.Minute); err != nil || !now.Equal(start.Add(time.Minute)) {
		t.Errorf("advanced to %s, %v", now, err)
	}
	if _, err := manual.Advance(-time.Second); err == nil {
		t.Error("time goes back")
	}
	if err := manual.Wait(t.Context(), start); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := manual.Wait(ctx, start.Add(time.Hour)); err == nil {
		t.Error("a wait outlives its context")
	}
}

// A client whose clock runs at the same speed from the same start sees no skew in the Date header.
func TestTheDateHeaderFollowsTheClock(t *testing.T) {
	clock, err := wire.NewClock(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), 600)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, emrsim.Options{}, wire.Options{Clock: clock})
	for range 20 {
		before := clock.Now()
		resp, _ := s.post(t, "ListClusters", `{}`, nil)
		date, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil {
			t.Fatal(err)
		}
		if date.Before(before.Truncate(time.Second)) || date.After(clock.Now()) {
			t.Errorf("date %s is not between %s and %s", date, before, clock.Now())
		}
	}
}
