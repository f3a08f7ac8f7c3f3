package emrsim

import "time"

// yarn is what runs on a cluster: its jobs, and the containers of its nodes.
//
// Every RUNNING CORE and TASK node gives as many containers as fit into YARN's share of its memory; vCPUs do not count, as with the
// DefaultResourceCalculator, and the application masters take none. A job is an amount of container time and works in as many
// containers as it has. Between two changes of the jobs or the nodes everything goes on evenly, so there is nothing to simulate: the
// next thing that happens is the end of a job.
//
// A node that goes at once takes what its containers have not finished with it: on average half a Task each, or half of what the job
// has run, if that is less. A node in graceful decommissioning takes no new work, and its containers finish what they have: it
// counts for half a Task, and nothing is lost unless it is cut short.
type yarn struct {
	c       *cluster
	load    Load // zero Task: none
	loads   int  // counts loads
	surge   float64
	streams []*arrivals

	jobs []*job // all of them, in the order of arrival
	open []*job // those that have not ended
	ends int    // counts changes, so that an end that was foreseen before is void

	at       time.Time // up to when everything is booked
	seen     nodes     // when it was booked last
	used     int       // containers that work
	finished int
	killed   int
	lost     int // nodes that went at once
	released int // nodes that went gracefully
	muted    bool
	lag      time.Duration // with which its metrics come

	busy    float64       // node-milliseconds at work
	idle    float64       // node-milliseconds RUNNING and not at work
	waiting int64         // container-milliseconds that jobs waited for containers
	redone  int64         // container-milliseconds lost with nodes
	delayed time.Duration // of the jobs that are done
	metrics record
}

// job is one application.
type job struct {
	name                    string
	work, left, redone      int64 // container-milliseconds: in all, still to do, lost with nodes
	width                   int
	have                    int       // containers
	since                   time.Time // it has had containers without a break
	arrived, started, ended time.Time
	killed                  bool
}

// nodes is what a cluster has and asks for, as far as YARN and the metrics see it.
type nodes struct {
	core, coreWanted, task, taskWanted int // RUNNING and requested
	hasCore, hasTask                   bool
	active                             int // RUNNING and not leaving
	working                            int // RUNNING and taking part in the work: active ones, and leaving ones with unfinished work
	containers                         int // of the working ones
	memory                             int // MiB of YARN on the working ones
	disk                               int // GiB of HDFS
	up                                 bool
	stepping                           bool // a step runs
}

// yarnMemory is what YARN gets of a node's memory in MiB: all but a quarter, and all but 8 GiB of the larger ones, as EMR sets
// yarn.nodemanager.resource.memory-mb (EMR Release Guide, emr-hadoop-task-config).
func (m machine) yarnMemory() int { return m.mib - min(m.mib/4, 8<<10) }

// volume is the HDFS space of a node whose group names no volumes, in GiB: what EMR gives an xlarge (EMR Management Guide,
// emr-plan-storage).
const volume = 64

// look counts the cluster's nodes.
func (y *yarn) look() nodes {
	c := y.c
	n := nodes{up: c.state == stateRunning || c.state == stateWaiting}
	primary := false
	for _, g := range c.parts() {
		switch g.role {
		case roleMaster:
			primary = g.running > 0
			continue
		case roleCore:
			n.hasCore = true
			n.core, n.coreWanted = n.core+g.running, n.coreWanted+g.requested
			n.disk += g.running * g.disk()
		default:
			n.hasTask = true
			n.task, n.taskWanted = n.task+g.running, n.taskWanted+g.requested
		}
		working := g.running - g.leaving + g.draining
		n.active += g.running - g.leaving
		n.working += working
		n.memory += working * g.machine.yarnMemory()
		n.containers += working * g.containers()
	}
	n.up = n.up && primary && !y.muted
	for _, st := range c.steps {
		n.stepping = n.stepping || st.state == stepRunning
	}
	return n
}

// containers is how many one node of the group gives.
func (g *group) containers() int { return g.machine.yarnMemory() / g.c.yarn.container() }

func (y *yarn) container() int {
	if y.load.Container == 0 {
		return defaultContainer
	}
	return y.load.Container
}

// disk is the HDFS space of one node of the group in GiB.
func (g *group) disk() int {
	sum := 0
	for _, d := range g.ebs {
		if d.VolumeSpecification != nil {
			sum += value(d.VolumeSpecification.SizeInGB)
		}
	}
	if sum == 0 {
		return volume
	}
	return sum
}

// update is called after every change of the cluster: it costs little when nothing changed for YARN.
func (y *yarn) update() {
	if now := y.look(); now != y.seen {
		y.changed()
	}
}

