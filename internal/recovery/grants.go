package recovery

import (
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
)

// Grants is what the last ListInstances of a group showed of the instances that EC2 granted it (rule R4): how many run, and since when those that
// are starting exist in EC2. EMR dates an instance by when it was asked for; one that EC2 grants half an hour later is about to arrive all the same.
// The zero Grants has seen no list.
type Grants struct {
	Read     time.Time `json:"read,omitzero"`      // when the last ListInstances began
	Running  int       `json:"running,omitempty"`  // the instances that were RUNNING then
	Starting []Grant   `json:"starting,omitempty"` // the instances that were starting then, by id
}

// Grant is one instance that has an EC2 id and does not run yet.
type Grant struct {
	Instance emr.InstanceID `json:"instance"`
	// At is the midpoint between the last list in which the instance had no EC2 id, or its creation if that is later, and the first list in
	// which it had one; without such a list its creation. Zero when EMR does not say that either.
	At time.Time `json:"at,omitzero"`
}

// Observe takes a ListInstances of a group that began at the given time. One that began before the last changes nothing.
func (g Grants) Observe(group emr.GroupID, instances []emr.Instance, began time.Time) Grants {
	began = began.Round(0).UTC()
	if began.Before(g.Read) {
		return g
	}
	next := Grants{Read: began}
	var running []emr.InstanceID
	for _, i := range instances {
		if i.Group == group && i.State == emr.InstanceRunning {
			running = append(running, i.ID)
		}
		if i.Group != group || !i.Starting() {
			continue
		}
		at, known := g.at(i.ID)
		if !known {
			at = i.Created
			if from := later(g.Read, i.Created); !g.Read.IsZero() && from.Before(began) {
				at = from.Add(began.Sub(from) / 2)
			}
		}
		next.Starting = append(next.Starting, Grant{Instance: i.ID, At: at.Round(0).UTC()})
	}
	// A page may come twice.
	slices.Sort(running)
	next.Running = len(slices.Compact(running))
	slices.SortFunc(next.Starting, byInstance)
	next.Starting = slices.CompactFunc(next.Starting, func(a, b Grant) bool { return a.Instance == b.Instance })
	return next
}

// Ran is how many instances the list showed RUNNING; 0 if it began before from.
func (g Grants) Ran(from time.Time) int {
	if g.Read.Before(from) {
		return 0
	}
	return g.Running
}

// Arriving is how many of the instances EC2 granted less than grace ago: they are about to arrive.
func (g Grants) Arriving(grace time.Duration, now time.Time) int {
	n := 0
	for _, s := range g.Starting {
		if !s.At.IsZero() && now.Sub(s.At) < grace {
			n++
		}
	}
	return n
}

func (g Grants) at(id emr.InstanceID) (time.Time, bool) {
	i, ok := slices.BinarySearchFunc(g.Starting, Grant{Instance: id}, byInstance)
	if !ok {
		return time.Time{}, false
	}
	return g.Starting[i].At, true
}

func byInstance(a, b Grant) int { return strings.Compare(string(a.Instance), string(b.Instance)) }
