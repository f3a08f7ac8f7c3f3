package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/engine"
	"emrguard/internal/phrase"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// The times of the telling, all real.
const (
	lookEvery = 20 * time.Millisecond
	silence   = 2 * time.Second // after it, a line says how things stand
)

// timeline tells what happens in a demo, a line each.
type timeline struct {
	out    io.Writer
	color  bool
	silent time.Duration // simulated time without a line after which one says how things stand
	last   time.Time     // of the last line, or of the last look when there was none
	calm   bool          // nothing is said while all is well
	seen   int           // entries of the simulator's change log
	names  map[string]string
	widths [2]int
	said   map[string]bool // faults that were told

	open      map[store.RecoveryKey]bool // recoveries
	suspended map[string]bool            // clusters
}

func newTimeline(d *Deps, o demoOptions, w *demoWorld) *timeline {
	t := &timeline{
		out: d.Stdout, color: !o.plain && d.Env("NO_COLOR") == "" && d.IsTTY(d.Stdout), silent: time.Duration(float64(silence) * o.speed), last: w.options.Start,
		names: map[string]string{}, said: map[string]bool{}, open: map[store.RecoveryKey]bool{}, suspended: map[string]bool{},
	}
	t.learn(w.sim.Snapshot(w.region))
	t.seen = len(w.sim.Changes(w.region, 0))
	for id, name := range t.names {
		if strings.HasPrefix(id, "j-") {
			t.widths[0] = max(t.widths[0], len([]rune(name)))
		}
	}
	t.widths[1] = len("task+rt8due6-1f")
	return t
}

// tell tells the story until it is over, or ctx ends.
func (t *timeline) tell(ctx context.Context, w *demoWorld) error {
	return t.follow(ctx, w, func() bool { return len(t.open) == 0 && len(t.suspended) == 0 && w.over() || w.late() })
}

// follow tells what happens until done says so, or ctx or the guard ends.
func (t *timeline) follow(ctx context.Context, w *demoWorld, done func() bool) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-w.ended:
			w.ended <- err // for close
			return fmt.Errorf("the guard ended early: %w", err)
		case <-tick.C:
		}
		if err := t.look(w); err != nil {
			return err
		}
		if done() {
			return nil
		}
	}
}

