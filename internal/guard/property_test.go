package guard

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
)

var answers = []emr.Error{
	{Class: emr.Throttled, Code: "ThrottlingException"}, {Class: emr.NotSent}, {Class: emr.Unavailable, Message: "no answer"},
	{Class: emr.Denied, Code: "AccessDeniedException"}, {Class: emr.Invalid, Code: "ValidationException"},
}

// TestI1I2I3I4I6I7I8_RandomLives plays random lives of a cluster: outsiders, losses, capacity that comes and goes, bad and old reads,
// lost answers, orders by hand, restarts. Every decision is held against the properties (model.check); a stored state that is read
// back decides the same (I7); and when the trouble stops, everything comes to rest.
func TestI1I2I3I4I6I7I8_RandomLives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := recovery.Defaults()
		s.EnforceBans = rapid.Bool().Draw(t, "enforce bans")
		s.Chain, s.MaxGroups = rapid.IntRange(1, 3).Draw(t, "chain"), rapid.IntRange(0, 3).Draw(t, "groups")
		s.Fallback = drawLadder(t)
		s.AfterCapacity = rapid.SampledFrom([]time.Duration{0, 0, 8 * time.Minute}).Draw(t, "after capacity error")
		s.Return = rapid.SampledFrom([]recovery.ReturnMode{recovery.ByHand, recovery.Auto}).Draw(t, "return")
		m := newModel(t, s)
		m.fates = rapid.MapOfN(rapid.SampledFrom([]string{"m5.xlarge SPOT", "m5.xlarge ON_DEMAND", "r5.xlarge SPOT", "c5.xlarge SPOT"}), rapid.SampledFrom(reasons), 0, 3).Draw(t, "fates")
		m.pass(time.Minute)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			m.act(t)
		}
		m.peace()
		m.calm = true
		m.pass(20 * time.Hour)
		m.quiet()
	})
}

// reasons are what EMR may say of a group that gets nothing.
var reasons = []string{"", "", "insufficient Spot capacity", "VcpuLimitExceeded", "InsufficientFreeAddressesInSubnet", "SpotMaxPriceTooLow", "bootstrap action 1 failed"}

func drawLadder(t *rapid.T) []recovery.Rung {
	all := []recovery.Rung{{Same: true}, {Types: []string{"r5.xlarge", "c5.xlarge"}}, {Market: emr.OnDemand}, {Market: emr.Spot, BidPrice: "0.90"}}
	ladder := rapid.Permutation(all).Draw(t, "ladder")[:rapid.IntRange(1, len(all)).Draw(t, "rungs")]
	for i := range ladder {
		ladder[i].After = rapid.SampledFrom([]time.Duration{0, 0, 10 * time.Minute, 50 * time.Minute}).Draw(t, "after")
		ladder[i].Max = rapid.SampledFrom([]int{0, 0, 1, 4}).Draw(t, "max")
	}
	return ladder
}

// act lets one thing happen.
func (m *model) act(t *rapid.T) {
	pick := func() *truth { return rapid.SampledFrom(m.groups[1:]).Draw(t, "group") }
	switch rapid.SampledFrom([]string{"pass", "pass", "long", "long", "resize", "resize", "lose", "stick", "free", "suspend", "bad read", "old read", "low read", "fault", "fault",
		"order", "event", "event", "restart", "budget", "trust", "managed", "reload", "story", "story", "story", "story"}).Draw(t, "act") {
	case "story": // a group gets stuck, and something goes wrong with the calls that follow
		g := pick()
		g.Requested, g.stuck, g.why = g.Requested+rapid.IntRange(1, 4).Draw(t, "more"), true, rapid.SampledFrom(reasons).Draw(t, "why")
		m.note()
		m.pass(28 * time.Minute)
		for range rapid.IntRange(0, 3).Draw(t, "faults") {
			m.untilCall(t)
			if m.pending == nil {
				return
			}
			err := rapid.SampledFrom(answers).Draw(t, "answer")
			m.answer(&err, err.Class == emr.Unavailable && rapid.Bool().Draw(t, "took effect"))
		}
	case "event":
		m.hear(m.drawEvent(t))
	case "pass":
		m.pass(time.Duration(rapid.IntRange(1, 6).Draw(t, "minutes")) * time.Minute)
	case "long":
		m.pass(time.Duration(rapid.IntRange(20, 60).Draw(t, "minutes")) * time.Minute)
	case "resize":
		g := pick()
		g.Requested, g.gaveUp = rapid.IntRange(1, 12).Draw(t, "to"), false
		m.note()
	case "lose":
		g := pick()
		g.Running = max(0, g.Running-rapid.IntRange(1, 3).Draw(t, "lost"))
		m.note()
	case "stick":
		g := pick()
		g.stuck, g.why = true, rapid.SampledFrom(reasons).Draw(t, "why")
	case "free":
		g := pick()
		g.stuck, g.why = false, ""
	case "reload":
		m.env.Settings.Fallback = drawLadder(t)
	case "suspend":
		g := pick()
		g.gaveUp, g.why = g.Running < g.Requested, rapid.SampledFrom(reasons).Draw(t, "why")
		m.note()
	case "bad read":
		groups := m.shown()
		m.now = m.now.Add(time.Second)
		m.read(groups[:rapid.IntRange(0, len(groups)-1).Draw(t, "listed")])
	case "old read":
		m.now = m.now.Add(time.Second)
		m.read(rapid.SampledFrom(m.past).Draw(t, "age"))
	case "low read":
		groups := m.shown()
		i := rapid.IntRange(1, len(groups)-1).Draw(t, "of")
		groups[i].Running = max(0, groups[i].Running-rapid.IntRange(1, 4).Draw(t, "low"))
		m.now = m.now.Add(time.Second)
		m.read(groups)
	case "fault":
		m.untilCall(t)
		if m.pending == nil {
			return
		}
		err := rapid.SampledFrom(answers).Draw(t, "answer")
		m.answer(&err, err.Class == emr.Unavailable && rapid.Bool().Draw(t, "took effect"))
	case "order":
		m.byHand(t)
	case "restart":
		m.restart(rapid.Bool().Draw(t, "took effect"))
	case "budget":
		m.env.StopReady, m.env.Modify, m.env.Add = rapid.Bool().Draw(t, "stop"), rapid.Bool().Draw(t, "modify"), rapid.Bool().Draw(t, "add")
		m.pass(2 * time.Minute)
		m.env.StopReady, m.env.Modify, m.env.Add = true, true, true
	case "trust":
		m.env.Trusted = !m.env.Trusted
	case "managed":
		m.managed = rapid.IntRange(0, 3).Draw(t, "managed") == 0
	}
}

