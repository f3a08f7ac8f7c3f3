// Package scenario reads the YAML files that say what world a simulated EMR begins with and what happens in it.
package scenario

import (
	"time"

	"emrguard/internal/emrsim"
)

// Scenario is one file. The zero value of an optional member stands for its default. Times are counted from Start.
type Scenario struct {
	About       string        `yaml:"about"`       // one sentence for people
	Seed        uint64        `yaml:"seed"`        // default 0
	Start       time.Time     `yaml:"start"`       // default emrsim's
	Duration    time.Duration `yaml:"duration"`    // how long the story takes; 0: it has no end. Only told, not enforced
	Region      string        `yaml:"region"`      // default us-east-1
	Account     string        `yaml:"account"`     // 12 digits
	Instant     bool          `yaml:"instant"`     // provisioning takes no time
	Unthrottled bool          `yaml:"unthrottled"` // API calls need no token
	OldAccount  bool          `yaml:"old_account"` // the smaller whole-account bucket
	GroupPage   int           `yaml:"group_page"`  // groups on a page of ListInstanceGroups
	Timing      Timing        `yaml:"timing"`
	Metrics     Metrics       `yaml:"metrics"`
	EventsQueue EventsQueue   `yaml:"events_queue"` // to which EMR's events come
	Unknowns    Unknowns      `yaml:"unknowns"`
	Clusters    []Cluster     `yaml:"clusters"`
	Capacity    []Capacity    `yaml:"capacity"`
	Faults      []string      `yaml:"faults"` // as emrsim.ParseFault reads them, in force from the start
	Actors      []Actor       `yaml:"actors"`
	Events      []Event       `yaml:"events"`
}

// Timing mirrors emrsim.Timing: a duration is "2m", "1m..3m" or "45s..90s..3m" (min, mode, max).
type Timing struct {
	React        emrsim.Dist `yaml:"react"`
	Fulfil       emrsim.Dist `yaml:"fulfil"`
	Retry        emrsim.Dist `yaml:"retry"`
	Provision    emrsim.Dist `yaml:"provision"`
	Bootstrap    emrsim.Dist `yaml:"bootstrap"`
	Decommission emrsim.Dist `yaml:"decommission"`
	Reconfigure  emrsim.Dist `yaml:"reconfigure"`
	Terminate    emrsim.Dist `yaml:"terminate"`
	Step         emrsim.Dist `yaml:"step"`
	SpotLife     emrsim.Dist `yaml:"spot_life"`
	SuspendAfter int         `yaml:"suspend_after"`
}

// Metrics mirrors emrsim.MetricTiming: how the clusters' metrics come to CloudWatch.
type Metrics struct {
	Delay    emrsim.Dist `yaml:"delay"`
	LateRate float64     `yaml:"late_rate"` // share of the pulls, 0..1
	Late     emrsim.Dist `yaml:"late"`
	GapRate  float64     `yaml:"gap_rate"` // share of the pulls, 0..1
	Gap      emrsim.Dist `yaml:"gap"`
}

// EventsQueue mirrors emrsim.EventTiming.
type EventsQueue struct {
	On       bool        `yaml:"on"`
	Delay    emrsim.Dist `yaml:"delay"`
	LossRate float64     `yaml:"loss_rate"` // share of the events, 0..1
	DupRate  float64     `yaml:"dup_rate"`  // share of the others, 0..1
}

// Unknowns mirrors emrsim.Unknowns.
type Unknowns struct {
	Surplus        string      `yaml:"surplus"`          // keep, end-newest, end-oldest, end-any
	LossResizes    bool        `yaml:"loss_resizes"`     // a lost Spot node makes its group read RESIZING
	ReadLag        emrsim.Dist `yaml:"read_lag"`         // how old ListInstanceGroups and ListInstances may be
	Unfulfilled    string      `yaml:"unfulfilled"`      // dated, undated, hidden
	RefuseEmptyAdd bool        `yaml:"refuse_empty_add"` // AddInstanceGroups with 0 instances
	Rebind         bool        `yaml:"rebind"`           // each resize looks for capacity afresh
	HideReasons    bool        `yaml:"hide_reasons"`     // a group does not say why EC2 refuses its instances
}

