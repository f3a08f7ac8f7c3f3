package notify

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Settings is what the configuration says of notifications. The yaml, doc and range tags are the configuration's schema, as those of
// recovery.Settings are. It is not changed after Validate and safe for concurrent use.
type Settings struct {
	GroupWait     time.Duration `yaml:"group_wait" range:"0s to 1h" doc:"how long the first message of a group waits for what happens together: same scope, topic and severity"`
	GroupInterval time.Duration `yaml:"group_interval" range:"1s to 24h" doc:"a group has at most one message in this time; what happens meanwhile is in the next one"`
	GiveUp        time.Duration `yaml:"give_up" range:"1m to 168h" doc:"age at which a message that could not be delivered is dropped; the next message says how many were"`
	Sinks         []Sink        `yaml:"sinks,omitempty" range:"at most 20" doc:"where messages go. Without any, there are no notifications"`
	Routes        []Route       `yaml:"routes,omitempty" range:"at most 100" doc:"what goes where. Every route that matches counts, and a sink gets each event once. Without routes, every sink gets everything of severity warning and above"`
}

// Sink is one place that messages go to, of the kind of the one section that is given.
type Sink struct {
	Name        string       `yaml:"name" range:"a-z, 0-9 and -; at most 32 characters; unique" doc:"the sink's name in routes, logs and metrics. Messages that wait are kept under it"`
	Slack       *Slack       `yaml:"slack,omitempty" doc:"an incoming webhook of Slack, or of a chat that takes the same body"`
	Webhook     *Webhook     `yaml:"webhook,omitempty" doc:"any HTTP receiver; the body is JSON, and signed where a secret is given"`
	SMTP        *SMTP        `yaml:"smtp,omitempty" doc:"email"`
	SNS         *SNS         `yaml:"sns,omitempty" doc:"an SNS topic"`
	EventBridge *EventBridge `yaml:"eventbridge,omitempty" doc:"an EventBridge bus"`
}

// Slack is an incoming webhook. Its URL is a secret, so it is never in the file.
type Slack struct {
	URLFile string `yaml:"url_file,omitempty" range:"a path" doc:"file with the webhook's URL. A relative path starts at the folder of the configuration file; the file must not be readable by everybody"`
	URLEnv  string `yaml:"url_env,omitempty" range:"a name" doc:"environment variable with the webhook's URL, instead of a file"`
}

// Webhook is an HTTP receiver.
type Webhook struct {
	URL         string   `yaml:"url,omitempty" range:"an https URL without ?; http on loopback only" doc:"where to POST. A URL that holds a secret belongs into a file or the environment"`
	URLFile     string   `yaml:"url_file,omitempty" range:"a path" doc:"file with the URL, instead of url"`
	URLEnv      string   `yaml:"url_env,omitempty" range:"a name" doc:"environment variable with the URL, instead of url"`
	SecretFiles []string `yaml:"secret_files,omitempty" range:"paths, at most 4" doc:"files with secrets of at least 16 characters. The body is signed with each, so that a secret can be changed without a gap"`
	SecretEnvs  []string `yaml:"secret_envs,omitempty" range:"names, at most 4" doc:"environment variables with secrets, beside the files"`
}

// SMTP is a mail server and whom it writes to.
type SMTP struct {
	Server       string   `yaml:"server" range:"host:port" doc:"the server that takes mail for delivery; port 587 is usual, 465 with tls: implicit"`
	TLS          TLSMode  `yaml:"tls" range:"starttls, implicit or none" doc:"starttls: the connection must become encrypted before anything is said; implicit: it is from the start; none: never, for a server on loopback only"`
	CAFile       string   `yaml:"ca_file,omitempty" range:"a path" doc:"PEM file with the certificates that the server's is checked against, instead of the system's"`
	Username     string   `yaml:"username,omitempty" range:"a text; needs a password" doc:"user to log in as; without it nobody logs in"`
	PasswordFile string   `yaml:"password_file,omitempty" range:"a path" doc:"file with the password; it must not be readable by everybody"`
	PasswordEnv  string   `yaml:"password_env,omitempty" range:"a name" doc:"environment variable with the password, instead of a file"`
	From         string   `yaml:"from" range:"an address" doc:"the sender"`
	To           []string `yaml:"to" range:"1 to 50 addresses" doc:"the receivers; all get one mail"`
}

// TLSMode says when a connection becomes encrypted.
type TLSMode string

