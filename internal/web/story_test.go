package web

import (
	"context"
	"html"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chromedp/chromedp"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/desk"
	"emrguard/internal/emrsim/scenario"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// tale is a story that a guard lives through in virtual time, and the recovery of it whose page is read.
type tale struct {
	name    string
	world   string        // of the simulator, without its clusters
	after   time.Duration // the guard is started so long after the world
	watched time.Duration // and watches so long
	rule    string        // of the configuration, besides match and mode
	dryRun  bool
	which   int      // recovery, from the first opened
	want    []string // sentences of the page, in their order
}

// oneCluster is a world of one cluster, which is asked for 9 instances after 3 minutes.
const oneCluster = `
seed: 7
timing: {react: 2s, fulfil: 5s, provision: 45s, bootstrap: 40s}
clusters: [{name: etl, id: j-2ETL000000002, zone: us-east-1b, groups: [{name: master, role: MASTER, count: 1}, {name: core, role: CORE, count: 4}, {name: task, role: TASK, type: r5.2xlarge, market: SPOT, count: 6}]}]
`

const asks = "events: [{at: 3m, do: resize, group: etl/task, to: 9, who: airflow}]\n"

// What EC2 gives in a world: the first replacement what it asks for, one of its instances, or nothing.
const (
	firstHelps = oneCluster + asks + "capacity: [{pool: us-east-1b/r5.2xlarge/SPOT, parts: [6, 40]}]\n"
	nextHelps  = oneCluster + asks + "capacity: [{pool: us-east-1b/r5.2xlarge/SPOT, parts: [6, 1, 40, 40]}]\n"
	noneHelps  = oneCluster + asks + "capacity: [{pool: us-east-1b/r5.2xlarge/SPOT, parts: [6, 0, 0, 0, 0, 0]}]\n"
)

var tales = []tale{
	{name: "healed", world: firstHelps, watched: 50 * time.Minute, want: []string{
		"task of etl",
		"At 09:32 UTC task was stuck: 6 of 9 ran, missing since 09:02 (30m).",
		"emrguard stopped it at 6 at 09:32, banned it until 11:32 (in 1h42m) and asked EMR for 3 in task+rfnnh66-6.",
		"EMR names a lack of EC2 capacity as the cause.",
		"At 09:36 UTC completed: 3 of 3 run on task+rfnnh66-6; the pool wants 9 and 9 run.",
		"Instances were missing for 34m, from 09:02 to 09:36.",
		"all records of this recovery",
		"09:02 ± 2m task: 3 more asked for, RESIZING after RUNNING: 6 of 9 run",
		"the story",
		"3 more asked for, RESIZING after RUNNING: 6 of 9 run",
		"somebody else than emrguard asked for 9 instead of 6: the pool wants 9 now",
		"stuck: 6 of 9 run; the oldest missing instance is missing since 09:02:30, for 30m (limit 30m)",
		"EMR says why: capacity: We are not able to complete the resize operation that started at 2000-01-01 09:03 UTC for Instance Group task in EMR cluster j-2ETL000000002 (etl) as Amazon EC2 has insufficient Spot capacity",
		"banned until 11:32 UTC: no launches go there",
		"stopped at 6: that many run",
		"ModifyInstanceGroups j-2ETL000000002 ig-OJ3BQZN969IKC count=6 EMR accepted it",
		"3 no longer asked for, RUNNING after RESIZING: 6 of 6 run",
		"Bookkeeping",
		"EMR shows the stop: no more are asked for than run",
		"asked EMR for 3 r5.2xlarge Spot in task+rfnnh66-6, a new group of the same configuration",
		"EMR accepted it and made task+rfnnh66-6",
		"Bookkeeping",
		"the new group is in EMR's list: 0 of 3 run",
		"3 arrived, RUNNING after BOOTSTRAPPING: 3 of 3 run",
		"completed: 3 of 3 run on task+rfnnh66-6; the pool wants 9 and 9 run",
	}},
	{name: "going-on", world: firstHelps, watched: 34 * time.Minute, want: []string{
		"emrguard stopped it at 6 at 09:32 and banned it until 11:32 (in 1h58m).",
		"Now: stopped, until EMR shows it.",
		"Next: 09:37 (in 3m): ",
		"To stop emrguard: emrguard pause j-2ETL000000002.",
		"3 instances are missing since 09:02 (31m).",
	}},
	{name: "chained", world: nextHelps, watched: 80 * time.Minute, want: []string{
		"At 10:04 UTC chained: the replacement task+rfnnh66-6 got stuck too; the next recovery goes on with what is missing.",
		"Instances had been missing for 1h02m when it ended, since 09:02; 2 still were missing then.",
		"rfnnini-k goes on: 10:04 UTC stuck: 1 of 3 run;",
	}},
	{name: "chained-next", world: nextHelps, watched: 80 * time.Minute, which: 1, want: []string{
		"At 10:04 UTC task+rfnnh66-6 was stuck: 1 of 3 ran, missing since 09:34 (30m); number 2 in a row without a completed resize.",
		"Instances were missing for 1h06m, from 09:02 to 10:08, over all attempts.",
		"It goes on from rfnnh66-6: 10:04 UTC chained: the replacement task+rfnnh66-6 got stuck too",
		"1 arrived, RESIZING after BOOTSTRAPPING: 1 of 3 run",
		"stopped at 1: that many run",
	}},
	{name: "rested", world: noneHelps, watched: 130 * time.Minute, which: 2, want: []string{
		"At 11:08 UTC rested: 3 recoveries in a row did not complete a resize.",
		"Next: 13:08 (in 1h58m): the rest of pool task ends, and what it misses (3) is asked for again.",
		"To stop emrguard: emrguard pause j-2ETL000000002.",
		"Instances had been missing for 2h06m when it ended, since 09:02, over all attempts; 3 still were missing then.",
		"11:08 to 13:08 task+rfnnk4u-w: the pool rests until 13:08:30",
		"the pool rests until 13:08:30: 3 recoveries in a row did not complete a resize",
	}},
	{name: "refused", world: firstHelps + "faults: [\"AddInstanceGroups call=1 error=ValidationException\"]\n", rule: "fallback: [same, {types: [m5.2xlarge]}]", watched: 50 * time.Minute, want: []string{
		"asked EMR for 3 r5.2xlarge Spot in task+rfnnh66-6, a new group of the same configuration",
		"refused by EMR, nothing was changed: ValidationException: simulated fault 1",
		"asked EMR for 3 m5.2xlarge Spot in task+rfnnh66-6, a new group, rung 2",
		"EMR accepted it and made task+rfnnh66-6",
	}},
	{name: "unanswered", world: firstHelps + "faults: [\"AddInstanceGroups call=1 lose-answer\"]\n", watched: 50 * time.Minute, want: []string{
		"no answer from EMR, so nobody knows whether it did so: unavailable: the connection broke before the answer",
		"a read shows the group whose answer was missing",
	}},
	{name: "dry-run", world: firstHelps, watched: 50 * time.Minute, dryRun: true, want: []string{
		"on etl (j-2ETL000000002): stuck: 6 of 9 run;",
		"would stop it at 6 and what is starting, ban it for 2h and launch 3 on a new group",
		"(dry run)",
	}},
	{name: "return", world: oneCluster + "capacity: [{pool: us-east-1b/r5.2xlarge/SPOT, parts: [6, 40]}]\nevents: [{at: 3m, do: resize, group: etl/task, to: 9, who: airflow}, {at: 50m, do: capacity, pool: us-east-1b/r5.2xlarge/SPOT, parts: [40, 40]}]\n", rule: "ban: 30m, return: auto", watched: 70 * time.Minute, which: 1, want: []string{
		"At 10:02 UTC return to task.",
		"emrguard asked EMR for 3 in task.",
		"At 10:04 UTC returned: 9 of 9 run on task; the pool wants 9 and 12 run.",
		"asked EMR for 3 more in task, 9 in all: back from the fallbacks",
		"3 arrived, RUNNING after RESIZING: 9 of 9 run",
	}},
	{name: "return-fails", world: firstHelps, rule: "ban: 30m, return: auto", watched: 100 * time.Minute, which: 1, want: []string{
		"At 10:32 UTC the return failed: task does not get what it was asked for again; what is missing of that goes on running on the fallbacks.",
		"goes on: 10:32 UTC stuck: 6 of 9 run;",
	}},
	{name: "mid-outage", world: firstHelps, after: 20 * time.Minute, watched: 30 * time.Minute, want: []string{
		"09:03 task: EMR's dates of its instances: its oldest missing instance is missing since 09:03:02",
		"09:20 task: RESIZING, 6 of 9 run, when it was seen first: the others were asked for before that",
	}},
	{name: "banned-over", world: firstHelps, rule: "ban: 30m", watched: 90 * time.Minute, want: []string{
		"banned it until 10:02 (over)",
		"10:02 task: takes launches again: its ban ended at 10:02:30; what was placed elsewhere for it (3) stays there until emrguard return ig-",
	}},
}

// live lives through a tale, and returns what a desk knows then, and the page of its recovery.
func (c tale) live(t *testing.T) (d desk.Desk, path string) {
	t.Helper()
	var now time.Time
	s := memory.New("abcdefgh")
	rules := strings.Replace(oneScope, "mode: enforce", "mode: enforce, recovery: {"+c.rule+"}", 1)
	cfg, err := config.Parse("emrguard.yaml", []byte(rules))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		sc, err := scenario.Parse("tale", []byte("about: a tale\nduration: 24h\n"+c.world))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Hour) // the working day begins
		sc.Start = time.Now()
		sim, err := sc.Build()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(c.after)
		guard, err := app.New(t.Context(), app.Options{Config: cfg, Store: s, DryRun: c.dryRun, Note: "host a, pid 1", Dial: func(context.Context, config.Scope) (app.Caller, error) { return caller{sim}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- guard.Run(ctx) }()
		time.Sleep(c.watched)
		now = time.Now().UTC()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := guard.Close(); err != nil {
			t.Error(err)
		}
	})
	d = desk.Desk{Store: s, Config: cfg, Term: app.LeaseTerm, DryRun: c.dryRun, Now: func(context.Context) time.Time { return now }}
	opened, err := s.History(t.Context(), store.Query{Kinds: []string{"recovery.open", "would.recover"}, Oldest: true, Limit: 10})
	if err != nil || len(opened) <= c.which {
		t.Fatalf("%d recoveries: %v", len(opened), err)
	}
	if rec := opened[c.which]; rec.Recovery == "" {
		return d, "/explain/" + rec.ID
	}
	return d, recoveryURL(opened[c.which].Scope, opened[c.which].Cluster, opened[c.which].Recovery)
}

