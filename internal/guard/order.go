package guard

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// Order is a change asked for by hand.
type Order struct {
	Kind   OrderKind   `json:"kind"`
	Group  emr.GroupID `json:"group,omitempty"` // ban, unban: the group; scale, return: the pool's origin
	For    Length      `json:"for,omitempty"`   // ban
	To     int         `json:"to,omitempty"`    // scale: the wanted count
	Force  bool        `json:"force,omitempty"` // scale, return: in spite of a suspension
	Reason string      `json:"reason,omitempty"`
	Author string      `json:"author"`
}

// Length is how long something lasts. In JSON it is a text like "1h30m0s", as an order to the API has it; a number, which older emrguards wrote, is
// nanoseconds.
type Length time.Duration

// String is the length like "1h30m0s".
func (l Length) String() string { return time.Duration(l).String() }

// MarshalText implements encoding.TextMarshaler.
func (l Length) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (l *Length) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return json.Unmarshal(raw, (*int64)(l))
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is no length of time; write 90m or 2h", text)
	}
	*l = Length(length)
	return nil
}

// OrderKind names an order.
type OrderKind string

// The orders.
const (
	OrderBan    OrderKind = "ban"
	OrderUnban  OrderKind = "unban"
	OrderPause  OrderKind = "pause"
	OrderResume OrderKind = "resume"
	OrderScale  OrderKind = "scale"
	OrderReturn OrderKind = "return"
	OrderAdopt  OrderKind = "adopt"
)

// Validate returns every problem of an order that can be told without a cluster.
func (o Order) Validate() error {
	var errs []error
	switch o.Kind {
	case OrderBan, OrderUnban, OrderScale, OrderReturn:
		if o.Group == "" {
			errs = append(errs, fmt.Errorf("%s needs a group or pool", o.Kind))
		}
	case OrderPause, OrderResume, OrderAdopt:
	default:
		errs = append(errs, fmt.Errorf("%q is not an order", o.Kind))
	}
	if o.Kind == OrderBan && (o.For < Length(time.Minute) || o.For > Length(30*24*time.Hour)) {
		errs = append(errs, fmt.Errorf("a ban lasts 1m to 720h, not %s", o.For))
	}
	if o.Kind == OrderScale && (o.To < 0 || o.To > mostByHand) {
		errs = append(errs, fmt.Errorf("a pool can want 0 to %d instances, not %d", mostByHand, o.To))
	}
	if o.Author == "" {
		errs = append(errs, errors.New("an order needs an author"))
	}
	if len(o.Reason) > 1000 {
		errs = append(errs, errors.New("a reason may have 1000 bytes"))
	}
	return errors.Join(errs...)
}

// Reply says what became of an order.
type Reply struct {
	Refused bool
	Text    string
}

func (d *decider) takeOrder(o Order) {
	if err := o.Validate(); err != nil {
		d.refuse(o, err.Error())
		return
	}
	switch o.Kind {
	case OrderBan:
		d.orderBan(o)
	case OrderUnban:
		d.orderUnban(o)
	case OrderPause:
		d.orderPause(o)
	case OrderResume:
		d.orderResume(o)
	case OrderScale:
		d.orderScale(o)
	case OrderReturn:
		d.orderReturn(o)
	case OrderAdopt:
		d.orderAdopt(o)
	}
}

func (d *decider) refuse(o Order, why string) {
	d.reply = &Reply{Refused: true, Text: why}
	d.record("order.refused", Record{Group: o.Group, Author: o.Author, Reason: o.Because(fmt.Sprintf("%s: %s", o.Kind, why)), Data: map[string]any{"order": o}})
}

// Because is what became of the order, and why somebody gave it: a record says both, so that the history, its search and a message do.
func (o Order) Because(text string) string {
	if o.Reason == "" {
		return text
	}
	return text + "; why: " + o.Reason
}

