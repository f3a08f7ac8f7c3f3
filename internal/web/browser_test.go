package web

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/desk"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/local"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// browserFor is how long one test in a browser may take, in real time.
const browserFor = 5 * time.Minute

// browser starts Chromium, whose pages the returned context stands for. Without Chromium the test is skipped.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true), chromedp.WindowSize(1300, 900), chromedp.WSURLReadTimeout(time.Minute))
	alloc, cancelAlloc := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancelAlloc)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, cancelTime := context.WithTimeout(ctx, browserFor)
	t.Cleanup(cancelTime)
	do(ctx, t, "the start of Chromium", chromedp.Navigate("about:blank")) // before a story begins that does not wait
	return ctx
}

// atClock is the guard's simulator, at the time of a clock.
type atClock struct {
	sim   *emrsim.Sim
	clock *app.Clock
}

func (c atClock) Do(_ context.Context, call emr.Call) emr.Result {
	c.sim.AdvanceTo(c.clock.Now().Wall)
	return local.New(c.sim, "us-east-1").Do(call).Result
}

// site is a guard over the demo's story, sped up, and its page on a loopback port.
type site struct {
	t      *testing.T
	addr   string
	access *Access
	desk   desk.Desk
	cancel context.CancelFunc
	ended  chan error
	clock  *app.Clock
}

// newSite starts a guard of the demo's story, so many times faster than real time, and its page.
func newSite(t *testing.T, speed float64) *site {
	t.Helper()
	sc := demo(t)
	sc.Start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	sim, err := sc.Build()
	if err != nil {
		t.Fatal(err)
	}
	return newSiteOf(t, sim, memory.New("abcdefgh"), speed)
}

