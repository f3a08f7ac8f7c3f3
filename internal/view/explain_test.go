package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"emrguard/internal/store"
)

// story is what the guard writes down about one stuck group.
func story() []store.Record {
	var out []store.Record
	add := func(at time.Time, kind, group, recovery, reason, data string) {
		seq := int64(len(out) + 1)
		out = append(out, store.Record{Key: store.Key{Scope: "prod", Cluster: "j-2"}, ID: fmt.Sprintf("2-%d", seq), At: at, Kind: kind, Group: group, Pool: "ig-21",
			Recovery: recovery, Reason: reason, Data: json.RawMessage(data), Seq: seq})
	}
	inputs := `"inputs":{"read":"2026-01-05T11:54:00Z","step":"confirm","wanted":9,"requested":9,"members":[{"group":"ig-21","state":"RESIZING","requested":9,"running":6,"missing_since":"2026-01-05T11:20:00Z"}]}`
	add(ago(40*time.Minute), "group.read", "ig-21", "", "6 of 9 run, RESIZING (was RUNNING), 3 asked for",
		`{"requested":9,"running":6,"state":"RESIZING","shortfall":[{"since":"2026-01-05T11:20:00Z","count":3,"cause":"change","by":"read"}]}`)
	add(ago(40*time.Minute), "scaling.suspended", "", "", "ig-21 is RESIZING, 6 of 9 run", `{"reasons":["ig-21 is RESIZING, 6 of 9 run","a capacity change of ig-22 is unfinished"]}`)
	add(ago(6*time.Minute), "recovery.open", "ig-21", "r1-7", "6 of 9 run; the oldest missing instance is missing since 11:20:00",
		`{"kind":"stuck","number":2,"settings":{"after":1800000000000,"ban":7200000000000,"pace":60000000000,"settle":300000000000,"chain":3,"max_groups":4},`+inputs+`}`)
	add(ago(5*time.Minute), "recovery.cause", "ig-21", "r1-7", "why it is stuck, as EMR tells it: quota: VcpuLimitExceeded: …", `{"cause":{"cause":"quota","text":"VcpuLimitExceeded: …"}}`)
	add(ago(5*time.Minute), "ban.set", "ig-21", "r1-7", "takes no launches until 13:55:00", `null`)
	add(ago(5*time.Minute), "call.stop", "ig-21", "r1-7", "stop at 6", `{"call":{"op":"ModifyInstanceGroups","cluster":"j-2","group":"ig-21","count":6},`+inputs+`}`)
	add(ago(5*time.Minute), "answer.stop", "ig-21", "r1-7", "nobody knows", `{"call":"2-5","error":{"class":"unavailable","message":"timed out"}}`)
	add(ago(4*time.Minute), "call.add", "", "r1-7", "launch 3 in a new group of m5.xlarge On-Demand, rung 2",
		`{"call":{"op":"AddInstanceGroups","cluster":"j-2","config":{"name":"n","instance_type":"m5.xlarge","count":3}},"rejected":[{"group":"ig-21","reason":"banned until 2026-01-05T13:55:00Z"},{"what":"the same configuration","reason":"no quota"}]}`)
	add(ago(time.Minute), "recovery.completed", "ig-21", "r0-3", "9 run", `{"kind":"stuck","opened":"2026-01-05T10:00:00Z","asked":9,"ran":6,"stop_count":6,"placed":3,"cause":{"cause":"capacity","text":"no capacity"},"took":"1h59m0s"}`)
	add(ago(time.Second), "order.ban", "ig-22", "", "takes no launches", `{"order":{}}`)
	out[len(out)-1].Author = "ann@desk"
	return out
}

