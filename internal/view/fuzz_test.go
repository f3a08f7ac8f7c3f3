package view

import (
	"io"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
)

// FuzzDocument shows whatever a document holds: a damaged one is a problem that is told, never a crash.
func FuzzDocument(f *testing.F) {
	for _, body := range []string{`{"schema":1}`, `[`, `{"schema":1,"groups":[{"id":"ig-1"}],"pools":[{"origin":"ig-1","members":[{"group":"ig-1","ban":{}}],"rest":{},"blocked":{}}],
		"recoveries":[{"id":"r","pool":"ig-1","group":"ig-9"}],"suspended":{},"unusable":{},"paused":{}}`, `{"schema":1,"groups":[{"id":"ig-1"}],"pools":[{"origin":"ig-1","members":[{"group":"ig-1"}]}],
		"scaling":[{"name":"main","origin":"ig-1","ticks":[{}],"deferred":{},"last":{},"verdicts":[{"policy":"busy"}]},{"name":"spot","making":{"refused":"x"}}],"blind":{},"terminating":{"notice":{},"verdicts":[{"policy":"unused","missing":true}]}}`} {
		f.Add([]byte(body), []byte(`{"inputs":{"wanted":1,"members":[{}]},"call":{"op":"AddInstanceGroups"},"shortfall":[{}],"settings":{}}`))
	}
	f.Fuzz(func(t *testing.T, body, data []byte) {
		how := howScaled(t)
		rules := func(string, emr.Cluster) Rule { return Rule{How: how} }
		key := store.Key{Scope: "prod", Cluster: "j-1"}
		w := New(noon, []Scope{NewScope("prod", []store.Document{{Key: key, Version: 1, Body: store.Text(string(body))}, {Key: store.Key{Scope: "prod", Cluster: "*"}, Body: store.Text(string(body))}}, store.Lease{}, rules)})
		records := []store.Record{{Key: key, ID: "1", Kind: "call.add", Group: "ig-1", Pool: "ig-1", Recovery: "r", Data: data}, {Key: key, ID: "2", Kind: "recovery.completed", Recovery: "r", Data: data},
			{Key: key, ID: "3", Kind: "scaling.decided", Pool: "ig-1", Data: data}}
		for _, s := range w.Status().Scopes {
			_ = text(t, s.Table(w.Now))
		}
		_ = text(t, w.Pools().Table(), w.Groups().Table(), w.Bans().Table(), w.Recoveries(records).Table(), History{Records: w.Events(records)}.Table())
		_ = text(t, w.Policies().Tables()...)
		all := NewTally(ago(time.Hour), noon, noon, w)
		for _, kind := range Kinds() {
			all.Add(store.Record{Key: key, At: ago(time.Minute), Kind: kind, Data: data})
		}
		_ = text(t, all.Report(w, nil).Tables()...)
		for _, s := range w.Scopes {
			for _, c := range s.Clusters {
				_ = w.ExplainCluster(Found{Scope: s.Name, Cluster: c.Cluster.ID}, records).Write(io.Discard)
				for _, g := range c.Groups {
					_ = w.ExplainGroup(Found{Scope: s.Name, Cluster: c.Cluster.ID, Group: g.ID}, records).Write(io.Discard)
				}
			}
		}
		_ = w.ExplainRecovery(store.RecoveryKey{Recovery: "r"}, records, records, Chain{&records[0], &records[0]}).Write(io.Discard)
		_ = w.ExplainRecord(records[0], records).Write(io.Discard)
	})
}
