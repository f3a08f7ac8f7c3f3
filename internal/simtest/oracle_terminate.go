package simtest

import (
	"slices"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/scaling"
)

// terminates checks the end of a cluster: a policy holds by data points from after the grace time, and held when the notice was given.
func (x *watched) terminates() {
	now, t := x.now(), x.conf().Termination
	switch {
	case t == nil || t.Mode != scaling.TerminationEnforce:
		x.violate("termination", "the cluster is terminated, and the configuration does not say so")
		return
	case x.notice.IsZero() || now.Before(x.notice.Add(x.noticed.Grace)):
		x.violate("termination", "the cluster is terminated before its grace time is over; the notice was given at %s", x.notice.Format(time.TimeOnly))
	case x.described.Before(x.notice.Add(x.noticed.Grace)) || x.cl.State != emr.ClusterWaiting || x.cl.Protected:
		x.violate("termination", "the cluster is terminated; described at %s, it was %s, protected: %t", x.described.Format(time.TimeOnly), x.cl.State, x.cl.Protected)
	}
	if !slices.ContainsFunc(t.Policies, func(p scaling.TerminationPolicy) bool { return x.held(&p, now) }) {
		x.violate("termination", "the cluster is terminated, and no policy holds by what CloudWatch gave")
	}
	if x.noticed != t {
		return // a reload changed the policies in the grace time
	}
	if !slices.ContainsFunc(t.Policies, func(p scaling.TerminationPolicy) bool { return x.held(&p, x.notice) }) {
		x.violate("termination", "the cluster is terminated, and no policy held at the notice, at %s, by what CloudWatch gave", x.notice.Format(time.TimeOnly))
	}
	for at := x.notice.Truncate(5 * time.Minute); at.Before(now); at = at.Add(5 * time.Minute) {
		if !slices.ContainsFunc(t.Policies, func(p scaling.TerminationPolicy) bool { return !x.contradicted(&p, at) }) {
			x.violate("termination", "the cluster is terminated, and no policy held at %s, in the grace time", at.Format(time.TimeOnly))
			return
		}
	}
}

// held says whether every statement of a policy held by data points no older than they may be.
func (x *watched) held(p *scaling.TerminationPolicy, at time.Time) bool {
	for _, c := range p.Statements {
		points, ok := x.o.series[c.Series().Of(x.id).Key()], false
		newest := c.Series().Begin(at)
		for range scaling.Late + 4 {
			newest = newest.Add(-c.Period)
			n := 0
			for i := range c.Evaluations {
				if v, given := points[newest.Add(-time.Duration(i)*c.Period)]; given && holds(c, v) {
					n++
				}
			}
			ok = ok || n == c.Evaluations
		}
		if !ok {
			return false
		}
	}
	return true
}

// contradicted says whether a data point of the period before says that a statement does not hold. One that was given only together with so many later
// ones that the statement looks at those alone was not read in time, and says nothing (docs/scaling.md).
func (x *watched) contradicted(p *scaling.TerminationPolicy, at time.Time) bool {
	return slices.ContainsFunc(p.Statements, func(c scaling.Condition) bool {
		key, begin := c.Series().Of(x.id).Key(), c.Series().Begin(at).Add(-c.Period)
		v, given := x.o.series[key][begin]
		return given && x.o.newer[key][begin] < c.Evaluations && !holds(c, v)
	})
}