var (
	element = regexp.MustCompile(`<[^>]*>`)
	spaces  = regexp.MustCompile(`[ \t]+`)
)

// read is the text of a page's content as somebody reads it, a line for each element that is one.
func read(page string) string {
	_, page, _ = strings.Cut(page, "<main")
	page, _, _ = strings.Cut(page, "</main>")
	for _, block := range []string{"<li", "<p", "<h1", "<h2", "<details", "<summary", "<svg", "<text", "<ul", "<title"} {
		page = strings.ReplaceAll(page, block+" ", "\n"+block+" ")
		page = strings.ReplaceAll(page, block+">", "\n"+block+">")
	}
	text := spaces.ReplaceAllString(html.UnescapeString(element.ReplaceAllString(page, "")), " ")
	return strings.Join(slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.TrimSpace(line) == "" }), "\n")
}

// TestRecoveriesAreStories reads the pages of recoveries that went in all the ways there are.
func TestRecoveriesAreStories(t *testing.T) {
	for _, c := range tales {
		t.Run(c.name, func(t *testing.T) {
			d, path := c.live(t)
			l := newLab(t, d.Store, d.Config)
			l.server = New(Options{Desk: func() desk.Desk { return d }, Access: l.present, Log: slog.New(slog.DiscardHandler), Version: "test"})
			page := l.page(path)
			text := read(page.Body.String())
			if page.Code != 200 {
				t.Fatalf("%d: %s", page.Code, text)
			}
			rest := text
			for _, want := range c.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("the page does not say, or too early: %s", want)
					continue
				}
				rest = after
			}
			if t.Failed() || len(c.want) == 0 {
				t.Log(text)
			}
		})
	}
}

