package web

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// pageMost is how many bytes any page may have.
const pageMost = 100 << 10

// The widest cluster that EMR allows, and a recovery that goes on and on.
const (
	wideCluster  = "j-WIDE00000001"
	longRecovery = "rlong-1"
	wideGroups   = 48
)

// wideDoc is a cluster of 48 task groups of which all are in trouble.
func wideDoc(t *testing.T, now time.Time) store.Document {
	t.Helper()
	c := guard.New("prod", emr.ClusterSummary{ID: wideCluster, Name: "wide", State: emr.ClusterWaiting, Created: now.Add(-48 * time.Hour)})
	c.Read = now
	add := func(id emr.GroupID, name string, role emr.Role) *guard.Group {
		c.Groups = append(c.Groups, guard.Group{Seen: now.Add(-30 * time.Hour), Group: emr.Group{
			ID: id, Name: name, Role: role, Market: emr.Spot, InstanceType: "m5.24xlarge", Requested: 20, Running: 20, State: emr.GroupRunning}})
		return &c.Groups[len(c.Groups)-1]
	}
	add("ig-A0", "core", emr.Core)
	add("ig-A1", "master", emr.Master)
	for i := range wideGroups {
		id := emr.GroupID(fmt.Sprintf("ig-WIDE%08d", i))
		g := add(id, fmt.Sprintf("task-of-a-team-%02d", i), emr.Task)
		g.Running, g.State = 12, emr.GroupResizing
		g.Ledger = ledger.Ledger{First: g.Seen, Entries: []ledger.Entry{{Since: now.Add(-50 * time.Minute), Count: 8, Cause: ledger.Change, By: ledger.ByCall}},
			Last: ledger.Read{Began: now, Ended: now, Requested: 20, Running: 12, State: g.State}}
		p := pool.New(g.Group)
		p.Wanted = 20
		reason := fmt.Sprintf("12 of 20 run; the oldest missing instance is missing since 11:10:00, for 50m12s (limit 30m0s); cause: capacity of %s", g.InstanceType)
		p.Members[0].Ban = &pool.Ban{From: now.Add(-20 * time.Minute), Until: now.Add(100 * time.Minute), Recovery: fmt.Sprintf("rwide-%d", i), Reason: reason, Cause: "capacity"}
		if i%3 == 0 {
			p.Rest = &pool.Rest{From: now.Add(-10 * time.Minute), Until: now.Add(110 * time.Minute), Reason: "3 recoveries in a row did not complete a resize; still asked for: 8 instances"}
		} else {
			c.Recoveries = append(c.Recoveries, recovery.Recovery{ID: fmt.Sprintf("rwide-%d", i), Pool: id, Group: id, Kind: recovery.Stuck, Step: recovery.StepSettle, Opened: now.Add(-20 * time.Minute),
				Since: now.Add(-50 * time.Minute), Reason: reason, Number: 1, Asked: 20, Ran: 12, Count: 12, Settings: recovery.Defaults(), Hold: "AddInstanceGroups has no token of the API budget until 12:40:12"})
		}
		c.Pools = append(c.Pools, p)
	}
	c.Recoveries[0].ID = longRecovery
	body, err := store.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return store.Document{Key: store.Key{Scope: "prod", Cluster: wideCluster}, Body: body, Saved: now}
}

// longHistory are 10,000 records: most of the widest cluster, a third of its longest recovery.
func longHistory(now time.Time) []store.Record {
	out := make([]store.Record, 0, 10_000)
	for i := range cap(out) {
		at := now.Add(-time.Duration(10_000-i) * 2 * time.Second)
		origin := fmt.Sprintf("ig-WIDE%08d", i%wideGroups)
		r := store.Record{Key: store.Key{Scope: "prod", Cluster: wideCluster}, ID: fmt.Sprintf("2WIDE%06d", i), At: at, Group: origin, Pool: origin}
		put := func(kind, reason string, data map[string]any) {
			bytes, err := json.Marshal(data)
			if err != nil {
				panic(err)
			}
			r.Kind, r.Reason, r.Data = kind, reason, bytes
		}
		switch {
		case i%3 == 0:
			r.Group, r.Pool, r.Recovery = "ig-WIDE00000001", "ig-WIDE00000001", longRecovery
			put("call.stop", fmt.Sprintf("stop at the 12 that run, try %d: EMR ignores the stop, and asks for 20 all the same", i/3), map[string]any{"group": r.Group, "count": 12, "try": i / 3})
		case i%7 == 1: // of all the other clusters
			r.Cluster, r.Pool, r.Group = fmt.Sprintf("j-CROWD%06d", i%499), "ig-1", "ig-1"
			r.Recovery = fmt.Sprintf("rwide-old-%d", i)
			put("recovery.completed", "20 of 20 run on the group and its replacement; the pool wants 20 and 20 run", map[string]any{"kind": "stuck", "opened": at.Add(-time.Hour), "asked": 20, "ran": 12, "stop_count": 12, "placed": 8})
		case i%100 == 2:
			r.Author = fmt.Sprintf("somebody-%d@desk", i)
			put("scaling.decided", "to 20: asked for by hand", map[string]any{"by": r.Author, "from": 12, "to": 20})
		case i%100 == 4:
			put("ban.set", "takes no launches until 14:00:00: 12 of 20 run; the oldest missing instance is missing since 11:10:00", map[string]any{"until": at.Add(2 * time.Hour)})
		default:
			put("group.read", "12 of 20 run, RESIZING, 1 arrived, 1 was lost to Spot", map[string]any{"requested": 20, "running": 12, "delta": ledger.Delta{Arrived: 1, Lost: 1, Since: at}})
		}
		out = append(out, r)
	}
	return out
}

