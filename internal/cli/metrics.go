package cli

import (
	"net/http"

	"emrguard/internal/telemetry/metrics"
)

// newMetrics returns what counts, and what serves it.
func newMetrics(version string) (*metrics.Metrics, http.Handler) {
	m := metrics.New(version)
	return m, m.Handler()
}
