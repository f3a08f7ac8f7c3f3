package scenario

import (
	"emrguard/internal/emrsim"
)

// load checks a cluster's load; the simulator itself knows what is impossible.
func (c *checker) load(l *Work, path string) {
	if l == nil {
		return
	}
	for _, p := range l.problems() {
		c.at(join(path, p.Path), "%s", p.Message)
	}
	if len(l.Streams)+len(l.Bursts)+len(l.Jobs) == 0 {
		c.at(path, "a load needs streams, bursts or jobs")
	}
}

func (l *Work) problems() []emrsim.LoadProblem {
	x := l.load()
	return x.Check()
}

// deref is 0 for a number that is not given.
func deref(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// share checks the rate of a mishap and how long it takes.
func (c *checker) share(path string, rate float64, timePath string, time emrsim.Dist) {
	if !(rate >= 0 && rate <= 1) {
		c.at(path, "%g is not between 0 and 1", rate)
	}
	if c.given(path) && rate > 0 && time.Zero() {
		c.at(timePath, "%s needs a time: %s", path, timePath)
	}
	if c.given(timePath) && !c.given(path) {
		c.at(path, "%s needs a rate: %s", timePath, path)
	}
}
