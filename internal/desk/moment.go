package desk

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// momentForms are the ways to write a date with or without a time, in UTC unless it says otherwise.
var momentForms = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

// Moment reads a time as people write it, the same on the page, in the API and in the commands: a date, a date and a time, a time of the present day,
// all in UTC unless RFC 3339's offset says otherwise, or how long ago it was (2h, 7d, 1d12h). Its error says so, with examples. An empty text is the
// zero time.
func Moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if age, ok := parseAge(text); ok {
		return now.Add(-age), nil
	}
	for _, form := range momentForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	if of, ok := TimeOfDay(text); ok {
		return now.UTC().Truncate(24 * time.Hour).Add(of), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 14:05, 2026-01-05, 2026-01-05T14:05:00Z (RFC 3339; UTC unless it says otherwise) or an age such as 2h or 7d", text)
}

// TimeOfDay reads a time of day, such as 14:05 or 14:05:30, as the time since midnight.
func TimeOfDay(text string) (time.Duration, bool) {
	for _, form := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(form, text); err == nil {
			return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second, true
		}
	}
	return 0, false
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

// InOrder says what is wrong with a period that does not begin before it ends. A zero time is open: nothing is wrong with it.
func InOrder(from, to time.Time) error {
	if from.IsZero() || to.IsZero() || from.Before(to) {
		return nil
	}
	return fmt.Errorf("the period begins at %s, which is not before its end, %s; give the earlier time first", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
}