// accept answers an order that was carried out. Before, if it is not nil, is what its way back needs to know, by its name in the record.
func (d *decider) accept(o Order, p *pool.Pool, text string, before map[string]any) {
	d.reply = &Reply{Text: text}
	rec := Record{Group: o.Group, Author: o.Author, Reason: o.Because(text), Data: map[string]any{"order": o}}
	maps.Copy(rec.Data, before)
	if p != nil {
		rec.Pool = p.Origin
	}
	d.record("order."+string(o.Kind), rec)
}

// idle says why emrguard changes nothing on the cluster, or nothing: what an order lets it do again then waits for that, too.
func (d *decider) idle() string {
	switch why := d.otherOwner(); {
	case d.paused() != "":
		return d.paused()
	case why != "":
		return why
	case d.env.Mode != Enforce:
		return d.env.Why
	}
	return ""
}

// OfScope takes an order to pause or to resume all clusters of a scope: the pause that stands then, and the answer.
func OfScope(paused *Pause, o Order, now time.Time) (*Pause, Reply) {
	refused := func(format string, args ...any) (*Pause, Reply) {
		return paused, Reply{true, fmt.Sprintf(format, args...)}
	}
	switch {
	case o.Kind != OrderPause && o.Kind != OrderResume:
		return refused("%s is for a cluster, not for a whole scope", o.Kind)
	case o.Kind == OrderPause && paused != nil:
		return refused("the whole scope is paused already since %s by %s", paused.Since.UTC().Format(time.RFC3339), paused.Author)
	case o.Kind == OrderResume && paused == nil:
		return refused("the scope is not paused as a whole")
	case o.Kind == OrderResume:
		return nil, Reply{Text: "emrguard acts on the clusters of the scope again, those that are paused by themselves aside"}
	}
	return &Pause{Since: now, Author: o.Author, Reason: o.Reason},
		Reply{Text: "emrguard changes nothing on any cluster of the scope, those to come included, until it is resumed; what is on its way already goes on"}
}

func (d *decider) memberFor(o Order) (*pool.Pool, *pool.Member) {
	p := d.s.PoolOf(o.Group)
	if p == nil {
		d.refuse(o, fmt.Sprintf("group %s is in no pool of %s", o.Group, d.s.Cluster.ID))
		return nil, nil
	}
	return p, p.Member(o.Group)
}

func (d *decider) orderBan(o Order) {
	p, m := d.memberFor(o)
	switch {
	case p == nil:
		return
	case d.aloneIn(p):
		d.refuse(o, leftAlone)
		return
	}
	d.lapse(p, m)
	until := d.env.Now.Add(time.Duration(o.For))
	if m.Banned(d.env.Now) && m.Ban.Until.After(until) {
		d.refuse(o, fmt.Sprintf("%s is banned until %s already, which is later; `emrguard unban %s` lifts that", o.Group, m.Ban.Until.UTC().Format(time.RFC3339), o.Group))
		return
	}
	ban := pool.Ban{From: d.env.Now}
	if m.Banned(d.env.Now) {
		ban = *m.Ban // a longer ban of the same member goes on counting what outsiders do
	}
	ban.Until, ban.Reason, ban.Author, ban.Recovery, ban.Over = until, o.Reason, o.Author, "", nil
	ban.Told = false // it was told by a clock that was ahead
	m.Ban = &ban
	text := fmt.Sprintf("%s takes no launches until %s", o.Group, m.Ban.Until.UTC().Format(time.RFC3339))
	if d.env.Settings.EnforceBans && d.idle() == "" {
		text += "; what others launch there is stopped and placed elsewhere"
	}
	d.accept(o, p, text, nil)
}

