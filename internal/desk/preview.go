package desk

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/view"
)

// Preview is what an order would lead to if it were given now.
type Preview struct {
	Kind    string      `json:"kind" doc:"ban, unban, pause, resume, scale, return or adopt"`
	Target  string      `json:"target" doc:"what it is about, by name"`
	Refused bool        `json:"refused" doc:"it would be refused"`
	Text    string      `json:"text" doc:"what would be done, or the reason of the refusal"`
	Call    string      `json:"call,omitempty" doc:"the change of the cluster that would be sent to EMR at once; others may follow"`
	Next    []view.Next `json:"next" doc:"what follows on the cluster then, the earliest first"`
	Command string      `json:"command" doc:"the command that gives the order"`
	Undo    string      `json:"undo,omitempty" doc:"the command that takes it back"`
}

// Preview asks the guard what an order would lead to, on the state as it is known and as if the API budget had room. Nothing is changed. Later
// reads may lead to something else: the order itself is decided on anew. An order that no guard could accept is a RequestError.
func (d Desk) Preview(w view.World, to Target, order guard.Order) (Preview, error) {
	p := Preview{Kind: string(order.Kind), Target: "scope " + to.Scope, Command: command(order, to), Next: []view.Next{}}
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
	dec := guard.Decide(c.State, env, guard.Input{Order: &order})
	if dec.Reply == nil {
		p.Refused, p.Text = true, "the guard does not answer it"
		return p
	}
	text, _, _ := strings.Cut(dec.Reply.Text, " (recovery ") // its id is not given yet
	p.Refused, p.Text = dec.Reply.Refused, c.Labelled(text)
	if p.Refused {
		return p
	}
	if dec.Call != nil {
		p.Call = dec.Call.Call.String()
	}
	after := c
	after.State = dec.State
	p.Next, p.Undo = w.Ahead(s, after), undo(order, c, w.Now)
	if len(p.Next) == 0 {
		p.Next = append(p.Next, view.Next{Text: "nothing follows by itself: " + view.Waiting(after)})
	}
	return p
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
