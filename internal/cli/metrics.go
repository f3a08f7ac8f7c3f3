package cli

import (
	"net/http"

	"emrguard/internal/telemetry"
)

// newMetrics returns what counts, and what serves it.
func newMetrics(string) (telemetry.Metrics, http.Handler) { return nil, http.NotFoundHandler() }
