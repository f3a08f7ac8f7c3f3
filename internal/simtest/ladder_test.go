package simtest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
)

// ladder reads the rungs of a transcript, one a line.
func ladder(t *testing.T, text string) []recovery.Rung {
	t.Helper()
	var out []recovery.Rung
	for line := range strings.Lines(text) {
		var r recovery.Rung
		for word := range strings.FieldsSeq(line) {
			key, v, _ := strings.Cut(word, "=")
			switch key {
			case "same":
				r.Same = true
			case "types":
				r.Types = strings.Split(v, ",")
			case "market":
				r.Market = emr.Market(v)
			case "bid":
				r.BidPrice = v
			case "after":
				r.After = span(t, v)
			case "max":
				n, err := strconv.Atoi(v)
				check(t, err)
				r.Max = n
			default:
				t.Fatalf("a rung knows no %q", key)
			}
		}
		out = append(out, r)
	}
	return out
}

// drawLadder draws a ladder for a random world: half of them are the default.
func drawLadder(pick func(int) int) []recovery.Rung {
	all := []recovery.Rung{
		{Same: true}, {Types: []string{"r5.xlarge", "c5.xlarge"}}, {Market: emr.OnDemand}, {Types: []string{"r5.xlarge", "m6g.xlarge"}, Market: emr.OnDemand},
		{Market: emr.Spot, BidPrice: "0.90"}, {Types: []string{"x9.unheard"}},
	}
	if pick(2) == 0 {
		return all[:1]
	}
	var out []recovery.Rung
	for range 1 + pick(4) {
		i := pick(len(all))
		r := all[i]
		all = append(all[:i:i], all[i+1:]...)
		r.After = []time.Duration{0, 0, 10 * time.Minute, 50 * time.Minute}[pick(4)]
		r.Max = []int{0, 0, 1, 4}[pick(4)]
		out = append(out, r)
	}
	return out
}