// The modes.
const (
	StartTLS TLSMode = "starttls"
	Implicit TLSMode = "implicit"
	NoTLS    TLSMode = "none"
)

// SNS is a topic. Its region is in its ARN.
type SNS struct {
	TopicARN   string `yaml:"topic_arn" range:"the ARN of an SNS topic" doc:"the topic; a FIFO topic works, too"`
	RoleARN    string `yaml:"role_arn,omitempty" range:"the ARN of an IAM role" doc:"role to assume; without it the process's own credentials are used"`
	ExternalID string `yaml:"external_id,omitempty" range:"2 to 1224 characters; needs role_arn" doc:"external id that the role's trust policy asks for"`
	Endpoint   string `yaml:"endpoint,omitempty" range:"an https URL; http on loopback only" doc:"address of SNS instead of AWS's, for a VPC endpoint or a test"`
}

// EventBridge is an event bus. Its region is in its ARN.
type EventBridge struct {
	BusARN     string `yaml:"bus_arn" range:"the ARN of an event bus" doc:"the bus, for example arn:aws:events:us-east-1:111122223333:event-bus/default"`
	RoleARN    string `yaml:"role_arn,omitempty" range:"the ARN of an IAM role" doc:"role to assume; without it the process's own credentials are used"`
	ExternalID string `yaml:"external_id,omitempty" range:"2 to 1224 characters; needs role_arn" doc:"external id that the role's trust policy asks for"`
	Endpoint   string `yaml:"endpoint,omitempty" range:"an https URL; http on loopback only" doc:"address of EventBridge instead of AWS's, for a VPC endpoint or a test"`
}

// Route sends what it matches to its sinks. Keys that are absent do not restrict; all that are given must hold.
type Route struct {
	Sinks    []string `yaml:"sinks" range:"names of sinks" doc:"where it goes"`
	Kinds    []string `yaml:"kinds,omitempty" range:"kinds, or beginnings that end in a dot" doc:"what happened, for example recovery.open or pool.; docs/notification-kinds.md lists them"`
	Severity Severity `yaml:"severity,omitempty" range:"info, warning or critical" doc:"the least severity. Default: warning, or info in a route that names kinds"`
	Scopes   []string `yaml:"scopes,omitempty" range:"names of scopes" doc:"in which scopes"`
	Clusters []string `yaml:"clusters,omitempty" range:"patterns" doc:"on clusters whose name or id matches one of these, * and ? as in match.names. What concerns a scope as a whole is on no cluster"`
}

// The limits of Settings.
const (
	maxSinks     = 20
	maxRoutes    = 100
	maxSecrets   = 4
	maxReceivers = 50
)

// Defaults are the settings of a configuration that gives none.
func Defaults() Settings {
	return Settings{GroupWait: 30 * time.Second, GroupInterval: 5 * time.Minute, GiveUp: 24 * time.Hour}
}

// DefaultSMTP is what the smtp section of a sink starts from.
func DefaultSMTP() SMTP { return SMTP{TLS: StartTLS} }

// On says whether there is anywhere to send to.
func (s *Settings) On() bool { return len(s.Sinks) > 0 }

// Type is the name of the section that is given: slack, webhook, smtp, sns or eventbridge; empty without one.
func (s *Sink) Type() string {
	types := s.types()
	if len(types) == 0 {
		return ""
	}
	return types[0]
}

func (s *Sink) types() []string {
	var out []string
	for _, t := range []struct {
		name  string
		given bool
	}{{"slack", s.Slack != nil}, {"webhook", s.Webhook != nil}, {"smtp", s.SMTP != nil}, {"sns", s.SNS != nil}, {"eventbridge", s.EventBridge != nil}} {
		if t.given {
			out = append(out, t.name)
		}
	}
	return out
}

// problems collects what is wrong, each with the path of its key.
type problems []error

