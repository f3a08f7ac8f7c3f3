package guard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// checkScaling holds the first call of a scaling operation against I4 and the bounds.
func (m *model) checkScaling(d Decision) {
	m.t.Helper()
	c := d.Call
	r := d.State.Recovery(c.Recovery)
	if r == nil || r.Kind != recovery.Scale || r.Force || c.Purpose != ForLaunch && c.Purpose != ForAdd && c.Purpose != ForRelease {
		return
	}
	if slices.ContainsFunc(m.calls, func(o Call) bool { return o.Recovery == c.Recovery && o.ID != c.ID }) {
		return // somebody else may have changed what the pool wants since
	}
	for _, s := range d.State.Scaling {
		if p := d.State.Pool(s.Origin); s.Origin == c.Pool && (p.Wanted < s.Bounds.Min || p.Wanted > s.Bounds.Max) {
			m.fail("pool %s wants %d outside %+v", s.Name, p.Wanted, s.Bounds)
		}
	}
	newest := m.reads[len(m.reads)-1]
	probe := &decider{s: d.State, env: m.env}
	for id, g := range newest.groups {
		p, known := d.State.PoolOf(id), d.State.Group(id)
		gaveUp := slices.ContainsFunc(d.State.Recoveries, func(o recovery.Recovery) bool { return o.Group == id && probe.gaveUp(&o) })
		// A resting pool does not suspend (R8), nor does what was reported as beyond repair (R3, R5).
		if g.State == emr.GroupResizing && p != nil && p.Rest == nil && known.Reported == "" && !gaveUp {
			m.fail("I4: %s although the read of %s shows %s RESIZING", c.Call, newest.began.Format(time.TimeOnly), id)
		}
	}
	if len(m.calls) > 0 && newest.began.Before(m.calls[len(m.calls)-1].At) {
		m.fail("I4: %s follows a read from before our last write", c.Call)
	}
}

// scaled gives a model the scaling settings of a test.
func scaledModel(t failer, conf scaling.Settings) *model {
	t.Helper()
	m := newModel(t, recovery.Defaults())
	m.series = map[string][]emr.Point{}
	m.configure(conf)
	m.pass(2 * time.Minute)
	return m
}

func (m *model) configure(conf scaling.Settings) {
	m.t.Helper()
	if err := conf.Compile(); err != nil {
		m.fail("%v", err)
	}
	m.env.Scaling = &conf
}

// points fills a metric with a value every five minutes from now on, for so long.
func (m *model) points(metric string, value float64, span time.Duration) {
	m.pointsFrom(metric, value, m.now.Add(-10*time.Minute), span+10*time.Minute)
}

func (m *model) pointsFrom(metric string, value float64, from time.Time, span time.Duration) {
	first := from.Truncate(5 * time.Minute)
	kept := slices.DeleteFunc(m.series[metric], func(p emr.Point) bool { return !p.At.Before(first) })
	for at := first; at.Before(from.Add(span)); at = at.Add(5 * time.Minute) {
		kept = append(kept, emr.Point{At: at, Value: value})
	}
	m.series[metric] = kept
}

// count counts the records of a kind.
func (m *model) count(kind string) int {
	n := 0
	for _, r := range m.records {
		if r.Kind == kind {
			n++
		}
	}
	return n
}

// said says whether a record of a kind holds the text.
func (m *model) said(kind, text string) bool {
	return slices.ContainsFunc(m.records, func(r Record) bool { return r.Kind == kind && strings.Contains(r.Reason, text) })
}

func taskPool(lo, hi int) scaling.Pool {
	return scaling.Pool{Name: "task", Role: emr.Task, Min: lo, Max: hi, Cooldown: scaling.Cooldown{Up: 5 * time.Minute, Down: 10 * time.Minute}}
}

func policy(name, metric string, op scaling.Operator, threshold float64, action scaling.Action) scaling.Policy {
	return scaling.Policy{Name: name, Condition: scaling.Condition{Namespace: emr.MetricsNamespace, Metric: metric, Statistic: emr.Average, Operator: op,
		Threshold: threshold, Period: 5 * time.Minute, Evaluations: 2}, Missing: scaling.Ignore, Action: action}
}

func at(n int) *int { return &n }

func TestR2_APolicyLaunchesOnceAndThenWaits(t *testing.T) {
	conf := taskPool(2, 20)
	conf.ScaleUp = []scaling.Policy{policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3})}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{conf}})
	m.points("ContainerPending", 5, 2*time.Hour)
	m.pass(14 * time.Minute)
	if got := m.state.Pool("ig-A").Wanted; got != 9 {
		t.Fatalf("wanted %d, not 9\n%s", got, strings.Join(m.log, "\n"))
	}
	s := m.state.Scaled("task")
	if s.Last == nil || s.Last.By != "policy out" || s.Last.From != 6 || s.Last.To != 9 || s.Last.Done.IsZero() {
		t.Errorf("last %+v", s.Last)
	}
	// Two periods that begin after the resize have to end first.
	done, asked := s.Last.Done, m.asked
	m.pass(4 * time.Minute)
	if got := m.state.Pool("ig-A").Wanted; got != 9 {
		t.Errorf("wanted %d, %s after the resize", got, m.now.Sub(done))
	}
	m.pass(2 * time.Minute)
	if got := m.state.Pool("ig-A").Wanted; got != 12 {
		t.Errorf("wanted %d, not 12", got)
	}
	if m.asked != asked+1 {
		t.Errorf("%d series were read for one decision: before there are enough data points none has to be", m.asked-asked)
	}
	m.pass(2 * time.Hour)
	if got := m.state.Pool("ig-A").Wanted; got != 20 {
		t.Errorf("wanted %d, not max 20", got)
	}
	m.points("ContainerPending", 0, time.Hour)
	before := len(m.calls)
	m.pass(time.Hour)
	if len(m.calls) != before {
		t.Errorf("calls without a policy that holds: %v", m.calls[before:])
	}
	for _, r := range m.records {
		if r.Kind == "scaling.decided" && !strings.Contains(text(Decision{Records: []Record{r}}), `"points"`) {
			t.Errorf("a decision without its data points: %s", r.Reason)
		}
	}
}

func TestR2_NothingScalesWhileAGroupResizes(t *testing.T) {
	conf := taskPool(0, 20)
	conf.ScaleUp = []scaling.Policy{policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3})}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{conf}})
	m.points("ContainerPending", 5, 5*time.Hour)
	m.of("ig-C").Requested, m.of("ig-C").stuck = 4, true // somebody asks for more core nodes, and they do not come
	m.read(m.shown())
	asked := m.asked
	m.pass(20 * time.Minute)
	if len(m.calls) != 0 || m.state.Pool("ig-A").Wanted != 6 {
		t.Fatalf("calls %v while a group is resizing", m.calls)
	}
	if m.asked != asked {
		t.Error("data points were read that no policy could act on")
	}
	m.of("ig-C").stuck = false
	m.pass(6 * time.Minute)
	resumed := m.state.Resumed
	m.pass(40 * time.Minute)
	first := slices.IndexFunc(m.records, func(r Record) bool { return r.Kind == "scaling.decided" })
	if resumed.IsZero() || first < 0 || m.records[first].At.Before(resumed.Add(10*time.Minute)) {
		t.Errorf("resumed %s, decided %v", resumed, m.records[max(0, first)])
	}
}

