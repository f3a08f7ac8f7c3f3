package guard

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/scaling"
)

// Terminating is what is remembered of a cluster's termination policies.
type Terminating struct {
	Verdicts []Verdict `json:"verdicts,omitempty"` // how each policy was judged last
	Notice   *Notice   `json:"notice,omitempty"`   // the cluster is about to be terminated
	Held     string    `json:"held,omitempty"`     // why it was not, though a policy held
	Until    time.Time `json:"until,omitzero"`     // Held, or recorded in observe: no notice before
}

// clone copies what a decision may change in place.
func (t Terminating) clone() Terminating {
	t.Verdicts = slices.Clone(t.Verdicts)
	if t.Notice != nil {
		notice := *t.Notice
		t.Notice = &notice
	}
	return t
}

// Notice says that the cluster is terminated unless something changes.
type Notice struct {
	Policy string    `json:"policy"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`           // the end of the grace time
	Newest time.Time `json:"newest,omitzero"` // beginning of the newest period that it was given by
	Reason string    `json:"reason"`
	Due    time.Time `json:"due,omitzero"`  // when the policy held last after the grace time: what is read from then on decides
	Sent   time.Time `json:"sent,omitzero"` // when TerminateJobFlows was sent
}

// terminate follows the termination policies. Terminating is no scaling operation: it does not wait for a resize.
func (d *decider) terminate() {
	conf := d.termination()
	if conf == nil {
		if d.s.Terminating != nil && d.s.Terminating.Notice != nil {
			d.withdraw("termination policies are no longer configured")
		}
		d.s.Terminating = nil
		return
	}
	if d.s.Terminating == nil {
		d.s.Terminating = &Terminating{}
	}
	d.judgeTermination(conf)
	if n := d.s.Terminating.Notice; n != nil && !n.Due.IsZero() {
		d.terminateNow()
	}
}

// termination is the termination policies that hold for the cluster now, or nil.
func (d *decider) termination() *scaling.Termination {
	if d.env.Scaling == nil || d.env.Mode == Off {
		return nil
	}
	return d.env.Scaling.Termination
}

// judgeTermination judges the policies whose data points have come, and gives, keeps or withdraws the notice. What a policy was found to be
// before keeps a notice, but neither gives one nor ends the grace time. A policy needs all of its statements to hold, and one of them that does not,
// not to: whatever cannot be read of the others.
func (d *decider) judgeTermination(conf *scaling.Termination) {
	t := d.s.Terminating
	t.Verdicts = slices.DeleteFunc(t.Verdicts, func(v Verdict) bool { return conf.Policy(v.Policy) == nil })
	if !d.env.Trusted {
		return // R11: the clock may be wrong
	}
	judged, keeps := false, false
	var holding []Verdict // judged now
	for i := range conf.Policies {
		pol := &conf.Policies[i]
		v := verdict(&t.Verdicts, pol.Name, d.env.Now)
		due := !d.env.Now.Before(pol.Due(v.At))
		for _, c := range pol.Statements {
			if why := d.unreadable(c); why != "" {
				v.At, v.Reason = d.env.Now, why
			}
		}
		known := d.brought(pol)
		j := known.Judge(d.pointsOf, d.env.Now, time.Time{})
		if n := len(known.Statements); due && n > 0 && (n == len(pol.Statements) || !j.Holds) {
			judged = true
			*v = Verdict{Policy: pol.Name, At: d.env.Now, Newest: j.Newest, Holds: j.Holds, Missing: j.Missing, Reason: j.Reason}
			if v.Holds {
				holding = append(holding, *v)
			}
		}
		keeps = keeps || v.Holds
	}
	switch {
	case !judged:
	case !keeps && t.Notice != nil:
		d.withdraw(verdict(&t.Verdicts, t.Notice.Policy, d.env.Now).Reason)
	case !keeps:
		t.Held = ""
	case t.Notice != nil:
		d.holdsAgain(holding)
	case len(holding) > 0 && !t.Until.After(d.env.Now):
		d.giveNotice(conf, holding[0])
	}
}

// holdsAgain ends the grace time if a policy holds after it by data points that are new since the notice: metrics that stopped then say
// nothing of the grace time.
func (d *decider) holdsAgain(holding []Verdict) {
	n := d.s.Terminating.Notice
	i := slices.IndexFunc(holding, func(v Verdict) bool { return v.Newest.After(n.Newest) })
	if i >= 0 && !d.env.Now.Before(n.Until) {
		n.Policy, n.Due, n.Reason = holding[i].Policy, d.env.Now, holding[i].Reason
	}
}

// brought is the policy with those of its statements whose series this input has.
func (d *decider) brought(pol *scaling.TerminationPolicy) scaling.TerminationPolicy {
	return scaling.TerminationPolicy{Name: pol.Name,
		Statements: slices.DeleteFunc(slices.Clone(pol.Statements), func(c scaling.Condition) bool { _, ok := d.points(c); return !ok })}
}

