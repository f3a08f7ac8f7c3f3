package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"emrguard/internal/desk"
	"emrguard/internal/view"
)

// questioned is what the page asks before an order is given, in plain words: its text, the alerts of it, and the field for the number.
func questioned(l *lab, query string) (text string, alerts []string, number map[string]string) {
	l.t.Helper()
	w := l.page("/confirm?scope=prod&" + query)
	doc, err := html.Parse(w.Body)
	if err != nil || w.Code != 200 {
		l.t.Fatalf("%s: %d %v", query, w.Code, err)
	}
	each(doc, "main", func(n *html.Node) { text = strings.Join(strings.Fields(words(n)), " ") })
	each(doc, "p", func(n *html.Node) {
		if value(n, "role") == "alert" {
			alerts = append(alerts, words(n))
		}
	})
	each(doc, "input", func(n *html.Node) {
		if value(n, "name") == "to" && value(n, "type") == "number" {
			number = map[string]string{"min": value(n, "min"), "max": value(n, "max"), "value": value(n, "value")}
		}
	})
	return text, alerts, number
}

// TestQuestions holds what a person is told before an order is given: what is so now, what the order does with its figures, and what stands in its way.
func TestQuestions(t *testing.T) {
	type question struct {
		query string
		says  []string
		not   []string
		alert string // empty: none
	}
	ask := func(l *lab, questions []question) {
		for _, q := range questions {
			text, alerts, _ := questioned(l, q.query)
			for _, want := range q.says {
				if !strings.Contains(text, want) {
					l.t.Errorf("%s does not say %q: %s", q.query, want, text)
				}
			}
			for _, no := range append(q.not, "recovery new", "new recovery") {
				if strings.Contains(text, no) {
					l.t.Errorf("%s says %q: %s", q.query, no, text)
				}
			}
			if got := strings.Join(alerts, "|"); got != q.alert {
				l.t.Errorf("%s alerts %q, want %q", q.query, got, q.alert)
			}
		}
	}
	guarded(t, 2*time.Minute, func(l *lab) { // all is as it is wanted
		ask(l, []question{
			{query: "kind=scale&group=web-logs/task", says: []string{"Scale web-logs/task?", "Pool task wants 4: 4 are requested and 4 run.", "An order may let it want 0 to 2000.", "Instances wanted, now 4"},
				not: []string{"Yes,", "would be refused", "What will happen"}},
			{query: "kind=scale&group=web-logs/task&to=", alert: "Say how many instances the pool is to want: 0 to 2000", not: []string{"Yes,"}},
			{query: "kind=scale&group=web-logs/task&to=many", alert: `To: "many" is no number`, not: []string{"Yes,"}},
			{query: "kind=scale&group=web-logs/task&to=3", says: []string{"Scale web-logs/task from 4 to 3?", "web-logs/task: scale from 4 to 3: ends up to 1 instance.", "EMR ends up to 1 instance of task (ig-", "from 4 to 3", "Yes, scale web-logs/task from 4 to 3"}},
			{query: "kind=scale&group=web-logs/task&to=12", says: []string{"scale from 4 to 12: asks EMR for 8 more.", "Once a new read confirms what the last one showed:EMR is asked for 8 more of task (ig-", "if task still misses instances, its resize is stopped at what runs", "Yes, scale web-logs/task from 4 to 12"}},
			{query: "kind=scale&group=etl/core", says: []string{"An order may let it want 1 (by EMR's rule for CORE groups) to 2000."}},
			{query: "kind=ban&group=etl/task&for=90m", says: []string{"Ban etl/task for 1h30m, until 01:32?", "Yes, ban etl/task for 1h30m, until 01:32"}},
			{query: "kind=unban&group=etl/task", says: []string{"It would be refused"}, not: []string{"Yes,"}},
			{query: "kind=pause&cluster=etl", says: []string{"Pause emrguard on etl?", "Yes, pause emrguard on etl"}},
			{query: "kind=pause", says: []string{"Yes, pause emrguard on all clusters of scope prod"}},
			{query: "kind=scale&group=web-logs/nothing&to=3", alert: "No pool \"web-logs/nothing\" in the store; `emrguard pools` lists the pools", not: []string{"Yes,"}},
		})
		if _, _, number := questioned(l, "kind=scale&group=etl/core"); number["value"] != "" || number["min"] != "1" || number["max"] != "2000" {
			l.t.Errorf("the field for the number: %v", number)
		}
		if body := l.page("/clusters/prod/j-1WEBLOGS00001").Body.String(); strings.Contains(body, "to=") || !strings.Contains(body, "Scale…") {
			l.t.Error("the link to the question answers it already")
		}
	})
	guarded(t, 45*time.Minute, func(l *lab) { // a repair is open on reports, etl was repaired
		ask(l, []question{
			{query: "kind=scale&group=reports/task", says: []string{"stuck Pool task wants 10: 10 are requested and 8 run, 2 missing since 00:0", "resizing until 01:0", "Scaling would be refused now: scaling is suspended on this cluster: ig-", "“in spite of a suspension” does it all the same"}},
			{query: "kind=scale&group=reports/task&to=4", says: []string{"It would be refused", "What follows without it"}, not: []string{"Yes,"}},
			{query: "kind=scale&group=reports/task&to=4&force=yes", says: []string{"in spite of the suspension: ends up to 4 instances and asks no more for 2 that do not run.", "Yes, scale reports/task from 10 to 4"}},
			{query: "kind=scale&group=etl/task&to=14", says: []string{"asks EMR for 5 more", "Places that take no launch of it now", "(task): banned until "}},
			{query: "kind=unban&group=etl/task", says: []string{"Yes, lift the ban of etl/task, which else ends at 02:3"}},
			{query: "kind=return&group=etl/task", says: []string{"Return 3 instances to etl/task?", "It would be refused"}, not: []string{"Yes,"}},
		})
	})
	guarded(t, 4*time.Hour, func(l *lab) { // the bans are over
		ask(l, []question{{query: "kind=return&group=etl/task", says: []string{"once they run: asks EMR for 3 more.", "EMR is asked for 3 more of task (ig-", "from 6 to 9", "Yes, return 3 instances to etl/task"}}})
	})
}

