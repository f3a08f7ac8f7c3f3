package view

import (
	"fmt"
	"time"
)

// Clock is a time of day in UTC, with the date when it is not within a day of now.
func Clock(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	if d := now.Sub(t); d > 24*time.Hour || d < -24*time.Hour {
		return t.UTC().Format("2006-01-02 15:04")
	}
	return t.UTC().Format("15:04")
}

// Since is a time and how long ago it was, for example "00:41 (36m)".
func Since(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return Clock(t, now) + " (" + Span(now.Sub(t)) + ")"
}

// Until is a time and how far ahead it is, for example "02:41 (in 1h24m)".
func Until(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	if !t.After(now) {
		return Clock(t, now) + " (over)"
	}
	return Clock(t, now) + " (in " + Span(t.Sub(now)) + ")"
}

// due is a time at which something is due and how far ahead it is, and "now" when it has come.
func due(t, now time.Time) string {
	if !t.IsZero() && !t.After(now) {
		return "now"
	}
	return Until(t, now)
}

// Span is a length of time for people: "45s", "36m", "1h05m", "2h", "2d3h", "7d". Negative lengths count as 0.
func Span(d time.Duration) string {
	d = max(0, d).Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 24*time.Hour && d%time.Hour < time.Minute:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	if d%(24*time.Hour) < time.Hour {
		return fmt.Sprintf("%dd", int(d.Hours())/24)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

// Word says what kind of thing a record of the history is: seen, decided, called, answered, done or asked.
func Word(kind string) string {
	class, what := kind, ""
	for i := range len(kind) {
		if kind[i] == '.' {
			class, what = kind[:i], kind[i+1:]
			break
		}
	}
	switch class {
	case "call":
		return "called"
	case "answer":
		return "answered"
	case "order":
		return "asked"
	case "recovery":
		if what == "cause" {
			return "seen"
		}
		if what != "open" && what != "step" {
			return "done"
		}
		return "decided"
	case "ban", "scaling", "termination", "would":
		return "decided"
	case "pool":
		if what == "rest" || what == "rested" || what == "blocked" || what == "unblocked" || what == "contested" {
			return "decided"
		}
	case "cluster":
		if what == "withheld" {
			return "decided"
		}
	}
	return "seen"
}