func TestR2_ScheduleIsAppliedOnceAndLate(t *testing.T) {
	conf := taskPool(0, 30)
	conf.Schedules = []scaling.Schedule{{Name: "noon", Cron: "10 12 * * *", Target: at(9)}, {Name: "later", Cron: "20 12 * * *", Target: at(12)}}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{conf}}) // 12:02
	m.of("ig-C").Requested, m.of("ig-C").stuck = 3, true
	m.read(m.shown())
	m.pass(23 * time.Minute)
	s := m.state.Scaled("task")
	if s.Deferred == nil || s.Deferred.Schedule != "later" || !strings.Contains(s.Deferred.Reason, "suspended") {
		t.Fatalf("deferred %+v", s.Deferred)
	}
	if !m.said("scaling.superseded", "gives way to later, which was due later") || m.count("scaling.deferred") != 2 {
		t.Errorf("records %v", m.log)
	}
	m.of("ig-C").stuck = false
	m.pass(10 * time.Minute)
	if got := m.state.Pool("ig-A").Wanted; got != 12 || m.state.Scaled("task").Deferred != nil {
		t.Errorf("wanted %d, deferred %+v", got, m.state.Scaled("task").Deferred)
	}
	if n := m.count("scaling.decided"); n != 1 {
		t.Errorf("%d decisions, not 1", n)
	}
	m.pass(10 * time.Minute)
	if d := m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-A", To: 7, Author: "ann"}}); d.Reply.Refused {
		t.Fatal(d.Reply.Text)
	}
	m.pass(3 * time.Hour)
	if got := m.state.Pool("ig-A").Wanted; got != 7 {
		t.Errorf("wanted %d: a schedule was applied twice", got)
	}
	m.pass(22 * time.Hour)
	if got := m.state.Pool("ig-A").Wanted; got != 12 {
		t.Errorf("wanted %d the day after, not 12", got)
	}
}

func TestR2_BoundsHold(t *testing.T) {
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{taskPool(8, 12)}})
	m.pass(10 * time.Minute)
	if got := m.state.Pool("ig-A").Wanted; got != 8 {
		t.Fatalf("wanted %d, not min 8", got)
	}
	for to, refused := range map[int]bool{7: true, 13: true, 12: false} {
		if d := m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-A", To: to, Author: "ann", Force: true}}); d.Reply.Refused != refused {
			t.Errorf("scale to %d: %+v", to, d.Reply)
		}
		m.pass(10 * time.Minute)
	}
	m.of("ig-A").Requested = 25 // somebody asks for more than max
	m.pass(40 * time.Minute)
	if got := m.of("ig-A").Requested; got != 12 {
		t.Errorf("requested %d, not max 12\n%s", got, strings.Join(m.log, "\n"))
	}
}

func TestR2_TheClusterIsBoundedAsAWhole(t *testing.T) {
	conf := taskPool(0, 30)
	conf.ScaleUp = []scaling.Policy{policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 10})}
	m := scaledModel(t, scaling.Settings{MaxInstances: 12, Pools: []scaling.Pool{conf}}) // 1 + 2 + 6 now
	m.points("ContainerPending", 5, 5*time.Hour)
	m.pass(3 * time.Hour)
	if got := m.state.Pool("ig-A").Wanted; got != 9 {
		t.Errorf("wanted %d, not 9", got)
	}
	if n := m.count("scaling.decided"); n != 1 {
		t.Errorf("%d decisions", n)
	}
	if d := m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-A", To: 10, Author: "ann"}}); !d.Reply.Refused || !strings.Contains(d.Reply.Text, "max_instances") {
		t.Errorf("%+v", d.Reply)
	}
}

func TestR13_ObserveRecordsWhatItWouldScale(t *testing.T) {
	conf := taskPool(0, 20)
	conf.ScaleUp = []scaling.Policy{policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3})}
	conf.Schedules = []scaling.Schedule{{Name: "noon", Cron: "30 12 * * *", Target: at(9), Min: at(1)}}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{conf}})
	m.env.Mode = Observe
	m.points("ContainerPending", 5, 5*time.Hour)
	m.pass(3 * time.Hour)
	if len(m.calls) > 0 || m.state.Pool("ig-A").Wanted != 6 || m.state.Scaled("task").Bounds.Min != 0 {
		t.Errorf("calls %v, wanted %d", m.calls, m.state.Pool("ig-A").Wanted)
	}
	if !m.said("would.scale", "by policy out") || !m.said("would.scale", "by schedule noon") {
		t.Errorf("%s", strings.Join(m.log, "\n"))
	}
	if n := m.count("would.scale"); n > 4 {
		t.Errorf("%d rows for the same thing", n)
	}
}

func TestR7_AGroupIsMadeEmptyForAConfiguredPool(t *testing.T) {
	for name, c := range map[string]struct {
		err       *emr.Error
		effective bool
		made      int // groups EMR has in the end
	}{
		"answered":              {nil, true, 1},
		"answer lost, it took":  {&emr.Error{Class: emr.Unavailable}, true, 1},
		"answer lost, it never": {&emr.Error{Class: emr.Unavailable}, false, 1},
		"throttled":             {&emr.Error{Class: emr.Throttled}, false, 1},
		"empty is refused":      {&emr.Error{Class: emr.Invalid}, false, 1},
	} {
		conf := taskPool(3, 20)
		conf.Name, conf.Groups, conf.Group = "extra", []string{"extra*"}, &scaling.Group{InstanceType: "m5.xlarge", Market: emr.Spot}
		m := newModel(t, recovery.Defaults())
		m.configure(scaling.Settings{Pools: []scaling.Pool{conf}})
		for i := 0; m.pending == nil && i < 100; i++ {
			m.approach()
		}
		if m.pending == nil || m.pending.Purpose != ForMake || m.pending.Call.Config.Count != 0 {
			t.Fatalf("%s: pending %+v", name, m.pending)
		}
		if _, token, ok := emr.ParseGroupName(m.pending.Call.Config.Name); !ok || token.Store != "storeaaa" {
			t.Errorf("%s: the name %q carries no token", name, m.pending.Call.Config.Name)
		}
		m.answer(c.err, c.effective)
		m.pass(20 * time.Minute)
		s := m.state.Scaled("extra")
		if m.made != c.made || s.Origin != "ig-N01" || s.Making != nil {
			t.Fatalf("%s: %d groups made, %+v\n%s", name, m.made, s, strings.Join(m.log, "\n"))
		}
		if p := m.state.Pool("ig-N01"); p.Wanted != 3 || p.Name != "extra" || m.of("ig-N01").Running != 3 {
			t.Errorf("%s: pool %+v", name, p)
		}
	}
}

