package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/store"
)

var at = time.Date(2026, 1, 5, 8, 30, 0, 0, time.UTC)

// logged runs f with an Observer and returns the log it wrote, without the lines' own times.
func logged(t *testing.T, format string, level slog.Level, f func(o *Observer, h *Health)) string {
	t.Helper()
	var b bytes.Buffer
	var v slog.LevelVar
	v.Set(level)
	h := NewHealth(time.Now())
	f(NewObserver(NewLogger(&b, format, &v), nil, h), h)
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		if format == FormatJSON {
			var m map[string]any
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			delete(m, "time")
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&out, string(text))
			continue
		}
		_, rest, _ := strings.Cut(line, " ")
		out.WriteString(rest)
	}
	return out.String()
}

var decision = store.Record{
	Key: store.Key{Scope: "prod", Cluster: "j-1"}, ID: "1-7", At: at, Kind: "recovery.open", Group: "ig-A", Pool: "ig-A", Recovery: "r1",
	Reason: "6 of 9 run", Data: json.RawMessage(`{"number":1,"inputs":{"running":6}}`),
}

func TestDecisionIsLoggedWithItsInputs(t *testing.T) {
	step := func(o *Observer, _ *Health) { o.Stepped(engine.Out{Records: []store.Record{decision}}, 0) }
	got := logged(t, FormatJSON, slog.LevelInfo, step)
	want := `{"at":"2026-01-05T08:30:00Z","cluster":"j-1","data":{"inputs":{"running":6},"number":1},"group":"ig-A","id":"1-7","level":"WARN",` +
		`"msg":"recovery.open","pool":"ig-A","reason":"6 of 9 run","recovery":"r1","scope":"prod"}` + "\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	got = logged(t, FormatText, slog.LevelInfo, step)
	want = `level=WARN msg=recovery.open at=2026-01-05T08:30:00.000Z scope=prod cluster=j-1 group=ig-A pool=ig-A recovery=r1 reason="6 of 9 run" id=1-7 ` +
		`data="{\"number\":1,\"inputs\":{\"running\":6}}"` + "\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestLevels(t *testing.T) {
	for kind, want := range map[string]slog.Level{
		"group.seen": slog.LevelDebug, "group.made": slog.LevelInfo, "recovery.step": slog.LevelInfo, "recovery.completed": slog.LevelInfo,
		"would.recover": slog.LevelWarn, "clock.skew": slog.LevelWarn, "something.new": slog.LevelInfo, "odd": slog.LevelInfo,
	} {
		if got := levelOf(kind); got != want {
			t.Errorf("%s is of level %s, want %s", kind, got, want)
		}
	}
	for text, ok := range map[string]bool{"debug": true, "info": true, "warn": true, "error": true, "loud": false} {
		if _, err := ParseLevel(text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestRepeatedFaultIsWrittenOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := logged(t, FormatText, slog.LevelInfo, func(o *Observer, _ *Health) {
			out := engine.Out{Faults: []engine.Fault{{Scope: "prod", Cluster: "j-1", Err: errors.New("save: the store is full")}}}
			for range 90 {
				o.Stepped(out, 0)
				time.Sleep(time.Second)
			}
			out.Faults[0].Err = errors.New("something else")
			o.Stepped(out, 0)
		})
		want := `level=ERROR msg=fault scope=prod error="save: the store is full" cluster=j-1
level=ERROR msg=fault scope=prod error="save: the store is full" cluster=j-1 repeated=59
level=ERROR msg=fault scope=prod error="something else" cluster=j-1
`
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

func TestDifferentFaultsAreNotKeptForEver(t *testing.T) {
	var l faultLog
	for i := range 3 * maxFaults {
		l.admit(engine.Fault{Err: fmt.Errorf("number %d", i)}, at)
	}
	if len(l.seen) > maxFaults {
		t.Errorf("%d are remembered", len(l.seen))
	}
}

func TestScopesAreLoggedWhenTheyChange(t *testing.T) {
	got := logged(t, FormatText, slog.LevelInfo, func(o *Observer, _ *Health) {
		for _, s := range []engine.ScopeSnapshot{
			{}, {}, {Held: true, Generation: 2}, {Held: true, Listed: true, Generation: 2, Clusters: 3}, {Held: true, Listed: true, Clusters: 3},
			{Held: true, Listed: true, Late: 2, OldestRead: 16 * time.Minute}, {}, // a slow sweep is a record of the history
		} {
			s.Name = "prod"
			o.Snapshot(engine.Snapshot{Scopes: []engine.ScopeSnapshot{s}})
		}
	})
	want := []string{
		"level=INFO msg=scope.standby scope=prod", "level=INFO msg=scope.taken scope=prod generation=2", "level=INFO msg=scope.ready scope=prod clusters=3",
		"level=WARN msg=scope.lost scope=prod",
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got\n%s", got)
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w) {
			t.Errorf("line %d is %s, want %s …", i, lines[i], w)
		}
	}
}

func TestHealth(t *testing.T) {
	h := NewHealth(at)
	if ok, why := h.Live(at.Add(unhealthyAfter - time.Second)); !ok {
		t.Errorf("not live after %s: %s", unhealthyAfter-time.Second, why)
	}
	if ok, why := h.Live(at.Add(unhealthyAfter)); ok || why != "no step ended for 5m0s" {
		t.Errorf("%v: %s", ok, why)
	}
	h.Stepped(at.Add(unhealthyAfter))
	if ok, _ := h.Live(at.Add(unhealthyAfter)); !ok {
		t.Error("not live just after a step")
	}
	h.Failed(errors.New("a bug"))
	if ok, why := h.Live(at.Add(unhealthyAfter)); ok || !strings.Contains(why, "broke down") {
		t.Errorf("%v: %s", ok, why)
	}
}

func TestHealthFailsWhileTheStoreGivesNoLease(t *testing.T) {
	const minute = time.Minute
	fails, held, standby := engine.ScopeSnapshot{Unleased: true}, engine.ScopeSnapshot{Held: true, Unleased: true}, engine.ScopeSnapshot{}
	for name, c := range map[string]struct {
		scopes []engine.ScopeSnapshot // of each minute, from the first on
		many   []engine.ScopeSnapshot // in all of them besides
		want   string
	}{
		"it fails":                        {scopes: []engine.ScopeSnapshot{fails, fails, fails, fails, fails, fails}, want: "the store fails, and so no scope could be guarded for 5m0s; the log's fault lines say why"},
		"not long enough":                 {scopes: []engine.ScopeSnapshot{held, fails, fails, fails, fails, fails}},
		"a lease in between":              {scopes: []engine.ScopeSnapshot{fails, fails, fails, held, fails, fails}},
		"another had it in between":       {scopes: []engine.ScopeSnapshot{fails, fails, standby, fails, fails, fails}},
		"another has it":                  {scopes: []engine.ScopeSnapshot{standby, standby, standby, standby, standby, standby}},
		"another scope is held":           {scopes: []engine.ScopeSnapshot{fails, fails, fails, fails, fails, fails}, many: []engine.ScopeSnapshot{held}},
		"another process has another one": {scopes: []engine.ScopeSnapshot{fails, fails, fails, fails, fails, fails}, many: []engine.ScopeSnapshot{standby}},
		"it failed":                       {scopes: []engine.ScopeSnapshot{fails, fails, fails, fails, fails, fails, fails, held}},
	} {
		h, now := NewHealth(at), at
		for i, s := range c.scopes {
			now = at.Add(time.Duration(i) * minute)
			h.Stepped(now)
			h.Snapshot(engine.Snapshot{Scopes: append([]engine.ScopeSnapshot{s}, c.many...)}, now)
		}
		if ok, why := h.Live(now); why != c.want || ok != (c.want == "") {
			t.Errorf("%s: %v %q, want %q", name, ok, why, c.want)
		}
	}
}

// get asks a Handler.
func get(h http.Handler, method, path string) (int, string) {
	r := httptest.NewRequest(method, path, http.NoBody)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestHandler(t *testing.T) {
	health := NewHealth(time.Now())
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "metrics") })
	h := Handler(health, metrics)
	check := func(method, path string, code int, body string) {
		t.Helper()
		if c, b := get(h, method, path); c != code || body != "" && b != body {
			t.Errorf("%s %s: %d %s, want %d %s", method, path, c, b, code, body)
		}
	}
	snapshot := func(scopes ...engine.ScopeSnapshot) { health.Snapshot(engine.Snapshot{Scopes: scopes}, time.Now()) }
	check("GET", "/metrics", 200, "metrics")
	check("GET", "/healthz", 200, `{"ok":true}`)
	check("GET", "/readyz", 503, `{"ok":false}`)
	snapshot(engine.ScopeSnapshot{Name: "a", Held: true, Listed: true}, engine.ScopeSnapshot{Name: "b"})
	check("GET", "/readyz", 503, `{"ok":false,"scopes":[{"scope":"a","state":"ready"},{"scope":"b","state":"standby"}]}`)
	snapshot(engine.ScopeSnapshot{Name: "a", Held: true, Listed: true}, engine.ScopeSnapshot{Name: "b", Held: true})
	check("GET", "/readyz", 503, `{"ok":false,"scopes":[{"scope":"a","state":"ready"},{"scope":"b","state":"starting"}]}`)
	snapshot(engine.ScopeSnapshot{Name: "a", Held: true, Listed: true})
	check("GET", "/readyz", 200, `{"ok":true,"scopes":[{"scope":"a","state":"ready"}]}`)
	check("POST", "/readyz", 405, "")
	check("GET", "/", 404, "")
	health.Failed(errors.New("a bug"))
	check("GET", "/healthz", 503, "")
	check("GET", "/readyz", 503, "")
}

// counts is a Metrics that remembers that it was told.
type counts struct{ steps, snapshots, calls, prunes int }

func (c *counts) Stepped(engine.Out, time.Duration, time.Time)    { c.steps++ }
func (c *counts) Snapshot(engine.Snapshot)                        { c.snapshots++ }
func (c *counts) Called(string, emr.Op, emr.Class, time.Duration) { c.calls++ }
func (c *counts) Pruned(int, error)                               { c.prunes++ }

func TestObserverTellsTheMetrics(t *testing.T) {
	var c counts
	var b bytes.Buffer
	o := NewObserver(NewLogger(&b, FormatText, new(slog.LevelVar)), &c, NewHealth(at))
	o.Stepped(engine.Out{}, 0)
	o.Snapshot(engine.Snapshot{})
	o.Called("prod", emr.ListClusters, "", 0)
	o.Pruned(3, nil)
	o.Pruned(0, errors.New("full"))
	if c != (counts{1, 1, 1, 2}) {
		t.Errorf("%+v", c)
	}
	if n := strings.Count(b.String(), "history.prune"); n != 2 {
		t.Errorf("the log is\n%s", b.String())
	}
}