// changed books the work done until now, ends what is done, and shares the containers anew.
func (y *yarn) changed() {
	y.book()
	y.finish()
	y.seen = y.look()
	y.share()
	y.foresee()
	y.metrics.note(y.sample())
}

// book does the work of the time since the last change.
func (y *yarn) book() {
	now := y.c.sim().now
	ms := now.Sub(y.at).Milliseconds()
	y.at = now
	if ms <= 0 {
		return
	}
	busy := 0.0
	if y.seen.containers > 0 {
		busy = float64(y.seen.working) * float64(y.used) / float64(y.seen.containers)
	}
	y.busy += busy * float64(ms)
	y.idle += (float64(y.seen.core+y.seen.task) - busy) * float64(ms)
	for _, j := range y.open {
		j.left -= int64(j.have) * ms
		y.waiting += int64(j.width-j.have) * ms
	}
}

// finish ends the jobs whose work is done.
func (y *yarn) finish() {
	kept := y.open[:0]
	for _, j := range y.open {
		if j.left > 0 {
			kept = append(kept, j)
			continue
		}
		j.ended, j.have, j.left = y.at, 0, 0
		y.finished++
		y.delayed += j.delay(y.at)
	}
	clear(y.open[len(kept):])
	y.open = kept
}

// share gives the containers to the jobs.
func (y *yarn) share() {
	free := y.seen.containers
	if y.load.Scheduler == SchedulerFair {
		free -= y.shareFairly(free)
	} else {
		for _, j := range y.open {
			y.give(j, min(j.width, free))
			free -= j.have
		}
	}
	y.used = y.seen.containers - free
}

// shareFairly gives all the same, as far as each can use it, and what does not divide to the oldest. It returns what is given.
func (y *yarn) shareFairly(free int) int {
	level, over := 0, 0 // each gets the level, and so many one more
	for rest, hungry := free, len(y.open); hungry > 0; {
		step := rest / hungry
		if step == 0 {
			over = rest
			break
		}
		level += step
		rest, hungry = free, 0
		for _, j := range y.open {
			rest -= min(j.width, level)
			if j.width > level {
				hungry++
			}
		}
	}
	given := 0
	for _, j := range y.open {
		n := min(j.width, level)
		if j.width > level && over > 0 {
			n++
			over--
		}
		y.give(j, n)
		given += n
	}
	return given
}

// give sets a job's containers.
func (y *yarn) give(j *job, n int) {
	if n > 0 && j.have == 0 {
		j.since = y.at
	}
	if n > 0 && j.started.IsZero() {
		j.started = y.at
	}
	j.have = n
}

// foresee queues the end of the job that ends first if nothing changes.
func (y *yarn) foresee() {
	y.ends++
	first := int64(-1)
	for _, j := range y.open {
		if j.have == 0 {
			continue
		}
		if ms := (j.left + int64(j.have) - 1) / int64(j.have); first < 0 || ms < first {
			first = ms
		}
	}
	if first < 0 {
		return
	}
	mine := y.ends
	y.c.sim().after(time.Duration(first)*time.Millisecond, func() {
		if y.ends == mine {
			y.changed()
		}
	})
}

// submit is the arrival of a job. A cluster that ends takes none.
func (y *yarn) submit(name string, work time.Duration, width int) {
	if !y.c.live() || y.c.state == stateTerminating {
		return
	}
	y.book()
	ms := max(1, work.Milliseconds())
	j := &job{name: name, work: ms, left: ms, width: width, arrived: y.c.sim().now}
	y.jobs, y.open = append(y.jobs, j), append(y.open, j)
	y.changed()
}

// stop ends every job, because the cluster ends.
func (y *yarn) stop() {
	y.book()
	for _, j := range y.open {
		j.ended, j.have, j.killed = y.at, 0, true
		y.killed++
	}
	y.open, y.loads = nil, y.loads+1
	y.changed()
}

// ended is called when a RUNNING worker ends, before it is counted out. Gracefully says that its work was finished.
func (y *yarn) ended(n *node, gracefully bool) {
	if gracefully {
		y.released++
		return
	}
	y.lost++
	if y.load.Task == 0 || n.leaving && !n.draining {
		return
	}
	y.book()
	here := int64(n.g.containers())
	for _, j := range y.open {
		if j.have == 0 || y.seen.containers == 0 {
			continue
		}
		run := min(y.load.Task, y.at.Sub(j.since)).Milliseconds()
		gone := min(int64(j.have)*here*run/(2*int64(y.seen.containers)), j.work-j.left)
		j.left += gone
		j.redone += gone
		y.redone += gone
	}
}