// newSiteOf starts a guard of a simulator and its page, with what a store knows already.
func newSiteOf(t *testing.T, sim *emrsim.Sim, s store.Store, speed float64) *site {
	t.Helper()
	clock, err := app.NewClock(sim.Now(), speed)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("emrguard.yaml", []byte(strings.Replace(oneScope, "api_share: 1}", "api_share: 1, sweep: 1m, endpoint: 'http://127.0.0.1:1'}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	guard, err := app.New(t.Context(), app.Options{Config: cfg, Store: s, Clock: clock, Note: "host a, pid 1", Dial: func(context.Context, config.Scope) (app.Caller, error) { return atClock{sim, clock}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- guard.Run(ctx) }()
	l := &site{t: t, access: &Access{Open: true, Now: time.Now}, clock: clock,
		desk: desk.Desk{Store: s, Config: cfg, Term: app.LeaseTerm, Now: func(context.Context) time.Time { return clock.Now().Wall.UTC() }}}
	t.Cleanup(func() {
		l.stop()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	l.serve("127.0.0.1:0")
	return l
}

// serve shows the page at an address.
func (l *site) serve(addr string) {
	l.t.Helper()
	var listen net.ListenConfig
	ln, err := listen.Listen(l.t.Context(), "tcp", addr)
	if err != nil {
		l.t.Fatal(err)
	}
	l.addr = ln.Addr().String()
	log := slog.New(slog.DiscardHandler)
	server := New(Options{Desk: func() desk.Desk { return l.desk }, Access: func() *Access { return l.access }, Log: log, Version: "test", Speed: l.clock.Speed()})
	ctx, cancel := context.WithCancel(l.t.Context())
	l.cancel, l.ended = cancel, make(chan error, 1)
	go server.Run(ctx)
	go func() { l.ended <- Serve(ctx, ln, server, nil, log) }()
}

// stop ends the page's server, as the end of its process would.
func (l *site) stop() {
	if l.cancel == nil {
		return
	}
	l.cancel()
	l.cancel = nil
	if err := <-l.ended; err != nil {
		l.t.Error(err)
	}
}

func (l *site) url(path string) string { return "http://" + l.addr + path }

// shot keeps a picture of the page, in the folder that the environment variable SCREENSHOTS names, if it does.
func shot(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// see waits until a script's value is true on the page.
func see(ctx context.Context, t *testing.T, what, script string) {
	t.Helper()
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		// A page that is being left has no answer.
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script)); err == nil && yes {
			return
		}
	}
	body, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	t.Fatalf("the page never shows %s (%v): %v\n%s", what, script, err, body)
}

// do takes steps on the page.
func do(ctx context.Context, t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// script is a step that runs a script for what it does.
func script(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[any](text+"; 0"))
		return err
	})
}

// shows is a script that looks for a text in the page's content.
func shows(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("document.querySelector('main').innerText.includes(%s)", b)
}

// audit lets axe look at the page: it has to find nothing.
func audit(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "axe.min.js.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	axe, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	const run = `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join(" | "))))`
	do(ctx, t, "axe", script(string(axe)))
	found, err := chromedp.Run(ctx, chromedp.Evaluate[string](run, awaited))
	if err != nil {
		t.Fatal(err)
	}
	if found != "[]" {
		t.Errorf("%s: axe found %s", name, found)
	}
}

// awaited lets a script's promise be kept.
func awaited(p *runtime.EvaluateParams) {
	yes := true
	p.AwaitPromise = &yes
}

func TestBrowserWatchesTheStory(t *testing.T) {
	ctx := browser(t)
	l := newSite(t, 300)
	do(ctx, t, "the overview", chromedp.Navigate(l.url("/")))
	// The page is loaded once; everything else comes by its stream.
	see(ctx, t, "the stream", live)
	of := func(name, counts, figure, state string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("tr")].some(r => r.innerText.includes(%q) && r.innerText.includes(%q) && r.querySelector(%q) && r.innerText.includes(%q))`, name, counts, figure, state)
	}
	see(ctx, t, "a resize in amber while it is within its time, and until when that is", of("etl", "10 / 13", ".counts.coming", "resizing until 09:3"))
	see(ctx, t, "what is going to happen", shows("its resize is stopped at what runs"))
	shot(ctx, t, "overview-resizing")
	see(ctx, t, "the shortfall of a cluster in red once it is stuck", of("reports", "10 / 12", ".counts.short", "stuck"))
	shot(ctx, t, "overview-stuck")
	see(ctx, t, "a recovery", `!!document.querySelector(".c-recovering")`)
	shot(ctx, t, "overview-recovering")
	see(ctx, t, "the end", `document.querySelector(".totals").innerText.includes("36 / 36") && document.querySelectorAll(".c-whole").length === 3`)
	shot(ctx, t, "overview-whole")
	do(ctx, t, "the cluster's page", chromedp.Click(`//a[text()="reports"]`), chromedp.WaitVisible(`//h1[contains(., "reports")]`))
	for _, want := range []string{"Resize and repair", "2 of 2 run", "c5.4xlarge", "no launches go there"} {
		see(ctx, t, want, shows(want))
	}
	shot(ctx, t, "cluster")
	do(ctx, t, "the recovery", chromedp.Click(`//section[@aria-label="Recoveries"]//a`), chromedp.WaitVisible(`//h2[contains(., "the story")]`))
	shot(ctx, t, "recovery")
}

// live is what a page says of its stream while it has one.
const live = `document.getElementById("live").textContent === "live"`

func TestBrowserSurvivesARestart(t *testing.T) {
	ctx := browser(t)
	l := newSite(t, 60)
	do(ctx, t, "the overview", chromedp.Navigate(l.url("/")))
	see(ctx, t, "the clusters", shows("web-logs"))
	do(ctx, t, "the focus", script(`window.untouched = true; document.querySelector("[name=q]").focus()`))
	see(ctx, t, "the stream", live)
	addr := l.addr
	l.stop()
	see(ctx, t, "that nobody answers, and since when", `/does not answer since \d\d:\d\d:\d\d UTC/.test(document.getElementById("live").textContent)`)
	see(ctx, t, "that in red across the page", `(() => { const e = document.getElementById("live"); return e.classList.contains("lost") && e.offsetWidth > 0.8 * document.querySelector("header").clientWidth })()`)
	shot(ctx, t, "nobody-answers")
	tag, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.dataset.tag`))
	if err != nil {
		t.Fatal(err)
	}
	l.serve(addr)
	see(ctx, t, "the stream again", live+` && !document.getElementById("live").classList.contains("lost")`)
	see(ctx, t, "news after the restart", fmt.Sprintf("document.body.dataset.tag !== %q", tag))
	see(ctx, t, "that it was never loaded anew, and kept its focus", `window.untouched && document.activeElement.name === "q"`)
}

func TestBrowserFindsEverythingAccessible(t *testing.T) {
	ctx := browser(t)
	l := newSite(t, 1200)
	var records []store.Record
	for end := time.Now().Add(time.Minute); len(records) < 2 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // the story goes on in real time
		var err error
		if records, err = l.desk.History(t.Context(), store.Query{Kinds: []string{"recovery.completed"}, Limit: 2}); err != nil {
			t.Fatal(err)
		}
	}
	if len(records) < 2 {
		t.Fatal("the story does not come to its end")
	}
	l.access = &Access{AdminToken: adminToken, Now: time.Now}
	do(ctx, t, "the login", chromedp.Navigate(l.url("/login?to=/recoveries")))
	audit(ctx, t, "login")
	do(ctx, t, "the login", chromedp.SendKeys("[name=token]", adminToken), chromedp.Click("main button"), chromedp.WaitVisible(`//h1[text()="Recoveries"]`))
	for _, look := range looks {
		look.as(ctx, t)
		for _, page := range []struct{ name, path string }{
			{"overview", "/"}, {"cluster", "/clusters/prod/j-3REPORTS00003"}, {"recoveries", "/recoveries"}, {"recovery", recoveryURL(records[0].Scope, records[0].Cluster, records[0].Recovery)}, {"history", "/history"}, {"history-filtered", "/history?cluster=etl&kind=call."}, {"history-wrong", "/history?cluster=nobody&from=soon"}, {"report", "/report"}, {"costs", "/costs"},
			{"explain", "/explain/" + records[0].ID}, {"ban", "/confirm?kind=ban&scope=prod&cluster=etl&group=etl/core&for=1h"}, {"refused", "/confirm?kind=unban&scope=prod&cluster=etl&group=etl/core"},
			{"scale", "/confirm?kind=scale&scope=prod&cluster=reports&group=reports/task"}, {"scaled", "/confirm?kind=scale&scope=prod&cluster=reports&group=reports/task&to=4"}, {"error", "/nowhere"},
		} {
			do(ctx, t, page.name, chromedp.Navigate(l.url(page.path)))
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > window.innerWidth`))
			if err != nil || wide {
				t.Errorf("%s (%s) is wider than the window (%v)", page.name, look.name, err)
			}
			if tidy, err := chromedp.Run(ctx, chromedp.Evaluate[bool](tidyHeader)); err != nil || !tidy {
				t.Errorf("the head of %s (%s) is not in two lines at most (%v)", page.name, look.name, err)
			}
			audit(ctx, t, page.name+" ("+look.name+")")
			shot(ctx, t, look.name+"-"+page.name)
		}
	}
}

// tidyHeader is a script that holds that the links of the head stand in one line, and that it has two lines at most.
const tidyHeader = `new Set([...document.querySelectorAll("header nav li")].map(e => e.offsetTop)).size === 1 && document.querySelector(".bar").offsetHeight <= 84`

// newLargeSite shows a fleet of 500 clusters, one as wide as clusters get, as it stands; nobody acts on it.
func newLargeSite(t *testing.T) *site {
	t.Helper()
	docs, cfg := watchedDocs(t)
	s := memory.New("abcdefgh")
	var now time.Time
	synctest.Test(t, func(t *testing.T) {
		crowd(t, s, docs, 499)
		now = time.Now().UTC()
		fillWide(t, s, now)
	})
	clock, err := app.NewClock(now, 1)
	if err != nil {
		t.Fatal(err)
	}
	l := &site{t: t, access: &Access{Open: true, Now: time.Now}, clock: clock,
		desk: desk.Desk{Store: s, Config: cfg, Term: app.LeaseTerm, Now: func(context.Context) time.Time { return clock.Now().Wall.UTC() }}}
	t.Cleanup(l.stop)
	l.serve("127.0.0.1:0")
	return l
}

// look is a way of looking at pages.
type look struct {
	name, scheme  string
	width, height int64
}

var looks = []look{{"wide", "light", 1300, 900}, {"dark", "dark", 1300, 900}, {"phone", "light", 390, 844}, {"phone-dark", "dark", 360, 800}}

// as looks at pages in one way from now on.
func (l look) as(ctx context.Context, t *testing.T) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
	do(ctx, t, l.name, chromedp.EmulateViewport(l.width, l.height), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, media)
		return err
	}))
}

// TestBrowserOfALargeFleet goes through a fleet of 500 clusters as somebody does who was woken up: how many are stuck, only those, the longest missing first.
func TestBrowserOfALargeFleet(t *testing.T) {
	ctx := browser(t)
	l := newLargeSite(t)
	for _, look := range []look{looks[0], looks[2], looks[3]} {
		look.as(ctx, t)
		for _, page := range []struct{ name, path string }{{"overview", "/"}, {"cluster", "/clusters/prod/" + wideCluster}, {"recovery", recoveryURL("prod", wideCluster, longRecovery)}} {
			do(ctx, t, page.name, chromedp.Navigate(l.url(page.path)))
			if wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > window.innerWidth`)); err != nil || wide {
				t.Errorf("%s (%s) is wider than the window (%v)", page.name, look.name, err)
			}
			if tidy, err := chromedp.Run(ctx, chromedp.Evaluate[bool](tidyHeader+` && document.getElementById("state").innerText.includes(" stuck")`)); err != nil || !tidy {
				t.Errorf("the head of %s (%s) is not in two lines with what is stuck (%v)", page.name, look.name, err)
			}
			shot(ctx, t, "large-"+look.name+"-"+page.name)
			if look.name == "wide" || page.name == "cluster" { // the rest is audited on the demo's pages
				audit(ctx, t, page.name+" of a large fleet ("+look.name+")")
			}
		}
	}
	printed := emulation.SetEmulatedMediaParams{Media: "print"}
	do(ctx, t, "on paper", chromedp.Navigate(l.url(recoveryURL("prod", wideCluster, longRecovery))), chromedp.EmulateViewport(900, 1200), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, printed)
		return err
	}))
	see(ctx, t, "no navigation, and what is folded", `!document.querySelector("header nav").getClientRects().length && document.querySelector("figure details li").getBoundingClientRect().height > 0`)
	shot(ctx, t, "large-printed")
	looks[0].as(ctx, t)
	do(ctx, t, "the overview", chromedp.Navigate(l.url("/")))
	see(ctx, t, "how many are stuck, in the title and the icon", `/^\(\d+ stuck\) Overview/.test(document.title) && document.querySelector("link[rel=icon]").href.includes("/stuck-")`)
	do(ctx, t, "only the stuck", chromedp.Click(`//header//a[contains(., "stuck")]`), chromedp.WaitVisible(`//a[@aria-current="true" and contains(., "stuck")]`))
	do(ctx, t, "the longest missing first", chromedp.Click(`//thead//a[text()="What is the matter"]`), chromedp.WaitVisible(`th[aria-sort] a[title="longest missing first"]`))
	see(ctx, t, "that both hold", `location.search === "?condition=stuck&sort=since" && !document.querySelector("tbody .c-whole")`)
	do(ctx, t, "the filter is taken away", chromedp.Click(`//a[@aria-current="true" and contains(., "stuck")]`))
	see(ctx, t, "all clusters in the same order", `location.search === "?sort=since"`)
	do(ctx, t, "the widest cluster", chromedp.Navigate(l.url("/clusters/prod/"+wideCluster)))
	see(ctx, t, "a button that copies its id", fmt.Sprintf(`document.querySelector("h1 button.copy").offsetWidth > 0 && document.querySelector("h1 button.copy").dataset.copy === %q`, wideCluster))
}

