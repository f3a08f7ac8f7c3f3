package usefulness

import (
	"runtime"
	"sync"
)

// runs plays ways in one world, some at once; the results are in the order of the ways. The reference comes first in the result: the fleet at
// its max in calm weather.
func (x world) runs(ways ...way) (ref *result, results []*result) {
	results = make([]*result, len(ways)+1)
	var wait sync.WaitGroup
	turn := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range results {
		wait.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			if i == 0 {
				results[0] = x.calm().run(referenceWay)
				return
			}
			results[i] = x.run(ways[i-1])
		})
	}
	wait.Wait()
	return results[0], results[1:]
}

// seeds are those of the weeks that the page tells of; it shows the first one's. They were not chosen: they are the first numbers there are.
var seeds = []uint64{1, 2, 3, 4, 5, 6}

// blockNames are the parts of the page about the first seed's week.
var blockNames = []string{"fleet", "weather", "jobs", "work", "calm"}

// blocks are those parts, by name, and the drawing.
func blocks() (text map[string]string, drawing string) {
	x := newWorld(seeds[0])
	ref, results := x.runs(allTheWays...)
	calmRef, calm := x.calm().runs(onACalmWeek...)
	return map[string]string{
		"fleet":   fleetTable(x.cfg, ref).String(),
		"weather": spellTable(x.spells).String(),
		"jobs":    jobTable(ref, results).String(),
		"work":    workTable(ref, results).String(),
		"calm":    shortTable(calmRef, calm).String(),
	}, plot(ref, results[frames:frames+len(theFourWays)], x.spells)
}
