package web

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"emrguard/internal/desk"
)

// query reads the query string of a page or an export. What is wrong with it is gathered, so that err tells all of it at once. An empty value is
// the same as none: a form sends one for each field that is left alone.
type query struct {
	values url.Values
	wrong  []parameterError
}

// parameterError is one mistake in a query string.
type parameterError struct{ name, text string }

// queryOf reads a query string of which these names are known.
func queryOf(r *http.Request, known ...string) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.fault("", "the query string cannot be read: %v", err)
	}
	q.wrong = append(q.wrong, surplus(values, known)...)
	return q
}

// surplus is what is wrong with the names of a query string: those that are not known, and those that are given twice: a list is one value with commas.
func surplus(values url.Values, known []string) (wrong []parameterError) {
	for name, given := range values {
		switch {
		case !slices.Contains(known, name) && len(known) == 0:
			wrong = append(wrong, parameterError{name, "unknown parameter; there are none here"})
		case !slices.Contains(known, name):
			wrong = append(wrong, parameterError{name, "unknown parameter; there are " + strings.Join(known, ", ")})
		case len(given) > 1:
			wrong = append(wrong, parameterError{name, fmt.Sprintf("given %d times; give it once", len(given))})
		}
	}
	slices.SortFunc(wrong, func(a, b parameterError) int { return strings.Compare(a.name, b.name) })
	return wrong
}

func (q *query) fault(name, format string, args ...any) {
	q.wrong = append(q.wrong, parameterError{name, fmt.Sprintf(format, args...)})
}

// text is a value of at most so many bytes.
func (q *query) text(name string, most int) string {
	text := strings.TrimSpace(q.values.Get(name))
	if len(text) > most {
		q.fault(name, "longer than %d bytes", most)
	}
	return text
}

// number is a whole number from least to most; without one, otherwise.
func (q *query) number(name string, least, most, otherwise int64) int64 {
	text := q.text(name, 30)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		to := ""
		if most < math.MaxInt64 {
			to = fmt.Sprintf(" to %d", most)
		}
		q.fault(name, "%q is no whole number from %d%s", text, least, to)
		return otherwise
	}
	return n
}

// choice is one of some words; without one, empty.
func (q *query) choice(name string, words ...string) string {
	text := q.text(name, 100)
	if text != "" && !slices.Contains(words, text) {
		q.fault(name, "%q is none of %s", text, strings.Join(words, ", "))
	}
	return text
}

// time is a moment as desk.Moment reads it; zero without one.
func (q *query) time(name string, now time.Time) time.Time {
	t, err := desk.Moment(q.text(name, 40), now)
	if err != nil {
		q.fault(name, "%v", err)
	}
	return t
}

// err is everything that is wrong, as a RequestError; nil if nothing is. More are mistakes that were found elsewhere.
func (q *query) err(more ...error) error {
	all := make([]error, 0, len(q.wrong)+len(more))
	for _, w := range q.wrong {
		all = append(all, w)
	}
	for _, e := range more {
		all = append(all, problemsOf(e)...)
	}
	if len(all) == 0 {
		return nil
	}
	return &desk.RequestError{Err: errors.Join(all...)}
}

// Error implements error.
func (p parameterError) Error() string {
	if p.name == "" {
		return p.text
	}
	return p.name + ": " + p.text
}

// problemsOf are the errors that were joined to one.
func problemsOf(err error) []error {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}

// Strict makes an operation of the API refuse what its query string has too much, beside what is wrong with the values. It is exported so that
// reflection finds it.
type Strict struct{}

// Resolve implements huma.Resolver.
func (Strict) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	values, err := url.ParseQuery(u.RawQuery)
	var out []error
	if err != nil {
		out = append(out, &huma.ErrorDetail{Message: "the query string cannot be read: " + err.Error(), Location: "query"})
	}
	var known []string
	for _, p := range ctx.Operation().Parameters {
		if p.In == "query" {
			known = append(known, p.Name)
		}
	}
	for _, w := range surplus(values, known) {
		out = append(out, &huma.ErrorDetail{Message: w.text, Location: "query." + w.name, Value: strings.Join(values[w.name], ", ")})
	}
	return out
}
