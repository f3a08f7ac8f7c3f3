package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/phrase"
	"emrguard/internal/recovery"
	"emrguard/internal/view"
)

// Preview is what an order would lead to if it were given now.
type Preview struct {
	Kind    string      `json:"kind" doc:"ban, unban, pause, resume, scale, return or adopt"`
	Target  string      `json:"target" doc:"what it is about, by name"`
	Refused bool        `json:"refused" doc:"it would be refused"`
	Does    string      `json:"does" doc:"the order with its figures in a few words, as in: scale etl/task from 10 to 4"`
	Text    string      `json:"text" doc:"what would be done, or the reason of the refusal, as the answer to the order says it"`
	Effect  string      `json:"effect,omitempty" doc:"what scale and return ask of EMR in all, as in: ends up to 6 instances"`
	Steps   []Step      `json:"steps" doc:"the changes that scale and return ask EMR for, one after another, if a new read confirms what the last one showed"`
	Passed  []string    `json:"passed_over" doc:"places that take no launch of it now, each with the reason"`
	Ends    string      `json:"ends,omitempty" doc:"why it would be over before all of it is asked for"`
	Call    string      `json:"call,omitempty" doc:"the change of the cluster that would be sent to EMR at once; others may follow"`
	Next    []view.Next `json:"next" doc:"what else follows on the cluster then, the earliest first; of an order that would be refused, what follows without it"`
	Command string      `json:"command" doc:"the command that gives the order"`
	Undo    string      `json:"undo,omitempty" doc:"the command that takes it back"`
}

// Preview asks the guard what an order would lead to, on the state as it is known and as if the API budget had room. Nothing is changed. Later
// reads may lead to something else: the order itself is decided on anew. An order that no guard could accept is a RequestError.
func (d Desk) Preview(w view.World, to Target, order guard.Order) (Preview, error) {
	p := Preview{Kind: string(order.Kind), Target: "scope " + to.Scope, Does: string(order.Kind), Command: command(order, to), Steps: []Step{}, Passed: []string{}, Next: []view.Next{}}
	if err := order.Validate(); err != nil {
		return p, &RequestError{err}
	}
	if to.Cluster == "" {
		return d.previewAll(w, to, order, p)
	}
	for _, s := range w.Scopes {
		for _, c := range s.Clusters {
			if s.Name == to.Scope && c.Cluster.ID == to.Cluster {
				return d.previewOn(w, s, c, order, p), nil
			}
		}
	}
	return p, mistake("cluster %q is not watched in scope %s", to.Cluster, to.Scope)
}

// previewAll is the preview of an order to a whole scope.
func (d Desk) previewAll(w view.World, to Target, order guard.Order, p Preview) (Preview, error) {
	if order.Kind != guard.OrderPause && order.Kind != guard.OrderResume {
		return p, mistake("%s is for a cluster, not for a whole scope", order.Kind)
	}
	var paused *guard.Pause
	for _, s := range w.Scopes {
		if s.Name == to.Scope {
			paused = s.Paused
		}
	}
	_, reply := guard.OfScope(paused, order, w.Now)
	p.Refused, p.Text = reply.Refused, reply.Text
	p.Does = string(order.Kind) + " emrguard on all clusters of scope " + to.Scope
	switch {
	case reply.Refused:
	case order.Kind == guard.OrderPause:
		p.Undo = "emrguard resume --all --scope " + to.Scope
		p.Next = append(p.Next, view.Next{Text: view.Waiting(clustersOf(w, to.Scope)...)})
	default:
		p.Undo = "emrguard pause --all --scope " + to.Scope
		p.Next = append(p.Next, view.Next{Text: "what is due on them follows: the page of each cluster says what"})
	}
	return p, nil
}

