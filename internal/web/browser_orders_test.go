package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"golang.org/x/net/html"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/scenario"
	"emrguard/internal/guard"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// clicked gives an order on the page: it clicks a link, fills in what is asked for, looks at what is going to happen, and says yes.
func clicked(ctx context.Context, t *testing.T, l *site, page, link, fill string, foretold []string, done string) {
	t.Helper()
	do(ctx, t, page, chromedp.Navigate(l.url(page)))
	see(ctx, t, link, fmt.Sprintf(`[...document.querySelectorAll("main a")].some(a => a.textContent === %q)`, link))
	do(ctx, t, link, chromedp.Click(fmt.Sprintf(`(//main//a[text()=%q])[1]`, link)), chromedp.WaitVisible(`button.quiet`))
	if fill != "" {
		do(ctx, t, "filling in "+link, script(fill), script(`window.before = true; [...document.querySelectorAll("button")].find(b => b.textContent === "Show what happens").click()`))
		see(ctx, t, "the question anew", `!window.before && !!document.querySelector("button.do")`)
	}
	for _, text := range foretold {
		see(ctx, t, "what "+link+" leads to", shows(text))
	}
	shot(ctx, t, "confirm-"+strings.ToLower(strings.ReplaceAll(strings.TrimRight(link, "…"), " ", "-")))
	for range 5 { // the story goes on: what would happen may change between question and answer
		do(ctx, t, "yes to "+link, script(`window.asked = true`), chromedp.Click(`button.do`))
		see(ctx, t, "the page after "+link, `!window.asked && document.readyState === "complete"`)
		again, err := chromedp.Run(ctx, chromedp.Evaluate[bool](shows("Nothing was done; look again")))
		if err != nil {
			t.Fatal(err)
		}
		if !again {
			break
		}
	}
	see(ctx, t, "the answer to "+link, shows("Done: ")+" && "+shows(done))
}

func TestBrowserGivesOrders(t *testing.T) {
	ctx := browser(t)
	l := newSite(t, 60)
	order := func(page, link, fill, foretold, done string) {
		t.Helper()
		clicked(ctx, t, l, page, link, fill, []string{foretold}, done)
	}
	do(ctx, t, "the overview", chromedp.Navigate(l.url("/")))
	see(ctx, t, "the clusters", shows("web-logs"))
	const web = "/clusters/prod/j-1WEBLOGS00001"
	order(web, "Ban…", `document.querySelector("[name=for]").value = "45m"`, "takes no launches until", "takes no launches until")
	order(web, "Unban…", "", "may take launches again", "may take launches again")
	order(web, "Scale…", `document.querySelector("[name=to]").value = "13"; document.querySelector("[name=force]").checked = true; document.querySelector("[name=reason]").value = "rush"`, "to 13", "to 13")
	do(ctx, t, "the question of a scale", chromedp.Navigate(l.url("/confirm?kind=scale&scope=prod&cluster=web-logs&group=web-logs/task")))
	see(ctx, t, "an empty number, and no alert", `document.querySelector("[name=to]").value === "" && !document.querySelector("[role=alert]") && !document.querySelector("button.do")`)
	order(web, "Pause…", "", "changes nothing on this cluster", "changes nothing on this cluster")
	order(web, "Resume…", "", "acts on this cluster again", "acts on this cluster again")
	order("/", "Pause the whole scope…", "", "on any cluster of the scope", "on any cluster of the scope")
	order("/", "Resume the whole scope…", "", "acts on the clusters of the scope again", "acts on the clusters of the scope again")
	do(ctx, t, "an order that is refused", chromedp.Navigate(l.url("/confirm?kind=unban&scope=prod&cluster=web-logs&group=web-logs/core")))
	see(ctx, t, "that it would be refused", shows("It would be refused")+` && !document.querySelector("button.do")`)
}

// etlPage is the page of the cluster whose fallback the tests below are about: its task group has 6, the fallback that was made for it 3.
const etlPage = "/clusters/prod/j-2ETL000000002"

