package web

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"emrguard/internal/desk"
	"emrguard/internal/guard"
)

// confirmBody asks whether an order is to be given.
type confirmBody struct {
	Order   orderBody
	Words   string
	To      string        // as a form writes it
	Subject *desk.Subject // what it is about as it is now; nil of an order to a cluster or a scope
	Asking  bool          // the number is yet to be given
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
	given := order.named(r.Context())
	if found, unknown := order.locate(now); unknown == nil {
		given.Group = found.Group
		if body.Subject = now.desk.Subject(now.World, desk.Target{Scope: found.Scope, Cluster: found.Cluster}, given); body.Subject != nil {
			body.Words = order.Kind + " " + body.Subject.Target // by name, whatever the order called it
			body.Subject.More, body.Subject.Fewer = onPage(body.Subject.More), onPage(body.Subject.Fewer)
		}
	}
	body.Asking = body.Subject != nil && given.Kind == guard.OrderScale && !q.Has("to")
	switch {
	case err != nil || body.Asking:
	case given.Kind == guard.OrderScale && order.To == nil && body.Subject != nil:
		err = &desk.RequestError{Err: fmt.Errorf("say how many instances the pool is to want: %d to %d", body.Subject.Bounds.Least, body.Subject.Bounds.Most)}
	default:
		var p desk.Preview
		if p, err = previewOf(r.Context(), now, order); err == nil {
			body.Preview, body.Told = &p, toldAs(now.Now, p)
			body.Words, p.Text = p.Does, onPage(p.Text)
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

// onPage says in a sentence of the guard where the page has what commands have a flag for.
func onPage(text string) string {
	return strings.ReplaceAll(text, "--force does it all the same", "“in spite of a suspension” does it all the same")
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
