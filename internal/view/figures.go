package view

import (
	"cmp"
	"slices"

	"emrguard/internal/recovery"
)

// Figures are what the history of a period adds up to. Events count where they happened and lengths of time are cut at the ends of
// the period, so the figures of a period are those of its parts added up; Latest alone is the greatest of them.
type Figures struct {
	Recoveries []RecoveryFigures `json:"recoveries" doc:"by kind, in order; a scaling operation is one of kind scale"`
	Causes     []CauseFigures    `json:"causes" doc:"why groups got stuck, as far as EMR said, in order"`
	Placed     int               `json:"placed" doc:"instances launched for closed recoveries other than scale and return; one of a chain may launch what the one before launched in vain"`
	WouldPlace int               `json:"would_place" doc:"instances that would-be recoveries would have placed elsewhere"`
	Missing    float64           `json:"missing_seconds" doc:"instances asked of EMR and not running, times how long, in instance-seconds"`

	Suspensions int     `json:"suspensions" doc:"how often scaling operations began to be suspended"`
	Suspended   float64 `json:"suspended_seconds" doc:"how long scaling operations were suspended, in all; clusters add up"`

	Scaling      []ScalingFigures   `json:"scaling" doc:"scaling operations that were begun, by who asked"`
	Schedules    ScheduleFigures    `json:"schedules" doc:"what became of schedules that were due"`
	NotFollowed  int                `json:"policies_not_followed" doc:"how often a policy's condition held and nothing was done, because scaling was suspended or held for another reason"`
	Terminations TerminationFigures `json:"terminations" doc:"what termination policies led to"`
	Made         int                `json:"groups_made" doc:"groups made for configured pools"`
	Unmade       int                `json:"groups_unmade" doc:"how often the group of a configured pool could not be made"`
	WouldMake    int                `json:"groups_would_make" doc:"groups that would have been made for configured pools"`

	Bans       int `json:"bans" doc:"bans that emrguard set"`
	BansByHand int `json:"bans_by_hand" doc:"bans set by hand"`
	BansLifted int `json:"bans_lifted" doc:"bans that were lifted before their end"`

	Rests          int     `json:"rests" doc:"how often a pool began to rest"`
	Resting        float64 `json:"resting_seconds" doc:"how long pools rested, in all"`
	Blocks         int     `json:"blocks" doc:"how often nobody took what a pool had to place"`
	Blocked        float64 `json:"blocked_seconds" doc:"how long pools were blocked, in all"`
	ReturnsFailed  int     `json:"returns_failed" doc:"how often what is placed on fallbacks did not come back to the origin"`
	Contested      int     `json:"contested" doc:"how often a pool was reported because somebody kept raising a banned member"`
	Orders         int     `json:"orders" doc:"orders by hand that were carried out"`
	Refused        int     `json:"orders_refused" doc:"orders by hand that were refused"`
	Unread         int     `json:"metrics_unread" doc:"how often metrics could not be read any more"`
	Blind          float64 `json:"metrics_unread_seconds" doc:"how long metrics could not be read, in all"`
	Unusable       int     `json:"reads_unusable" doc:"how often reads of groups became unusable"`
	UnusableFor    float64 `json:"reads_unusable_seconds" doc:"how long they were, in all"`
	Throttled      int     `json:"throttled" doc:"how often AWS refused a call of the scope for its rate"`
	ClockDisagreed int     `json:"clock_disagreed" doc:"how often the clock was set back, or did not agree with AWS's"`
	Ended          int     `json:"clusters_ended" doc:"clusters that ended"`
}

// RecoveryFigures are the recoveries of one kind. The words of the outcomes are those of `emrguard recoveries`.
type RecoveryFigures struct {
	Kind       string `json:"kind" doc:"stuck, suspended, idle, shrink, enforce, retry, scale, surplus or return"`
	Opened     int    `json:"opened" doc:"opened in the period"`
	Completed  int    `json:"completed" doc:"closed in the period: what was wanted runs"`
	Cleared    int    `json:"cleared" doc:"closed: nothing had to be repaired after all"`
	Chained    int    `json:"chained" doc:"closed: the replacement got stuck too, and the next recovery took over"`
	Rested     int    `json:"rested" doc:"closed: the pool rests"`
	Blocked    int    `json:"blocked" doc:"closed: nobody takes the missing instances"`
	Overtaken  int    `json:"overtaken" doc:"closed: somebody else lowered the pool"`
	ClusterEnd int    `json:"cluster_end" doc:"closed: the cluster ended"`
	Withheld   int    `json:"withheld" doc:"closed: somebody else is in charge of the cluster"`
	Reported   int    `json:"reported" doc:"closed: nothing more can be done; a person has to look"`
	Would      int    `json:"would" doc:"would-be recoveries: recorded and not carried out, each once per ban time"`
	Placed     int    `json:"placed" doc:"instances launched for the closed ones"`
}