func TestR12_AWrappedClustersCoreIsLeftAlone(t *testing.T) {
	m := newModel(t, recovery.Defaults())
	m.env.Wrapped = true
	m.pass(time.Minute)
	m.of("ig-C").Requested, m.of("ig-C").stuck = 4, true
	m.pass(40 * time.Minute)
	if len(m.calls) > 0 || m.state.Suspended == nil || !m.said("would.recover", "CORE is left alone") {
		t.Fatalf("calls %v, suspended %v\n%s", m.calls, m.state.Suspended, strings.Join(m.log, "\n"))
	}
	if d := m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-C", To: 3, Author: "ann", Force: true}}); !d.Reply.Refused {
		t.Error("CORE of a wrapped cluster was scaled")
	}
	m.pass(70 * time.Minute)
	if m.state.Suspended != nil {
		t.Errorf("suspended for ever: %v", m.state.Suspended.Reasons)
	}
	m.of("ig-A").Requested, m.of("ig-A").stuck = 9, true
	m.pass(40 * time.Minute)
	if m.made != 1 || m.of("ig-A").Requested != 6 {
		t.Errorf("task capacity is managed: %d made, %d requested", m.made, m.of("ig-A").Requested)
	}
}

func idle(mode scaling.TerminationMode) scaling.Settings {
	return scaling.Settings{Termination: &scaling.Termination{Mode: mode, Grace: 10 * time.Minute, Policies: []scaling.TerminationPolicy{{Name: "idle", Statements: []scaling.Condition{
		{Namespace: emr.MetricsNamespace, Metric: "AppsRunning", Statistic: emr.Sum, Operator: scaling.LTE, Threshold: 0, Period: 5 * time.Minute, Evaluations: 3},
		{Namespace: emr.MetricsNamespace, Metric: "AppsPending", Statistic: emr.Sum, Operator: scaling.LTE, Threshold: 0, Period: 5 * time.Minute, Evaluations: 3},
	}}}}}
}

func TestTermination(t *testing.T) {
	for name, c := range map[string]struct {
		mode    scaling.TerminationMode
		prepare func(*model)
		ended   bool
		kind    string // of a record that is there
		says    string
	}{
		"idle":                     {scaling.TerminationEnforce, func(*model) {}, true, "termination.notice", "policy idle"},
		"observed":                 {scaling.TerminationObserve, func(*model) {}, false, "would.terminate", "policy idle"},
		"the rule observes":        {scaling.TerminationEnforce, func(m *model) { m.env.Mode = Observe }, false, "would.terminate", "policy idle"},
		"protected":                {scaling.TerminationEnforce, func(m *model) { m.cluster.Protected = true }, false, "termination.held", "--no-termination-protected"},
		"a step runs":              {scaling.TerminationEnforce, func(m *model) { m.cluster.State = emr.ClusterRunning }, false, "termination.held", "RUNNING"},
		"metrics stopped":          {scaling.TerminationEnforce, func(m *model) { m.series = map[string][]emr.Point{} }, false, "", ""},
		"one metric stopped":       {scaling.TerminationEnforce, func(m *model) { delete(m.series, "AppsPending") }, false, "", ""},
		"something waits":          {scaling.TerminationEnforce, func(m *model) { m.points("AppsPending", 1, 3*time.Hour) }, false, "", ""},
		"paused":                   {scaling.TerminationEnforce, func(m *model) { m.state.Paused = &Pause{Since: m.now, Author: "ann"} }, false, "termination.notice", ""},
		"managed scaling is there": {scaling.TerminationEnforce, func(m *model) { m.managed, m.state.Managed = true, true }, false, "would.terminate", "managed"},
		"metrics stop in the grace": {scaling.TerminationEnforce, func(m *model) {
			for _, metric := range []string{"AppsRunning", "AppsPending"} { // the newest that the notice has is the newest there is
				m.series[metric] = slices.DeleteFunc(m.series[metric], func(p emr.Point) bool { return p.At.After(m.now) })
			}
		}, false, "termination.withdrawn", "no data point"},
		"work comes in the grace": {scaling.TerminationEnforce, func(m *model) {
			m.pointsFrom("AppsRunning", 2, m.now.Add(4*time.Minute), 3*time.Hour)
		}, false, "termination.withdrawn", "idle"},
	} {
		t.Run(name, func(t *testing.T) {
			m := scaledModel(t, idle(c.mode))
			m.points("AppsRunning", 0, 3*time.Hour)
			m.points("AppsPending", 0, 3*time.Hour)
			m.points("Noise", 0, 3*time.Hour)
			c.prepare(m)
			m.pass(90 * time.Minute)
			terminated := slices.ContainsFunc(m.calls, func(o Call) bool { return o.Call.Op == emr.TerminateJobFlows })
			if terminated != c.ended {
				t.Fatalf("terminated %v\n%s", terminated, strings.Join(m.log, "\n"))
			}
			if c.ended && (m.state.Ended.IsZero() || m.calls[0].At.Before(m.state.Terminating.Notice.Until)) {
				t.Errorf("ended %s, notice %+v", m.state.Ended, m.state.Terminating.Notice)
			}
			if c.kind != "" && !m.said(c.kind, c.says) {
				t.Errorf("no %s that says %q\n%s", c.kind, c.says, strings.Join(m.log, "\n"))
			}
			if n := m.count("termination.held") + m.count("would.terminate"); n > 1 {
				t.Errorf("%d rows in 90 minutes", n)
			}
		})
	}
}

func TestR11_NothingScalesOnMetricsThatCannotBeRead(t *testing.T) {
	conf := taskPool(0, 20)
	conf.ScaleUp = []scaling.Policy{policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3})}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{conf}})
	for range 5 {
		m.decide(Input{Failed: &Failed{Op: emr.GetMetricData, Began: m.now, Err: emr.Error{Class: emr.Denied, Code: "AccessDenied", Message: "not allowed"}}})
		m.now = m.now.Add(time.Minute)
	}
	if m.state.Blind == nil || m.count("metrics.unread") != 1 || len(m.calls) > 0 {
		t.Errorf("blind %+v, %d rows", m.state.Blind, m.count("metrics.unread"))
	}
	m.pass(20 * time.Minute)
	if m.state.Blind != nil || m.count("metrics.read") != 1 {
		t.Errorf("blind %+v", m.state.Blind)
	}
}

