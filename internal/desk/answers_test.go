package desk

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"emrguard/internal/app"
	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

var update = flag.Bool("update", false, "write the table of previews anew")

// oddState is a cluster, or what surrounds it, in a state that an order may meet.
type oddState struct {
	name   string
	config string // instead of oneScope
	dryRun bool
	paused bool // the whole scope
	change func(*guard.State)
}

// replaced is the cluster after a recovery whose replacement runs: the origin has 6 of 9 and is banned until 13:35.
func replaced(s *guard.State) {
	ran(s)
	s.Groups[1].Requested, s.Groups[1].Running = 6, 6
	s.Groups[1].Ledger.Last.Requested, s.Groups[1].Ledger.Last.Running = 6, 6
	name, err := emr.GroupName("task", emr.Token{Store: "abcdefgh", Cluster: "j-1", Origin: "ig-1", Recovery: "r1-7"})
	if err != nil {
		panic(err)
	}
	s.Groups = append(s.Groups, guard.Group{Group: emr.Group{ID: "ig-3", Name: name, Role: emr.Task, Market: emr.OnDemand, InstanceType: "m5.xlarge", Requested: 3, Running: 3, State: emr.GroupRunning}, Seen: ago(20 * time.Minute),
		Ledger: ledger.Ledger{First: ago(20 * time.Minute), Last: ledger.Read{Began: ago(time.Minute), Ended: ago(time.Minute), Requested: 3, Running: 3, State: emr.GroupRunning}}})
	p := &s.Pools[0]
	p.Members[0].Expected, p.Members[0].Moved, p.Members[0].Ban = []int{6}, 3, &pool.Ban{From: ago(25 * time.Minute), Until: noon.Add(95 * time.Minute), Recovery: "r1-7", Reason: "6 of 9 run"}
	p.Add(pool.Member{Group: "ig-3", Rung: 1, Made: ago(20 * time.Minute), Recovery: "r1-7", Expected: []int{3}, Filled: true})
}

// ran lets the pool task have all it asks for.
func ran(s *guard.State) {
	g := &s.Groups[1]
	g.Running, g.State, g.Ledger.Entries = g.Requested, emr.GroupRunning, nil
	g.Ledger.Last.Running, g.Ledger.Last.State = g.Requested, emr.GroupRunning
	s.Suspended = nil
}

// oddStates are the cluster etl (see world_test.go) in every state in which an order's answer differs.
var oddStates = []oddState{
	{name: "resizing"},
	{name: "at rest", change: ran},
	{name: "replaced and banned", change: replaced},
	{name: "replaced, the ban is over", change: func(s *guard.State) { replaced(s); s.Pools[0].Members[0].Ban.Until = ago(time.Minute) }},
	{name: "banned by hand, contested", change: func(s *guard.State) {
		ran(s)
		s.Pools[0].Contested, s.Pools[0].Members[0].Ban = true, &pool.Ban{From: ago(time.Minute), Until: noon.Add(4 * time.Hour), Author: "bob", Contest: true}
	}},
	{name: "resting", change: func(s *guard.State) {
		s.Pools[0].Rest = &pool.Rest{From: ago(time.Hour), Until: noon.Add(time.Hour), Reason: "3 recoveries in a row did not complete a resize"}
	}},
	{name: "blocked", config: strings.Replace(oneScope, "mode: enforce", "mode: enforce, recovery: {max_groups: 0}", 1), change: func(s *guard.State) {
		ran(s)
		s.Pools[0].Members[0].Ban = &pool.Ban{From: ago(time.Minute), Until: noon.Add(4 * time.Hour), Author: "bob"}
		s.Pools[0].Wanted, s.Pools[0].Blocked = 12, &pool.Blocked{Since: ago(time.Hour), Retry: noon.Add(4 * time.Hour), Reason: "a new group: no task group slot of the cluster is free beyond reserve_slots"}
	}},
	{name: "no place for more", config: strings.Replace(oneScope, "mode: enforce", "mode: enforce, recovery: {max_groups: 0}", 1), change: func(s *guard.State) {
		ran(s)
		s.Pools[0].Members[0].Ban = &pool.Ban{From: ago(time.Minute), Until: noon.Add(4 * time.Hour), Author: "bob"}
	}},
	{name: "with a max", config: strings.Replace(oneScope, "mode: enforce", "mode: enforce, recovery: {max: 9}", 1), change: ran},
	{name: "recovering", change: func(s *guard.State) {
		s.Recoveries = []recovery.Recovery{{ID: "r1-7", Pool: "ig-1", Group: "ig-1", Kind: recovery.Stuck, Step: recovery.StepSettle, Opened: ago(time.Minute), Since: ago(time.Hour), Reason: "6 of 9 run", Asked: 9, Ran: 6, Count: 6,
			Stopped: ago(time.Minute), Sent: ago(time.Minute), SettleBy: noon.Add(4 * time.Minute), Settings: recovery.Defaults()}}
		s.Pools[0].Members[0].Expected, s.Pools[0].Members[0].Ban = []int{6, 9}, &pool.Ban{From: ago(time.Minute), Until: noon.Add(119 * time.Minute), Recovery: "r1-7", Reason: "6 of 9 run"}
	}},
	{name: "a change is on its way", change: func(s *guard.State) {
		ran(s)
		s.Pending = &guard.Call{ID: "1-1", Purpose: guard.ForRelease, Call: emr.Call{Op: emr.ModifyInstanceGroups, Cluster: "j-1", Group: "ig-2", Count: 3}, Pool: "ig-2", At: ago(time.Second), Generation: 1}
	}},
	{name: "paused", change: func(s *guard.State) {
		s.Paused = &guard.Pause{Since: ago(time.Hour), Author: "bob", Reason: "migration"}
	}},
	{name: "the scope is paused", paused: true},
	{name: "dry run", dryRun: true, change: ran},
	{name: "observed", config: strings.Replace(oneScope, "enforce", "observe", 1), change: ran},
	{name: "off", config: strings.Replace(oneScope, "enforce", "off", 1), change: ran},
	{name: "managed scaling", change: func(s *guard.State) { ran(s); s.Managed, s.ManagedAt = true, ago(time.Minute) }},
	{name: "wrapped", config: strings.Replace(oneScope, "mode: enforce", "mode: enforce, wrap: true", 1), change: func(s *guard.State) {
		ran(s)
		s.Groups[1].Role, s.Pools[0].Role = emr.Core, emr.Core
	}},
	{name: "another store's groups", change: func(s *guard.State) {
		replaced(s)
		name, err := emr.GroupName("task", emr.Token{Store: "zyxwvuts", Cluster: "j-1", Origin: "ig-1", Recovery: "r1-7"})
		if err != nil {
			panic(err)
		}
		s.Groups[3].Name, s.Foreign = name, []string{"zyxwvuts"}
		p := &s.Pools[0]
		p.Members, p.Wanted, p.Members[0].Moved, p.Members[0].Ban = p.Members[:1], 6, 0, nil
	}},
	{name: "reads are unusable", change: func(s *guard.State) {
		ran(s)
		s.Unusable = &guard.Unusable{Since: ago(time.Minute), Last: ago(time.Minute), Reads: 2, Reason: "the answer lists no groups"}
	}},
	{name: "not read yet", change: func(s *guard.State) { s.Read, s.Groups, s.Pools = time.Time{}, nil, nil }},
	{name: "terminating", change: func(s *guard.State) { ran(s); s.Cluster.State = emr.ClusterTerminating }},
	{name: "ended", change: func(s *guard.State) { ran(s); s.Cluster.State, s.Ended = emr.ClusterTerminated, ago(time.Minute) }},
}

