package web

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pageSize is how many clusters and records a page shows. The first page of a fleet stays under 100 KB with it.
const pageSize = 50

// frame is what every page has.
type frame struct {
	Title   string
	Path    string // of the request, with its query
	Now     time.Time
	Tag     string // of the state that is shown
	Live    bool   // the page follows the state
	Who     Identity
	Login   bool // there is a login to leave
	DryRun  bool
	Version string
	Scopes  []view.ScopeHead
	Stuck   int // clusters on which a resize is stuck
	Flash   *flash
	Body    any
}

// flash tells at the top of a page what became of an order.
type flash struct {
	Good bool
	Text string
}

// routePages mounts the pages for people.
func (s *Server) routePages(mux *http.ServeMux) {
	page := func(pattern, name string, handle handler, known ...string) {
		known = append(known, "order") // of which any page tells the answer
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) { s.show(w, r, name, queryOf(r, known...), handle) })
	}
	page("/{$}", "overview", s.overviewPage, "scope", "q", "condition", "sort", "offset")
	page("/clusters/{scope}/{cluster}", "cluster", s.clusterPage, "offset")
	page("/recoveries", "recoveries", s.recoveriesPage, "scope", "cluster", "offset", "before")
	page("/recoveries/{recovery}", "recovery", s.recoveryPage, "before")
	page("/history", "history", s.historyPage, append(slices.Clone(filterNames), "before")...)
	page("/explain/{id...}", "explain", s.explainPage, "before")
	page("/report", "report", s.reportPage, "days", "offset")
	page("/costs", "costs", s.costsPage, "days", "offset")
	page("/confirm", "confirm", s.confirmPage, "kind", "scope", "cluster", "group", "for", "to", "force", "reason", "back", "again")
	mux.HandleFunc("POST /act", s.act)
	mux.HandleFunc("GET /login", s.loginPage)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusNotFound, "there is no page "+r.URL.Path)
	})
}

// still are the pages that do not follow the state: a question stays as it was asked, and the sums of a period and the whole story of a cluster cost
// a read of all of it.
var still = []string{"confirm", "report", "costs", "explain"}

// handler makes the content of a page from the present state. It begins with its query string, and gives back what is wrong with it.
type handler func(r *http.Request, q *query, now *snapshot) (title string, body any, err error)

// show writes a page of the present state.
func (s *Server) show(w http.ResponseWriter, r *http.Request, name string, q *query, handle handler) {
	now, err := s.fleet.now(r.Context())
	if err != nil {
		s.refuse(w, r, http.StatusServiceUnavailable, "the store does not answer now: "+err.Error())
		return
	}
	title, body, err := handle(r, q, now)
	if err != nil {
		s.refuseFor(w, r, err)
		return
	}
	f := s.frame(r, title)
	f.Now, f.Tag, f.Live, f.Body = now.Now, now.tag, !slices.Contains(still, name), body
	all := s.fleet.sum(now)
	f.Scopes, f.Stuck = all.Scopes, all.Totals.Stuck
	f.Flash = s.flash(r, now)
	s.write(w, http.StatusOK, name, f)
}

func (s *Server) frame(r *http.Request, title string) frame {
	access := s.o.Access()
	return frame{Title: title, Path: r.URL.RequestURI(), Who: who(r.Context()), Login: access.AdminToken != "" || access.ReadToken != "", DryRun: s.o.DryRun, Version: s.o.Version}
}

// write renders a page whole before it sends anything, so that a mistake in it is an error and no half page.
func (s *Server) write(w http.ResponseWriter, status int, name string, f frame) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name+".html", f); err != nil {
		panic(fmt.Errorf("page %s: %w", name, err))
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // whoever asked may be gone
}

func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, told *huma.ErrorModel) {
	f := s.frame(r, told.Title)
	f.Body = told
	s.write(w, told.Status, "error", f)
}

// flash says what became of the order that a URL names.
func (s *Server) flash(r *http.Request, now *snapshot) *flash {
	id := r.URL.Query().Get("order")
	if id == "" {
		return nil
	}
	a, err := now.desk.Store.Answered(r.Context(), id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &flash{Text: "The order waits: nobody has answered it yet. It is carried out as soon as an emrguard that holds the scope looks."}
	case err != nil:
		return &flash{Text: "The answer to the order cannot be read: " + err.Error()}
	case a.Refused:
		return &flash{Text: "Refused: " + a.Text}
	}
	return &flash{Good: true, Text: "Done: " + a.Text}
}