// legible is a script that says what of the texts in pictures cannot be read: too small, beyond the picture, or on another.
const legible = `(() => {
  const wrong = [];
  for (const svg of document.querySelectorAll("main figure svg")) {
    if (svg.parentElement.closest("svg") || !svg.getClientRects().length) continue;
    const frame = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll("text")].filter(t => t.getClientRects().length);
    texts.forEach((t, i) => {
      const r = t.getBoundingClientRect(), size = parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().d;
      if (size < 11) wrong.push(t.textContent + " is " + size.toFixed(1) + " px");
      if (r.left < frame.left - 1 || r.right > frame.right + 1 || r.bottom > frame.bottom + 3) wrong.push(t.textContent + " lies beyond the picture");
      for (const u of texts.slice(i + 1)) {
        const o = u.getBoundingClientRect();
        if (r.left < o.right && o.left < r.right && r.top + 3 < o.bottom && o.top + 3 < r.bottom) wrong.push(t.textContent + " lies on " + u.textContent);
      }
    });
    if (!texts.length) wrong.push("a picture without a text");
  }
  if (!document.querySelector("main figure svg")) wrong.push("no picture");
  if (document.documentElement.scrollWidth > window.innerWidth) wrong.push("the page is wider than the window");
  return wrong.join("; ");
})()`

