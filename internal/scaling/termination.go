package scaling

import (
	"strings"
	"time"

	"emrguard/internal/emr"
)

// Finding is what a termination policy makes of data points.
type Finding struct {
	Holds    bool       `json:"holds"`             // every statement holds
	Missing  bool       `json:"missing,omitempty"` // data points of a statement are missing
	Newest   time.Time  `json:"newest,omitzero"`   // beginning of the newest period that every statement was judged by; zero if one was not
	Reason   string     `json:"reason"`            // names every statement
	Evidence []Evidence `json:"evidence"`          // the statements, in the order of the configuration
}

// Due is the first moment after the given one at which a new period of one of the statements can be judged.
func (t TerminationPolicy) Due(after time.Time) time.Time {
	var due time.Time
	for _, c := range t.Statements {
		if d := c.Due(after); due.IsZero() || d.Before(due) {
			due = d
		}
	}
	return due
}

// Judge says whether every statement holds at now. points gives the data points of a statement's series. A period without a data point
// never holds, whatever it is that is missing: a cluster whose metrics stopped is not an idle one. Data points that begin before since do not
// count.
func (t TerminationPolicy) Judge(points func(Condition) []emr.Point, now, since time.Time) Finding {
	f := Finding{Holds: len(t.Statements) > 0}
	var reasons []string
	for i, c := range t.Statements {
		j := c.Judge(points(c), Ignore, now, since)
		f.Holds, f.Missing = f.Holds && j.Holds, f.Missing || j.Missing
		if i == 0 || j.Newest.Before(f.Newest) {
			f.Newest = j.Newest
		}
		f.Evidence = append(f.Evidence, Evidence{c.String(), j})
		reasons = append(reasons, j.Reason)
	}
	f.Reason = strings.Join(reasons, "; ")
	return f
}