type overview struct {
	view.Fleet
	Filter    view.FleetFilter
	Capacity  chart
	Pager     pager
	NotesMost int
	Chips     []chip            // filters of one click
	Sorts     map[string]string // the URL of each order
	All       string            // the URL without filters
}

// chip is a filter of the overview, and how many clusters it finds.
type chip struct {
	Word  string
	Count int
	URL   string
	On    bool // the list is filtered by it
}

// offset is how many rows of its list a page skips.
func (q *query) offset() int { return int(q.number("offset", 0, 100_000, 0)) }

// before is the record before which a page begins; 0 for the newest.
func (q *query) before() int64 { return q.number("before", 0, math.MaxInt64, 0) }

func (s *Server) overviewPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	f := view.FleetFilter{
		Scope: q.text("scope", 64), Text: q.text("q", 200), Condition: q.choice("condition", append([]string{view.Stuck}, view.Conditions()...)...), Sort: q.choice("sort", view.Sorts()...),
		Offset: q.offset(), Limit: pageSize,
	}
	if _, err := now.scope(f.Scope); err != nil && f.Scope != "" {
		return "", nil, q.err(err)
	}
	if err := q.err(); err != nil {
		return "", nil, err
	}
	body := overview{Fleet: now.Fleet(f), Filter: f, NotesMost: 4}
	if last := lastPage(f.Offset, body.Matching, pageSize); last != f.Offset { // clusters have ended meanwhile
		f.Offset = last
		body.Fleet = now.Fleet(f)
	}
	body.Pager = q.pager("/", f.Offset, f.Offset+len(body.Clusters), body.Matching, pageSize)
	body.choices(q)
	c, err := s.levels.capacity(r.Context(), now, f.Scope, "")
	body.Capacity = capacityChart(c)
	return "Overview", body, err
}

// choices are the links to other views of the same list. Each keeps what else is chosen.
func (o *overview) choices(q *query) {
	o.All, o.Sorts = "/", map[string]string{}
	if o.Filter.Scope != "" {
		o.All = "/?scope=" + url.QueryEscape(o.Filter.Scope)
	}
	first := *q // a choice begins at the first page
	first.values = maps.Clone(q.values)
	first.values.Del("offset")
	counts := append([]view.ConditionCount{{Condition: view.Stuck, Clusters: o.Totals.Stuck}}, o.Totals.Conditions...)
	for _, c := range counts {
		on := o.Filter.Condition == c.Condition
		if c.Clusters == 0 && !on && c.Condition != view.Stuck {
			continue
		}
		to := c.Condition
		if on {
			to = "" // once more, and it is taken away
		}
		o.Chips = append(o.Chips, chip{c.Condition, c.Clusters, first.with("/", "condition", to), on})
	}
	for _, name := range view.Sorts() {
		o.Sorts[name] = first.with("/", "sort", name)
	}
}

// What a cluster's page shows of lists that may be long. Most clusters have less.
const (
	poolsShown     = 8 // at once, with their groups, bans and recoveries
	timelinesShown = 2
	notesShown     = 12
	nextShown      = 8
	policiesShown  = 20
	recordsShown   = 25
)

type clusterBody struct {
	desk.Cluster
	Capacity  chart
	Timelines []timeline
	Records   []view.Event
	Pager     pager // of the pools
	Closed    int   // recoveries that are closed and shown
	// How many are not shown.
	MoreNotes, MoreNext, MorePolicies, MoreSchedules int
}

// AllClusters says whether a table of records names their clusters.
func (clusterBody) AllClusters() bool { return false }

// Present is the time from which a table of records tells their ages.
func (b clusterBody) Present() time.Time { return b.Now }

func (s *Server) clusterPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	offset := q.offset()
	if err := q.err(); err != nil {
		return "", nil, err
	}
	page, err := now.desk.ClusterPage(r.Context(), now.World, r.PathValue("scope"), r.PathValue("cluster"))
	if err != nil {
		return "", nil, err
	}
	c, err := s.levels.capacity(r.Context(), now, page.Status.Scope, page.Status.Cluster)
	if err != nil {
		return "", nil, err
	}
	records, err := now.desk.History(r.Context(), store.Query{Scope: page.Status.Scope, Cluster: page.Status.Cluster, Limit: recordsShown})
	body := clusterBody{Cluster: page, Capacity: capacityChart(c), Records: now.Events(records)}
	body.cut(q, r.URL.Path, offset)
	for _, t := range page.Timelines[:min(len(page.Timelines), timelinesShown)] {
		body.Timelines = append(body.Timelines, drawn(t))
	}
	return nameOf(page.Status.Name, page.Status.Cluster), body, err
}

