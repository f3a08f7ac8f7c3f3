package cli

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// watched is an output that can be read while it is written.
type watched struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// demoDeps are those of somebody who starts the demo.
func demoDeps(out *watched) *Deps {
	return &Deps{Stdin: strings.NewReader(""), Stdout: out, Stderr: out, Env: func(string) string { return "" }, IsTTY: func(any) bool { return false }, Version: "v0.0.0-test"}
}

// TestDemo plays the demo in real time, keeps it running, tries the commands it prints, and ends it.
func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("AWS_PROFILE", "of-somebody") // which does not exist
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &watched{}
	ended := make(chan int, 1)
	deps := demoDeps(out)
	deps.Command = "./bin/emrguard"
	go func() { ended <- Run(ctx, deps, []string{"demo", "--keep-running", "--speed", "400"}) }()
	for deadline := time.Now().Add(55 * time.Second); !strings.Contains(out.String(), "emrguard explain -c"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) || len(ended) > 0 {
			t.Fatalf("the demo did not tell its story:\n%s", out)
		}
	}
	story := out.String()
	t.Log(story)
	t.Run("story", func(t *testing.T) { checkStory(t, story) })
	t.Run("summary", func(t *testing.T) { checkSummary(t, story) })
	t.Run("commands", func(t *testing.T) { tryCommands(t, story) })
	cancel()
	if code := <-ended; code != exitOK || !strings.HasSuffix(out.String(), "Stopped.\n") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if os.Getenv("AWS_PROFILE") == "" || os.Getenv("AWS_ACCESS_KEY_ID") == "demo" {
		t.Error("the environment was not put back")
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// checkStory finds the turns of the story in their order.
func checkStory(t *testing.T, story string) {
	t.Helper()
	for _, turns := range [][]string{
		{`web-logs +task +outside +airflow asks for 8 instances instead of 4`, `web-logs +decided +scaling suspended`, `web-logs +decided +scaling resumed`},
		{`etl +task +outside +airflow asks for 9 instances instead of 6`, `etl +task +seen +3 more asked for.*: 6 of 9 run`, `etl +task +decided +stuck: 6 of 9 run`, `etl +task +decided +banned until \d\d:\d\d UTC: no launches go there`,
			`etl +task +called +stopped at 6: that many run \(ModifyInstanceGroups\)`, `etl +task +called +asked EMR for 3 r5.2xlarge Spot in task\+\S+, a new group of the same configuration \(AddInstanceGroups\)`, `etl +task\+\S+ +seen .*: 3 of 3 run`,
			`etl +task +done +completed: 3 of 3 run .*the pool wants 9 and 9 run`, `etl +decided +scaling resumed`},
		{`reports +task +decided +stuck`, `reports +task +done +chained: the replacement task\+\S+ got stuck too`, `reports +task\+\S+ +decided +stuck: 1 of 3`,
			`reports +task +called +asked EMR for 2 c5.4xlarge On-Demand in task\+`, `reports .* done +completed: .*the pool wants 10 and 10 run`},
	} {
		rest := story
		for _, turn := range turns {
			at := regexp.MustCompile(turn).FindStringIndex(rest)
			if at == nil {
				t.Errorf("no %q, or too early", turn)
				break
			}
			rest = rest[at[1]:]
		}
	}
	if strings.Contains(story, " problem ") {
		t.Error("there were problems")
	}
	if strings.Contains(story, "\x1b") {
		t.Error("colours without a terminal")
	}
}

// checkSummary reads the table: cluster, missing without and with, running without and with, recoveries, launched, groups made.
func checkSummary(t *testing.T, story string) {
	t.Helper()
	rows := map[string][]string{}
	_, table, _ := strings.Cut(story, "CLUSTER")
	for line := range strings.Lines(table) {
		if cells := strings.Fields(line); len(cells) > 2 {
			rows[cells[0]] = cells[1:]
		}
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Errorf("%q: %v", s, err)
		}
		return n
	}
	for cluster, want := range map[string][]string{"web-logs": {"11/11", "11/11", "0", "0", "0"}, "etl": {"10/13", "13/13", "1", "3", "1"}, "reports": {"9/12", "12/12", "2", "5", "2"}} {
		row := rows[cluster]
		if len(row) != 7 || !slices.Equal(row[2:], want) {
			t.Errorf("%s: %q, want %q after the minutes", cluster, row, want)
			continue
		}
		if without, with := number(row[0]), number(row[1]); cluster != "web-logs" && (with >= without || with < 3*30) {
			t.Errorf("%s: %d instance-minutes are missing with emrguard, %d without", cluster, with, without)
		}
	}
	if !strings.Contains(story, "6 instances are still missing without emrguard, and 0 with it") {
		t.Error("the last sentence is missing")
	}
}

// tryCommands runs what --keep-running prints, and an order.
func tryCommands(t *testing.T, story string) {
	t.Helper()
	if !regexp.MustCompile(`export .*AWS_REGION=(\S+) AWS_DEFAULT_REGION=\S+ `).MatchString(story) { // versions of the AWS CLI read different ones
		t.Error("the region is not exported under both names")
	}
	config := regexp.MustCompile(`  \./bin/emrguard status -c (\S+)`).FindStringSubmatch(story)[1]
	for _, c := range []struct{ args, want string }{
		{"status -c " + config, "emrguard runs (emrguard demo"},
		{"bans -c " + config, "emrguard  0        6 of 9 run"},
		{"recoveries --all -c " + config, "completed"},
		{"explain etl/task -c " + config, "answer.add: EMR accepted it and made task+"},
		{"ban web-logs/core --for 5h --author tester -c " + config, "takes no launches until"},
		{"bans -c " + config, "tester"},
		{"unban web-logs/core --author tester -c " + config, "may take launches again"},
	} {
		out := &watched{}
		if code := Run(t.Context(), demoDeps(out), strings.Fields(c.args)); code != exitOK || !strings.Contains(out.String(), c.want) {
			t.Errorf("emrguard %s: exit code %d, want %q in\n%s", c.args, code, c.want, out)
		}
	}
}

func TestDemoRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"demo --scenario nosuch", "--scenario nosuch: no such file, and the scenarios that come with the program are api-storm,"},
		{"demo --speed 0", "--speed: speed 0 is not above 0"},
		{"demo --speed 0.5", "--speed: speed 0.5 is not between 1 and 10000"},
		{"demo extra", "takes no arguments"},
	} {
		if got := runCLI(t, nil, strings.Fields(c.args)...); got.code != exitUsage || !strings.Contains(got.errOut, c.want) {
			t.Errorf("emrguard %s: code %d, %q; want %q", c.args, got.code, got.errOut, c.want)
		}
	}
}

// Interrupted early, the demo ends at once and cleanly.
func TestDemoInterrupted(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	out := &watched{}
	ended := make(chan int, 1)
	go func() { ended <- Run(ctx, demoDeps(out), []string{"demo"}) }()
	for !strings.Contains(out.String(), "emrguard demo:") && len(ended) == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if code := <-ended; code != exitOK || !strings.HasSuffix(out.String(), "Interrupted.\n") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
