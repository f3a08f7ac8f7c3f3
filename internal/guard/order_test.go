package guard

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// foreignName is the name of a group that another store made on the model's cluster.
const foreignName = "emrguard/1 task storebbb.j-TEST.ig-A.r9-1"

func TestR12_ForeignGroupsAreObservedUntilAdopted(t *testing.T) {
	m := newModel(t, recovery.Defaults())
	m.group("ig-F", foreignName, emr.Task, 3)
	m.pass(time.Minute)
	if !strings.Contains(m.state.Withheld, "storebbb") || m.state.PoolOf("ig-F") != nil {
		t.Fatalf("withheld %q", m.state.Withheld)
	}
	if d := m.decide(Input{Order: &Order{Kind: OrderAdopt, Author: "ann"}}); d.Reply.Refused {
		t.Fatal(d.Reply.Text)
	}
	p := m.state.Pool("ig-A")
	if m.state.Withheld != "" || p.Wanted != 9 || p.Member("ig-A").Moved != 3 || p.Fallbacks() != 1 {
		t.Errorf("withheld %q, pool %+v", m.state.Withheld, p)
	}
	if d := m.decide(Input{Order: &Order{Kind: OrderAdopt, Author: "ann"}}); !d.Reply.Refused {
		t.Error("there is nothing left to adopt")
	}
}

func TestR13_TheEndClosesEverything(t *testing.T) {
	for name, in := range map[string]Input{
		"listed as ended":    {Gone: &Gone{State: emr.ClusterTerminated}},
		"no longer there":    {Failed: &Failed{Op: emr.DescribeCluster, Err: emr.Error{Class: emr.NotFound}}},
		"described as ended": {Described: &Described{Began: time.Date(2026, 1, 5, 14, 0, 0, 0, time.UTC), Cluster: emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: "j-TEST", State: emr.ClusterTerminating}}}},
	} {
		m := newModel(t, recovery.Defaults())
		m.pass(time.Minute)
		m.of("ig-A").stuck, m.of("ig-A").Requested = true, 9
		for range 200 {
			m.approach()
		}
		if m.pending == nil || !Promised(m.state) {
			t.Fatalf("%s: no stop is on its way", name)
		}
		d := m.decide(in)
		if d.State.Ended.IsZero() || len(d.State.Recoveries) > 0 || d.State.Pending != nil || d.State.Suspended != nil || len(d.Needs) > 0 {
			t.Errorf("%s: %+v", name, d.State)
		}
	}
}

func TestR12_OthersInCharge(t *testing.T) {
	for name, c := range map[string]struct {
		in   Input
		env  func(*Env)
		want string
	}{
		"fleets":        {Input{Failed: &Failed{Op: emr.ListInstanceGroups, Err: emr.Error{Class: emr.FleetsOnly}}}, nil, "instance fleets"},
		"a tag":         {Input{Described: &Described{Cluster: emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: "j-TEST"}, Tags: map[string]string{"emrguard": "off"}}}}, nil, "emrguard=off"},
		"a tag allows":  {Input{Described: &Described{Cluster: emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: "j-TEST"}, Tags: map[string]string{"emrguard": "Enforce"}}}}, nil, ""},
		"observe":       {Input{}, func(e *Env) { e.Mode, e.Why = Observe, "rule 2 says observe" }, "rule 2 says observe"},
		"dry run":       {Input{}, func(e *Env) { e.DryRun = true }, "dry run"},
		"old release":   {Input{Failed: &Failed{Op: emr.GetManagedScalingPolicy, Err: emr.Error{Class: emr.Invalid}}}, nil, ""},
		"managed":       {Input{Managed: &Managed{Attached: true}}, nil, "managed scaling"},
		"nobody at all": {Input{}, nil, ""},
	} {
		m := newModel(t, recovery.Defaults())
		if c.env != nil {
			c.env(&m.env)
		}
		if d := m.decide(c.in); !strings.Contains(d.State.Withheld, c.want) || c.want == "" && d.State.Withheld != "" {
			t.Errorf("%s: withheld %q, want %q", name, d.State.Withheld, c.want)
		}
	}
}

