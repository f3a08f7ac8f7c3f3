package wire

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emrsim"
)

// adminPrefix is where the simulator's own pages are; EMR has nothing there.
const adminPrefix = "/_sim/"

// maxAdvance bounds one POST /_sim/advance.
const maxAdvance = 366 * 24 * time.Hour

// adminPage is one page under adminPrefix: it returns what to write as JSON, or an error for the caller.
type adminPage struct {
	pattern string // as net/http routes it
	help    string // one line for GET /_sim/
	serve   func(s *Server, region string, r *http.Request, body []byte) (any, error)
}

// adminPages lists every page; the package documentation explains them.
var adminPages = []adminPage{
	{"GET /_sim/clock", "the simulated time and how it runs", (*Server).pageClock},
	{"GET /_sim/truth", "what really is in ?region=", (*Server).pageTruth},
	{"GET /_sim/load", "the jobs of ?cluster=<id or name> and its state at every fifth minute of the ?last=1h", (*Server).pageLoad},
	{"GET /_sim/log", "the last API requests, those after ?after=<seq>", (*Server).pageLog},
	{"GET /_sim/faults", "the faults in force", (*Server).pageFaults},
	{"POST /_sim/faults", "add faults, one a line: AddInstanceGroups call=2 lose-answer", (*Server).pageAddFaults},
	{"DELETE /_sim/faults", "remove the fault ?id=<id>, or all of them", (*Server).pageRemoveFaults},
	{"POST /_sim/capacity", `set what EC2 has: {"pool": "us-east-1a/m5.xlarge/SPOT", "parts": [6], "reclaim": true}`, (*Server).pageCapacity},
	{"POST /_sim/actions", `what happens beside the API: {"do": "interrupt", "cluster": "etl", "group": "task", "count": 2}`, (*Server).pageAct},
	{"POST /_sim/advance", "move a clock that is moved by hand: ?by=10m", (*Server).pageAdvance},
}

// adminError is an error with its HTTP status.
type adminError struct {
	status  int
	message string
}

// Error implements error.
func (e *adminError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &adminError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// adminHandler routes the pages. A browser's page of another origin is refused what changes anything.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	for _, p := range adminPages {
		mux.HandleFunc(p.pattern, func(w http.ResponseWriter, r *http.Request) { s.admin(w, r, p) })
	}
	mux.HandleFunc("GET /_sim/{$}", func(w http.ResponseWriter, _ *http.Request) {
		index := map[string]string{}
		for _, p := range adminPages {
			index[p.pattern] = p.help
		}
		s.writeAdmin(w, http.StatusOK, index)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.writeAdmin(w, http.StatusNotFound, map[string]string{
			"error": fmt.Sprintf("there is no %s %s; GET %s lists what there is", clip(r.Method), clip(r.URL.Path), adminPrefix)})
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

// admin serves one page.
func (s *Server) admin(w http.ResponseWriter, r *http.Request, p adminPage) {
	buf := getBuffer()
	defer putBuffer(buf)
	region, err := s.adminRegion(r)
	if err == nil {
		if tooLarge := s.readBody(w, r, buf); tooLarge != nil {
			err = &adminError{tooLarge.Status, tooLarge.Message}
		}
	}
	var out any
	if err == nil {
		s.sim.AdvanceTo(s.clock.Now())
		out, err = p.serve(s, region, r, buf.Bytes())
		s.rouse()
	}
	if err != nil {
		status := http.StatusBadRequest
		if e := (*adminError)(nil); errors.As(err, &e) {
			status = e.status
		}
		s.writeAdmin(w, status, map[string]string{"error": err.Error()})
		return
	}
	s.writeAdmin(w, http.StatusOK, out)
}

// adminRegion is the region a page is about: ?region=, else the server's default, else us-east-1.
func (s *Server) adminRegion(r *http.Request) (string, error) {
	region := cmp.Or(r.URL.Query().Get("region"), s.opt.DefaultRegion, "us-east-1")
	if s.regions.admit(region) != nil {
		return "", badRequest("%q is not a region", clip(region))
	}
	return region, nil
}

func (s *Server) writeAdmin(w http.ResponseWriter, status int, v any) {
	buf := getBuffer()
	defer putBuffer(buf)
	encode(buf, v)
	buf.WriteByte('\n')
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	h.Set("Date", s.clock.Now().UTC().Format(http.TimeFormat))
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // a client that is gone has no use for the error
}

// ClockPage is the answer of GET /_sim/clock and POST /_sim/advance.
type ClockPage struct {
	Now    time.Time `json:"now"`    // simulated
	Speed  float64   `json:"speed"`  // times faster than real time; 0: moved by hand
	Manual bool      `json:"manual"` // only POST /_sim/advance moves it
}

func (s *Server) pageClock(_ string, _ *http.Request, _ []byte) (any, error) {
	return ClockPage{Now: s.clock.Now(), Speed: s.clock.Speed(), Manual: s.clock.Manual()}, nil
}

func (s *Server) pageAdvance(region string, r *http.Request, _ []byte) (any, error) {
	by, err := time.ParseDuration(r.URL.Query().Get("by"))
	if err != nil || by <= 0 || by > maxAdvance {
		return nil, badRequest("by=%s is not a duration over 0 and up to %s, for example 10m", clip(r.URL.Query().Get("by")), maxAdvance)
	}
	now, err := s.clock.Advance(by)
	if err != nil {
		return nil, &adminError{http.StatusConflict, err.Error()}
	}
	s.sim.AdvanceTo(now)
	return s.pageClock(region, r, nil)
}

func (s *Server) pageTruth(region string, _ *http.Request, _ []byte) (any, error) {
	return s.sim.Snapshot(region), nil
}

// LoadPage is the answer of GET /_sim/load: the truth behind a cluster's metrics.
type LoadPage struct {
	Cluster emrsim.ClusterTruth `json:"cluster"` // without its groups
	Jobs    []emrsim.JobTruth   `json:"jobs"`    // in the order of arrival
	Samples []emrsim.Sample     `json:"samples"` // oldest first
}

func (s *Server) pageLoad(region string, r *http.Request, _ []byte) (any, error) {
	ref, last := r.URL.Query().Get("cluster"), time.Hour
	if text := r.URL.Query().Get("last"); text != "" {
		var err error
		if last, err = time.ParseDuration(text); err != nil || last <= 0 || last > maxAdvance {
			return nil, badRequest("last=%s is not a duration over 0 and up to %s, for example 1h", clip(text), maxAdvance)
		}
	}
	truth := s.sim.Snapshot(region)
	i := slices.IndexFunc(truth.Clusters, func(c emrsim.ClusterTruth) bool { return c.ID == ref })
	if i < 0 {
		i = slices.IndexFunc(truth.Clusters, func(c emrsim.ClusterTruth) bool { return c.Name == ref })
	}
	if i < 0 {
		return nil, &adminError{http.StatusNotFound, fmt.Sprintf("there is no cluster %q in %s; ?cluster= names one by id or name", clip(ref), region)}
	}
	c := truth.Clusters[i]
	c.Groups = []emrsim.GroupTruth{}
	return LoadPage{
		Cluster: c, Jobs: append([]emrsim.JobTruth{}, s.sim.Jobs(region, c.ID)...),
		Samples: append([]emrsim.Sample{}, s.sim.Samples(region, c.ID, truth.Now.Add(-last), truth.Now.Add(time.Nanosecond))...),
	}, nil
}

func (s *Server) pageLog(_ string, r *http.Request, _ []byte) (any, error) {
	after := uint64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, badRequest("after=%s is not a sequence number", clip(text))
		}
	}
	return s.log.after(after), nil
}