func (d *decider) orderUnban(o Order) {
	p, m := d.memberFor(o)
	switch {
	case p == nil:
	case !m.Banned(d.env.Now):
		d.lapse(p, m)
		m.Ban = nil
		d.refuse(o, fmt.Sprintf("%s is not banned", o.Group))
	default:
		lifted := *m.Ban
		text := fmt.Sprintf("%s may take launches again, before its ban ends at %s", o.Group, lifted.Until.UTC().Format(time.RFC3339))
		if p.Contested {
			text += "; what others launch there stays"
		}
		if p.Blocked != nil {
			text += "; places for what its pool misses are looked for at once"
		}
		m.Ban, p.Contested, p.Blocked = nil, false, nil
		d.accept(o, p, text, map[string]any{"lifted": lifted})
	}
}

func (d *decider) orderPause(o Order) {
	if d.s.Paused != nil {
		d.refuse(o, fmt.Sprintf("paused already since %s by %s", d.s.Paused.Since.UTC().Format(time.RFC3339), d.s.Paused.Author))
		return
	}
	d.s.Paused = &Pause{Since: d.env.Now, Author: o.Author, Reason: o.Reason}
	text := "emrguard changes nothing on this cluster until it is resumed"
	if d.s.Pending != nil {
		text += fmt.Sprintf("; %s is on its way already", d.s.Pending.Call.Op)
	}
	d.accept(o, nil, text, nil)
}

func (d *decider) orderResume(o Order) {
	if d.s.Paused == nil {
		d.refuse(o, "the cluster is not paused")
		return
	}
	d.s.Paused = nil
	text := "emrguard acts on this cluster again"
	if why := d.idle(); why != "" {
		text = "this cluster's own pause ends; emrguard changes nothing on it all the same: " + why
	}
	d.accept(o, nil, text, nil)
}

// orderPool finds the pool of a scaling order, and why it cannot be scaled.
func (d *decider) orderPool(o Order) *pool.Pool {
	p := d.s.Pool(o.Group)
	switch {
	case p == nil && d.s.PoolOf(o.Group) != nil:
		d.refuse(o, fmt.Sprintf("%s is a fallback; its pool is %s", o.Group, d.s.PoolOf(o.Group).Origin))
	case p == nil:
		d.refuse(o, fmt.Sprintf("there is no pool %s on %s", o.Group, d.s.Cluster.ID))
	case d.aloneIn(p):
		d.refuse(o, leftAlone)
	case d.passive():
		d.refuse(o, "the cluster is observed only: "+d.s.Withheld)
	case d.paused() != "":
		d.refuse(o, d.paused())
	case d.fallen(p) || d.busy(p):
		d.refuse(o, "a recovery of this pool is at work; `emrguard recoveries` shows it")
	case d.s.Read.IsZero() || d.s.Unusable != nil:
		d.refuse(o, "the last read of the groups is not usable")
	case !d.env.Trusted:
		d.refuse(o, "the clock does not agree with AWS's")
	case !d.s.Cluster.State.Modifiable():
		d.refuse(o, unmodifiable(d.s.Cluster.State))
	case d.s.Suspended != nil && !o.Force:
		d.refuse(o, "scaling is suspended on this cluster: "+strings.Join(d.s.Suspended.Reasons, "; ")+". --force does it all the same")
	default:
		return p
	}
	return nil
}

func (d *decider) orderScale(o Order) {
	p := d.orderPool(o)
	if p == nil {
		return
	}
	switch {
	case o.To == p.Wanted && o.To == p.Requested(d.s.View()):
		d.refuse(o, fmt.Sprintf("the pool wants %d already", o.To))
		return
	case p.Role == emr.Core && o.To < 1:
		d.refuse(o, "a CORE group needs at least one instance; EMR allows 0 on TASK groups only")
		return
	case d.env.Settings.Max > 0 && o.To > d.env.Settings.Max:
		d.refuse(o, fmt.Sprintf("the configuration allows %d at most (recovery.max)", d.env.Settings.Max))
		return
	}
	if why := cmp.Or(d.outOfBounds(p, o.To), d.gateFor(p, scaling.Ask{Target: o.To})); why != "" {
		d.refuse(o, why)
		return
	}
	was := p.Wanted
	p.Wanted = o.To
	d.byHand(recovery.Scale, p, o, fmt.Sprintf("scale from %d to %d", was, o.To), map[string]any{"was": was})
	r := &d.s.Recoveries[len(d.s.Recoveries)-1]
	r.Was, r.Delta = was, o.To-was
	for i := range d.s.Scaling {
		if s := &d.s.Scaling[i]; s.Origin == p.Origin {
			s.Last = &Operation{By: o.Author, Recovery: r.ID, From: was, To: o.To, At: d.env.Now, Origin: p.Origin}
		}
	}
}

