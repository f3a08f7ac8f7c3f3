package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"emrguard/internal/config"
	"emrguard/internal/store/memory"
	"emrguard/internal/view"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew")

// described is the API's description, compiled by a library that the server does not use.
func described(t *testing.T, doc []byte) func(schema string) *jsonschema.Schema {
	t.Helper()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", tree); err != nil {
		t.Fatal(err)
	}
	return func(pointer string) *jsonschema.Schema {
		t.Helper()
		s, err := c.Compile("openapi.json#" + pointer)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// escaped is a path as a JSON pointer has it.
func escaped(path string) string {
	return strings.ReplaceAll(strings.ReplaceAll(path, "~", "~0"), "/", "~1")
}

func TestAnswersAreAsDescribed(t *testing.T) {
	guarded(t, 40*time.Minute, func(l *lab) {
		doc := l.do("GET", "/api/v1/openapi.json", "").Body.Bytes()
		schemaOf := described(t, doc)
		recovery := ask[view.Recoveries](l, "GET", "/api/v1/recoveries", "").Recoveries[0].Key().String()
		record := ask[view.History](l, "GET", "/api/v1/history?limit=1", "").Records[0].ID
		const kind = "/responses/200/content/application~1json/schema"
		for _, c := range []struct{ method, path, url, body string }{
			{"get", "/fleet", "/fleet?condition=recovering&limit=1", ""},
			{"get", "/clusters/{scope}/{cluster}", "/clusters/prod/j-3REPORTS00003", ""},
			{"get", "/groups", "/groups?cluster=etl", ""},
			{"get", "/pools", "/pools", ""},
			{"get", "/bans", "/bans?scope=prod", ""},
			{"get", "/policies", "/policies", ""},
			{"get", "/recoveries", "/recoveries?closed=5", ""},
			{"get", "/recoveries/{scope}/{cluster}/{recovery}", "/recoveries/" + recovery, ""},
			{"get", "/history", "/history?recovery=" + recovery, ""},
			{"get", "/explain/{id}", "/explain/" + strings.ReplaceAll(recovery, "/", "%2F"), ""},
			{"get", "/history", "/history?kind=call.,answer.&limit=3", ""},
			{"get", "/explain/{id}", "/explain/" + record, ""},
			{"get", "/explain/{id}", "/explain/etl", ""},
			{"get", "/report", "/report", ""},
			{"get", "/capacity", "/capacity?cluster=reports&points=10", ""},
			{"get", "/costs", "/costs?cluster=etl", ""},
			{"get", "/whoami", "/whoami", ""},
			{"post", "/orders/preview", "/orders/preview", `{"kind":"return","group":"etl/task"}`},
			{"post", "/orders", "/orders", `{"kind":"pause","cluster":"web-logs"}`},
		} {
			w := l.do(strings.ToUpper(c.method), apiPath+c.url, c.body)
			body, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
			if err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %s %v: %s", c.url, w.Code, w.Header().Get("Content-Type"), err, w.Body)
				continue
			}
			if err := schemaOf("/paths/" + escaped(apiPath+c.path) + "/" + c.method + kind).Validate(body); err != nil {
				t.Errorf("%s: %v", c.url, err)
			}
		}
		problem := schemaOf("/components/schemas/ErrorModel")
		for _, url := range []string{"/fleet?limit=0", "/fleet?scope=nosuch", "/fleet?colour=red", "/clusters/prod/j-NO", "/history?cluster=nosuch", "/history?from=yesterday", "/history?kind=nosuch", "/explain/nosuch",
			"/capacity?from=2030-01-01T00:00:00Z", "/report?to=2000-01-01T00:00:00Z&from=2001-01-01T00:00:00Z", "/recoveries/prod/j-3REPORTS00003/nosuch", "/recoveries/nosuch", "/history?cluster=etl&recovery=" + recovery, "/nowhere", "/groups?scope=nosuch", "/history?before=-1"} {
			w := l.do("GET", apiPath+url, "")
			body, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
			if err != nil || w.Code < 400 || w.Code >= 500 || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %d %s %v: %s", url, w.Code, w.Header().Get("Content-Type"), err, w.Body)
				continue
			}
			if err := problem.Validate(body); err != nil {
				t.Errorf("%s: %v", url, err)
			}
		}
	})
}

