package simtest

import (
	"fmt"
	"strings"
	"time"
)

// process is the one that process=N names; without the argument the last that runs. Nil: it does not run.
func (p *Player) process(a *args) *Process {
	n := a.number("process", 0)
	for i := len(p.World.procs) - 1; i >= 0; i-- {
		if q := p.World.procs[i]; n == 0 || q.name == fmt.Sprintf("process-%d", n) {
			return q
		}
	}
	return nil
}

func (p *Player) start(a *args) (string, error) {
	p.World.Start().Ahead = a.span("ahead", 0)
	return "", nil
}

func (p *Player) crash(a *args) (string, error) {
	if !a.has("process") {
		p.World.Crash()
	} else if q := p.process(a); q != nil {
		q.Crash()
	}
	return "", nil
}

func (p *Player) stop(*args) (string, error) {
	text := ""
	if err := p.World.Stop(); err != nil { // a lease that is not given up lapses by itself
		text = "fault: " + err.Error() + "\n"
	}
	return text, nil
}

func (p *Player) sleep(a *args) (string, error) {
	if q := p.process(a); q != nil && !q.asleep {
		q.Sleep()
	}
	return "", nil
}

func (p *Player) wake(a *args) (string, error) {
	if q := p.process(a); q != nil && q.asleep {
		q.Wake()
	}
	return "", nil
}

func (p *Player) skew(a *args) (string, error) {
	d, err := a.duration()
	if err != nil {
		return "", err
	}
	one := a.has("process")
	q := p.process(a)
	for _, proc := range p.World.procs {
		if !one || proc == q {
			proc.Ahead = d
		}
	}
	return "", nil
}

func (p *Player) kill(a *args) (string, error) {
	if n := a.number("after", 0); n > 0 {
		p.later = a.span("restart", 30*time.Second)
		p.World.KillAfter(n)
		return "", nil
	}
	p.later = 0
	where, what := a.text("where", ""), a.text("what", "")
	p.World.Kill = func(at Boundary) bool { return string(at.Where) == where && strings.HasPrefix(at.What, what) }
	return "", nil
}
