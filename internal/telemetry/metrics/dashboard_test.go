package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard is what the tests look at in deploy/grafana/emrguard.json, in Grafana's words.
type dashboard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []struct {
			Name       string          `json:"name"`
			Type       string          `json:"type"`
			Query      json.RawMessage `json:"query"`
			Definition string          `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	Grid        struct {
		X, Y, W, H int
	} `json:"gridPos"`
	Field struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []struct {
		Ref        string     `json:"refId"`
		Expr       string     `json:"expr"`
		Datasource datasource `json:"datasource"`
	} `json:"targets"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	body, err := os.ReadFile("../../../deploy/grafana/emrguard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// A dashboard names no data source of ours: it must work with the one that a reader chooses.
func TestDashboardCanBeImported(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || len(d.Panels) == 0 {
		t.Errorf("uid %q, title %q, %d panels", d.UID, d.Title, len(d.Panels))
	}
	vars := map[string]string{}
	for _, v := range d.Templating.List {
		vars[v.Name] = v.Type
	}
	if vars["datasource"] != "datasource" || vars["scope"] != "query" {
		t.Errorf("the variables are %v", vars)
	}
	chosen := datasource{"prometheus", "${datasource}"}
	ids := map[int]bool{}
	for i, p := range d.Panels {
		if p.ID <= 0 || ids[p.ID] {
			t.Errorf("%s: id %d is not above 0, or there twice", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Grid.W < 1 || p.Grid.H < 1 || p.Grid.X < 0 || p.Grid.X+p.Grid.W > 24 {
			t.Errorf("%s does not fit into Grafana's 24 columns: %+v", p.Title, p.Grid)
		}
		for _, o := range d.Panels[:i] {
			if p.Grid.X < o.Grid.X+o.Grid.W && o.Grid.X < p.Grid.X+p.Grid.W && p.Grid.Y < o.Grid.Y+o.Grid.H && o.Grid.Y < p.Grid.Y+p.Grid.H {
				t.Errorf("%s covers %s", p.Title, o.Title)
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || p.Field.Defaults.Unit == "" || p.Datasource != chosen || len(p.Targets) == 0 {
			t.Errorf("panel %d %q has no title, description, unit, query or chosen data source", p.ID, p.Title)
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if q.Ref == "" || refs[q.Ref] || q.Datasource != chosen {
				t.Errorf("%s: a query has the refId %q and the data source %v", p.Title, q.Ref, q.Datasource)
			}
			refs[q.Ref] = true
		}
	}
}

// filled puts values into the variables of a query as Grafana does.
var filled = strings.NewReplacer("$__rate_interval", "5m", "$scope", ".+")

var labelValues = regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)

func TestDashboardAsksForWhatIsServed(t *testing.T) {
	d := readDashboard(t)
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		m := labelValues.FindStringSubmatch(v.Definition)
		if m == nil || !slices.Contains(labelsOf(m[1]), m[2]) {
			t.Errorf("variable %s: %s asks for no label of a metric", v.Name, v.Definition)
		}
		var q struct{ Query string }
		if err := json.Unmarshal(v.Query, &q); err != nil || q.Query != v.Definition {
			t.Errorf("variable %s asks for %q and is described as %q (%v)", v.Name, q.Query, v.Definition, err)
		}
	}
	shown := map[string]bool{}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			series, problems := queryProblems(filled.Replace(q.Expr))
			for _, problem := range problems {
				t.Errorf("%s, query %s: %s", p.Title, q.Ref, problem)
			}
			for _, s := range series {
				shown[s] = true
			}
		}
	}
	// What somebody asks who is woken at night.
	for _, series := range []string{
		"shortfall_instances", "clusters_suspended", "recoveries_open", "recoveries_opened_total", "recoveries_closed_total", "members_banned",
		"pools_blocked", "pools_contested", "pools_resting", "api_tokens", "api_calls_total", "api_throttles_total", "sweep_oldest_read_seconds",
		"sweep_late_clusters", "lease_held", "faults_total", "step_duration_seconds_bucket", "step_last_timestamp_seconds", "scope_paused",
		"clusters_broken", "clusters_unusable", "clusters_blind", "clusters_withheld", "schedules_deferred", "clock_skew_seconds",
	} {
		if !shown[namespace+series] {
			t.Errorf("no panel shows %s%s", namespace, series)
		}
	}
	for _, a := range alerts(t) { // an alert sends its reader here
		series, _ := queryProblems(a.Expr)
		for _, s := range series {
			s = strings.Replace(strings.Replace(s, "_sum", "_bucket", 1), "_count", "_bucket", 1)
			if !shown[s] {
				t.Errorf("no panel shows %s of %s", s, a.Alert)
			}
		}
	}
}
