package web

import (
	"net/http"
	"strings"
)

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