func TestOrdersAreChecked(t *testing.T) {
	for name, o := range map[string]Order{
		"no group":       {Kind: OrderBan, For: Length(time.Hour), Author: "ann"},
		"no author":      {Kind: OrderPause},
		"no order":       {Kind: "dance", Author: "ann"},
		"too short":      {Kind: OrderBan, Group: "ig-A", For: Length(time.Second), Author: "ann"},
		"too long":       {Kind: OrderBan, Group: "ig-A", For: Length(721 * time.Hour), Author: "ann"},
		"too many":       {Kind: OrderScale, Group: "ig-A", To: 2001, Author: "ann"},
		"too much text":  {Kind: OrderPause, Author: "ann", Reason: strings.Repeat("x", 1001)},
		"unknown group":  {Kind: OrderUnban, Group: "ig-Z", Author: "ann"},
		"unknown pool":   {Kind: OrderScale, Group: "ig-Z", To: 3, Author: "ann"},
		"nothing to do":  {Kind: OrderScale, Group: "ig-A", To: 6, Author: "ann"},
		"core at 0":      {Kind: OrderScale, Group: "ig-C", To: 0, Author: "ann"},
		"nothing moved":  {Kind: OrderReturn, Group: "ig-A", Author: "ann"},
		"not paused":     {Kind: OrderResume, Author: "ann"},
		"nothing to own": {Kind: OrderAdopt, Author: "ann"},
	} {
		m := newModel(t, recovery.Defaults())
		m.pass(time.Minute)
		wanted := m.state.Pool("ig-A").Wanted
		d := m.decide(Input{Order: &o})
		if d.Reply == nil || !d.Reply.Refused || d.Reply.Text == "" || d.Call != nil || d.State.Pool("ig-A").Wanted != wanted {
			t.Errorf("%s: %+v", name, d.Reply)
		}
	}
}

// TestR11_ClockSetBack: reads are believed again after a jump back of the clock, and nothing waits for the wrong time to come.
func TestR11_ClockSetBack(t *testing.T) {
	m := newModel(t, recovery.Defaults())
	m.pass(time.Minute)
	m.now = m.now.Add(-2 * time.Hour)
	m.reads = nil
	m.read(m.shown())
	if !m.state.Read.Equal(m.now) {
		t.Errorf("the newest read is of %s, it is %s", m.state.Read, m.now)
	}
	m.now = m.now.Add(-time.Minute) // reads may overtake each other
	if m.read(m.shown()); m.state.Read.Equal(m.now) {
		t.Error("an overtaken read was taken for the newest")
	}
}

