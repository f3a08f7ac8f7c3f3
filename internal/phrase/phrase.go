// Package phrase writes counts and durations as people read them, for the reasons of decisions, pages, commands and messages.
package phrase

import (
	"fmt"
	"strings"
	"time"
)

// Count is a number with its noun, which is given in the singular: "1 recovery", "2 recoveries".
func Count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "cy"), strings.HasSuffix(noun, "ry"): // not "day"
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Times is how often: "once", "2 times".
func Times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// Was is "was" or "were".
func Was(n int) string { return verb(n, "was", "were") }

// Are is "is" or "are".
func Are(n int) string { return verb(n, "is", "are") }

// Have is "has" or "have".
func Have(n int) string { return verb(n, "has", "have") }

// Run is "runs" or "run".
func Run(n int) string { return verb(n, "runs", "run") }

func verb(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// Duration is d without the zero parts at its end, as a configuration has it: "30m", "2h", "1h0m10s".
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