// decisions are what the guard writes down about scaling the pool of scaledCluster.
func decisions() []store.Record {
	var out []store.Record
	add := func(at time.Time, kind, recovery, reason, data string) {
		seq := int64(len(out) + 1)
		out = append(out, store.Record{Key: store.Key{Scope: "prod", Cluster: "j-7"}, ID: fmt.Sprintf("7-%d", seq), At: at, Kind: kind, Group: "ig-71", Pool: "ig-71",
			Recovery: recovery, Reason: reason, Data: json.RawMessage(data), Seq: seq})
	}
	busy := `{"kind":"up","by":"policy busy","target":9,"bounds":{"min":2,"max":10},"reason":"Average ContainerPending over 5m: 12, 31 > 10 for 2 periods; 6 + 3 = 9",
		"evidence":[{"condition":"Average ContainerPending over 5m > 10 for 2 periods","holds":true,"points":[{"at":"2026-01-05T11:40:00Z","value":12},{"at":"2026-01-05T11:45:00Z","value":31.5}],"reason":"…"}]}`
	idle := `{"kind":"down","by":"policy idle","target":4,"bounds":{"min":2,"max":10},"reason":"Average AppsRunning over 5m: 0 <= 0","evidence":[{"condition":"Average AppsRunning over 5m <= 0","holds":true,"points":[{"at":"2026-01-05T11:45:00Z","value":0}],"reason":"…"}]}`
	add(ago(20*time.Minute), "scaling.deferred", "", "pool main: policy busy asks for 9 and is not followed: ig-71 is RESIZING", `{"ask":`+busy+`}`)
	add(ago(8*time.Minute), "scaling.decided", "r7-2", "pool main from 6 to 9 by policy busy", `{"wanted":6,"bounds":{"min":2,"max":10},"ask":`+busy+`,"others":[{"ask":`+idle+`,"why_not":"policy busy asks first: adding comes before taking"}]}`)
	add(ago(8*time.Minute), "call.launch", "r7-2", "launch 3", `{"call":{"op":"ModifyInstanceGroups","cluster":"j-7","group":"ig-71","count":9}}`)
	add(ago(2*time.Minute), "recovery.completed", "r7-2", "9 of 9 run", `{"kind":"scale","placed":3,"took":"6m0s"}`)
	add(ago(time.Minute), "scaling.decided", "", "pool main stays at 9: max 10", `{"wanted":9,"bounds":{"min":2,"max":10},"due":"2026-01-05T11:30:00Z","ask":{"kind":"schedule","by":"schedule night","target":9,"bounds":{"min":2,"max":10},"reason":"max 10"}}`)
	add(ago(time.Minute), "would.scale", "", "pool main: would go from 9 to 4 by policy idle", `{"wanted":9,"bounds":{"min":2,"max":10},"ask":`+idle+`}`)
	return out
}

// on names a recovery of the scope prod.
func on(cluster, recovery string) store.RecoveryKey {
	return store.RecoveryKey{Key: store.Key{Scope: "prod", Cluster: cluster}, Recovery: recovery}
}

func TestExplainScaling(t *testing.T) {
	w := testWorld(t)
	all := decisions()
	var b strings.Builder
	for _, e := range []Explanation{
		w.ExplainRecord(all[1], all[1:4]), w.ExplainRecord(all[4], all), w.ExplainRecovery(on("j-7", "r7-2"), all[1:4], all[1:4], Chain{}), w.ExplainGroup(mustFind(t, w.FindPool, "main"), all[5:]), w.ExplainGroup(mustFind(t, w.FindPool, "main"), all[:1]),
	} {
		if err := e.Write(&b); err != nil {
			t.Fatal(err)
		}
		b.WriteString("----\n")
	}
	golden(t, "explain_scaling.txt", b.String())
}

func TestExplain(t *testing.T) {
	w := testWorld(t)
	all := story()
	var b strings.Builder
	for _, e := range []Explanation{
		w.ExplainRecord(all[5], all[2:8]),
		w.ExplainRecord(all[1], all),
		w.ExplainRecovery(on("j-2", "r1-7"), all[:8], all[:8], Chain{}),
		w.ExplainRecovery(on("j-2", "r0-3"), all[8:9], all[8:9], Chain{}),
		w.ExplainCluster(mustFind(t, w.FindCluster, "etl"), all),
		w.ExplainGroup(mustFind(t, w.FindGroup, "etl/task"), all[:1]),
		w.ExplainGroup(mustFind(t, w.FindGroup, "ig-22"), nil),
		w.ExplainCluster(Found{Scope: "prod", Cluster: "j-0"}, nil),
		w.ExplainGroup(Found{Scope: "prod", Cluster: "j-0", Group: "ig-0"}, nil),
	} {
		if err := e.Write(&b); err != nil {
			t.Fatal(err)
		}
		b.WriteString("----\n")
	}
	golden(t, "explain.txt", b.String())
	golden(t, "explain.json", asJSON(t, w.ExplainRecord(all[5], all[2:8])))
}

// A record whose inputs are damaged is still told.
func TestExplainDamagedInputs(t *testing.T) {
	w := testWorld(t)
	rec := story()[5]
	rec.Data = json.RawMessage(`{"inputs":[]}`)
	e := w.ExplainRecord(rec, nil)
	if facts := e.Sections[1].Events[0].Facts; len(facts) != 1 || !strings.Contains(facts[0], "cannot be read") {
		t.Errorf("facts: %q", facts)
	}
}

func mustFind(t *testing.T, find func(string) (Found, error), ref string) Found {
	t.Helper()
	f, err := find(ref)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
