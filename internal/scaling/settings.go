package scaling

import (
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/schedule"
)

// Settings is what the configuration says of scaling on the clusters of one rule. The yaml, doc and range tags are the configuration's
// schema, as those of recovery.Settings are. A Settings is not changed after Compile.
type Settings struct {
	MaxInstances int          `yaml:"max_instances,omitempty" range:"1 to 20000" doc:"most instances that all groups of the cluster may be asked for together, beyond which no scaling operation launches; without it there is no such limit"`
	Pools        []Pool       `yaml:"pools,omitempty" doc:"the pools that are scaled"`
	Termination  *Termination `yaml:"termination,omitempty" doc:"when the cluster is terminated because nothing needs it"`
}

// Pool says how one pool of a cluster is scaled, and which one it is.
type Pool struct {
	Name      string     `yaml:"name" range:"a-z, 0-9 and -; at most 32 characters; unique in its rule" doc:"the pool's name in commands, history and metrics"`
	Role      emr.Role   `yaml:"role" range:"TASK or CORE" doc:"the role of its origin; fallbacks are TASK groups always"`
	Groups    []string   `yaml:"groups,omitempty" range:"patterns" doc:"the origin is the oldest group of the role whose name matches one of these, * and ? as in match.names; without it the oldest group of the role that no other pool of the rule names"`
	Min       int        `yaml:"min" range:"0 to 2000; CORE at least 1" doc:"fewest instances the pool wants; it is raised to that"`
	Max       int        `yaml:"max" range:"1 to 2000, not below min" doc:"most instances the pool wants; it is lowered to that"`
	Group     *Group     `yaml:"group,omitempty" doc:"the group to make when the cluster has none for the pool; TASK only"`
	Cooldown  Cooldown   `yaml:"cooldown" doc:"how long after a scaling operation of the pool completed its policies wait; a policy's own cooldown beats it"`
	MaxStep   MaxStep    `yaml:"max_step,omitempty" doc:"most instances that one scaling operation of a policy adds or takes; schedules and commands are not bounded"`
	ScaleUp   []Policy   `yaml:"scale_up,omitempty" doc:"policies that add instances; they never take any"`
	ScaleDown []Policy   `yaml:"scale_down,omitempty" doc:"policies that take instances; they never add any"`
	Schedules []Schedule `yaml:"schedules,omitempty" doc:"capacity at certain times"`
}

// Group is the configuration of a group to make.
type Group struct {
	InstanceType string             `yaml:"type" range:"an EC2 instance type" doc:"the instance type"`
	Market       emr.Market         `yaml:"market,omitempty" range:"SPOT or ON_DEMAND" doc:"the market; ON_DEMAND when not given"`
	BidPrice     string             `yaml:"bid_price,omitempty" range:"dollars; SPOT only" doc:"highest Spot price; without it the On-Demand price"`
	Volumes      []emr.VolumeConfig `yaml:"volumes,omitempty" doc:"EBS volumes of each instance; without it EMR's defaults for the type"`
}

// Cooldown is how long policies wait after a scaling operation of their pool completed: 0 to 24h.
type Cooldown struct {
	Up   time.Duration `yaml:"up" range:"0s to 24h" doc:"before the next launch by a policy"`
	Down time.Duration `yaml:"down" range:"0s to 24h" doc:"before the next release by a policy"`
}

// MaxStep bounds one scaling operation of a policy; 0 means no bound.
type MaxStep struct {
	Up   int `yaml:"up" range:"0 to 2000; 0: no bound" doc:"most instances added at once"`
	Down int `yaml:"down" range:"0 to 2000; 0: no bound" doc:"most instances taken at once"`
}

// Operator compares a data point with a threshold.
type Operator string

// The operators.
const (
	GT  Operator = "gt"
	GTE Operator = "gte"
	LT  Operator = "lt"
	LTE Operator = "lte"
)

// Condition is a comparison of a CloudWatch metric with a threshold over some periods in a row.
type Condition struct {
	Namespace   string          `yaml:"namespace,omitempty" range:"1 to 255 characters" doc:"the CloudWatch namespace"`
	Metric      string          `yaml:"metric" range:"1 to 255 characters" doc:"the metric's name"`
	Dimensions  []emr.Dimension `yaml:"dimensions,omitempty" range:"at most 29" doc:"dimensions beside JobFlowId, which is the cluster's unless given here"`
	Statistic   emr.Statistic   `yaml:"statistic,omitempty" range:"Average, Sum, Minimum, Maximum or SampleCount" doc:"how the points of a period become one"`
	Unit        string          `yaml:"unit,omitempty" range:"a CloudWatch unit" doc:"only points of this unit; without it all"`
	Operator    Operator        `yaml:"operator" range:"gt, gte, lt or lte" doc:"how a data point is compared with the threshold"`
	Threshold   float64         `yaml:"threshold" range:"any number" doc:"the number compared with; 0 and negative numbers count as what they are"`
	Period      time.Duration   `yaml:"period,omitempty" range:"1m to 24h, whole minutes" doc:"length of one period; EMR's own metrics come every five minutes"`
	Evaluations int             `yaml:"evaluation_periods,omitempty" range:"1 to 100; together at most 24h" doc:"periods in a row that must hold"`
}

