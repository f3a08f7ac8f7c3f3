package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// routeNowhere answers for what is neither a page nor in the API, and for what is there by another method.
func (s *Server) routeNowhere(mux *http.ServeMux) {
	nowhere := func(pattern, text string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if others := methodsOf(mux, r); len(others) > 0 {
				allow := strings.Join(others, ", ")
				w.Header().Set("Allow", allow)
				s.refuse(w, r, http.StatusMethodNotAllowed, fmt.Sprintf("%s takes %s, not %s", r.URL.Path, allow, r.Method))
				return
			}
			s.refuse(w, r, http.StatusNotFound, fmt.Sprintf(text, r.URL.Path))
		})
	}
	nowhere(pageNowhere, "there is no page %s")
	nowhere(apiNowhere, "there is no %s in the API; see "+apiPath+"/openapi.json")
	nowhere(noSuchOrder, "there is no %s in the API; see "+apiPath+"/openapi.json")
}

// The patterns of what is not there.
const (
	pageNowhere = "/"
	apiNowhere  = apiPath + "/"
	noSuchOrder = "GET " + apiPath + "/orders/preview" // else it would be an order's id
)

// methodsOf are the methods by which there is something at a request's path, in order.
func methodsOf(mux *http.ServeMux, r *http.Request) []string {
	var methods []string
	for _, m := range []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut} {
		other := *r
		other.Method = m
		if _, pattern := mux.Handler(&other); !slices.Contains([]string{"", pageNowhere, apiNowhere, noSuchOrder}, pattern) {
			methods = append(methods, m)
		}
	}
	return methods
}
