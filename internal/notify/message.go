package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/phrase"
)

// Message is one notification: what happened in one scope, of one topic and severity, on one or many clusters. It is a sink's body as
// JSON, too: fields may be added, none is renamed or removed.
type Message struct {
	ID       string    `json:"id" doc:"of the message; a repetition has the same, so a receiver can tell it"`
	Created  time.Time `json:"created" doc:"when the message was made"`
	Severity Severity  `json:"severity" doc:"info, warning or critical"`
	Topic    string    `json:"topic" doc:"recovery, outside, termination, scaling, reading, orders, or test"`
	Scope    string    `json:"scope" doc:"name of the scope"`
	Title    string    `json:"title" doc:"the message in one line"`
	Text     string    `json:"text" doc:"the whole message for a person"`
	Kinds    []Count   `json:"kinds" doc:"what happened how often, in the order of first events"`
	Total    int       `json:"total" doc:"how many events there were in all"`
	Clusters int       `json:"clusters" doc:"on how many clusters"`
	AtLeast  bool      `json:"at_least,omitempty" doc:"true: there were more clusters than were counted"`
	Names    []string  `json:"names,omitempty" doc:"names of the first 20 of these clusters, ids where there is none"`

	Requested int `json:"requested,omitempty" doc:"instances that the groups whose recoveries began were asked for, in all"`
	Running   int `json:"running,omitempty" doc:"of these, those that ran"`

	From   time.Time `json:"from" doc:"of the first event"`
	To     time.Time `json:"to" doc:"of the last event"`
	Events []Event   `json:"events" doc:"the first few events"`
	Missed int       `json:"missed,omitempty" doc:"how many earlier messages to this sink were dropped because it could not be reached"`
}

// Count is how often something happened.
type Count struct {
	Kind  string `json:"kind" doc:"for example recovery.open"`
	What  string `json:"what" doc:"the same in words"`
	Count int    `json:"count" doc:"how often"`
}

// compose fills in Title and Text.
func (m *Message) compose() {
	m.Title = m.title()
	m.Text = m.text()
}

// title is the message in one line of plain text.
func (m *Message) title() string {
	what := "test"
	if len(m.Kinds) > 0 {
		what = m.Kinds[0].What
		if more := len(m.Kinds) - 1; more > 0 {
			what += fmt.Sprintf(", and %d other kinds of events", more)
			if more == 1 {
				what = m.Kinds[0].What + ", and " + m.Kinds[1].What
			}
		}
	}
	return fmt.Sprintf("[%s] %s: %s", m.Severity, m.about(), what)
}

// namedMost is how many clusters a title names.
const namedMost = 3

// about is what the message is about: one group with its figures, one cluster, or the first of many.
func (m *Message) about() string {
	var names []string
	for i := range m.Events {
		if e := &m.Events[i]; e.Cluster != "" && !slices.Contains(names, cmp.Or(e.ClusterName, e.Cluster)) {
			names = append(names, cmp.Or(e.ClusterName, e.Cluster))
		}
	}
	switch {
	case len(names) == 0:
		return cmp.Or(m.Scope, "emrguard")
	case m.Clusters == 1:
		text := fmt.Sprintf("%s (%s)", names[0], m.Scope)
		if e := &m.Events[0]; m.Total == 1 && e.part() != "" {
			text += e.part() + e.figures()
		}
		return text
	}
	count := phrase.Count(m.Clusters, "cluster")
	if m.AtLeast {
		count = "more than " + count
	}
	if m.Clusters > namedMost || len(names) < m.Clusters {
		names = append(names[:min(namedMost, len(names))], "…")
	}
	text := fmt.Sprintf("%s, %s (%s)", m.Scope, count, strings.Join(names, ", "))
	if missing := m.Requested - m.Running; missing > 0 {
		text += fmt.Sprintf(", %d instances missing", missing)
	}
	return text
}

// Facts say what happened how often, and that nothing was changed where nothing was.
func (m *Message) Facts() []string {
	var out []string
	if m.Total > 1 {
		for _, k := range m.Kinds {
			out = append(out, fmt.Sprintf("%s: %s", k.What, phrase.Times(k.Count)))
		}
	}
	if m.Clusters > 1 && m.Requested > 0 {
		out = append(out, fmt.Sprintf("%d of the %d instances of the groups whose recoveries began are missing", m.Requested-m.Running, m.Requested))
	}
	if m.Clusters > maxShown {
		text := "clusters: " + strings.Join(m.Names, ", ")
		if more := m.Clusters - len(m.Names); more > 0 {
			text += fmt.Sprintf(", and %d more", more)
		}
		out = append(out, text)
	}
	if m.unchanged() {
		out = append(out, "emrguard observes only, or runs dry: "+dryRun)
	}
	return out
}

// unchanged says whether all that the message tells was decided and not done.
func (m *Message) unchanged() bool {
	for _, k := range m.Kinds {
		if !strings.HasPrefix(k.Kind, "would.") {
			return false
		}
	}
	return len(m.Kinds) > 0
}

