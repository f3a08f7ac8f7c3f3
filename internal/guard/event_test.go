package guard

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/recovery"
)

// heard returns a model whose cluster was read a minute ago, in a quiet state.
func heard(t *testing.T, change func(*recovery.Settings)) *model {
	t.Helper()
	s := recovery.Defaults()
	if change != nil {
		change(&s)
	}
	m := newModel(t, s)
	m.pass(time.Minute)
	return m
}

// says is a state change event of ig-A that EMR sends now.
func (m *model) says(id string, state emr.GroupState, running, requested int) emr.Event {
	return emr.Event{ID: id, Kind: emr.EventGroupState, Time: m.now, Cluster: "j-TEST", Group: "ig-A", GroupState: state, Severity: "INFO",
		Counts: &emr.Counts{Requested: requested, Running: running}}
}

// lacks is EMR's report of insufficient capacity for ig-A.
func (m *model) lacks(id string) emr.Event {
	return emr.Event{ID: id, Kind: emr.EventGroupTrouble, Time: m.now, Cluster: "j-TEST", Group: "ig-A", Severity: "WARNING", Code: "EC2 provisioning - Insufficient Instance Capacity"}
}

func (m *model) hear(e emr.Event) Decision {
	m.t.Helper()
	return m.decide(Input{Event: &e})
}

// nextRead is when the groups are read next, and how urgent that is.
func (m *model) nextRead() (due time.Time, class Class) {
	for _, n := range m.last.Needs {
		if n.Op == emr.ListInstanceGroups && (due.IsZero() || n.Due.Before(due)) {
			due, class = n.Due, n.Class
		}
	}
	return due, class
}

func (m *model) oldest() ledger.Entry {
	e, _ := m.state.Group("ig-A").Ledger.Oldest()
	return e
}

func TestR11_AStartIsDatedAndReadWhenThatIsNeeded(t *testing.T) {
	m := heard(t, nil)
	m.env.Sweep = 12 * time.Hour // nothing else reads the cluster
	m.decide(Input{})
	began := m.now
	m.of("ig-A").Requested, m.of("ig-A").stuck = 9, true
	m.now = m.now.Add(10 * time.Second)
	e := m.says("1", emr.GroupResizing, 6, 9)
	e.Time = began
	d := m.hear(e)
	if d.State.Group("ig-A").Requested != 6 || d.State.Suspended != nil || m.state.PoolOf("ig-A").Wanted != 6 {
		t.Errorf("an event changed counts: %+v", d.State.Group("ig-A").Group)
	}
	if due, class := m.nextRead(); !due.Equal(began.Add(10*time.Minute)) || class != ClassDeadline {
		t.Errorf("the next read is at %s of class %d, want ten minutes after the start: starting_grace before it would be stuck", due, class)
	}
	reads := len(m.reads)
	m.pass(30 * time.Minute)
	if n := len(m.reads) - reads; n > 3 {
		t.Errorf("%d reads", n)
	}
	if !m.said("recovery.open", "missing since "+stamp(began)) {
		m.fail("the resize is not dated by its event")
	}
}

func TestR11_ALateStartDatesWhatTheReadFound(t *testing.T) {
	m := heard(t, nil)
	began := m.now.Add(10 * time.Second)
	m.of("ig-A").Requested, m.of("ig-A").stuck = 9, true
	m.pass(5 * time.Minute)
	if by := m.oldest().By; by != ledger.ByRead {
		t.Fatalf("dated by %s", by)
	}
	e := m.says("1", emr.GroupResizing, 6, 9)
	e.Time = began
	m.hear(e)
	if o := m.oldest(); o.By != ledger.ByEvent || !o.Since.Equal(began) || o.Count != 3 {
		t.Errorf("after the event: %+v, want 3 since %s", o, began)
	}
	if !m.said("group.dated", "(event)") {
		t.Error("the history does not say so")
	}
	if again := m.hear(e); len(again.Records) > 0 {
		t.Errorf("the same event again: %+v", again.Records)
	}
}