// TestBrowserReadsPictures holds that the texts of charts and timelines can be read on every width, a phone's included.
func TestBrowserReadsPictures(t *testing.T) {
	ctx := browser(t)
	l := newSite(t, 1200)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if records, err := l.desk.History(t.Context(), store.Query{Kinds: []string{"recovery.completed"}, Limit: 2}); err != nil || len(records) == 2 {
			break
		}
	}
	for _, width := range []int64{320, 360, 400, 761, 1300} {
		do(ctx, t, "the width", chromedp.EmulateViewport(width, 800))
		for _, path := range []string{"/", "/clusters/prod/j-3REPORTS00003", "/clusters/prod/j-2ETL000000002"} {
			do(ctx, t, path, chromedp.Navigate(l.url(path)))
			wrong, err := chromedp.Run(ctx, chromedp.Evaluate[string](legible))
			if err != nil || wrong != "" {
				t.Errorf("%s on %d pixels: %v %s", path, width, err, wrong)
			}
			shot(ctx, t, fmt.Sprintf("pictures-%d%s", width, strings.ReplaceAll(path, "/", "-")))
		}
	}
}

func TestBrowserWithoutScripts(t *testing.T) {
	ctx := browser(t)
	l := newSite(t, 600)
	do(ctx, t, "the overview", chromedp.Navigate(l.url("/")))
	see(ctx, t, "the clusters", shows("web-logs"))
	do(ctx, t, "no scripts", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.Navigate(l.url("/")), chromedp.WaitVisible(`//a[text()="web-logs"]`), chromedp.Click(`//a[text()="web-logs"]`), chromedp.WaitVisible(`//h1[contains(., "web-logs")]`),
		chromedp.Click(`//a[text()="Pause…"]`), chromedp.WaitVisible("button.do"), chromedp.Click("button.do"), chromedp.WaitVisible(`//p[contains(., "Done: ")]`))
}

