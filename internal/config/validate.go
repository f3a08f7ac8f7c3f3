package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"emrguard/internal/emr"
	"emrguard/internal/notify"
	"emrguard/internal/phrase"
	"emrguard/internal/scaling"
	"emrguard/internal/suggest"
)

// listenNone turns the listener off.
const listenNone = "none"

// validator checks values that have the right type. It reports into the walker that read them.
type validator struct {
	w   *walker
	cfg *Config
}

// validate checks everything a type does not say.
func validate(cfg *Config, w *walker) {
	if w.bad[""] {
		return
	}
	v := &validator{w: w, cfg: cfg}
	v.store()
	v.listener()
	oneOf(v, "log.format", cfg.Log.Format, LogAuto, LogText, LogJSON)
	oneOf(v, "log.level", cfg.Log.Level, LogDebug, LogInfo, LogWarn, LogError)
	v.span("history.keep", cfg.History.Keep, 24*time.Hour, 10*365*24*time.Hour)
	v.missing("", reflect.TypeFor[Config]())
	v.notify()
	if len(cfg.Scopes) == 0 {
		v.problem("scopes", "no scope is given; add at least one account and region")
	}
	if len(cfg.Scopes) > MaxScopes || len(cfg.Clusters) > MaxRules {
		v.problem("", "%d scopes and %d rules; at most %d and %d", len(cfg.Scopes), len(cfg.Clusters), MaxScopes, MaxRules)
		return
	}
	for i := range cfg.Scopes {
		v.scope(fmt.Sprintf("scopes[%d]", i), cfg.Scopes[i])
	}
	v.distinctScopes()
	for i := range cfg.Clusters {
		v.rule(fmt.Sprintf("clusters[%d]", i), &cfg.Clusters[i])
	}
}

// problem reports at the place of the path, or of the nearest key above it that is given, unless the value, or one that
// holds it, could not be read.
func (v *validator) problem(path, format string, args ...any) {
	for up := path; up != ""; up = above(up) {
		if v.w.bad[up] {
			return
		}
	}
	at := place(v.w.pos, path)
	v.w.problems = append(v.w.problems, Problem{Line: at.line, Column: at.column, Path: path, Text: fmt.Sprintf(format, args...)})
}

// place finds a path, or the nearest one above it that is given.
func place(places map[string]pos, path string) pos {
	for path != "" {
		if p, ok := places[path]; ok {
			return p
		}
		path = above(path)
	}
	return pos{}
}

// above is the path of the key or list that holds a path.
func above(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

// required are the keys that have no default, by the struct they stand in.
var required = map[reflect.Type][]string{
	reflect.TypeFor[Config]():                    {"scopes"},
	reflect.TypeFor[Scope]():                     {"name", "region"},
	reflect.TypeFor[Rate]():                      {"burst", "per_second"},
	reflect.TypeFor[ClusterRule]():               {"match", "mode"},
	reflect.TypeFor[scaling.Pool]():              {"name", "role", "min", "max"},
	reflect.TypeFor[scaling.Group]():             {"type"},
	reflect.TypeFor[emr.VolumeConfig]():          {"type", "size"},
	reflect.TypeFor[scaling.Condition]():         {"metric", "operator", "threshold"},
	reflect.TypeFor[scaling.Policy]():            {"name", "metric", "operator", "threshold", "action"},
	reflect.TypeFor[emr.Dimension]():             {"name", "value"},
	reflect.TypeFor[scaling.Action]():            {"type"},
	reflect.TypeFor[scaling.Schedule]():          {"name", "cron"},
	reflect.TypeFor[scaling.Termination]():       {"policies"},
	reflect.TypeFor[scaling.TerminationPolicy](): {"name", "statements"},
	reflect.TypeFor[notify.Sink]():               {"name"},
	reflect.TypeFor[notify.SMTP]():               {"server", "from", "to"},
	reflect.TypeFor[notify.SNS]():                {"topic_arn"},
	reflect.TypeFor[notify.EventBridge]():        {"bus_arn"},
	reflect.TypeFor[notify.Route]():              {"sinks"},
}

// missing reports the required keys of a struct that are not given. A key that a misspelt one stands for was reported already. Nothing
// else is said of a key that is missing.
func (v *validator) missing(path string, t reflect.Type) {
	for _, name := range required[t] {
		at := join(path, name)
		if v.given(at) {
			continue
		}
		if !v.w.meant[at] {
			v.problem(at, "missing; this key is required")
		}
		v.w.bad[at] = true
	}
}

// allMissing does the same for a value and everything given below it.
func (v *validator) allMissing(path string, value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			v.allMissing(path, value.Elem())
		}
	case reflect.Struct:
		v.missing(path, value.Type())
		for _, f := range fieldsOf(value.Type()) {
			if at := join(path, f.name); v.given(at) {
				v.allMissing(at, value.FieldByIndex(f.index))
			}
		}
	case reflect.Slice:
		for i := range value.Len() {
			v.allMissing(fmt.Sprintf("%s[%d]", path, i), value.Index(i))
		}
	case reflect.Map:
		for key, entry := range value.Seq2() {
			v.allMissing(join(path, key.String()), entry)
		}
	}
}

