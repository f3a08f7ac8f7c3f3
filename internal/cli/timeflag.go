package cli

import (
	"time"

	"emrguard/internal/desk"
)

// parseTime reads the time that a flag gives, as the page and the API do. An empty text is the zero time.
func parseTime(flag, text string, now time.Time) (time.Time, error) {
	t, err := desk.Moment(text, now)
	if err != nil {
		return t, usageError("--%s: %w", flag, err)
	}
	return t, nil
}
