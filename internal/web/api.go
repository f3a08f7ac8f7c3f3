package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"emrguard/internal/desk"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// apiPath is where the API of this version lies. Its version is not that of emrguard, which /whoami tells.
const (
	apiPath    = "/api/v1"
	apiVersion = "1"
)

// routeAPI mounts the JSON API. Its description is generated from the same types that answer: /api/v1/openapi.json.
func (s *Server) routeAPI(mux *http.ServeMux) {
	api := humago.New(mux, apiConfig())
	get(api, s, "fleet", "/fleet", "All clusters in numbers, and one page of them, the most urgent first", s.apiFleet)
	get(api, s, "cluster", "/clusters/{scope}/{cluster}", "One cluster with its groups, pools, bans, recoveries, policies and timelines", s.apiCluster)
	get(api, s, "groups", "/groups", "Every instance group as last read", s.apiGroups)
	get(api, s, "pools", "/pools", "Every pool: a group and the fallbacks made for it", s.apiPools)
	get(api, s, "bans", "/bans", "The bans that stand, the first to end first", s.apiBans)
	get(api, s, "policies", "/policies", "Every metric policy, schedule and termination policy, and how it stands", s.apiPolicies)
	get(api, s, "recoveries", "/recoveries", "Open recoveries, and the last closed ones", s.apiRecoveries)
	get(api, s, "recovery", "/recoveries/{scope}/{cluster}/{recovery}", "One recovery as a story, with its timeline; of a long one a part, page back with before", s.apiRecovery)
	get(api, s, "history", "/history", "What was seen, decided and done, the newest last; page back with before", s.apiHistory)
	get(api, s, "explain", "/explain/{id}", "The story of a record, recovery, group, pool or cluster; of a long one a part, page back with before", s.apiExplain)
	fresh(api, s, "report", "/report", "What happened in a period, added up", s.apiReport)
	fresh(api, s, "capacity", "/capacity", "Instances asked for, running and missing over time", s.apiCapacity)
	fresh(api, s, "costs", "/costs", "Hours that ran, were missing and were recovered, and what they cost", s.apiCosts)
	fresh(api, s, "whoami", "/whoami", "Who the server takes you for, and what it is itself", s.apiWhoami)
	s.routeOrders(api)
	s.describeStreams(api)
	mux.HandleFunc("GET "+apiPath+"/events", s.streamEvents)
	mux.HandleFunc("GET "+apiPath+"/history.csv", s.exportCSV)
	mux.HandleFunc("GET "+apiPath+"/history.ndjson", s.exportJSON)
}

// apiConfig describes the API as a whole.
func apiConfig() huma.Config {
	c := huma.DefaultConfig("emrguard", apiVersion)
	c.Info.Description = "What the emrguard dashboard shows and does. Times are RFC 3339 in UTC; lengths of time are in seconds where a name ends in _seconds. " +
		"A time in a query string is RFC 3339; or in UTC a date, a date and a time (2026-01-05T14:05), or a time of the present day (14:05); or how long ago it was (2h, 7d). " +
		"Fields may be added, none is renamed or removed. Errors are problem details (RFC 9457)."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = apiPath+"/openapi", "", ""
	c.CreateHooks = nil // no $schema in the bodies: they are those of the commands
	c.Transformers = []huma.Transformer{tellMistakes(c.Components.Schemas)}
	c.Formats = map[string]huma.Format{"application/json": {Marshal: marshalJSON, Unmarshal: json.Unmarshal}, "json": {Marshal: marshalJSON, Unmarshal: json.Unmarshal}}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "the token of listen_token_file (reading) or of web.admin_token_file (orders, too). Not needed where the listener is open on loopback"},
	}
	c.Security = []map[string][]string{{"token": {}}, {}}
	return c
}

// marshalJSON writes a body as the commands do.
func marshalJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Conditional is what a request sends that has an answer already.
type Conditional struct {
	Strict
	IfNoneMatch string `header:"If-None-Match" doc:"the ETag of the answer that you have: 304 if nothing but ages has changed since"`
}