// outOfBounds says why a pool may not want so many instances: what is asked for by hand would be taken back at once.
func (d *decider) outOfBounds(p *pool.Pool, to int) string {
	for i := range d.s.Scaling {
		s := &d.s.Scaling[i]
		if s.Origin == p.Origin && (to < s.Bounds.Min || to > s.Bounds.Max) {
			return fmt.Sprintf("pool %s may want %d to %d instances, by %s; change that first", s.Name, s.Bounds.Min, s.Bounds.Max, cmp.Or(s.BoundsBy, "the configuration"))
		}
	}
	if to > p.Wanted {
		return d.beyondMost(p, to)
	}
	return ""
}

func (d *decider) orderReturn(o Order) {
	p := d.orderPool(o)
	if p == nil {
		return
	}
	origin := p.Member(p.Origin)
	switch {
	case origin.Moved == 0:
		d.refuse(o, "nothing was placed elsewhere for "+string(p.Origin))
		return
	case origin.Banned(d.env.Now):
		d.refuse(o, fmt.Sprintf("%s is banned until %s; `emrguard unban %s` lifts that", p.Origin, origin.Ban.Until.UTC().Format(time.RFC3339), p.Origin))
		return
	}
	d.byHand(recovery.Return, p, o, fmt.Sprintf("ask %s again for the %d placed elsewhere; as many are released from the fallbacks once they run", p.Origin, origin.Moved), nil)
}

func (d *decider) byHand(kind recovery.Kind, p *pool.Pool, o Order, what string, before map[string]any) {
	if d.s.Suspended != nil {
		what += ", in spite of the suspension"
	}
	r := d.newRecovery(kind, p, p.Origin, o.Because(what))
	r.From = d.env.Now
	r.Author, r.Force = o.Author, o.Force
	if kind == recovery.Return {
		r.Asked = p.Member(p.Origin).Moved
	}
	d.begin(r)
	d.accept(o, p, what+" (recovery "+r.ID+")", before)
}

func (d *decider) orderAdopt(o Order) {
	if len(d.s.Foreign) == 0 {
		d.refuse(o, "no groups of another emrguard store are on this cluster")
		return
	}
	taken := strings.Join(d.s.Foreign, ", ")
	var found []emr.GroupID
	for _, g := range d.s.Groups {
		if d.s.PoolOf(g.ID) == nil {
			found = append(found, g.ID)
		}
	}
	d.s.Adopted = append(d.s.Adopted, d.s.Foreign...)
	slices.Sort(d.s.Adopted)
	d.s.Adopted = slices.Compact(d.s.Adopted)
	d.s.Foreign = nil
	d.joinMembers()
	var joined []string
	for _, id := range found {
		switch p := d.s.PoolOf(id); {
		case p == nil:
		case p.Origin == id:
			joined = append(joined, fmt.Sprintf("%s with %d is a pool of its own", id, p.Wanted))
		default:
			joined = append(joined, fmt.Sprintf("%s with %d joins pool %s, which wants %d in all", id, d.s.Group(id).Requested, p.Origin, p.Wanted))
		}
	}
	then := "emrguard acts on this cluster from now on"
	if why := d.idle(); why != "" {
		then = "emrguard changes nothing on this cluster all the same: " + why
	}
	d.accept(o, nil, fmt.Sprintf("the groups of store %s are taken over: %s; %s", taken, strings.Join(joined, "; "), then), nil)
}