// cut leaves of long lists what a page shows: of many pools those most in trouble, with what belongs to them.
func (b *clusterBody) cut(q *query, path string, offset int) {
	b.Notes, b.MoreNotes = first(b.Notes, notesShown)
	b.Status.Next, b.MoreNext = first(b.Status.Next, nextShown)
	b.Policies.Policies, b.MorePolicies = first(b.Policies.Policies, policiesShown)
	b.Policies.Schedules, b.MoreSchedules = first(b.Policies.Schedules, policiesShown)
	if len(b.Pools) <= poolsShown {
		b.Pager = pager{From: 1, To: len(b.Pools), Of: len(b.Pools)}
		return
	}
	b.Pools, b.Pager = pageOf(view.ByUrgency(b.Pools), q, path, offset, poolsShown)
	apart := func(pool string) bool {
		return !slices.ContainsFunc(b.Pools, func(p view.PoolStatus) bool { return p.Pool != "" && p.Pool == pool })
	}
	b.Groups = slices.DeleteFunc(slices.Clone(b.Groups), func(g view.GroupStatus) bool { return apart(g.Pool) && (g.Pool != "" || b.Pager.From > 1) })
	b.Bans = slices.DeleteFunc(slices.Clone(b.Bans), func(s view.BanStatus) bool { return apart(s.Pool) })
	b.Recoveries = slices.DeleteFunc(slices.Clone(b.Recoveries), func(r view.RecoveryStatus) bool { return apart(r.Pool) })
}

// first are the first rows of a list, and how many more there are.
func first[T any](rows []T, most int) (shown []T, more int) {
	n := min(len(rows), most)
	return rows[:n], len(rows) - n
}

type recoveriesBody struct {
	view.Recoveries
	Which  string // the name of the cluster whose recoveries these are; empty: all
	Pager  pager  // of the open ones
	Older  string // URL of the closed ones before these
	Newest string // URL of the first page
	Begin  bool   // this is it
}

func (s *Server) recoveriesPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	scope, cluster, offset, before := q.text("scope", 64), q.text("cluster", 300), q.offset(), q.before()
	w, found, err := Which{scope, cluster}.world(now)
	if err := q.err(err); err != nil {
		return "", nil, err
	}
	closed, err := now.desk.History(r.Context(), store.Query{Scope: found.Scope, Cluster: string(found.Cluster), Kinds: view.Outcomes(), Limit: pageSize, Before: before})
	if err != nil {
		return "", nil, err
	}
	open := w.Recoveries(nil).Recoveries
	body := recoveriesBody{Recoveries: w.Recoveries(closed), Which: found.Name, Newest: q.with(r.URL.Path, "before", ""), Begin: before == 0}
	body.Recoveries.Recoveries = body.Recoveries.Recoveries[len(open):]
	if before == 0 {
		open, body.Pager = pageOf(open, q, r.URL.Path, offset, pageSize)
		body.Recoveries.Recoveries = append(slices.Clone(open), body.Recoveries.Recoveries...)
	}
	if len(closed) == pageSize {
		body.Older = q.with(r.URL.Path, "before", numeral(closed[len(closed)-1].Seq))
	}
	return "Recoveries", body, nil
}

// storyPart leads through a long story, whose newest part comes first.
type storyPart struct {
	view.Explanation
	Older  string // URL of the part before; empty at the beginning
	Newest string // URL of the newest part; empty if this is it
}

func partOf(r *http.Request, q *query, e view.Explanation) storyPart {
	out := storyPart{Explanation: e}
	if e.Older > 0 {
		out.Older = q.with(r.URL.Path, "before", numeral(e.Older))
	}
	if q.before() > 0 {
		out.Newest = q.with(r.URL.Path, "before", "")
	}
	return out
}

type recoveryBody struct {
	desk.Recovery
	Part     storyPart
	Timeline timeline
}