func (c Conditional) have() string { return c.IfNoneMatch }

// tagged is an answer with its entity tag.
type tagged[T any] struct {
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// untagged is an answer that must not be kept.
type untagged[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// turnedAway are the statuses that any request may get before it is looked at: without credentials, by a name that is not this server's, too many at once or too many
// wrong tokens, or when the store does not answer.
var turnedAway = []int{http.StatusUnauthorized, http.StatusMisdirectedRequest, http.StatusTooManyRequests, http.StatusServiceUnavailable}

// turnedAwayChange are turnedAway for a request with a body: of who may only read or another site's page, too large, or of another type.
var turnedAwayChange = append([]int{http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}, turnedAway...)

// reading describes an operation that reads.
func reading(id, path, summary string, statuses ...int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: apiPath + path, Summary: summary, Tags: []string{"read"},
		Errors: append(statuses, append(turnedAway, http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity)...),
	}
}

// fresh adds an operation whose answer depends on more than the state: on who asks, on the time, or on the price file. So it has no tag.
func fresh[I, O any](api huma.API, s *Server, id, path, summary string, handle func(context.Context, *snapshot, *I) (O, error)) {
	huma.Register(api, reading(id, path, summary), func(ctx context.Context, in *I) (*untagged[O], error) {
		now, err := s.fleet.now(ctx)
		if err != nil {
			return nil, problem(err)
		}
		body, err := handle(ctx, now, in)
		if err != nil {
			return nil, problem(err)
		}
		return &untagged[O]{CacheControl: "no-store", Body: body}, nil
	})
}

// get adds an operation that reads. Its answer's tag is that of the state it was made from, so asking again costs little.
func get[I interface{ have() string }, O any](api huma.API, s *Server, id, path, summary string, handle func(context.Context, *snapshot, *I) (O, error)) {
	huma.Register(api, reading(id, path, summary, http.StatusNotModified), func(ctx context.Context, in *I) (*tagged[O], error) {
		now, err := s.fleet.now(ctx)
		if err != nil {
			return nil, problem(err)
		}
		if have := (*in).have(); have != "" && slices.ContainsFunc(strings.Split(have, ","), func(t string) bool { t = strings.TrimSpace(t); return t == now.tag || t == "*" }) {
			return nil, huma.Status304NotModified()
		}
		body, err := handle(ctx, now, in)
		if err != nil {
			return nil, problem(err)
		}
		return &tagged[O]{ETag: now.tag, CacheControl: "private, no-cache", Body: body}, nil
	})
}

// The inputs of the operations.
type (
	fleetInput struct {
		Conditional
		Scope     string `query:"scope" doc:"only this scope"`
		Text      string `query:"q" maxLength:"200" doc:"only clusters with this in their name or id"`
		Condition string `query:"condition" enum:"stuck,blocked,contested,unusable,terminating,missing,recovering,resting,suspended,paused,banned,observed" doc:"only clusters with this the matter; stuck: on which a resize is stuck"`
		Sort      string `query:"sort" enum:"urgency,name,missing,since,read" default:"urgency" doc:"order of the clusters: the most urgent first, by name, most missing first, the longest missing first, the one read longest ago first"`
		Offset    int    `query:"offset" minimum:"0" maximum:"100000" default:"0" doc:"how many clusters to skip"`
		Limit     int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"clusters of the page"`
	}
	clusterInput struct {
		Conditional
		Scope   string `path:"scope" maxLength:"64" doc:"name of the scope"`
		Cluster string `path:"cluster" maxLength:"64" doc:"id of the cluster"`
	}
	// Which says of which clusters. It is exported, as all that inputs are made of, so that reflection may fill it.
	Which struct {
		Scope   string `query:"scope" doc:"only this scope"`
		Cluster string `query:"cluster" maxLength:"300" doc:"only this cluster: id or name"`
	}
	// Rows says which rows of a list.
	Rows struct {
		Offset int `query:"offset" minimum:"0" maximum:"1000000" default:"0" doc:"how many rows to skip"`
		Limit  int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"rows of the page"`
	}
	listInput struct {
		Conditional
		Which
		Rows
	}
	sumsInput struct {
		Period
		Rows
	}
	recoveriesInput struct {
		Conditional
		Which
		Rows
		Closed int   `query:"closed" minimum:"0" maximum:"1000" default:"20" doc:"at most so many closed ones, the last; limit and offset are of the open ones"`
		Before int64 `query:"before" minimum:"0" default:"0" doc:"only closed ones that were written before the record of this number; for paging"`
	}
	// PartOf says which part of a story.
	PartOf struct {
		Before int64 `query:"before" minimum:"0" default:"0" doc:"only what was written before the record of this number, as older of an answer gives it; for paging"`
		Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"records of the part, the newest"`
	}
	recoveryInput struct {
		Conditional
		PartOf
		Scope    string `path:"scope" maxLength:"64" doc:"name of the scope"`
		Cluster  string `path:"cluster" maxLength:"300" doc:"id of the cluster"`
		Recovery string `path:"recovery" maxLength:"64" doc:"id of the recovery"`
	}
	historyInput struct {
		Conditional
		Which
		Group    string   `query:"group" maxLength:"300" doc:"only this group: id, name, or CLUSTER/GROUP"`
		Pool     string   `query:"pool" maxLength:"300" doc:"only this pool: id, name, or CLUSTER/POOL"`
		Recovery string   `query:"recovery" maxLength:"400" doc:"only the recovery with this id, of which several clusters may have one, or scope/cluster/id"`
		Kinds    []string `query:"kind" maxItems:"50" doc:"only these kinds; one that ends with a full stop stands for all that begin with it"`
		Text     string   `query:"q" maxLength:"200" doc:"only records with this in their reason, kind, author, or a name or id, upper and lower case being the same. A page of a search reads 20,000 records at most"`
		From     Moment   `query:"from" doc:"not before"`
		To       Moment   `query:"to" doc:"before"`
		Before   int64    `query:"before" minimum:"0" default:"0" doc:"only what was written before the record of this number (seq); for paging"`
		Limit    int      `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"records of the page"`
	}
	explainInput struct {
		Conditional
		PartOf
		ID string `path:"id" maxLength:"300" doc:"id of a record, recovery, group, pool or cluster, or the name of one of the last three; a recovery's id that several clusters have as scope/cluster/id"`
	}
	// Period says of which time.
	Period struct {
		Strict
		Which
		From Moment `query:"from" doc:"beginning; by default 24 hours ago, of a report and of costs seven days"`
		To   Moment `query:"to" doc:"end; by default now"`
	}
	capacityInput struct {
		Period
		Points int `query:"points" minimum:"2" maximum:"2000" default:"300" doc:"points at most; where there are more changes, the worst and the last of each part of the time"`
	}
	noInput struct{ Strict }
)

func (in PartOf) part() desk.Part { return desk.Part{Before: in.Before, Limit: in.Limit} }

// scope is where a scope is among all.
func (s *snapshot) scope(name string) (int, error) {
	i := slices.IndexFunc(s.Scopes, func(scope view.Scope) bool { return scope.Name == name })
	if i < 0 {
		names := make([]string, 0, len(s.Scopes))
		for _, scope := range s.Scopes {
			names = append(names, scope.Name)
		}
		return i, huma.Error404NotFound(fmt.Sprintf("no scope %q; there are %s", name, strings.Join(names, ", ")))
	}
	return i, nil
}

func (in Which) world(now *snapshot) (view.World, view.Found, error) {
	w := now.World
	if in.Scope != "" {
		i, err := now.scope(in.Scope)
		if err != nil {
			return w, view.Found{}, err
		}
		w.Scopes = w.Scopes[i : i+1]
	}
	if in.Cluster == "" {
		return w, view.Found{Scope: in.Scope}, nil
	}
	found, err := w.FindCluster(in.Cluster)
	if err != nil {
		return w, found, &desk.RequestError{Err: err}
	}
	return w.Only(found), found, nil
}

func (s *Server) apiFleet(_ context.Context, now *snapshot, in *fleetInput) (view.Fleet, error) {
	if in.Scope != "" {
		if _, err := now.scope(in.Scope); err != nil {
			return view.Fleet{}, err
		}
	}
	return now.Fleet(view.FleetFilter{Scope: in.Scope, Text: in.Text, Condition: in.Condition, Sort: in.Sort, Offset: in.Offset, Limit: in.Limit}), nil
}

func (s *Server) apiCluster(ctx context.Context, now *snapshot, in *clusterInput) (desk.Cluster, error) {
	return now.desk.ClusterPage(ctx, now.World, in.Scope, in.Cluster)
}

func (s *Server) apiGroups(_ context.Context, now *snapshot, in *listInput) (out groupsPage, err error) {
	w, _, err := in.world(now)
	out.Groups = w.Groups()
	out.Groups.Groups = rowsOf(in.Rows, out.Groups.Groups, &out.Listed)
	return out, err
}

func (s *Server) apiPools(_ context.Context, now *snapshot, in *listInput) (out poolsPage, err error) {
	w, _, err := in.world(now)
	out.Pools = w.Pools()
	out.Pools.Pools = rowsOf(in.Rows, out.Pools.Pools, &out.Listed)
	return out, err
}

func (s *Server) apiBans(_ context.Context, now *snapshot, in *listInput) (out bansPage, err error) {
	w, _, err := in.world(now)
	out.Bans = w.Bans()
	out.Bans.Bans = rowsOf(in.Rows, out.Bans.Bans, &out.Listed)
	return out, err
}

func (s *Server) apiPolicies(_ context.Context, now *snapshot, in *listInput) (out policiesPage, err error) {
	w, _, err := in.world(now)
	out.Policies = w.Policies()
	out.Policies.Pools = rowsOf(in.Rows, out.Policies.Pools, &out.Listed)
	out.Policies.Policies = rowsOf(in.Rows, out.Policies.Policies, &out.Listed)
	out.Schedules = rowsOf(in.Rows, out.Schedules, &out.Listed)
	out.Terminations = rowsOf(in.Rows, out.Terminations, &out.Listed)
	return out, err
}

func (s *Server) apiRecoveries(ctx context.Context, now *snapshot, in *recoveriesInput) (out recoveriesPage, err error) {
	w, found, err := in.world(now)
	if err != nil {
		return out, err
	}
	var closed []store.Record
	if in.Closed > 0 {
		closed, err = now.desk.Latest(ctx, store.Query{Scope: found.Scope, Cluster: string(found.Cluster), Kinds: view.Outcomes(), Limit: in.Closed, Before: in.Before})
		slices.Reverse(closed)
	}
	out.Recoveries = w.Recoveries(closed)
	open := len(w.Recoveries(nil).Recoveries)
	page := rowsOf(in.Rows, out.Recoveries.Recoveries[:open], &out.Listed)
	out.Recoveries.Recoveries = append(slices.Clone(page), out.Recoveries.Recoveries[open:]...)
	return out, err
}

func (s *Server) apiRecovery(ctx context.Context, now *snapshot, in *recoveryInput) (desk.Recovery, error) {
	return now.desk.RecoveryPage(ctx, now.World, store.RecoveryKey{Key: store.Key{Scope: in.Scope, Cluster: in.Cluster}, Recovery: in.Recovery}, in.part())
}

func (s *Server) apiHistory(ctx context.Context, now *snapshot, in *historyInput) (view.History, error) {
	events, older, err := now.desk.Page(ctx, now.World, in.filter(now.Now))
	slices.Reverse(events)
	return view.History{Now: now.Now, Records: events, Older: older}, err
}

func (in *historyInput) filter(now time.Time) desk.Filter {
	return desk.Filter{Scope: in.Scope, Cluster: in.Cluster, Group: in.Group, Pool: in.Pool, Recovery: in.Recovery, Kinds: in.Kinds, Text: in.Text, From: in.From.at(now), To: in.To.at(now), Before: in.Before, Limit: in.Limit}
}

func (s *Server) apiExplain(ctx context.Context, now *snapshot, in *explainInput) (view.Explanation, error) {
	return now.desk.Explain(ctx, now.World, "", in.ID, in.part())
}

// Listed says which part of a list an answer has. It is exported so that reflection finds its fields.
type Listed struct {
	Matching int `json:"matching" doc:"rows of the list on all pages; of several lists, of the longest"`
	Offset   int `json:"offset" doc:"how many of these come before this page"`
}

// The answers that have a page of a list.
type (
	groupsPage struct {
		view.Groups
		Listed
	}
	poolsPage struct {
		view.Pools
		Listed
	}
	bansPage struct {
		view.Bans
		Listed
	}
	policiesPage struct {
		view.Policies
		Listed
	}
	recoveriesPage struct {
		view.Recoveries
		Listed
	}
	reportPage struct {
		view.Report
		Listed
	}
	costsPage struct {
		view.Costs
		Listed
	}
)

// rowsOf takes the rows that are asked for out of a list, and counts the list in.
func rowsOf[T any](in Rows, rows []T, of *Listed) []T {
	of.Matching, of.Offset = max(of.Matching, len(rows)), in.Offset
	begin := min(in.Offset, len(rows))
	return rows[begin:min(len(rows), begin+in.Limit)]
}

// period is the time that is asked for, or the last so long.
func (in *Period) period(now time.Time, length time.Duration) (from, to time.Time, err error) {
	from, to = in.From.at(now), in.To.at(now)
	if to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-length)
	}
	if err := desk.InOrder(from, to); err != nil {
		return from, to, &desk.RequestError{Err: err}
	}
	return from, to, nil
}

func (s *Server) apiReport(ctx context.Context, now *snapshot, in *sumsInput) (out reportPage, err error) {
	w, found, err := in.world(now)
	if err != nil {
		return out, err
	}
	from, to, err := in.period(now.Now, 7*24*time.Hour)
	if err != nil {
		return out, err
	}
	out.Report, err = now.desk.Report(ctx, w, found, from, to, nil)
	out.Clusters = rowsOf(in.Rows, out.Clusters, &out.Listed)
	return out, err
}

func (s *Server) apiCosts(ctx context.Context, now *snapshot, in *sumsInput) (out costsPage, err error) {
	w, found, err := in.world(now)
	if err != nil {
		return out, err
	}
	from, to, err := in.period(now.Now, 7*24*time.Hour)
	if err != nil {
		return out, err
	}
	out.Costs, err = now.desk.Costs(ctx, w, found, from, to)
	out.Clusters = rowsOf(in.Rows, out.Clusters, &out.Listed)
	return out, err
}

func (s *Server) apiCapacity(ctx context.Context, now *snapshot, in *capacityInput) (view.Capacity, error) {
	_, found, err := in.world(now)
	if err != nil {
		return view.Capacity{}, err
	}
	from, to, err := in.period(now.Now, 24*time.Hour)
	if err != nil {
		return view.Capacity{}, err
	}
	return now.desk.Capacity(ctx, now.World, found, from, to, in.Points)
}

// whoami is who asks and who answers.
type whoami struct {
	Name    string  `json:"name" doc:"as the history will name you"`
	Role    string  `json:"role" doc:"reader: you may see everything; admin: and give orders"`
	Version string  `json:"version" doc:"emrguard's"`
	DryRun  bool    `json:"dry_run" doc:"this emrguard changes no cluster"`
	Speed   float64 `json:"speed" doc:"how many times faster than real time its clock runs; 1 except beside a simulator"`
}

func (s *Server) apiWhoami(ctx context.Context, _ *snapshot, _ *noInput) (whoami, error) {
	id := who(ctx)
	return whoami{Name: id.Name, Role: id.Role.String(), Version: s.o.Version, DryRun: s.o.DryRun, Speed: max(1, s.o.Speed)}, nil
}