// giveNotice begins the grace time, or records what would be done where nothing may be changed.
func (d *decider) giveNotice(conf *scaling.Termination, v Verdict) {
	t := d.s.Terminating
	if why := cmp.Or(d.s.Withheld, d.observesTermination(conf)); why != "" || d.passive() {
		t.Until = d.env.Now.Add(d.env.Settings.Ban)
		d.record("would.terminate", Record{Reason: fmt.Sprintf("would terminate the cluster in %s by policy %s: %s (%s)", phrase.Duration(conf.Grace), v.Policy, v.Reason, cmp.Or(why, d.env.Why))})
		return
	}
	t.Held, t.Until = "", time.Time{}
	t.Notice = &Notice{Policy: v.Policy, Since: d.env.Now, Until: d.env.Now.Add(conf.Grace), Newest: v.Newest, Reason: v.Reason}
	text := fmt.Sprintf("the cluster is terminated at the first look after %s that still finds policy %s holding: %s; `emrguard pause %s` holds it", stamp(t.Notice.Until), v.Policy, v.Reason, d.s.Cluster.ID)
	if d.s.Cluster.Protected {
		text += "; termination protection was on when the cluster was last described: " + protectionHint(d.s.Cluster.ID)
	}
	d.record("termination.notice", Record{Reason: text, Data: map[string]any{"policy": v.Policy, "until": t.Notice.Until, "newest": v.Newest}})
	if conf.Grace == 0 {
		t.Notice.Due = d.env.Now
	}
}

// ending says whether TerminateJobFlows was answered and no description has come since: its answer takes the old one away.
func (d *decider) ending() bool {
	t := d.s.Terminating
	return t != nil && t.Notice != nil && !t.Notice.Sent.IsZero() && d.s.Described.IsZero()
}

func (d *decider) observesTermination(conf *scaling.Termination) string {
	if conf.Mode != scaling.TerminationEnforce {
		return "termination.mode is observe"
	}
	return ""
}

func (d *decider) withdraw(why string) {
	d.record("termination.withdrawn", Record{Reason: fmt.Sprintf("policy %s no longer holds: %s", d.s.Terminating.Notice.Policy, why)})
	d.s.Terminating.Notice = nil
}

// terminateNow ends the cluster once a description from after the grace time allows it.
func (d *decider) terminateNow() {
	t := d.s.Terminating
	n, conf := t.Notice, d.termination()
	switch {
	case d.passive() || conf.Mode != scaling.TerminationEnforce:
		d.hold("nothing may be changed on the cluster any more: " + cmp.Or(d.s.Withheld, d.observesTermination(conf), d.env.Why))
		return
	case d.paused() != "" || !d.env.Trusted || d.inFlight() || d.outdated(conf, n):
		return
	}
	from := later(n.Due, n.Sent.Add(5*d.env.Settings.Pace))
	if oldest := d.env.Now.Add(-recentReads * d.env.Settings.Pace); from.Before(oldest) {
		from = oldest
	}
	if d.s.Described.Before(from) {
		d.need(emr.DescribeCluster, "", from, ClassScaling)
		return
	}
	switch {
	case d.s.Cluster.Protected:
		d.hold("termination protection is on: " + protectionHint(d.s.Cluster.ID))
		return
	case d.s.Cluster.State != emr.ClusterWaiting:
		d.hold(fmt.Sprintf("the cluster is %s: it has a step to run or is not ready; only a WAITING cluster is terminated", d.s.Cluster.State))
		return
	case !d.env.Terminate:
		d.lack(emr.TerminateJobFlows)
		return
	}
	n.Sent = d.env.Now
	d.dispatch(Call{Purpose: ForTerminate, Call: emr.Call{Op: emr.TerminateJobFlows}, Reason: fmt.Sprintf("terminate the cluster: policy %s holds since %s: %s", n.Policy, stamp(n.Since), n.Reason)},
		"", map[string]any{"notice": n})
}

// outdated says whether the policy would have been judged again since it held, had its data points come: after a pause or while CloudWatch
// cannot be read, the next judgement decides.
func (d *decider) outdated(conf *scaling.Termination, n *Notice) bool {
	pol := conf.Policy(n.Policy)
	return pol == nil || d.env.Now.After(pol.Due(n.Due).Add(recentReads*d.env.Settings.Pace))
}

// hold gives a termination up that may not be, and says so once: the next notice comes after the ban time at the earliest.
func (d *decider) hold(why string) {
	t := d.s.Terminating
	d.record("termination.held", Record{Reason: fmt.Sprintf("policy %s holds, and the cluster is not terminated: %s", t.Notice.Policy, why)})
	t.Held, t.Until, t.Notice = why, d.env.Now.Add(d.env.Settings.Ban), nil
}

func protectionHint(id emr.ClusterID) string {
	return fmt.Sprintf("`aws emr modify-cluster-attributes --no-termination-protected --cluster-id %s` switches it off", id)
}

// terminateAnswered books what became of TerminateJobFlows. When the answer is missing the next description tells.
func (d *decider) terminateAnswered(in Answer) {
	if d.s.Terminating == nil || d.s.Terminating.Notice == nil {
		return
	}
	switch {
	case in.Err == nil || in.Err.OutcomeUnknown():
		d.s.Described = time.Time{} // a description shows that it ends
	case passing(in.Err):
		d.s.Terminating.Notice.Sent = time.Time{}
	default:
		d.hold("EMR refused it: " + in.Err.Error())
	}
}

// setBack takes what lies after t back to t.
func (t *Terminating) setBack(back func(at *time.Time, limit time.Time), to time.Time) {
	for i := range t.Verdicts {
		back(&t.Verdicts[i].At, to)
	}
	if t.Notice != nil {
		back(&t.Notice.Due, to)
		back(&t.Notice.Sent, to)
	}
}

// pointsOf is points for a policy whose series this input brought.
func (d *decider) pointsOf(c scaling.Condition) []emr.Point {
	points, _ := d.points(c)
	return points
}