// Rest says what the message leaves out and where it is, and what was lost; empty if there is neither.
func (m *Message) Rest() []string {
	var out []string
	if more := m.Total - len(m.Events); more > 0 {
		kinds := make([]string, len(m.Kinds))
		for i, k := range m.Kinds {
			kinds[i] = k.Kind
		}
		slices.Sort(kinds)
		out = append(out, fmt.Sprintf("and %d more: emrguard history --scope %s --kind %s --since %s --until %s", more, m.Scope, strings.Join(slices.Compact(kinds), ","),
			m.From.UTC().Format(time.RFC3339), m.To.Add(time.Second).UTC().Format(time.RFC3339)))
	}
	if m.Clusters > maxShown && m.Topic == topicRecovery && m.Severity != Info && !m.unchanged() {
		out = append(out, fmt.Sprintf("to hold every change in the scope: emrguard pause --all --scope %s; emrguard resume --all --scope %s ends that", m.Scope, m.Scope))
	}
	switch {
	case m.Missed == 1:
		out = append(out, "1 earlier message to this receiver could not be delivered and was dropped; emrguard history has what it told")
	case m.Missed > 1:
		out = append(out, fmt.Sprintf("%d earlier messages to this receiver could not be delivered and were dropped; emrguard history has what they told", m.Missed))
	}
	return out
}

// Heading is where and when an event was.
func (e *Event) Heading() string {
	text := e.Scope
	if e.Cluster != "" {
		text = e.Cluster
		if e.ClusterName != "" {
			text = fmt.Sprintf("%s (%s)", e.ClusterName, e.Cluster)
		}
	}
	return text + e.part() + ", " + e.At.UTC().Format("2006-01-02 15:04 UTC")
}

// part is the group, or without one the pool, that the event is about, as the end of a heading.
func (e *Event) part() string {
	switch {
	case e.Group != "":
		return ", group " + cmp.Or(e.GroupLabel, e.Group)
	case e.Pool != "":
		return ", pool " + cmp.Or(e.PoolLabel, e.Pool)
	}
	return ""
}

// figures are how many run, as far as a title has to say it.
func (e *Event) figures() string {
	switch {
	case e.Requested > 0:
		return fmt.Sprintf(", %d of %d run", e.Running, e.Requested)
	case e.Stand != "":
		return ", " + e.Stand
	}
	return ""
}

// Lines are what happened, why, what has been done and follows, the way back, and the page that tells more, each with its heading.
func (e *Event) Lines() []Line {
	lines := []Line{{Head: "what", Text: e.What}, {Head: "why", Text: e.Why}}
	if e.Unchanged {
		lines[0].Text += "; " + dryRun
	}
	if e.Author != "" {
		lines[1].Text += " (by " + e.Author + ")"
	}
	for _, l := range []Line{{Head: "EMR says", Text: e.Cause}, {Head: "done", Text: e.Done}, {Head: "now", Text: e.Stand}, {Head: "next", Text: e.Next}} {
		if l.Text != "" {
			lines = append(lines, l)
		}
	}
	if e.Undo != "" {
		lines = append(lines, Line{Head: e.undoes(), Text: e.Undo, Note: e.Undoing})
	}
	if e.Page != "" {
		lines = append(lines, Line{Head: "page", Text: e.Page})
	}
	return lines
}

// undoes says what its command is to the event.
func (e *Event) undoes() string {
	switch verb := strings.Fields(e.Undo + " -")[1]; {
	case verb == "explain", verb == "status":
		return "more"
	case verb == "pause" && !strings.HasPrefix(e.Kind, "order."):
		return "to stop it"
	}
	return "way back"
}

// Line is one line of an event. If it has a note, its text is a command, and the note says what that does.
type Line struct{ Head, Text, Note string }

// text is the whole message as plain text.
func (m *Message) text() string {
	var b strings.Builder
	b.WriteString(m.Title + "\n")
	for _, f := range m.Facts() {
		b.WriteString(f + "\n")
	}
	for i := range m.Events {
		e := &m.Events[i]
		b.WriteString("\n" + e.Heading() + "\n")
		for _, l := range e.Lines() {
			fmt.Fprintf(&b, "  %s: %s\n", l.Head, l.Text)
			if l.Note != "" {
				fmt.Fprintf(&b, "    (%s)\n", l.Note)
			}
		}
	}
	if rest := m.Rest(); len(rest) > 0 {
		b.WriteString("\n" + strings.Join(rest, "\n") + "\n")
	}
	return b.String()
}

// TestMessage is a message that says that a sink can be reached. Its id is the caller's and should be new.
func TestMessage(id string, now time.Time) Message {
	m := Message{ID: id, Created: now.UTC(), Severity: Info, Topic: "test", Kinds: []Count{{Kind: "test", What: "this is a test of the notifications", Count: 1}}, Total: 1, From: now.UTC(), To: now.UTC()}
	m.Events = []Event{{ID: id, Kind: "test", Severity: Info, At: now.UTC(), Scope: "emrguard", What: "somebody ran emrguard notify test",
		Why: "to see that messages arrive; nothing happened on any cluster"}}
	m.compose()
	return m
}
