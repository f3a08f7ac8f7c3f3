package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/phrase"
	"emrguard/internal/scaling"
	"emrguard/internal/store"
)

// Status is what `emrguard status` shows.
type Status struct {
	Now    time.Time     `json:"now" doc:"the time all ages refer to"`
	Scopes []ScopeStatus `json:"scopes" doc:"by name"`
}

// ScopeStatus is one account and region.
type ScopeStatus struct {
	Scope    string          `json:"scope" doc:"name of the scope"`
	Owner    *Owner          `json:"owner,omitempty" doc:"the emrguard that acts on the scope; absent when none does"`
	Paused   *Paused         `json:"paused,omitempty" doc:"emrguard changes nothing in the whole scope"`
	Troubles []Trouble       `json:"troubles,omitempty" doc:"what is wrong with the scope as a whole"`
	Problems []string        `json:"problems,omitempty" doc:"what of the scope could not be read"`
	Observed *Observed       `json:"observed,omitempty" doc:"most of its clusters are only observed, for one reason"`
	Clusters []ClusterStatus `json:"clusters" doc:"the clusters that have not ended, by name"`
}

// Owner is who holds a scope's lease.
type Owner struct {
	ID         string    `json:"id" doc:"unique to one start of the process"`
	Note       string    `json:"note,omitempty" doc:"who and where"`
	Expires    time.Time `json:"expires" doc:"end of the lease unless it is renewed"`
	Generation int64     `json:"generation" doc:"rises with every change of owner"`
	LastSeen   time.Time `json:"last_seen,omitzero" doc:"when it renewed the lease last; only once a renewal is overdue: it may be dead"`
}

// Trouble is something that is wrong with a scope as a whole, as its owner saw it last.
type Trouble struct {
	Kind   string    `json:"kind" doc:"scope.denied, scope.unread, scope.broken, clock.skew, events.unread or sweep.late, as its record in the history"`
	Since  time.Time `json:"since" doc:"since when"`
	Reason string    `json:"reason" doc:"what it is, what follows from it and what to do"`
}

// Sentence tells the trouble with its beginning.
func (t Trouble) Sentence(now time.Time) string {
	return fmt.Sprintf("since %s: %s", Since(t.Since, now), t.Reason)
}

// Paused says that emrguard's changes are held.
type Paused struct {
	Since  time.Time `json:"since" doc:"when it was paused"`
	Author string    `json:"author" doc:"who paused it"`
	Reason string    `json:"reason,omitempty" doc:"why"`
	Scope  bool      `json:"scope,omitempty" doc:"the whole scope is paused, not the cluster alone"`
}

// ClusterStatus is one cluster. Counts leave the MASTER group out.
type ClusterStatus struct {
	Scope        string           `json:"scope" doc:"name of the scope"`
	Cluster      string           `json:"cluster" doc:"id"`
	Name         string           `json:"name" doc:"name"`
	State        string           `json:"state" doc:"EMR's state of the cluster"`
	Mode         string           `json:"mode,omitempty" doc:"enforce, observe or off by the configuration"`
	Why          string           `json:"mode_reason,omitempty" doc:"which rule gave the mode"`
	Wanted       int              `json:"wanted" doc:"instances wanted in all pools"`
	Requested    int              `json:"requested" doc:"instances asked of EMR, as last read"`
	Running      int              `json:"running" doc:"instances running that are wanted"`
	Missing      int              `json:"missing" doc:"instances wanted and not running"`
	MissingSince time.Time        `json:"missing_since,omitzero" doc:"since when it has been short without interruption, over all attempts: of the pool that has been longest"`
	AttemptSince time.Time        `json:"attempt_since,omitzero" doc:"since when the oldest instance is missing that the present attempt asked for, where that is later: the clock of a group begins anew with a launch on another"`
	Beyond       int              `json:"beyond" doc:"instances running that EMR is not asked for: a shrink under way, or arrivals it does not end"`
	CoreShort    int              `json:"core_short" doc:"instances of the core group that run on task groups instead"`
	Suspended    *Suspended       `json:"suspended,omitempty" doc:"scaling operations are held"`
	Recoveries   []RecoveryStatus `json:"recoveries" doc:"open recoveries"`
	Pools        []PoolStatus     `json:"troubled_pools" doc:"pools that rest, are blocked or contested, have no group, whose schedule waits, or whose instances may come back"`
	Unread       *Unread          `json:"metrics_unread,omitempty" doc:"metrics cannot be read, so no policy is judged"`
	NoData       int              `json:"policies_without_data" doc:"policies that lacked data points when they were judged last"`
	Notice       *Notice          `json:"termination,omitempty" doc:"the cluster is about to be terminated"`
	Held         string           `json:"termination_held,omitempty" doc:"why the cluster is not terminated though a policy holds"`
	Paused       *Paused          `json:"paused,omitempty" doc:"emrguard changes nothing on the cluster, or in its whole scope"`
	Withheld     string           `json:"withheld,omitempty" doc:"why the cluster is only observed"`
	Unusable     *Unusable        `json:"unusable,omitempty" doc:"reads cannot be decided on"`
	LastRead     time.Time        `json:"last_read,omitzero" doc:"when the last usable read began; absent before the first"`
	Stuck        bool             `json:"stuck" doc:"a resize got stuck: it is past its time, its repair is open, its pool rests or has no place for what is missing, or instances are missing for longer than recovery.after"`
	ResizeUntil  time.Time        `json:"resizing_until,omitzero" doc:"when the first of the resizes that are under way and within their time counts as stuck; absent also where no configuration says how long one may take"`
	Conditions   []string         `json:"conditions" doc:"what is the matter, the most urgent first: blocked, stuck, contested, unusable, terminating, missing (short, and nothing resizes), recovering, resting, resizing (within its time), suspended, paused, banned, observed; empty when it is whole"`
	Next         []Next           `json:"next" doc:"what follows by itself if nothing changes, the earliest first"`

	bans      []BanStatus // of its groups, pool by pool; programs ask for them apart
	alike     bool        // it is only observed, for the reason that stands with its scope
	shortfall []string    // the words for how the changes of its pools stand
}

