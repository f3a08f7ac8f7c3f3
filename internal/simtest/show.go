package simtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// run lets time pass, and tells what happened. Processes that were killed start again when that was said.
func (p *Player) run(a *args) (string, error) {
	d, err := a.duration()
	if err != nil {
		return "", err
	}
	if d < 0 {
		return "", errors.New("time does not run backwards")
	}
	var b strings.Builder
	p.pass(d, &b)
	p.tell(&b, a.flag("all"))
	return b.String(), nil
}

// pass lets d pass.
func (p *Player) pass(d time.Duration, b *strings.Builder) {
	w := p.World
	for until := w.Now().Add(d); ; {
		next := until
		if len(p.restart) > 0 && p.restart[0].Before(until) {
			next = p.restart[0]
		}
		switch killed := w.Run(next.Sub(w.Now())); {
		case killed:
			w.Kill = nil
			fmt.Fprintf(b, "%s killed\n", w.Now().UTC().Format(time.TimeOnly))
			if p.later > 0 {
				p.restart = append(p.restart, w.Now().Add(p.later))
				slices.SortFunc(p.restart, time.Time.Compare)
			}
		case len(p.restart) > 0 && !w.Now().Before(p.restart[0]):
			p.restart = p.restart[1:]
			w.Start()
		case !w.Now().Before(until):
			return
		}
	}
}

// tell writes what was recorded and sent since the last time.
func (p *Player) tell(b *strings.Builder, all bool) {
	w := p.World
	records, calls, faults := w.Records[p.seen:], w.Calls[p.sent:], w.Faults
	p.seen, p.sent, w.Faults = len(w.Records), len(w.Calls), nil
	for _, r := range records {
		if p.Kinds == nil {
			p.Kinds = map[string]int{}
		}
		p.Kinds[r.Kind]++
	}
	if p.Silent {
		w.Records, w.Calls, p.seen, p.sent = w.Records[:0], w.Calls[:0], 0, 0
		b.Reset()
		return
	}
	for _, r := range records {
		if r.Kind == "group.read" && !all || strings.HasPrefix(r.Kind, "answer.") && !all && !strings.Contains(r.Reason, "did not") && !strings.Contains(r.Reason, "nobody") {
			continue
		}
		fmt.Fprintf(b, "%s %-19s %s%s\n", r.At.UTC().Format(time.TimeOnly), r.Kind, p.prefix(r.Cluster, r.Group), p.named(r.Reason))
	}
	for _, c := range calls {
		if c.Call.Op.Writes() {
			fmt.Fprintf(b, "%s -> %s", c.At.UTC().Format(time.TimeOnly), p.named(c.Call.String()))
			if c.Err != nil {
				fmt.Fprintf(b, " = %s", p.named(c.Err.Error()))
			}
			b.WriteByte('\n')
		}
	}
	for _, f := range faults {
		fmt.Fprintf(b, "fault: %s %v\n", p.named(f.Cluster), p.named(f.Err.Error()))
	}
}

// prefix names what a record is about: the group, and its cluster where there are several.
func (p *Player) prefix(cluster, group string) string {
	switch {
	case group != "":
		return p.named(group) + ": "
	case len(p.placed) > 1 && cluster != "":
		return p.named(cluster) + ": "
	}
	return ""
}