// Policy scales a pool by a metric.
type Policy struct {
	Name      string `yaml:"name" range:"a-z, 0-9, - and _; at most 64 characters; unique in its pool" doc:"the policy's name in commands, history and metrics"`
	Condition `yaml:",inline"`
	Missing   Missing        `yaml:"missing_data,omitempty" range:"ignore or breaching" doc:"what periods without a data point mean: ignore: no action; breaching: they hold"`
	Cooldown  *time.Duration `yaml:"cooldown,omitempty" range:"0s to 24h" doc:"beats the pool's cooldown for this policy"`
	Action    Action         `yaml:"action" doc:"what is done when the condition holds"`
}

// Missing says what a period without a data point means.
type Missing string

// The meanings of missing data.
const (
	Ignore    Missing = "ignore"
	Breaching Missing = "breaching"
)

// ActionType is the kind of a policy's action, by the names of the comparable product.
type ActionType string

// The action types.
const (
	Adjustment           ActionType = "adjustment"            // Count instances more, or fewer
	PercentageAdjustment ActionType = "percentage_adjustment" // Percent of the wanted count more, or fewer
	SetMinTarget         ActionType = "set_min_target"        // wanted at least Target
	SetMaxTarget         ActionType = "set_max_target"        // wanted at most Target
	UpdateCapacity       ActionType = "update_capacity"       // wanted, min and max, those that are given
)

// Action is what a policy does.
type Action struct {
	Type    ActionType `yaml:"type" range:"adjustment, percentage_adjustment, set_min_target, set_max_target or update_capacity" doc:"the kind of action"`
	Count   int        `yaml:"count,omitempty" range:"1 to 2000" doc:"adjustment: so many instances"`
	Percent float64    `yaml:"percent,omitempty" range:"above 0, at most 1000" doc:"percentage_adjustment: so much of what the pool wants"`
	Target  *int       `yaml:"target,omitempty" range:"0 to 2000" doc:"set_min_target: at least this; set_max_target: at most this; update_capacity: exactly this"`
	Min     *int       `yaml:"min,omitempty" range:"0 to 2000" doc:"update_capacity: the pool's min from now on"`
	Max     *int       `yaml:"max,omitempty" range:"0 to 2000" doc:"update_capacity: the pool's max from now on"`
}

// Schedule sets a pool's capacity at certain times.
type Schedule struct {
	Name   string `yaml:"name" range:"a-z, 0-9, - and _; at most 64 characters; unique in its pool" doc:"the schedule's name in commands and history"`
	Cron   string `yaml:"cron" range:"minute hour day-of-month month day-of-week" doc:"when, in five fields; names of months and days work"`
	Zone   string `yaml:"zone,omitempty" range:"a zone of the IANA database" doc:"the time zone of cron; UTC when not given"`
	Target *int   `yaml:"target,omitempty" range:"0 to 2000" doc:"what the pool wants from then on"`
	Min    *int   `yaml:"min,omitempty" range:"0 to 2000" doc:"the pool's min from then on"`
	Max    *int   `yaml:"max,omitempty" range:"0 to 2000" doc:"the pool's max from then on"`
	Off    bool   `yaml:"off,omitempty" doc:"keep the schedule and do not follow it"`

	times *schedule.Times // of Cron and Zone, from Compile
}

// Termination says when a cluster is terminated because nothing needs it.
type Termination struct {
	Mode     TerminationMode     `yaml:"mode,omitempty" range:"observe or enforce" doc:"observe records what would be terminated; enforce terminates, where the rule's mode is enforce, too"`
	Grace    time.Duration       `yaml:"grace" range:"0s to 24h" doc:"time between the notice and the termination, in which every policy goes on being judged"`
	Policies []TerminationPolicy `yaml:"policies" doc:"a cluster is terminated when one of these holds"`
}

// TerminationMode is how far termination goes.
type TerminationMode string

// The termination modes.
const (
	TerminationObserve TerminationMode = "observe"
	TerminationEnforce TerminationMode = "enforce"
)

// TerminationPolicy holds when all its statements hold.
type TerminationPolicy struct {
	Name       string      `yaml:"name" range:"a-z, 0-9, - and _; at most 64 characters; unique in its rule" doc:"the policy's name in history and messages"`
	Statements []Condition `yaml:"statements" range:"1 to 10" doc:"all must hold; namespace is always AWS/ElasticMapReduce. A period without a data point never holds: a cluster whose metrics stopped is not an idle one"`
}

// Bounds are the least and most instances a pool may want.
type Bounds struct {
	Min int `json:"min"`
	Max int `json:"max"`
}