// Unread says that metrics cannot be read.
type Unread struct {
	Since  time.Time `json:"since" doc:"since when"`
	Reason string    `json:"reason" doc:"what AWS answered"`
	Series int       `json:"series,omitempty" doc:"how many series cannot be read; absent: none can"`
}

// Suspended says that no scaling operation runs on a cluster.
type Suspended struct {
	Since   time.Time `json:"since" doc:"since when"`
	Reasons []string  `json:"reasons" doc:"what is under way"`

	told string // the first of them, short
}

// Unusable says that reads are incomplete or contradict what cannot change.
type Unusable struct {
	Since  time.Time `json:"since" doc:"since when"`
	Reads  int       `json:"reads" doc:"how many in a row"`
	Reason string    `json:"reason" doc:"what was wrong with the last one"`
}

// Status shows every cluster.
func (w World) Status() Status {
	out := Status{Now: w.Now, Scopes: []ScopeStatus{}}
	for _, s := range w.Scopes {
		row := ScopeStatus{Scope: s.Name, Troubles: s.Troubles, Problems: s.Problems, Clusters: []ClusterStatus{}}
		if s.Lease.Held(w.Now) {
			row.Owner = &Owner{ID: s.Lease.Owner, Note: s.Lease.Note, Expires: s.Lease.Expires, Generation: s.Lease.Generation, LastSeen: w.lastSeen(s.Lease)}
		}
		if p := s.Paused; p != nil {
			row.Paused = &Paused{Since: p.Since, Author: p.Author, Reason: p.Reason, Scope: true}
		}
		for _, c := range s.Clusters {
			row.Clusters = append(row.Clusters, w.clusterStatus(s, c))
		}
		row.observe()
		out.Scopes = append(out.Scopes, row)
	}
	return out
}

// lastSeen is when the holder of a lease renewed it last, if it should have done so again: it renews after a third of the term.
func (w World) lastSeen(l store.Lease) time.Time {
	left := l.Expires.Sub(w.Now)
	if w.Term == 0 || left >= w.Term*2/3-w.Term/30 { // a renewal takes a moment
		return time.Time{}
	}
	return l.Expires.Add(-w.Term)
}

