package view

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/phrase"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// inputs is the part of a record's data that people are told. What the guard adds later is passed over; programs get the data
// whole.
type inputs struct {
	Inputs *struct {
		Read      time.Time `json:"read"`
		Wanted    *int      `json:"wanted"`
		Requested int       `json:"requested"`
		Members   []struct {
			Group     emr.GroupID    `json:"group"`
			State     emr.GroupState `json:"state"`
			Requested int            `json:"requested"`
			Running   int            `json:"running"`
			Since     time.Time      `json:"missing_since"`
			Until     time.Time      `json:"banned_until"`
			Moved     int            `json:"moved"`
		} `json:"members"`
	} `json:"inputs"`
	Call      json.RawMessage    `json:"call"`
	Error     *emr.Error         `json:"error"`
	Settings  *recovery.Settings `json:"settings"`
	Shortfall []ledger.Entry     `json:"shortfall"`
	Reasons   []string           `json:"reasons"`
	Cause     *recovery.Why      `json:"cause"`
	Rejected  []pool.Rejection   `json:"rejected"`
	Number    int                `json:"number"`
	Took      string             `json:"took"`

	Ask    *scaling.Ask `json:"ask"`
	Others []struct {
		Ask    scaling.Ask `json:"ask"`
		WhyNot string      `json:"why_not"`
	} `json:"others"`
	Wanted *int            `json:"wanted"`
	Bounds *scaling.Bounds `json:"bounds"`
	Due    time.Time       `json:"due"`
}

// facts are sentences about what a record was made on.
func facts(e Event, label func(emr.GroupID) string) []string {
	var in inputs
	if len(e.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(e.Data, &in); err != nil {
		return []string{"the inputs of this record cannot be read: " + err.Error()}
	}
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	var call emr.Call
	if len(in.Call) > 0 && in.Call[0] == '{' && json.Unmarshal(in.Call, &call) == nil {
		add("call: %s", call)
	}
	if in.Error != nil && !strings.HasPrefix(e.Kind, "answer.") { // which say it
		add("error: %s", in.Error.Error())
	}
	if in.Number > 1 {
		add("number %d in a row without a completed resize", in.Number)
	}
	if s := in.Settings; s != nil {
		add("settings: after %s, ban %s, pace %s, settle %s, chain %d, max_groups %d", Span(s.After), Span(s.Ban), Span(s.Pace), Span(s.Settle), s.Chain, s.MaxGroups)
	}
	switch {
	case in.Cause == nil || in.Cause.Cause == recovery.Unknown || e.Kind == "recovery.cause": // which says it
	case e.Recovery != "": // one of its records has EMR's words
		add("cause: %s", in.Cause.Cause)
	default:
		add("cause: %s", in.Cause)
	}
	for _, r := range in.Rejected {
		add("passed over: %s", rejected(r, label))
	}
	for _, entry := range in.Shortfall {
		add("%d missing since %s by %s, dated by %s", entry.Count, second(entry.Since), entry.Cause, entry.By)
	}
	for i, r := range in.Reasons {
		if i > 0 { // the first is the record's reason
			add("%s%s", also, r)
		}
	}
	if i := in.Inputs; i != nil && i.Wanted != nil {
		add("made on the read of %s: the pool wanted %d, %d %s asked for", second(i.Read), *i.Wanted, i.Requested, phrase.Was(i.Requested))
		for _, m := range i.Members {
			text := fmt.Sprintf("%s: %s, %d of %d ran", label(m.Group), m.State, m.Running, m.Requested)
			if !m.Since.IsZero() {
				text += ", missing since " + second(m.Since)
			}
			if !m.Until.IsZero() {
				text += ", banned until " + second(m.Until)
			}
			if m.Moved > 0 {
				text += fmt.Sprintf(", %d placed elsewhere", m.Moved)
			}
			add("  %s", text)
		}
	}
	out = append(out, in.asks(e)...)
	if in.Took != "" {
		add("it took %s", in.Took)
	}
	return out
}

// asks tells what a scaling decision was chosen from.
func (in inputs) asks(e Event) []string {
	if in.Ask == nil {
		return nil
	}
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if in.Wanted != nil && in.Bounds != nil {
		add("the pool wanted %d and may want %d to %d", *in.Wanted, in.Bounds.Min, in.Bounds.Max)
	}
	if late := e.At.Sub(in.Due); !in.Due.IsZero() && late >= time.Minute {
		add("it was due at %s and waited for %s", second(in.Due), Span(late))
	}
	tell := func(what string, ask scaling.Ask, reason string) {
		add("%s %s asks for %d: %s", what, ask.By, ask.Target, reason)
		for _, e := range ask.Evidence {
			points := make([]string, 0, len(e.Points))
			for _, p := range e.Points {
				points = append(points, second(p.At)+" "+strconv.FormatFloat(p.Value, 'f', -1, 64))
			}
			add("  %s: %s", e.Condition, strings.Join(points, ", "))
		}
	}
	what := "followed:"
	switch e.Kind {
	case "would.scale":
		what = "would be followed:"
	case "scaling.deferred":
		what = "waits:"
	}
	tell(what, *in.Ask, in.Ask.Reason)
	for _, o := range in.Others {
		tell("not followed:", o.Ask, o.WhyNot)
	}
	return out
}

// rejected says why a place was passed over.
func rejected(r pool.Rejection, label func(emr.GroupID) string) string {
	if r.Group != "" {
		return label(r.Group) + ": " + r.Reason
	}
	return r.String()
}

// also begins a further reason of a record.
const also = "also: "

func second(t time.Time) string { return t.UTC().Format("15:04:05") }

// titled is a group's label with its id.
func titled(label string, id emr.GroupID) string {
	if label == string(id) || label == "" {
		return string(id)
	}
	return fmt.Sprintf("%s (%s)", label, id)
}

// wrap puts the lines of a text below one another, each after the same indent.
func wrap(indent, text string) string {
	return indent + strings.ReplaceAll(text, "\n", "\n"+indent)
}
