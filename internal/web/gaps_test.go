package web

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"emrguard/internal/store"
	"emrguard/internal/store/memory"
	"emrguard/internal/view"
)

// What is not known is no 0 in the chart: a bar stands for it, with words for those who do not see it.
func TestTheChartShowsWhatIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, memory.New("abcdefgh"), mustParse(t, oneScope))
		ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
		seen := func(id, cluster string, at time.Time) store.Record {
			return store.Record{Key: store.Key{Scope: "prod", Cluster: cluster}, ID: id, At: at, Kind: "group.seen", Group: "ig-" + cluster, Pool: "ig-" + cluster,
				Data: []byte(`{"requested":10,"running":10,"created":"1999-01-01T00:00:00Z"}`)}
		}
		lease, err := l.store.Acquire(t.Context(), "prod", "guard", "", time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.store.Save(t.Context(), store.Save{Lease: lease, Records: []store.Record{
			seen("1", "j-1", ago(6*time.Hour)), seen("2", "j-2", ago(6*time.Hour-3*time.Minute)),
			{Key: store.Key{Scope: "prod"}, ID: "3", At: ago(4 * time.Hour), Kind: "scope.unwatched"}, {Key: store.Key{Scope: "prod"}, ID: "4", At: ago(160 * time.Minute), Kind: "scope.watched"},
		}}); err != nil {
			t.Fatal(err)
		}
		body := l.page("/").Body.String()
		for _, want := range []string{"20 of 20 run; nothing was missing since 18:03 (5h57m). From 20:00 to 21:20 (1h20m): not watched.", `<rect class="gap"`, `<i class="k-gap"></i>not known`} {
			if !strings.Contains(body, want) {
				t.Errorf("no %q on the page:\n%s", want, body)
			}
		}
		c := ask[view.Capacity](l, "GET", "/api/v1/capacity?points=10", "")
		if len(c.Points) != 1 || c.Points[0].Running != 20 || len(c.Gaps) != 1 || c.Gaps[0].To.Sub(c.Gaps[0].From) != 80*time.Minute {
			t.Errorf("the API has %+v", c)
		}
		if body := l.page("/report").Body.String(); !strings.Contains(body, "not watched: 1h20m") {
			t.Errorf("the report does not say what was not watched:\n%s", body)
		}
		if body := l.page("/costs").Body.String(); !strings.Contains(body, "not watched: 1h20m") {
			t.Errorf("the costs do not say what was not watched:\n%s", body)
		}
	})
}
