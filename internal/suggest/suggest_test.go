package suggest

import "testing"

func TestDidYouMean(t *testing.T) {
	words := []string{"ban", "cluster", "group", "reserve_slots"}
	for word, want := range map[string]string{
		"Cluster":      `did you mean "cluster"?`,
		"gruop":        `did you mean "group"?`,
		"groups":       `did you mean "group"?`,
		"reserveSlots": `did you mean "reserve_slots"?`,
		"colour":       "known here: ban, cluster, group, reserve_slots",
	} {
		if got := DidYouMean(word, words); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
	if got := Nearest("", words); got != "" {
		t.Errorf("nothing is near %q", got)
	}
}