// Cluster is one cluster: of groups or of fleets.
type Cluster struct {
	ID             string            `yaml:"id"` // default: made up
	Name           string            `yaml:"name"`
	Region         string            `yaml:"region"`   // default: the scenario's
	Zone           string            `yaml:"zone"`     // default: the region's a
	Subnet         string            `yaml:"subnet"`   // default: one for each zone
	Release        string            `yaml:"release"`  // default emr-7.1.0
	Tags           map[string]string `yaml:"tags"`     //
	Starting       bool              `yaml:"starting"` // it starts at the scenario's start; else it has been running for a while
	Ends           bool              `yaml:"ends"`     // it ends when it has no step
	Protected      bool              `yaml:"protected"`
	ManagedScaling *ManagedScaling   `yaml:"managed_scaling"`
	Groups         []Group           `yaml:"groups"`
	Fleets         []Fleet           `yaml:"fleets"`
	Load           *Work             `yaml:"load"` // what runs on it; nothing without
}

// Work mirrors emrsim.Load.
type Work struct {
	Scheduler string        `yaml:"scheduler"` // fifo (default) or fair
	Container int           `yaml:"container"` // MiB; default 3072
	Task      time.Duration `yaml:"task"`      // how long a container works on one thing; default 5m
	HDFS      int           `yaml:"hdfs"`      // GiB in HDFS, replicas included
	Streams   []Stream      `yaml:"streams"`
	Bursts    []Burst       `yaml:"bursts"`
	Jobs      []Job         `yaml:"jobs"`
}

// Stream mirrors emrsim.JobStream: jobs by a Poisson process.
type Stream struct {
	Name    string         `yaml:"name"`
	Rate    float64        `yaml:"rate"`    // jobs an hour
	Daily   []float64      `yaml:"daily"`   // 24 factors, the first for the hour from midnight UTC
	Weekend float64        `yaml:"weekend"` // factor
	Work    emrsim.Dist    `yaml:"work"`    // container time
	Width   emrsim.Between `yaml:"width"`   // containers: 8 or 4..16
}

// Burst mirrors emrsim.JobBurst: many jobs in a short time.
type Burst struct {
	Name  string         `yaml:"name"`
	At    time.Duration  `yaml:"at"`
	Every time.Duration  `yaml:"every"` // default: once
	Jobs  int            `yaml:"jobs"`
	Over  time.Duration  `yaml:"over"` // default: at once
	Work  emrsim.Dist    `yaml:"work"`
	Width emrsim.Between `yaml:"width"`
}

// Job mirrors emrsim.Job.
type Job struct {
	Name  string        `yaml:"name"`
	At    time.Duration `yaml:"at"`
	Work  time.Duration `yaml:"work"`
	Width int           `yaml:"width"`
}

// ManagedScaling is EMR managed scaling in instances.
type ManagedScaling struct {
	Min int `yaml:"min"`
	Max int `yaml:"max"`
}

// Group is one instance group.
type Group struct {
	Name           string          `yaml:"name"`   // default: the role in lower case
	Role           string          `yaml:"role"`   // MASTER, CORE or TASK
	Type           string          `yaml:"type"`   // default m5.xlarge
	Market         string          `yaml:"market"` // ON_DEMAND (default) or SPOT
	Bid            string          `yaml:"bid"`    // USD an hour; only with SPOT
	Count          int             `yaml:"count"`
	AMI            string          `yaml:"ami"`
	Volumes        []Volume        `yaml:"ebs"`
	EBSOptimized   bool            `yaml:"ebs_optimized"`
	Configurations []Configuration `yaml:"configurations"`
}

