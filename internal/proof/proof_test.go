package proof

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"emrguard/internal/simtest"
)

// TestI1I2I3I4I5I6I7I8_Seeds plays short runs of some seeds: whatever a seed draws is a script that can be played, and no property is violated. CI plays
// more of them with the command, and new ones each time.
func TestI1I2I3I4I5I6I7I8_Seeds(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 24; seed++ {
		res, err := Player{}.Play(Draw(seed, Options{Duration: 4 * time.Hour, Clusters: 1 + int(seed%3)}))
		if err != nil {
			text := err.Error()
			t.Errorf("seed %d: …%s", seed, text[max(0, len(text)-900):])
		}
		for _, v := range res.Violations[:min(3, len(res.Violations))] {
			t.Errorf("seed %d: %s %s: %s; play it with: go run ./cmd/proof --seed %d --duration 4h --clusters %d -v", seed, v.At.Format(time.DateTime), v.Property, v.Text, seed, 1+seed%3)
		}
	}
}

// TestSameSeedSameTranscript plays seeds in this process, which CI builds with the race detector, and in a program built without it, once with the
// other store and once beside other runs: every byte of the transcripts is the same.
func TestSameSeedSameTranscript(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "proof")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "emrguard/cmd/proof").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for i, store := range []string{"memory", "memory", "sqlite"} {
		seed := uint64(i + 1)
		t.Run(fmt.Sprintf("%d_%s", seed, store), func(t *testing.T) {
			t.Parallel()
			var here strings.Builder
			if _, err := (Player{Transcript: &here}).Play(Draw(seed, Options{Duration: 6 * time.Hour, Clusters: 2})); err != nil {
				t.Fatal(err)
			}
			if here.Len() < 1000 {
				t.Errorf("the transcript has %d bytes", here.Len())
			}
			args := []string{"--seed", strconv.FormatUint(seed, 10), "--duration", "6h", "--clusters", "2", "--store", store, "-v"}
			there, err := exec.CommandContext(t.Context(), bin, args...).Output()
			if err != nil {
				t.Fatalf("%v: %v\n%s", args, err, there)
			}
			if !strings.HasPrefix(string(there), here.String()) {
				t.Errorf("two runs differ:\n%s", firstDifference(here.String(), string(there)))
			}
		})
	}
}

// TestShrinkLeavesClustersOut takes a cluster and all that names it away at once: a command about a cluster that is not there cannot be played.
func TestShrinkLeavesClustersOut(t *testing.T) {
	t.Parallel()
	script, err := simtest.ParseScript("world\n----\n\ncluster a\nt TASK 1\n----\n\ncluster b\nt TASK 1\n----\n\nact do=resize cluster=a group=t to=2\n----\n\nact do=resize cluster=b group=t to=2\n----\n")
	if err != nil {
		t.Fatal(err)
	}
	small, tries := Shrink(script, func(s []simtest.Command) bool {
		res, err := Player{}.Play(s)
		return err == nil && res.Clusters > 0 && slices.ContainsFunc(s, func(c simtest.Command) bool { return c.Name == "act" && c.Args[1].Vals[0] == "b" })
	})
	if len(small) != 3 || tries > 20 {
		t.Errorf("%v after %d runs, want world, cluster b and its resize", small, tries)
	}
}

// TestShrinkKeepsTheRest reduces a script whose violation is that the world does not come to rest in time: a shrink of three hours, and half an hour for it. Without
// calm no process need run at the end, and then nothing would ever be as it is wanted, whatever befell the cluster.
func TestShrinkKeepsTheRest(t *testing.T) {
	t.Parallel()
	script, err := simtest.ParseScript("world decommission=3h\n----\n\ncluster etl\ntask TASK 9\n----\n\nwatch\n----\n\nstart\n----\n\nrun 10m\n----\n\n" +
		"act do=resize group=task to=6\n----\n\nrun 1m\n----\n\ncalm\n----\n\nsettle 30m\n----\n\ncheck\n----\n")
	if err != nil {
		t.Fatal(err)
	}
	res, err := Player{}.Play(script)
	if err != nil || len(res.Violations) == 0 || res.Violations[0].Property != "liveness" {
		t.Fatalf("%v, %+v", err, res.Violations)
	}
	small, _ := Shrink(script, violates(res))
	for _, name := range []string{"act", "calm", "settle"} {
		if !slices.ContainsFunc(small, named(name)) {
			t.Errorf("%v: %s is left out", small, name)
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d:\n%s\n%s", i+1, x[i], y[i])
		}
	}
	return "one is longer"
}

// TestShrink reduces a drawn script to what it takes to ban a group: a stuck resize and time.
func TestShrink(t *testing.T) {
	t.Parallel()
	bans := func(script []simtest.Command) bool {
		res, err := Player{}.Play(script)
		return err == nil && res.Records["ban.set"] > 0
	}
	var script []simtest.Command
	for seed := uint64(1); script == nil; seed++ {
		if s := Draw(seed, Options{Duration: 8 * time.Hour, Clusters: 1, Faults: Few}); bans(s) {
			script = s
		}
	}
	small, tries := Shrink(script, bans)
	if len(small) > 12 || !bans(small) {
		t.Errorf("%d commands became %d in %d runs; want at most 12 that still ban", len(script), len(small), tries)
	}
	if slices.ContainsFunc(small, func(c simtest.Command) bool { return c.Name == "settle" || c.Name == "calm" }) {
		t.Error("what comes after the ban is still there")
	}
	t.Logf("%d commands became %d in %d runs", len(script), len(small), tries)
}

// TestWatched: every world of a script is watched from its beginning and comes to rest at its end; one that says so itself stays as it is.
func TestWatched(t *testing.T) {
	t.Parallel()
	script, err := simtest.ParseScript("world seed=1\n----\n\nrun 1h\n----\n\nworld store=other\n----\n\nworld seed=2\n----\n\nrun 2h\n----\n\nwatch\n----\n\nsettle 1h\n----\n")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, c := range Watched(script) {
		got.WriteString(c.String())
	}
	if want := "world seed=1\nwatch\nrun 1h\nworld store=other\ncalm\nsettle 48h\ncheck\nworld seed=2\nrun 2h\nwatch\nsettle 1h\n"; got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}
