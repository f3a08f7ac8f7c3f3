package guard

import (
	"time"

	"emrguard/internal/scaling"
)

// PolicyDue is when a policy of a configured pool is judged next: once for each of its periods, not before its cooldown is over, and not
// before enough periods have begun and ended since the last resize. Judged is when it was judged last, or first seen. Cool is the end of its
// cooldown; zero when no scaling operation of the pool is known.
func (s *State) PolicyDue(of *Scaled, conf *scaling.Pool, pol *scaling.Policy, up bool, judged time.Time) (due, cool time.Time) {
	due = pol.Due(judged)
	if of.Last != nil {
		cool = later(of.Last.At, of.Last.Done).Add(conf.Wait(pol, up))
		if up == (of.Last.To > of.Last.From) {
			cool = later(cool, of.Last.Again)
		}
		if !due.After(cool) {
			due = pol.Due(cool.Add(-time.Nanosecond))
		}
	}
	if !s.Resumed.IsZero() { // rule R2: data points from the time of a resize show a cluster that was not whole
		due = later(due, pol.Enough(s.Resumed))
	}
	return due, cool
}