// TestR11_ASeriesThatCannotBeReadBlindsItsPolicyOnly: the other policy of the pool is judged, and what happened is told once.
func TestR11_ASeriesThatCannotBeReadBlindsItsPolicyOnly(t *testing.T) {
	for _, class := range []emr.Class{emr.Denied, emr.Invalid, emr.Unavailable} {
		conf := taskPool(0, 20)
		conf.ScaleUp = []scaling.Policy{
			policy("bad", "NoSuchMetric", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 5}),
			policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3}),
		}
		m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{conf}})
		m.poisoned, m.poison = "NoSuchMetric", &emr.Error{Class: class, Code: "Forbidden", Message: "no"}
		m.points("ContainerPending", 9, 2*time.Hour)
		m.pass(30 * time.Minute)
		if p := m.state.Pool("ig-A"); p.Wanted <= 6 {
			t.Errorf("%s: the pool wants %d: nothing was judged", class, p.Wanted)
		}
		if b := m.state.Blind; b == nil || len(b.Series) != 1 || m.count("metrics.unread") != 1 || m.count("metrics.read") != 0 {
			t.Errorf("%s: blind %+v, %d rows and %d", class, b, m.count("metrics.unread"), m.count("metrics.read"))
		}
		m.poison = nil
		m.pass(30 * time.Minute)
		if m.state.Blind != nil || m.count("metrics.read") != 1 {
			t.Errorf("%s: blind %+v", class, m.state.Blind)
		}
		m.poison = &emr.Error{Class: class, Code: "Forbidden", Message: "no"}
		m.pass(30 * time.Minute)
		conf.ScaleUp = conf.ScaleUp[1:]
		m.configure(scaling.Settings{Pools: []scaling.Pool{conf}})
		m.pass(10 * time.Minute)
		if m.state.Blind != nil {
			t.Errorf("%s: no policy looks at it any more: %+v", class, m.state.Blind)
		}
	}
}

func TestPoolsAreBound(t *testing.T) {
	named := func(name string, groups ...string) scaling.Pool {
		p := taskPool(0, 20)
		p.Name, p.Groups = name, groups
		return p
	}
	m := newModel(t, recovery.Defaults())
	m.group("ig-B", "spot-b", emr.Task, 2)
	m.configure(scaling.Settings{Pools: []scaling.Pool{named("rest"), named("spot", "spot-*")}})
	m.pass(time.Minute)
	got := fmt.Sprint(m.state.Scaled("rest").Origin, " ", m.state.Scaled("spot").Origin)
	if got != "ig-A ig-B" {
		t.Errorf("bound to %s", got)
	}
	m.group("ig-0", "spot-a", emr.Task, 2).Created = m.now.Add(-time.Hour) // an older group does not take the place of a bound one
	m.pass(10 * time.Minute)
	if got := m.state.Scaled("spot").Origin; got != "ig-B" {
		t.Errorf("bound to %s", got)
	}
	m.configure(scaling.Settings{Pools: []scaling.Pool{named("spot", "spot-a")}})
	m.pass(10 * time.Minute)
	if got := m.state.Scaled("spot").Origin; got != "ig-0" || m.state.Scaled("rest") != nil {
		t.Errorf("bound to %s", got)
	}
}

func TestR2_AnOperationThatHasNotBegunGivesWay(t *testing.T) {
	conf := taskPool(0, 30)
	conf.Schedules = []scaling.Schedule{{Name: "noon", Cron: "10 12 * * *", Target: at(9)}}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{conf}})
	m.env.Modify = false // no token: the operation cannot begin
	m.pass(9 * time.Minute)
	if len(m.state.Recoveries) != 1 || m.state.Pool("ig-A").Wanted != 9 {
		t.Fatalf("recoveries %+v", m.state.Recoveries)
	}
	m.of("ig-A").Requested = 8 // somebody else is faster
	m.of("ig-A").stuck = true
	m.read(m.shown())
	if len(m.state.Recoveries) != 0 || m.state.Pool("ig-A").Wanted != 8 {
		t.Fatalf("recoveries %+v, wanted %d", m.state.Recoveries, m.state.Pool("ig-A").Wanted)
	}
	if s := m.state.Scaled("task"); s.Deferred == nil || s.Deferred.Schedule != "noon" {
		t.Errorf("deferred %+v", s.Deferred)
	}
	m.env.Modify = true
	m.of("ig-A").stuck = false
	m.pass(20 * time.Minute)
	if got := m.of("ig-A").Running; got != 9 || m.state.Scaled("task").Deferred != nil {
		t.Errorf("%d run", got)
	}
}

func TestR2_ScalingByHandGivesWayToARepair(t *testing.T) {
	m := newModel(t, recovery.Defaults())
	m.pass(2 * time.Minute)
	m.env.Modify, m.env.StopReady = false, false
	if d := m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-A", To: 8, Author: "ann"}}); d.Reply.Refused {
		t.Fatal(d.Reply.Text)
	}
	m.of("ig-A").Requested, m.of("ig-A").stuck = 7, true
	m.pass(20 * time.Minute)
	if !slices.ContainsFunc(m.state.Recoveries, func(r recovery.Recovery) bool { return r.Kind == recovery.Scale }) {
		t.Fatal("the order does not wait")
	}
	m.env.Modify, m.env.StopReady = true, true
	m.pass(20 * time.Minute)
	if !m.said("recovery.withheld", "give the order again") || !slices.ContainsFunc(m.calls, func(c Call) bool { return c.Purpose == ForStop }) {
		t.Errorf("%s", strings.Join(m.log, "\n"))
	}
	if got := m.state.Pool("ig-A").Wanted; got != 7 {
		t.Errorf("wanted %d, not the 7 that somebody asked for", got)
	}
}

func TestOnePoolForEachGroup(t *testing.T) {
	a, b := taskPool(0, 20), taskPool(0, 20)
	a.Name, b.Name, a.Groups, b.Groups = "a", "b", []string{"task"}, []string{"t*"}
	m := newModel(t, recovery.Defaults())
	m.configure(scaling.Settings{Pools: []scaling.Pool{a, b}})
	m.pass(time.Minute)
	if got := fmt.Sprint(m.state.Scaled("a").Origin, " ", m.state.Scaled("b").Origin); got != "ig-A " {
		t.Errorf("bound to %s", got)
	}
}

