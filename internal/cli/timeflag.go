package cli

import (
	"strconv"
	"strings"
	"time"
)

// timeForms are the ways to write a time on the command line, in UTC unless it says otherwise.
var timeForms = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

// parseTime reads a time: one of timeForms, a time of the present day, or an age. An empty text is the zero time.
func parseTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if age, ok := parseAge(text); ok {
		return now.Add(-age), nil
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	if of, ok := timeOfDay(text); ok {
		return now.UTC().Truncate(24 * time.Hour).Add(of), nil
	}
	return time.Time{}, usageError("--%s: %q is no time; write 14:05, 2026-01-05, 2026-01-05T14:05:00Z or an age such as 2h or 7d", flag, text)
}

// parseAge reads a length of time: one of Go's, or days, or days and one of Go's, such as 7d or 1d12h.
func parseAge(text string) (time.Duration, bool) {
	days := 0
	if before, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.Atoi(before)
		if err != nil || n < 0 || n > 36500 {
			return 0, false
		}
		days, text = n, after
		if text == "" {
			text = "0s"
		}
	}
	rest, err := time.ParseDuration(text)
	if err != nil || rest < 0 {
		return 0, false
	}
	return time.Duration(days)*24*time.Hour + rest, true
}

// timeOfDay reads a time of day, as the time since midnight.
func timeOfDay(text string) (time.Duration, bool) {
	for _, form := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(form, text); err == nil {
			return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second, true
		}
	}
	return 0, false
}
