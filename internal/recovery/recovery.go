package recovery

import (
	"time"

	"emrguard/internal/emr"
)

// Step is where a recovery stands.
//
//	        +---------+  still stuck   +------+  answered  +--------+  settled  +-------+  answered  +-------+
//	open -> | confirm | -------------> | stop | ---------> | settle | --------> | place | ---------> | watch | -> closed
//	        +---------+  not refused   +------+            +--------+           +-------+            +-------+
//	             |   ^  before it was sent |                 |    ^ unstoppable     |  nobody takes it    | stuck again:
//	             v   +---------------------+                 +----+                 v                     v a new recovery
//	           closed                                                            closed (blocked, rest)
//
// Retry, Scale and Return go from confirm to place (or release) at once.
type Step string

// The steps.
const (
	StepConfirm Step = "confirm"
	StepStop    Step = "stop"
	StepSettle  Step = "settle"
	StepPlace   Step = "place"
	StepRelease Step = "release"
	StepWatch   Step = "watch"
)

// Acting says whether the recovery still changes its pool on its own account; while it watches, the next one may begin.
func (s Step) Acting() bool { return s != StepWatch }

// Outcome says how a recovery ended.
type Outcome string

// The outcomes.
const (
	Completed  Outcome = "completed"   // what was wanted runs
	Cleared    Outcome = "cleared"     // it was not stuck after all
	Chained    Outcome = "chained"     // the replacement got stuck too; the next recovery took over
	Rested     Outcome = "rested"      // the pool rests
	NoPlace    Outcome = "blocked"     // nobody takes the missing instances
	Overtaken  Outcome = "overtaken"   // an outsider lowered the pool
	ClusterEnd Outcome = "cluster_end" // the cluster ended
	Withheld   Outcome = "withheld"    // somebody else is in charge of the cluster
	Reported   Outcome = "reported"    // nothing more can be done; a person has to look
)

// Recovery is the repair of one stuck group, or one capacity change asked for by hand, from opening to outcome.
type Recovery struct {
	ID       string      `json:"id"`
	Pool     emr.GroupID `json:"pool"`
	Group    emr.GroupID `json:"group"` // the stuck group; the origin for Scale and Return
	Kind     Kind        `json:"kind"`
	Step     Step        `json:"step"`
	Opened   time.Time   `json:"opened"`
	Since    time.Time   `json:"since"`  // since when the oldest instance was missing
	Reason   string      `json:"reason"` // why it was opened
	Author   string      `json:"author,omitempty"`
	Force    bool        `json:"force,omitempty"`  // asked for by hand in spite of a suspension
	Number   int         `json:"number,omitempty"` // in the chain, from 1
	Asked    int         `json:"asked"`            // requested when it was opened
	Ran      int         `json:"ran"`              // running when it was opened
	Settings Settings    `json:"settings"`         // those it began with; it ends under them
	Rung     int         `json:"rung,omitempty"`   // of the stuck group, in the ladder of Settings; 0 for the origin
	Why      Why         `json:"why,omitzero"`     // why it got stuck, as far as EMR said before the stop

	From        time.Time   `json:"from"`                 // confirm: reads that began earlier don't count
	Hold        string      `json:"hold,omitempty"`       // why it waits
	Count       int         `json:"count,omitempty"`      // the stop count
	Starting    int         `json:"starting,omitempty"`   // of these, not running yet at the stop
	Stopped     time.Time   `json:"stopped,omitzero"`     // when the first stop was sent
	Sent        time.Time   `json:"sent,omitzero"`        // when the last stop, or the last release, was sent; without one, the first launch that never showed
	SettleBy    time.Time   `json:"settle_by,omitzero"`   // the end of the settle time
	Unsure      bool        `json:"unsure,omitempty"`     // the answer to the last stop is missing
	Unshown     bool        `json:"unshown,omitempty"`    // a read since the first stop showed another count: an old read may show the one from before the rise
	Shown       time.Time   `json:"shown,omitzero"`       // the first of the reads in a row that show the last stop
	Fill        emr.GroupID `json:"fill,omitempty"`       // where the launch was begun: a group added empty, or one whose raise never showed
	Lowered     bool        `json:"lowered,omitempty"`    // the stop was repeated with what really runs
	Tries       int         `json:"tries,omitempty"`      // stops repeated because the group did not stop
	Resent      int         `json:"resent,omitempty"`     // stops repeated because the answer was missing
	Kept        int         `json:"kept,omitempty"`       // Shrink: by how much wanted followed
	Before      int         `json:"before,omitempty"`     // requested when the first stop was sent
	Was         int         `json:"was,omitempty"`        // Scale: what the pool wanted before
	Delta       int         `json:"delta,omitempty"`      // Scale: by how much that changed
	NextTry     time.Time   `json:"next_try,omitzero"`    // when the stop is repeated
	Placement   Placement   `json:"placement,omitzero"`   // what was launched for it
	Placed      int         `json:"placed,omitempty"`     // instances launched for it
	Refused     []Refusal   `json:"refused,omitempty"`    // places EMR refused
	Unstoppable time.Time   `json:"unstoppable,omitzero"` // since when EMR ignores the stop
}

