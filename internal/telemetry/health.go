package telemetry

import (
	"fmt"
	"sync"
	"time"

	"emrguard/internal/engine"
)

// unhealthyAfter is how long (real time) the loop may go without ending a step, and without a lease that the store could give. It steps at least once a second.
const unhealthyAfter = 5 * time.Minute

// Health knows whether the run loop lives and whether it is at work. Safe for concurrent use.
type Health struct {
	mu     sync.Mutex
	last   time.Time // when a step ended, or the start
	failed error
	scopes []engine.ScopeSnapshot
	known  bool      // scopes was told once
	idle   time.Time // since when the store fails and so no scope is held; zero while that is not so
}

// NewHealth returns the health of a loop that starts at now.
func NewHealth(now time.Time) *Health { return &Health{last: now} }

// Stepped notes that a step ended at now.
func (h *Health) Stepped(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = now
}

// Failed notes that the loop ended for good.
func (h *Health) Failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = err
}

// Snapshot notes what the engine holds at now.
func (h *Health) Snapshot(s engine.Snapshot, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.scopes, h.known = s.Scopes, true
	idle := len(s.Scopes) > 0
	for _, sc := range s.Scopes {
		idle = idle && !sc.Held && sc.Unleased
	}
	switch {
	case !idle:
		h.idle = time.Time{}
	case h.idle.IsZero():
		h.idle = now
	}
}

// Live says whether the loop lives, with a reason if not: it broke down, ended no step for five minutes, or could guard nothing for as long since the store failed
// at each attempt to take a lease. Then a restart loses nothing, and helps where the process is at fault, as with a volume that was mounted anew.
// It never says so of a process that holds one scope, or that waits while another process holds them; and the first lease that the store gives, or
// says that another has, ends it. So a store that fails now and then changes nothing here.
func (h *Health) Live(now time.Time) (bool, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed != nil {
		return false, "the run loop broke down; restart emrguard, and see its log"
	}
	if d := now.Sub(h.last); d >= unhealthyAfter {
		return false, fmt.Sprintf("no step ended for %s", d.Round(time.Second))
	}
	if d := now.Sub(h.idle); !h.idle.IsZero() && d >= unhealthyAfter {
		return false, fmt.Sprintf("the store fails, and so no scope could be guarded for %s; the log's fault lines say why", d.Round(time.Second))
	}
	return true, ""
}

// ScopeState is how far a scope is.
type ScopeState string

// The states of a scope.
const (
	Ready    ScopeState = "ready"    // owned, and its clusters were listed
	Starting ScopeState = "starting" // owned, its clusters not listed yet
	Standby  ScopeState = "standby"  // another process owns it, or nobody yet
)

// Ready says whether every scope is ready, and the state of each by name.
func (h *Health) Ready() (bool, []ScopeReadiness) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ready := h.known && h.failed == nil
	var out []ScopeReadiness
	for _, s := range h.scopes {
		r := ScopeReadiness{Scope: s.Name, State: Standby}
		switch {
		case s.Held && s.Listed:
			r.State = Ready
		case s.Held:
			r.State = Starting
		}
		ready = ready && r.State == Ready
		out = append(out, r)
	}
	return ready, out
}

// ScopeReadiness is one scope on /readyz.
type ScopeReadiness struct {
	Scope string     `json:"scope"`
	State ScopeState `json:"state"`
}