// CauseFigures are the recoveries of groups that got stuck for one reason.
type CauseFigures struct {
	Cause string `json:"cause" doc:"capacity, quota, addresses, bootstrap or price"`
	Count int    `json:"count" doc:"recoveries closed in the period"`
	Would int    `json:"would" doc:"would-be recoveries"`
}

// outcome is the count of one outcome, or nil for a word that is none.
func (f *RecoveryFigures) outcome(o recovery.Outcome) *int {
	switch o {
	case recovery.Completed:
		return &f.Completed
	case recovery.Cleared:
		return &f.Cleared
	case recovery.Chained:
		return &f.Chained
	case recovery.Rested:
		return &f.Rested
	case recovery.NoPlace:
		return &f.Blocked
	case recovery.Overtaken:
		return &f.Overtaken
	case recovery.ClusterEnd:
		return &f.ClusterEnd
	case recovery.Withheld:
		return &f.Withheld
	case recovery.Reported:
		return &f.Reported
	}
	return nil
}

// closed is how many were closed, however they ended.
func (f *RecoveryFigures) closed() int {
	return f.Completed + f.Cleared + f.Chained + f.Rested + f.Blocked + f.Overtaken + f.ClusterEnd + f.Withheld + f.Reported
}

// add counts the recoveries of another kind, too.
func (f *RecoveryFigures) add(o RecoveryFigures) {
	f.Opened, f.Would, f.Completed, f.Cleared, f.Chained, f.Rested = f.Opened+o.Opened, f.Would+o.Would, f.Completed+o.Completed, f.Cleared+o.Cleared, f.Chained+o.Chained, f.Rested+o.Rested
	f.Blocked, f.Overtaken, f.ClusterEnd, f.Withheld, f.Reported = f.Blocked+o.Blocked, f.Overtaken+o.Overtaken, f.ClusterEnd+o.ClusterEnd, f.Withheld+o.Withheld, f.Reported+o.Reported
}

// repairs says whether recoveries of the kind repair something, rather than scale or place what was asked for.
func (f *RecoveryFigures) repairs() bool {
	switch recovery.Kind(f.Kind) {
	case recovery.Scale, recovery.Return, recovery.Retry, recovery.Surplus, recovery.Overrun:
		return false
	}
	return true
}

// ScalingFigures are the scaling operations that one asked for.
type ScalingFigures struct {
	By                 string `json:"by" doc:"\"policy NAME\", \"schedule NAME\", \"min\", \"max\", or who asked by hand"`
	Up                 int    `json:"up" doc:"operations that launched"`
	UpInstances        int    `json:"up_instances" doc:"by so many in all"`
	Down               int    `json:"down" doc:"operations that released"`
	DownInstances      int    `json:"down_instances" doc:"so many in all"`
	Same               int    `json:"same" doc:"operations that changed only what the pool may want"`
	WouldUp            int    `json:"would_up" doc:"launches that were recorded and not carried out"`
	WouldUpInstances   int    `json:"would_up_instances" doc:"by so many in all"`
	WouldDown          int    `json:"would_down" doc:"releases that were recorded and not carried out"`
	WouldDownInstances int    `json:"would_down_instances" doc:"so many in all"`
}

// ScheduleFigures are what became of schedules that were due.
type ScheduleFigures struct {
	Applied    int     `json:"applied" doc:"carried out"`
	Waited     int     `json:"waited" doc:"began to wait"`
	Late       int     `json:"late" doc:"carried out more than two minutes after they were due"`
	LateFor    float64 `json:"late_seconds" doc:"by how much these were late, in all"`
	Latest     float64 `json:"latest_seconds" doc:"by how much the latest was"`
	Superseded int     `json:"superseded" doc:"gave way to one that was due later"`
	Dropped    int     `json:"dropped" doc:"no longer configured when their turn came"`
}

// TerminationFigures are what termination policies led to.
type TerminationFigures struct {
	Notices   int `json:"notices" doc:"notices that a cluster is to be terminated"`
	Withdrawn int `json:"withdrawn" doc:"notices taken back"`
	Held      int `json:"held" doc:"terminations that did not happen though a policy held"`
	Done      int `json:"done" doc:"clusters that EMR was asked to terminate"`
	Would     int `json:"would" doc:"terminations that were recorded and not carried out, each once per ban time"`
}