func (w World) clusterStatus(s Scope, c Cluster) ClusterStatus {
	scope := s.Name
	row := ClusterStatus{
		Scope: scope, Cluster: string(c.Cluster.ID), Name: c.Cluster.Name, State: string(c.Cluster.State), Mode: c.Mode, Why: c.Why,
		Recoveries: []RecoveryStatus{}, Pools: []PoolStatus{}, Withheld: c.Withheld, LastRead: c.Read,
	}
	stands := func(r resize, missing int) {
		word, until := r.word(missing)
		row.shortfall, row.ResizeUntil = append(row.shortfall, word), earlier(row.ResizeUntil, until)
	}
	for _, p := range c.Pools {
		running, missing := c.running(p)
		row.Wanted, row.Running, row.Missing = row.Wanted+p.Wanted, row.Running+running, row.Missing+missing
		stands(w.resizeIn(c, p), missing)
		if since, attempt := c.missingSince(p); !since.IsZero() && (row.MissingSince.IsZero() || since.Before(row.MissingSince)) {
			row.MissingSince, row.AttemptSince = since, attempt
		}
		if p.Role == emr.Core {
			row.CoreShort += p.Members[0].Moved
		}
		for _, m := range p.Members {
			if m.Banned(w.Now) {
				row.bans = append(row.bans, w.banStatus(scope, c, p, m))
			}
		}
		if pool := w.poolStatus(scope, c, p); pool.troubled() {
			row.Pools = append(row.Pools, pool)
		}
	}
	for _, pool := range w.unbound(scope, c) {
		if pool.troubled() {
			row.Pools = append(row.Pools, pool)
		}
	}
	row.NoData, row.Notice = c.noData(), c.notice()
	if t := c.Terminating; t != nil {
		row.Held = t.Held
	}
	if b := c.Blind; b != nil {
		row.Unread = &Unread{Since: b.Since, Reason: b.Reason, Series: len(b.Series)}
	}
	for _, g := range c.Groups {
		if g.Role == emr.Master {
			continue
		}
		row.Requested, row.Beyond = row.Requested+g.Requested, row.Beyond+max(0, g.Running-g.Requested)
		if c.PoolOf(g.ID) == nil { // of another emrguard store: in no pool of ours
			row.Wanted, row.Running, row.Missing = row.Wanted+g.Requested, row.Running+min(g.Running, g.Requested), row.Missing+g.Missing()
			stands(w.resizeOf(c, g), g.Missing())
		}
	}
	for _, r := range c.Recoveries {
		row.Recoveries = append(row.Recoveries, w.openRecovery(scope, c, r))
	}
	if held := c.Suspended; held != nil {
		row.Suspended = &Suspended{Since: held.Since, Reasons: held.Reasons, told: c.why(held.Reasons)}
	}
	if p := c.Paused; p != nil {
		row.Paused = &Paused{Since: p.Since, Author: p.Author, Reason: p.Reason}
	} else if p := s.Paused; p != nil && c.Mode != "off" {
		row.Paused = &Paused{Since: p.Since, Author: p.Author, Reason: p.Reason, Scope: true}
	}
	if u := c.Unusable; u != nil {
		row.Unusable = &Unusable{Since: u.Since, Reads: u.Reads, Reason: u.Reason}
	}
	row.Stuck = slices.Contains(row.shortfall, Stuck)
	row.Conditions, row.Next = row.conditions(), w.Ahead(s, c)
	return row
}

// Shortfall is how it stands with what is missing: stuck, missing or resizing, the worst of them; empty when nothing is missing.
func (c ClusterStatus) Shortfall() string { return worst(c.Missing, c.shortfall...) }

// noData is how many policies lacked data points when they were judged last, though the cluster is old enough to have them.
func (c Cluster) noData() int {
	n := 0
	lacks := func(verdicts []guard.Verdict, policy string, conditions ...scaling.Condition) {
		i := slices.IndexFunc(verdicts, func(v guard.Verdict) bool { return v.Policy == policy && v.Missing })
		if i < 0 {
			return
		}
		for _, condition := range conditions {
			if from, _ := condition.Window(verdicts[i].At); from.Before(c.Cluster.Created) {
				return
			}
		}
		n++
	}
	if c.How == nil {
		return n
	}
	for i := range c.How.Pools {
		of := c.scaled(&c.How.Pools[i])
		for _, p := range c.How.Pools[i].Policies() {
			lacks(of.Verdicts, p.Name, p.Condition)
		}
	}
	if c.How.Termination != nil && c.Terminating != nil {
		for _, p := range c.How.Termination.Policies {
			lacks(c.Terminating.Verdicts, p.Name, p.Statements...)
		}
	}
	return n
}

// Headline says in one sentence who acts on the scope.
func (s ScopeStatus) Headline(now time.Time) string {
	text := fmt.Sprintf("scope %s: no emrguard runs", s.Scope)
	if s.Owner != nil {
		text = fmt.Sprintf("scope %s: emrguard runs (%s)", s.Scope, s.Owner.Who())
		if seen := s.Owner.LastSeen; !seen.IsZero() {
			text += ", last seen " + Span(now.Sub(seen)) + " ago"
		}
	}
	if s.Paused != nil {
		text += "; paused " + s.Paused.text(now)
	}
	if s.Observed != nil {
		text += "; " + s.Observed.sentence(len(s.Clusters))
	}
	return text
}

// Who is the holder with where it runs.
func (o Owner) Who() string { return strings.TrimSpace(o.Note + " " + o.ID) }

