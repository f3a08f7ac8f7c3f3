package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/notify"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// The limits of a configuration file.
const (
	MaxSize   = 1 << 20 // bytes
	MaxScopes = 1000
	MaxRules  = 1000 // every cluster may be held against all of them
)

// Config is one valid emrguard.yaml. It is made by Parse or Load and not changed afterwards; it is safe for concurrent use.
//
// The yaml tags of these structs, of recovery.Settings and of scaling.Settings are the schema: the reader, the reference page and the
// suggestions for misspelt keys are all derived from them. The doc and range tags are the reference's words.
type Config struct {
	Store           string          `yaml:"store" range:"sqlite:PATH" doc:"where the state lives. A relative path starts at the folder of the configuration file. PostgreSQL is not supported yet"`
	Listen          string          `yaml:"listen" range:"host:port, or none" doc:"address of the dashboard, the JSON API, metrics and health (/metrics, /healthz, /readyz). On loopback it is open for reading; an address beyond it needs a token or web.proxy_header"`
	ListenTokenFile string          `yaml:"listen_token_file,omitempty" range:"a path" doc:"file with the token for reading (16 to 4096 characters on one line): programs send it as \"Authorization: Bearer …\", people log in with it. A relative path starts at the folder of the configuration file; the file must not be readable by everybody. /healthz and /readyz need no token"`
	ListenTokenEnv  string          `yaml:"listen_token_env,omitempty" range:"name of a variable" doc:"environment variable with that token, in place of the file"`
	Web             Web             `yaml:"web" doc:"who may see and steer the fleet through the listener"`
	Log             Log             `yaml:"log" doc:"the log on standard error"`
	History         History         `yaml:"history" doc:"the record of decisions, calls and observations"`
	Prices          string          `yaml:"prices,omitempty" range:"a path" doc:"price file for emrguard costs and the page's costs; docs/costs.md has its form. A relative path starts at the folder of the configuration file. It is read again when it changes"`
	Scopes          []Scope         `yaml:"scopes" range:"1 to 1000" doc:"AWS accounts and regions to watch; each has its own credentials and API budget"`
	Notify          notify.Settings `yaml:"notify" doc:"messages to people and programs about what happens; see notifications.md"`
	Clusters        []ClusterRule   `yaml:"clusters,omitempty" range:"at most 1000" doc:"what to do with which cluster. The first rule whose match holds decides; a cluster that no rule matches is left alone. The cluster tag emrguard=off or emrguard=observe beats the rules, and can only reduce what they allow"`

	name     string         // the file's name as messages show it
	pos      map[string]pos // where each given key and list entry stands
	warnings []Problem      // legal but unwise, in file order
}

// Log says how the log is written.
type Log struct {
	Format LogFormat `yaml:"format" range:"auto, text or json" doc:"auto writes text to a terminal and JSON elsewhere"`
	Level  LogLevel  `yaml:"level" range:"debug, info, warn or error" doc:"the least important lines that are written"`
}

// LogFormat is the form of a log line.
type LogFormat string