// TestBrowserReadsTheStories looks at the same pages, and lets axe look.
func TestBrowserReadsTheStories(t *testing.T) {
	ctx := browser(t)
	for _, c := range tales {
		d, path := c.live(t)
		clock, err := app.NewClock(d.Now(t.Context()), 1)
		if err != nil {
			t.Fatal(err)
		}
		l := &site{t: t, access: &Access{Open: true, Now: time.Now}, clock: clock, desk: d}
		l.serve("127.0.0.1:0")
		for _, look := range looks {
			look.as(ctx, t)
			do(ctx, t, c.name, chromedp.Navigate(l.url(path)), chromedp.WaitVisible(`//h1`))
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > window.innerWidth`))
			if err != nil || wide {
				t.Errorf("%s (%s) is wider than the window (%v)", c.name, look.name, err)
			}
			audit(ctx, t, c.name+" ("+look.name+")")
			shot(ctx, t, look.name+"-story-"+c.name)
		}
		l.stop()
	}
}

// TestALongSentence holds that of a very long message the beginning is shown, all of it is there, and nothing of it is markup.
func TestALongSentence(t *testing.T) {
	if got := string(said("stays until `emrguard return ig-1` <b>")); got != "stays until <code>emrguard return ig-1</code> &lt;b&gt;" {
		t.Errorf("a usual one: %s", got)
	}
	long := strings.Repeat("<ä>", saidMost)
	got := string(said(long))
	begin, rest, cut := strings.Cut(got, "… <details><summary>All of it</summary>")
	if !cut || html.UnescapeString(begin) != string([]rune(long)[:saidMost]) || html.UnescapeString(element.ReplaceAllString(rest, "")) != long {
		t.Errorf("a long one: %s", got)
	}
}