func (s *Server) recoveryPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	part := desk.Part{Before: q.before(), Limit: pageSize}
	if err := q.err(); err != nil {
		return "", nil, err
	}
	page, err := now.desk.RecoveryPage(r.Context(), now.World, r.PathValue("recovery"), part)
	page.Next = slices.DeleteFunc(slices.Clone(page.Next), func(n view.Next) bool { return !n.Of(page.Status.Pool) }) // the rest is on the cluster's page
	return "Recovery " + r.PathValue("recovery"), recoveryBody{page, partOf(r, q, page.Story), drawn(page.Timeline)}, err
}

type historyBody struct {
	Query   url.Values
	Kinds   []string
	Records []view.Event // the newest first
	Cut     bool         // the search has read its most, and may find more before that
	Older   string       // URL of the page before
	Newest  string       // URL of the first page of the same
	CSV     string
	NDJSON  string
	now     time.Time
}

// AllClusters says whether a table of records names their clusters.
func (historyBody) AllClusters() bool { return true }

// Present is the time from which a table of records tells their ages.
func (b historyBody) Present() time.Time { return b.now }

func (s *Server) historyPage(r *http.Request, v *query, now *snapshot) (string, any, error) {
	f, err := now.filter(r.Context(), v)
	if err != nil {
		return "", nil, err
	}
	q := v.values
	records, before, err := now.desk.Page(r.Context(), now.World, f)
	if err != nil {
		return "", nil, err
	}
	body := historyBody{now: now.Now, Query: q, Kinds: view.Kinds(), Records: records, Cut: before > 0 && len(records) < pageSize}
	if before > 0 {
		older := maps.Clone(q)
		older.Set("before", strconv.FormatInt(before, 10))
		body.Older = "/history?" + older.Encode()
	}
	all := url.Values{}
	for name, v := range q {
		if name != "before" && len(v) > 0 && v[0] != "" {
			all[name] = v
		}
	}
	body.Newest = "/history?" + all.Encode()
	body.CSV, body.NDJSON = apiPath+"/history.csv?"+all.Encode(), apiPath+"/history.ndjson?"+all.Encode()
	return "History", body, nil
}

func (s *Server) explainPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	part := desk.Part{Before: q.before(), Limit: pageSize}
	if err := q.err(); err != nil {
		return "", nil, err
	}
	e, err := now.desk.Explain(r.Context(), now.World, "", r.PathValue("id"), part)
	if e.Subject != "record" && e.Subject != "recovery" { // these two are told in order, as stories are; what goes on and on, from its end
		for i := range e.Sections {
			slices.Reverse(e.Sections[i].Events)
			e.Sections[i].Title += ", the newest first"
		}
	}
	return e.Title, partOf(r, q, e), err
}

// rowsShown is how many rows of each table a report shows at once.
const rowsShown = 100

// paged takes the rows of a page out of each table; those that end before it are left out. The pager is that of the longest.
func paged(tables []view.Table, q *query, path string, offset int) ([]view.Table, pager) {
	longest := 0
	for _, t := range tables {
		longest = max(longest, len(t.Rows))
	}
	offset = lastPage(offset, longest, rowsShown)
	var out []view.Table
	for _, t := range tables {
		if offset < len(t.Rows) {
			t.Rows = t.Rows[offset:min(len(t.Rows), offset+rowsShown)]
			out = append(out, t)
		}
	}
	return out, q.pager(path, offset, min(longest, offset+rowsShown), longest, rowsShown)
}

type reportBody struct {
	view.Report
	Days   int
	Tables []view.Table
	Pager  pager
}

// days is how many days a page looks back; seven unless it says so.
func (q *query) days() int { return int(q.number("days", 1, 92, 7)) }

type costsBody struct {
	view.Costs
	Days   int
	Tables []view.Table
	Pager  pager
}

func (s *Server) costsPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	days, offset := q.days(), q.offset()
	if err := q.err(); err != nil {
		return "", nil, err
	}
	costs, err := now.desk.Costs(r.Context(), now.World, view.Found{}, now.Now.AddDate(0, 0, -days), now.Now)
	tables, pager := paged(costs.Tables(), q, r.URL.Path, offset)
	return "Costs", costsBody{costs, days, tables, pager}, err
}

func (s *Server) reportPage(r *http.Request, q *query, now *snapshot) (string, any, error) {
	days, offset := q.days(), q.offset()
	if err := q.err(); err != nil {
		return "", nil, err
	}
	report, err := now.desk.Report(r.Context(), now.World, view.Found{}, now.Now.AddDate(0, 0, -days), now.Now, nil)
	tables, pager := paged(report.Tables(), q, r.URL.Path, offset)
	return "Report", reportBody{report, days, tables, pager}, err
}

