package web

import (
	"strings"
	"testing"

	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// A scope that is only observed says so once, and not twice in each row.
func TestTheOverviewSaysOnceWhatItOnlyObserves(t *testing.T) {
	l := newLab(t, memory.New("abcdefgh"), mustParse(t, oneScope))
	body := `{"cluster":{"id":"j-1","name":"etl","state":"WAITING"},"pools":[],"groups":[],"withheld":"mode observe by emrguard.yaml:4","read":"2026-01-05T12:00:00Z"}`
	crowd(t, l.store, []store.Document{{Key: store.Key{Scope: "prod", Cluster: "j-1"}, Body: store.Text(body)}}, 20)
	page := l.page("/").Body.String()
	if n := strings.Count(page, "mode observe by emrguard.yaml:4"); n != 1 || !strings.Contains(page, "all 20 clusters are only observed (mode observe by emrguard.yaml:4), and what emrguard would do is in the history") {
		t.Errorf("said %d times:\n%s", n, page)
	}
	if n := strings.Count(page, `<span class="chip c-observed">`); n < 20 {
		t.Errorf("%d of 20 rows show that they are observed", n)
	}
	if page := l.page("/clusters/prod/j-CROWD000000").Body.String(); !strings.Contains(page, "observed only: mode observe by emrguard.yaml:4") {
		t.Errorf("the page of one cluster does not say why:\n%s", page)
	}
}
