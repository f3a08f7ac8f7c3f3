package emrsim

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// begin lets a load begin now.
func (y *yarn) begin(l Load) {
	s := y.c.sim()
	y.update() // what there was is booked with the old figures
	y.loads++
	y.load, y.surge, y.streams = l, 1, nil
	mine := y.loads
	for i := range l.Streams {
		a := &arrivals{y: y, load: mine, spec: &y.load.Streams[i], rng: y.stream("stream", i)}
		y.streams = append(y.streams, a)
		a.next()
	}
	for i := range l.Bursts {
		y.burst(mine, &y.load.Bursts[i], s.now.Add(l.Bursts[i].At), y.stream("burst", i))
	}
	for i := range l.Jobs {
		j := &y.load.Jobs[i]
		s.after(j.At, func() {
			if y.loads == mine {
				y.submit(j.Name, j.Work, j.Width)
			}
		})
	}
	y.changed()
}

// stream is the random stream of one part of the cluster's load.
func (y *yarn) stream(kind string, i int) *rand.Rand {
	return stream(y.c.sim().opt.Seed, "load", y.c.r.name, y.c.id, strconv.Itoa(y.loads), kind, strconv.Itoa(i))
}

// arrivals is a JobStream at work.
type arrivals struct {
	y     *yarn
	load  int // the load it belongs to
	spec  *JobStream
	rng   *rand.Rand
	epoch int // counts surges, so that an arrival drawn before one is void
}

// next queues the next arrival. Candidates come at the highest rate there is and stay with the share that is due at their time
// (thinning), so that a candidate costs a draw and a job its size, whatever the hour.
func (a *arrivals) next() {
	s := a.y.c.sim()
	most := a.spec.Rate * a.spec.most() * a.y.surge
	if most <= 0 {
		return // until the surge is over
	}
	mine, at := a.epoch, s.now
	for {
		at = at.Add(max(time.Millisecond, time.Duration(a.rng.ExpFloat64()/most*float64(time.Hour)).Truncate(time.Millisecond)))
		if a.rng.Float64()*a.spec.most() < a.spec.factor(at) {
			break
		}
	}
	s.at(at, func() {
		if a.epoch != mine || a.y.loads != a.load || !a.y.c.live() {
			return
		}
		a.y.submit(a.spec.Name, a.spec.Work.draw(a.rng), a.spec.Width.draw(a.rng))
		a.next()
	})
}

// draw takes one number.
func (b Between) draw(rng *rand.Rand) int { return b.Min + rng.IntN(b.Max-b.Min+1) }

// burst queues a burst and those that follow it.
func (y *yarn) burst(load int, b *JobBurst, at time.Time, rng *rand.Rand) {
	s := y.c.sim()
	s.at(at, func() {
		if y.loads != load || !y.c.live() {
			return
		}
		for range b.Jobs {
			wait := Dist{0, b.Over / 2, b.Over}.draw(rng)
			work, width := b.Work.draw(rng), b.Width.draw(rng)
			s.after(wait, func() { y.submit(b.Name, work, width) })
		}
		if b.Every > 0 {
			y.burst(load, b, at.Add(b.Every), rng)
		}
	})
}

// setSurge multiplies the rates of all streams from now on.
func (y *yarn) setSurge(factor float64) {
	y.surge = factor
	for _, a := range y.streams {
		a.epoch++
		a.next()
	}
}
