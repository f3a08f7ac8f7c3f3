package proof

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// run is what the command says and the status it ends with.
func run(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr strings.Builder
	status = Main(t.Context(), args, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

func script(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "script.txt")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestMistakesOfTheCaller end with status 2 and say what is wrong, all of it at once.
func TestMistakesOfTheCaller(t *testing.T) {
	const world = "world\n----\n\n"
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--faults", "lots", "--store", "disk"}, []string{"--faults lots: there are none, few and many", "--store disk: there are memory and sqlite"}},
		{[]string{"--seeds", "0", "--clusters", "501", "--for", "-1s"}, []string{"--seeds 0: at least 1", "--clusters 501: 1 to 500", "--for and --parallel are not negative"}},
		{[]string{"--fault", "AddInstanceGroup call=2 lose-answer"}, []string{`there is no operation "AddInstanceGroup"`}},
		{[]string{"--fault", "AddInstanceGroups call=2 loose-answer"}, []string{`"loose-answer" is neither a condition`}},
		{[]string{"-v", "--seeds", "2"}, []string{"leave out --seeds and --for"}},
		{[]string{"-v", "-o", "json"}, []string{"-v prints text"}},
		{[]string{"--shrink", "-o", "json"}, []string{"--shrink prints text"}},
		{[]string{"-o", "yaml"}, []string{"there are text and json"}},
		{[]string{"extra"}, []string{`unknown command "extra"`}},
		{[]string{"--file", "nowhere.txt"}, []string{"nowhere.txt: no such file"}},
		{[]string{"--file", script(t, world), "--seed", "3", "--fault", "* empty"}, []string{"--seed is for seeds", "--fault is for seeds"}},
		{[]string{"--file", script(t, "world\nrun 5m\n")}, []string{"script.txt: line 2: command world has no ---- after it"}},
		{[]string{"--file", script(t, world+"clustr etl\n----\n")}, []string{`script.txt: command 2: no command "clustr"`}},
		{[]string{"--file", script(t, world+"order pause cluster=web\n----\n")}, []string{`script.txt: command 2: order pause cluster=web: there is no cluster "web"`}},
		{[]string{"--file", script(t, world+"clustr etl\n----\n"), "-o", "json"}, []string{`no command "clustr"`}},
	} {
		status, _, errs := run(t, c.args...)
		if status != 2 {
			t.Errorf("%q: status %d", c.args, status)
		}
		for _, want := range c.want {
			if !strings.Contains(errs, want) {
				t.Errorf("%q: %s; want %s", c.args, errs, want)
			}
		}
	}
}

// TestAScriptThatIsNotWatched is not said to keep the properties.
func TestAScriptThatIsNotWatched(t *testing.T) {
	const begin, end = "world\n----\n\ncluster etl\ntask TASK 2\n----\n\n", "start\n----\n\nrun 1h\n----\n"
	if status, out, errs := run(t, "--file", script(t, begin+end)); status != 0 || !strings.Contains(out, "nothing was checked") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	if status, out, errs := run(t, "--file", script(t, begin+"watch\n----\n\n"+end)); status != 0 || !strings.Contains(out, "every property holds: 1 clusters, 1h0m0s, 0 recoveries") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
}

// TestJSON: an object for each run, with what programs read.
func TestJSON(t *testing.T) {
	status, out, errs := run(t, "--seed", "5", "--seeds", "2", "--clusters", "1", "--duration", "1h", "-o", "json")
	if status != 0 {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	seeds := map[float64]bool{}
	for line := range strings.Lines(out) {
		var run map[string]any
		if err := json.Unmarshal([]byte(line), &run); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for _, key := range []string{"seed", "violations", "virtual_ns", "records", "clusters", "commands"} {
			if _, ok := run[key]; !ok {
				t.Errorf("%s has no %s", line, key)
			}
		}
		seed, _ := run["seed"].(float64)
		seeds[seed] = true
	}
	if len(seeds) != 2 || !seeds[5] || !seeds[6] {
		t.Errorf("seeds %v, want 5 and 6", seeds)
	}
}