func (d Desk) previewOn(w view.World, s view.Scope, c view.Cluster, order guard.Order, p Preview) Preview {
	p.Target = titleOf(c, order.Group)
	env := d.env(w, s, c)
	dec := guard.Decide(c.State, env, guard.Input{Order: &order})
	p.Does = does(order, c, dec, p.Target, w.Now)
	reply := replyOf(s, c, env, dec)
	text, _, _ := strings.Cut(reply.Text, " (recovery ") // its id is not given yet
	if p.Refused, p.Text = reply.Refused, c.Labelled(text); p.Refused {
		p.Next = append(p.Next, w.Ahead(s, c)...)
		return p
	}
	hide := unnamed(c.State, dec.State)
	if dec.Call != nil {
		p.Call = hide.Replace(dec.Call.Call.String())
	}
	after := c
	after.State = dec.State
	if begun := begunBy(order, c.State, dec.State); begun != nil {
		foretold := foretell(c, env, dec, begun.ID)
		p.Steps, p.Passed, p.Ends, p.Effect = append(p.Steps, foretold.steps...), append(p.Passed, foretold.passed...), hide.Replace(foretold.ends), effect(foretold.steps)
		switch {
		case foretold.after != nil:
			after.State = *foretold.after
		case len(p.Steps) > 0: // which say what the operation does next
			after.Recoveries = slices.DeleteFunc(slices.Clone(after.Recoveries), func(r recovery.Recovery) bool { return r.ID == begun.ID })
		}
	}
	p.Next, p.Undo = w.Ahead(s, after), undo(order, c, w.Now)
	for i := range p.Next {
		p.Next[i].Text = hide.Replace(p.Next[i].Text)
	}
	if len(p.Next) == 0 && len(p.Steps) == 0 {
		p.Next = append(p.Next, view.Next{Text: "nothing follows by itself: " + view.Waiting(after)})
	}
	return p
}

// replyOf is the answer to an order that a decision took: the guard's, but for a cluster that it is not asked about.
func replyOf(s view.Scope, c view.Cluster, env guard.Env, dec guard.Decision) guard.Reply {
	switch {
	case env.Mode == guard.Off && len(c.Recoveries) == 0: // the engine has put it out of its sight
		return guard.Reply{Refused: true, Text: fmt.Sprintf("cluster %q is not watched in scope %s", c.Cluster.ID, s.Name)}
	case dec.Reply == nil:
		return guard.Reply{Refused: true, Text: "the guard does not answer it"}
	}
	return *dec.Reply
}

// env is what surrounds a decision on a cluster, as if the API budget had room.
func (d Desk) env(w view.World, s view.Scope, c view.Cluster) guard.Env {
	e := d.Config.For(s.Name, c.Cluster)
	env := guard.Env{
		Now: w.Now, Store: d.Store.ID(), Mode: guard.Enforce, Why: e.Why, Settings: e.Settings, Scaling: e.Scaling, Wrapped: e.Wrapped, Sweep: config.DefaultSweep,
		Trusted: true, DryRun: d.DryRun, Generation: s.Lease.Generation, StopReady: true, Modify: true, Add: true, Terminate: true,
	}
	switch e.Mode {
	case config.Observe:
		env.Mode = guard.Observe
	case config.Off:
		env.Mode = guard.Off
	case config.Enforce:
	}
	if s.Paused != nil {
		env.Paused = "the whole scope is paused by " + s.Paused.Author
	}
	return env
}

// begunBy is the operation that an order began, or nil.
func begunBy(o guard.Order, before, after guard.State) *recovery.Recovery {
	if o.Kind != guard.OrderScale && o.Kind != guard.OrderReturn {
		return nil
	}
	for i := range after.Recoveries {
		if r := &after.Recoveries[i]; before.Recovery(r.ID) == nil && r.Author == o.Author && r.Pool == o.Group {
			return r
		}
	}
	return nil
}

// unnamed takes the ids of recoveries that there are not yet out of a sentence: the order itself may get others.
func unnamed(before, after guard.State) *strings.Replacer {
	var pairs []string
	for _, r := range after.Recoveries {
		if before.Recovery(r.ID) == nil {
			if p := after.Pool(r.Pool); p != nil {
				pairs = append(pairs, cmp.Or(p.Name, string(p.Origin))+"+"+r.ID, "the new group")
			}
			pairs = append(pairs, "recovery "+r.ID, "the new recovery", r.ID, "new")
		}
	}
	return strings.NewReplacer(pairs...)
}