// The log formats.
const (
	LogAuto LogFormat = "auto" // text on a terminal, JSON elsewhere
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// LogLevel is the importance of a log line, in the words of log/slog in lower case.
type LogLevel string

// The log levels.
const (
	LogDebug LogLevel = "debug"
	LogInfo  LogLevel = "info"
	LogWarn  LogLevel = "warn"
	LogError LogLevel = "error"
)

// History says how long the past is kept.
type History struct {
	Keep time.Duration `yaml:"keep" range:"24h to 87600h" doc:"age at which history, and the state of clusters that have ended, is deleted"`
}

// Scope is one AWS account and region: one set of credentials, one set of EMR API rate limits.
type Scope struct {
	Name        string          `yaml:"name" range:"a-z, 0-9 and -; at most 32 characters; unique" doc:"the scope's name in commands, logs and metrics. State is stored under it: a scope that is renamed starts anew"`
	Region      string          `yaml:"region" range:"an AWS region" doc:"the region"`
	RoleARN     string          `yaml:"role_arn,omitempty" range:"the ARN of an IAM role" doc:"role to assume with the process's own credentials; without it those are used as they are"`
	ExternalID  string          `yaml:"external_id,omitempty" range:"2 to 1224 characters; needs role_arn" doc:"external id that the role's trust policy asks for"`
	Endpoint    string          `yaml:"endpoint,omitempty" range:"an http or https URL" doc:"address of the EMR API instead of AWS's, for a VPC endpoint or the simulator; CloudWatch and SQS are asked there, too, unless the host is one of EMR's (elasticmapreduce). The environment variable AWS_ENDPOINT_URL works too"`
	EventsQueue string          `yaml:"events_queue,omitempty" range:"an SQS queue's URL in the scope's region; each scope's own" doc:"URL of a standard SQS queue to which an EventBridge rule sends EMR's events. They date resizes and tell of changes sooner than the sweep; without them dates come from emrguard's own calls, its reads and ListInstances (R1, R11)"`
	APIShare    float64         `yaml:"api_share" range:"above 0, at most 1" doc:"part of the account's EMR API rate that emrguard may use; the rest is for everybody else in the account"`
	APIRates    map[emr.Op]Rate `yaml:"api_rates,omitempty" doc:"the account's rate by API operation, where AWS raised yours above the published one"`
	Sweep       time.Duration   `yaml:"sweep" range:"10s to 24h" doc:"wish: look at each quiet cluster this often. The API budget decides; a sweep slower than half of recovery.after is reported"`
}

// Rate is AWS's token bucket for one operation in one account and region, before api_share is applied.
type Rate struct {
	Burst     int     `yaml:"burst" range:"1 to 10000" doc:"calls that may come at once"`
	PerSecond float64 `yaml:"per_second" range:"above 0, at most 1000" doc:"calls a second that may go on for ever"`
}

// ClusterRule says what to do with the clusters it matches.
type ClusterRule struct {
	Match    Match             `yaml:"match" doc:"which clusters: all keys that are given must hold. {} matches every cluster"`
	Mode     Mode              `yaml:"mode" range:"enforce, observe or off" doc:"enforce repairs; observe decides, records and shows, and changes nothing; off leaves the cluster alone"`
	Wrap     bool              `yaml:"wrap,omitempty" range:"true or false" doc:"true: only the cluster's TASK groups are managed. MASTER and CORE stay as they are: a CORE group that resizes suspends scaling and is reported, and is never stopped; pools have role TASK (R12)"`
	Recovery recovery.Settings `yaml:"recovery" doc:"the figures of the recovery rules"`
	Scaling  scaling.Settings  `yaml:",inline"`
}

// Scales says whether the rule scales or terminates its clusters.
func (r *ClusterRule) Scales() bool { return len(r.Scaling.Pools) > 0 || r.Scaling.Termination != nil }

// ReadsMetrics says whether the rule needs CloudWatch's metrics of its clusters.
func (r *ClusterRule) ReadsMetrics() bool {
	return r.Mode != Off && (r.Scaling.Termination != nil ||
		slices.ContainsFunc(r.Scaling.Pools, func(p scaling.Pool) bool { return len(p.ScaleUp)+len(p.ScaleDown) > 0 }))
}

// Terminates says whether emrguard may end the rule's clusters.
func (r *ClusterRule) Terminates() bool {
	return r.Mode == Enforce && r.Scaling.Termination != nil && r.Scaling.Termination.Mode == scaling.TerminationEnforce
}

// In says whether the rule can match clusters of a scope.
func (r *ClusterRule) In(scope string) bool {
	return len(r.Match.Scopes) == 0 || slices.Contains(r.Match.Scopes, scope)
}

// Match selects clusters. A key that is absent does not restrict; all that are given must hold.
type Match struct {
	Scopes []string          `yaml:"scopes,omitempty" range:"names of scopes" doc:"the cluster is in one of these scopes"`
	Names  []string          `yaml:"names,omitempty" range:"patterns" doc:"the cluster's name matches one of these, upper and lower case being different: * stands for any characters, ? for one, \\ takes the next character as it is"`
	Tags   map[string]string `yaml:"tags,omitempty" range:"tag: value" doc:"the cluster carries each of these tags with exactly this value"`
	IDs    []emr.ClusterID   `yaml:"ids,omitempty" range:"cluster ids, j-…" doc:"the cluster is one of these"`
}

// Mode is how far emrguard goes with a cluster.
type Mode string

// The modes.
const (
	Enforce Mode = "enforce" // repair
	Observe Mode = "observe" // decide, record and show; change nothing
	Off     Mode = "off"     // leave alone
)

// The defaults of what is not in recovery.Settings.
const (
	DefaultStore    = "sqlite:emrguard.db"
	DefaultListen   = "127.0.0.1:8470"
	DefaultKeep     = 90 * 24 * time.Hour
	DefaultAPIShare = 0.5
	DefaultSweep    = 5 * time.Minute
)

// defaults is the configuration a file starts from.
func defaults() *Config {
	return &Config{
		Store: DefaultStore, Listen: DefaultListen,
		Log:     Log{Format: LogAuto, Level: LogInfo},
		History: History{Keep: DefaultKeep},
		Notify:  notify.Defaults(),
	}
}

// defaultScope is what an entry of scopes starts from.
func defaultScope() Scope { return Scope{APIShare: DefaultAPIShare, Sweep: DefaultSweep} }

// NewRule is what an entry of clusters starts from: a rule with the defaults of its settings, without match and mode.
func NewRule() ClusterRule { return ClusterRule{Recovery: recovery.Defaults()} }

// Load reads and checks the file. What is wrong with its contents is an *Error with every problem.
func Load(path string) (*Config, error) {
	data, err := Read(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Read returns the bytes of the file, those beyond MaxSize left out but for one, so that Parse refuses them.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return data, nil
}

// Parse checks a configuration. The name stands in messages, and its folder is where relative paths start. The error is
// an *Error with every problem, in file order.
func Parse(name string, data []byte) (*Config, error) {
	cfg := defaults()
	cfg.name = name
	root, err := document(name, data)
	if err != nil {
		return nil, err
	}
	w := newWalker()
	w.document(root, cfg)
	cfg.pos = w.pos
	validate(cfg, w)
	if len(w.problems) > 0 {
		return nil, &Error{File: name, Problems: inFileOrder(w.problems)}
	}
	cfg.warnings = warnings(cfg)
	return cfg, nil
}

// Name is the name the configuration was parsed under.
func (c *Config) Name() string { return c.name }

// Warnings are what is legal but unwise, in file order.
func (c *Config) Warnings() []Problem { return c.warnings }

// WarningLines are the warnings as lines with file, line and column.
func (c *Config) WarningLines() []string {
	lines := make([]string, len(c.warnings))
	for i, p := range c.warnings {
		lines[i] = p.in(c.name)
	}
	return lines
}

// StorePath is the path of the SQLite file.
func (c *Config) StorePath() string { return c.resolve(strings.TrimPrefix(c.Store, "sqlite:")) }

// Listens says whether there is a listener at all.
func (c *Config) Listens() bool { return c.Listen != listenNone }

// Path is a path of the file as the process opens it: a relative one starts at the file's folder.
func (c *Config) Path(path string) string { return c.resolve(path) }

// resolve makes a path of the file relative to the file's folder.
func (c *Config) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.name), path)
}
