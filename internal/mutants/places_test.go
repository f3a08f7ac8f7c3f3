package mutants

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// place is where a mutant shows.
type place struct {
	kind string // of drawn worlds; or scripts or recorded
	name string // the seed; or the script's name
}

// The kinds of places that are not drawn.
const (
	scripts  = "script"     // a script in which a property is violated
	recorded = "transcript" // a transcript whose results are others, though every property holds
)

// kind is a kind of drawn worlds in which mutants are looked for.
type kind struct {
	name        string
	args        []string
	seeds, most int // that are played for a mutant without and with -update, at most
}

// small worlds are tried first: they take a tenth of a second each.
var small = kind{"small", []string{"--clusters", "1", "--duration", "6h"}, 40, 1500}

// larger worlds have more of what some defects need.
var larger = []kind{
	{"lost adds", []string{"--clusters", "1", "--duration", "12h", "--fault", "AddInstanceGroups rate=0.4 lose-answer", "--fault", "AddInstanceGroups rate=0.2 late=2m"}, 0, 300},
	{"days", []string{"--clusters", "2", "--duration", "48h"}, 0, 100},
}

// kindOf returns the kind of drawn worlds of that name.
func kindOf(name string) (kind, error) {
	all := append([]kind{small}, larger...)
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, fmt.Errorf("there is no kind of worlds called %q", name)
	}
	return all[i], nil
}

// play are the arguments that play n seeds of a kind.
func (k kind) play(first uint64, n int) []string {
	return append(slices.Clone(k.args), "--seed", strconv.FormatUint(first, 10), "--seeds", strconv.Itoa(n), "--parallel", "1")
}

// catch is what caught a mutant.
type catch struct {
	place
	property string
	text     string
}

// at tries a mutant in one place. It returns nil where the mutant does not show, or where a property is violated without it, too.
func (p *prover) at(ctx context.Context, mutant string, at place) (*catch, error) {
	if at.kind == recorded {
		want, err := p.unchanged(ctx, at.name)
		if err != nil {
			return nil, err
		}
		got, err := p.results(ctx, mutant, at.name)
		if err != nil || got == want {
			return nil, err
		}
		return &catch{at, "results", "they are others: " + difference(want, got)}, nil
	}
	args, err := at.play()
	if err != nil {
		return nil, err
	}
	v, err := p.violated(ctx, mutant, args...)
	if v == nil || err != nil {
		return nil, err
	}
	if well, err := p.isWell(ctx, at); !well || err != nil {
		return nil, err
	}
	return &catch{at, v.property, v.text}, nil
}

// play are the arguments that play the one run of a place.
func (at place) play() ([]string, error) {
	if at.kind == scripts {
		return watch(at.name), nil
	}
	k, err := kindOf(at.kind)
	if err != nil {
		return nil, err
	}
	seed, err := strconv.ParseUint(at.name, 10, 64)
	return k.play(seed, 1), err
}

// isWell says whether every property holds in a place without a mutant.
func (p *prover) isWell(ctx context.Context, at place) (bool, error) {
	return p.well.get(at, func() (bool, error) {
		args, err := at.play()
		if err != nil {
			return false, err
		}
		v, err := p.violated(ctx, "", args...)
		return v == nil, err
	})
}

// among looks for a mutant in places that one call of the proof command plays, in the order of the places.
func (p *prover) among(ctx context.Context, mutant string, places []place, play func([]place) []string) (*catch, error) {
	for len(places) > 0 {
		v, err := p.violated(ctx, mutant, play(places)...)
		if v == nil || err != nil {
			return nil, err
		}
		at := places[min(v.run, len(places)-1)]
		well, err := p.isWell(ctx, at)
		if err != nil {
			return nil, err
		}
		if well {
			return &catch{at, v.property, v.text}, nil
		}
		places = places[min(v.run+1, len(places)):]
	}
	return nil, nil
}

// amongSeeds looks for a mutant in the first n seeds of a kind of worlds.
func (p *prover) amongSeeds(ctx context.Context, mutant string, k kind, n int) (*catch, error) {
	seeds := make([]place, n)
	for i := range seeds {
		seeds[i] = place{k.name, strconv.Itoa(i + 1)}
	}
	return p.among(ctx, mutant, seeds, func(left []place) []string { return k.play(uint64(n-len(left)+1), len(left)) })
}

// amongScripts looks for a mutant in every script whose worlds the oracle can watch.
func (p *prover) amongScripts(ctx context.Context, mutant string) (*catch, error) {
	var all []place
	for _, name := range scriptNames(ownScripts, transcripts) {
		all = append(all, place{scripts, name})
	}
	return p.among(ctx, mutant, all, func(left []place) []string {
		var names []string
		for _, at := range left {
			names = append(names, at.name)
		}
		return watch(names...)
	})
}

// amongTranscripts looks for a transcript whose results are others with a mutant.
func (p *prover) amongTranscripts(ctx context.Context, mutant string) (*catch, error) {
	for _, name := range scriptNames(transcripts) {
		if c, err := p.at(ctx, mutant, place{recorded, name}); c != nil || err != nil {
			return c, err
		}
	}
	return nil, nil
}

// Where scripts are: those of this package show mutants that drawn worlds seldom show, the others the rules.
const (
	ownScripts  = "testdata/scripts"
	transcripts = "../simtest/testdata"
)

// scriptNames lists the scripts of directories.
func scriptNames(dirs ...string) []string {
	var names []string
	for _, dir := range dirs {
		files, err := filepath.Glob(dir + "/*.txt")
		if err != nil {
			panic(err) // the pattern is wrong
		}
		for _, f := range files {
			names = append(names, strings.TrimSuffix(filepath.Base(f), ".txt"))
		}
	}
	return names
}

// scriptFile is the file of a script.
func scriptFile(name string) string {
	own := filepath.Join(ownScripts, name+".txt")
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join(transcripts, name+".txt")
}

// watch are the arguments that play scripts with the oracle watching.
func watch(names ...string) []string {
	args := []string{"--watch"}
	for _, name := range names {
		args = append(args, "--file", scriptFile(name))
	}
	return args
}

// difference is the first line of got that want has not at its place.
func difference(want, got string) string {
	old := strings.Split(want, "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(old) || line != old[i] {
			return line
		}
	}
	return "the end is missing"
}

// TestScriptsAreNeeded keeps scripts that show no mutant any more from staying.
func TestScriptsAreNeeded(t *testing.T) {
	known := readCaught(t)
	for _, name := range scriptNames(ownScripts) {
		used := false
		for _, c := range known { //archtest:sorted any of them
			used = used || c.place == place{scripts, name}
		}
		if !used {
			t.Errorf("%s/%s.txt is in %s for no mutant", ownScripts, name, caughtFile)
		}
	}
}
