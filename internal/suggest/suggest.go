// Package suggest finds which word was meant by one that is not known, for the errors of the configuration, of the API and of searches.
package suggest

import (
	"slices"
	"strings"
)

// Nearest returns the candidate a misspelt word most likely stands for, or "". Upper case, hyphens and missing
// underscores are no difference; otherwise about one wrong letter in three is forgiven, or a missing or added end.
func Nearest(word string, candidates []string) string {
	plain := func(s string) string {
		return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
	}
	if len(word) > 64 {
		return ""
	}
	best, bestDistance := "", 0
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		a, b := plain(word), plain(c)
		if a == b {
			return c
		}
		d := distance(a, b)
		if short := min(len(a), len(b)); short > 2 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
			d = 1
		}
		if d > max(1, min(len(a), len(b))/3) {
			continue
		}
		if best == "" || d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance counts the insertions, removals, changes and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(s)][len(t)]
}

// DidYouMean is the end of a message about an unknown word: the likely candidate, else all of them.
func DidYouMean(word string, candidates []string) string {
	if c := Nearest(word, candidates); c != "" {
		return `did you mean "` + c + `"?`
	}
	return "known here: " + strings.Join(candidates, ", ")
}