// Refusal is a place on which EMR refused the launch.
type Refusal struct {
	Group  emr.GroupID `json:"group,omitempty"` // empty: a new group
	Shape  Shape       `json:"shape,omitzero"`  // of the new group
	Reason string      `json:"reason"`
}

// Placement is one launch: a member's count raised, or a new group added.
type Placement struct {
	Group  emr.GroupID `json:"group,omitempty"` // empty until a new group is known
	Name   string      `json:"name,omitempty"`  // of the new group; carries the token
	Shape  Shape       `json:"shape,omitzero"`  // of the new group; zero: the origin's
	Count  int         `json:"count,omitempty"` // instances launched
	Target int         `json:"target,omitempty"`
	At     time.Time   `json:"at,omitzero"` // when the call was sent
	// Unknown is set while nobody knows whether the new group exists (rule R7): the answer to AddInstanceGroups is missing.
	Unknown bool      `json:"unknown,omitempty"`
	Foreign bool      `json:"foreign,omitempty"` // the call was sent by another owner of the scope
	Lost    time.Time `json:"lost,omitzero"`     // when the call was found unanswered; another owner may have sent it until then
	Absent  time.Time `json:"absent,omitzero"`   // the first usable read after it that did not show the group
	Empty   bool      `json:"empty,omitempty"`   // the repeat was sent with 0 instances
	Denied  bool      `json:"denied,omitempty"`  // EMR refused the repeat, so there is none: what the first call left is waited for
}

// View is what a recovery looks at.
type View struct {
	Now       time.Time
	Group     emr.Group // as last read
	ReadBegan time.Time // of the last usable read
	ReadEnded time.Time // of the same: its last page
	Known     bool      // the group was in it
	Told      Why       // why the group misses instances, as EMR's events say
	Refused   bool      // EMR reported insufficient capacity for what the group misses

	Instances      []emr.Instance // of the group
	InstancesBegan time.Time
	Granted        Grants // since when those that are starting exist in EC2

	Cluster     emr.ClusterState
	DescribedAt time.Time // when the last DescribeCluster began
	ManagedAt   time.Time // when the last GetManagedScalingPolicy began
	Managed     bool
	OptOut      string // why nothing may be changed on this cluster, from its tags

	LastWrite  time.Time // when the last change on this cluster was sent or answered, whichever is later
	InFlight   bool      // a change on this cluster is under way
	StopReady  bool      // the API budget has a token for a stop now and for a launch within settle
	Doubtful   bool      // an old read may show the count of the last stop, and what later ones show would count as one more rise
	Missing    int       // wanted less the sum of the pool's requested counts
	Trusted    bool      // the clock agrees with AWS's
	NoRung     string    // why no rung is worth trying for what the stuck group misses; empty: one may be
	Suspension string    // what else suspends scaling on the cluster, empty when nothing; Scale and Return begin without it
}

// ActKind says what is to be done next.
type ActKind string

// The kinds of act.
const (
	Wait    ActKind = "wait"    // nothing but the needs
	Stop    ActKind = "stop"    // set the group's requested count to Count
	Keep    ActKind = "keep"    // raise the requested count to what runs: not a launch
	Place   ActKind = "place"   // launch what is missing
	Release ActKind = "release" // lower members until wanted is met
	Close   ActKind = "close"   // end with Outcome
	Rest    ActKind = "rest"    // end, and the pool rests
)

// changes says whether the act sends a change.
func (a Act) changes() bool {
	return a.Kind == Stop || a.Kind == Keep || a.Kind == Place || a.Kind == Release
}

// Need is a read that a recovery waits for.
type Need struct {
	Op   emr.Op
	From time.Time // it must begin at or after
}

// Act is the next thing to do for a recovery, with the reason.
type Act struct {
	Kind    ActKind
	Count   int
	Outcome Outcome
	Reason  string
	Needs   []Need    // reads wanted, each at its From at the earliest
	Wake    time.Time // when to look again without a read; zero: none
}