// TestR11_EventsThatAreLeftAside tells what leads to nothing: no read, no date, no row, except one row for what lies in the future.
func TestR11_EventsThatAreLeftAside(t *testing.T) {
	for name, c := range map[string]struct {
		event func(m *model) emr.Event
		rows  int
	}{
		"older than the newest": {func(m *model) emr.Event {
			m.hear(m.says("1", emr.GroupRunning, 6, 6))
			e := m.says("2", emr.GroupResizing, 6, 9)
			e.Time = e.Time.Add(-time.Second)
			return e
		}, 0},
		"a duplicate": {func(m *model) emr.Event {
			e := m.says("1", emr.GroupSuspended, 6, 6)
			m.hear(e)
			m.serve()
			m.pass(2 * time.Minute)
			return e
		}, 0},
		"far in the future": {func(m *model) emr.Event {
			e := m.says("1", emr.GroupResizing, 6, 9)
			e.Time = m.now.Add(ahead + time.Second)
			return e
		}, 1},
		"of another cluster": {func(m *model) emr.Event {
			e := m.says("1", emr.GroupResizing, 6, 9)
			e.Cluster = "j-OTHER"
			return e
		}, 0},
		"nothing new": {func(m *model) emr.Event { return m.says("1", emr.GroupRunning, 6, 6) }, 0},
		"from long ago": {func(m *model) emr.Event {
			e := m.says("1", emr.GroupResizing, 6, 9)
			e.Time = e.Time.Add(-time.Hour)
			return e
		}, 0},
		"a resize that reads showed, and that was taken back": {func(m *model) emr.Event {
			e := m.says("1", emr.GroupResizing, 6, 9)
			m.now = m.now.Add(time.Second)
			m.of("ig-A").Requested = 9
			m.read(m.shown())
			m.now = m.now.Add(time.Minute)
			m.of("ig-A").Requested = 6
			m.read(m.shown())
			m.now = m.now.Add(time.Minute)
			m.read(m.shown())
			return e
		}, 0},
		"a resize that a call of ours put an end to": {func(m *model) emr.Event {
			e := m.says("1", emr.GroupResizing, 6, 9)
			m.state.Group("ig-A").Called = Called{Count: 6, At: m.now.Add(time.Second), By: "r1"}
			return e
		}, 0},
		"a group from long ago": {func(m *model) emr.Event {
			e := m.says("1", emr.GroupRunning, 6, 9)
			e.Group, e.Time = "ig-X", e.Time.Add(-time.Hour)
			return e
		}, 0},
		"a trouble not known": {func(m *model) emr.Event { e := m.lacks("1"); e.Code = "EC2 provisioning - The moon"; return e }, 0},
		"the cluster as it is": {func(m *model) emr.Event {
			return emr.Event{Kind: emr.EventClusterState, Time: m.now, Cluster: "j-TEST", ClusterState: emr.ClusterRunning}
		}, 0},
		"of a kind not known": {func(m *model) emr.Event {
			return emr.Event{Kind: emr.EventUnknown, Time: m.now, Cluster: "j-TEST", Group: "ig-A"}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := heard(t, nil)
			e := c.event(m)
			m.decide(Input{})
			due, class := m.nextRead()
			d := m.hear(e)
			if len(d.Records) != c.rows || d.Call != nil {
				t.Errorf("it leads to %+v", d.Records)
			}
			if after, afterClass := m.nextRead(); !after.Equal(due) || afterClass != class {
				t.Errorf("it moves the next read from %s to %s", due, after)
			}
			if m.oldest().Count != 0 {
				t.Errorf("it makes a shortfall: %+v", m.oldest())
			}
		})
	}
}

