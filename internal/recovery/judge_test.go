package recovery

import (
	"fmt"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// at is so many minutes after noon.
func at(minutes float64) time.Time { return noon.Add(time.Duration(minutes * float64(time.Minute))) }

// seen is one read of a group.
type seen struct {
	minute             float64
	running, requested int
	state              emr.GroupState
}

// read plays reads into a ledger and returns the last one as a group.
func read(reads ...seen) (emr.Group, ledger.Ledger) {
	var l ledger.Ledger
	g := emr.Group{ID: "ig-A", Role: emr.Task}
	for _, r := range reads {
		g.Requested, g.Running, g.State = r.requested, r.running, r.state
		l, _ = l.Observe(g, at(r.minute), at(r.minute), ledger.Dating{})
	}
	return g, l
}

const (
	running   = emr.GroupRunning
	resizing  = emr.GroupResizing
	suspended = emr.GroupSuspended
	arrested  = emr.GroupArrested
	reconf    = emr.GroupReconfiguring
)

func TestR1R3_Judge(t *testing.T) {
	s := Defaults()
	grace := s
	grace.ProgressGrace = 20 * time.Minute
	healthy := seen{-2, 6, 6, running} // a rise read at 0 is dated -1
	for name, c := range map[string]struct {
		reads []seen
		s     Settings
		now   float64
		kind  Kind
		stuck bool
		due   float64 // -1000: none
	}{
		"nothing missing":              {[]seen{healthy}, s, 500, "", false, -1000},
		"just not old enough":          {[]seen{healthy, {0, 6, 9, resizing}}, s, 29 - 1e-6, Stuck, false, 29},
		"exactly after":                {[]seen{healthy, {0, 6, 9, resizing}}, s, 29, Stuck, true, -1000},
		"a loss in RUNNING, too":       {[]seen{healthy, {0, 4, 6, running}}, s, 29, Stuck, true, -1000},
		"a retarget postpones nothing": {[]seen{healthy, {0, 6, 9, resizing}, {20, 6, 10, resizing}}, s, 29, Stuck, true, -1000},
		"a fresh request is not old":   {[]seen{healthy, {0, 6, 9, resizing}, {20, 9, 12, resizing}}, s, 29, Stuck, false, 40},
		"an arrival, no grace":         {[]seen{healthy, {0, 6, 9, resizing}, {20, 7, 9, resizing}}, s, 29, Stuck, true, -1000},
		"an arrival within the grace":  {[]seen{healthy, {0, 6, 9, resizing}, {20, 7, 9, resizing}}, grace, 39.9, Stuck, false, 40},
		"the grace is over":            {[]seen{healthy, {0, 6, 9, resizing}, {20, 7, 9, resizing}}, grace, 40, Stuck, true, -1000},
		"reconfiguring":                {[]seen{healthy, {0, 6, 9, reconf}}, s, 500, "", false, -1000},
		"its time does not count":      {[]seen{healthy, {0, 6, 9, resizing}, {10, 6, 9, reconf}, {20, 6, 9, reconf}, {22, 6, 9, resizing}}, s, 30, Stuck, false, 45},
		"SUSPENDED once":               {[]seen{healthy, {0, 6, 9, resizing}, {5, 6, 9, suspended}}, s, 5, Suspended, false, 6},
		"twice, too close":             {[]seen{healthy, {0, 6, 9, resizing}, {5, 6, 9, suspended}, {5.9, 6, 9, suspended}}, s, 5.9, Suspended, false, 6},
		"twice a pace apart":           {[]seen{healthy, {0, 6, 9, resizing}, {5, 6, 9, suspended}, {6, 6, 9, suspended}}, s, 6, Suspended, true, -1000},
		"ARRESTED is the same":         {[]seen{healthy, {0, 6, 9, resizing}, {5, 6, 9, suspended}, {6, 6, 9, arrested}}, s, 6, Suspended, true, -1000},
		"SUSPENDED, nothing missing":   {[]seen{healthy, {0, 6, 6, suspended}, {5, 6, 6, suspended}}, s, 500, "", false, -1000},
		"RESIZING for nothing":         {[]seen{healthy, {0, 6, 6, resizing}}, s, 29.9, Idle, false, 30},
		"RESIZING for nothing, long":   {[]seen{healthy, {0, 6, 6, resizing}}, s, 30, Idle, true, -1000},
		"a shrink":                     {[]seen{healthy, {0, 6, 4, resizing}}, s, 88, Shrink, false, 89},
		"a shrink that hangs":          {[]seen{healthy, {0, 6, 4, resizing}}, s, 89, Shrink, true, -1000},
		"a shrink that moved":          {[]seen{healthy, {0, 6, 4, resizing}, {80, 5, 4, resizing}}, s, 94.9, Shrink, false, 95},
		"and moves no more":            {[]seen{healthy, {0, 6, 4, resizing}, {80, 5, 4, resizing}}, s, 95, Shrink, true, -1000},
		"late arrivals may still go":   {[]seen{healthy, {0, 8, 6, running}}, s, 14.9, Overrun, false, 15},
		"late arrivals that stay":      {[]seen{healthy, {0, 8, 6, running}}, s, 15, Overrun, true, -1000},
		"and while others come or go":  {[]seen{healthy, {0, 8, 6, running}, {10, 9, 6, running}}, s, 24.9, Overrun, false, 25},
		"the group ended":              {[]seen{healthy, {0, 0, 6, emr.GroupTerminated}}, s, 500, "", false, -1000},
	} {
		g, l := read(c.reads...)
		v := Judge(g, l, c.s, at(c.now))
		due := time.Time{}
		if c.due != -1000 {
			due = at(c.due)
		}
		if v.Kind != c.kind || v.Stuck != c.stuck || !v.Due.Equal(due) {
			t.Errorf("%s: %+v; want %q, stuck %t, due %s", name, v, c.kind, c.stuck, due)
		}
		if (v.Kind == "") != (v.Reason == "") {
			t.Errorf("%s: kind %q with reason %q", name, v.Kind, v.Reason)
		}
		g.Role = emr.Master
		if v := Judge(g, l, c.s, at(c.now)); v.Kind != "" {
			t.Errorf("%s: MASTER is never touched: %+v", name, v)
		}
	}
}

func TestR4_StopCount(t *testing.T) {
	s := Defaults()
	starting := func(group emr.GroupID, ec2 string, state emr.InstanceState, minute float64) emr.Instance {
		return emr.Instance{ID: emr.InstanceID("ci-" + ec2), Group: group, EC2: ec2, State: state, Created: at(minute)}
	}
	list := func(state emr.InstanceState, n int) []emr.Instance {
		var out []emr.Instance
		for i := range n {
			out = append(out, starting("ig-A", fmt.Sprintf("i-%d", i), state, -5))
		}
		return out
	}
	for name, c := range map[string]struct {
		reads           []seen
		instances       []emr.Instance
		now             float64
		count, starting int
		held            bool
	}{
		"what runs":                        {[]seen{{0, 6, 9, resizing}}, nil, 0, 6, 0, false},
		"what ran two paces ago":           {[]seen{{0, 12, 15, resizing}, {2, 10, 15, resizing}}, nil, 2, 12, 0, false},
		"not what ran before":              {[]seen{{0, 12, 15, resizing}, {2.1, 10, 15, resizing}}, nil, 2.1, 10, 0, false},
		"a fall of a fifth":                {[]seen{{0, 10, 15, resizing}, {3, 8, 15, resizing}}, nil, 3, 8, 0, false},
		"a fall of more":                   {[]seen{{0, 9, 15, resizing}, {3, 7, 15, resizing}}, nil, 3, 7, 0, true},
		"five paces later":                 {[]seen{{0, 9, 15, resizing}, {5, 7, 15, resizing}}, nil, 5, 7, 0, true},
		"and a moment":                     {[]seen{{0, 9, 15, resizing}, {5, 7, 15, resizing}}, nil, 5.01, 7, 0, false},
		"from nothing to nothing":          {[]seen{{0, 0, 3, resizing}}, nil, 0, 0, 0, false},
		"starting":                         {[]seen{{0, 6, 9, resizing}}, []emr.Instance{starting("ig-A", "i-1", emr.InstanceProvisioning, 0), starting("ig-A", "i-2", emr.InstanceBootstrapping, -19)}, 0, 8, 2, false},
		"starting for too long":            {[]seen{{0, 6, 9, resizing}}, []emr.Instance{starting("ig-A", "i-1", emr.InstanceProvisioning, -20)}, 0, 6, 0, false},
		"no EC2 id yet":                    {[]seen{{0, 6, 9, resizing}}, []emr.Instance{starting("ig-A", "", emr.InstanceAwaiting, 0)}, 0, 6, 0, false},
		"another group's":                  {[]seen{{0, 6, 9, resizing}}, []emr.Instance{starting("ig-B", "i-1", emr.InstanceProvisioning, 0)}, 0, 6, 0, false},
		"running ones are counted once":    {[]seen{{0, 6, 9, resizing}}, []emr.Instance{starting("ig-A", "i-1", emr.InstanceRunning, 0)}, 0, 6, 0, false},
		"more are listed than are counted": {[]seen{{0, 1, 9, resizing}}, list(emr.InstanceRunning, 3), 0, 3, 0, false},
		"and one more is starting":         {[]seen{{0, 1, 9, resizing}}, append(list(emr.InstanceRunning, 3), starting("ig-A", "i-9", emr.InstanceBootstrapping, 0)), 0, 4, 1, false},
		"terminated ones are not counted":  {[]seen{{0, 1, 9, resizing}}, list(emr.InstanceTerminated, 3), 0, 1, 0, false},
	} {
		g, l := read(c.reads...)
		count, n, held := StopCount(g, l, Grants{}.Observe(g.ID, c.instances, at(c.now)), s, at(c.now))
		if count != c.count || n != c.starting || (held != "") != c.held {
			t.Errorf("%s: %d, %d starting, held %q", name, count, n, held)
		}
	}
}

func TestR5_RetryAfter(t *testing.T) {
	for n, minutes := range map[int]float64{1: 10, 2: 20, 3: 30, 4: 30} {
		if got := RetryAfter(n, time.Minute); got.Minutes() != minutes {
			t.Errorf("after repeat %d: %s", n, got)
		}
	}
}

func TestKindsAndSteps(t *testing.T) {
	for k, c := range map[Kind][3]bool{ // stops, bans, counts
		Stuck: {true, true, true}, Suspended: {true, true, true}, Idle: {true, false, false}, Shrink: {true, false, false},
		Enforce: {true, false, false}, Retry: {}, Scale: {}, Surplus: {}, Return: {},
	} {
		if got := [3]bool{k.Stops(), k.Bans(), k.Counts()}; got != c {
			t.Errorf("%s: %v", k, got)
		}
	}
	for s, acting := range map[Step]bool{StepConfirm: true, StepStop: true, StepSettle: true, StepPlace: true, StepRelease: true, StepWatch: false} {
		if s.Acting() != acting {
			t.Errorf("%s: acting %t", s, !acting)
		}
	}
}
