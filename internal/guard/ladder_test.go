package guard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// ladderModel is a model with a ladder, a minute old.
func ladderModel(t failer, ladder ...recovery.Rung) *model {
	t.Helper()
	s := recovery.Defaults()
	s.Fallback = ladder
	if err := s.Validate(); err != nil {
		t.Fatalf("%v", err)
	}
	m := newModel(t, s)
	m.pass(time.Minute)
	return m
}

// ask lets an outsider ask a group for so many, which gets none of them for a reason.
func (m *model) ask(id emr.GroupID, to int, why string) {
	g := m.of(id)
	g.Requested, g.stuck, g.why = to, true, why
	m.note()
}

// did lists the changes from the n-th on: "A=6" sets a count, "+m5.xlarge Spot:3" makes a group.
func (m *model) did(n int) string {
	parts := make([]string, 0, len(m.calls))
	for _, c := range m.calls[n:] {
		if g := c.Call.Config; g != nil {
			parts = append(parts, fmt.Sprintf("+%s:%d", recovery.ShapeOf(emr.Group{InstanceType: g.InstanceType, Market: g.Market, BidPrice: g.BidPrice}), g.Count))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s=%d", strings.TrimPrefix(string(c.Call.Group), "ig-"), c.Call.Count))
	}
	return strings.Join(parts, " ")
}

var (
	same     = recovery.Rung{Same: true}
	onDemand = recovery.Rung{Market: emr.OnDemand}
	r5       = recovery.Rung{Types: []string{"r5.xlarge"}}
)

const (
	noCapacity  = "insufficient Spot capacity"
	noQuota     = "VcpuLimitExceeded"
	noAddresses = "InsufficientFreeAddressesInSubnet"
	noPrice     = "SpotMaxPriceTooLow"
	noBootstrap = "bootstrap action 1 failed"
)

// TestR6_TheCauseChooses plays one stuck group for each cause; how EMR tells it, by the group or by its instances, makes no difference.
func TestR6_TheCauseChooses(t *testing.T) {
	for name, c := range map[string]struct {
		ladder []recovery.Rung
		why    string
		want   string // the changes within four minutes
		rests  string // why the pool rests
	}{
		"unknown":                     {[]recovery.Rung{same, onDemand}, "", "A=6 +m5.xlarge Spot:3", ""},
		"capacity":                    {[]recovery.Rung{same, onDemand}, noCapacity, "A=6 +m5.xlarge Spot:3", ""},
		"quota":                       {[]recovery.Rung{same, r5, onDemand}, noQuota, "A=6 +m5.xlarge On-Demand:3", ""},
		"quota of another class":      {[]recovery.Rung{same, {Types: []string{"x1.16xlarge"}}}, noQuota, "A=6 +x1.16xlarge Spot:3", ""},
		"quota, and no rung helps":    {[]recovery.Rung{same, r5}, noQuota, "", "quota"},
		"addresses":                   {[]recovery.Rung{same, r5, onDemand}, noAddresses, "", "no free addresses"},
		"price":                       {[]recovery.Rung{same, {Market: emr.Spot, BidPrice: "0.9"}}, noPrice, "A=6 +m5.xlarge Spot at 0.9:3", ""},
		"price, and no rung helps":    {[]recovery.Rung{same}, noPrice, "", "price"},
		"bootstrap, for a first time": {[]recovery.Rung{same, r5}, noBootstrap, "A=6 +m5.xlarge Spot:3", ""},
	} {
		m := ladderModel(t, c.ladder...)
		m.ask("ig-A", 9, c.why)
		m.pass(35 * time.Minute)
		p := m.state.Pool("ig-A")
		if got := m.did(0); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if (p.Rest != nil) != (c.rests != "") || p.Rest != nil && !strings.Contains(p.Rest.Reason, c.rests) {
			t.Errorf("%s: rest %+v, want %q", name, p.Rest, c.rests)
		}
		cause := recovery.CauseOf(emr.Group{Requested: 1, ReasonText: c.why}, nil).Cause
		if ban := p.Member("ig-A").Ban; c.rests == "" && (ban == nil || ban.Cause != string(cause) || cause != recovery.Unknown && !strings.Contains(ban.Reason, "cause: "+string(cause))) {
			t.Errorf("%s: the ban says %+v", name, ban)
		}
		if known := m.said("recovery.cause", c.why); known != (cause != recovery.Unknown) {
			t.Errorf("%s: the cause is recorded: %t", name, known)
		}
	}
}

// TestR6_ABanBarsWhatFailsTheSameWay: not only the recovery that found the cause out keeps away from it.
func TestR6_ABanBarsWhatFailsTheSameWay(t *testing.T) {
	m := ladderModel(t, same, recovery.Rung{Market: emr.OnDemand, Max: 3})
	m.ask("ig-A", 9, noQuota)
	m.pass(40 * time.Minute)
	m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-A", To: 10, Author: "ann"}})
	m.pass(5 * time.Minute)
	if got, p := m.did(0), m.state.Pool("ig-A"); got != "A=6 +m5.xlarge On-Demand:3" || p.Blocked == nil || !strings.Contains(p.Blocked.Reason, "quota") {
		t.Errorf("%s; blocked %+v", got, p.Blocked)
	}
	m.decide(Input{Order: &Order{Kind: OrderUnban, Group: "ig-A", Author: "ann"}})
	m.of("ig-A").stuck, m.of("ig-A").why = false, ""
	m.pass(5 * time.Minute)
	if got := m.did(2); got != "A=7" {
		t.Errorf("nothing bars the origin any more: %q", got)
	}
}

// TestR6_OneRecoveryMakesOneGroup: what a rung has no room for is another recovery's, also when an instance arrives late on the stopped group.
func TestR6_OneRecoveryMakesOneGroup(t *testing.T) {
	m := ladderModel(t, recovery.Rung{Market: emr.OnDemand, Max: 1})
	m.ask("ig-A", 9, noCapacity)
	for m.state.Pool("ig-A").Blocked == nil && m.now.Sub(m.state.Read) < time.Hour {
		m.pass(20 * time.Second)
	}
	if got := m.did(0); got != "A=6 +m5.xlarge On-Demand:1" {
		t.Fatalf("%q", got)
	}
	m.of("ig-A").Running++ // EMR had it on its way
	m.now = m.now.Add(time.Second)
	m.read(m.shown())
	m.serve()
	m.pass(20 * time.Minute)
	if got := m.did(2); got != "A=7" {
		t.Errorf("it is kept, and nothing else: %q", got)
	}
	p := m.state.Pool("ig-A")
	if p.Blocked == nil || p.Wanted != 9 || p.Requested(m.state.View()) != 8 {
		t.Errorf("one instance is still to be placed: %+v", p)
	}
}

// TestR6_TheRestIsAnothersWork: a late arrival takes a recovery back to its placement, and it makes no second group.
func TestR6_TheRestIsAnothersWork(t *testing.T) {
	m := ladderModel(t, recovery.Rung{Market: emr.OnDemand, Max: 1}, r5)
	m.ask("ig-A", 9, noCapacity)
	for len(m.calls) < 3 {
		m.answer(nil, true)
		m.approach()
	}
	if got := m.did(0); got != "A=6 +m5.xlarge On-Demand:1 +r5.xlarge Spot:2" {
		t.Fatalf("%q", got)
	}
	m.answer(&emr.Error{Class: emr.Invalid, Message: "no such type"}, false)
	m.of("ig-A").Running++
	m.now = m.now.Add(time.Second)
	m.read(m.shown())
	m.serve()
	m.pass(20 * time.Minute)
	if got := m.did(3); got != "A=7" {
		t.Errorf("%q", got)
	}
	if n := m.count("pool.blocked"); n != 1 || m.state.Pool("ig-A").Blocked == nil {
		t.Errorf("blocked %d times: %+v", n, m.state.Pool("ig-A").Blocked)
	}
}

// TestR6_BlockedStaysBlocked: that a part of the launch completed is no news for what has no place.
func TestR6_BlockedStaysBlocked(t *testing.T) {
	m := ladderModel(t, recovery.Rung{Market: emr.OnDemand, Max: 1})
	m.ask("ig-A", 9, noCapacity)
	m.pass(45 * time.Minute)
	if p := m.state.Pool("ig-A"); m.count("recovery.completed") != 1 || m.count("pool.blocked") != 1 || p.Blocked == nil || m.now.Sub(p.Blocked.Since) < 5*time.Minute {
		t.Errorf("%d completed, %d blocked, %+v", m.count("recovery.completed"), m.count("pool.blocked"), p.Blocked)
	}
}

// TestR6_AnOpenRecoveryKeepsItsLadder: On-Demand has a member with 2 of its 3 when the rungs change places.
func TestR6_AnOpenRecoveryKeepsItsLadder(t *testing.T) {
	m := ladderModel(t, recovery.Rung{Market: emr.OnDemand, Max: 3})
	m.ask("ig-A", 8, noCapacity)
	m.pass(60 * time.Minute)
	m.ask("ig-A", 10, noCapacity) // banned: stopped, and placed elsewhere
	before := len(m.calls)
	for m.pending == nil {
		m.approach()
	}
	m.env.Settings.Fallback = []recovery.Rung{same, {Market: emr.OnDemand}}
	m.answer(nil, true)
	for len(m.calls) == before+1 {
		m.answer(nil, true)
		m.approach()
	}
	if got := m.did(before); got != "A=6 N01=3" {
		t.Errorf("%q", got)
	}
	if r := m.state.Recovery(m.calls[before+1].Recovery); r == nil || r.Kind != recovery.Enforce {
		t.Errorf("the recovery that began before the reload places it: %+v", r)
	}
}

// TestR10_SomebodyIsFasterThanTheFirstRead: a new group is asked for more before any read shows it.
func TestR10_SomebodyIsFasterThanTheFirstRead(t *testing.T) {
	m := ladderModel(t, onDemand)
	m.ask("ig-A", 9, noCapacity)
	for m.pending == nil || m.pending.Purpose != ForAdd {
		m.answer(nil, true)
		m.approach()
	}
	m.answer(nil, true)
	if got := m.state.Pool("ig-A").Member("ig-N01"); got.Rung != 1 || got.Shape != "m5.xlarge On-Demand" || m.state.Group("ig-N01") != nil {
		t.Errorf("what it is is known before it is read: %+v", got)
	}
	m.of("ig-N01").Requested = 5
	m.pass(15 * time.Minute)
	if p := m.state.Pool("ig-A"); p.Wanted != 11 || m.did(2) != "" {
		t.Errorf("the pool wants %d; %q", p.Wanted, m.did(2))
	}
}

// TestR6_ALostLaunchIsSentAgainAsItWas, though more is missing by then.
func TestR6_ALostLaunchIsSentAgainAsItWas(t *testing.T) {
	m := ladderModel(t, recovery.Rung{Market: emr.OnDemand, Max: 2})
	m.ask("ig-A", 8, noCapacity)
	m.pass(40 * time.Minute) // ig-N01 has 2
	m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-A", To: 6, Author: "ann"}})
	m.pass(10 * time.Minute)
	m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-A", To: 9, Author: "ann"}})
	before := len(m.calls)
	for m.pending == nil {
		m.approach()
	}
	m.answer(nil, false) // EMR answered and lost it
	m.pass(20 * time.Minute)
	if got := m.did(before); got != "N01=2 N01=2" {
		t.Errorf("%q", got)
	}
	if p := m.state.Pool("ig-A"); p.Blocked == nil {
		t.Error("the third instance has no place")
	}
}

// TestR7_TheShapeStays: a group whose answer is missing is asked for again in the shape it was asked for, whatever a reload says.
func TestR7_TheShapeStays(t *testing.T) {
	m := ladderModel(t, r5, same)
	m.ask("ig-A", 9, noCapacity)
	for m.pending == nil || m.pending.Purpose != ForAdd {
		m.answer(nil, true)
		m.approach()
	}
	m.env.Settings.Fallback = []recovery.Rung{onDemand}
	before := len(m.calls) - 1
	m.answer(&emr.Error{Class: emr.Unavailable}, false)
	m.pass(10 * time.Minute)
	if got := m.did(before); got != "+r5.xlarge Spot:3 +r5.xlarge Spot:0 N01=3" {
		t.Errorf("%q", got)
	}
	if got := m.state.Pool("ig-A").Member("ig-N01"); got.Rung != 2 || got.Shape != "r5.xlarge Spot" {
		t.Errorf("it is of no rung of today's ladder: %+v", got)
	}
}

// TestR7_NobodyNeedsItAnyMore: the answer is missing, and by the time the call would be repeated somebody has asked the origin again.
func TestR7_NobodyNeedsItAnyMore(t *testing.T) {
	m := ladderModel(t, same)
	m.env.Settings.EnforceBans = false
	m.ask("ig-A", 9, noCapacity)
	for m.pending == nil || m.pending.Purpose != ForAdd {
		m.answer(nil, true)
		m.approach()
	}
	m.answer(&emr.Error{Class: emr.Unavailable}, false)
	m.ask("ig-A", 10, noCapacity)
	before := len(m.calls)
	m.pass(10 * time.Minute)
	if got := m.did(before); got != "" || len(m.state.Recoveries) > 0 || len(m.state.Pool("ig-A").Repeated) != 1 {
		t.Errorf("%q, open %+v, %v", got, m.state.Recoveries, m.state.Pool("ig-A").Repeated)
	}
}

// TestR7_AnotherProcessor: a custom AMI is for one processor.
func TestR7_AnotherProcessor(t *testing.T) {
	m := ladderModel(t, recovery.Rung{Types: []string{"m6g.xlarge", "r5.xlarge"}})
	m.of("ig-A").CustomAMI = "ami-1"
	m.ask("ig-A", 9, noCapacity)
	m.pass(35 * time.Minute)
	if got := m.did(0); got != "A=6 +r5.xlarge Spot:3" {
		t.Errorf("%q", got)
	}
	for _, r := range m.records {
		if text := fmt.Sprint(r.Data["rejected"]); r.Kind == "call.add" && !strings.Contains(text, "m6g.xlarge Spot, rung 1: the custom AMI ami-1") {
			t.Errorf("the record of the launch says of others: %s", text)
		}
	}
}

// TestR8_OtherShapesGetTheirChance: chain is 1, and each shape is tried before the pool rests.
func TestR8_OtherShapesGetTheirChance(t *testing.T) {
	m := ladderModel(t, same, recovery.Rung{Types: []string{"r5.xlarge"}, After: 10 * time.Minute}, onDemand)
	m.env.Settings.Chain = 1
	m.fates = map[string]string{"m5.xlarge SPOT": noCapacity, "r5.xlarge SPOT": noCapacity, "m5.xlarge ON_DEMAND": ""}
	m.ask("ig-A", 9, noCapacity)
	m.pass(110 * time.Minute)
	if got, p := m.did(0), m.state.Pool("ig-A"); got != "A=6 +m5.xlarge Spot:3 N01=0 +r5.xlarge Spot:3 N02=0 +m5.xlarge On-Demand:3" || p.Rest == nil {
		t.Errorf("%q, rest %+v", got, p.Rest)
	}
}

// TestR8_AnotherMarketStartsTheSameNodes: after the second SUSPENDED by bootstrap actions On-Demand nodes of the same type are no hope; after one for
// an unknown reason they are.
func TestR8_AnotherMarketStartsTheSameNodes(t *testing.T) {
	for why, want := range map[string]string{noBootstrap: "A=6 +m5.xlarge Spot:3", "": "A=6 +m5.xlarge Spot:3 N01=0 +m5.xlarge On-Demand:3"} {
		m := ladderModel(t, same, onDemand)
		m.ask("ig-A", 9, why)
		m.of("ig-A").gaveUp = true
		m.fates = map[string]string{"m5.xlarge SPOT": why}
		m.pass(10 * time.Minute)
		m.of("ig-N01").gaveUp = true
		m.pass(8 * time.Minute)
		if got, p := m.did(0), m.state.Pool("ig-A"); got != want || (p.Rest != nil) != (why == noBootstrap) {
			t.Errorf("%q: %q, rest %+v", why, got, p.Rest)
		}
	}
}

// TestR8_WhatOthersCoverIsNoFailure: while the origin is asked again for what a stuck fallback holds, the fallback is stopped, and the
// chain stays as it is.
func TestR8_WhatOthersCoverIsNoFailure(t *testing.T) {
	m := ladderModel(t, same)
	m.env.Settings.Chain = 1
	m.fates = map[string]string{"m5.xlarge SPOT": noCapacity}
	m.ask("ig-A", 9, noCapacity)
	m.pass(40 * time.Minute)
	m.decide(Input{Order: &Order{Kind: OrderUnban, Group: "ig-A", Author: "ann"}})
	m.decide(Input{Order: &Order{Kind: OrderReturn, Group: "ig-A", Author: "ann", Force: true}})
	m.pass(25 * time.Minute)
	p := m.state.Pool("ig-A")
	if got := m.did(2); got != "A=9 N01=0" || p.Chain != 1 || p.Rest != nil {
		t.Errorf("%q, chain %d, rest %+v", got, p.Chain, p.Rest)
	}
	m.pass(10 * time.Minute)
	if p = m.state.Pool("ig-A"); p.Rest == nil || p.Requested(m.state.View()) != 9 {
		t.Errorf("%q: %+v", m.did(2), p)
	}
}

// TestR2_ALongAfterSuspendsAsLong: the rung of a launch may take its time.
func TestR2_ALongAfterSuspendsAsLong(t *testing.T) {
	m := ladderModel(t, recovery.Rung{Market: emr.OnDemand, After: 3 * time.Hour})
	m.fates = map[string]string{"m5.xlarge ON_DEMAND": ""}
	m.ask("ig-A", 9, noCapacity)
	m.pass(150 * time.Minute)
	if s := m.state.Suspended; s == nil || !strings.Contains(strings.Join(s.Reasons, "; "), "at watch") {
		t.Errorf("%+v", s)
	}
}

// TestR8_SuspendedBySomethingElse: what EMR suspended and nobody tries any more does not rest for ever.
func TestR8_SuspendedBySomethingElse(t *testing.T) {
	for _, why := range []string{noAddresses, noQuota, noPrice} {
		m := ladderModel(t, same)
		m.ask("ig-A", 9, why)
		m.of("ig-A").gaveUp = true
		m.pass(8 * time.Minute)
		if got, p := m.did(0), m.state.Pool("ig-A"); got != "" || p.Rest == nil {
			t.Fatalf("%s: %q, rest %+v", why, got, p.Rest)
		}
		m.of("ig-A").why, m.of("ig-A").stuck = why, false // the trouble is over, and SUSPENDED stays
		m.pass(5 * time.Hour)
		if p := m.state.Pool("ig-A"); p.Rest != nil || m.of("ig-A").Running < 6 || p.Running(m.state.View()) != 9 {
			t.Errorf("%s: %q and still %+v", why, m.did(0), p)
		}
	}
}

// TestR9_AFailedReturnCountsForNothing: it is stopped even if the pool could bear no other failure, places nothing and is in no chain.
func TestR9_AFailedReturnCountsForNothing(t *testing.T) {
	for _, why := range []string{"", noQuota, noAddresses} {
		m := ladderModel(t, onDemand)
		m.env.Settings.Return, m.env.Settings.Chain = recovery.Auto, 1
		m.ask("ig-A", 9, noCapacity)
		m.pass(160 * time.Minute) // banned, lapsed, and asked again
		if got := m.did(0); got != "A=6 +m5.xlarge On-Demand:3 A=9" {
			t.Fatalf("%q", got)
		}
		m.of("ig-A").why = why
		m.pass(45 * time.Minute)
		p := m.state.Pool("ig-A")
		if got := m.did(3); got != "A=6" || p.Chain != 0 || len(p.Tried) != 0 || p.Rest != nil || p.Returns == nil || p.Returns.Failed != 1 {
			t.Errorf("%q: %q, pool %+v", why, got, p)
		}
		if p.Member("ig-A").Moved != 3 || !p.Member("ig-A").Banned(m.now) {
			t.Errorf("%q: %+v", why, p.Member("ig-A"))
		}
		// The wait is over when something that was launched there completes: an operator scales, and the origin has capacity again.
		m.of("ig-A").stuck, m.of("ig-A").why = false, ""
		m.pass(2 * time.Hour)
		m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-A", To: 10, Author: "ann"}})
		m.pass(30 * time.Minute)
		if got := strings.Fields(m.did(4)); len(got) < 3 || got[0] != "A=7" || got[1] != "A=10" || m.state.Pool("ig-A").Returns != nil {
			t.Errorf("%q: %v, %+v", why, got, m.state.Pool("ig-A").Returns)
		}
	}
}

// TestR9_WhatAReturnWaitsFor: each of these holds it up, and it begins once that is over.
func TestR9_WhatAReturnWaitsFor(t *testing.T) {
	reconfiguring := func(m *model) {
		groups := m.shown()
		for i := range groups {
			if groups[i].ID == "ig-A" {
				groups[i].State = emr.GroupReconfiguring
			}
		}
		m.now = m.now.Add(time.Second)
		m.read(groups)
	}
	for name, c := range map[string]struct {
		hold, free func(*model)
	}{
		"nothing": {func(*model) {}, func(*model) {}},
		"a loss elsewhere": {func(m *model) {
			m.of("ig-N01").Running, m.of("ig-N01").stuck = 2, true
			groups := m.shown()
			groups[len(groups)-1].State = emr.GroupRunning // which does not suspend
			m.now = m.now.Add(time.Second)
			m.read(groups)
		}, func(m *model) { m.of("ig-N01").stuck = false }},
		"a pause": {func(m *model) { m.decide(Input{Order: &Order{Kind: OrderPause, Author: "ann"}}) }, func(m *model) { m.decide(Input{Order: &Order{Kind: OrderResume, Author: "ann"}}) }},
		"a ban by hand": {func(m *model) {
			m.decide(Input{Order: &Order{Kind: OrderBan, Group: "ig-A", For: Length(20 * time.Minute), Author: "ann"}})
		}, func(m *model) { m.decide(Input{Order: &Order{Kind: OrderUnban, Group: "ig-A", Author: "ann"}}) }},
		"a reconfiguration": {reconfiguring, func(*model) {}},
		"a schedule":        {func(m *model) { m.state.Scaling = []Scaled{{Name: "task", Deferred: &Deferred{Schedule: "x"}}} }, func(m *model) { m.state.Scaling = nil }},
		"a dry run":         {func(m *model) { m.env.DryRun = true }, func(m *model) { m.env.DryRun = false }},
		"by hand":           {func(m *model) { m.env.Settings.Return = recovery.ByHand }, func(m *model) { m.env.Settings.Return = recovery.Auto }},
	} {
		m := ladderModel(t, onDemand)
		m.ask("ig-A", 9, noCapacity)
		m.pass(155 * time.Minute) // the ban has lapsed
		m.of("ig-A").stuck = false
		before := len(m.calls)
		c.hold(m)
		m.env.Settings.Return = recovery.Auto
		if name == "by hand" {
			m.env.Settings.Return = recovery.ByHand
		}
		m.decide(Input{})
		began := m.count("recovery.open") > 1
		if began != (name == "nothing") {
			t.Errorf("%s: begun %t", name, began)
		}
		c.free(m)
		m.pass(20 * time.Minute)
		if got := m.did(before); !strings.HasPrefix(got, "A=9 ") || m.state.Pool("ig-A").Member("ig-A").Moved != 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestR9_NothingToReturn forgets that returns failed.
func TestR9_NothingToReturn(t *testing.T) {
	m := ladderModel(t, onDemand)
	m.env.Settings.Return = recovery.Auto
	m.ask("ig-A", 9, noCapacity)
	m.pass(210 * time.Minute)
	if m.state.Pool("ig-A").Returns == nil {
		t.Fatal("the return has not failed")
	}
	m.decide(Input{Order: &Order{Kind: OrderScale, Group: "ig-A", To: 6, Author: "ann"}})
	m.pass(20 * time.Minute)
	if p := m.state.Pool("ig-A"); p.Returns != nil || p.Member("ig-A").Moved != 0 {
		t.Errorf("%+v", p)
	}
}

// TestR9_ARefusedReturnWaits: by itself or by hand, it is not sent again and again.
func TestR9_ARefusedReturnWaits(t *testing.T) {
	for _, byHand := range []bool{false, true} {
		m := ladderModel(t, onDemand)
		m.ask("ig-A", 9, noCapacity)
		m.pass(155 * time.Minute)
		before := len(m.calls)
		if byHand {
			m.decide(Input{Order: &Order{Kind: OrderReturn, Group: "ig-A", Author: "ann"}})
		} else {
			m.env.Settings.Return = recovery.Auto
		}
		for m.pending == nil {
			m.approach()
		}
		m.answer(&emr.Error{Class: emr.Invalid, Message: "no"}, false)
		m.pass(time.Hour)
		if got := m.did(before); got != "A=9" || len(m.state.Recoveries) > 0 {
			t.Errorf("by hand %t: %q, open %+v", byHand, got, m.state.Recoveries)
		}
		if p := m.state.Pool("ig-A"); (p.Returns == nil) != byHand || p.Member("ig-A").Moved != 3 {
			t.Errorf("by hand %t: %+v", byHand, p)
		}
	}
}

// TestR9_AReturnKeepsToTheClustersInstances: until the fallbacks are released both ask for the same.
func TestR9_AReturnKeepsToTheClustersInstances(t *testing.T) {
	for most, want := range map[int]string{12: "", 13: "A=7 N01=2 A=8 N01=1 A=9 N01=0", 14: "A=8 N01=1 A=9 N01=0", 0: "A=9 N01=0"} {
		m := ladderModel(t, onDemand)
		m.configure(scaling.Settings{MaxInstances: most})
		m.ask("ig-A", 9, noCapacity)
		m.pass(60 * time.Minute)
		m.of("ig-A").stuck = false
		m.env.Settings.Return = recovery.Auto
		m.pass(4 * time.Hour)
		if got := strings.Fields(m.did(2)); strings.Join(final(got), " ") != strings.Join(final(strings.Fields(want)), " ") || most > 12 && len(got) == 0 {
			t.Errorf("at most %d: %v, want %s", most, got, want)
		}
	}
}

// final keeps the last count of each group.
func final(changes []string) []string {
	var out []string
	for i, c := range changes {
		group, _, _ := strings.Cut(c, "=")
		last := true
		for _, other := range changes[i+1:] {
			last = last && !strings.HasPrefix(other, group+"=")
		}
		if last {
			out = append(out, c)
		}
	}
	return out
}

// TestDocumentsFromBeforeTheLadder: what an emrguard without rungs wrote at each step of a recovery is read, keeps its form, and is gone on
// with.
func TestDocumentsFromBeforeTheLadder(t *testing.T) {
	text, err := os.ReadFile("testdata/documents_before_rungs.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var s State
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatalf("document %d: %v", i, err)
		}
		if err := s.Validate(); err != nil {
			t.Errorf("document %d: %v", i, err)
		}
		if body := marshal(t, s); strings.Contains(string(line), `"fallback":["same"]`) != strings.Contains(body, `"fallback":["same"]`) {
			t.Errorf("document %d is written in another form: %s", i, body)
		}
		m := newModel(t, recovery.Defaults())
		m.env.Now = s.Read.Add(time.Second)
		d := Decide(s, m.env, Input{Lost: s.Pending != nil})
		for _, p := range d.State.Pools {
			for j, member := range p.Members {
				if s.Group(member.Group) != nil && (member.Rung != min(j, 1) || member.Shape != "m5.xlarge Spot") {
					t.Errorf("document %d: %+v", i, member)
				}
			}
		}
	}
}