// sevenOrders are the orders of the table, and those to a whole scope and to what there is not.
var sevenOrders = []struct {
	name  string
	order guard.Order
	scope bool
}{
	{"ban for 1h", guard.Order{Kind: guard.OrderBan, Group: "ig-1", For: guard.Length(time.Hour)}, false},
	{"unban", guard.Order{Kind: guard.OrderUnban, Group: "ig-1"}, false},
	{"pause", guard.Order{Kind: guard.OrderPause}, false},
	{"resume", guard.Order{Kind: guard.OrderResume}, false},
	{"scale to 4", guard.Order{Kind: guard.OrderScale, Group: "ig-1", To: 4}, false},
	{"scale to 12", guard.Order{Kind: guard.OrderScale, Group: "ig-1", To: 12}, false},
	{"scale to 12 by force", guard.Order{Kind: guard.OrderScale, Group: "ig-1", To: 12, Force: true}, false},
	{"return", guard.Order{Kind: guard.OrderReturn, Group: "ig-1"}, false},
	{"adopt", guard.Order{Kind: guard.OrderAdopt}, false},
	{"scale what there is not", guard.Order{Kind: guard.OrderScale, Group: "ig-9", To: 4}, false},
	{"ban what there is not", guard.Order{Kind: guard.OrderBan, Group: "ig-9", For: guard.Length(time.Hour)}, false},
	{"pause the scope", guard.Order{Kind: guard.OrderPause}, true},
	{"resume the scope", guard.Order{Kind: guard.OrderResume}, true},
}

// in is a desk over a store in an odd state.
func (o oddState) in(t *testing.T) *lab {
	t.Helper()
	l := newLab(t)
	l.DryRun = o.dryRun
	if o.config != "" {
		l.Config = mustParse(t, o.config)
	}
	s := etl()
	s.Described, s.ManagedAt = ago(time.Minute), ago(time.Minute)
	master := guard.Group{Group: emr.Group{ID: "ig-0", Name: "master", Role: emr.Master, Requested: 1, Running: 1, State: emr.GroupRunning}, Seen: ago(24 * time.Hour)}
	s.ReadEnded, s.Groups = s.Read, append([]guard.Group{master}, s.Groups...) // without one no read is usable
	s.Suspended = &guard.Suspension{Since: ago(10 * time.Minute), Reasons: []string{"ig-1 is RESIZING, 6 of 9 run"}}
	if o.change != nil {
		o.change(&s)
	}
	body, err := store.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	docs := []store.Document{{Key: store.Key{Scope: "prod", Cluster: "j-1"}, Body: body, Ended: !s.Ended.IsZero(), Saved: ago(time.Minute)}}
	if o.paused {
		docs = append(docs, store.Document{Key: store.Key{Scope: "prod", Cluster: "*"}, Body: store.Text(`{"schema":1,"paused":{"since":"2026-01-05T11:00:00Z","author":"bob"}}`), Saved: ago(time.Minute)})
	}
	if err := l.Store.Save(t.Context(), store.Save{Lease: l.lease, Docs: docs}); err != nil {
		t.Fatal(err)
	}
	return l
}

