// Package guard decides for one cluster: from its state, one input and the time to its next state, at most one change to send,
// the reads it needs, and a record with the reason of everything it did.
//
// It is pure and the only package the engine asks for decisions. A cluster's state is one document; a change is in it before
// it is sent (Pending), so that a guard that dies between any two steps goes on where it was.
package guard

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/ledger"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// Schema is the version of the stored document. A document with a greater one is refused.
const Schema = 1

// Mode says what emrguard may do on a cluster.
type Mode string

// The modes.
const (
	Enforce Mode = "enforce" // repair
	Observe Mode = "observe" // record what it would do
	Off     Mode = "off"     // leave alone
)

// State is everything emrguard knows of one cluster: one versioned document.
type State struct {
	Schema      int                 `json:"schema"`
	Scope       string              `json:"scope"`
	Cluster     emr.Cluster         `json:"cluster"`            // as last described; before that, as listed
	Described   time.Time           `json:"described,omitzero"` // when the last DescribeCluster began
	Managed     bool                `json:"managed,omitempty"`  // EMR managed scaling is attached
	ManagedAt   time.Time           `json:"managed_at,omitzero"`
	Groups      []Group             `json:"groups"`     // by id
	Pools       []pool.Pool         `json:"pools"`      // by origin
	Recoveries  []recovery.Recovery `json:"recoveries"` // open ones, in the order of their opening
	Pending     *Call               `json:"pending,omitempty"`
	LastWrite   time.Time           `json:"last_write,omitzero"` // when the last change was sent or answered
	Read        time.Time           `json:"read,omitzero"`       // when the last usable read began
	ReadEnded   time.Time           `json:"read_ended,omitzero"` // when its last page was answered
	Unusable    *Unusable           `json:"unusable,omitempty"`
	Paused      *Pause              `json:"paused,omitempty"`
	Adopted     []string            `json:"adopted,omitempty"` // other stores whose groups were adopted
	Foreign     []string            `json:"foreign,omitempty"` // other stores whose groups were seen and not adopted
	Would       []Would             `json:"would,omitempty"`
	Heard       Heard               `json:"heard,omitzero"`        // of the cluster's own state
	Hinted      time.Time           `json:"hinted,omitzero"`       // since when an event waits for a usable read that shows what it told; zero: none does
	HintedState time.Time           `json:"hinted_state,omitzero"` // the same for a description
	Suspended   *Suspension         `json:"suspended,omitempty"`
	Resumed     time.Time           `json:"resumed,omitzero"` // when the last suspension ended
	Scaling     []Scaled            `json:"scaling,omitempty"`
	Blind       *Blind              `json:"blind,omitempty"`
	Withheld    string              `json:"withheld,omitempty"` // why the cluster is only observed
	Seq         int64               `json:"seq"`                // numbers the records
	Ended       time.Time           `json:"ended,omitzero"`

	Terminating *Terminating `json:"terminating,omitempty"`
}

// Group is one instance group: what was last read, its shortfall clock, and what our own calls did to it.
type Group struct {
	emr.Group
	Seen     time.Time      `json:"seen"` // first usable read
	Ledger   ledger.Ledger  `json:"ledger"`
	Called   Called         `json:"called,omitzero"`
	Reported emr.GroupState `json:"reported,omitempty"` // this state was reported as beyond repair and no longer suspends
	Overrun  int            `json:"overrun,omitempty"`  // so many run though somebody else asked for fewer, and that was reported
	Heard    Heard          `json:"heard,omitzero"`     // what EMR's events said of it

	Granted recovery.Grants `json:"granted,omitzero"` // since when the instances that are starting exist in EC2, while some are missing

	// Instances is the last ListInstances of the group; it is read again rather than stored.
	Instances      []emr.Instance `json:"-"`
	InstancesBegan time.Time      `json:"-"`
}

// Called is the last change of ours to a group's requested count.
type Called struct {
	Count int       `json:"count"`
	At    time.Time `json:"at"`
	By    string    `json:"by"` // the recovery
	// Loose is until when a call of ours on the group whose answer is missing may still take effect; zero without one. It may be an earlier one.
	Loose time.Time `json:"loose,omitzero"`
}

// Call is one change that was decided and written down before it is sent.
type Call struct {
	ID         string      `json:"id"`
	Purpose    Purpose     `json:"purpose"`
	Call       emr.Call    `json:"call"`
	Recovery   string      `json:"recovery"`
	Pool       emr.GroupID `json:"pool"`
	At         time.Time   `json:"at"`
	Generation int64       `json:"generation"` // of the owner that decided it
	Reason     string      `json:"reason"`
}

// Purpose says what a call is for.
type Purpose string

// The purposes.
const (
	ForStop    Purpose = "stop"    // end a resize
	ForKeep    Purpose = "keep"    // keep what arrived after a stop
	ForLaunch  Purpose = "launch"  // raise a member
	ForAdd     Purpose = "add"     // make a new group
	ForRelease Purpose = "release" // lower a member

	ForMake      Purpose = "make"      // make the group of a configured pool
	ForTerminate Purpose = "terminate" // end the cluster
)

