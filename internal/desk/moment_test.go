package desk

import (
	"strings"
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	now := time.Date(2026, 1, 5, 14, 5, 30, 0, time.UTC)
	for text, want := range map[string]string{
		"": "0001-01-01T00:00:00Z", "2026-01-04T10:00:00Z": "2026-01-04T10:00:00Z", "2026-01-04T10:00:00+02:00": "2026-01-04T08:00:00Z", "2026-01-04T10:00:00.5Z": "2026-01-04T10:00:00Z",
		"2026-01-04T10:00": "2026-01-04T10:00:00Z", "2026-01-04 10:00": "2026-01-04T10:00:00Z", "2026-01-04 10:00:07": "2026-01-04T10:00:07Z", "2026-01-04": "2026-01-04T00:00:00Z",
		"09:30": "2026-01-05T09:30:00Z", "09:30:10": "2026-01-05T09:30:10Z", "2h": "2026-01-05T12:05:30Z", "7d": "2025-12-29T14:05:30Z", "1d12h": "2026-01-04T02:05:30Z",
	} {
		if got, err := Moment(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%q is %s, %v, want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
	for _, text := range []string{"soon", "-2h", "2026-13-01", "25:00", "99999999d", "2026-01-04T10:00:00 02:00", "1d-2h"} {
		_, err := Moment(text, now)
		if err == nil || !strings.Contains(err.Error(), `is no time; write 14:05, 2026-01-05, 2026-01-05T14:05:00Z (RFC 3339; UTC unless it says otherwise) or an age such as 2h or 7d`) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestInOrder(t *testing.T) {
	early, late := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)
	for _, open := range [][2]time.Time{{early, late}, {{}, early}, {late, {}}, {}} {
		if err := InOrder(open[0], open[1]); err != nil {
			t.Errorf("%v: %v", open, err)
		}
	}
	const want = "the period begins at 2026-01-06T00:00:00Z, which is not before its end, 2026-01-05T00:00:00Z; give the earlier time first"
	if err := InOrder(late, early); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if InOrder(early, early) == nil {
		t.Error("a period without any time is taken")
	}
}