// add adds the figures of another cluster or of another part of the period.
func (f *Figures) add(o *Figures) {
	for _, r := range o.Recoveries {
		to := f.recovery(r.Kind)
		for _, n := range []struct {
			to *int
			n  int
		}{
			{&to.Opened, r.Opened}, {&to.Completed, r.Completed}, {&to.Cleared, r.Cleared}, {&to.Chained, r.Chained}, {&to.Rested, r.Rested}, {&to.Blocked, r.Blocked},
			{&to.Overtaken, r.Overtaken}, {&to.ClusterEnd, r.ClusterEnd}, {&to.Withheld, r.Withheld}, {&to.Reported, r.Reported}, {&to.Would, r.Would}, {&to.Placed, r.Placed},
		} {
			*n.to += n.n
		}
	}
	for _, c := range o.Causes {
		to := f.cause(recovery.Cause(c.Cause))
		to.Count, to.Would = to.Count+c.Count, to.Would+c.Would
	}
	for _, s := range o.Scaling {
		to := f.scaling(s.By)
		to.Up, to.UpInstances, to.Down, to.DownInstances = to.Up+s.Up, to.UpInstances+s.UpInstances, to.Down+s.Down, to.DownInstances+s.DownInstances
		to.WouldUp, to.WouldUpInstances = to.WouldUp+s.WouldUp, to.WouldUpInstances+s.WouldUpInstances
		to.WouldDown, to.WouldDownInstances, to.Same = to.WouldDown+s.WouldDown, to.WouldDownInstances+s.WouldDownInstances, to.Same+s.Same
	}
	s := &f.Schedules
	s.Applied, s.Waited, s.Late, s.LateFor = s.Applied+o.Schedules.Applied, s.Waited+o.Schedules.Waited, s.Late+o.Schedules.Late, s.LateFor+o.Schedules.LateFor
	s.Superseded, s.Dropped, s.Latest = s.Superseded+o.Schedules.Superseded, s.Dropped+o.Schedules.Dropped, max(s.Latest, o.Schedules.Latest)
	t := &f.Terminations
	t.Notices, t.Withdrawn, t.Held = t.Notices+o.Terminations.Notices, t.Withdrawn+o.Terminations.Withdrawn, t.Held+o.Terminations.Held
	t.Done, t.Would = t.Done+o.Terminations.Done, t.Would+o.Terminations.Would

	to, from := f.counts(), o.counts()
	for i := range to {
		*to[i] += *from[i]
	}
	lengths, more := f.lengths(), o.lengths()
	for i := range lengths {
		*lengths[i] += *more[i]
	}
}

// counts are the figures that are one count each.
func (f *Figures) counts() []*int {
	return []*int{
		&f.Placed, &f.WouldPlace, &f.Suspensions, &f.NotFollowed, &f.Made, &f.Unmade, &f.WouldMake, &f.Bans, &f.BansByHand, &f.BansLifted, &f.Rests, &f.Blocks,
		&f.ReturnsFailed, &f.Contested, &f.Orders, &f.Refused, &f.Unread, &f.Unusable, &f.Throttled, &f.ClockDisagreed, &f.Ended,
	}
}

// lengths are the figures that are one length of time each.
func (f *Figures) lengths() []*float64 {
	return []*float64{&f.Missing, &f.Suspended, &f.Resting, &f.Blocked, &f.Blind, &f.UnusableFor}
}

// recovery returns the row of a kind, which it adds in its place.
func (f *Figures) recovery(kind string) *RecoveryFigures {
	i, found := slices.BinarySearchFunc(f.Recoveries, kind, func(r RecoveryFigures, kind string) int {
		return cmp.Or(cmp.Compare(rank(r.Kind), rank(kind)), cmp.Compare(r.Kind, kind))
	})
	if !found {
		f.Recoveries = slices.Insert(f.Recoveries, i, RecoveryFigures{Kind: kind})
	}
	return &f.Recoveries[i]
}

// rank puts the kinds of recoveries in the order of docs/recovery.md; unknown ones come last.
func rank(kind string) int {
	kinds := []recovery.Kind{recovery.Stuck, recovery.Suspended, recovery.Idle, recovery.Shrink, recovery.Overrun, recovery.Enforce, recovery.Retry, recovery.Scale, recovery.Surplus, recovery.Return}
	if i := slices.Index(kinds, recovery.Kind(kind)); i >= 0 {
		return i
	}
	return len(kinds)
}

// cause returns the row of a cause, which it adds in its place.
func (f *Figures) cause(c recovery.Cause) *CauseFigures {
	i, found := slices.BinarySearchFunc(f.Causes, string(c), func(row CauseFigures, c string) int { return cmp.Compare(row.Cause, c) })
	if !found {
		f.Causes = slices.Insert(f.Causes, i, CauseFigures{Cause: string(c)})
	}
	return &f.Causes[i]
}

// scaling returns the row of one who asks, which it adds in its place.
func (f *Figures) scaling(by string) *ScalingFigures {
	i, found := slices.BinarySearchFunc(f.Scaling, by, func(s ScalingFigures, by string) int { return cmp.Compare(s.By, by) })
	if !found {
		f.Scaling = slices.Insert(f.Scaling, i, ScalingFigures{By: by})
	}
	return &f.Scaling[i]
}