func TestR2_TheGate(t *testing.T) {
	for name, c := range map[string]struct {
		shut func(*model)
		says string
		open func(*model)
	}{
		"a group resizes":     {func(m *model) { m.of("ig-C").Requested, m.of("ig-C").stuck = 3, true; m.read(m.shown()) }, "ig-C is RESIZING", func(m *model) { m.of("ig-C").stuck = false }},
		"paused":              {func(m *model) { m.decide(Input{Order: &Order{Kind: OrderPause, Author: "ann"}}) }, "paused by ann", func(m *model) { m.decide(Input{Order: &Order{Kind: OrderResume, Author: "ann"}}) }},
		"the scope is paused": {func(m *model) { m.env.Paused = "the whole scope is paused by ann" }, "whole scope", func(m *model) { m.env.Paused = "" }},
		"not modifiable": {func(m *model) {
			m.cluster.State = emr.ClusterStarting
			m.decide(Input{Described: &Described{Began: m.now, Cluster: m.cluster}})
		}, "STARTING", func(m *model) {
			m.cluster.State = emr.ClusterWaiting
			m.decide(Input{Described: &Described{Began: m.now, Cluster: m.cluster}})
		}},
		"resting": {func(m *model) {
			m.state.Pool("ig-A").Rest = &pool.Rest{From: m.now, Until: m.now.Add(20 * time.Minute), Reason: "nothing helps"}
			m.state.Pool("ig-A").Wanted++ // something is missing, so that it is not whole
		}, "nothing helps", func(*model) {}},
		"blocked": {func(m *model) {
			m.state.Pool("ig-A").Blocked = &pool.Blocked{Since: m.now, Reason: "no candidate", Retry: m.now.Add(20 * time.Minute), Refused: true}
			m.state.Pool("ig-A").Wanted++
		}, "no candidate", func(*model) {}},
		"somebody else lowered it": {func(m *model) {
			m.now = m.now.Truncate(time.Hour).Add(9*time.Minute + 50*time.Second)
			m.of("ig-A").Requested = 5
			m.read(m.shown())
		}, "second read", func(*model) {}},
	} {
		t.Run(name, func(t *testing.T) {
			p := taskPool(0, 30)
			p.Schedules = []scaling.Schedule{{Name: "noon", Cron: "10 12 * * *", Target: at(12)}}
			m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{p}}) // 12:02
			m.pass(6 * time.Minute)
			c.shut(m)
			for m.now.Before(m.now.Truncate(time.Hour).Add(10 * time.Minute)) {
				m.now = m.now.Add(10 * time.Second)
			}
			d := m.decide(Input{})
			s := d.State.Scaled("task")
			if d.Call != nil || len(d.State.Recoveries) > 0 || s.Deferred == nil || !strings.Contains(s.Deferred.Reason, c.says) {
				t.Fatalf("call %v, deferred %+v", d.Call, s.Deferred)
			}
			c.open(m)
			m.pass(40 * time.Minute)
			if got := m.of("ig-A").Running; got < 12 {
				t.Errorf("%d run after the gate opened\n%s", got, strings.Join(m.log, "\n"))
			}
		})
	}
}

func TestR2_NoOperationOnAReadThatCannotBeRelied(t *testing.T) {
	p := taskPool(0, 30)
	p.Schedules = []scaling.Schedule{{Name: "noon", Cron: "10 12 * * *", Target: at(12)}}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{p}})
	m.now = m.now.Truncate(time.Hour).Add(10 * time.Minute)
	m.read(nil) // an empty answer
	if s := m.state.Scaled("task"); s.Deferred == nil || !strings.Contains(s.Deferred.Reason, "not usable") || len(m.state.Recoveries) > 0 {
		t.Errorf("deferred %+v", s.Deferred)
	}
}

func TestR11_AClockThatIsNotTrustedStartsNoSchedule(t *testing.T) {
	p := taskPool(8, 30)
	p.Schedules = []scaling.Schedule{{Name: "noon", Cron: "10 12 * * *", Target: at(12)}}
	m := newModel(t, recovery.Defaults())
	m.env.Trusted = false
	m.configure(scaling.Settings{Pools: []scaling.Pool{p}})
	m.pass(20 * time.Minute)
	if len(m.calls) > 0 || m.state.Pool("ig-A").Wanted != 6 {
		t.Fatalf("calls %v", m.calls)
	}
	m.env.Trusted = true
	m.pass(20 * time.Minute)
	if got := m.of("ig-A").Running; got != 8 {
		t.Errorf("%d run, not min 8: the time of the schedule was before the clock could be trusted", got)
	}
}

// TestR11_NoScheduleOnAClockThatNoAnswerHasShown: a process that starts with a clock two hours ahead does not know it before the first answer.
func TestR11_NoScheduleOnAClockThatNoAnswerHasShown(t *testing.T) {
	p := taskPool(2, 30)
	p.Schedules = []scaling.Schedule{{Name: "one", Cron: "0 13 * * *", Target: at(12)}}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{p}})
	m.pass(10 * time.Minute)
	right := m.now
	m.now = right.Add(2 * time.Hour)
	m.decide(Input{})
	if s := m.state.Scaled("task"); s.Deferred != nil || s.Last != nil || s.Ticks[0].Next.Hour() != 13 || s.Ticks[0].Next.Day() != right.Day() {
		m.fail("%+v", s)
	}
	m.now = right.Add(time.Minute) // the first answer has set it right
	m.serve()
	m.pass(70 * time.Minute)
	if s := m.state.Scaled("task"); s.Last == nil || s.Last.At.Sub(s.Last.Due) > time.Minute || m.count("scaling.decided") != 1 {
		m.fail("%+v", s)
	}
}

func TestR6_ScalingTheCorePoolAsksCore(t *testing.T) {
	p := scaling.Pool{Name: "core", Role: emr.Core, Min: 1, Max: 10}
	p.ScaleUp = []scaling.Policy{policy("disk", "HDFSUtilization", scaling.GT, 80, scaling.Action{Type: scaling.Adjustment, Count: 1})}
	p.ScaleDown = []scaling.Policy{policy("shrink", "HDFSUtilization", scaling.LT, 10, scaling.Action{Type: scaling.UpdateCapacity, Target: at(1)})}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{p}})
	m.points("HDFSUtilization", 90, 10*time.Minute)
	m.pass(20 * time.Minute)
	if got := m.of("ig-C").Running; got != 3 || m.made != 0 {
		t.Fatalf("%d core nodes, %d groups made\n%s", got, m.made, strings.Join(m.log, "\n"))
	}
	m.points("HDFSUtilization", 5, 2*time.Hour)
	m.pass(2 * time.Hour)
	if got := m.of("ig-C").Running; got != 1 {
		t.Errorf("%d core nodes, not the 1 of min", got)
	}
}