func (s *Server) pageFaults(string, *http.Request, []byte) (any, error) { return s.sim.Faults(), nil }

// pageAddFaults adds all faults of the body, or none.
func (s *Server) pageAddFaults(_ string, _ *http.Request, body []byte) (any, error) {
	var list []emrsim.Fault
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, len(body)+1)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f, err := emrsim.ParseFault(line)
		if err != nil {
			return nil, badRequest("line %d, %v", n, err)
		}
		if f.Op != "*" && !slices.Contains(s.sim.Operations(), f.Op) {
			return nil, badRequest("line %d: %q is not an operation; there are %s", n, f.Op, strings.Join(s.sim.Operations(), ", "))
		}
		list = append(list, f)
	}
	if len(list) == 0 {
		return nil, badRequest("no fault is given; one a line, for example: AddInstanceGroups call=2 lose-answer")
	}
	for _, f := range list {
		s.sim.AddFault(f)
	}
	return s.sim.Faults(), nil
}

func (s *Server) pageRemoveFaults(_ string, r *http.Request, _ []byte) (any, error) {
	text := r.URL.Query().Get("id")
	if text == "" {
		for _, f := range s.sim.Faults() {
			s.sim.RemoveFault(f.ID)
		}
		return s.sim.Faults(), nil
	}
	id, err := strconv.Atoi(text)
	if err != nil || !s.sim.RemoveFault(id) {
		return nil, &adminError{http.StatusNotFound, fmt.Sprintf("there is no fault %s", clip(text))}
	}
	return s.sim.Faults(), nil
}

// capacityBody is the body of POST /_sim/capacity.
type capacityBody struct {
	Pool    emrsim.Pool `json:"pool"`
	Parts   []int       `json:"parts"`
	Reclaim bool        `json:"reclaim"`
}

func (s *Server) pageCapacity(region string, r *http.Request, body []byte) (any, error) {
	var c capacityBody
	if err := strict(body, &c); err != nil {
		return nil, err
	}
	return s.act(region, r, emrsim.Action{Do: emrsim.DoCapacity, Pool: c.Pool, Parts: c.Parts, Reclaim: c.Reclaim})
}

func (s *Server) pageAct(region string, r *http.Request, body []byte) (any, error) {
	var a emrsim.Action
	if err := strict(body, &a); err != nil {
		return nil, err
	}
	if !slices.Contains(emrsim.Dos, a.Do) {
		return nil, badRequest("%q cannot be done; there are %v", clip(string(a.Do)), emrsim.Dos)
	}
	return s.act(region, r, a)
}

// act does one action on behalf of ?who=.
func (s *Server) act(region string, r *http.Request, a emrsim.Action) (any, error) {
	if err := s.sim.Act(region, cmp.Or(r.URL.Query().Get("who"), "admin"), a); err != nil {
		return nil, err
	}
	return map[string]string{"done": string(a.Do)}, nil
}

// strict decodes a JSON body; an unknown member or anything after the value is an error.
func strict(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badRequest("the body is not what this page takes: %v", err)
	}
	if d.More() {
		return badRequest("the body goes on after its JSON value")
	}
	return nil
}
