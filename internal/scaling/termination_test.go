package scaling

import (
	"testing"
	"time"

	"emrguard/internal/emr"
)

// idle is a policy that holds when for two periods nothing runs and nothing waits.
func idle() TerminationPolicy {
	p := TerminationPolicy{Name: "idle"}
	for _, metric := range []string{"AppsRunning", "AppsPending"} {
		c := DefaultCondition()
		c.Metric, c.Operator, c.Evaluations = metric, LTE, 2
		p.Statements = append(p.Statements, c)
	}
	return p
}

func TestTermination(t *testing.T) {
	for _, c := range []struct {
		name             string
		running, pending []emr.Point
		since            float64
		want             Finding
	}{
		{"every statement holds", series(5, 0, 0), series(5, 0, 0), -60, Finding{Holds: true, Newest: after(5),
			Reason: "Average AppsRunning over 5m: 0, 0 <= 0 for 2 periods, newest 12:05:00; Average AppsPending over 5m: 0, 0 <= 0 for 2 periods, newest 12:05:00"}},
		{"one does not", series(5, 0, 0), series(5, 0, 1), -60, Finding{Newest: after(5),
			Reason: "Average AppsRunning over 5m: 0, 0 <= 0 for 2 periods, newest 12:05:00; Average AppsPending over 5m: 0, 1 are not all <= 0, newest 12:05:00"}},
		{"the first does not", series(5, 3, 0), series(5, 0, 0), -60, Finding{Newest: after(5),
			Reason: "Average AppsRunning over 5m: 3, 0 are not all <= 0, newest 12:05:00; Average AppsPending over 5m: 0, 0 <= 0 for 2 periods, newest 12:05:00"}},
		{"metrics stopped", nil, nil, -60, Finding{Missing: true,
			Reason: "Average AppsRunning over 5m: no data point since 11:55:00; Average AppsPending over 5m: no data point since 11:55:00"}},
		{"one metric stopped", series(5, 0, 0), series(-60, 0, 0), -60, Finding{Missing: true,
			Reason: "Average AppsRunning over 5m: 0, 0 <= 0 for 2 periods, newest 12:05:00; Average AppsPending over 5m: no data point since 11:55:00"}},
		{"a gap", series(5, 0, 0), series(5, 0, gap, 0), -60, Finding{Missing: true, Newest: after(5),
			Reason: "Average AppsRunning over 5m: 0, 0 <= 0 for 2 periods, newest 12:05:00; Average AppsPending over 5m: no data point for 12:00:00"}},
		{"one is late: the older of the two counts", series(0, 0, 0), series(5, 0, 0), -60, Finding{Holds: true, Newest: after(0),
			Reason: "Average AppsRunning over 5m: 0, 0 <= 0 for 2 periods, newest 12:00:00; Average AppsPending over 5m: 0, 0 <= 0 for 2 periods, newest 12:05:00"}},
		{"too early", series(5, 0, 0), series(5, 0, 0), 2, Finding{
			Reason: "Average AppsRunning over 5m: waits for 1 more data point that begins at or after 12:02:00; Average AppsPending over 5m: waits for 1 more data point that begins at or after 12:02:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := idle().Judge(func(s Condition) []emr.Point {
				if s.Metric == "AppsRunning" {
					return c.running
				}
				return c.pending
			}, after(11), after(c.since))
			if f.Holds != c.want.Holds || f.Missing != c.want.Missing || !f.Newest.Equal(c.want.Newest) || f.Reason != c.want.Reason {
				t.Errorf("got  %+v\nwant %+v", f, c.want)
			}
			if len(f.Evidence) != 2 || f.Evidence[1].Condition != "Average AppsPending over 5m <= 0 for 2 periods" || f.Evidence[0].Reason+"; "+f.Evidence[1].Reason != f.Reason {
				t.Errorf("%+v", f.Evidence)
			}
		})
	}
	if f := (TerminationPolicy{}).Judge(nil, noon, noon); f.Holds {
		t.Error("a policy without statements holds")
	}
}

func TestTerminationDue(t *testing.T) {
	p := idle()
	p.Statements[0].Period = 15 * time.Minute
	for _, c := range []struct{ after, want float64 }{{0, 1}, {1, 6}, {6, 11}, {11, 16}} {
		if got := p.Due(after(c.after)); !got.Equal(after(c.want)) {
			t.Errorf("after %v: %s", c.after, got)
		}
	}
	if got := (TerminationPolicy{}).Due(noon); !got.IsZero() {
		t.Errorf("nothing is due at %s", got)
	}
}