// TestForetoldStepsAreTaken gives orders, and holds the changes that EMR was asked for then against those that were foretold.
func TestForetoldStepsAreTaken(t *testing.T) {
	for name, body := range map[string]string{
		"three groups give back": `{"kind":"scale","group":"reports/task","to":4}`,
		"the newest takes more":  `{"kind":"scale","group":"reports/task","to":14}`,
		"a return":               `{"kind":"return","group":"etl/task"}`,
	} {
		t.Run(name, func(t *testing.T) {
			guarded(t, 4*time.Hour, func(l *lab) {
				begun := time.Now()
				p := ask[desk.Preview](l, "POST", "/api/v1/orders/preview", body)
				if r := ask[desk.Receipt](l, "POST", "/api/v1/orders", body); r.State != desk.Done || len(p.Steps) == 0 || p.Ends != "" {
					t.Fatalf("%+v, foretold %+v", r, p)
				}
				time.Sleep(3 * time.Minute)
				var foretold, taken []string
				for _, s := range p.Steps {
					foretold = append(foretold, fmt.Sprintf("%s to %d", s.Group, s.To))
				}
				for _, r := range ask[view.History](l, "GET", "/api/v1/history?kind=call.release,call.launch,call.add&limit=50", "").Records {
					var data struct {
						Call struct {
							Group string
							Count int
						}
					}
					if err := json.Unmarshal(r.Data, &data); err != nil {
						t.Fatal(err)
					}
					if !r.At.Before(begun) {
						taken = append(taken, fmt.Sprintf("%s to %d", data.Call.Group, data.Call.Count))
					}
				}
				if got, want := strings.Join(taken[:min(len(taken), len(foretold))], ", "), strings.Join(foretold, ", "); got != want {
					t.Errorf("foretold %s, taken %s", want, got)
				}
			})
		})
	}
}
