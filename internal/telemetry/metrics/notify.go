package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"emrguard/internal/notify"
)

// The metrics of the notifications.
var (
	notices       = metric{"notifications_total", counter, []string{"sink", "result"}, "what became of notifications, by sink and result: sent, failed (tried again), refused (by the receiver; tried again about every ten minutes), dropped (too old, or too many waited), fault (of the notifier itself, without a sink)"}
	noticeTime    = metric{"notification_duration_seconds", histogram, []string{"sink"}, "real time of one attempt to deliver a notification"}
	noticePending = metric{"notifications_pending", gauge, []string{"sink"}, "notifications that the sink has not taken yet; absent while another process sends"}
	noticeOldest  = metric{"notifications_oldest_pending_seconds", gauge, []string{"sink"}, "age of the oldest of them; 0 without one"}
)

// notified counts notifications.
type notified struct {
	total           *prometheus.CounterVec
	took            *prometheus.HistogramVec
	pending, oldest *prometheus.GaugeVec
}

func newNotified(r prometheus.Registerer) *notified {
	return &notified{
		total: notices.counterVec(r), took: noticeTime.histogramVec(r, []float64{0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20}),
		pending: noticePending.gaugeVec(r), oldest: noticeOldest.gaugeVec(r),
	}
}

// Notified counts what became of a notification.
func (m *Metrics) Notified(o notify.Outcome) {
	m.notices.total.WithLabelValues(o.Sink, string(o.Result)).Inc()
	if o.Result == notify.Sent || o.Result == notify.Failed || o.Result == notify.Denied {
		m.notices.took.WithLabelValues(o.Sink).Observe(o.Took.Seconds())
	}
}

// Waiting shows what was not delivered at now.
func (m *Metrics) Waiting(sinks []notify.Waiting, now time.Time) {
	m.notices.pending.Reset()
	m.notices.oldest.Reset()
	for _, s := range sinks {
		m.notices.total.WithLabelValues(s.Sink, string(notify.Dropped)) // begins at 0, for the alert on it
		m.notices.pending.WithLabelValues(s.Sink).Set(float64(s.Pending))
		age := time.Duration(0)
		if !s.Oldest.IsZero() {
			age = max(0, now.Sub(s.Oldest))
		}
		m.notices.oldest.WithLabelValues(s.Sink).Set(age.Seconds())
	}
}
