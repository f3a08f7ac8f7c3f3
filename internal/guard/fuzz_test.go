package guard

import (
	"encoding/json"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
)

// FuzzStoredDocument: whatever bytes the store holds, a document that decodes and is valid can be decided on, with every kind of
// input, without a panic.
func FuzzStoredDocument(f *testing.F) {
	for _, s := range storedStates(f) {
		f.Add([]byte(s))
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"schema":1,"cluster":{"id":"j-TEST"},"pools":[{"origin":"ig-A","members":[{"group":"ig-A"}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var s State
		if json.Unmarshal(body, &s) != nil || s.Validate() != nil {
			return
		}
		m := newModel(t, recovery.Defaults())
		m.env.Now = time.Date(2026, 1, 5, 18, 0, 0, 0, time.UTC)
		answer := Answer{ID: "x"}
		if s.Pending != nil {
			answer.ID = s.Pending.ID
		}
		group := emr.GroupID("ig-A")
		if len(s.Groups) > 0 {
			group = s.Groups[0].ID
		}
		groups := m.shown()
		for _, g := range s.Groups {
			if m.of(g.ID) == nil {
				groups = append(groups, g.Group)
			}
		}
		for _, in := range []Input{
			{}, {Lost: true}, {Answer: &answer}, {Answer: &Answer{ID: answer.ID, Added: "ig-N"}}, {Answer: &Answer{ID: answer.ID, Err: &emr.Error{Class: emr.Denied}}},
			{Answer: &Answer{ID: answer.ID, Err: &emr.Error{Class: emr.Throttled}}},
			{Read: &Read{Began: m.env.Now, Ended: m.env.Now, Groups: groups}},
			{Instances: &Instances{Group: group, Began: m.env.Now, Instances: m.instances("ig-A")}},
			{Described: &Described{Began: m.env.Now, Cluster: m.cluster}}, {Managed: &Managed{Began: m.env.Now}},
			{Failed: &Failed{Op: emr.DescribeCluster, Err: emr.Error{Class: emr.NotFound}}}, {Gone: &Gone{}},
			{Order: &Order{Kind: OrderBan, Group: group, For: Length(time.Hour), Author: "ann"}}, {Order: &Order{Kind: OrderUnban, Group: group, Author: "ann"}},
			{Order: &Order{Kind: OrderScale, Group: group, To: 5, Force: true, Author: "ann"}}, {Order: &Order{Kind: OrderReturn, Group: group, Force: true, Author: "ann"}},
			{Order: &Order{Kind: OrderAdopt, Author: "ann"}}, {Order: &Order{Kind: OrderPause, Author: "ann"}}, {Order: &Order{Kind: OrderResume, Author: "ann"}},
		} {
			d := Decide(s, m.env, in)
			d = Decide(d.State, m.env, Input{Read: &Read{Began: m.env.Now, Ended: m.env.Now, Groups: groups}})
			Decide(d.State, m.env, Input{Described: &Described{Began: m.env.Now, Cluster: m.cluster}})
		}
	})
}

// storedStates are the documents of a recovery at each of its steps.
func storedStates(t failer) []string {
	m := newModel(t, recovery.Defaults())
	m.pass(time.Minute)
	var out []string
	keep := func() { out = append(out, marshal(t, m.state)) }
	keep()
	m.of("ig-A").stuck, m.of("ig-A").Requested = true, 9
	m.pass(time.Minute)
	keep()
	for range 200 {
		m.approach()
		if m.pending != nil {
			keep()
			m.answer(nil, true)
			keep()
		}
	}
	m.pass(5 * time.Minute)
	keep()
	m.decide(Input{Order: &Order{Kind: OrderPause, Author: "ann"}})
	keep()
	return out
}