func (v *validator) span(path string, d, low, high time.Duration) {
	if d < low || d > high {
		v.problem(path, "%s is outside %s to %s", phrase.Duration(d), phrase.Duration(low), phrase.Duration(high))
	}
}

func oneOf[T ~string](v *validator, path string, value T, known ...T) {
	words := make([]string, len(known))
	for i, k := range known {
		if value == k {
			return
		}
		words[i] = string(k)
	}
	v.problem(path, "%q is not known; %s", string(value), suggest.DidYouMean(string(value), words))
}

func (v *validator) store() {
	path, sqlite := strings.CutPrefix(v.cfg.Store, "sqlite:")
	kind, _, colon := strings.Cut(v.cfg.Store, ":")
	switch {
	case kind == "postgres" || kind == "postgresql":
		v.problem("store", "PostgreSQL is not supported yet; use sqlite:PATH")
	case !sqlite && colon:
		v.problem("store", "%q is no kind of store; use sqlite:PATH", kind)
	case !sqlite:
		v.problem("store", "want sqlite:PATH, found %q; write sqlite:%s", v.cfg.Store, v.cfg.Store)
	case path == "" || strings.HasSuffix(path, "/"):
		v.problem("store", "the file's name is missing; for example %s", DefaultStore)
	case strings.HasPrefix(path, "//"):
		v.problem("store", "want a path after sqlite:, not a URL; for example %s or sqlite:/var/lib/emrguard/emrguard.db", DefaultStore)
	case strings.HasPrefix(path, ":memory:"):
		v.problem("store", "the state has to survive a restart; use sqlite:PATH")
	case strings.ContainsAny(path, "?\x00"):
		v.problem("store", "a path with ? is not supported; the store takes no parameters")
	}
}

var hostName = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

func validHost(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || hostName.MatchString(host)
}

// loopbackHost says whether a host is this machine and no other can reach it.
func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// LoopbackEndpoint says whether the scope's endpoint is given and on this machine.
func (s Scope) LoopbackEndpoint() bool {
	u, err := url.Parse(s.Endpoint)
	return err == nil && s.Endpoint != "" && loopbackHost(u.Hostname())
}

var (
	scopeName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)
	region     = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+){1,3}-[1-9][0-9]?$`)
	roleARN    = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role/[\w+=,.@/-]{1,576}$`)
	externalID = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
)

