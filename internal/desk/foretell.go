package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/phrase"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/view"
)

// Step is one change that EMR is asked for to carry an order out.
type Step struct {
	Group string `json:"group,omitempty" doc:"id of the group; absent for a new one"`
	Label string `json:"label" doc:"its name as tables show it; of a new one what it is made of"`
	From  int    `json:"from" doc:"instances asked of it before"`
	To    int    `json:"to" doc:"instances asked of it then"`
	Ends  int    `json:"ends" doc:"so many running instances end at most"`
	Why   string `json:"why" doc:"why this group and no other; may be empty for a new one"`
}

// Sentence says what EMR is asked for.
func (s Step) Sentence() string {
	name := s.Label
	if s.Group != "" && s.Group != s.Label {
		name += " (" + s.Group + ")"
	}
	var text string
	switch less := s.From - s.To; {
	case s.Group == "":
		text = fmt.Sprintf("EMR is asked for %d in %s", s.To, s.Label)
	case less <= 0:
		text = fmt.Sprintf("EMR is asked for %d more of %s, from %d to %d", -less, name, s.From, s.To)
	case s.Ends == less:
		text = fmt.Sprintf("EMR ends up to %s of %s, from %d to %d", phrase.Count(s.Ends, "instance"), name, s.From, s.To)
	case s.Ends > 0:
		text = fmt.Sprintf("EMR ends up to %s of %s, from %d to %d; %d that do not run are asked for no more", phrase.Count(s.Ends, "instance"), name, s.From, s.To, less-s.Ends)
	default:
		text = fmt.Sprintf("EMR is asked no more for %d of %s that do not run, from %d to %d", less, name, s.From, s.To)
	}
	if s.Why == "" {
		return text
	}
	return text + ": " + s.Why
}

// effect sums the steps of an order up, as in "ends up to 6 instances"; empty without steps.
func effect(steps []Step) string {
	more, ends, waived := 0, 0, 0
	for _, s := range steps {
		if s.To >= s.From {
			more += s.To - s.From
			continue
		}
		ends, waived = ends+s.Ends, waived+s.From-s.To-s.Ends
	}
	var parts []string
	if more > 0 {
		parts = append(parts, fmt.Sprintf("asks EMR for %d more", more))
	}
	if ends > 0 {
		parts = append(parts, "ends up to "+phrase.Count(ends, "instance"))
	}
	if waived > 0 {
		parts = append(parts, fmt.Sprintf("asks no more for %d that do not run", waived))
	}
	return strings.Join(parts, " and ")
}

// foretold is how an operation that an order begins goes on.
type foretold struct {
	steps  []Step
	ends   string // why it is over before all is asked for; empty: it is not
	passed []string
	after  *guard.State // the state when nothing more is asked for; nil where that is not known
}

// longest is how many decisions are played at most: an operation that comes to nothing within them is not foretold.
const longest = 20

// play is the guard's own decisions on a copy of a cluster's state, with an EMR that shows what it showed last and does at once what it is asked for.
type play struct {
	cluster view.Cluster
	env     guard.Env
	dec     guard.Decision
	call    *guard.Call
	groups  []emr.Group
	out     foretold
	of      string // the recovery that is foretold
	others  bool   // something else was asked of EMR meanwhile
}

// foretell plays on after the decision that began a recovery. Nothing is foretold while another change of the cluster waits for its answer: what comes of
// that, nobody knows.
func foretell(c view.Cluster, env guard.Env, dec guard.Decision, of string) foretold {
	p := play{cluster: c, env: env, dec: dec, call: dec.Call, of: of}
	if c.Pending != nil || dec.State.Recovery(of) == nil {
		return p.out
	}
	for _, g := range c.Groups {
		p.groups = append(p.groups, g.Group)
	}
	for _, at := range []time.Time{c.Read, c.ReadEnded, c.Described, c.ManagedAt} { // which may be newer than the time of the question
		if at.After(p.env.Now) {
			p.env.Now = at
		}
	}
	for n := 0; n < longest && !p.over(); n++ {
		if p.call != nil {
			p.answer()
			continue
		}
		p.decide(guard.Input{Described: &guard.Described{Began: p.env.Now, Cluster: p.dec.State.Cluster}})
		p.decide(guard.Input{Managed: &guard.Managed{Began: p.env.Now, Attached: p.dec.State.Managed}})
		p.decide(guard.Input{Read: &guard.Read{Began: p.env.Now, Ended: p.env.Now, Groups: slices.Clone(p.groups)}})
	}
	if p.over() && !p.others {
		p.out.after = &p.dec.State
	}
	return p.out
}

// over says whether nothing more is asked of EMR for the recovery.
func (p *play) over() bool {
	r := p.dec.State.Recovery(p.of)
	return r == nil || r.Step == recovery.StepWatch && p.call == nil
}

// decide lets the guard take one input, a second later, unless a change waits for its answer.
func (p *play) decide(in guard.Input) {
	if p.call != nil {
		return
	}
	p.env.Now = p.env.Now.Add(time.Second)
	p.dec = guard.Decide(p.dec.State, p.env, in)
	p.call = p.dec.Call
	for _, r := range p.dec.Records {
		if r.Recovery != p.of {
			continue
		}
		if list, ok := r.Data["rejected"].([]pool.Rejection); ok {
			for _, passed := range list {
				p.out.passed = append(p.out.passed, p.cluster.Labelled(passed.String()))
			}
		}
		if kind, outcome, _ := strings.Cut(r.Kind, "."); kind == "recovery" && p.dec.State.Recovery(p.of) == nil && outcome != string(recovery.Completed) {
			p.out.ends = p.cluster.Labelled(r.Reason)
		}
	}
}

// answer carries the change out that waits, and tells the guard so.
func (p *play) answer() {
	c := *p.call
	p.call = nil
	step, why := Step{Group: string(c.Call.Group), To: c.Call.Count}, c.Reason
	if _, after, ok := strings.Cut(why, ": "); ok {
		why = after
	}
	var added emr.GroupID
	if conf := c.Call.Config; conf != nil {
		added = emr.GroupID(fmt.Sprintf("ig-NEW%d", len(p.groups)))
		_, why, _ = strings.Cut(c.Reason, " in ")
		step.Label, why, _ = strings.Cut(why, "; ")
		step.To = conf.Count
		p.groups = append(p.groups, emr.Group{ID: added, Name: conf.Name, Role: emr.Task, Market: conf.Market, InstanceType: conf.InstanceType, BidPrice: conf.BidPrice, Requested: conf.Count, State: emr.GroupProvisioning, Created: p.env.Now})
	}
	for i := range p.groups {
		if g := &p.groups[i]; g.ID == c.Call.Group {
			step.Label, step.From, step.Ends = view.Label(g.Name, g.ID), g.Requested, max(0, g.Running-c.Call.Count)
			g.Requested, g.Running, g.State = c.Call.Count, min(g.Running, c.Call.Count), emr.GroupRunning
			if g.Running < g.Requested {
				g.State = emr.GroupResizing
			}
		}
	}
	if in := p.cluster.Pool(c.Pool); in != nil && len(in.Members) > 1 || c.Call.Group == "" { // else there is no other
		step.Why = p.cluster.Labelled(why)
	}
	if c.Recovery == p.of {
		p.out.steps = append(p.out.steps, step)
	} else {
		p.others = true
	}
	p.decide(guard.Input{Answer: &guard.Answer{ID: c.ID, Added: added}})
}