func TestR11_AHintIsReadOncePerPace(t *testing.T) {
	for name, event := range map[string]func(m *model) emr.Event{
		"no counts":          func(m *model) emr.Event { e := m.says("1", emr.GroupResizing, 0, 0); e.Counts = nil; return e },
		"suspended":          func(m *model) emr.Event { return m.says("1", emr.GroupSuspended, 6, 6) },
		"other counts":       func(m *model) emr.Event { return m.says("1", emr.GroupRunning, 7, 7) },
		"a group not known":  func(m *model) emr.Event { e := m.says("1", emr.GroupRunning, 1, 1); e.Group = "ig-X"; return e },
		"a clock not agreed": func(m *model) emr.Event { m.env.Trusted = false; return m.says("1", emr.GroupResizing, 6, 9) },
	} {
		t.Run(name, func(t *testing.T) {
			m := heard(t, nil)
			read := m.state.Read
			m.hear(event(m))
			if due, class := m.nextRead(); class > ClassHint || due.After(read.Add(m.env.Settings.Pace)) && due.After(m.now) {
				t.Errorf("the next read is at %s of class %d", due, class)
			}
			m.pass(2 * time.Minute)
			if !m.state.Hinted.IsZero() {
				t.Error("a read that shows what the event told does not answer the hint")
			}
		})
	}
}

func TestR11_AClusterThatEndsIsDescribed(t *testing.T) {
	m := heard(t, nil)
	m.pass(time.Minute)
	m.cluster.State = emr.ClusterTerminating
	m.hear(emr.Event{Kind: emr.EventClusterState, Time: m.now, Cluster: "j-TEST", ClusterState: emr.ClusterTerminated})
	if !m.state.Ended.IsZero() {
		t.Fatal("an event ended the cluster")
	}
	m.serve()
	if m.state.Ended.IsZero() || !m.said("cluster.event", "TERMINATED") {
		m.fail("the cluster was not described")
	}
}

// TestR11_ARetargetDoesNotPostpone: of two starts the date of the first counts as long as what it asked for is missing.
func TestR11_ARetargetDoesNotPostpone(t *testing.T) {
	m := heard(t, nil)
	m.env.Sweep = 12 * time.Hour
	first := m.now
	m.hear(m.says("1", emr.GroupResizing, 6, 8))
	m.pass(9 * time.Minute)
	m.hear(m.says("2", emr.GroupResizing, 6, 9))
	if h := m.state.Group("ig-A").Heard; !h.Started.Equal(first) || h.Asked != 9 {
		t.Errorf("what counts is %+v", h)
	}
	m.pass(30 * time.Second)
	m.hear(m.says("3", emr.GroupResizing, 9, 10))
	if h := m.state.Group("ig-A").Heard; !h.Started.Equal(m.now) || h.Asked != 10 {
		t.Errorf("what the first asked for runs, and what counts is %+v", h)
	}
	m.hear(m.says("4", emr.GroupRunning, 10, 10))
	if h := m.state.Group("ig-A").Heard; !h.Started.IsZero() {
		t.Errorf("the resize completed, and what counts is %+v", h)
	}
}

// TestR11_AStartOfAnotherCountDatesNothing: the event of a resize that ended between two reads says nothing of the next.
func TestR11_AStartOfAnotherCountDatesNothing(t *testing.T) {
	m := heard(t, nil)
	m.env.Sweep = 12 * time.Hour
	m.decide(Input{})
	m.hear(m.says("1", emr.GroupResizing, 6, 8))
	m.now = m.now.Add(4 * time.Minute)
	m.of("ig-A").Running, m.of("ig-A").Requested, m.of("ig-A").stuck = 8, 9, true
	m.read(m.shown())
	if o := m.oldest(); o.By != ledger.ByRead || o.Count != 1 {
		t.Errorf("%+v, want one dated by the reads", o)
	}
}