// Volume is so many EBS volumes on each instance.
type Volume struct {
	Type       string `yaml:"type"` // gp3 (default), gp2, io1, st1, sc1, standard
	Size       int    `yaml:"size"` // GiB
	Iops       int    `yaml:"iops"`
	Throughput int    `yaml:"throughput"` // MiB/s; only with gp3
	Count      int    `yaml:"count"`      // default 1
}

// Configuration is one EMR application configuration.
type Configuration struct {
	Classification string            `yaml:"classification"`
	Properties     map[string]string `yaml:"properties"`
}

// Fleet is one instance fleet of one instance type.
type Fleet struct {
	Name     string `yaml:"name"`
	Role     string `yaml:"role"`
	Type     string `yaml:"type"`      // default m5.xlarge
	OnDemand int    `yaml:"on_demand"` // units of capacity
	Spot     int    `yaml:"spot"`
	Weight   int    `yaml:"weight"` // units of one instance; default 1
}

// Capacity is what a pool of EC2 has from a time on. Pools that are not named never run dry.
type Capacity struct {
	Pool     emrsim.Pool   `yaml:"pool"`   // zone/type/market
	Region   string        `yaml:"region"` // default: the scenario's
	At       time.Duration `yaml:"at"`
	Capacity *Amount       `yaml:"capacity"` // one part
	Parts    []Amount      `yaml:"parts"`    // or several: groups of a cluster ask in one each, in turn
	Reclaim  bool          `yaml:"reclaim"`  // running Spot instances beyond it are taken back
	Refill   *Refill       `yaml:"refill"`
}

// Refill lets every part of a pool grow: Add instances each Every until it has UpTo.
type Refill struct {
	Every time.Duration `yaml:"every"`
	Add   int           `yaml:"add"`
	UpTo  int           `yaml:"up_to"`
}

// Amount is a number of instances, or "unlimited".
type Amount int

// Actor is an outside controller; see emrsim.Actor.
type Actor struct {
	Name    string         `yaml:"name"` // default: its kind
	Kind    string         `yaml:"kind"` // terraform, autoscaler, custom-policy
	Region  string         `yaml:"region"`
	Cluster string         `yaml:"cluster"` // id or name
	Group   string         `yaml:"group"`   // of all but terraform
	Counts  map[string]int `yaml:"counts"`  // of terraform
	Every   time.Duration  `yaml:"every"`
	From    time.Duration  `yaml:"from"` // default: one Every after the start
	Until   time.Duration  `yaml:"until"`
	Add     int            `yaml:"add"` // negative: takes away
	Min     int            `yaml:"min"`
	Max     int            `yaml:"max"`
}

// Event is one thing that happens once; see emrsim.Action. A group is named "cluster/group", or by both members.
type Event struct {
	At      time.Duration `yaml:"at"`
	Do      string        `yaml:"do"`
	Who     string        `yaml:"who"`    // default "somebody", or "ec2" for what nobody decides
	Region  string        `yaml:"region"` // default: the scenario's
	Cluster string        `yaml:"cluster"`
	Group   string        `yaml:"group"`
	To      *int          `yaml:"to"`
	Count   *int          `yaml:"count"`
	Like    string        `yaml:"like"`
	Name    string        `yaml:"name"`
	Value   string        `yaml:"value"`
	Rate    *float64      `yaml:"rate"`
	Fault   string        `yaml:"fault"`
	Pool    emrsim.Pool   `yaml:"pool"`
	Parts   []Amount      `yaml:"parts"`
	Reclaim bool          `yaml:"reclaim"`
	Market  string        `yaml:"market"` // of quota
	Limit   *Amount       `yaml:"limit"`  // of quota: vCPUs; of addresses: instances
	Price   *float64      `yaml:"price"`  // dollars an hour
	Work    time.Duration `yaml:"work"`   // of submit
	Width   *int          `yaml:"width"`  // of submit
	Time    time.Duration `yaml:"time"`   // of lag
}
