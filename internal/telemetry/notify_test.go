package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/notify"
)

// noticed counts what it was told.
type noticed struct{ outcomes, looks int }

func (n *noticed) Notified(notify.Outcome)             { n.outcomes++ }
func (n *noticed) Waiting([]notify.Waiting, time.Time) { n.looks++ }

// TestNotificationsLog: each result has its line and level; what repeats itself is written once a minute and counted always.
func TestNotificationsLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		count := &noticed{}
		n := NewNotifications(NewLogger(&b, FormatText, new(slog.LevelVar)), count)
		down := errors.New("connection refused")
		n.Notified(notify.Outcome{Sink: "ops", Message: "n-1", Result: notify.Sent})
		for range 5 {
			n.Notified(notify.Outcome{Sink: "ops", Message: "n-2", Result: notify.Failed, Err: down, Wait: 5 * time.Second})
		}
		n.Notified(notify.Outcome{Sink: "ops", Message: "n-3", Result: notify.Denied, Err: errors.New("403")})
		n.Notified(notify.Outcome{Sink: "ops", Message: "n-4", Result: notify.Dropped, Err: errors.New("too old")})
		n.Notified(notify.Outcome{Result: notify.Fault, Err: errors.New("the store is full")})
		time.Sleep(2 * time.Minute)
		n.Notified(notify.Outcome{Sink: "ops", Message: "n-2", Result: notify.Failed, Err: down, Wait: time.Minute})
		n.Waiting(nil, time.Now())
		var got []string
		for line := range strings.Lines(b.String()) {
			_, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			got = append(got, rest)
		}
		want := []string{
			"level=INFO msg=notify.sent sink=ops message=n-1",
			`level=WARN msg=notify.failed sink=ops message=n-2 again_in=5s error="connection refused"`,
			"level=ERROR msg=notify.refused sink=ops message=n-3 error=403",
			`level=ERROR msg=notify.dropped sink=ops message=n-4 error="too old"`,
			`level=ERROR msg=notify.fault error="the store is full"`,
			`level=WARN msg=notify.failed sink=ops message=n-2 again_in=1m0s error="connection refused" repeated=4`,
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the log is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if count.outcomes != 10 || count.looks != 1 {
			t.Errorf("%+v", count)
		}
	})
}
