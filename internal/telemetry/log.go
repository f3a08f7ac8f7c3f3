// Package telemetry makes what emrguard does visible: the log, health and readiness, and the listener that serves them together with
// the metrics of telemetry/metrics.
//
// An Observer is told by the run loop; everything here may be read from other goroutines meanwhile. It decides nothing.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"emrguard/internal/engine"
	"emrguard/internal/store"
)

// The formats of a log.
const (
	FormatText = "text"
	FormatJSON = "json"
)

// NewLogger returns a logger that writes lines to w in a format, text or json; level may be changed while it is in use.
func NewLogger(w io.Writer, format string, level *slog.LevelVar) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == FormatText {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

// ParseLevel reads debug, info, warn or error.
func ParseLevel(s string) (slog.Level, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(s)); err != nil {
		return 0, fmt.Errorf("log level %q is none of debug, info, warn and error", s)
	}
	return l, nil
}

// levels are the kinds of records that are not of level info. A kind that ends in "." stands for all that begin with it; the
// longest match counts.
var levels = map[string]slog.Level{
	"group.": slog.LevelDebug, "group.made": slog.LevelInfo, "group.twin": slog.LevelWarn, "group.foreign": slog.LevelWarn,
	"recovery.open": slog.LevelWarn, "recovery.rested": slog.LevelWarn, "recovery.blocked": slog.LevelWarn, "recovery.reported": slog.LevelWarn,
	"pool.blocked": slog.LevelWarn, "pool.contested": slog.LevelWarn, "pool.rest": slog.LevelWarn, "pool.rebuilt": slog.LevelWarn,
	"would.": slog.LevelWarn, "order.refused": slog.LevelWarn,
	"read.unusable": slog.LevelWarn, "clock.": slog.LevelWarn, "api.": slog.LevelWarn, "cluster.withheld": slog.LevelWarn,
	"clock.agrees": slog.LevelInfo, "scope.denied": slog.LevelWarn, "scope.unread": slog.LevelWarn, "scope.unwatched": slog.LevelWarn, "scope.watched": slog.LevelWarn, "scope.broken": slog.LevelWarn, "events.unread": slog.LevelWarn,
	"sweep.late": slog.LevelWarn, "metrics.unread": slog.LevelWarn, "termination.": slog.LevelWarn, "scaling.dropped": slog.LevelWarn,
}

// levelOf is the importance of a kind of record.
func levelOf(kind string) slog.Level {
	if l, ok := levels[kind]; ok {
		return l
	}
	class, _, _ := strings.Cut(kind, ".")
	return levels[class+"."] // info without an entry
}

// recordAttrs are the parts of a record that are there. The message of its line is its kind.
func recordAttrs(r store.Record) []slog.Attr {
	attrs := []slog.Attr{slog.Time("at", r.At.UTC()), slog.String("scope", r.Scope)}
	for _, a := range []struct{ key, value string }{
		{"cluster", r.Cluster}, {"group", r.Group}, {"pool", r.Pool}, {"recovery", r.Recovery}, {"reason", r.Reason}, {"author", r.Author}, {"id", r.ID},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if len(r.Data) > 0 && string(r.Data) != "null" {
		attrs = append(attrs, slog.Any("data", r.Data))
	}
	return attrs
}

// repeatAfter is how long the same fault is not written again.
const repeatAfter = time.Minute

// maxFaults bounds how many different faults are remembered; beyond it all are forgotten, and written again.
const maxFaults = 1000

// faultLog keeps a fault that happens at every step from filling the log.
type faultLog struct {
	seen map[string]*faultSeen
}

type faultSeen struct {
	written time.Time
	more    int // since then
}

// admit says whether a fault is to be written now, and how often it happened unwritten before.
func (l *faultLog) admit(f engine.Fault, now time.Time) (more int, ok bool) {
	key := f.Scope + "\x00" + f.Cluster + "\x00" + f.Err.Error()
	s := l.seen[key]
	if s == nil {
		if l.seen == nil || len(l.seen) >= maxFaults {
			l.seen = map[string]*faultSeen{}
		}
		l.seen[key] = &faultSeen{written: now}
		return 0, true
	}
	if now.Sub(s.written) < repeatAfter {
		s.more++
		return 0, false
	}
	more = s.more
	s.written, s.more = now, 0
	return more, true
}
