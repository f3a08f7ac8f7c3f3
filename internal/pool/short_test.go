package pool

import (
	"testing"
	"time"
)

// TestShortDated: an instance that was missing longer dates the shortfall, unless it was missing while the pool was whole.
func TestShortDated(t *testing.T) {
	whole := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	short := Short{Since: whole.Add(5 * time.Minute), Whole: whole}
	for minutes, want := range map[int]int{-10: 5, 0: 0, 3: 3, 7: 5} {
		if got := short.Dated(whole.Add(time.Duration(minutes) * time.Minute)); got.Since.Sub(whole) != time.Duration(want)*time.Minute || !got.Whole.Equal(whole) {
			t.Errorf("%d minutes: %+v", minutes, got)
		}
	}
}
