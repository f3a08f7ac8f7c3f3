package guard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// TestI4_RandomScaledLives plays random lives of a cluster whose pool is scaled by policies and schedules, with everything that
// TestI1I2I3I4I6I7I8_RandomLives lets go wrong. Beside the properties checked there: no operation while a group resizes (I4), bounds never
// crossed, no policy within its cooldown, each time of a schedule carried out or superseded once.
func TestI4_RandomScaledLives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pool := taskPool(rapid.IntRange(0, 4).Draw(t, "min"), rapid.IntRange(6, 20).Draw(t, "max"))
		pool.MaxStep = scaling.MaxStep{Up: rapid.IntRange(0, 5).Draw(t, "step up"), Down: rapid.IntRange(0, 5).Draw(t, "step down")}
		pool.ScaleUp = []scaling.Policy{
			policy("out", "ContainerPending", scaling.GT, 0, scaling.Action{Type: scaling.Adjustment, Count: 3}),
			policy("floor", "AppsPending", scaling.GTE, 2, scaling.Action{Type: scaling.SetMinTarget, Target: at(8)}),
		}
		pool.ScaleDown = []scaling.Policy{policy("in", "ContainerPending", scaling.LTE, 0, scaling.Action{Type: scaling.PercentageAdjustment, Percent: 25})}
		pool.Schedules = []scaling.Schedule{
			{Name: "half", Cron: "*/30 * * * *", Target: at(7)},
			{Name: "bounds", Cron: "15 * * * *", Min: at(2), Max: at(12)},
		}
		m := newModel(t, recovery.Defaults())
		m.series, m.calm = map[string][]emr.Point{}, true
		m.configure(scaling.Settings{Pools: []scaling.Pool{pool}})
		h := &scaleHistory{done: map[string]bool{}, by: map[string]string{}}
		m.pass(time.Minute)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "measure") {
				for _, metric := range []string{"ContainerPending", "AppsPending"} {
					m.points(metric, float64(rapid.IntRange(0, 4).Draw(t, metric)), time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes"))*time.Minute)
				}
			}
			m.act(t)
			h.check(m, &pool)
		}
		m.peace()
		m.series = map[string][]emr.Point{}
		pool.Schedules = nil
		m.configure(scaling.Settings{Pools: []scaling.Pool{pool}})
		m.pass(20 * time.Hour)
		h.check(m, &pool)
		m.quiet()
		s := m.state.Scaled("task")
		if p := m.state.Pool(s.Origin); p.Rest == nil && p.Blocked == nil && m.state.Withheld == "" && (p.Wanted < s.Bounds.Min || p.Wanted > s.Bounds.Max) {
			m.fail("liveness: the pool wants %d outside %+v", p.Wanted, s.Bounds)
		}
	})
}

// scaleHistory checks the records of scaling as they come.
type scaleHistory struct {
	seen int
	last Record
	done map[string]bool   // times of schedules that were carried out
	by   map[string]string // these, by recovery
}

func (h *scaleHistory) check(m *model, pool *scaling.Pool) {
	m.t.Helper()
	for _, r := range m.records[h.seen:] {
		if r.Kind == "recovery.withheld" && strings.HasPrefix(r.Reason, "not begun") {
			delete(h.done, h.by[r.Recovery]) // it changed nothing, and the schedule is deferred again
			h.last = Record{}
		}
		if r.Kind != "scaling.decided" {
			continue
		}
		ask := r.Data["ask"].(scaling.Ask)
		if due, ok := r.Data["due"].(time.Time); ok {
			key := fmt.Sprint(ask.By, due)
			if h.done[key] {
				m.fail("%s was carried out twice", key)
			}
			h.done[key] = true
			h.by[r.Recovery] = key
			if m.now.Before(due) {
				m.fail("%s was carried out before it was due", key)
			}
		}
		if ask.Target < ask.Bounds.Min || ask.Target > ask.Bounds.Max {
			m.fail("%s asks for %d outside %+v", ask.By, ask.Target, ask.Bounds)
		}
		wait := map[scaling.AskKind]time.Duration{scaling.AskUp: pool.Cooldown.Up, scaling.AskDown: pool.Cooldown.Down}[ask.Kind]
		if wait > 0 && !h.last.At.IsZero() && r.At.Before(h.last.At.Add(wait)) {
			m.fail("%s at %s, within the cooldown of %s", ask.By, r.At, h.last.At)
		}
		if r.Recovery != "" {
			h.last = r
		}
	}
	h.seen = len(m.records)
}