func TestCooldownsAreSeparate(t *testing.T) {
	hour := time.Hour
	p := taskPool(0, 40)
	p.Cooldown = scaling.Cooldown{Up: 5 * time.Minute, Down: 2 * time.Hour}
	p.ScaleUp = []scaling.Policy{policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 4})}
	p.ScaleDown = []scaling.Policy{policy("in", "ContainerPending", scaling.LTE, 0, scaling.Action{Type: scaling.Adjustment, Count: 1})}
	slow := policy("slow", "AppsPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 1})
	slow.Cooldown = &hour
	p.ScaleUp = append(p.ScaleUp, slow)
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{p}})
	m.points("ContainerPending", 1, 10*time.Minute)
	m.pass(10 * time.Minute)
	m.points("ContainerPending", 0, 12*time.Hour)
	m.points("AppsPending", 1, 70*time.Minute)
	m.pass(6 * time.Hour)
	var got []string
	var last time.Time
	for _, r := range m.records {
		switch {
		case r.Kind == "scaling.decided":
			by := r.Data["ask"].(scaling.Ask).By
			got = append(got, by)
			wait := map[string]time.Duration{"policy slow": time.Hour, "policy in": 2 * time.Hour}[by]
			if !last.IsZero() && (r.At.Before(last.Add(wait)) || r.At.After(last.Add(wait+12*time.Minute))) {
				t.Errorf("%s came %s after the last operation, not %s", by, r.At.Sub(last), wait)
			}
		case strings.HasPrefix(r.Kind, "recovery.completed"):
			last = r.At
		}
	}
	if strings.Join(got, ", ") != "policy out, policy slow, policy in, policy in" {
		t.Errorf("operations %v", got)
	}
}

func TestTheScheduleDueLastCounts(t *testing.T) {
	p := taskPool(0, 30)
	p.Schedules = []scaling.Schedule{{Name: "late", Cron: "20 12 * * *", Target: at(12)}, {Name: "early", Cron: "10 12 * * *", Target: at(9)}}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{p}})
	m.now = m.now.Add(30 * time.Minute) // both were due while nobody looked
	m.decide(Input{})
	m.pass(10 * time.Minute)
	if got := m.state.Pool("ig-A").Wanted; got != 12 || !m.said("scaling.superseded", "gives way to late, which was due later") {
		t.Errorf("wanted %d\n%s", got, strings.Join(m.log, "\n"))
	}
}

func TestBoundsAreEnforcedAtAPace(t *testing.T) {
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{taskPool(0, 10)}})
	began := m.now
	for range 60 { // somebody else asks for 15 again and again
		m.of("ig-A").Requested = 15
		m.read(m.shown())
		m.pass(2 * time.Minute)
	}
	operations := m.count("scaling.decided")
	if most := int(m.now.Sub(began)/(5*time.Minute)) + 1; operations > most || operations < 2 {
		t.Errorf("%d operations in %s", operations, m.now.Sub(began))
	}
}

func TestR12_CoreOfAWrappedClusterIsNoConfiguredPool(t *testing.T) {
	m := newModel(t, recovery.Defaults())
	m.env.Wrapped = true
	m.configure(scaling.Settings{Pools: []scaling.Pool{{Name: "core", Role: emr.Core, Min: 4, Max: 10}}})
	m.pass(20 * time.Minute)
	if len(m.calls) > 0 || m.state.Scaled("core").Origin != "" {
		t.Errorf("calls %v", m.calls)
	}
}

func TestTerminationIsAskedForUntilTheEnd(t *testing.T) {
	for name, change := range map[string]func(*model){
		"observe meanwhile":      func(m *model) { m.configure(idle(scaling.TerminationObserve)) },
		"the rule is off":        func(m *model) { m.env.Mode = Off },
		"the rule observes":      func(m *model) { m.env.Mode = Observe },
		"no policy any more":     func(m *model) { m.configure(scaling.Settings{}) },
		"a tag says off":         func(m *model) { m.cluster.Tags = map[string]string{"emrguard": "off"} },
		"protected meanwhile":    func(m *model) { m.cluster.Protected = true },
		"a step began meanwhile": func(m *model) { m.cluster.State = emr.ClusterRunning },
	} {
		m := scaledModel(t, idle(scaling.TerminationEnforce))
		m.points("AppsRunning", 0, 3*time.Hour)
		m.points("AppsPending", 0, 3*time.Hour)
		for range 60 {
			if m.state.Terminating.Notice != nil {
				break
			}
			m.pass(time.Minute)
		}
		if m.state.Terminating.Notice == nil {
			t.Fatalf("%s: no notice", name)
		}
		change(m)
		m.pass(time.Hour)
		if len(m.calls) > 0 {
			t.Errorf("%s: %v", name, m.calls)
		}
	}
}

// makes plays until the group of a configured pool is about to be made.
func makes(t *testing.T, prepare func(*model)) *model {
	t.Helper()
	p := taskPool(3, 20)
	p.Name, p.Groups, p.Group = "extra", []string{"extra*"}, &scaling.Group{InstanceType: "m5.xlarge", Market: emr.Spot}
	m := newModel(t, recovery.Defaults())
	m.configure(scaling.Settings{Pools: []scaling.Pool{p}})
	prepare(m)
	for i := 0; m.pending == nil && i < 100; i++ {
		m.approach()
	}
	return m
}

func TestR7_AGroupIsMadeAgainOnlyAfterTwoReadsAPaceApart(t *testing.T) {
	m := makes(t, func(*model) {})
	m.answer(&emr.Error{Class: emr.Unavailable}, false)
	began := m.now
	for m.now.Before(began.Add(50 * time.Second)) {
		m.now = m.now.Add(5 * time.Second)
		m.read(m.shown())
		if m.pending != nil {
			t.Fatalf("made again after %s", m.now.Sub(began))
		}
	}
	m.pass(5 * time.Minute)
	if m.made != 1 {
		t.Errorf("%d groups", m.made)
	}
}

func TestR12_NoGroupIsMadeWhereSomebodyElseIsInCharge(t *testing.T) {
	m := makes(t, func(m *model) { m.managed = true })
	if m.pending != nil {
		t.Errorf("%s", m.pending.Call)
	}
}

func TestAGroupThatEMRRefusesIsAskedForRarely(t *testing.T) {
	m := makes(t, func(*model) {})
	for range 200 {
		if m.pending != nil {
			m.answer(&emr.Error{Class: emr.Denied, Code: "AccessDeniedException"}, false)
		}
		m.approach()
	}
	if n := m.count("call.make"); n != 1 || m.count("scaling.unmade") != 1 {
		t.Errorf("%d calls in an hour", n)
	}
}

// TestTerminationAfterAPause: what a pause held is done once it ends, with one description that is fresh.
func TestTerminationAfterAPause(t *testing.T) {
	m := scaledModel(t, idle(scaling.TerminationEnforce))
	m.points("AppsRunning", 0, 3*time.Hour)
	m.points("AppsPending", 0, 3*time.Hour)
	for range 60 {
		if m.state.Terminating.Notice != nil {
			break
		}
		m.pass(time.Minute)
	}
	m.state.Paused = &Pause{Since: m.now, Author: "ann"}
	m.pass(40 * time.Minute)
	if len(m.calls) > 0 || m.state.Terminating.Notice == nil || m.state.Terminating.Notice.Due.IsZero() {
		t.Fatalf("%d calls while it is paused, notice %+v", len(m.calls), m.state.Terminating.Notice)
	}
	m.state.Paused = nil
	m.decide(Input{})
	began := m.now
	m.now = m.now.Add(time.Second) // an answer takes time
	m.decide(Input{Described: &Described{Began: began, Cluster: m.cluster}})
	if m.pending == nil || m.pending.Call.Op != emr.TerminateJobFlows {
		t.Errorf("not terminated after the pause\n%s", strings.Join(m.log, "\n"))
	}
}