// TestOrdersSayWhy: the record of an order that was carried out, or refused, says why somebody gave it, once, beside what became of it.
func TestOrdersSayWhy(t *testing.T) {
	for name, c := range map[string]struct {
		o    Order
		what string
	}{
		"a ban":        {Order{Kind: OrderBan, Group: "ig-A", For: Length(time.Hour)}, "ig-A takes no launches until "},
		"a pause":      {Order{Kind: OrderPause}, "emrguard changes nothing on this cluster until it is resumed"},
		"a scale":      {Order{Kind: OrderScale, Group: "ig-A", To: 9}, "scale from 6 to 9"},
		"what is not":  {Order{Kind: OrderUnban, Group: "ig-A"}, "unban: ig-A is not banned"},
		"not an order": {Order{Kind: "dance"}, `dance: "dance" is not an order`},
	} {
		m := newModel(t, recovery.Defaults())
		m.pass(time.Minute)
		c.o.Author, c.o.Reason = "ann", "CHG-42"
		var got []string
		for _, e := range m.decide(Input{Order: &c.o}).Records {
			if strings.HasPrefix(e.Kind, "order.") {
				got = append(got, e.Reason)
			}
		}
		if len(got) != 1 || !strings.HasPrefix(got[0], c.what) || !strings.HasSuffix(got[0], "; why: CHG-42") || strings.Count(got[0], "CHG-42") != 1 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestLengthsOfOrders: a length is written as a text, as people write it; the nanoseconds of older emrguards are understood.
func TestLengthsOfOrders(t *testing.T) {
	raw, err := json.Marshal(Order{Kind: OrderBan, For: Length(90 * time.Minute)})
	if err != nil || !strings.Contains(string(raw), `"for":"1h30m0s"`) {
		t.Errorf("%s, %v", raw, err)
	}
	for text, want := range map[string]time.Duration{`"1h30m0s"`: 90 * time.Minute, `"90m"`: 90 * time.Minute, `3600000000000`: time.Hour} {
		var o Order
		if err := json.Unmarshal([]byte(`{"kind":"ban","for":`+text+`}`), &o); err != nil || time.Duration(o.For) != want {
			t.Errorf("%s: %s, %v", text, o.For, err)
		}
	}
	for _, text := range []string{`"soon"`, `true`, `1.5`} {
		if err := json.Unmarshal([]byte(`{"for":`+text+`}`), new(Order)); err == nil {
			t.Errorf("%s is a length", text)
		}
	}
}

// TestAnswersToOrders is what stands in the way of an order, or goes with it, and is said in the answer.
func TestAnswersToOrders(t *testing.T) {
	scale := Order{Kind: OrderScale, Group: "ig-A", To: 7, Author: "ann"}
	for name, c := range map[string]struct {
		change  func(*model)
		order   Order
		refused bool
		want    string
	}{
		"a read that is not usable": {func(m *model) { m.state.Unusable = &Unusable{Since: m.now, Last: m.now, Reads: 1, Reason: "no groups"} }, scale, true, "the last read of the groups is not usable"},
		"a clock that is wrong":     {func(m *model) { m.env.Trusted = false }, scale, true, "clock"},
		"a cluster that starts":     {func(m *model) { m.state.Cluster.State = emr.ClusterStarting }, scale, true, "STARTING"},
		"a fall seen once":          {func(m *model) { m.state.Pool("ig-A").Members[0].Fall = &pool.Fall{To: 3, At: m.now} }, scale, true, "recovery of this pool is at work"},
		"a group of no pool":        {func(*model) {}, Order{Kind: OrderScale, Group: "ig-Z", To: 7, Author: "ann"}, true, "there is no pool ig-Z"},
		"a dry run":                 {func(m *model) { m.env.DryRun = true }, scale, true, "dry run"},
		"a ban that is contested": {func(m *model) {
			p := m.state.Pool("ig-A")
			p.Contested, p.Members[0].Ban = true, &pool.Ban{From: m.now, Until: m.now.Add(time.Hour), Contest: true}
		}, Order{Kind: OrderUnban, Group: "ig-A", Author: "ann"}, false, "what others launch there stays"},
		"an unban of a blocked pool": {func(m *model) {
			p := m.state.Pool("ig-A")
			p.Blocked, p.Members[0].Ban = &pool.Blocked{Retry: m.now.Add(time.Hour)}, &pool.Ban{From: m.now, Until: m.now.Add(time.Hour)}
		}, Order{Kind: OrderUnban, Group: "ig-A", Author: "ann"}, false, "places for what its pool misses are looked for at once"},
		"a pause while a call is out": {func(m *model) { m.state.Pending = &Call{Call: emr.Call{Op: emr.ModifyInstanceGroups}} }, Order{Kind: OrderPause, Author: "ann"}, false,
			"ModifyInstanceGroups is on its way already"},
		"an end of a pause in observe": {func(m *model) {
			m.state.Paused, m.env.Mode, m.env.Why = &Pause{Since: m.now, Author: "bob"}, Observe, "rule 2 says observe"
		}, Order{Kind: OrderResume, Author: "ann"}, false, "rule 2 says observe"},
	} {
		m := newModel(t, recovery.Defaults())
		m.pass(time.Minute)
		c.change(m)
		d := m.decide(Input{Order: &c.order})
		if d.Reply == nil || d.Reply.Refused != c.refused || !strings.Contains(d.Reply.Text, c.want) {
			t.Errorf("%s: %+v, want refused %t with %q", name, d.Reply, c.refused, c.want)
		}
		if c.refused && (d.Call != nil || len(d.State.Recoveries) > 0) {
			t.Errorf("%s: a refused order begins something: %+v", name, d)
		}
	}
}

// TestOrdersToAWholeScope is the pause of all clusters: only an order that changes it is taken.
func TestOrdersToAWholeScope(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	pause, resume := Order{Kind: OrderPause, Author: "ann", Reason: "quarter end"}, Order{Kind: OrderResume, Author: "bob"}
	paused, reply := OfScope(nil, pause, now)
	if reply.Refused || paused == nil || paused.Author != "ann" || !paused.Since.Equal(now) {
		t.Fatalf("%+v %+v", paused, reply)
	}
	for name, c := range map[string]struct {
		paused  *Pause
		order   Order
		refused bool
		want    string
	}{
		"a second pause":         {paused, pause, true, "paused already since 2026-01-05T12:00:00Z by ann"},
		"an end of none":         {nil, resume, true, "not paused as a whole"},
		"its end":                {paused, resume, false, ""},
		"an order for a cluster": {paused, Order{Kind: OrderAdopt, Author: "ann"}, true, "is for a cluster"},
	} {
		after, reply := OfScope(c.paused, c.order, now.Add(time.Hour))
		if reply.Refused != c.refused || !strings.Contains(reply.Text, c.want) || c.refused && after != c.paused || !c.refused && after != nil {
			t.Errorf("%s: %+v, %+v", name, after, reply)
		}
	}
}