func (v *validator) scope(path string, s Scope) {
	v.allMissing(path, reflect.ValueOf(s))
	if !scopeName.MatchString(s.Name) {
		v.problem(path+".name", "%q is no scope name: a-z, 0-9 and -, at most 32 characters, no - at the ends", s.Name)
	}
	if !region.MatchString(s.Region) {
		v.problem(path+".region", "%q does not look like an AWS region; for example us-east-1", s.Region)
	}
	if s.RoleARN != "" {
		m := roleARN.FindStringSubmatch(s.RoleARN)
		switch {
		case m == nil:
			v.problem(path+".role_arn", "%q is no role's ARN; for example arn:aws:iam::111122223333:role/emrguard", s.RoleARN)
		case region.MatchString(s.Region) && m[1] != s.Partition():
			v.problem(path+".role_arn", "the role is in partition %s, and region %s in %s; roles cannot be assumed across partitions", m[1], s.Region, s.Partition())
		}
	}
	switch {
	case s.ExternalID == "":
	case s.RoleARN == "":
		v.problem(path+".external_id", "an external id is only sent when a role is assumed; give role_arn, or remove it")
	case len(s.ExternalID) < 2 || len(s.ExternalID) > 1224 || !externalID.MatchString(s.ExternalID):
		v.problem(path+".external_id", "want 2 to 1224 letters, digits and +=,.@:/_-")
	}
	if s.Endpoint != "" {
		v.endpoint(path+".endpoint", s.Endpoint)
	}
	if s.EventsQueue != "" {
		v.queue(path+".events_queue", s)
	}
	if !(s.APIShare > 0 && s.APIShare <= 1) {
		v.problem(path+".api_share", "%v is outside its range: above 0, at most 1", s.APIShare)
	}
	var ops []string
	for _, op := range emr.Ops {
		ops = append(ops, string(op))
		if rate, ok := s.APIRates[op]; ok {
			v.rate(fmt.Sprintf("%s.api_rates.%s", path, op), rate)
		}
	}
	for op := range s.APIRates {
		if !slices.Contains(ops, string(op)) {
			v.problem(join(path+".api_rates", string(op)), "not an operation that emrguard uses; %s", suggest.DidYouMean(string(op), ops))
		}
	}
	v.span(path+".sweep", s.Sweep, 10*time.Second, 24*time.Hour)
}

func (v *validator) given(path string) bool {
	_, ok := v.w.pos[path]
	return ok
}

func (v *validator) endpoint(path, endpoint string) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		v.problem(path, "want an http or https URL, for example http://127.0.0.1:4566")
	case u.User != nil:
		v.problem(path, "no user or password belongs into the endpoint; requests are signed with AWS credentials")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		v.problem(path, "an endpoint has neither ? nor #")
	case !validHost(u.Hostname()):
		v.problem(path, "the host %q is neither a name nor an IP address", u.Hostname())
	case !validPort(u):
		v.problem(path, "the port %q is no number from 1 to 65535", u.Port())
	}
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}

func (v *validator) rate(path string, r Rate) {
	if r.Burst < 1 || r.Burst > 10_000 {
		v.problem(path+".burst", "%d is outside 1 to 10000", r.Burst)
	}
	if !(r.PerSecond > 0 && r.PerSecond <= 1000) {
		v.problem(path+".per_second", "%v is outside its range: above 0, at most 1000", r.PerSecond)
	}
}

// distinctScopes refuses two scopes of one name, and two that are the same account and region as far as the file tells:
// both would repair the same clusters and spend the same API rate.
func (v *validator) distinctScopes() {
	names, places := map[string]int{}, map[string]int{}
	for i, s := range v.cfg.Scopes {
		path := fmt.Sprintf("scopes[%d]", i)
		if first, ok := names[s.Name]; ok && s.Name != "" {
			v.problem(path+".name", "%q is already the name of scopes[%d] in line %d", s.Name, first, place(v.w.pos, fmt.Sprintf("scopes[%d]", first)).line)
		} else {
			names[s.Name] = i
		}
		key := s.Region + " " + s.Account() + " " + s.Endpoint
		if first, ok := places[key]; ok && s.Region != "" {
			v.problem(path, "the same account and region as scopes[%d] in line %d; one scope watches all clusters of both, rules tell them apart",
				first, place(v.w.pos, fmt.Sprintf("scopes[%d]", first)).line)
		} else {
			places[key] = i
		}
	}
}

