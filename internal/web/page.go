package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

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
	page("/recoveries/{scope}/{cluster}/{recovery}", "recovery", s.recoveryPage, "before")
	mux.HandleFunc("GET /recoveries/{recovery}", s.findRecovery)
	page("/history", "history", s.historyPage, append(slices.Clone(filterNames), "before")...)
	page("/explain/{id...}", "explain", s.explainPage, "before")
	page("/report", "report", s.reportPage, "days", "offset")
	page("/costs", "costs", s.costsPage, "days", "offset")
	page("/confirm", "confirm", s.confirmPage, "kind", "scope", "cluster", "group", "for", "to", "force", "reason", "back", "again")
	mux.HandleFunc("POST /act", s.act)
	mux.HandleFunc("GET /login", s.loginPage)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
}

// still are the pages that do not follow the state: a question stays as it was asked, and the sums of a period and the whole story of a cluster cost
// a read of all of it.
var still = []string{"confirm", "report", "costs", "explain"}

// handler makes the content of a page from the present state. It begins with its query string, and gives back what is wrong with it; a body that is a
// mistakenBody tells it itself.
type handler func(r *http.Request, q *query, now *snapshot) (title string, body any, err error)

// mistakenBody is the content of a page that can show what is wrong with its request, with all that was typed.
type mistakenBody interface{ mistake() error } // nil: nothing is wrong

// show writes a page of the present state.
func (s *Server) show(w http.ResponseWriter, r *http.Request, name string, q *query, handle handler) {
	now, err := s.fleet.now(r.Context())
	if err != nil {
		s.refuse(w, r, http.StatusServiceUnavailable, "the store does not answer now: "+err.Error())
		return
	}
	title, body, err := handle(r, q, now)
	status := http.StatusOK
	if b, ok := body.(mistakenBody); ok && b.mistake() != nil {
		status = statusOf(b.mistake())
		if !isPage(r) {
			err = b.mistake()
		}
	}
	if err != nil {
		s.refuseFor(w, r, err)
		return
	}
	f := s.frame(r, title)
	f.Now, f.Tag, f.Live, f.Body = now.Now, now.tag, status == http.StatusOK && !slices.Contains(still, name), body
	all := s.fleet.sum(now)
	f.Scopes, f.Stuck = all.Scopes, all.Totals.Stuck
	f.Flash = s.flash(r, now)
	s.write(w, status, name, f)
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
	if errors.Is(err, store.ErrNotFound) {
		if _, none := now.desk.Store.Submitted(r.Context(), id); errors.Is(none, store.ErrNotFound) {
			return &flash{Text: "There is no order of this id."}
		}
	}
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

// offset is how many rows of its list a page skips.
func (q *query) offset() int { return int(q.number("offset", 0, 100_000, 0)) }