// does is an order with its figures in a few words, as a button says it.
func does(o guard.Order, c view.Cluster, dec guard.Decision, target string, now time.Time) string {
	p := c.PoolOf(o.Group)
	switch o.Kind {
	case guard.OrderBan:
		return fmt.Sprintf("ban %s for %s, until %s", target, view.Span(time.Duration(o.For)), view.Clock(now.Add(time.Duration(o.For)), now))
	case guard.OrderUnban:
		if p != nil && p.Member(o.Group).Banned(now) {
			return fmt.Sprintf("lift the ban of %s, which else ends at %s", target, view.Clock(p.Member(o.Group).Ban.Until, now))
		}
		return "lift the ban of " + target
	case guard.OrderScale:
		if p != nil {
			return fmt.Sprintf("scale %s from %d to %d", target, p.Wanted, o.To)
		}
		return fmt.Sprintf("scale %s to %d", target, o.To)
	case guard.OrderReturn:
		if p != nil && p.Member(p.Origin).Moved > 0 {
			return fmt.Sprintf("return %s to %s", phrase.Count(p.Member(p.Origin).Moved, "instance"), target)
		}
		return "return instances to " + target
	case guard.OrderAdopt:
		return "adopt " + adopted(c, dec.State) + " on " + target
	case guard.OrderPause, guard.OrderResume:
	}
	return string(o.Kind) + " emrguard on " + target
}

// adopted says which groups join which pools.
func adopted(before view.Cluster, after guard.State) string {
	var parts []string
	for _, g := range after.Groups {
		p := after.PoolOf(g.ID)
		if p == nil || before.PoolOf(g.ID) != nil {
			continue
		}
		text := view.Label(g.Name, g.ID)
		if p.Origin != g.ID {
			text += " into pool " + cmp.Or(p.Name, string(p.Origin))
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "groups"
	}
	return strings.Join(parts, ", ")
}

// clustersOf are the clusters of a scope.
func clustersOf(w view.World, scope string) []view.Cluster {
	for _, s := range w.Scopes {
		if s.Name == scope {
			return s.Clusters
		}
	}
	return nil
}

// titleOf is a cluster, or one of its groups, by name.
func titleOf(c view.Cluster, group emr.GroupID) string {
	name := cmp.Or(c.Cluster.Name, string(c.Cluster.ID))
	if g := c.Group(group); g != nil {
		return name + "/" + view.Label(g.Group.Name, group)
	}
	return name
}

// command is the command that gives an order.
func command(o guard.Order, to Target) string {
	text := "emrguard " + string(o.Kind)
	switch o.Kind {
	case guard.OrderBan:
		text += fmt.Sprintf(" %s --for %s", o.Group, o.For)
	case guard.OrderScale:
		text += fmt.Sprintf(" %s --to %d", o.Group, o.To)
	case guard.OrderUnban, guard.OrderReturn:
		text += " " + string(o.Group)
	case guard.OrderPause, guard.OrderResume, guard.OrderAdopt:
		if to.Cluster == "" {
			text += " --all --scope " + to.Scope
		} else {
			text += " " + string(to.Cluster)
		}
	}
	if o.Force {
		text += " --force"
	}
	if o.Reason != "" {
		text += " --reason '" + strings.ReplaceAll(o.Reason, "'", `'\''`) + "'"
	}
	return text
}

// undo is the command that takes an order back, if one does.
func undo(o guard.Order, c view.Cluster, now time.Time) string {
	switch o.Kind {
	case guard.OrderBan:
		return fmt.Sprintf("emrguard unban %s", o.Group)
	case guard.OrderUnban:
		if p := c.PoolOf(o.Group); p != nil {
			if ban := p.Member(o.Group).Ban; ban != nil {
				return fmt.Sprintf("emrguard ban %s --for %dm", o.Group, max(1, int(ban.Until.Sub(now).Round(time.Minute)/time.Minute)))
			}
		}
	case guard.OrderPause:
		return fmt.Sprintf("emrguard resume %s", c.Cluster.ID)
	case guard.OrderResume:
		return fmt.Sprintf("emrguard pause %s", c.Cluster.ID)
	case guard.OrderScale:
		if p := c.Pool(o.Group); p != nil {
			return fmt.Sprintf("emrguard scale %s --to %d", o.Group, p.Wanted)
		}
	case guard.OrderReturn, guard.OrderAdopt:
	}
	return ""
}