func TestDescriptionIsCurrent(t *testing.T) {
	l := newLab(t, nil, nil)
	var doc bytes.Buffer
	if err := json.Indent(&doc, l.do("GET", "/api/v1/openapi.json", "").Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "openapi.json")
	if *update {
		if err := os.WriteFile(path, doc.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || !bytes.Equal(want, doc.Bytes()) {
		t.Errorf("docs/openapi.json is not current; go test ./internal/web -run Description -update writes it (%v)", err)
	}
	var tree struct {
		OpenAPI string `json:"openapi"`
		Info    struct{ Version string }
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Summary     string
		}
	}
	if err := json.Unmarshal(doc.Bytes(), &tree); err != nil || !strings.HasPrefix(tree.OpenAPI, "3.1") {
		t.Errorf("%v, OpenAPI %q", err, tree.OpenAPI)
	}
	if tree.Info.Version != "1" || !strings.HasSuffix(apiPath, "/v"+tree.Info.Version) {
		t.Errorf("the version of %s is %q", apiPath, tree.Info.Version)
	}
	ids := map[string]bool{}
	for path, ops := range tree.Paths {
		for method, op := range ops {
			if op.OperationID == "" || op.Summary == "" || ids[op.OperationID] {
				t.Errorf("%s %s: %+v", method, path, op)
			}
			ids[op.OperationID] = true
		}
	}
	for _, id := range []string{"fleet", "order", "events", "historyCSV", "historyNDJSON"} {
		if !ids[id] {
			t.Errorf("operation %s is not described", id)
		}
	}
}

func TestAskingAgain(t *testing.T) {
	guarded(t, 40*time.Minute, func(l *lab) {
		first := l.do("GET", "/api/v1/fleet", "")
		tag := first.Header().Get("ETag")
		if !strings.HasPrefix(tag, `W/"`) || first.Header().Get("Cache-Control") != "private, no-cache" {
			t.Fatalf("%v", first.Header())
		}
		for _, have := range []string{tag, `"other", ` + tag, "*"} {
			if w := l.do("GET", "/api/v1/fleet", "", "If-None-Match: "+have); w.Code != 304 || w.Body.Len() > 0 {
				t.Errorf("with %s: %d %s", have, w.Code, w.Body)
			}
		}
		ask[map[string]any](l, "POST", "/api/v1/orders", `{"kind":"pause","cluster":"web-logs"}`)
		time.Sleep(2 * time.Second)
		if w := l.do("GET", "/api/v1/fleet", "", "If-None-Match: "+tag); w.Code != 200 || !strings.Contains(w.Body.String(), `"paused"`) {
			t.Errorf("after a change: %d", w.Code)
		}
	})
}

func TestHistoryByPages(t *testing.T) {
	guarded(t, 100*time.Minute, func(l *lab) {
		all := ask[view.History](l, "GET", "/api/v1/history?limit=1000", "").Records
		var paged []view.Event
		for before := int64(0); ; {
			page := ask[view.History](l, "GET", "/api/v1/history?limit=7&before="+strings.TrimSpace(jsonOf(before)), "").Records
			if len(page) == 0 {
				break
			}
			paged = append(slices.Clone(page), paged...)
			before = page[0].Seq
		}
		if len(all) < 30 || len(paged) != len(all) {
			t.Fatalf("%d records by pages, %d at once", len(paged), len(all))
		}
		for i := range all {
			if all[i].ID != paged[i].ID {
				t.Fatalf("record %d is %s by pages and %s at once", i, paged[i].ID, all[i].ID)
			}
		}

		said := ask[view.History](l, "GET", "/api/v1/history?q=CAPACITY&limit=1000", "")
		var want int
		for _, e := range all {
			if e.Says("capacity") {
				want++
			}
		}
		if len(said.Records) != want || want == 0 || want == len(all) || said.Older != 0 {
			t.Errorf("a search finds %d of %d, older %d", len(said.Records), want, said.Older)
		}
		if found, err := csv.NewReader(l.do("GET", "/api/v1/history.csv?q=CAPACITY", "").Body).ReadAll(); err != nil || len(found) != want+1 {
			t.Errorf("the table of a search has %d rows, %v", len(found), err)
		}

		rows, err := csv.NewReader(l.do("GET", "/api/v1/history.csv", "").Body).ReadAll()
		if err != nil || len(rows) != len(all)+1 || !slices.Equal(rows[0], exportHead) || rows[1][1] != all[0].ID {
			t.Errorf("the table has %d rows, %v", len(rows), err)
		}
		lines := strings.Split(strings.TrimSpace(l.do("GET", "/api/v1/history.ndjson?cluster=etl&kind=call.", "").Body.String()), "\n")
		for _, line := range lines {
			var e view.Event
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.ClusterName != "etl" || !strings.HasPrefix(e.Kind, "call.") {
				t.Errorf("%v: %s", err, line)
			}
		}
		if len(lines) != 2 {
			t.Errorf("%d calls on etl", len(lines))
		}
		for _, url := range []string{"/history.csv?cluster=nosuch", "/history.csv?from=x&before=y", "/history.ndjson?kind=nosuch"} {
			if w := l.do("GET", apiPath+url, ""); w.Code < 400 || w.Code >= 500 || w.Header().Get("Content-Disposition") != "" {
				t.Errorf("%s: %d %v", url, w.Code, w.Header())
			}
		}
	})
}

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestAnswersOfMoreThanTheState holds that nobody takes an old answer for one that depends on who asks, on the time or on a file.
func TestAnswersOfMoreThanTheState(t *testing.T) {
	l := newLab(t, memory.New("abcdefgh"), mustParse(t, oneScope))
	for _, url := range []string{"/whoami", "/costs", "/report", "/capacity"} {
		if w := l.do("GET", "/api/v1"+url, "", "If-None-Match: *"); w.Code != 200 || w.Header().Get("ETag") != "" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", url, w.Code, w.Header())
		}
	}
}