// TestBrowserFoldsTheFilters holds that on a phone the history begins at once, its filters being a step away for fingers and keys, and that on a wide screen
// they are there as ever.
func TestBrowserFoldsTheFilters(t *testing.T) {
	ctx := browser(t)
	l := newSite(t, 1200)
	const filters, folded = `document.querySelector("[name=kind]").checkVisibility({contentVisibilityAuto: true})`, `!document.querySelector("[name=kind]").checkVisibility()`
	for _, look := range looks {
		look.as(ctx, t)
		phone := look.width < 761
		do(ctx, t, "the history", chromedp.Navigate(l.url("/history")))
		if !phone {
			see(ctx, t, "the filters on a wide screen, without anything to unfold", filters+` && !document.querySelector(".fold > summary").checkVisibility()`)
			see(ctx, t, "the name of a group made by emrguard in one line", `[...document.querySelectorAll(".records td:nth-child(4)")].some((td) => td.textContent.startsWith("task+") && (r => r.selectNodeContents(td) || r.getClientRects().length)(new Range()) === 1)`)
			continue
		}
		see(ctx, t, "no filters on a phone before they are asked for", folded)
		see(ctx, t, "records on the first screen", `document.querySelector(".records tbody tr").getBoundingClientRect().bottom < innerHeight`)
		do(ctx, t, "the keyboard", chromedp.Focus(".fold > summary"), chromedp.KeyEvent("\r"))
		see(ctx, t, "the filters after a key", filters)
		do(ctx, t, "a filtered history", chromedp.Navigate(l.url("/history?kind=group.")))
		see(ctx, t, "the filters that are set", filters+` && document.querySelector("[name=kind]").value === "group."`)
		do(ctx, t, "a mistake", chromedp.Navigate(l.url("/history?kind=group.&from=soon")))
		see(ctx, t, "the field with the mistake has the focus", `document.activeElement.name === "from"`)
	}
	do(ctx, t, "a filtered history", chromedp.Navigate(l.url("/history?kind=group.")), chromedp.Click(".fold > summary"), script(`window.before = document.querySelector("footer time").dateTime`))
	see(ctx, t, "what is new", `document.querySelector("footer time").dateTime !== window.before`)
	see(ctx, t, "the filters as they were folded", folded)
}