// TestR2_WhatWaitsForAPlaceCountsToMaxInstances: another pool's missing instances are launched once a ban lapses.
func TestR2_WhatWaitsForAPlaceCountsToMaxInstances(t *testing.T) {
	a, b := taskPool(0, 30), taskPool(0, 30)
	a.Groups = []string{"task"}
	b.Name, b.Groups = "other", []string{"more"}
	b.Schedules = []scaling.Schedule{{Name: "one", Cron: "0 13 * * *", Target: at(20)}}
	m := newModel(t, recovery.Defaults())
	m.env.Settings.MaxGroups = 0
	m.group("ig-B", "more", emr.Task, 2)
	m.configure(scaling.Settings{MaxInstances: 20, Pools: []scaling.Pool{a, b}})
	m.pass(2 * time.Minute)
	m.of("ig-A").Requested, m.of("ig-A").stuck = 12, true // 1 + 2 + 12 + 2
	m.pass(80 * time.Minute)
	if m.of("ig-A").Requested != 6 || m.state.Pool("ig-A").Blocked == nil || m.state.Pool("ig-B").Wanted != 5 {
		m.fail("%+v, %+v", m.state.Pool("ig-A"), m.state.Pool("ig-B"))
	}
	m.of("ig-A").stuck = false
	m.pass(4 * time.Hour)
	if got := m.of("ig-A").Requested + m.of("ig-B").Requested; got != 17 {
		m.fail("the pools ask for %d, not for the 17 that are left of 20", got)
	}
}

// TestR2_PointsOfAResizeAreNotJudged: a termination policy reads the series of a scaling policy while scaling is suspended, too, and the points
// may come in the very decision that ends the suspension.
func TestR2_PointsOfAResizeAreNotJudged(t *testing.T) {
	conf, p := idle(scaling.TerminationObserve), taskPool(0, 30)
	pol := policy("out", "AppsPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3})
	pol.Statistic = emr.Sum
	p.ScaleUp = []scaling.Policy{pol}
	conf.Pools = []scaling.Pool{p}
	m := scaledModel(t, conf)
	m.env.Wrapped = true
	m.points("AppsPending", 5, 10*time.Hour)
	m.points("AppsRunning", 5, 10*time.Hour)
	m.of("ig-C").Requested, m.of("ig-C").stuck = 4, true
	m.read(m.shown())
	m.pass(80 * time.Minute)
	if m.state.Suspended == nil || m.last.Metrics == nil || m.count("scaling.deferred") > 0 {
		m.fail("suspended %v, metrics %v", m.state.Suspended, m.last.Metrics)
	}
	m.now = m.state.Suspended.Since.Add(91 * time.Minute) // CORE of a wrapped cluster does not suspend for longer
	need := *m.last.Metrics
	need.From, need.To = m.now.Add(-time.Hour), m.now
	m.measure(need)
	if m.state.Suspended != nil || !m.state.Resumed.Equal(m.now) || m.count("scaling.decided") > 0 {
		m.fail("suspended %v, resumed %s", m.state.Suspended, m.state.Resumed)
	}
}

// TestPeriodsThatWereNotAskedForAreNotMissing: the answer to a question of five minutes ago says nothing of the periods since.
func TestPeriodsThatWereNotAskedForAreNotMissing(t *testing.T) {
	p := taskPool(0, 30)
	pol := policy("out", "Own", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3})
	pol.Period, pol.Evaluations, pol.Missing = time.Minute, 1, scaling.Breaching
	p.ScaleUp = []scaling.Policy{pol}
	m := newModel(t, recovery.Defaults())
	m.series = map[string][]emr.Point{}
	for at := m.now.Add(-time.Hour); at.Before(m.now.Add(2 * time.Hour)); at = at.Add(time.Minute) {
		m.series["Own"] = append(m.series["Own"], emr.Point{At: at})
	}
	m.configure(scaling.Settings{Pools: []scaling.Pool{p}})
	m.pass(20 * time.Minute)
	need := *m.last.Metrics
	m.now = m.now.Add(5 * time.Minute)
	m.read(m.shown())
	m.measure(need)
	m.pass(5 * time.Minute)
	if m.count("scaling.decided") > 0 {
		m.fail("a policy acted on periods that were not asked for")
	}
	if v := m.state.Scaled("task").Verdicts[0]; m.now.Sub(v.At) > 2*time.Minute {
		m.fail("judged last at %s", v.At)
	}
}

// TestR2_NoGroupIsMadeWhileAnotherResizes: a group for a configured pool passes the gate, too.
func TestR2_NoGroupIsMadeWhileAnotherResizes(t *testing.T) {
	p := taskPool(3, 20)
	p.Name, p.Groups, p.Group = "extra", []string{"extra*"}, &scaling.Group{InstanceType: "m5.xlarge", Market: emr.Spot}
	p.Schedules = []scaling.Schedule{{Name: "soon", Cron: "5 12 * * *", Target: at(4)}}
	m := newModel(t, recovery.Defaults())
	m.of("ig-C").Requested, m.of("ig-C").stuck = 4, true
	m.configure(scaling.Settings{Pools: []scaling.Pool{p}})
	m.pass(15 * time.Minute)
	if len(m.calls) > 0 || !m.said("scaling.deferred", "waits: scaling is suspended: ig-C is RESIZING") {
		m.fail("calls %v", m.calls)
	}
	m.of("ig-C").stuck = false
	m.pass(30 * time.Minute)
	if m.made != 1 || m.state.Pool("ig-N01").Wanted != 4 {
		m.fail("%d groups made", m.made)
	}
}

// TestBoundsThatEMRRefusesAreAskedForRarely: each attempt suspends scaling for a moment, and policies wait for data points from after it.
func TestBoundsThatEMRRefusesAreAskedForRarely(t *testing.T) {
	p := taskPool(0, 4) // 6 run
	p.ScaleUp = []scaling.Policy{policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3})}
	m := newModel(t, recovery.Defaults())
	m.series = map[string][]emr.Point{}
	m.configure(scaling.Settings{Pools: []scaling.Pool{p}})
	for end := m.now.Add(11 * time.Hour); m.now.Before(end); m.approach() {
		if m.pending != nil {
			m.answer(&emr.Error{Class: emr.Invalid, Code: "ValidationException"}, false)
		}
		if need := m.last.Metrics; need != nil && !need.Due.After(m.now) {
			m.measure(*need)
		}
	}
	if n := m.count("call.release"); n != 6 {
		m.fail("%d calls in 11 hours", n)
	}
	if v := m.state.Scaled("task").Verdicts[0]; m.now.Sub(v.At) > 15*time.Minute {
		m.fail("the policy was judged last at %s", v.At)
	}
}