// TestABrokenPriceFile holds that whoever asks for costs is told that it is not their mistake, which file it is and all that is wrong with it, and
// that the figures are there as soon as it is mended.
func TestABrokenPriceFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "prices.yaml")
	cfg := mustParse(t, oneScope+"prices: "+file+"\n")
	l := newLab(t, memory.New("abcdefgh"), cfg)
	for _, c := range []struct{ name, text, first, second string }{
		{name: "a file that is not there", first: file, second: "no such file"},
		{"a file with two mistakes", "currency: dollars\nregions: {us-east-1: {m5.xlarge: {on_demand: cheap}}}\n", file + ":1:1: currency", file + ":2:"},
	} {
		if c.text != "" {
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for kind, w := range map[string]*httptest.ResponseRecorder{"application/problem+json": l.do("GET", "/api/v1/costs", ""), "text/html; charset=utf-8": l.page("/costs")} {
			text := w.Body.String()
			if w.Code != 500 || w.Header().Get("Content-Type") != kind || !strings.Contains(text, c.first) || !strings.Contains(text, c.second) || !strings.Contains(text, "the price file cannot be used; mend it") {
				t.Errorf("%s: %d %v %s", c.name, w.Code, w.Header(), text)
			}
		}
	}
	if err := os.WriteFile(file, []byte("currency: USD\nregions: {us-east-1: {m5.xlarge: {on_demand: 0.2}}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := l.do("GET", "/api/v1/costs", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"currency":"USD"`) {
		t.Errorf("a mended file: %d %s", w.Code, w.Body)
	}
}

// TestAConfigurationChangesTheTag holds that a reload is told: it may change when a group counts as stuck.
func TestAConfigurationChangesTheTag(t *testing.T) {
	tag := func(text string) string {
		return newLab(t, memory.New("abcdefgh"), mustParse(t, text)).do("GET", "/api/v1/fleet", "").Header().Get("ETag")
	}
	if one, other := tag(oneScope), tag(strings.Replace(oneScope, "enforce", "enforce, recovery: {after: 45m}", 1)); one == "" || one == other || one != tag(oneScope) {
		t.Errorf("%s and %s", one, other)
	}
}

func mustParse(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("emrguard.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}
