package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// problem turns an error into problem details. Of several mistakes each is one of its errors.
func problem(err error) *huma.ErrorModel {
	told := &huma.ErrorModel{Status: http.StatusInternalServerError}
	mistake, unknown, ended, setup := (*desk.RequestError)(nil), (*view.UnknownError)(nil), (*view.UnboundError)(nil), (*desk.SetupError)(nil)
	switch known := (*huma.ErrorModel)(nil); {
	case errors.As(err, &known) && known == err: //nolint:errorlint,err113 // made for this answer
		return known
	case errors.As(err, &known):
		told.Status = known.Status
	case errors.As(err, &unknown), errors.As(err, &ended):
		told.Status = http.StatusNotFound
	case errors.As(err, &mistake):
		told.Status = http.StatusUnprocessableEntity
	case errors.As(err, &setup): // it says what to mend
	case errors.Is(err, store.ErrNotFound):
		told.Status = http.StatusNotFound
	case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrFull), errors.Is(err, context.DeadlineExceeded):
		told.Status = http.StatusServiceUnavailable
		err = fmt.Errorf("the store does not answer now: %w", err)
	default:
		err = fmt.Errorf("the store cannot be read: %w", err)
	}
	told.Title = http.StatusText(told.Status)
	if told.Status >= http.StatusInternalServerError {
		told.Detail = err.Error()
		return told
	}
	var texts []string
	for _, e := range problemsOf(err) {
		texts = append(texts, e.Error())
		told.Errors = append(told.Errors, &huma.ErrorDetail{Message: e.Error()})
	}
	if told.Detail = strings.Join(texts, "; "); len(texts) == 1 {
		told.Errors = nil
	}
	return told
}

// refuseFor answers an error of the store, or of whoever asked.
func (s *Server) refuseFor(w http.ResponseWriter, r *http.Request, err error) {
	s.refuseWith(w, r, problem(err))
}

// refuse answers with problem details, or for a browser's page with a page that says the same.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, detail string) {
	s.refuseWith(w, r, &huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
}

func (s *Server) refuseWith(w http.ResponseWriter, r *http.Request, told *huma.ErrorModel) {
	if isPage(r) {
		s.errorPage(w, r, told)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(told.Status)
	_ = marshalJSON(w, told) // whoever asked may be gone
}

// isPage says whether a request is for a page, not for a program.
func isPage(r *http.Request) bool {
	path := r.URL.Path
	return !strings.HasPrefix(path, "/api/") && path != "/metrics" && path != "/healthz" && path != "/readyz" && strings.Contains(r.Header.Get("Accept"), "text/html")
}
