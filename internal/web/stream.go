package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// The figures of streams, all real time.
const (
	streamsMost = 256              // at once; each costs a connection and a goroutine
	lookEvery   = time.Second      // for news, while somebody listens
	beatEvery   = 15 * time.Second // a comment, so that proxies and readers know that the stream lives
	writeIn     = 10 * time.Second // a reader that takes no data for so long is gone
	retryAfter  = 2 * time.Second  // what a browser waits before it connects again
)

// streams tells listeners that the state has changed. They hold nothing: whoever connects is told the present tag first, so nothing is missed over a
// broken connection or a restart of the server.
type streams struct {
	fleet *fleet

	mu        sync.Mutex
	listeners map[chan news]struct{}
	ended     bool
}

// news is one event of a stream.
type news struct {
	Tag string `json:"tag" doc:"changes whenever something but ages has changed; the ETag of the API's answers"`
	Seq int64  `json:"seq" doc:"number of the newest record of the history"`
}

func newStreams(f *fleet) *streams { return &streams{fleet: f, listeners: map[chan news]struct{}{}} }

// run looks for news until ctx ends, and then ends all streams.
func (s *streams) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			s.end()
			return
		case <-tick.C:
		}
		if s.count() == 0 {
			continue
		}
		now, err := s.fleet.now(ctx)
		if err != nil || now.tag == last {
			continue
		}
		last = now.tag
		s.tell(news{now.tag, now.seq})
	}
}

func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.listeners)
}

// tell gives news to everybody. Who has not taken the last ones yet gets these in their place: only the newest state counts.
func (s *streams) tell(n news) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.listeners {
		select {
		case <-l:
		default:
		}
		l <- n
	}
}

func (s *streams) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for l := range s.listeners {
		close(l)
		delete(s.listeners, l)
	}
}

// listen adds a listener; nil if there are too many, or the server ends.
func (s *streams) listen() chan news {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.listeners) >= streamsMost {
		return nil
	}
	l := make(chan news, 1)
	s.listeners[l] = struct{}{}
	return l
}

func (s *streams) leave(l chan news) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// isStream says whether a request is for a stream, which lasts.
func isStream(r *http.Request) bool { return r.URL.Path == apiPath+"/events" }

// streamEvents sends an event "state" at once and whenever the state has changed, until the reader goes.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) {
	if err := queryOf(r).err(); err != nil {
		s.refuseFor(w, r, err)
		return
	}
	l := s.streams.listen() // before the state is read, so that what changes in between is told
	if l == nil {
		w.Header().Set("Retry-After", "10")
		s.refuse(w, r, http.StatusServiceUnavailable, "too many streams are open, or emrguard ends; try again later")
		return
	}
	defer s.streams.leave(l)
	now, err := s.fleet.now(r.Context())
	if err != nil {
		s.refuse(w, r, http.StatusServiceUnavailable, "the store does not answer now: "+err.Error())
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	to := http.NewResponseController(w)
	send := func(text string) bool {
		_ = to.SetWriteDeadline(time.Now().Add(writeIn)) // a writer without deadlines has none
		_, err := fmt.Fprint(w, text)
		return err == nil && to.Flush() == nil
	}
	event := func(n news) string {
		data, _ := json.Marshal(n) //nolint:errchkjson // a string and a number
		return fmt.Sprintf("event: state\nid: %d\ndata: %s\n\n", n.Seq, data)
	}
	if !send(fmt.Sprintf("retry: %d\n\n", retryAfter.Milliseconds()) + event(news{now.tag, now.seq})) {
		return
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		text := ": still here\n\n"
		select {
		case <-r.Context().Done():
			return
		case n, ok := <-l:
			if !ok {
				return
			}
			text = event(n)
		case <-beat.C:
		}
		if s.o.Access().identify(r).Role == Nobody || !send(text) { // a session ends, or a reload takes its token away
			return
		}
	}
}

// describeStreams puts what does not answer with one JSON body into the API's description.
func (s *Server) describeStreams(api huma.API) {
	add := func(id, path, summary, kind string, schema *huma.Schema, params []*huma.Param) {
		responses := map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{kind: {Schema: schema}}}}
		for _, status := range append([]int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusInternalServerError}, turnedAway...) {
			responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{
				"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/ErrorModel"}},
			}}
		}
		api.OpenAPI().AddOperation(&huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: apiPath + path, Summary: summary, Tags: []string{"read"}, Parameters: params, Responses: responses,
		})
	}
	text := &huma.Schema{Type: huma.TypeString}
	add("events", "/events", "A stream of server-sent events: \"state\" at once and whenever something has changed, with its tag", "text/event-stream", text, nil)
	var filters []*huma.Param
	for _, p := range api.OpenAPI().Paths[apiPath+"/history"].Get.Parameters {
		if p.In == "query" && p.Name != "limit" && p.Name != "before" {
			filters = append(filters, p)
		}
	}
	add("historyCSV", "/history.csv", "All records that match, oldest first, as CSV (RFC 4180) with a head", "text/csv", text, filters)
	add("historyNDJSON", "/history.ndjson", "All records that match, oldest first, one JSON object a line", "application/x-ndjson", text, filters)
}
