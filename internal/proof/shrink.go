package proof

import (
	"errors"
	"slices"
	"strings"
	"time"

	"emrguard/internal/simtest"
)

// violates makes a test of scripts: whether one violates the property that a run violated first, or panics if that did.
func violates(res Result) func([]simtest.Command) bool {
	return func(script []simtest.Command) bool {
		got, err := Player{}.Play(script)
		if len(res.Violations) == 0 {
			return errors.Is(err, ErrPanic)
		}
		return err == nil && len(got.Violations) > 0 && got.Violations[0].Property == res.Violations[0].Property
	}
}

// patience is how many runs Shrink makes at most.
const patience = 2000

// Shrink returns the shortest script it finds that still fails, and how many runs it took. It leaves the rest at the end out if what fails comes before it, clusters
// with all that befalls them, then commands, in ever smaller parts, then lines of their input, joins runs of time that follow each other, and shortens them. The
// script given must fail.
func Shrink(script []simtest.Command, fails func([]simtest.Command) bool) (small []simtest.Command, tries int) {
	s := &shrinker{best: joined(script), fails: fails}
	s.atRest()
	for before := -1; before != s.size() && s.tries < patience; {
		before = s.size()
		s.clusters()
		s.commands()
		s.lines()
		s.times()
	}
	return s.best, s.tries
}

type shrinker struct {
	best  []simtest.Command
	fails func([]simtest.Command) bool
	tries int
}

// size counts what can be left out.
func (s *shrinker) size() int {
	n := len(s.best)
	for _, c := range s.best {
		n += strings.Count(c.Input, "\n")
	}
	return n
}

// try takes a shorter script if it still fails.
func (s *shrinker) try(script []simtest.Command) bool {
	if s.tries >= patience {
		return false
	}
	s.tries++
	if !s.fails(script) {
		return false
	}
	s.best = script
	return true
}

// needed are the commands without which there is nothing to fail, or everything: a world that does not come to rest, for it is still disturbed or no process
// runs in it, has nothing as it is wanted.
func needed(c simtest.Command) bool {
	return c.Name == "world" || c.Name == "watch" || c.Name == "calm" || c.Name == "settle"
}

// atRest leaves out what brings the world to rest and looks at it then.
func (s *shrinker) atRest() {
	if rest := without(s.best, "calm", "settle", "check"); len(rest) < len(s.best) {
		s.try(joined(rest))
	}
}

// without is the script without the commands of these names.
func without(script []simtest.Command, names ...string) []simtest.Command {
	return slices.DeleteFunc(slices.Clone(script), func(c simtest.Command) bool { return slices.Contains(names, c.Name) })
}

// clusters leaves clusters out, one after the other, each with the commands that name it.
func (s *shrinker) clusters() {
	for i := 0; i < len(s.best); i++ {
		c := s.best[i]
		if c.Name != "cluster" && c.Name != "fleet-cluster" || len(c.Args) == 0 {
			continue
		}
		name := c.Args[0].Key
		about := func(o simtest.Command) bool {
			return o.String() == c.String() || slices.ContainsFunc(o.Args, func(a simtest.Arg) bool { return a.Key == "cluster" && slices.Contains(a.Vals, name) })
		}
		if s.try(joined(slices.DeleteFunc(slices.Clone(s.best), about))) {
			i--
		}
	}
}

// commands leaves commands out: halves, quarters and so on, down to single ones, the last first.
func (s *shrinker) commands() {
	for n := len(s.best) / 2; n > 0; n /= 2 {
		for from := len(s.best) - n; from > -n && s.tries < patience; from -= n {
			part := s.best[max(0, from):min(len(s.best), from+n)]
			if slices.ContainsFunc(part, needed) && len(part) == 1 {
				continue
			}
			rest := slices.Concat(s.best[:max(0, from)], slices.DeleteFunc(slices.Clone(part), func(c simtest.Command) bool { return !needed(c) }), s.best[min(len(s.best), from+n):])
			if len(rest) < len(s.best) {
				s.try(joined(rest))
			}
		}
	}
}

// lines leaves lines of the commands' input out. What is no sense any more cannot be played, so it does not fail.
func (s *shrinker) lines() {
	for i := range s.best {
		for line := 0; ; line++ {
			lines := slices.Collect(strings.Lines(s.best[i].Input))
			if line >= len(lines) {
				break
			}
			script := slices.Clone(s.best)
			script[i].Input = strings.Join(slices.Delete(lines, line, line+1), "")
			if s.try(script) {
				line--
			}
		}
	}
}

// times shortens the runs of time.
func (s *shrinker) times() {
	for i := range s.best {
		d, ok := span(s.best[i])
		if !ok {
			continue
		}
		for _, shorter := range []time.Duration{d / 4, d / 2, d.Truncate(time.Hour), d.Truncate(10 * time.Minute), d.Truncate(time.Minute)} {
			if shorter > 0 && shorter < d {
				script := slices.Clone(s.best)
				script[i] = running(shorter)
				if s.try(script) {
					break
				}
			}
		}
	}
}

func span(c simtest.Command) (time.Duration, bool) {
	if c.Name != "run" || len(c.Args) != 1 {
		return 0, false
	}
	d, err := time.ParseDuration(c.Args[0].Key)
	return d, err == nil
}

func running(d time.Duration) simtest.Command {
	return simtest.Command{Name: "run", Args: []simtest.Arg{{Key: d.String()}}}
}

// joined makes one run of runs that follow each other.
func joined(script []simtest.Command) []simtest.Command {
	out := make([]simtest.Command, 0, len(script))
	for _, c := range script {
		if d, ok := span(c); ok && len(out) > 0 {
			if before, ok := span(out[len(out)-1]); ok {
				out[len(out)-1] = running(before + d)
				continue
			}
		}
		out = append(out, c)
	}
	return out
}