// TestR10_AnOperationThatIsUndoneForgetsNothing: while it waits for its first call the pool wants less, and what was placed elsewhere for the
// origin is remembered all the same, so that a controller that repeats its number adds nothing afterwards.
func TestR10_AnOperationThatIsUndoneForgetsNothing(t *testing.T) {
	m := newModel(t, recovery.Defaults())
	m.series = map[string][]emr.Point{}
	m.of("ig-A").stuck = true
	m.of("ig-A").Requested = 9
	m.pass(50 * time.Minute)
	p := m.state.Pool("ig-A")
	if p.Wanted != 9 || p.Members[0].Moved != 3 || m.state.Suspended != nil {
		t.Fatalf("%+v is not repaired", p)
	}
	m.env.Modify = false // no token for a change
	m.configure(scaling.Settings{Pools: []scaling.Pool{taskPool(0, 4)}})
	m.pass(8 * time.Minute)
	if p := m.state.Pool("ig-A"); p.Wanted != 4 || p.Members[0].Moved != 3 {
		t.Errorf("while it waits: %+v", p)
	}
	m.configure(scaling.Settings{Pools: []scaling.Pool{taskPool(0, 20)}})
	m.pass(8 * time.Minute)
	if p := m.state.Pool("ig-A"); p.Wanted != 9 || p.Members[0].Moved != 3 {
		t.Errorf("once it is undone: %+v", p)
	}
	m.of("ig-A").Requested = 9
	m.pass(8 * time.Minute)
	if p := m.state.Pool("ig-A"); p.Wanted != 9 {
		t.Errorf("the same number again: the pool wants %d", p.Wanted)
	}
}

// TestAPolicysReleaseThatEMRRefusesIsAskedForRarely: after the ban time, not after each cooldown.
func TestAPolicysReleaseThatEMRRefusesIsAskedForRarely(t *testing.T) {
	p := taskPool(0, 20)
	p.ScaleDown = []scaling.Policy{policy("in", "ContainerPending", scaling.GTE, 0, scaling.Action{Type: scaling.Adjustment, Count: 2})}
	m := newModel(t, recovery.Defaults())
	m.series = map[string][]emr.Point{}
	m.configure(scaling.Settings{Pools: []scaling.Pool{p}})
	m.points("ContainerPending", 0, 12*time.Hour)
	for end := m.now.Add(11 * time.Hour); m.now.Before(end); m.approach() {
		if m.pending != nil {
			m.answer(&emr.Error{Class: emr.Invalid, Code: "ValidationException"}, false)
		}
		if need := m.last.Metrics; need != nil && !need.Due.After(m.now) {
			m.measure(*need)
		}
	}
	if n := m.count("call.release"); n < 4 || n > 6 {
		m.fail("%d calls in 11 hours", n)
	}
}

// TestAPolicyThatIsNotFollowedIsToldOnce: it is judged with every period while its pool rests.
func TestAPolicyThatIsNotFollowedIsToldOnce(t *testing.T) {
	p := taskPool(0, 20)
	p.ScaleUp = []scaling.Policy{policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3})}
	m := scaledModel(t, scaling.Settings{Pools: []scaling.Pool{p}})
	m.points("ContainerPending", 9, 6*time.Hour)
	m.state.Pool("ig-A").StartRest(m.now, 4*time.Hour, 8*time.Hour, "nothing works")
	m.state.Pool("ig-A").Wanted = 7 // else it is whole, and the rest ends
	m.pass(3 * time.Hour)
	if n := m.count("scaling.deferred"); n != 1 {
		m.fail("told %d times", n)
	}
	m.pass(2 * time.Hour)
	if m.count("call.launch") == 0 {
		m.fail("not followed after the rest")
	}
}

// TestAConfirmedGroupThatNoReadShowsIsReportedOnce: it is not made again, and looked for at the pace for an hour only.
func TestAConfirmedGroupThatNoReadShowsIsReportedOnce(t *testing.T) {
	p := scaling.Pool{Name: "own", Role: emr.Task, Min: 0, Max: 9, Group: &scaling.Group{InstanceType: "m5.large"}, Groups: []string{"own"}}
	m := newModel(t, recovery.Defaults())
	m.configure(scaling.Settings{Pools: []scaling.Pool{p}})
	reads := func(d time.Duration) int {
		n := 0
		for end := m.now.Add(d); m.now.Before(end); m.approach() {
			if m.pending != nil {
				m.pending = nil
				m.decide(Input{Answer: &Answer{ID: m.state.Pending.ID, Added: "ig-LOST"}})
			}
			if m.last.State.Read.After(m.now.Add(-time.Second)) {
				n++
			}
		}
		return n
	}
	reads(70 * time.Minute)
	if m.count("scaling.unmade") != 1 || m.count("call.make") != 1 {
		m.fail("reported %d times, made %d times", m.count("scaling.unmade"), m.count("call.make"))
	}
	if n := reads(time.Hour); n > 15 {
		m.fail("%d reads in an hour", n)
	}
	if m.count("scaling.unmade") != 1 || m.count("call.make") != 1 {
		m.fail("reported %d times, made %d times", m.count("scaling.unmade"), m.count("call.make"))
	}
}

// TestAPoolThatIsBoundAnewHasNoCooldown: a reload makes the configured pool another group's while its last operation is not over.
func TestAPoolThatIsBoundAnewHasNoCooldown(t *testing.T) {
	p := taskPool(7, 20)
	m := newModel(t, recovery.Defaults())
	m.series = map[string][]emr.Point{}
	m.group("ig-B", "other", emr.Task, 3)
	p.Groups = []string{"task"}
	m.configure(scaling.Settings{Pools: []scaling.Pool{p}})
	m.pass(time.Minute)
	if s := m.state.Scaled("task"); s.Origin != "ig-A" || s.Last == nil || s.Last.To != 7 {
		m.fail("%+v", s)
	}
	p.Min, p.Groups = 0, []string{"other"}
	m.configure(scaling.Settings{Pools: []scaling.Pool{p}})
	m.pass(5 * time.Minute)
	if s := m.state.Scaled("task"); s.Origin != "ig-B" || s.Last != nil || m.state.Pool("ig-B").Wanted != 3 {
		m.fail("%+v", s)
	}
	if m.pass(15 * time.Minute); m.state.Pool("ig-A").Wanted != 7 || m.of("ig-A").Running != 7 || len(m.state.Recoveries) > 0 {
		m.fail("the operation did not end: %+v", m.state.Recoveries)
	}
}