func (p *problems) add(path, format string, args ...any) {
	*p = append(*p, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

// Validate returns everything that is wrong with the settings, joined, each beginning with the path of its key: "sinks[0].slack: …". Files
// and variables are not looked at, and the names of scopes are not known here.
func (s *Settings) Validate() error {
	var p problems
	span := func(path string, d, low, high time.Duration) {
		if d < low || d > high {
			p.add(path, "%s is outside %s to %s", d, low, high)
		}
	}
	span("group_wait", s.GroupWait, 0, time.Hour)
	span("group_interval", s.GroupInterval, time.Second, 24*time.Hour)
	span("give_up", s.GiveUp, time.Minute, 7*24*time.Hour)
	if len(s.Sinks) > maxSinks {
		p.add("sinks", "%d sinks; at most %d", len(s.Sinks), maxSinks)
	}
	if len(s.Routes) > maxRoutes {
		p.add("routes", "%d routes; at most %d", len(s.Routes), maxRoutes)
	}
	var names []string
	for i := range s.Sinks {
		path := fmt.Sprintf("sinks[%d]", i)
		p.sink(path, &s.Sinks[i])
		if slices.Contains(names, s.Sinks[i].Name) {
			p.add(path+".name", "%q is the name of two sinks", s.Sinks[i].Name)
		}
		names = append(names, s.Sinks[i].Name)
	}
	for i := range s.Routes {
		p.route(fmt.Sprintf("routes[%d]", i), &s.Routes[i], names)
	}
	return errors.Join(p...)
}

var sinkName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

func (p *problems) sink(path string, s *Sink) {
	if !sinkName.MatchString(s.Name) {
		p.add(path+".name", "%q is no sink name: a-z, 0-9 and -, at most 32 characters, no - at the ends", s.Name)
	}
	switch types := s.types(); len(types) {
	case 0:
		p.add(path, "nothing says where it goes: give one of slack, webhook, smtp, sns and eventbridge")
	case 1:
	default:
		p.add(path, "%s are given; a sink is of one kind, so make a sink of each", strings.Join(types, " and "))
	}
	if c := s.Slack; c != nil {
		p.one(path+".slack", "url_file or url_env, since the URL is a secret", c.URLFile, c.URLEnv)
		p.variable(path+".slack.url_env", c.URLEnv)
	}
	if c := s.Webhook; c != nil {
		p.webhook(path+".webhook", c)
	}
	if c := s.SMTP; c != nil {
		p.smtp(path+".smtp", c)
	}
	if c := s.SNS; c != nil {
		p.aws(path+".sns", "topic_arn", c.TopicARN, topicARN, "arn:aws:sns:us-east-1:111122223333:emrguard", c.RoleARN, c.ExternalID, c.Endpoint)
	}
	if c := s.EventBridge; c != nil {
		p.aws(path+".eventbridge", "bus_arn", c.BusARN, busARN, "arn:aws:events:us-east-1:111122223333:event-bus/default", c.RoleARN, c.ExternalID, c.Endpoint)
	}
}

// one wants exactly one of some keys.
func (p *problems) one(path, which string, values ...string) {
	given := 0
	for _, v := range values {
		if v != "" {
			given++
		}
	}
	switch {
	case given == 0:
		p.add(path, "give %s", which)
	case given > 1:
		p.add(path, "give only one of %s", which)
	}
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

func (p *problems) variable(path, name string) {
	if name != "" && !variableName.MatchString(name) {
		p.add(path, "not the name of an environment variable: letters, digits and _; the value itself does not belong here") // and is not repeated
	}
}

func (p *problems) webhook(path string, c *Webhook) {
	p.one(path, "url, url_file or url_env", c.URL, c.URLFile, c.URLEnv)
	p.variable(path+".url_env", c.URLEnv)
	if c.URL != "" {
		if _, err := CheckURL(c.URL); err != nil {
			p.add(path+".url", "%v", err)
		} else if strings.ContainsAny(c.URL, "?#") {
			p.add(path+".url", "what follows a ? may be a secret: put the whole URL into a file and name it in url_file")
		}
	}
	if n := len(c.SecretFiles) + len(c.SecretEnvs); n > maxSecrets {
		p.add(path+".secret_files", "%d secrets; at most %d", n, maxSecrets)
	}
	for i, name := range c.SecretEnvs {
		if name == "" {
			p.add(fmt.Sprintf("%s.secret_envs[%d]", path, i), "the name of a variable is missing")
		}
		p.variable(fmt.Sprintf("%s.secret_envs[%d]", path, i), name)
	}
	for i, name := range c.SecretFiles {
		if name == "" {
			p.add(fmt.Sprintf("%s.secret_files[%d]", path, i), "the path of a file is missing")
		}
	}
}

// CheckURL reads an address that messages are sent to: https, or http on this machine. The error does not repeat it, since it may be a
// secret.
func CheckURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("want an https URL with a host")
	case u.User != nil:
		return nil, errors.New("a user and password do not belong into a URL; a receiver can check the signature instead")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errors.New("plain http to another machine: everybody on the way can read and change the message; use https")
	}
	return u, nil
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

func (p *problems) smtp(path string, c *SMTP) {
	host, port, err := net.SplitHostPort(c.Server)
	n, portErr := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || host == "" || portErr != nil || n == 0:
		p.add(path+".server", "want host:port, for example smtp.example.org:587")
	case c.TLS == NoTLS && !loopback(host):
		p.add(path+".tls", "none is for a server on this machine; everybody on the way could read the mail and the password")
	}
	if !slices.Contains([]TLSMode{StartTLS, Implicit, NoTLS}, c.TLS) {
		p.add(path+".tls", "%q is none of starttls, implicit and none", c.TLS)
	}
	switch {
	case c.PasswordFile != "" && c.PasswordEnv != "":
		p.add(path+".password_env", "give password_file or password_env, not both")
	case c.Username == "" && cmp.Or(c.PasswordFile, c.PasswordEnv) != "":
		p.add(path+".username", "a password without a username")
	case c.Username != "" && cmp.Or(c.PasswordFile, c.PasswordEnv) == "":
		p.add(path+".username", "a username without a password; give password_file or password_env")
	}
	p.variable(path+".password_env", c.PasswordEnv)
	p.address(path+".from", c.From)
	if len(c.To) == 0 {
		p.add(path+".to", "nobody is listed")
	}
	if len(c.To) > maxReceivers {
		p.add(path+".to", "%d receivers; at most %d: give a mailing list", len(c.To), maxReceivers)
	}
	for i, to := range c.To {
		p.address(fmt.Sprintf("%s.to[%d]", path, i), to)
	}
}

func (p *problems) address(path, text string) {
	if a, err := mail.ParseAddress(text); err != nil || strings.ContainsAny(a.Address, "\r\n") {
		p.add(path, "%q is no email address", text)
	}
}

var (
	topicARN = regexp.MustCompile(`^arn:(aws[a-z-]*):sns:([a-z0-9-]+):([0-9]{12}):([A-Za-z0-9_-]{1,251}|[A-Za-z0-9_-]{1,251}\.fifo)$`)
	busARN   = regexp.MustCompile(`^arn:(aws[a-z-]*):events:([a-z0-9-]+):([0-9]{12}):event-bus/([A-Za-z0-9/._-]{1,256})$`)
	roleARN  = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role/[\w+=,.@/-]{1,576}$`)
)

func (p *problems) aws(path, key, arn string, form *regexp.Regexp, example, role, externalID, endpoint string) {
	if !form.MatchString(arn) {
		p.add(path+"."+key, "%q is not the ARN that is wanted; for example %s", arn, example)
	}
	if role != "" && !roleARN.MatchString(role) {
		p.add(path+".role_arn", "%q is no role's ARN; for example arn:aws:iam::111122223333:role/emrguard", role)
	}
	if externalID != "" && role == "" {
		p.add(path+".external_id", "an external id is only sent when a role is assumed; give role_arn, or remove it")
	}
	if endpoint != "" {
		if _, err := CheckURL(endpoint); err != nil {
			p.add(path+".endpoint", "%v", err)
		}
	}
}

// Region is the region in an ARN, empty if there is none.
func Region(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[3]
}

func (p *problems) route(path string, r *Route, sinks []string) {
	if len(r.Sinks) == 0 {
		p.add(path+".sinks", "no sink is listed")
	}
	for i, name := range r.Sinks {
		if !slices.Contains(sinks, name) {
			p.add(fmt.Sprintf("%s.sinks[%d]", path, i), "there is no sink %q; there are %s", name, strings.Join(sinks, ", "))
		}
	}
	for i, k := range r.Kinds {
		if !knownKind(k) {
			p.add(fmt.Sprintf("%s.kinds[%d]", path, i), "%q is not a kind that is notified; docs/notification-kinds.md lists them", k)
		}
	}
	if r.Severity != "" && r.Severity.rank() < 0 {
		p.add(path+".severity", "%q is none of info, warning and critical", r.Severity)
		return
	}
	if least := r.least(); len(r.Kinds) > 0 && least != Info {
		reachable := slices.ContainsFunc(kinds, func(k kind) bool { return matchesKind(r.Kinds, k.name) && k.severity.rank() >= least.rank() })
		if !reachable {
			p.add(path+".severity", "none of the route's kinds is ever %s", least)
		}
	}
}
