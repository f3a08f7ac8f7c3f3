package usefulness

import (
	"strings"
	"testing"
	"time"
)

func TestBlock(t *testing.T) {
	page := "a\n<!-- x -->\nold\n<!-- /x -->\nb\n"
	got, err := block(page, "x", "new\n")
	if err != nil || got != "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n" {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", "<!-- x -->\n", "<!-- /x -->\n<!-- x -->\n"} {
		if _, err := block(bad, "x", ""); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		got, want string
	}{
		{count(0), "0"}, {count(999.6), "1,000"}, {count(-1234567), "-1,234,567"}, {count(-0.2), "0"}, {money(1999.6, 0), "$2,000"}, {money(0.3226, 2), "$0.32"},
		{short(0), "0 m"}, {short(-90 * time.Second), "-2 m"}, {short(time.Hour), "1 h"}, {short(61 * time.Minute), "1 h 1 m"}, {px(12.04), "12"}, {px(0.25), "0.2"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	d := delays{sorted: []time.Duration{1, 2, 3, 4}}
	if d.at(0.5) != 2 || d.at(0.75) != 3 || d.at(1) != 4 || d.at(0) != 1 {
		t.Errorf("quantiles %d %d %d %d", d.at(0.5), d.at(0.75), d.at(1), d.at(0))
	}
}

// The drawing is one element, and what is drawn lies on it.
func TestPlot(t *testing.T) {
	x := day(1)
	ref, results := x.runs(script, withSame)
	got := plot(ref, results, x.spells)
	for _, want := range []string{"<svg xmlns", "<title>", "prefers-color-scheme: dark", "emrguard, recovery with same", "</svg>\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the drawing has no %q", want)
		}
	}
	for _, bad := range []string{"NaN", "Inf", "`", "%!"} {
		if strings.Contains(got, bad) {
			t.Errorf("the drawing has %q", bad)
		}
	}
}
