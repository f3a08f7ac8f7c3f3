package wire_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"

	"github.com/aws/aws-sdk-go-v2/service/emr"
)

// page asks for one of the simulator's own pages and decodes the answer into out unless that is nil.
func (s *served) page(t *testing.T, method, path, body string, out any) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, text := answer(t, r)
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%s %s: content type %s", method, path, got)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return resp.StatusCode, text
}

func TestTheWorldIsReadAndChangedBesideTheAPI(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 15}, wire.Options{DefaultRegion: region})
	id := *s.run(t, "etl", 3)

	var clock wire.ClockPage
	if status, _ := s.page(t, "POST", "/_sim/advance?by=1h", "", &clock); status != 200 || !clock.Manual || clock.Now != time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC) {
		t.Errorf("advance: %d %+v", status, clock)
	}
	var truth emrsim.Truth
	s.page(t, "GET", "/_sim/truth", "", &truth)
	if len(truth.Clusters) != 1 || truth.Clusters[0].ID != id || truth.Clusters[0].State != "WAITING" || truth.Region != region {
		t.Errorf("truth: %+v", truth)
	}
	s.page(t, "GET", "/_sim/truth?region=eu-west-1", "", &truth)
	if len(truth.Clusters) != 0 {
		t.Errorf("truth of another region: %+v", truth)
	}

	if status, text := s.page(t, "POST", "/_sim/capacity", `{"pool":"us-west-2a/m5.xlarge/ON_DEMAND","parts":[5]}`, nil); status != 200 {
		t.Errorf("capacity: %d %s", status, text)
	}
	if status, text := s.page(t, "POST", "/_sim/actions?who=alice", `{"do":"resize","cluster":"etl","group":"TASK","to":9}`, nil); status != 200 {
		t.Errorf("resize: %d %s", status, text)
	}
	s.page(t, "POST", "/_sim/advance?by=1h", "", nil)
	s.page(t, "GET", "/_sim/truth", "", &truth)
	task := truth.Clusters[0].Groups[2]
	if last := truth.Changes[len(truth.Changes)-1]; task.Requested != 9 || task.Running >= 9 || task.State != "RESIZING" || last.Who != "alice" {
		t.Errorf("after the resize against an empty pool: %+v, %+v", task, last)
	}
	if status, _ := s.page(t, "POST", "/_sim/actions", `{"do":"terminate","cluster":"etl"}`, nil); status != 200 {
		t.Errorf("terminate: %d", status)
	}
	s.page(t, "POST", "/_sim/advance?by=1h", "", nil)
	if s.page(t, "GET", "/_sim/truth", "", &truth); truth.Clusters[0].State != "TERMINATED" {
		t.Errorf("after terminate the cluster is %s", truth.Clusters[0].State)
	}
}

func TestTheLoadIsShown(t *testing.T) {
	s, id := busy(t, emrsim.Options{Seed: 4}, region)
	var page wire.LoadPage
	for _, ref := range []string{id, "etl"} {
		s.page(t, "GET", "/_sim/load?last=20m&region="+region+"&cluster="+ref, "", &page)
		if len(page.Jobs) != 1 || page.Jobs[0].Have != 12 || page.Jobs[0].Width != 24 || page.Cluster.Load.Allocated != 12 || len(page.Samples) != 4 || page.Samples[3].Pending != 12 {
			t.Errorf("%s: %+v", ref, page)
		}
	}
	if status, text := s.page(t, "POST", "/_sim/actions?region="+region, `{"do":"submit","cluster":"etl","name":"more","work":"90m","width":3,"count":2}`, nil); status != 200 {
		t.Errorf("submit: %d %s", status, text)
	}
	if s.page(t, "GET", "/_sim/load?cluster=etl&region="+region, "", &page); len(page.Jobs) != 3 || page.Jobs[2].Ideal != 30 || page.Cluster.Load.Waiting != 2 {
		t.Errorf("after two more jobs: %+v", page)
	}
	for path, want := range map[string]int{"/_sim/load": 404, "/_sim/load?cluster=none": 404, "/_sim/load?cluster=etl&last=x": 400, "/_sim/load?cluster=etl&last=-1h": 400} {
		if status, text := s.page(t, "GET", path, "", nil); status != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

func TestFaultsComeAndGo(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 16, Unthrottled: true}, wire.Options{})
	var list []emrsim.FaultStatus
	s.page(t, "POST", "/_sim/faults", "# two\nListClusters throttle\n\nDescribeCluster error=InternalFailure\n", &list)
	if len(list) != 2 || list[0].Line != "ListClusters throttle" {
		t.Fatalf("faults: %+v", list)
	}
	_, err := s.client(region).ListClusters(t.Context(), &emr.ListClustersInput{})
	wantCode(t, err, "ThrottlingException", "Rate exceeded")
	if s.page(t, "GET", "/_sim/faults", "", &list); list[0].Hits != 1 {
		t.Errorf("faults: %+v", list)
	}
	var log []wire.Request
	s.page(t, "GET", "/_sim/log", "", &log)
	if len(log) != 1 || log[0].Op != "ListClusters" || log[0].Status != 400 || log[0].Region != region || log[0].Seq != 1 {
		t.Errorf("log: %+v", log)
	}
	if s.page(t, "GET", "/_sim/log?after=1", "", &log); len(log) != 0 {
		t.Errorf("log after the last: %+v", log)
	}
	s.page(t, "DELETE", "/_sim/faults?id=1", "", &list)
	if _, err := s.client(region).ListClusters(t.Context(), &emr.ListClustersInput{}); err != nil || len(list) != 1 {
		t.Errorf("after its removal: %v, %+v", err, list)
	}
	if s.page(t, "DELETE", "/_sim/faults", "", &list); len(list) != 0 {
		t.Errorf("after the removal of all: %+v", list)
	}
}