// Account is the AWS account of role_arn, 12 digits, or "" when the file does not tell.
func (s Scope) Account() string {
	if m := roleARN.FindStringSubmatch(s.RoleARN); m != nil {
		return m[2]
	}
	return ""
}

// Partition is the AWS partition of the region, the second word of its ARNs
// (AWS General Reference, Amazon Resource Names; botocore partitions).
func (s Scope) Partition() string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"},
		{"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"}, {"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(s.Region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

var clusterID = regexp.MustCompile(`^j-[A-Z0-9]{1,30}$`)

func (v *validator) rule(path string, r *ClusterRule) {
	v.allMissing(path, reflect.ValueOf(*r))
	v.match(path+".match", r.Match)
	oneOf(v, path+".mode", r.Mode, Enforce, Observe, Off)
	v.settings(path+".recovery", r.Recovery.Validate())
	v.scaling(path, r)
}

// settings places the problems that settings find in themselves, each of which begins with its path below the given one.
func (v *validator) settings(path string, err error) {
	if err == nil {
		return
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, e := range all {
		key, text, ok := strings.Cut(e.Error(), ": ")
		if !ok {
			v.problem(path, "%s", e)
			continue
		}
		v.problem(path+"."+key, "%s", zeroMinutes.ReplaceAllString(zeroSeconds.ReplaceAllString(text, "m"), "h"))
	}
}

// The parts of a duration in a sentence that say nothing: 2h0m0s is 2h.
var (
	zeroSeconds = regexp.MustCompile(`m0s\b`)
	zeroMinutes = regexp.MustCompile(`h0m\b`)
)

func (v *validator) match(path string, m Match) {
	for key, n := range map[string]int{"scopes": len(m.Scopes), "names": len(m.Names), "tags": len(m.Tags), "ids": len(m.IDs)} {
		if n == 0 && v.given(path+"."+key) {
			v.problem(path+"."+key, "nothing is listed, so no cluster could match; remove the key to match whatever it is")
		}
	}
	var scopes []string
	for _, s := range v.cfg.Scopes {
		scopes = append(scopes, s.Name)
	}
	for i, name := range m.Scopes {
		if !slices.Contains(scopes, name) {
			v.problem(fmt.Sprintf("%s.scopes[%d]", path, i), "there is no scope %q; %s", name, suggest.DidYouMean(name, scopes))
		}
	}
	for i, pattern := range m.Names {
		if text := badPattern(pattern); text != "" {
			v.problem(fmt.Sprintf("%s.names[%d]", path, i), "%s", text)
		}
	}
	for i, id := range m.IDs {
		if !clusterID.MatchString(string(id)) {
			v.problem(fmt.Sprintf("%s.ids[%d]", path, i), "%q is no cluster id: j- and upper-case letters and digits", id)
		}
	}
	for tag, value := range m.Tags {
		at := join(path+".tags", tag)
		switch {
		case !tagText(tag) || tag == "" || utf8.RuneCountInString(tag) > 128:
			v.problem(at, "no tag key of AWS: 1 to 128 letters, digits, spaces and _.:/=+-@")
		case !tagText(value) || utf8.RuneCountInString(value) > 256:
			v.problem(at, "%q is no tag value of AWS: at most 256 letters, digits, spaces and _.:/=+-@; patterns work in names only", value)
		}
	}
}

// tagText says whether AWS accepts the characters in a tag's key or value
// (EMR Management Guide, emr-plan-tags: letters, spaces, numbers and _ . : / = + - @).
func tagText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Zs, r) && !strings.ContainsRune("_.:/=+-@", r)
	})
}