// confirmBody asks whether an order is to be given.
type confirmBody struct {
	Order   orderBody
	Words   string
	To      string // as a form writes it
	Preview *desk.Preview
	Problem string
	WhyNot  string // why the reader may not give it; empty: they may
	Key     string
	Told    string // stands for what the question says
	Again   bool   // it was asked before, and the answer would be another now
	Back    string
}

// orderOf reads an order from a form.
func orderOf(v url.Values) (orderBody, error) {
	o := orderBody{
		Kind: v.Get("kind"), Scope: v.Get("scope"), Cluster: v.Get("cluster"), Group: v.Get("group"), For: strings.TrimSpace(v.Get("for")),
		Force: v.Get("force") != "", Reason: strings.TrimSpace(v.Get("reason")),
	}
	if text := strings.TrimSpace(v.Get("to")); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return o, &desk.RequestError{Err: fmt.Errorf("to: %q is no number", text)}
		}
		o.To = &n
	}
	return o, nil
}

func (s *Server) confirmPage(r *http.Request, v *query, now *snapshot) (string, any, error) {
	if err := v.err(); err != nil {
		return "", nil, err
	}
	q := v.values
	order, err := orderOf(q)
	body := confirmBody{Order: order, Words: order.words(), To: q.Get("to"), Key: rand.Text(), Again: q.Get("again") != "", Back: back(q.Get("back"))}
	if who(r.Context()).Role < Admin {
		body.WhyNot = s.whyNoChange(s.o.Access())
	}
	if err == nil {
		var p desk.Preview
		if p, err = s.previewAt(r.Context(), order, now.Now); err == nil {
			body.Preview, body.Told = &p, toldAs(now.Now, p)
			if order.Group != "" || order.Cluster != "" {
				body.Words = order.Kind + " " + p.Target // by name, whatever the order called it
			}
		}
	}
	if err != nil {
		if statusOf(err) >= http.StatusInternalServerError {
			return "", nil, err
		}
		body.Problem = err.Error()
	}
	return "Confirm: " + body.Words, body, nil
}

// act gives the order that a person confirmed, and leads back to where it came from.
func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.refuse(w, r, http.StatusBadRequest, "the form cannot be read: "+err.Error())
		return
	}
	order, err := orderOf(r.PostForm)
	var receipt desk.Receipt
	if was := r.PostForm.Get("told"); err == nil && was != "" {
		var same bool
		if same, err = s.stillSo(r.Context(), was, r.PostForm.Get("key"), order); err == nil && !same {
			q := r.PostForm
			q.Del("told")
			q.Del("key")
			q.Set("again", "yes")
			http.Redirect(w, r, "/confirm?"+q.Encode(), http.StatusSeeOther)
			return
		}
	}
	if err == nil {
		receipt, err = s.order(r.Context(), r.PostForm.Get("key"), order)
	}
	if err != nil {
		s.refuseFor(w, r, err)
		return
	}
	to, _ := url.Parse(back(r.PostForm.Get("back"))) // it was checked
	q := to.Query()
	q.Set("order", receipt.Order)
	to.RawQuery = q.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// back is a path of this server to lead back to; anything else is the overview.
func back(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return "/"
	}
	return path
}

func urlQuery(text string) string { return url.QueryEscape(text) }

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r, "to")
	to := q.text("to", maxHeader)
	if err := q.err(); err != nil {
		s.refuseFor(w, r, err)
		return
	}
	s.askToken(w, r, http.StatusOK, to, "")
}

func (s *Server) askToken(w http.ResponseWriter, r *http.Request, status int, to, problem string) {
	f := s.frame(r, "Log in")
	f.Body = struct{ To, Problem string }{back(to), problem}
	s.write(w, status, "login", f)
}