// fillWide adds the widest cluster and the long history to the store of a crowd.
func fillWide(t *testing.T, s store.Store, now time.Time) store.Save {
	t.Helper()
	lease, err := s.Acquire(t.Context(), "prod", "crowd", "", now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	save := store.Save{Lease: lease, Docs: []store.Document{wideDoc(t, now)}, Records: longHistory(now)}
	if err := s.Save(t.Context(), save); err != nil {
		t.Fatal(err)
	}
	return save
}

// TestEveryPageIsSmall renders every page of a fleet of 500 clusters, one of them as wide as clusters get, with 10,000 records of history.
func TestEveryPageIsSmall(t *testing.T) {
	docs, cfg := watchedDocs(t)
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, memory.New("abcdefgh"), cfg)
		crowd(t, l.store, docs, 499)
		now := time.Now()
		save := fillWide(t, l.store, now)
		last := save.Records[len(save.Records)-1]
		for _, path := range []string{
			"/", "/?offset=450", "/clusters/prod/" + wideCluster, "/clusters/prod/" + wideCluster + "?offset=36", "/clusters/prod/j-CROWD000001", "/recoveries", "/recoveries?offset=150", recoveryURL("prod", wideCluster, longRecovery), "/history",
			"/history?kind=group.&q=arrived", "/explain/" + wideCluster, "/explain/ig-WIDE00000001", "/explain/" + longRecovery, "/explain/" + last.ID, "/explain/" + save.Records[5001].ID, "/report", "/report?days=30", "/costs",
			"/costs?days=30&offset=400", "/confirm?kind=pause&scope=prod&cluster=" + wideCluster, "/confirm?kind=ban&scope=prod&group=ig-WIDE00000001&for=1h",
		} {
			w := l.page(path)
			t.Logf("%-64s %7d", path, w.Body.Len())
			if w.Code != 200 || w.Body.Len() > pageMost || strings.Contains(w.Body.String(), "Unreadable") {
				t.Errorf("%s: %d, %d bytes", path, w.Code, w.Body.Len())
			}
		}
		for _, path := range []string{"/fleet", "/clusters/prod/" + wideCluster, "/recoveries", recoveryURL("prod", wideCluster, longRecovery), "/history", "/explain/" + wideCluster, "/explain/" + longRecovery, "/explain/" + last.ID,
			"/report", "/costs", "/pools", "/groups", "/bans", "/policies", "/capacity"} {
			w := l.do("GET", apiPath+path, "")
			t.Logf("%-64s %7d", apiPath+path, w.Body.Len())
			if w.Code != 200 || w.Body.Len() > 2*pageMost {
				t.Errorf("%s: %d, %d bytes", path, w.Code, w.Body.Len())
			}
		}

		// A list and a story can be followed to their ends.
		for path, of := range map[string]func(store.Record) bool{
			"/explain/" + wideCluster: func(r store.Record) bool { return r.Cluster == wideCluster },
			"/explain/" + longRecovery: func(r store.Record) bool {
				return r.Recovery == longRecovery || r.Pool == "ig-WIDE00000001" && r.Kind == "group.read"
			},
		} {
			want := len(slices.DeleteFunc(slices.Clone(save.Records), func(r store.Record) bool { return !of(r) }))
			seen, pages := map[string]bool{}, 0
			for next := path; next != ""; pages++ {
				body := l.page(next).Body.String()
				for _, m := range storyTime.FindAllString(body, -1) {
					seen[m] = true
				}
				next = linkTo(body, "next")
			}
			if len(seen) < want-pageSize || len(seen) > want || pages > want/pageSize+2 { // reads before its first record and after its last are not its own
				t.Errorf("%s has %d times on %d pages, want %d", path, len(seen), pages, want)
			}
		}
		rows := 0
		for next := "/costs"; next != ""; {
			body := l.page(next).Body.String()
			rows += strings.Count(body, `data-head="RUNNING H"`)
			next = linkTo(body, "next")
		}
		if rows != 501 { // the sum included
			t.Errorf("the pages of costs have %d rows", rows)
		}
		if page := ask[poolsPage](l, "GET", "/api/v1/pools?limit=7&offset=3", ""); len(page.Pools.Pools) != 7 || page.Offset != 3 || page.Matching < 500 {
			t.Errorf("%d pools of %d from %d", len(page.Pools.Pools), page.Matching, page.Offset)
		}
		if body := l.page("/clusters/prod/" + wideCluster).Body.String(); !strings.Contains(body, "1 to 8 of 48") || strings.Count(body, `aria-label="task-of-a-team-`) != timelinesShown*len(layouts) {
			t.Errorf("the pools of a wide cluster: %s", body)
		}
	})
}

// storyTime is a record of a story.
var storyTime = regexp.MustCompile(`<div><time datetime="[^"]+">`)

// linkTo is the URL of a page's link of a relation, empty without one.
func linkTo(body, rel string) string {
	m := regexp.MustCompile(`<a href="([^"]+)" rel="` + rel + `">`).FindStringSubmatch(body)
	if m == nil {
		return ""
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
}