// look tells what is new.
func (t *timeline) look(w *demoWorld) error {
	records, faults := w.take()
	changes := w.sim.Changes(w.region, t.seen)
	t.seen += len(changes)
	var lines []line
	for _, c := range changes {
		if l, ok := t.outside(c, w); ok {
			lines = append(lines, l)
		}
	}
	for _, r := range records {
		t.count(r)
		if l, ok := t.recorded(r, w); ok {
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	for _, f := range faults {
		if l, ok := t.fault(f, w); ok {
			lines = append(lines, l)
		}
	}
	if now := w.sim.Now(); len(lines) == 0 && now.Sub(t.last) >= t.silent {
		t.last = now
		if l := t.meanwhile(w.sim.Snapshot(w.region)); !t.calm || l.text != allRuns {
			lines = append(lines, l)
		}
	}
	for _, l := range lines {
		t.last = w.sim.Now()
		if err := t.write(l); err != nil {
			return err
		}
	}
	return nil
}

// keyOf names the recovery that a record is of.
func keyOf(r store.Record) store.RecoveryKey {
	return store.RecoveryKey{Key: r.Key, Recovery: r.Recovery}
}

// count keeps what is under way.
func (t *timeline) count(r store.Record) {
	switch {
	case r.Kind == "recovery.open":
		t.open[keyOf(r)] = true
	case slices.Contains(view.Outcomes(), r.Kind):
		delete(t.open, keyOf(r))
	case r.Kind == "scaling.suspended":
		t.suspended[r.Cluster] = true
	case r.Kind == "scaling.resumed", r.Kind == "cluster.ended":
		delete(t.suspended, r.Cluster)
	}
}

// line is one line of the timeline.
type line struct {
	at                         time.Time
	cluster, group, word, text string
}

// The words of lines that come from no record.
const (
	wordOutside   = "outside"
	wordMeanwhile = "…"
	wordProblem   = "problem"
)

// outside is what people, EC2 and EMR itself did. Calls of the API are the guard's and told by its records.
func (t *timeline) outside(c emrsim.Change, w *demoWorld) (line, bool) {
	if c.Who == "api" || c.Op == "Place" {
		return line{}, false
	}
	l := line{at: c.At, cluster: t.name(w, c.Cluster), group: t.name(w, c.Group), word: wordOutside}
	switch {
	case c.Note != "":
		l.text = fmt.Sprintf("%s: %s %s", c.Who, c.Op, c.Note)
	case c.From != c.To:
		l.text = fmt.Sprintf("%s asks for %s instead of %d", c.Who, phrase.Count(c.To, "instance"), c.From)
	default:
		l.text = fmt.Sprintf("%s: %s", c.Who, c.Op)
	}
	return l, true
}

// told are the kinds of records that make a line; of the others the story is told without.
var told = []string{"group.read", "recovery.open", "ban.", "call.", "recovery.", "scaling.", "pool.rest", "pool.rested", "pool.blocked", "pool.contested", "read.",
	"cluster.ended", "clock.", "scope.", "sweep.", "events.", "api.throttled", "order."}

func (t *timeline) recorded(r store.Record, w *demoWorld) (line, bool) {
	if view.Bookkeeping(r) {
		return line{}, false
	}
	failed := strings.HasPrefix(r.Kind, "answer.") // the others are bookkeeping
	if !failed && !slices.ContainsFunc(told, func(k string) bool { return k == r.Kind || strings.HasSuffix(k, ".") && strings.HasPrefix(r.Kind, k) }) {
		return line{}, false
	}
	l := line{at: r.At, cluster: t.name(w, r.Cluster), group: t.name(w, cmp.Or(r.Group, r.Pool)), word: view.Word(r.Kind), text: view.Said(r)}
	var data struct {
		Call emr.Call `json:"call"`
	}
	if strings.HasPrefix(r.Kind, "call.") && json.Unmarshal(r.Data, &data) == nil { // without its inputs a record still has its sentence
		l.text += " (" + string(data.Call.Op) + ")"
	}
	l.text = groupID.ReplaceAllStringFunc(l.text, func(id string) string {
		if strings.HasSuffix(id, "`") { // of a command, which needs the id
			return id
		}
		return t.name(w, id)
	})
	return l, true
}

// requestID is different in each of AWS's answers.
var requestID = regexp.MustCompile(` \(request [^)]*\)`)

// fault tells each problem once.
func (t *timeline) fault(f engine.Fault, w *demoWorld) (line, bool) {
	text := requestID.ReplaceAllString(f.Err.Error(), "")
	if t.said[text] {
		return line{}, false
	}
	t.said[text] = true
	return line{at: w.sim.Now(), cluster: t.name(w, f.Cluster), word: wordProblem, text: text}, true
}

// allRuns is what there is to say of a world that is well.
const allRuns = "all that is asked for runs"

// meanwhile says what is missing while nothing happens.
func (t *timeline) meanwhile(truth emrsim.Truth) line {
	var parts []string
	for _, c := range truth.Clusters {
		for _, g := range c.Groups {
			if g.Requested > g.Running {
				parts = append(parts, fmt.Sprintf("%s/%s %d of %d", c.Name, view.Label(g.Name, emr.GroupID(g.ID)), g.Running, g.Requested))
			}
		}
	}
	text := allRuns
	if len(parts) > 0 {
		text = "still waiting: " + strings.Join(parts, ", ")
	}
	return line{at: truth.Now, word: wordMeanwhile, text: text}
}

// groupID is an instance group's id.
var groupID = regexp.MustCompile("\\big-[A-Z0-9]+\\b`?")

// name is what a cluster or group is called; a new one is looked up.
func (t *timeline) name(w *demoWorld, id string) string {
	if id == "" {
		return ""
	}
	if _, known := t.names[id]; !known {
		t.learn(w.sim.Snapshot(w.region))
	}
	if name, known := t.names[id]; known {
		return name
	}
	return id
}

func (t *timeline) learn(truth emrsim.Truth) {
	for _, c := range truth.Clusters {
		t.names[c.ID] = c.Name
		for _, g := range c.Groups {
			t.names[g.ID] = view.Label(g.Name, emr.GroupID(g.ID))
		}
	}
}

// colors of the words on a terminal.
var colors = map[string]string{wordOutside: "\x1b[35m", "seen": "\x1b[2m", "decided": "\x1b[33m", "called": "\x1b[36m", "answered": "\x1b[31m", "done": "\x1b[32m",
	"asked": "\x1b[35m", wordMeanwhile: "\x1b[2m", wordProblem: "\x1b[31m"}

func (t *timeline) write(l line) error {
	start, end := "", ""
	if t.color {
		start, end = colors[l.word], "\x1b[0m"
	}
	_, err := fmt.Fprintf(t.out, "%s  %-*s  %-*s  %s%-8s  %s%s\n", l.at.UTC().Format("15:04:05"), t.widths[0], printable(l.cluster), t.widths[1], printable(l.group),
		start, l.word, printable(l.text), end)
	return err
}