func TestR3_AfterCapacityError(t *testing.T) {
	for name, c := range map[string]struct {
		report func(m *model)
		after  time.Duration // the setting
		want   time.Duration // until the recovery
	}{
		"an event":   {func(m *model) { m.hear(m.lacks("1")) }, 10 * time.Minute, 10 * time.Minute},
		"the reason": {func(m *model) { m.of("ig-A").why = "EC2 has insufficient Spot capacity for Instance type [m5.xlarge]" }, 10 * time.Minute, 10 * time.Minute},
		"the reason for once": {func(m *model) {
			m.of("ig-A").why = "EC2 has insufficient Spot capacity for Instance type [m5.xlarge]"
			m.pass(6 * time.Minute)
			m.of("ig-A").why = ""
		}, 10 * time.Minute, 10 * time.Minute},
		"off":                {func(m *model) { m.hear(m.lacks("1")) }, 0, 30 * time.Minute},
		"no report":          {func(*model) {}, 10 * time.Minute, 30 * time.Minute},
		"another trouble":    {func(m *model) { e := m.lacks("1"); e.Code = "EC2 Provisioning - vCPU Limit Exceeded"; m.hear(e) }, 10 * time.Minute, 30 * time.Minute},
		"for an older one":   {func(m *model) { e := m.lacks("1"); e.Time = m.now.Add(-10 * time.Minute); m.hear(e) }, 10 * time.Minute, 30 * time.Minute},
		"late in the resize": {func(m *model) { m.pass(20 * time.Minute); m.hear(m.lacks("1")) }, 10 * time.Minute, 22 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			m := heard(t, func(s *recovery.Settings) { s.AfterCapacity = c.after })
			began := m.now
			m.of("ig-A").Requested, m.of("ig-A").stuck = 9, true
			m.hear(m.says("0", emr.GroupResizing, 6, 9))
			m.pass(time.Minute)
			m.read(m.shown())
			c.report(m)
			for m.now.Sub(began) < 40*time.Minute && m.count("recovery.open") == 0 {
				m.pass(20 * time.Second)
			}
			if got := m.now.Sub(began).Truncate(time.Minute); got != c.want.Truncate(time.Minute) && got != c.want-time.Minute {
				m.fail("it was stuck after %s, want %s", got, c.want)
			}
		})
	}
}

// TestR6_TheCauseMayComeFromAnEvent: where the groups' reasons say nothing, EMR's events still do.
func TestR6_TheCauseMayComeFromAnEvent(t *testing.T) {
	m := heard(t, nil)
	m.of("ig-A").Requested, m.of("ig-A").stuck = 9, true
	m.pass(10 * time.Minute)
	e := m.lacks("1")
	e.Code = "EC2 Provisioning - vCPU Limit Exceeded"
	m.hear(e)
	m.pass(40 * time.Minute)
	if !m.said("recovery.cause", "quota") && !m.said("pool.rest", "quota") {
		m.fail("the cause is not known")
	}
}

// drawEvent is any event at all, true or not.
func (m *model) drawEvent(t *rapid.T) emr.Event {
	e := emr.Event{ID: rapid.StringMatching("[a-c]").Draw(t, "id"), Cluster: "j-TEST", Severity: "INFO"}
	e.Kind = rapid.SampledFrom([]emr.EventKind{emr.EventGroupState, emr.EventGroupState, emr.EventGroupTrouble, emr.EventClusterState, emr.EventUnknown}).Draw(t, "kind")
	e.Time = m.now.Add(time.Duration(rapid.IntRange(-900, 90).Draw(t, "seconds")) * time.Second).Truncate(time.Second)
	e.Group = rapid.SampledFrom([]emr.GroupID{"ig-A", "ig-A", "ig-C", "ig-M", "ig-N01", "ig-X"}).Draw(t, "of")
	e.GroupState = rapid.SampledFrom([]emr.GroupState{emr.GroupResizing, emr.GroupResizing, emr.GroupRunning, emr.GroupSuspended}).Draw(t, "state")
	e.ClusterState = rapid.SampledFrom([]emr.ClusterState{emr.ClusterRunning, emr.ClusterTerminating, emr.ClusterStarting}).Draw(t, "cluster")
	e.Code = rapid.SampledFrom([]string{"EC2 provisioning - Insufficient Instance Capacity", "EC2 Provisioning - Insufficient Free Address in Subnet", ""}).Draw(t, "code")
	if rapid.Bool().Draw(t, "counted") {
		e.Counts = &emr.Counts{Requested: rapid.IntRange(0, 12).Draw(t, "requested"), Running: rapid.IntRange(0, 12).Draw(t, "running")}
	}
	return e
}

func TestHeardIsBounded(t *testing.T) {
	var h Heard
	at := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for i := range 100 {
		h.take(emr.Event{ID: strings.Repeat("x", i+1), Time: at})
	}
	if len(h.IDs) != mostIDs {
		t.Errorf("%d ids are kept of one second", len(h.IDs))
	}
}
