package web

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// dated is a writer that notes the deadlines it is given.
type dated struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (d *dated) SetWriteDeadline(at time.Time) error {
	d.deadlines = append(d.deadlines, at)
	return nil
}

// TestExportsDoNotWaitForReaders holds that a reader that takes no data loses its place soon, however long the export may take.
func TestExportsDoNotWaitForReaders(t *testing.T) {
	guarded(t, 40*time.Minute, func(l *lab) {
		w := &dated{ResponseRecorder: httptest.NewRecorder()}
		l.server.ServeHTTP(w, l.request("GET", "/api/v1/history.ndjson", ""))
		if rows := strings.Count(w.Body.String(), "\n"); rows == 0 || len(w.deadlines) != rows {
			t.Errorf("%d deadlines for %d rows", len(w.deadlines), rows)
		}
		for _, at := range w.deadlines {
			if at.After(time.Now().Add(writeIn)) {
				t.Fatalf("a write may take until %s, at %s", at, time.Now())
			}
		}
	})
}