// movedAway is the demo's world after its story, when the ban of etl's task group is over and EC2 would give it instances again. Its fallback still
// has the 3 that were missing. It returns the store of the guard that did it.
func movedAway(t *testing.T) (sim *emrsim.Sim, s store.Store) {
	t.Helper()
	sc := demo(t)
	sc.Events = append(sc.Events, scenario.Event{At: 2 * time.Hour, Do: "capacity", Pool: emrsim.Pool{Zone: "us-east-1b", Type: "r5.2xlarge", Market: "SPOT"}, Parts: []scenario.Amount{16, 40}})
	guardedIn(t, sc, 3*time.Hour, func(l *lab) { sim, s = l.sim, l.store })
	return sim, s
}

// lostStore is the same world after the store was lost: a new one finds the groups that the old one's guard made.
func lostStore(t *testing.T) (*emrsim.Sim, store.Store) {
	t.Helper()
	sim, _ := movedAway(t)
	return sim, memory.New("ijklmnop")
}

// asked is what the simulator's groups of etl's task pool are asked for: the origin, and the fallbacks together.
func asked(sim *emrsim.Sim) (origin, fallbacks int) {
	for _, c := range sim.Clusters("us-east-1") {
		for _, g := range c.Groups {
			switch {
			case c.Name != "etl" || g.Role != "TASK":
			case g.Name == "task":
				origin += g.Requested
			default:
				fallbacks += g.Requested
			}
		}
	}
	return origin, fallbacks
}

// ways are how a person may give an order: with a mouse, from the keyboard alone, and in a browser that does nothing but forms.
var ways = []struct {
	name string
	give func(t *testing.T, l *site, page, link string, foretold []string, done string)
}{
	{"mouse", func(t *testing.T, l *site, page, link string, foretold []string, done string) {
		t.Helper()
		clicked(browser(t), t, l, page, link, "", foretold, done)
	}},
	{"keyboard", typed},
	{"forms", posted},
}