// Unusable says that reads cannot be decided on, since when and why.
type Unusable struct {
	Since  time.Time `json:"since"`
	Last   time.Time `json:"last"` // when the last of them began
	Reads  int       `json:"reads"`
	Reason string    `json:"reason"`
}

// Pause holds emrguard's changes on the cluster until it is resumed.
type Pause struct {
	Since  time.Time `json:"since"`
	Author string    `json:"author"`
	Reason string    `json:"reason,omitempty"`
}

// Would is a recovery that was recorded and not carried out.
type Would struct {
	Group emr.GroupID `json:"group"`
	Until time.Time   `json:"until"` // not recorded again before
}

// Suspension says that no scaling operation runs on the cluster, since when and why.
type Suspension struct {
	Since   time.Time `json:"since"`
	Reasons []string  `json:"reasons"`
}

// Env is what surrounds a decision.
type Env struct {
	Now      time.Time // corrected by AWS's clock
	Store    string    // this store's id
	Mode     Mode
	Why      string // which rule of the configuration gave the mode
	Settings recovery.Settings
	Scaling  *scaling.Settings // how the pools are scaled and when the cluster is terminated; shared, never changed; nil when neither
	Wrapped  bool              // only the TASK groups are managed; CORE suspends and is reported (rule R12)
	Sweep    time.Duration     // wish: how often a quiet cluster is read
	DryRun   bool
	Trusted  bool // the clock agrees with AWS's
	// Unread: no read came since this process has the cluster, or since its clock was set back, so the last one is not fresh, whatever its date says.
	Unread     bool
	SetBack    time.Duration // by how much the clock was set back since the last read
	Generation int64         // of the scope's lease
	Paused     string        // why the whole scope is paused; empty when it is not

	// What the API budget has at Now. When one is false the engine asks again at the time a token comes.
	StopReady bool // ModifyInstanceGroups now, and a launch within Settings.Settle
	Modify    bool
	Add       bool
	Terminate bool
}

// Input is one thing that happened; exactly one field is set. The zero Input means that time passed.
type Input struct {
	Read      *Read
	Instances *Instances
	Described *Described
	Managed   *Managed
	Metrics   *Metrics
	Failed    *Failed
	Answer    *Answer
	Lost      bool // a new owner or process has loaded the state: no answer to Pending will come
	Order     *Order
	Gone      *Gone
	Event     *emr.Event // of this cluster; see ParseEvent
}

// Read is a ListInstanceGroups with all its pages.
type Read struct {
	Began, Ended time.Time
	Groups       []emr.Group
}

// Instances is a ListInstances of one group with all its pages.
type Instances struct {
	Group     emr.GroupID
	Began     time.Time
	Instances []emr.Instance
}

// Described is a DescribeCluster.
type Described struct {
	Began   time.Time
	Cluster emr.Cluster
}

// Managed is a GetManagedScalingPolicy.
type Managed struct {
	Began    time.Time
	Attached bool
}

// Failed is a read that failed.
type Failed struct {
	Op    emr.Op
	Group emr.GroupID // ListInstances
	Began time.Time
	Err   emr.Error
}

// Answer is what became of the pending call.
type Answer struct {
	ID    string
	Err   *emr.Error
	Added emr.GroupID
}

// Gone says that the cluster is no longer listed, or is listed as ended.
type Gone struct {
	State emr.ClusterState // empty: not listed any more
}

// Class orders the reads of a scope; a lower one is more urgent.
type Class int

// The classes, in order.
const (
	ClassRecovery Class = iota // steps of open recoveries
	ClassDeadline              // exactly when due
	ClassScaling               // before a scaling write
	ClassDeferred              // something waits for the cluster to be quiet
	ClassHint                  // something may have happened
	ClassSweep                 // the routine look
)

// Need is a read that is wanted, not before Due.
type Need struct {
	Op    emr.Op
	Group emr.GroupID // ListInstances
	Due   time.Time
	Class Class
}

// Record is one row of the history.
type Record struct {
	ID       string
	At       time.Time
	Kind     string
	Group    emr.GroupID
	Pool     emr.GroupID
	Recovery string
	Reason   string
	Author   string
	Data     map[string]any
}

// Decision is what one input led to.
type Decision struct {
	State   State
	Call    *Call // to be sent once State is saved
	Needs   []Need
	Metrics *MetricNeed // series of CloudWatch that are wanted; nil: none
	Wake    time.Time   // decide again then even if no read was possible; zero: not needed
	Waiting []emr.Op    // token the budget lacked for a call that is ready
	Records []Record
	Reply   *Reply
}

// New returns the state of a cluster as ListClusters shows it.
func New(scope string, c emr.ClusterSummary) State {
	return State{Schema: Schema, Scope: scope, Cluster: emr.Cluster{ClusterSummary: c}}
}