// owner is a running emrguard: an engine with the real guard, which holds the scope of a lab.
type owner struct {
	*lab
	engine *engine.Engine
	now    engine.Now
}

// owned starts the owner of the lab's scope, and lets it take the stored state over.
func (l *lab) owned() *owner {
	l.t.Helper()
	o := &owner{lab: l, now: engine.Now{Wall: ago(time.Second)},
		engine: engine.New(engine.Options{Store: l.Store, Policy: app.Policy(l.Config), Scopes: []engine.Scope{{Name: "prod", Sweep: 5 * time.Minute}}, Owner: "run-1", Note: "host a, pid 1", DryRun: l.DryRun})}
	o.step()
	return o
}

// step takes the orders that wait: at the second one it is noon.
func (o *owner) step() {
	o.t.Helper()
	for _, f := range o.engine.Step(o.t.Context(), o.now, nil).Faults {
		o.t.Errorf("fault: %+v", f)
	}
	o.now = o.now.Add(time.Second)
}

// answer is what becomes of an order.
func (o *owner) answer(to Target, order guard.Order) store.Answer {
	o.t.Helper()
	body, err := json.Marshal(order)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.Store.Submit(o.t.Context(), store.Order{ID: "o-1", Scope: to.Scope, Cluster: string(to.Cluster), At: noon, Author: order.Author, Body: body}); err != nil {
		o.t.Fatal(err)
	}
	o.step()
	a, err := o.Store.Answered(o.t.Context(), "o-1")
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

// TestPreviewsAgreeWithAnswers holds, for each order in every odd state, the preview against what the engine and the guard then answer, and the whole of
// what a person is told in testdata/previews.txt.
func TestPreviewsAgreeWithAnswers(t *testing.T) {
	var table strings.Builder
	for _, o := range oddStates {
		fmt.Fprintf(&table, "# %s\n", o.name)
		for _, c := range sevenOrders {
			if c.scope && o.name != "resizing" && !o.paused {
				continue // the state of one cluster means nothing to it
			}
			t.Run(o.name+"/"+c.name, func(t *testing.T) {
				l, to, order := o.in(t).owned(), Target{Scope: "prod", Cluster: "j-1"}, c.order
				if c.scope {
					to.Cluster = ""
				}
				order.Author = "ann"
				p, err := l.Preview(l.world(), to, order)
				if err != nil { // names are looked up before an order is given: what is not there is found out then
					p.Refused, p.Text = true, err.Error()
				}
				a := l.answer(to, order)
				said, _, _ := strings.Cut(a.Text, " (recovery ")
				for _, s := range l.world().Scopes {
					for _, c := range s.Clusters {
						said = c.Labelled(said)
					}
				}
				if p.Refused != a.Refused || p.Text != said {
					t.Errorf("the preview says refused %t: %s\nthe answer is refused %t: %s", p.Refused, p.Text, a.Refused, said)
				}
				if s := l.world().Scopes[0]; p.Refused && err == nil && len(s.Clusters) > 0 && !c.scope {
					if diff := cmp.Diff(l.world().Ahead(s, s.Clusters[0]), p.Next, cmpopts.IgnoreUnexported(view.Next{})); diff != "" {
						t.Errorf("what follows without the order: %s", diff)
					}
				}
				written(&table, c.name, p)
			})
		}
	}
	path := filepath.Join("testdata", "previews.txt")
	if *update {
		if err := os.WriteFile(path, []byte(table.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), table.String()); diff != "" {
		t.Errorf("go test ./internal/desk -update writes it anew:\n%s", diff)
	}
}

// written writes a preview down as a person is told it.
func written(b *strings.Builder, name string, p Preview) {
	verb := "yes"
	if p.Refused {
		verb = "no "
	}
	fmt.Fprintf(b, "%-24s %s %s\n", name, verb, p.Does)
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(b, "%30s %s\n", what, text)
		}
	}
	line("text:", p.Text)
	line("effect:", p.Effect)
	for _, s := range p.Steps {
		line("step:", s.Sentence())
	}
	for _, passed := range p.Passed {
		line("passed over:", passed)
	}
	line("ends:", p.Ends)
	line("at once:", p.Call)
	for _, n := range p.Next {
		if !p.Refused { // else it is what follows anyway
			line("next:", n.Line(noon))
		}
	}
	line("undo:", p.Undo)
}