// typed gives an order from the keyboard alone.
func typed(t *testing.T, l *site, page, link string, foretold []string, done string) {
	t.Helper()
	ctx := browser(t)
	do(ctx, t, page, chromedp.Navigate(l.url(page)))
	see(ctx, t, link, fmt.Sprintf(`[...document.querySelectorAll("main a")].some(a => a.textContent === %q)`, link))
	press := func(text string) {
		t.Helper()
		for range 200 {
			do(ctx, t, "the next thing", chromedp.KeyEvent(kb.Tab))
			on, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`document.activeElement.textContent.startsWith(%q)`, text)))
			if err != nil {
				t.Fatal(err)
			}
			if on {
				seen, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0)(getComputedStyle(document.activeElement))`))
				if err != nil || !seen {
					t.Errorf("nobody sees that %s has the focus (%v)", text, err)
				}
				do(ctx, t, text, chromedp.KeyEvent(kb.Enter))
				return
			}
		}
		t.Fatalf("the keyboard does not lead to %s", text)
	}
	press(link)
	for _, text := range foretold {
		see(ctx, t, "what "+link+" leads to", shows(text))
	}
	press("Yes, ")
	see(ctx, t, "the answer to "+link, shows("Done: ")+" && "+shows(done))
}

// posted gives an order by plain HTTP, as a browser without scripts does: it follows a link, and sends the form behind it.
func posted(t *testing.T, l *site, page, link string, foretold []string, done string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // the guard reads the cluster first
		to, doc := "", l.fetched(page)
		if doc == nil {
			continue
		}
		each(doc, "a", func(n *html.Node) {
			if words(n) == link {
				to = value(n, "href")
			}
		})
		if to != "" {
			agreed(t, l, to, foretold, done)
			return
		}
	}
	t.Fatalf("%s has no %s", page, link)
}

// agreed says yes to a question by plain HTTP.
func agreed(t *testing.T, l *site, question string, foretold []string, done string) {
	t.Helper()
	doc := l.fetched(question)
	if doc == nil {
		t.Fatalf("there is no %s", question)
	}
	for _, want := range foretold {
		if !strings.Contains(words(doc), want) {
			t.Errorf("the question does not say %q: %s", want, words(doc))
		}
	}
	form := url.Values{}
	each(doc, "form", func(n *html.Node) {
		if value(n, "action") == "/act" && value(n, "method") == "post" {
			each(n, "input", func(in *html.Node) { form.Set(value(in, "name"), value(in, "value")) })
		}
	})
	if len(form) == 0 {
		t.Fatalf("there is no form that gives the order: %s", words(doc))
	}
	r, err := http.PostForm(l.url("/act"), form)
	if err != nil {
		t.Fatal(err)
	}
	if text := words(parsed(t, r)); !strings.Contains(text, "Done: ") || !strings.Contains(text, done) {
		t.Errorf("the answer: %s", text)
	}
}

// fetched is a page as a browser without scripts gets it, or nil while there is none.
func (l *site) fetched(path string) *html.Node {
	l.t.Helper()
	r, err := http.Get(l.url(path))
	if err != nil {
		l.t.Fatal(err)
	}
	if r.StatusCode == http.StatusNotFound {
		_ = r.Body.Close()
		return nil
	}
	return parsed(l.t, r)
}

// parsed is the page that an answer brings.
func parsed(t *testing.T, r *http.Response) *html.Node {
	t.Helper()
	defer r.Body.Close()
	doc, err := html.Parse(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s %v %s", r.Status, err, words(doc))
	}
	return doc
}

// each visits the elements of a name below a node.
func each(n *html.Node, name string, f func(*html.Node)) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			f(d)
		}
	}
}

// value is an attribute of an element.
func value(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// words is what an element says.
func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// until waits for the simulator's truth.
func (l *site) until(what string, holds func() bool) {
	l.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	l.t.Fatalf("it never comes that %s", what)
}

// audited holds that the history tells who gave an order.
func (l *site) audited(kind guard.OrderKind) {
	l.t.Helper()
	records, err := l.desk.History(l.t.Context(), store.Query{Kinds: []string{"order." + string(kind)}})
	if err != nil || len(records) != 1 || records[0].Author != "somebody at 127.0.0.1" {
		l.t.Errorf("the history has %+v, %v", records, err)
	}
}

// TestBrowserReturns gives the order that brings what a fallback holds back to the pool's own group, and watches it being done.
func TestBrowserReturns(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			sim, s := movedAway(t)
			if origin, fallbacks := asked(sim); origin != 6 || fallbacks != 3 {
				t.Fatalf("the world begins with %d and %d", origin, fallbacks)
			}
			l := newSiteOf(t, sim, s, 120)
			way.give(t, l, etlPage, "Return…", []string{"again for the 3 placed elsewhere; as many are released from the fallbacks once they run"}, "again for the 3 placed elsewhere")
			l.until("the group has all 9", func() bool { origin, fallbacks := asked(sim); return origin == 9 && fallbacks == 0 })
			l.audited(guard.OrderReturn)
		})
	}
}

// TestBrowserAdopts gives the order that takes over what the guard of a lost store made, and holds that it is managed from then on.
func TestBrowserAdopts(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			sim, s := lostStore(t)
			l := newSiteOf(t, sim, s, 120)
			way.give(t, l, etlPage, "Adopt…", []string{"the groups of store abcdefgh are taken over: ", " with 3 joins pool ", "which wants 9 in all; emrguard acts on this cluster from now on"}, "which wants 9 in all")
			l.audited(guard.OrderAdopt)
			if origin, fallbacks := asked(sim); origin != 6 || fallbacks != 3 {
				t.Errorf("the adoption itself changed the cluster: %d and %d", origin, fallbacks)
			}
			agreed(t, l, "/confirm?kind=scale&scope=prod&cluster=etl&group=etl/task&to=7", []string{"scale from 9 to 7"}, "scale from 9 to 7")
			l.until("the adopted group gives two back", func() bool { origin, fallbacks := asked(sim); return origin == 6 && fallbacks == 1 })
		})
	}
}
