package guard

import (
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
)

// lapsedModel is a model whose task group was banned for an hour and has 3 of its 9 instances on a fallback; the ban is about to end.
func lapsedModel(t *testing.T) *model {
	m := newModel(t, recovery.Defaults())
	m.group("ig-B", "emrguard/1 task "+m.env.Store+".j-TEST.ig-A.r9-1", emr.Task, 3)
	m.pass(time.Minute)
	p := m.state.Pool("ig-A")
	p.Wanted = p.Requested(m.state.View())
	p.Member("ig-A").Moved = 3
	p.Member("ig-A").Ban = &pool.Ban{From: m.now.Add(-time.Hour), Until: m.now.Add(time.Minute), Recovery: "r9-1"}
	return m
}

// TestR9_TheEndOfABanTellsTheWayBack has what the record says, and what it says of it to programs.
func TestR9_TheEndOfABanTellsTheWayBack(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*model, *pool.Pool)
		want      string
		elsewhere int
		mode      recovery.ReturnMode
	}{
		"by hand": {func(*model, *pool.Pool) {},
			"ig-A: takes launches again: its ban ended at 12:02:00; what was placed elsewhere for it (3) stays there until `emrguard return ig-A` asks for it here again", 3, recovery.ByHand},
		"a configuration from before": {func(m *model, _ *pool.Pool) { m.env.Settings.Return = "" },
			"ig-A: takes launches again: its ban ended at 12:02:00; what was placed elsewhere for it (3) stays there until `emrguard return ig-A` asks for it here again", 3, recovery.ByHand},
		"by itself": {func(m *model, _ *pool.Pool) { m.env.Settings.Return = recovery.Auto },
			"ig-A: takes launches again: its ban ended at 12:02:00; what was placed elsewhere for it (3) is asked for here again by itself once the pool is whole", 3, recovery.Auto},
		"core is never asked by itself": {func(m *model, p *pool.Pool) { m.env.Settings.Return, p.Role = recovery.Auto, emr.Core },
			"ig-A: takes launches again: its ban ended at 12:02:00; what was placed elsewhere for it (3) stays there until `emrguard return ig-A` asks for it here again", 3, recovery.ByHand},
		"nothing elsewhere": {func(_ *model, p *pool.Pool) { p.Member("ig-A").Moved = 0 },
			"ig-A: takes launches again: its ban ended at 12:02:00; nothing runs on fallbacks for it", 0, recovery.ByHand},
		"of a fallback": {func(_ *model, p *pool.Pool) {
			p.Member("ig-A").Ban, p.Member("ig-B").Ban = nil, p.Member("ig-A").Ban
			p.Member("ig-B").Moved = 2
		}, "ig-B: takes launches again: its ban ended at 12:02:00", 0, recovery.ByHand},
		"paused": {func(m *model, _ *pool.Pool) { m.state.Paused = &Pause{Since: m.now, Author: "ann"} },
			"ig-A: takes launches again: its ban ended at 12:02:00; what was placed elsewhere for it (3) stays there until `emrguard return ig-A` asks for it here again, which emrguard refuses for now: paused by ann", 3, recovery.ByHand},
		"a day ago": {func(m *model, p *pool.Pool) { p.Member("ig-A").Ban.Until = m.now.Add(-24 * time.Hour) },
			"ig-A: takes launches again: its ban ended at 2026-01-04 12:01:00; what was placed elsewhere for it (3) stays there until `emrguard return ig-A` asks for it here again", 3, recovery.ByHand},
	} {
		m := lapsedModel(t)
		c.change(m, m.state.Pool("ig-A"))
		m.now = m.now.Add(2 * time.Minute)
		m.read(m.shown())
		var told []Record
		for _, r := range m.records {
			if r.Kind == "ban.over" {
				told = append(told, r)
			}
		}
		if len(told) != 1 {
			t.Errorf("%s: %d records", name, len(told))
			continue
		}
		r := told[0]
		if got := string(r.Group) + ": " + r.Reason; got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
		if r.Pool != "ig-A" || r.Recovery != "r9-1" || r.Data["elsewhere"] != c.elsewhere || r.Data["return"] != c.mode {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestR9_TheEndOfABanIsToldOnce: exactly one record for each ban that ends by itself, at the first usable read after it, and no read and no decision more than without.
func TestR9_TheEndOfABanIsToldOnce(t *testing.T) {
	order := func(m *model, kind OrderKind, length time.Duration) {
		if d := m.decide(Input{Order: &Order{Kind: kind, Group: "ig-A", For: Length(length), Author: "ann"}}); d.Reply.Refused {
			t.Fatal(d.Reply.Text)
		}
	}
	for name, c := range map[string]struct {
		do   func(*model)
		want int
	}{
		"it ends":                     {func(m *model) { m.pass(20 * time.Minute) }, 1},
		"before its end":              {func(m *model) { m.decide(Input{}) }, 0},
		"without a read after it":     {func(m *model) { m.now = m.now.Add(time.Hour); m.decide(Input{}) }, 0},
		"nobody looked for long":      {func(m *model) { m.now = m.now.Add(3 * time.Hour); m.restart(false); m.pass(20 * time.Minute) }, 1},
		"a restart after it was told": {func(m *model) { m.pass(10 * time.Minute); m.restart(false); m.pass(10 * time.Minute) }, 1},
		"lifted by hand":              {func(m *model) { order(m, OrderUnban, 0); m.pass(20 * time.Minute) }, 0},
		"prolonged":                   {func(m *model) { order(m, OrderBan, 10*time.Minute); m.pass(30 * time.Minute) }, 1},
		"prolonged, not over yet":     {func(m *model) { order(m, OrderBan, 30*time.Minute); m.pass(20 * time.Minute) }, 0},
		"another takes its place unread": {func(m *model) {
			m.now = m.now.Add(5 * time.Minute)
			order(m, OrderBan, 10*time.Minute)
			m.pass(30 * time.Minute)
		}, 2},
		"an unban that comes too late": {func(m *model) {
			m.now = m.now.Add(5 * time.Minute)
			m.decide(Input{Order: &Order{Kind: OrderUnban, Group: "ig-A", Author: "ann"}})
			m.pass(10 * time.Minute)
		}, 1},
		"the cluster ended meanwhile": {func(m *model) {
			m.now = m.now.Add(5 * time.Minute)
			m.decide(Input{Gone: &Gone{State: emr.ClusterTerminated}})
			m.decide(Input{})
		}, 0},
		"its groups ended, which nobody has described yet": {func(m *model) {
			m.now = m.now.Add(5 * time.Minute)
			groups := m.shown()
			for i := range groups {
				groups[i].State = emr.GroupTerminated
			}
			m.read(groups)
		}, 0},
		"a clock that is not trusted": {func(m *model) { m.env.Trusted = false; m.pass(20 * time.Minute) }, 0},
		"the clock is set back after it": {func(m *model) {
			m.pass(10 * time.Minute)
			m.now = m.now.Add(-10 * time.Minute)
			m.env.SetBack = 10 * time.Minute
			m.read(m.shown())
			m.env.SetBack = 0
			m.pass(30 * time.Minute)
		}, 1},
		"prolonged after the clock was set back": {func(m *model) {
			m.pass(10 * time.Minute)
			m.now = m.now.Add(-10 * time.Minute)
			m.env.SetBack = 10 * time.Minute
			m.read(m.shown())
			m.env.SetBack = 0
			order(m, OrderBan, 20*time.Minute)
			m.pass(30 * time.Minute)
		}, 2},
	} {
		m := lapsedModel(t)
		c.do(m)
		if n := m.count("ban.over"); n != c.want {
			t.Errorf("%s: %d records, want %d: %q", name, n, c.want, m.log)
		}
	}
}

// TestR9_TheEndOfABanCostsNothing: a ban that ends asks for no read and no decision of its own.
func TestR9_TheEndOfABanCostsNothing(t *testing.T) {
	needs := func(banned bool) string {
		m := lapsedModel(t)
		if !banned {
			m.state.Pool("ig-A").Member("ig-A").Ban = nil
		}
		m.read(m.shown())
		m.last.State, m.last.Records = State{}, nil
		return text(m.last)
	}
	if with, without := needs(true), needs(false); with != without {
		t.Errorf("%s\nwithout a ban\n%s", with, without)
	}
}
