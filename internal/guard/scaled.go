package guard

import (
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// Scaled is what is remembered of one configured pool between decisions.
type Scaled struct {
	Name     string         `json:"name"`             // of scaling.Pool
	Origin   emr.GroupID    `json:"origin,omitempty"` // of the pool it stands for; empty while the cluster has none
	Bounds   scaling.Bounds `json:"bounds"`           // in force
	Config   scaling.Bounds `json:"config"`           // the configuration's when Bounds were set: when they change, Bounds follow
	BoundsBy string         `json:"bounds_by,omitempty"`
	Ticks    []Tick         `json:"ticks,omitempty"`    // in the order of the configuration
	Deferred *Deferred      `json:"deferred,omitempty"` // a schedule that is due and not carried out yet
	Last     *Operation     `json:"last,omitempty"`     // the last scaling operation
	Verdicts []Verdict      `json:"verdicts,omitempty"` // how each policy was judged last, in the order of the configuration
	Making   *Making        `json:"making,omitempty"`   // the group that is made for it
	Would    *WouldScale    `json:"would,omitempty"`    // observe: what was recorded last
	Told     string         `json:"told,omitempty"`     // which policy's ask was not followed, and why, as recorded last
}

// Tick is when a schedule is due next. A tick that is past was taken into Deferred in the same document that moved Next on, so that no
// time is carried out twice.
type Tick struct {
	Schedule string    `json:"schedule"`
	Spec     string    `json:"spec"` // its times; a schedule that is changed begins anew
	Next     time.Time `json:"next,omitzero"`
}

// Deferred is a schedule that is due and waits, with the reason.
type Deferred struct {
	Schedule string    `json:"schedule"`
	Due      time.Time `json:"due"`
	Reason   string    `json:"reason,omitempty"` // why it waits; empty while it has not been tried
}

// Operation is one scaling operation of a pool.
type Operation struct {
	By       string    `json:"by"` // "policy NAME", "schedule NAME", "min", "max", or the author of an order
	Recovery string    `json:"recovery,omitempty"`
	From     int       `json:"from"` // wanted before
	To       int       `json:"to"`   // wanted after
	Schedule string    `json:"schedule,omitempty"`
	Due      time.Time `json:"due,omitzero"` // of that schedule
	At       time.Time `json:"at"`
	Done     time.Time `json:"done,omitzero"`     // when its resize was over, or it was given up; cooldowns run from here
	Refused  bool      `json:"refused,omitempty"` // EMR refused it, or a read before it
	Again    time.Time `json:"again,omitzero"`    // Refused: bounds, and policies that go the same way, ask again no earlier

	Origin emr.GroupID `json:"origin,omitempty"` // of the pool it was decided for
}

// Verdict is how a policy was judged last.
type Verdict struct {
	Policy  string    `json:"policy"`
	At      time.Time `json:"at"`                // when it was judged, or first seen
	Newest  time.Time `json:"newest,omitzero"`   // beginning of the newest period judged; zero: not judged yet
	Holds   bool      `json:"holds,omitempty"`   // its condition held
	Missing bool      `json:"missing,omitempty"` // data were missing
	Reason  string    `json:"reason,omitempty"`
}

// WouldScale is a scaling operation that was recorded and not carried out.
type WouldScale struct {
	By    string    `json:"by"`
	To    int       `json:"to"`
	Until time.Time `json:"until"` // not recorded again before
}

// Blind says that metrics cannot be read, since when and why.
type Blind struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	Series []string  `json:"series,omitempty"` // keys of those that cannot be read (emr.Metric.Key), in order; absent: all
}

// Scaled returns what is remembered of a configured pool, for reading and changing, or nil.
func (s *State) Scaled(name string) *Scaled {
	i := slices.IndexFunc(s.Scaling, func(o Scaled) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Scaling[i]
}

// clone copies what a decision may change in place.
func (s Scaled) clone() Scaled {
	s.Ticks, s.Verdicts = slices.Clone(s.Ticks), slices.Clone(s.Verdicts)
	if s.Deferred != nil {
		deferred := *s.Deferred
		s.Deferred = &deferred
	}
	if s.Last != nil {
		last := *s.Last
		s.Last = &last
	}
	if s.Making != nil {
		making := *s.Making
		s.Making = &making
	}
	return s
}

// verdict returns a policy's verdict. One that is new counts as judged now, so that its first data points are read when they are due
// and not at once for a whole fleet.
func verdict(list *[]Verdict, policy string, now time.Time) *Verdict {
	i := slices.IndexFunc(*list, func(v Verdict) bool { return v.Policy == policy })
	if i < 0 {
		*list = append(*list, Verdict{Policy: policy, At: now})
		i = len(*list) - 1
	}
	return &(*list)[i]
}

// setBack takes what lies after t back to t. The times of schedules stay as they are: none may come twice.
func (s *Scaled) setBack(back func(at *time.Time, limit time.Time), t time.Time) {
	for i := range s.Verdicts {
		back(&s.Verdicts[i].At, t)
	}
	if s.Last != nil {
		back(&s.Last.At, t)
		back(&s.Last.Done, t)
	}
	if s.Making != nil {
		back(&s.Making.At, t)
		back(&s.Making.Absent, t)
		back(&s.Making.Wait, t.Add(recovery.LandsWithin))
	}
}
