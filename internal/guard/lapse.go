package guard

import (
	"fmt"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// lapses records the end of each ban that the last usable read began after (rule R9). Without such a read nobody knows what runs elsewhere, or whether the
// cluster is there at all: a guard that was down tells it late, and nothing is read for it.
func (d *decider) lapses() {
	for i := range d.s.Pools {
		p := &d.s.Pools[i]
		for j := range p.Members {
			m := &p.Members[j]
			if g := d.s.Group(m.Group); g == nil || g.State.Ended() { // with its cluster, which a description is about to say
				continue
			}
			if m.Lapsed(d.s.Read) {
				d.lapse(p, m)
			}
		}
	}
}

// lapse records that a member's ban is over, once, with the way back of what runs elsewhere for it. What takes a ban's place asks for it, too: else an end
// that no read told would be lost.
func (d *decider) lapse(p *pool.Pool, m *pool.Member) {
	if !m.Lapsed(d.env.Now) {
		return
	}
	m.Ban.Told = true
	mode := d.env.Settings.Return
	if mode == "" || p.Role != emr.Task {
		mode = recovery.ByHand
	}
	elsewhere := 0
	if m.Group == p.Origin {
		elsewhere = p.Elsewhere(d.s.View())
	}
	until := m.Ban.Until.UTC().Format("15:04:05")
	if d.env.Now.Sub(m.Ban.Until) > longAgo {
		until = m.Ban.Until.UTC().Format("2006-01-02 15:04:05")
	}
	text := fmt.Sprintf("takes launches again: its ban ended at %s", until)
	switch {
	case m.Group != p.Origin: // nobody returns what runs for a fallback to it
	case elsewhere == 0:
		text += "; nothing runs on fallbacks for it"
	case mode == recovery.Auto:
		text += fmt.Sprintf("; what was placed elsewhere for it (%d) is asked for here again by itself once the pool is whole", elsewhere)
	default:
		text += fmt.Sprintf("; what was placed elsewhere for it (%d) stays there until `emrguard return %s` asks for it here again%s", elsewhere, p.Origin, d.returnWaits())
	}
	d.record("ban.over", Record{Group: m.Group, Pool: p.Origin, Recovery: m.Ban.Recovery, Reason: text,
		Data: map[string]any{"from": m.Ban.From, "until": m.Ban.Until, "elsewhere": elsewhere, "return": mode}})
}

// longAgo is how old an end of a ban is told with its date.
const longAgo = 12 * time.Hour

// returnWaits says what keeps an order to return from being taken at present, as the end of a sentence; empty if nothing does.
func (d *decider) returnWaits() string {
	switch why := d.idle(); {
	case why != "":
		return ", which emrguard refuses for now: " + why
	case d.s.Suspended != nil:
		return ", once scaling is not suspended on the cluster any more"
	}
	return ""
}