func (p *Player) groups(a *args) (string, error) {
	var b strings.Builder
	c, err := p.truth(a)
	if err != nil {
		return "", err
	}
	for _, g := range c.Groups {
		if g.Role == string(emr.Master) {
			continue
		}
		fmt.Fprintf(&b, "%-8s %d of %d run, %s", p.named(g.ID), g.Running, g.Requested, g.State)
		if k := g.Kills; k.Resize+k.Surplus+k.Request > 0 {
			fmt.Fprintf(&b, ", ended by resizes %d, as surplus %d", k.Resize+k.Request, k.Surplus)
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// document is the guard's state of a cluster, as saved.
func (p *Player) document(a *args) (guard.State, error) {
	var s guard.State
	c, err := p.truth(a)
	if err != nil {
		return s, err
	}
	doc, err := p.store.Load(context.Background(), store.Key{Scope: ScopeName, Cluster: c.ID})
	if err != nil {
		return s, err
	}
	return s, doc.Body.Decode(&s)
}

func (p *Player) pools(a *args) (string, error) {
	s, err := p.document(a)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if s.Suspended != nil {
		fmt.Fprintf(&b, "suspended: %s\n", p.named(strings.Join(s.Suspended.Reasons, "; ")))
	}
	if s.Withheld != "" {
		fmt.Fprintf(&b, "withheld: %s\n", p.named(s.Withheld))
	}
	for _, pl := range s.Pools {
		fmt.Fprintf(&b, "%s wants %d, chain %d", p.named(string(pl.Origin)), pl.Wanted, pl.Chain)
		if pl.Rest != nil {
			fmt.Fprintf(&b, ", rests until %s", pl.Rest.Until.Format(time.TimeOnly))
		}
		if pl.Blocked != nil {
			fmt.Fprintf(&b, ", blocked until %s", pl.Blocked.Retry.Format(time.TimeOnly))
		}
		if pl.Returns != nil {
			fmt.Fprintf(&b, ", %d returns failed, no other before %s", pl.Returns.Failed, pl.Returns.Until.Format(time.TimeOnly))
		}
		b.WriteByte('\n')
		for _, m := range pl.Members {
			fmt.Fprintf(&b, "  %-8s expected %v, moved %d", p.named(string(m.Group)), m.Expected, m.Moved)
			if m.Rung > 1 {
				fmt.Fprintf(&b, ", rung %d: %s", m.Rung, m.Shape)
			}
			if m.Banned(p.World.Now()) {
				fmt.Fprintf(&b, ", banned until %s", m.Ban.Until.Format(time.TimeOnly))
			}
			b.WriteByte('\n')
		}
	}
	for _, r := range s.Recoveries {
		fmt.Fprintf(&b, "recovery of %s (%s) at %s %s\n", p.named(string(r.Group)), r.Kind, r.Step, p.named(r.Hold))
	}
	return b.String(), nil
}

// scaled prints what is remembered of the configured pools.
func (p *Player) scaled(a *args) (string, error) {
	s, err := p.document(a)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, c := range s.Scaling {
		fmt.Fprintf(&b, "%s is %s, %d to %d", c.Name, p.named(string(c.Origin)), c.Bounds.Min, c.Bounds.Max)
		if c.BoundsBy != "" {
			fmt.Fprintf(&b, " by %s", c.BoundsBy)
		}
		if pl := s.Pool(c.Origin); pl != nil {
			fmt.Fprintf(&b, ", wants %d", pl.Wanted)
		}
		b.WriteByte('\n')
		if c.Deferred != nil {
			fmt.Fprintf(&b, "  deferred: schedule %s of %s: %s\n", c.Deferred.Schedule, c.Deferred.Due.Format(time.TimeOnly), p.named(c.Deferred.Reason))
		}
		for _, v := range c.Verdicts {
			if v.Reason != "" {
				fmt.Fprintf(&b, "  %s at %s: %s\n", v.Policy, v.At.Format(time.TimeOnly), v.Reason)
			}
		}
	}
	return b.String(), nil
}

// explain prints the asks of the last scaling decision, from the record as it is stored.
func (p *Player) explain(*args) (string, error) {
	type ask struct {
		By     string `json:"by"`
		Target int    `json:"target"`
		Reason string `json:"reason"`
	}
	var data struct {
		Ask    ask `json:"ask"`
		Others []struct {
			Ask    ask    `json:"ask"`
			WhyNot string `json:"why_not"`
		} `json:"others"`
	}
	for _, r := range p.World.Records {
		if r.Kind == "scaling.decided" {
			data.Others = nil
			if err := json.Unmarshal(r.Data, &data); err != nil {
				return "", err
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d: %s\n", data.Ask.By, data.Ask.Target, data.Ask.Reason)
	for _, o := range data.Others {
		fmt.Fprintf(&b, "not %s: %d: %s\n", o.Ask.By, o.Ask.Target, o.WhyNot)
	}
	return b.String(), nil
}

var (
	fallbackName = regexp.MustCompile(`"emrguard/1 ([^"]*?) [^ "]+"`)
	recoveryID   = regexp.MustCompile(`\br[a-z0-9]{6,}-[a-z0-9]+\b`)
)

// learn gives every group that is there a name: an origin is called by its own, its fallbacks name+1, name+2 in the order of their
// making; where there are several clusters, the cluster's name and a slash stand before it.
func (p *Player) learn() {
	for _, c := range p.World.Sim.Clusters(Region) {
		p.alias[c.ID] = c.Name
		made := map[string]int{}
		for _, g := range c.Groups {
			name := g.Name
			if origin, _, ok := emr.ParseGroupName(g.Name); ok {
				made[origin]++
				name = fmt.Sprintf("%s+%d", origin, made[origin])
			}
			if len(p.placed) > 1 {
				name = c.Name + "/" + name
			}
			p.alias[g.ID] = name
		}
	}
}

var anID = regexp.MustCompile(`\b(ig|j)-[0-9A-Z]+\b`)

// named puts names in the place of ids.
func (p *Player) named(text string) string {
	learned := false
	text = fallbackName.ReplaceAllString(text, `"emrguard/1 $1 …"`)
	text = anID.ReplaceAllStringFunc(text, func(id string) string {
		if p.alias[id] == "" && !learned {
			p.learn()
			learned = true
		}
		if name := p.alias[id]; name != "" {
			return name
		}
		return id
	})
	return recoveryID.ReplaceAllString(text, "r…")
}

// real is the id behind a name of named, in a cluster. What is no such name stays as it is: the simulator knows groups by name and role.
func (p *Player) real(cluster, name string) string {
	if name == "" {
		return ""
	}
	p.learn()
	for _, want := range []string{name, cluster + "/" + name} {
		for _, id := range slices.Sorted(maps.Keys(p.alias)) { // the same one each time where two have one name
			if p.alias[id] == want {
				return id
			}
		}
	}
	return name
}
