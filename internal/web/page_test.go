package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
	"emrguard/internal/view"
)

func TestPages(t *testing.T) {
	guarded(t, 45*time.Minute, func(l *lab) {
		open := ask[view.Recoveries](l, "GET", "/api/v1/recoveries", "").Recoveries
		recovery := open[0]
		record := ask[view.History](l, "GET", "/api/v1/history?kind=recovery.open&limit=1", "").Records[0].ID
		for _, c := range []struct {
			path string
			want []string
		}{
			{"/", []string{"<h1>Fleet</h1>", "34 / 36", "2 missing", `<td><span class="chip c-stuck">stuck</span> <span`, "banned until", "launched on ", "Pause emrguard here", `href="/clusters/prod/j-3REPORTS00003"`, "recovering", "suspended", "whole", "Pause the whole scope"}},
			{"/", []string{"<title>(1 stuck) Overview", iconURL(1), `<a class="chip c-stuck" href="/?condition=stuck">1 stuck</a>`, " UTC</time>", `aria-sort="descending"><a href="/?sort=urgency"`}},
			{"/?condition=stuck&sort=since&q=rep", []string{"1 to 1 of 1", `<a href="/?q=rep&amp;sort=since" aria-current="true">`, `<a href="/?condition=recovering&amp;q=rep&amp;sort=since">`, `aria-sort="descending"><a href="/?condition=stuck&amp;q=rep&amp;sort=since"`}},
			{"/?offset=5000", []string{"1 to 3 of 3"}},
			{"/?q=WEB&sort=name", []string{"web-logs", "1 to 1 of 1"}},
			{"/?condition=blocked", []string{"No cluster matches"}},
			{"/clusters/prod/j-3REPORTS00003", []string{"<h1>reports", "10 / 12", "still misses instances, its resize is stopped at what runs", "emrguard pause j-3REPORTS00003", "b-ban", "Unban…", "Scale…", "launch</text>", "due</text>", "no launches go there"}},
			{"/recoveries", []string{recovery.Recovery, "completed", "6 of 9 ran. emrguard stopped it at 6", "asked EMR for 3 in task"}},
			{recoveryURL(recovery.Scope, recovery.Cluster, recovery.Recovery), []string{"Next", "the story", "Inputs", "insufficient On Demand capacity"}},
			{"/history?cluster=etl&kind=call.", []string{"call.add", "a new group of the same configuration", "/api/v1/history.csv?cluster=etl&amp;kind=call."}},
			{"/history?cluster=etl&before=1000000", []string{`<a href="/history?cluster=etl">Newest</a>`}},
			{"/history?q=insufficient+ON+demand", []string{`value="insufficient ON demand"`, "nsufficient On Demand capacity", "/api/v1/history.csv?q=insufficient&#43;ON&#43;demand"}},
			{"/history?q=nobody+says+this", []string{"No records match"}},
			{"/history?from=2031-01-01", []string{"No records match"}},
			{"/history", []string{`<details class="fold"><summary>Filters</summary>`, `<option value="call.">call. (all of these)</option><option>call.add</option>`, `<option value="">any</option><optgroup`}},
			{"/history?cluster=etl&kind=call.&from=2h", []string{`<details class="fold" open><summary>Filters: Cluster, Kind, From (UTC)</summary>`, `<option value="call." selected>`, `value="2h"`}},
			{"/history?kind=call.,answer.&scope=prod", []string{`<option selected>call.,answer.</option>`, `name="scope" value="prod"`}},
			{"/explain/" + record, []string{"what led to it", "what came of it"}},
			{"/explain/etl", []string{"cluster etl"}},
			{"/report?days=1", []string{"Report", "1 day", "stuck", "stuck for capacity once; banned by emrguard"}},
			{"/costs", []string{"instance-hours run", "RECOVERED H", "How this is computed", "price file"}},
			{"/login", []string{"Log in", "listen_token_file"}},
		} {
			w := l.page(c.path)
			body := w.Body.String()
			if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || strings.Contains(body, "ZgotmplZ") || strings.Contains(body, "<no value>") {
				t.Errorf("%s: %d %v", c.path, w.Code, w.Header())
			}
			for _, want := range c.want {
				if !strings.Contains(body, want) {
					t.Errorf("%s has no %q:\n%s", c.path, want, body)
				}
			}
		}
		for path, live := range map[string]bool{"/": true, "/history": true, "/clusters/prod/j-3REPORTS00003": true, "/report": false, "/costs": false, "/explain/etl": false, "/confirm?kind=pause&scope=prod": false} {
			if got := strings.Contains(l.page(path).Body.String(), " data-live"); got != live {
				t.Errorf("%s follows the state: %t", path, got)
			}
		}
		for path, status := range map[string]int{"/nowhere": 404, "/clusters/prod/j-NO": 404, "/clusters/other/j-3REPORTS00003": 404, "/recoveries/rno": 404, "/recoveries/prod/j-3REPORTS00003/rno": 404, "/recoveries/prod/j-2ETL000000002/" + recovery.Recovery: 404, "/?condition=hungry": 422, "/?scope=nosuch": 404,
			"/explain/nosuch": 404, "/assets/x/nosuch.css": 404, "/assets/x/..%2fpage.go": 404, "/assets/nosuch.css": 404} {
			if w := l.page(path); w.Code != status || !strings.Contains(w.Body.String(), "Back to the overview") {
				t.Errorf("%s: %d, want %d: %s", path, w.Code, status, w.Body)
			}
		}
		if body := l.page("/clusters/prod/j-3REPORTS00003").Body.String(); !strings.Contains(body, `<code>j-3REPORTS00003</code><button type="button" class="copy" data-copy="j-3REPORTS00003"`) || !strings.Contains(body, `id="pool-ig-`) || !strings.Contains(body, `<tr id="ig-`) || !strings.Contains(body, `<time datetime="2000-01-01T`) {
			t.Errorf("the cluster's page has no ids to copy, anchors or times: %s", body)
		}
		if body := l.page("/clusters/prod/j-NO").Body.String(); !strings.Contains(body, `href="/history"`) || strings.Contains(body, "Try again") {
			t.Errorf("a cluster that there is not: %s", body)
		}
		l.admit(&Access{Now: time.Now})
		for _, path := range []string{"/", "/clusters/prod/j-3REPORTS00003"} {
			if body := l.page(path).Body.String(); strings.Contains(body, "/confirm?") {
				t.Errorf("%s offers a reader orders that are refused", path)
			}
		}
		for path, want := range map[string][]string{
			"/": {"To stop emrguard: <code>emrguard pause j-3REPORTS00003</code>", "<code>emrguard pause --all --scope prod</code>"},
			"/confirm?kind=pause&scope=prod&cluster=reports&reason=it%27s+late": {"this listener is for reading", "<code>emrguard pause j-3REPORTS00003 --reason &#39;it&#39;\\&#39;&#39;s late&#39;</code>"},
		} {
			body := l.page(path).Body.String()
			for _, text := range want {
				if !strings.Contains(body, text) {
					t.Errorf("%s has no %q:\n%s", path, text, body)
				}
			}
			if strings.Contains(body, `class="do"`) {
				t.Errorf("%s has a button for an order that is refused", path)
			}
		}
	})
}

