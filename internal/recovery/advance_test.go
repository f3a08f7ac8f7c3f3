package recovery

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
)

// situation is one moment of a recovery and what Advance makes of it.
type situation struct {
	r     func(*Recovery)
	v     func(*View)
	reads []seen // nil: 6 of 9 for 30 minutes
	want  string // act, count, outcome
	needs string // operations with the minute from which
	wake  float64
	step  Step
	held  string // part of Hold
}

const never = -1000

// confirming is a stuck recovery at minute 29 with everything read afresh: it is about to stop 9 at 6.
func confirming() (Recovery, View) {
	r := Recovery{ID: "r1", Pool: "ig-A", Group: "ig-A", Kind: Stuck, Step: StepConfirm, From: at(29), Opened: at(29), Settings: Defaults()}
	v := View{Now: at(29), ReadBegan: at(29), Known: true, InstancesBegan: at(29), DescribedAt: at(29), ManagedAt: at(29), Cluster: emr.ClusterWaiting,
		Missing: 0, StopReady: true, Trusted: true}
	return r, v
}

func check(t *testing.T, base func() (Recovery, View), table map[string]situation) {
	t.Helper()
	for name, c := range table {
		r, v := base()
		reads := c.reads
		if reads == nil {
			reads = []seen{{-2, 6, 6, running}, {0, 6, 9, resizing}, {28, 6, 9, resizing}}
		}
		g, l := read(reads...)
		v.Group = g
		if c.r != nil {
			c.r(&r)
		}
		if c.v != nil {
			c.v(&v)
		}
		v.Granted = v.Granted.Observe(g.ID, v.Instances, v.InstancesBegan)
		if c.step == "" {
			c.step = r.Step
		}
		got, act := Advance(r, v, l)
		text := string(act.Kind)
		if act.Kind == Stop || act.Kind == Keep || act.Kind == Place || act.Kind == Release {
			text += fmt.Sprintf(" %d", act.Count)
		}
		if act.Outcome != "" {
			text += " " + string(act.Outcome)
		}
		needs := make([]string, 0, len(act.Needs))
		for _, n := range act.Needs {
			needs = append(needs, fmt.Sprintf("%s@%g", n.Op, n.From.Sub(noon).Minutes()))
		}
		wake := never
		if !act.Wake.IsZero() {
			wake = int(act.Wake.Sub(noon).Minutes())
		}
		if text != c.want || strings.Join(needs, " ") != c.needs || c.wake != 0 && wake != int(c.wake) || got.Step != c.step {
			t.Errorf("%s:\n got %s, needs %v, wake %d, step %s (%s)\nwant %s, needs %s, wake %g, step %s", name, text, needs, wake, got.Step, act.Reason, c.want, c.needs, c.wake, c.step)
		}
		if !strings.Contains(got.Hold, c.held) || c.held == "" && act.Kind == Stop && got.Hold != "" {
			t.Errorf("%s: hold %q, want %q", name, got.Hold, c.held)
		}
		if act.Kind != Place && act.Kind != Release && act.Reason == "" && act.Kind != Wait {
			t.Errorf("%s: %s without a reason", name, act.Kind)
		}
		again, same := Advance(r, v, l)
		if fmt.Sprint(again, same) != fmt.Sprint(got, act) {
			t.Errorf("%s: the same inputs lead to something else", name)
		}
	}
}

