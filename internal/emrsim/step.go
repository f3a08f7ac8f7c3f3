package emrsim

import (
	"time"

	"emrguard/internal/emrsim/shapes"
)

// The states of a step.
const (
	stepPending   = "PENDING"
	stepRunning   = "RUNNING"
	stepCompleted = "COMPLETED"
	stepCancelled = "CANCELLED"
	stepFailed    = "FAILED"
)

// step is one step. Steps run in the order they came, as many at once as the cluster's concurrency allows, and succeed.
type step struct {
	c                       *cluster
	id                      string
	config                  shapes.StepConfig
	role                    string // execution role ARN
	state                   string
	reason                  string
	created, started, ended time.Time
}

// addStep queues a step. A step resumes the suspended groups of a WAITING cluster (EMR Management Guide,
// emr-troubleshoot-slow-5).
func (c *cluster) addStep(config shapes.StepConfig, role string) *step {
	st := &step{c: c, id: newID(c.rng, "s-"), config: config, role: role, state: stepPending, created: c.sim().now}
	c.steps = append(c.steps, st)
	if c.state == stateWaiting {
		for _, g := range c.groups {
			if g.state == stateSuspended {
				g.resume()
			}
		}
	}
	c.runSteps()
	c.yarn.update()
	return st
}

// runSteps starts what may run and sets the cluster RUNNING or WAITING by it; a cluster without work that is not kept alive ends.
func (c *cluster) runSteps() {
	if !c.modifiable() {
		return
	}
	s := c.sim()
	running := 0
	for _, st := range c.steps {
		if st.state == stepRunning {
			running++
		}
	}
	for _, st := range c.steps {
		if st.state == stepPending && running < c.concurrency {
			running++
			st.state, st.started = stepRunning, s.now
			s.after(s.opt.Timing.Step.draw(c.rng), st.complete)
		}
	}
	switch {
	case running > 0:
		c.enter(stateRunning, "", "Running step")
	case !c.keepAlive:
		c.terminate("ALL_STEPS_COMPLETED", "Steps completed", stateTerminated)
	case len(c.steps) > 0:
		c.enter(stateWaiting, "", "Cluster ready after last step completed.")
	default:
		c.enter(stateWaiting, "", "Cluster ready to run steps.")
	}
}

func (st *step) complete() {
	if st.state != stepRunning {
		return
	}
	st.state, st.ended = stepCompleted, st.c.sim().now
	st.c.runSteps()
	st.c.yarn.update()
}

// cancel ends a step that has not ended, and says whether it did.
func (st *step) cancel(reason string) bool {
	if st.state != stepPending && st.state != stepRunning {
		return false
	}
	st.state, st.reason, st.ended = stepCancelled, reason, st.c.sim().now
	return true
}