// TestNothingIsStuck holds what is shown where all is well.
func TestNothingIsStuck(t *testing.T) {
	guarded(t, 2*time.Minute, func(l *lab) {
		for path, want := range map[string]string{"/": iconURL(0), "/?condition=stuck": "Nothing is stuck. <a href=\"/\">Show all 3.</a>", "/report": "<title>Report"} {
			if body := l.page(path).Body.String(); !strings.Contains(body, want) || strings.Contains(body, " stuck) ") {
				t.Errorf("%s has no %q: %s", path, want, body)
			}
		}
	})
}

func TestPagesOfAnEmptyStore(t *testing.T) {
	cfg, err := config.Parse("emrguard.yaml", []byte(oneScope))
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t, memory.New("abcdefgh"), cfg)
	for path, want := range map[string]string{"/": "No clusters are watched yet", "/recoveries": "There was no recovery yet", "/history": "No records match", "/report": "the history is empty"} {
		if w := l.page(path); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// crowd fills a store with n clusters like those of the demo's story.
func crowd(t testing.TB, s store.Store, docs []store.Document, n int) {
	t.Helper()
	now := time.Now()
	lease, err := s.Acquire(t.Context(), "prod", "crowd", "", now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		doc := docs[i%len(docs)]
		id := fmt.Sprintf("j-CROWD%06d", i)
		body := strings.ReplaceAll(doc.Body.String(), doc.Cluster, id)
		body = strings.Replace(body, `"name":"`, fmt.Sprintf(`"name":"%03d-`, i), 1)
		doc.Cluster, doc.Body, doc.Version, doc.Saved = id, store.Text(body), 0, now
		if err := s.Save(t.Context(), store.Save{Lease: lease, Docs: []store.Document{doc}}); err != nil {
			t.Fatal(err)
		}
	}
}

// watchedDocs are the documents of the demo's three clusters in the middle of their story.
func watchedDocs(t *testing.T) (docs []store.Document, cfg *config.Config) {
	t.Helper()
	guarded(t, 38*time.Minute, func(l *lab) {
		all, err := l.store.LoadScope(t.Context(), "prod")
		if err != nil {
			t.Fatal(err)
		}
		cfg = l.server.o.Desk().Config
		docs = slices.DeleteFunc(all, func(d store.Document) bool { return d.Cluster == "*" })
	})
	return docs, cfg
}

func TestFiveHundredClusters(t *testing.T) {
	docs, cfg := watchedDocs(t)
	l := newLab(t, memory.New("abcdefgh"), cfg)
	crowd(t, l.store, docs, 500)
	w := l.page("/")
	body := w.Body.String()
	if w.Code != 200 || len(body) > 100<<10 {
		t.Errorf("%d, %d bytes", w.Code, len(body))
	}
	if !strings.Contains(body, "1 to 50 of 500") || !strings.Contains(body, `rel="next"`) || strings.Count(body, `<th scope="row">`) != pageSize {
		t.Errorf("the first page: %s", body)
	}
	seen := map[string]bool{}
	for offset := 0; offset < 500; offset += 100 {
		page := ask[view.Fleet](l, "GET", fmt.Sprintf("/api/v1/fleet?limit=100&offset=%d", offset), "")
		for _, c := range page.Clusters {
			seen[c.Cluster] = true
		}
	}
	if len(seen) != 500 {
		t.Errorf("the pages of the API have %d clusters", len(seen))
	}
}

// A cluster that was never read is not called whole: nobody knows what runs there.
func TestAClusterThatWasNotReadYet(t *testing.T) {
	l := newLab(t, memory.New("abcdefgh"), mustParse(t, oneScope))
	body := `{"cluster":{"id":"j-1NEW","name":"new","state":"WAITING"},"pools":[],"groups":[]}`
	crowd(t, l.store, []store.Document{{Key: store.Key{Scope: "prod", Cluster: "j-1NEW"}, Body: store.Text(body)}}, 1)
	for _, path := range []string{"/", "/clusters/prod/j-CROWD000000"} {
		w := l.page(path)
		if page := w.Body.String(); w.Code != 200 || !strings.Contains(page, `<span class="chip c-observed">not read yet</span>`) || strings.Contains(page, ">whole<") {
			t.Errorf("%s: %d %s", path, w.Code, page)
		}
	}
}

func TestStateIsReadOnceForAll(t *testing.T) {
	docs, cfg := watchedDocs(t)
	s := &countingStore{Store: memory.New("abcdefgh")}
	l := newLab(t, s, cfg)
	crowd(t, s, docs, 20)
	for range 30 {
		if w := l.page("/"); w.Code != 200 {
			t.Fatal(w.Body)
		}
	}
	if s.loads > 2 {
		t.Errorf("30 pages within a second read the fleet %d times", s.loads)
	}
}

// What is wrong with a whole scope stands above the clusters, as text and never as markup, in the page and in the API.
func TestTroublesStandAboveTheClusters(t *testing.T) { synctest.Test(t, troublesStandAboveTheClusters) }

func troublesStandAboveTheClusters(t *testing.T) {
	l := newLab(t, memory.New("abcdefgh"), mustParse(t, oneScope))
	lease, err := l.store.Acquire(t.Context(), "prod", "guard", "", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	before := l.page("/")
	doc := store.Document{Key: store.Key{Scope: "prod", Cluster: "*"}, Saved: time.Now(),
		Body: store.Text(`{"troubles":[{"kind":"scope.denied","since":"2000-01-01T00:00:00Z","reason":"AWS refuses <b>ListClusters</b>"}]}`)}
	if err := l.store.Save(t.Context(), store.Save{Lease: lease, Docs: []store.Document{doc}, Records: []store.Record{{Key: store.Key{Scope: "prod"}, ID: "1-1", At: time.Now(), Kind: "scope.denied"}}}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // the fleet is read once a second
	w := l.page("/", "If-None-Match: "+before.Header().Get("Etag"))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `role="alert">Trouble since`) || !strings.Contains(w.Body.String(), "AWS refuses &lt;b&gt;ListClusters") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	fleet := ask[view.Fleet](l, "GET", "/api/v1/fleet", "")
	if len(fleet.Scopes) != 1 || len(fleet.Scopes[0].Troubles) != 1 || fleet.Scopes[0].Troubles[0].Kind != "scope.denied" {
		t.Errorf("%+v", fleet.Scopes)
	}
}

// TestDamagedRecordsTakeNoPageAway holds that the overview is shown while records cannot be read.
// TestWhoGaveAnOrderSeesWhatItLedTo holds that the second for which a state is shown ends with an order.
func TestWhoGaveAnOrderSeesWhatItLedTo(t *testing.T) {
	guarded(t, time.Minute, func(l *lab) {
		shown := func() *snapshot {
			t.Helper()
			now, err := l.server.fleet.now(l.t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return now
		}
		time.Sleep(freshFor)
		before := shown()
		lease := before.Scopes[0].Lease
		if err := l.store.Save(l.t.Context(), store.Save{Lease: lease, Records: []store.Record{{Key: store.Key{Scope: "prod"}, ID: "x-1", At: time.Now(), Kind: "order.pause"}}}); err != nil {
			t.Fatal(err)
		}
		if shown().seq != before.seq {
			t.Error("the history is asked for news all the time")
		}
		l.server.fleet.look()
		if shown().seq == before.seq {
			t.Error("an old state is shown after an order")
		}
	})
}

func TestDamagedRecordsTakeNoPageAway(t *testing.T) {
	l := newLab(t, damagedStore{memory.New("abcdefgh")}, mustParse(t, oneScope))
	if w := l.page("/"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// damagedStore is a store whose history cannot be read.
type damagedStore struct{ store.Store }

func (damagedStore) History(context.Context, store.Query) ([]store.Record, error) {
	return nil, fmt.Errorf("record 7: %w", store.ErrCorrupt)
}

type countingStore struct {
	store.Store
	loads int
}

func (s *countingStore) LoadScope(ctx context.Context, scope string) ([]store.Document, error) {
	s.loads++
	return s.Store.LoadScope(ctx, scope)
}

// BenchmarkOverview is the first page of 500 clusters: with nothing new, and with the whole fleet read anew.
func BenchmarkOverview(b *testing.B) {
	for _, anew := range []bool{false, true} {
		b.Run(fmt.Sprintf("anew=%v", anew), func(b *testing.B) {
			docs, cfg := benchDocs(b)
			l := newLab(nil, memory.New("abcdefgh"), cfg)
			crowd(b, l.store, docs, 500)
			r := httptest.NewRequestWithContext(b.Context(), "GET", "/", http.NoBody)
			r.Host = "localhost"
			r.Header.Set("Accept", "text/html")
			for b.Loop() {
				if anew {
					l.server.fleet.last = nil
				}
				w := httptest.NewRecorder()
				l.server.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// benchDocs are three documents of a size like those of the demo.
func benchDocs(b testing.TB) ([]store.Document, *config.Config) {
	b.Helper()
	cfg, err := config.Parse("emrguard.yaml", []byte(oneScope))
	if err != nil {
		b.Fatal(err)
	}
	var docs []store.Document
	for _, name := range []string{"etl", "web", "reports"} {
		id := "j-" + strings.ToUpper(name)
		c := guard.New("prod", emr.ClusterSummary{ID: emr.ClusterID(id), Name: name, State: emr.ClusterWaiting})
		for i := range 6 {
			g := emr.Group{ID: emr.GroupID(fmt.Sprintf("ig-%s%d", name, i)), Name: fmt.Sprintf("task-%d", i), Role: emr.Task, Market: emr.Spot, InstanceType: "m5.xlarge", Requested: 9, Running: 9, State: emr.GroupRunning}
			c.Groups = append(c.Groups, guard.Group{Group: g, Seen: time.Now()})
			c.Pools = append(c.Pools, pool.New(g))
		}
		body, err := store.Encode(c)
		if err != nil {
			b.Fatal(err)
		}
		docs = append(docs, store.Document{Key: store.Key{Scope: "prod", Cluster: id}, Body: body})
	}
	return docs, cfg
}

// slowStore takes its time to read a scope.
type slowStore struct {
	countingStore
	takes time.Duration
}

func (s *slowStore) LoadScope(ctx context.Context, scope string) ([]store.Document, error) {
	time.Sleep(s.takes)
	return s.countingStore.LoadScope(ctx, scope)
}

// TestALargeFleetIsReadLessOften holds that reading the fleet takes a tenth of the time at most, however fast its clock runs and whatever happens, and
// that whoever has given an order sees what came of it at once.
func TestALargeFleetIsReadLessOften(t *testing.T) {
	docs, cfg := watchedDocs(t)
	for _, c := range []struct {
		takes time.Duration
		most  int // reads in a minute
	}{{10 * time.Millisecond, 61}, {2 * time.Second, 4}} {
		synctest.Test(t, func(t *testing.T) {
			s := &slowStore{countingStore{Store: memory.New("abcdefgh")}, c.takes}
			l := newLab(t, s, cfg)
			l.server.fleet.fresh = newFleet(nil, 1000).fresh
			crowd(t, s, docs, 3)
			for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				l.page("/history")
			}
			if s.loads > c.most || s.loads < c.most-1 {
				t.Errorf("a fleet that is read in %s is read %d times in a minute, want %d", c.takes, s.loads, c.most)
			}
			l.do("POST", "/api/v1/orders", `{"kind":"pause","scope":"prod"}`) // nobody answers here: it waits
			before := s.loads
			lease, err := s.Acquire(t.Context(), "prod", "crowd", "", time.Now(), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			record := store.Record{Key: store.Key{Scope: "prod", Cluster: "j-CROWD000001"}, ID: "d-1", At: time.Now(), Kind: "order.pause", Reason: "paused"}
			if err := s.Save(t.Context(), store.Save{Lease: lease, Records: []store.Record{record}}); err != nil {
				t.Fatal(err)
			}
			if l.page("/"); s.loads == before {
				t.Errorf("after an order the fleet is not read anew")
			}
		})
	}
}

func TestAFasterClockIsReadMoreOften(t *testing.T) {
	for speed, want := range map[float64]time.Duration{0: freshFor, 1: freshFor, 5: 2 * time.Second, 150: readMost, 1e4: readMost} {
		if got := newFleet(nil, speed).fresh; got != want {
			t.Errorf("at speed %v the fleet is shown for %s, want %s", speed, got, want)
		}
	}
}

// An id alone, as commands and logs have it, leads to the recovery's page.
func TestARecoveryByItsIDAlone(t *testing.T) {
	guarded(t, 45*time.Minute, func(l *lab) {
		key := ask[view.Recoveries](l, "GET", "/api/v1/recoveries", "").Recoveries[0].Key()
		if w := l.page("/recoveries/" + key.Recovery); w.Code != http.StatusFound || w.Header().Get("Location") != "/recoveries/"+key.String() {
			t.Errorf("%d to %q, want the page of %s", w.Code, w.Header().Get("Location"), key)
		}
	})
}
