package web

import (
	"fmt"
	"html/template"
	"strings"

	"emrguard/internal/view"
)

// turn is a turn of a story with what belongs to it.
type turn struct {
	view.Explained
	Day    string           // if another than that of the turn before
	Call   string           // as EMR got it; empty without one
	Answer string           // that EMR took it
	Failed []view.Explained // answers by which a call did not happen, or may not have
	Small  []view.Explained // bookkeeping
}

// part is a part of a story.
type part struct {
	Title string
	Turns []*turn
}

// callFact begins the fact that is the call.
const callFact = "call: "

// turns puts what belongs to a turn of a story under it.
func turns(sections []view.Section) []part {
	var out []part
	for _, s := range sections {
		p, of, day := part{Title: s.Title}, map[string]*turn{}, ""
		for _, e := range s.Events {
			if e.Under != "" {
				continue
			}
			t := &turn{Explained: e}
			if d := e.At.UTC().Format("2006-01-02"); d != day {
				t.Day, day = d, d
			}
			if len(e.Facts) > 0 && strings.HasPrefix(e.Facts[0], callFact) {
				t.Call, t.Facts = strings.TrimPrefix(e.Facts[0], callFact), e.Facts[1:]
			}
			p.Turns, of[e.ID] = append(p.Turns, t), t
		}
		for _, e := range s.Events {
			switch t := of[e.Under]; {
			case e.Under == "":
			case e.Bookkeeping && t.Call != "" && strings.HasPrefix(e.Kind, "answer."):
				t.Answer = e.Sentence
			case e.Bookkeeping:
				t.Small = append(t.Small, e)
			default:
				t.Failed = append(t.Failed, e)
			}
		}
		out = append(out, p)
	}
	return out
}

// saidMost is how many letters of a sentence a story shows at once. EMR's messages are shorter, as AWS documents them.
const saidMost = 600

// said is a sentence whose `commands` are shown as such. Of a very long one the beginning is shown, and all of it on demand; so it may not stand in a paragraph.
func said(text string) template.HTML {
	letters := []rune(text)
	if len(letters) <= saidMost {
		return marked(text)
	}
	return template.HTML(fmt.Sprintf(`%s… <details><summary>All of it</summary><p>%s</p></details>`, //nolint:gosec // escaped
		template.HTMLEscapeString(string(letters[:saidMost])), template.HTMLEscapeString(text)))
}
