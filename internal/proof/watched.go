package proof

import (
	"slices"

	"emrguard/internal/simtest"
)

// Watched returns the script with each of its worlds judged as a drawn one is: the oracle watches from the beginning, and at the end everything
// that disturbs ceases and all has to come to rest. A world that says so itself stays as it is.
func Watched(script []simtest.Command) []simtest.Command {
	var out []simtest.Command
	for _, world := range worlds(script) {
		if !slices.ContainsFunc(world, named("watch")) {
			world = slices.Insert(world, 1, simtest.Command{Name: "watch"})
		}
		if !slices.ContainsFunc(world, named("settle")) {
			world = append(world, quiet()...)
		}
		out = append(out, world...)
	}
	return out
}

// worlds divides a script: each part begins with a world that takes the place of the one before. One that only loses its store goes on.
func worlds(script []simtest.Command) [][]simtest.Command {
	var out [][]simtest.Command
	for _, c := range script {
		lost := slices.ContainsFunc(c.Args, func(a simtest.Arg) bool { return a.Key == "store" })
		if len(out) == 0 || c.Name == "world" && !lost {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], c)
	}
	return out
}

func named(name string) func(simtest.Command) bool {
	return func(c simtest.Command) bool { return c.Name == name }
}