func TestR4_Confirm(t *testing.T) {
	check(t, confirming, map[string]situation{
		"all is well":                 {want: "stop 6"},
		"a clock that is not trusted": {v: func(v *View) { v.Trusted = false }, want: "wait", needs: "ListInstanceGroups@30", wake: 30, held: "clock"},
		"nothing read since": {v: func(v *View) { v.DescribedAt, v.ManagedAt, v.InstancesBegan = at(28), at(28), at(28) }, want: "wait",
			needs: "DescribeCluster@29 GetManagedScalingPolicy@29 ListInstances@29"},
		"the counts are old":             {v: func(v *View) { v.Now = at(29.51) }, want: "wait", needs: "ListInstanceGroups@29.51"},
		"half a pace is not":             {v: func(v *View) { v.Now = at(29.5) }, want: "stop 6"},
		"a slow read has ended":          {v: func(v *View) { v.Now, v.ReadEnded = at(31), at(30.9) }, want: "stop 6"},
		"and is a while ago":             {v: func(v *View) { v.Now, v.ReadEnded = at(31), at(30.89) }, want: "wait", needs: "ListInstanceGroups@31"},
		"and began too long ago":         {v: func(v *View) { v.Now, v.ReadEnded = at(31.01), at(31) }, want: "wait", needs: "ListInstanceGroups@31.01"},
		"no usable read":                 {v: func(v *View) { v.ReadBegan = time.Time{} }, want: "wait", needs: "ListInstanceGroups@29"},
		"the after of its rung":          {r: func(r *Recovery) { r.Settings.Fallback, r.Rung = []Rung{{Same: true, After: 40 * time.Minute}}, 1 }, want: "close cleared"},
		"no rung is worth trying":        {v: func(v *View) { v.NoRung = "the subnet is full" }, want: "rest"},
		"enforcing needs no rung":        {r: func(r *Recovery) { r.Kind = Enforce }, v: func(v *View) { v.NoRung = "x" }, reads: []seen{{20, 6, 6, running}, {28, 6, 9, resizing}}, want: "stop 6"},
		"the cluster ends":               {v: func(v *View) { v.Cluster = emr.ClusterTerminating }, want: "close cluster_end"},
		"the cluster starts":             {v: func(v *View) { v.Cluster = emr.ClusterBootstrapping }, want: "wait", needs: "ListInstanceGroups@30", wake: 30, held: "RUNNING and WAITING"},
		"managed scaling":                {v: func(v *View) { v.Managed = true }, want: "close withheld"},
		"the tag":                        {v: func(v *View) { v.OptOut = "emrguard=off" }, want: "close withheld"},
		"the group was not read":         {v: func(v *View) { v.Known = false }, want: "wait", needs: "ListInstanceGroups@30", wake: 30, held: "not in the last read"},
		"completed meanwhile":            {reads: []seen{{-2, 6, 6, running}, {0, 6, 9, resizing}, {28, 9, 9, running}}, want: "close completed"},
		"lowered meanwhile":              {reads: []seen{{-2, 6, 6, running}, {0, 6, 9, resizing}, {28, 6, 6, running}}, want: "close completed"},
		"a fresh request only":           {reads: []seen{{-2, 6, 6, running}, {0, 6, 9, resizing}, {28, 9, 10, resizing}}, want: "close cleared"},
		"a sudden fall":                  {reads: []seen{{-2, 6, 6, running}, {0, 6, 9, resizing}, {27, 6, 9, resizing}, {28, 4, 9, resizing}}, want: "wait", needs: "ListInstanceGroups@30", wake: 30, held: "fell from 6 to 4"},
		"all of them are about to come":  {v: func(v *View) { v.Instances = startingInstances(3) }, want: "wait", needs: "ListInstanceGroups@30", wake: 30, held: "about to arrive"},
		"one of them is":                 {v: func(v *View) { v.Instances = startingInstances(1) }, want: "stop 7"},
		"the list shows more":            {v: func(v *View) { v.Instances = runningInstances(8) }, want: "stop 8"},
		"the list is old":                {v: func(v *View) { v.Instances = runningInstances(4) }, want: "stop 6"},
		"a list of three paces ago":      {r: func(r *Recovery) { r.From = at(26) }, v: func(v *View) { v.Instances, v.InstancesBegan = runningInstances(8), at(26) }, want: "stop 6"},
		"all run by the list":            {v: func(v *View) { v.Instances = runningInstances(9) }, want: "wait", needs: "ListInstanceGroups@30", wake: 30, held: "lists 9 running instances and counts 6 of 9"},
		"and for an hour":                {r: func(r *Recovery) { r.Opened = at(-31) }, v: func(v *View) { v.Instances = runningInstances(9) }, want: "rest"},
		"another change is under way":    {v: func(v *View) { v.InFlight = true }, want: "wait"},
		"no token for the launch":        {v: func(v *View) { v.StopReady = false }, want: "wait"},
		"EMR gave it up meanwhile":       {reads: []seen{{-2, 6, 6, running}, {0, 6, 9, resizing}, {20, 6, 9, suspended}, {28, 6, 9, suspended}}, want: "stop 6"},
		"idle":                           {r: func(r *Recovery) { r.Kind = Idle }, v: func(v *View) { v.InstancesBegan = at(0) }, reads: []seen{{-2, 6, 6, resizing}, {28, 6, 6, resizing}}, want: "stop 6"},
		"a shrink":                       {r: func(r *Recovery) { r.Kind, r.From = Shrink, at(99) }, v: func(v *View) { v.Now, v.ReadBegan, v.DescribedAt, v.ManagedAt = at(99), at(99), at(99), at(99) }, reads: []seen{{-2, 9, 9, running}, {0, 9, 5, resizing}, {28, 8, 5, resizing}}, want: "stop 8"},
		"enforcing, all run by the list": {r: func(r *Recovery) { r.Kind = Enforce }, v: func(v *View) { v.Instances = runningInstances(9) }, reads: []seen{{20, 6, 6, running}, {28, 6, 9, resizing}}, want: "close cleared"},
		"enforcing":                      {r: func(r *Recovery) { r.Kind = Enforce }, reads: []seen{{20, 6, 6, running}, {28, 6, 9, resizing}}, want: "stop 6"},
		"nothing to enforce any more":    {r: func(r *Recovery) { r.Kind = Enforce }, reads: []seen{{20, 6, 6, running}, {28, 6, 6, running}}, want: "close cleared"},
		"a retry places at once":         {r: func(r *Recovery) { r.Kind = Retry }, v: func(v *View) { v.Missing = 3 }, want: "place 3", step: StepPlace},
		"by hand, more":                  {r: func(r *Recovery) { r.Kind = Scale }, v: func(v *View) { v.Missing = 2 }, want: "place 2", step: StepPlace},
		"by hand, fewer":                 {r: func(r *Recovery) { r.Kind = Scale }, v: func(v *View) { v.Missing = -2 }, want: "release 2", step: StepRelease},
		"by hand, suspended":             {r: func(r *Recovery) { r.Kind = Scale }, v: func(v *View) { v.Suspension = "ig-B is RESIZING" }, want: "wait", needs: "ListInstanceGroups@30", wake: 30, held: "ig-B is RESIZING"},
		"by hand, forced":                {r: func(r *Recovery) { r.Kind, r.Force = Scale, true }, v: func(v *View) { v.Suspension, v.Missing = "ig-B is RESIZING", 2 }, want: "place 2", step: StepPlace},
		"a surplus waits for no one":     {r: func(r *Recovery) { r.Kind = Surplus }, v: func(v *View) { v.Suspension, v.Missing = "ig-B is RESIZING", -1 }, want: "release 1", step: StepRelease},
		"by itself, suspended":           {r: func(r *Recovery) { r.Kind = Return }, v: func(v *View) { v.Suspension = "ig-B is RESIZING" }, want: "close cleared"},
		"return, suspended":              {r: func(r *Recovery) { r.Kind, r.Author = Return, "ann" }, v: func(v *View) { v.Suspension = "ig-B is RESIZING" }, want: "wait", needs: "ListInstanceGroups@30", wake: 30, held: "ig-B is RESIZING"},
		"return":                         {r: func(r *Recovery) { r.Kind = Return }, v: func(v *View) { v.Missing = 0 }, want: "place 0", step: StepPlace},
		"found idle, listed no instance": {v: func(v *View) { v.InstancesBegan = at(29) }, reads: []seen{{-2, 6, 6, resizing}, {28, 6, 6, resizing}}, want: "stop 6"},
		"found stuck, no instances read": {r: func(r *Recovery) { r.Kind = Idle }, v: func(v *View) { v.InstancesBegan = at(0) }, want: "wait", needs: "ListInstances@29"},
	})
}