func TestTheLogForgetsTheOldest(t *testing.T) {
	s := serve(t, emrsim.Options{}, wire.Options{})
	for range 1100 {
		s.post(t, "CreateStudio", `{}`, nil)
	}
	var log []wire.Request
	s.page(t, "GET", "/_sim/log", "", &log)
	if len(log) != 1000 || log[0].Seq != 101 || log[999].Seq != 1100 {
		t.Errorf("%d requests, %d to %d", len(log), log[0].Seq, log[len(log)-1].Seq)
	}
}

func TestAdministrationRefusesClearly(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 17}, wire.Options{MaxBody: 500})
	for _, test := range []struct {
		method, path, body string
		status             int
		part               string
	}{
		{"POST", "/_sim/faults", "ListClusters\nDescribeCluster throttle", 400, "line 1, column 1: a fault is an operation, conditions and an effect"},
		{"POST", "/_sim/faults", "ListClusters throttle\nListClosters throttle", 400, `line 2: "ListClosters" is not an operation`},
		{"POST", "/_sim/faults", "", 400, "no fault is given"},
		{"POST", "/_sim/faults", strings.Repeat("#\n", 400), 413, "too large"},
		{"DELETE", "/_sim/faults?id=7", "", 404, "there is no fault 7"},
		{"POST", "/_sim/capacity", `{"pool":"here"}`, 400, "is not zone/type/market"},
		{"POST", "/_sim/capacity", `{"pools":"here"}`, 400, `unknown field "pools"`},
		{"POST", "/_sim/capacity", `{} {}`, 400, "goes on after its JSON value"},
		{"POST", "/_sim/actions", `{"do":"dance"}`, 400, `"dance" cannot be done; there are [resize`},
		{"POST", "/_sim/actions", `{"do":"terminate","cluster":"none"}`, 400, `has no cluster "none"`},
		{"POST", "/_sim/actions", ``, 400, "not what this page takes"},
		{"POST", "/_sim/advance?by=-1m", "", 400, "by=-1m is not a duration over 0"},
		{"POST", "/_sim/advance", "", 400, "is not a duration over 0"},
		{"GET", "/_sim/log?after=x", "", 400, "after=x is not a sequence number"},
		{"GET", "/_sim/truth?region=moon", "", 400, `"moon" is not a region`},
		{"GET", "/_sim/nothing", "", 404, "there is no GET /_sim/nothing; GET /_sim/ lists what there is"},
		{"PUT", "/_sim/faults", "", 404, "there is no PUT /_sim/faults"},
	} {
		var e struct{ Error string }
		if status, text := s.page(t, test.method, test.path, test.body, &e); status != test.status || !strings.Contains(e.Error, test.part) {
			t.Errorf("%s %s: got %d %s, want %d with %q", test.method, test.path, status, text, test.status, test.part)
		}
	}
	if n := len(s.sim.Faults()); n != 0 {
		t.Errorf("%d faults of refused lists are in force", n)
	}
	var index map[string]string
	if s.page(t, "GET", "/_sim/", "", &index); len(index) < 9 {
		t.Errorf("index: %v", index)
	}
}

func TestARunningClockIsNotAdvanced(t *testing.T) {
	clock, err := wire.NewClock(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), 60)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, emrsim.Options{}, wire.Options{Clock: clock})
	if status, text := s.page(t, "POST", "/_sim/advance?by=1m", "", nil); status != 409 || !strings.Contains(text, "60 times faster") {
		t.Errorf("got %d %s", status, text)
	}
	var page wire.ClockPage
	if s.page(t, "GET", "/_sim/clock", "", &page); page.Speed != 60 || page.Manual {
		t.Errorf("clock: %+v", page)
	}
}

func TestAForeignPageOfABrowserChangesNothing(t *testing.T) {
	s := serve(t, emrsim.Options{}, wire.Options{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/_sim/faults", strings.NewReader("* throttle"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://example.com")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if resp, _ := answer(t, r); resp.StatusCode != http.StatusForbidden || len(s.sim.Faults()) != 0 {
		t.Errorf("got %d and faults %v", resp.StatusCode, s.sim.Faults())
	}
}

func TestWithoutAdministrationThereIsNone(t *testing.T) {
	s := serve(t, emrsim.Options{}, wire.Options{NoAdmin: true})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/_sim/truth", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, body := answer(t, r); resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "UnknownOperationException") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
}