// why is the first of the reasons of a suspension, short, and how many more there are.
func (c *Cluster) why(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	text := ": " + shortened(c.named(reasons[0]))
	if strings.HasPrefix(reasons[0], "recovery ") { // its sentence says the rest
		text = " until the recovery is over"
	}
	if more := len(reasons) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}

func (p Paused) text(now time.Time) string {
	text := fmt.Sprintf("since %s by %s", Since(p.Since, now), p.Author)
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

// First is what emrguard does next, or, if nothing is due, what follows else; nil when nothing does, or when its scope says it.
func (c ClusterStatus) First() *Next {
	if c.alike && c.Paused == nil {
		return nil
	}
	if i := slices.IndexFunc(c.Next, func(n Next) bool { return n.Stop != "" }); i >= 0 {
		return &c.Next[i]
	}
	if len(c.Next) > 0 {
		return &c.Next[0]
	}
	return nil
}

// Notes are what a person should know of the cluster, most urgent first; one that says "healthy" when there is nothing.
func (c ClusterStatus) Notes(now time.Time) []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if c.Paused != nil && c.Paused.Scope {
		add("the whole scope is paused %s", c.Paused.text(now))
	} else if c.Paused != nil {
		add("paused %s", c.Paused.text(now))
	}
	if c.Notice != nil {
		add("%s", c.Notice.sentence(now))
	}
	if c.Unusable != nil {
		add("reads are unusable since %s: %s", Since(c.Unusable.Since, now), c.Unusable.Reason)
	}
	stands := c.stands(now)
	switch {
	case c.Missing > 0 && !c.MissingSince.IsZero():
		add("%s%d missing since %s%s", stands, c.Missing, Since(c.MissingSince, now), attempted(c.AttemptSince, now))
	case c.Missing > 0:
		add("%s%d missing", stands, c.Missing)
	case c.Beyond == 0 && stands != "" && len(c.Recoveries) == 0: // else these say it
		add("%snothing is missing", stands)
	}
	if c.Beyond > 0 && c.Missing == 0 {
		add("%s%d %s beyond what is asked for", stands, c.Beyond, phrase.Run(c.Beyond))
	} else if c.Beyond > 0 {
		add("%d %s beyond what is asked for", c.Beyond, phrase.Run(c.Beyond))
	}
	for _, r := range c.Recoveries {
		notes = append(notes, r.Sentence(now))
	}
	for _, p := range c.Pools {
		notes = append(notes, p.troubles(now)...)
	}
	for _, b := range c.bans {
		if !slices.ContainsFunc(c.Recoveries, func(r RecoveryStatus) bool { return r.Recovery == b.Recovery }) { // else its sentence says so
			notes = append(notes, b.sentence(now))
		}
	}
	if c.Suspended != nil {
		add("scaling suspended since %s%s", Since(c.Suspended.Since, now), c.Suspended.told)
	}
	if c.Unread != nil && c.Unread.Series > 0 {
		add("%d of its metrics cannot be read since %s, policies that need them are not judged: %s", c.Unread.Series, Since(c.Unread.Since, now), shortened(c.Unread.Reason))
	} else if c.Unread != nil {
		add("metrics cannot be read since %s, no policy is judged: %s", Since(c.Unread.Since, now), shortened(c.Unread.Reason))
	} else if c.NoData > 0 {
		add("%s no data: `emrguard policies --cluster %s`", phrase.Count(c.NoData, "policy")+" "+phrase.Have(c.NoData), c.Cluster)
	}
	if c.Held != "" {
		add("not terminated, though a policy holds: %s", c.Held)
	}
	if c.CoreShort > 0 {
		add("core short by %d: `emrguard return` asks the core group again", c.CoreShort)
	}
	if c.Withheld != "" && !c.alike {
		add("observed only: %s", c.Withheld)
	}
	switch {
	case len(notes) > 0:
	case c.Mode == "off":
		add("left alone")
	case c.LastRead.IsZero():
		add("not read yet")
	default:
		add("healthy")
	}
	return notes
}

// Table is the status of the scope's clusters for people.
func (s ScopeStatus) Table(now time.Time) Table {
	t := Table{Head: []string{"CLUSTER", "NAME", "STATE", "RUNNING", "READ", "NOTES"}}
	for _, c := range s.Clusters {
		read := "-"
		if !c.LastRead.IsZero() {
			read = Span(now.Sub(c.LastRead)) + " ago"
		}
		t.Add(c.Cluster, c.Name, c.State, fmt.Sprintf("%d/%d", c.Running, c.Wanted), read, strings.Join(c.Notes(now), "\n"))
	}
	return t
}