func startingInstances(n int) []emr.Instance {
	out := make([]emr.Instance, 0, n)
	for range n {
		out = append(out, emr.Instance{ID: emr.InstanceID(fmt.Sprintf("ci-%d", len(out))), Group: "ig-A", EC2: "i-1", State: emr.InstanceProvisioning, Created: at(28)})
	}
	return out
}

func runningInstances(n int) []emr.Instance {
	out := startingInstances(n)
	for i := range out {
		out[i].State = emr.InstanceRunning
	}
	return out
}

// settling is the recovery a minute after its stop at 6, sent at minute 29, with a read that shows it.
func settling() (Recovery, View) {
	r, v := confirming()
	r.Step, r.Count, r.Stopped, r.Sent, r.SettleBy = StepSettle, 6, at(29), at(29), at(34)
	v.Now, v.ReadBegan, v.LastWrite, v.Missing = at(30), at(30), at(29), 3
	return r, v
}

func TestR5_Settle(t *testing.T) {
	up := []seen{{-2, 6, 6, running}, {0, 6, 9, resizing}, {28, 6, 9, resizing}}
	then := func(last ...seen) []seen { return append(slices.Clone(up), last...) }
	shown := then(seen{30, 6, 6, running})
	unshown := then(seen{30, 6, 9, resizing})
	check(t, settling, map[string]situation{
		"it shows: place":              {reads: shown, want: "place 3", step: StepPlace},
		"it shows, another call waits": {reads: shown, v: func(v *View) { v.InFlight = true }, want: "wait", step: StepPlace},
		"no read since the stop":       {reads: up, v: func(v *View) { v.ReadBegan = at(28) }, want: "wait", needs: "ListInstanceGroups@29.333333333333332", wake: 34},
		"the read is old":              {reads: unshown, want: "wait", needs: "ListInstanceGroups@31", wake: 34},
		"the last moment of settle":    {reads: unshown, v: func(v *View) { v.Now, v.ReadBegan = at(34-1e-6), at(34-1e-6) }, want: "wait", needs: "ListInstanceGroups@34.999999", wake: 34},
		"settle is over":               {reads: unshown, v: func(v *View) { v.Now, v.ReadBegan = at(34), at(34) }, want: "wait", needs: "ListInstanceGroups@39", wake: 39},
		"its answer is missing":        {reads: unshown, r: func(r *Recovery) { r.Unsure = true }, v: func(v *View) { v.Now, v.ReadBegan = at(34), at(34) }, want: "stop 6"},
		"and the read older":           {reads: unshown, r: func(r *Recovery) { r.Unsure = true }, v: func(v *View) { v.Now, v.ReadBegan = at(34), at(33) }, want: "wait", needs: "ListInstanceGroups@34"},
		"and a pause made it old":      {reads: unshown, r: func(r *Recovery) { r.Unsure = true }, v: func(v *View) { v.Now, v.ReadBegan = at(38), at(35) }, want: "wait", needs: "ListInstanceGroups@38"},
		"what to keep is old":          {reads: then(seen{30, 7, 6, resizing}), v: func(v *View) { v.Now, v.ReadBegan = at(33), at(30) }, want: "wait", needs: "ListInstanceGroups@33"},
		"again and again":              {reads: unshown, r: func(r *Recovery) { r.Unsure, r.Resent = true, 3 }, v: func(v *View) { v.Now, v.ReadBegan = at(34), at(34) }, want: "wait", needs: "ListInstanceGroups@39", wake: 39},
		"never below what runs now":    {reads: then(seen{30, 8, 9, resizing}), r: func(r *Recovery) { r.Unsure = true }, v: func(v *View) { v.Now, v.ReadBegan = at(34), at(34) }, want: "stop 8"},
		"unstoppable, waiting":         {reads: unshown, r: func(r *Recovery) { r.Unstoppable, r.NextTry = at(34), at(39) }, v: func(v *View) { v.Now, v.ReadBegan = at(38), at(38) }, want: "wait", needs: "ListInstanceGroups@39", wake: 39},
		"unstoppable, its time":        {reads: unshown, r: func(r *Recovery) { r.Unstoppable, r.NextTry = at(34), at(39) }, v: func(v *View) { v.Now, v.ReadBegan = at(39), at(39) }, want: "stop 6"},
		"I6: a read shows fewer than ran a pace ago, its time": {reads: then(seen{38, 8, 9, resizing}, seen{39, 6, 9, resizing}),
			r: func(r *Recovery) { r.Unstoppable, r.NextTry = at(34), at(39) }, v: func(v *View) { v.Now, v.ReadBegan = at(39), at(39) }, want: "stop 8"},
		"I6: the same where the answer is missing": {reads: then(seen{33, 8, 9, resizing}, seen{34, 6, 9, resizing}),
			r: func(r *Recovery) { r.Unsure = true }, v: func(v *View) { v.Now, v.ReadBegan = at(34), at(34) }, want: "stop 8"},
		"unstoppable, an old read":   {reads: unshown, r: func(r *Recovery) { r.Unstoppable, r.NextTry = at(34), at(39) }, v: func(v *View) { v.Now, v.ReadBegan = at(39), at(38) }, want: "wait", needs: "ListInstanceGroups@39"},
		"unstoppable, and then not":  {reads: shown, r: func(r *Recovery) { r.Unstoppable, r.NextTry = at(34), at(39) }, want: "place 3", step: StepPlace},
		"a read showed another":      {reads: shown, r: func(r *Recovery) { r.Unshown = true }, want: "wait", needs: "ListInstanceGroups@31"},
		"a second read shows it":     {reads: shown, r: func(r *Recovery) { r.Unshown, r.Shown = true, at(29) }, want: "place 3", step: StepPlace},
		"nobody answered it":         {reads: shown, r: func(r *Recovery) { r.Unsure = true }, want: "wait", needs: "ListInstanceGroups@31"},
		"and a second read shows it": {reads: shown, r: func(r *Recovery) { r.Unsure, r.Shown = true, at(29) }, want: "place 3", step: StepPlace},
		"two arrived after all":      {reads: then(seen{30, 8, 6, running}), want: "keep 8"},
		"but another call waits":     {reads: then(seen{30, 8, 6, running}), v: func(v *View) { v.InFlight = true }, want: "wait"},
	})
	starting := func(r *Recovery) { r.Count, r.Starting = 8, 2 }
	eight := then(seen{30, 6, 8, resizing})
	check(t, settling, map[string]situation{
		"starting, not looked at": {reads: eight, r: starting, v: func(v *View) { v.InstancesBegan = at(28) }, want: "wait", needs: "ListInstances@29", wake: 34},
		"starting, still":         {reads: eight, r: starting, v: func(v *View) { v.InstancesBegan, v.Instances = at(30), startingInstances(2) }, want: "place 3", step: StepPlace},
		"they run, by the list":   {reads: eight, r: starting, v: func(v *View) { v.InstancesBegan, v.Instances = at(30), runningInstances(8) }, want: "place 3", step: StepPlace},
		"one is gone":             {reads: eight, r: starting, v: func(v *View) { v.InstancesBegan, v.Instances = at(30), startingInstances(1) }, want: "wait", needs: "ListInstanceGroups@31 ListInstances@31", wake: 34},
		"and settle is over": {reads: eight, r: starting, v: func(v *View) {
			v.Now, v.ReadBegan, v.InstancesBegan, v.Instances = at(34), at(34), at(34), startingInstances(1)
		}, want: "stop 7"},
		"one of those listed is gone": {reads: eight, r: starting, v: func(v *View) {
			v.Now, v.ReadBegan, v.InstancesBegan, v.Instances = at(34), at(34), at(34), runningInstances(7)
		}, want: "stop 7"},
		"another call waits": {reads: eight, r: starting, v: func(v *View) { v.Now, v.ReadBegan, v.InstancesBegan, v.InFlight = at(34), at(34), at(34), true }, want: "wait"},
		"lowered already":    {reads: eight, r: func(r *Recovery) { starting(r); r.Lowered = true }, v: func(v *View) { v.Now, v.ReadBegan, v.InstancesBegan = at(34), at(34), at(34) }, want: "place 3", step: StepPlace},
	})
	idle := func(r *Recovery) { r.Kind = Idle }
	check(t, settling, map[string]situation{
		"idle, still RESIZING":  {reads: []seen{{0, 6, 6, resizing}, {30, 6, 6, resizing}}, r: idle, want: "wait", needs: "ListInstanceGroups@31", wake: 34},
		"idle, beyond repair":   {reads: []seen{{0, 6, 6, resizing}, {30, 6, 6, resizing}}, r: idle, v: func(v *View) { v.Now, v.ReadBegan = at(34), at(34) }, want: "close reported"},
		"idle, it ended":        {reads: []seen{{0, 6, 6, resizing}, {30, 6, 6, running}}, r: idle, want: "close completed"},
		"the shrink is over":    {reads: []seen{{0, 8, 8, resizing}}, r: func(r *Recovery) { r.Kind, r.Count = Shrink, 8 }, want: "close completed"},
		"the shrink goes on":    {reads: []seen{{0, 8, 5, resizing}}, r: func(r *Recovery) { r.Kind, r.Count = Shrink, 8 }, want: "wait", needs: "ListInstanceGroups@31", wake: 34},
		"somebody raises it":    {reads: []seen{{0, 8, 12, resizing}}, r: func(r *Recovery) { r.Kind, r.Count, r.Before = Shrink, 8, 5 }, v: func(v *View) { v.Now, v.ReadBegan = at(34), at(34) }, want: "close completed"},
		"or what arrived late":  {reads: []seen{{0, 8, 12, resizing}}, r: func(r *Recovery) { r.Kind, r.Count, r.Before = Overrun, 8, 5 }, v: func(v *View) { v.Now, v.ReadBegan = at(34), at(34) }, want: "close completed"},
		"stop has nothing todo": {r: func(r *Recovery) { r.Step = StepStop }, want: "wait"},
		"nor has watch":         {r: func(r *Recovery) { r.Step = StepWatch }, want: "wait"},
	})
}

