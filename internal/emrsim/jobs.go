package emrsim

import (
	"time"
)

// LoadTruth is the work on a cluster as it really is. Minutes of containers are container-minutes.
type LoadTruth struct {
	Submitted  int     `json:"submitted"`
	Completed  int     `json:"completed"`
	Killed     int     `json:"killed"`         // with the cluster
	Running    int     `json:"running"`        // with containers, or that have had some
	Waiting    int     `json:"waiting"`        // never had any
	Containers int     `json:"containers"`     // that the nodes give
	Allocated  int     `json:"allocated"`      // of them
	Pending    int     `json:"pending"`        // that jobs could use beside
	Delay      float64 `json:"delay_minutes"`  // sum over the jobs of how much longer they took than without a lack of containers, as far as it is certain
	Waited     float64 `json:"waited_minutes"` // of containers that jobs could have used and did not have
	Redone     float64 `json:"redone_minutes"` // of containers, lost with nodes
}

// JobTruth is one job as it really went.
type JobTruth struct {
	Name    string    `json:"name"`
	Arrived time.Time `json:"arrived"`
	Started time.Time `json:"started,omitzero"` // first container
	Ended   time.Time `json:"ended,omitzero"`
	Killed  bool      `json:"killed,omitempty"` // with its cluster, before it was done
	Work    float64   `json:"work_minutes"`     // container-minutes in all
	Left    float64   `json:"left_minutes"`     // container-minutes to do
	Redone  float64   `json:"redone_minutes"`   // container-minutes lost with nodes and done again
	Width   int       `json:"width"`
	Have    int       `json:"have"`          // containers now
	Ideal   float64   `json:"ideal_minutes"` // it takes with as many containers as it can use
	Delay   float64   `json:"delay_minutes"` // it took longer than that; of one that goes on: will take at least
}

// ideal is how long a job takes with as many containers as it can use.
func (j *job) ideal() time.Duration {
	return time.Duration((j.work+int64(j.width)-1)/int64(j.width)) * time.Millisecond
}

// delay is how much longer than that the job took, or will take at least.
func (j *job) delay(now time.Time) time.Duration {
	end := j.ended
	if end.IsZero() {
		end = now.Add(time.Duration((j.left+int64(j.width)-1)/int64(j.width)) * time.Millisecond)
	}
	if j.killed {
		return 0
	}
	return end.Sub(j.arrived) - j.ideal()
}

// bookedNow is a job as it is now, whenever the work was booked last.
func (y *yarn) bookedNow(j *job) job {
	x := *j
	x.left -= int64(x.have) * y.c.sim().now.Sub(y.at).Milliseconds()
	return x
}

func (y *yarn) truth() LoadTruth {
	now := y.c.sim().now
	s := y.sample()
	t := LoadTruth{Submitted: s.Submitted, Completed: s.Completed, Killed: s.Killed, Running: s.Running, Waiting: s.Waiting,
		Containers: s.Capacity, Allocated: s.Allocated, Pending: s.Pending}
	delay := y.delayed
	for _, j := range y.open {
		x := y.bookedNow(j)
		delay += x.delay(now)
	}
	t.Delay = delay.Minutes()
	t.Waited = float64(y.waiting+int64(s.Pending)*now.Sub(y.at).Milliseconds()) / 60_000
	t.Redone = float64(y.redone) / 60_000
	return t
}

// minutes are the instance-minutes of workers until now: RUNNING, and of those idle.
func (y *yarn) minutes() (running, idle float64) {
	x := *y // what is booked in the copy does not change the world
	x.open = nil
	x.book()
	return (x.busy + x.idle) / 60_000, x.idle / 60_000
}

// Jobs returns every job that arrived on a cluster, which is named by id or name, in the order of arrival.
func (s *Sim) Jobs(region, cluster string) []JobTruth {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(region, cluster)
	if c == nil {
		return nil
	}
	out := make([]JobTruth, 0, len(c.yarn.jobs))
	for _, j := range c.yarn.jobs {
		x := c.yarn.bookedNow(j)
		out = append(out, JobTruth{
			Name: x.name, Arrived: x.arrived, Started: x.started, Ended: x.ended, Killed: x.killed, Work: float64(x.work) / 60_000,
			Left: float64(x.left) / 60_000, Redone: float64(x.redone) / 60_000, Width: x.width, Have: x.have,
			Ideal: x.ideal().Minutes(), Delay: x.delay(s.now).Minutes(),
		})
	}
	return out
}