// untilCall lets time pass without answers until a change is on its way.
func (m *model) untilCall(t *rapid.T) {
	for range rapid.IntRange(1, 100).Draw(t, "patience") {
		if m.pending != nil {
			return
		}
		m.approach()
	}
}

// approach lets 20 seconds pass and serves what is due, until a change is on its way.
func (m *model) approach() {
	if m.pending != nil {
		return
	}
	m.now = m.now.Add(20 * time.Second)
	if w := m.last.Wake; !w.IsZero() && !w.After(m.now) {
		m.decide(Input{})
	}
	for range 6 {
		i := slices.IndexFunc(m.last.Needs, func(n Need) bool { return !n.Due.After(m.now) })
		if i < 0 || m.pending != nil {
			return
		}
		m.meet(m.last.Needs[i])
	}
}

// meet serves one need.
func (m *model) meet(n Need) {
	switch n.Op {
	case emr.ListInstanceGroups:
		m.read(m.shown())
	case emr.ListInstances:
		m.decide(Input{Instances: &Instances{Group: n.Group, Began: m.now, Instances: m.instances(n.Group)}})
	case emr.DescribeCluster:
		m.decide(Input{Described: &Described{Began: m.now, Cluster: m.cluster}})
	case emr.GetManagedScalingPolicy:
		m.decide(Input{Managed: &Managed{Began: m.now, Attached: m.managed}})
	}
}

func (m *model) byHand(t *rapid.T) {
	o := Order{Author: "ann", Kind: rapid.SampledFrom([]OrderKind{OrderBan, OrderUnban, OrderPause, OrderResume, OrderScale, OrderReturn, OrderAdopt}).Draw(t, "order"),
		Group: rapid.SampledFrom(m.groups[1:]).Draw(t, "group").ID, For: Length(time.Hour), To: rapid.IntRange(0, 12).Draw(t, "to"), Force: rapid.Bool().Draw(t, "force")}
	if d := m.decide(Input{Order: &o}); d.Reply == nil || d.Reply.Text == "" {
		m.fail("an order without a reply: %+v", o)
	}
}

// restart kills the guard: another reads what is stored, and no answer to a pending call will come.
func (m *model) restart(effective bool) {
	var s State
	if err := json.Unmarshal([]byte(marshal(m.t, m.state)), &s); err != nil {
		m.fail("%v", err)
	}
	m.state = s
	m.env.Generation++
	if m.pending != nil && effective {
		m.effect()
	}
	m.pending = nil
	m.decide(Input{Lost: s.Pending != nil})
}

// peace ends all trouble.
func (m *model) peace() {
	m.env.Trusted, m.managed, m.fates = true, false, nil
	for _, g := range m.groups {
		g.stuck, g.gaveUp, g.why = false, false, ""
	}
	if m.state.Paused != nil {
		m.decide(Input{Order: &Order{Kind: OrderResume, Author: "ann"}})
	}
}
