package web

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"emrguard/internal/desk"
	"emrguard/internal/view"
)

func urlQuery(text string) string { return url.QueryEscape(text) }

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
	"confirm": confirmURL, "recovery": recoveryURL, "asset": assetURL, "icon": iconURL, "copy": copied, "dotted": dotted,
	"zero":  func(t time.Time) bool { return t.IsZero() },
	"wrap":  following,
	"hours": func(h float64) string { return fmt.Sprintf("%.1f", h) },
	"money": func(x float64) string { return fmt.Sprintf("%.2f", x) },
	"n":     func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) },
	"notes": notes, "marked": marked, "matter": matter, "changing": changing, "short": short, "said": said,
	"join":    strings.Join,
	"oneline": func(cell string) string { return strings.ReplaceAll(cell, "\n", "; ") },
	"capital": capital,
}).ParseFS(templateFiles, "templates/*.html"))

// capital is a sentence with a capital at its beginning.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

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

// state is a word for what is the matter, as a chip shows it.
type state struct {
	Class, Word string
	Until, Now  time.Time // until when it holds, if that is known
}

// matter is what is the matter with a cluster.
func matter(c view.ClusterStatus, now time.Time) []state {
	if c.LastRead.IsZero() && len(c.Conditions) == 0 {
		return []state{{Class: "observed", Word: "not read yet"}}
	}
	var out []state
	if !slices.ContainsFunc(c.Conditions, func(word string) bool { return word != "banned" }) { // a ban alone costs it no instance
		out = append(out, state{Class: "whole", Word: "whole"})
	}
	for _, word := range c.Conditions {
		out = append(out, changing(word, c.ResizeUntil, now)...)
	}
	return out
}

// changing is how a capacity change stands, or any other word for what is the matter; none for an empty word.
func changing(word string, until, now time.Time) []state {
	switch word {
	case "":
		return nil
	case view.Resizing:
		return []state{{Class: word, Word: word, Until: until, Now: now}}
	}
	return []state{{Class: word, Word: word}}
}

// short is the class of a count by how it stands with what is missing: red when somebody should know, amber while a resize is within its time.
func short(shortfall string) string {
	switch shortfall {
	case "":
		return ""
	case view.Resizing:
		return " coming"
	}
	return " short"
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