// Clone copies the state so that the copy can be changed without touching the original.
func (s State) Clone() State {
	s.Groups = slices.Clone(s.Groups)
	s.Pools = slices.Clone(s.Pools)
	for i := range s.Pools {
		s.Pools[i] = s.Pools[i].Clone()
	}
	s.Recoveries = slices.Clone(s.Recoveries)
	for i := range s.Recoveries {
		s.Recoveries[i].Refused = slices.Clone(s.Recoveries[i].Refused)
	}
	s.Adopted = slices.Clone(s.Adopted)
	s.Foreign = slices.Clone(s.Foreign)
	s.Would = slices.Clone(s.Would)
	s.Scaling = slices.Clone(s.Scaling)
	for i := range s.Scaling {
		s.Scaling[i] = s.Scaling[i].clone()
	}
	if s.Terminating != nil {
		terminating := s.Terminating.clone()
		s.Terminating = &terminating
	}
	return s
}

// Group returns what is known of a group, for reading and changing, or nil.
func (s *State) Group(id emr.GroupID) *Group {
	i := sort.Search(len(s.Groups), func(i int) bool { return s.Groups[i].ID >= id }) // which copies no groups
	if i == len(s.Groups) || s.Groups[i].ID != id {
		return nil
	}
	return &s.Groups[i]
}

// PoolOf returns the pool that a group is a member of, or nil.
func (s *State) PoolOf(id emr.GroupID) *pool.Pool {
	for i := range s.Pools {
		if s.Pools[i].Member(id) != nil {
			return &s.Pools[i]
		}
	}
	return nil
}

// Pool returns the pool of an origin, or nil.
func (s *State) Pool(origin emr.GroupID) *pool.Pool {
	for i := range s.Pools {
		if s.Pools[i].Origin == origin {
			return &s.Pools[i]
		}
	}
	return nil
}

// Recovery returns an open recovery, or nil.
func (s *State) Recovery(id string) *recovery.Recovery {
	for i := range s.Recoveries {
		if s.Recoveries[i].ID == id {
			return &s.Recoveries[i]
		}
	}
	return nil
}

// View shows the pools what was last seen of a group: the requested count to reckon with (rule R5: a read of the value from
// before our call means nothing), what runs, and since when instances are missing. A group that EMR confirmed and no read shows
// yet counts with what it was asked for.
func (s *State) View() pool.View {
	return func(id emr.GroupID) (pool.Seen, bool) {
		p, g := s.PoolOf(id), s.Group(id)
		switch {
		case g == nil && p == nil:
			return pool.Seen{}, false
		case g == nil:
			m := p.Member(id)
			return pool.Seen{Requested: m.Last(), State: emr.GroupProvisioning, Oldest: m.Made}, true
		}
		seen := pool.Seen{Requested: g.Requested, Running: g.Running, State: g.State}
		if p != nil {
			seen.Requested = p.Member(id).Believed(g.Requested)
		}
		if oldest, ok := g.Ledger.Oldest(); ok {
			seen.Oldest = oldest.Since
		}
		return seen, true
	}
}

// Settings are the figures of the rules; see recovery.Settings.
type Settings = recovery.Settings

// ScalingSettings are the pools, policies, schedules and terminations of one rule; see scaling.Settings.
type ScalingSettings = scaling.Settings

// MayStop says whether the cluster has a recovery that may send a stop next, for which the launch after it needs an API token.
func MayStop(s State) bool {
	return slices.ContainsFunc(s.Recoveries, func(r recovery.Recovery) bool { return r.Kind.Stops() && r.Step == recovery.StepConfirm })
}

// Promised says whether the cluster has a recovery between its stop and its launch, which the API budget has promised tokens.
func Promised(s State) bool {
	return slices.ContainsFunc(s.Recoveries, func(r recovery.Recovery) bool {
		return r.Step == recovery.StepStop || r.Step == recovery.StepSettle || r.Step == recovery.StepPlace
	})
}

// Validate says what makes a stored state unfit to be decided on.
func (s State) Validate() error {
	var errs []error
	for i := range s.Groups {
		if i > 0 && s.Groups[i-1].ID >= s.Groups[i].ID {
			errs = append(errs, fmt.Errorf("groups are not in order at %q", s.Groups[i].ID))
		}
	}
	for _, g := range s.Groups {
		if err := g.Ledger.Check(); err != nil {
			errs = append(errs, fmt.Errorf("group %s: %w", g.ID, err))
		}
	}
	for _, p := range s.Pools {
		if len(p.Members) == 0 || p.Members[0].Group != p.Origin {
			errs = append(errs, fmt.Errorf("pool %q does not begin with its origin", p.Origin))
		}
		if p.Wanted < 0 {
			errs = append(errs, fmt.Errorf("pool %q wants %d", p.Origin, p.Wanted))
		}
	}
	for _, r := range s.Recoveries {
		if s.Pool(r.Pool) == nil {
			errs = append(errs, fmt.Errorf("recovery %q is of no pool", r.ID))
		}
		if err := r.Settings.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("recovery %q: %w", r.ID, err))
		}
	}
	return errors.Join(errs...)
}