// placing is the recovery after it settled.
func placing() (Recovery, View) {
	r, v := settling()
	r.Step, r.From = StepPlace, at(29)
	return r, v
}

func TestR6R7_Place(t *testing.T) {
	unknown := func(r *Recovery) { r.Placement = Placement{Name: "n", Count: 3, At: at(30), Unknown: true} }
	written := func(v *View) { v.LastWrite = at(30) }
	check(t, placing, map[string]situation{
		"place":                         {want: "place 3"},
		"a read from before the write":  {v: func(v *View) { v.LastWrite = at(30.1) }, want: "wait", needs: "ListInstanceGroups@30.1"},
		"a read of half a pace":         {v: func(v *View) { v.Now = at(30.5) }, want: "place 3"},
		"an older one":                  {v: func(v *View) { v.Now = at(30.6) }, want: "wait", needs: "ListInstanceGroups@30.6"},
		"another call waits":            {v: func(v *View) { v.InFlight = true }, want: "wait"},
		"by hand, suspended since":      {r: func(r *Recovery) { r.Kind, r.Sent = Scale, time.Time{} }, v: func(v *View) { v.Suspension = "x" }, want: "wait", needs: "ListInstanceGroups@31", wake: 31, held: "x"},
		"by hand, begun already":        {r: func(r *Recovery) { r.Kind = Scale }, v: func(v *View) { v.Suspension = "x" }, want: "place 3"},
		"lost: no read since":           {r: unknown, v: written, want: "wait", needs: "ListInstanceGroups@30.333333333333332"},
		"lost: one read without it":     {r: unknown, v: func(v *View) { written(v); v.Now, v.ReadBegan = at(30.4), at(30.4) }, want: "wait", needs: "ListInstanceGroups@31.4"},
		"lost: two, too close":          {r: func(r *Recovery) { unknown(r); r.Placement.Absent = at(30.4) }, v: func(v *View) { written(v); v.Now, v.ReadBegan = at(31.3), at(31.3) }, want: "wait", needs: "ListInstanceGroups@31.4"},
		"lost: two a pace apart":        {r: func(r *Recovery) { unknown(r); r.Placement.Absent = at(30.4) }, v: func(v *View) { written(v); v.Now, v.ReadBegan = at(31.4), at(31.4) }, want: "place 3"},
		"lost: but another call waits":  {r: func(r *Recovery) { unknown(r); r.Placement.Absent = at(30.4) }, v: func(v *View) { written(v); v.Now, v.ReadBegan, v.InFlight = at(31.4), at(31.4), true }, want: "wait"},
		"lost: an unusable read":        {r: func(r *Recovery) { unknown(r); r.Placement.Absent = at(30.4) }, v: func(v *View) { written(v); v.Now, v.ReadBegan = at(31.4), time.Time{} }, want: "wait", needs: "ListInstanceGroups@30.333333333333332"},
		"another owner's: not yet":      {r: func(r *Recovery) { unknown(r); r.Placement.Foreign, r.Placement.Lost = true, at(31) }, v: func(v *View) { v.LastWrite, v.Now, v.ReadBegan = at(31), at(35.9), at(35.9) }, want: "wait", needs: "ListInstanceGroups@36.9"},
		"another owner's: a first read": {r: func(r *Recovery) { unknown(r); r.Placement.Foreign, r.Placement.Lost = true, at(31) }, v: func(v *View) { v.LastWrite, v.Now, v.ReadBegan = at(31), at(36), at(36) }, want: "wait", needs: "ListInstanceGroups@37"},
		"another owner's: the second": {r: func(r *Recovery) {
			unknown(r)
			r.Placement.Foreign, r.Placement.Lost, r.Placement.Absent = true, at(31), at(36)
		}, v: func(v *View) { v.LastWrite, v.Now, v.ReadBegan = at(31), at(37), at(37) }, want: "place 3"},
	})
}

// TestR5_RepeatsAreCounted: the repeats of an unstoppable resize follow after 5, 10, 20, then every 30 paces.
func TestR5_RepeatsAreCounted(t *testing.T) {
	r, v := settling()
	g, l := read(seen{-2, 6, 6, running}, seen{0, 6, 9, resizing}, seen{30, 6, 9, resizing})
	v.Group = g
	var stops []float64
	for minute := 34.0; minute < 170; minute++ {
		v.Now, v.ReadBegan = at(minute), at(minute)
		var act Act
		if r, act = Advance(r, v, l); act.Kind == Stop {
			stops = append(stops, minute-34)
			r.Sent = v.Now
		}
	}
	if want := []float64{5, 15, 35, 65, 95, 125}; !slices.Equal(stops, want) {
		t.Errorf("repeated after %v minutes, want %v", stops, want)
	}
}
