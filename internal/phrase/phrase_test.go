package phrase

import (
	"testing"
	"time"
)

func TestPhrases(t *testing.T) {
	for want, got := range map[string]string{
		"0 instances": Count(0, "instance"), "1 instance": Count(1, "instance"), "2 recoveries": Count(2, "recovery"), "1 policy": Count(1, "policy"),
		"3 policies": Count(3, "policy"), "7 days": Count(7, "day"), "once": Times(1), "2 times": Times(2), "is": Are(1), "were": Was(0), "have": Have(2), "runs": Run(1),
		"30m": Duration(30 * time.Minute), "2h": Duration(2 * time.Hour), "1h0m10s": Duration(time.Hour + 10*time.Second), "0s": Duration(0),
		"10s": Duration(10 * time.Second), "20h": Duration(20 * time.Hour), "1m30s": Duration(90 * time.Second), "-10m": Duration(-10 * time.Minute),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