// login takes a token and gives a session for it.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.refuse(w, r, http.StatusBadRequest, "the form cannot be read: "+err.Error())
		return
	}
	access, to := s.o.Access(), r.PostForm.Get("to")
	id := access.byToken(strings.TrimSpace(r.PostForm.Get("token")), r)
	if wait := s.weigh(r, access, id); wait > 0 {
		slow(w, wait)
		s.askToken(w, r, http.StatusTooManyRequests, to, "Not looked at: "+tooMany(wait)+".")
		return
	}
	if id.Role == Nobody {
		s.askToken(w, r, http.StatusUnauthorized, to, "That is none of the tokens.")
		return
	}
	http.SetCookie(w, access.cookie(access.session(id.Role, access.Now().Add(sessionFor))))
	http.Redirect(w, r, back(to), http.StatusSeeOther)
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, s.o.Access().cookie(""))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func nameOf(name, id string) string {
	if name == "" {
		return id
	}
	return name
}

// templates are all pages, with the words they share.
var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": timed(view.Clock), "since": timed(view.Since), "until": timed(view.Until), "span": view.Span, "word": view.Word, "name": nameOf,
	"seconds": func(s float64) string { return view.Span(time.Duration(s * float64(time.Second))) },
	"stamp":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"age":     func(t, now time.Time) string { return view.Span(now.Sub(t)) },
	"confirm": confirmURL, "asset": assetURL, "icon": iconURL, "copy": copied, "dotted": dotted,
	"zero":  func(t time.Time) bool { return t.IsZero() },
	"wrap":  following,
	"hours": func(h float64) string { return fmt.Sprintf("%.1f", h) },
	"money": func(x float64) string { return fmt.Sprintf("%.2f", x) },
	"n":     func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) },
	"notes": notes, "marked": marked, "whole": whole,
	"join": strings.Join,
}).ParseFS(templateFiles, "templates/*.html"))

// timed puts a time that is told into an element that says which it is, so that a browser can tell it in its own zone.
func timed(tell func(t, now time.Time) string) func(t, now time.Time) template.HTML {
	return func(t, now time.Time) template.HTML {
		if t.IsZero() {
			return template.HTML(tell(t, now)) //nolint:gosec // a dash
		}
		return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + tell(t, now) + `</time>`) //nolint:gosec // times and lengths of time alone
	}
}

// copied is a text that is taken whole by one click, and with scripts by a button beside it.
func copied(text string) template.HTML {
	safe := template.HTMLEscapeString(text)
	return template.HTML(`<code>` + safe + `</code><button type="button" class="copy" data-copy="` + safe + `" aria-label="Copy ` + safe + `"></button>`) //nolint:gosec // escaped
}

// dotted is a word of parts, such as a kind, that may be broken after its full stops.
func dotted(word string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(word), ".", ".<wbr>")) //nolint:gosec // escaped
}

// marked is a text whose `commands` are shown as such.
func marked(text string) template.HTML {
	var b strings.Builder
	parts := strings.Split(text, "`")
	for i, part := range parts {
		if safe := template.HTMLEscapeString(part); i%2 == 1 && i < len(parts)-1 {
			b.WriteString("<code>" + safe + "</code>")
		} else if i%2 == 1 { // a single one at the end is a text like any other
			b.WriteString("`" + safe)
		} else {
			b.WriteString(safe)
		}
	}
	return template.HTML(b.String()) //nolint:gosec // each part is escaped
}

// whole says whether nothing is the matter with a cluster of these conditions: a ban alone costs it no instance.
func whole(conditions []string) bool {
	return !slices.ContainsFunc(conditions, func(word string) bool { return word != "banned" })
}

// notes are the first of what a person should know of a cluster, and how many more there are.
func notes(c view.ClusterStatus, now time.Time, most int) []string {
	shown, more := first(c.Notes(now), most)
	if more > 0 {
		shown = append(shown[:most:most], fmt.Sprintf("and %d more", more))
	}
	return shown
}

// following is what follows on a cluster, with the present time.
func following(now time.Time, of any) any {
	out := struct {
		Now     time.Time
		Next    []view.Next
		Missing int
	}{Now: now}
	switch v := of.(type) {
	case view.ClusterStatus:
		out.Next, out.Missing = v.Next, v.Missing
	case recoveryBody:
		out.Next = v.Next
	case *desk.Preview:
		out.Next = v.Next
	}
	return out
}

// confirmURL leads to the question whether to give an order.
func confirmURL(kind, scope, cluster, group, back string) string {
	q := url.Values{"kind": {kind}, "scope": {scope}, "back": {back}}
	if cluster != "" {
		q.Set("cluster", cluster)
	}
	if group != "" {
		q.Set("group", group)
	}
	if kind == "ban" {
		q.Set("for", "2h")
	}
	return "/confirm?" + q.Encode()
}
