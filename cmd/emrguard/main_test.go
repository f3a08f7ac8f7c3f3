package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"emrguard/internal/cli"
	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"
)

// asMain, in the environment, makes this test binary the emrguard command.
const asMain = "EMRGUARD_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		d := cli.Process()
		d.LeaseTerm = leaseTerm
		os.Exit(run(d))
	}
	testscript.Main(m, map[string]func(){"emrguard": main})
}

// leaseTerm is that of the guards that run as processes of their own.
const leaseTerm = 4 * time.Second

// command is emrguard with arguments, as a process of its own.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asMain+"=1", "AWS_ENDPOINT_URL=", "AWS_ENDPOINT_URL_EMR=", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "none"))
	return cmd
}

// stop ends a process with SIGTERM and returns how long that took. A code other than 0 fails the test.
func stop(t *testing.T, cmd *exec.Cmd) time.Duration {
	t.Helper()
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s ended with %v", strings.Join(cmd.Args[1:], " "), err)
	}
	return time.Since(began)
}

// simulation is an `emrguard sim` and the guards on it.
type simulation struct {
	t     *testing.T
	dir   string
	url   string
	speed string
	cmd   *exec.Cmd
}

// startSim starts the demo's world. rule is the one rule of the guards' configuration.
func startSim(t *testing.T, speed, rule string) *simulation {
	t.Helper()
	s := &simulation{t: t, dir: t.TempDir(), speed: speed}
	s.cmd = command(t, s.dir, "sim", "--scenario", "demo", "--listen", "127.0.0.1:0", "--speed", speed)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	find := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	lines := bufio.NewScanner(out)
	for s.url == "" && lines.Scan() {
		s.url = find.FindString(lines.Text())
	}
	if s.url == "" {
		t.Fatal("the simulator did not say where it is")
	}
	go func() {
		for lines.Scan() { // the rest of its greeting
		}
	}()
	config := "store: sqlite:guard.db\nlisten: none\nscopes: [{name: sim, region: us-east-1, endpoint: \"" + s.url + "\"}]\nclusters: [" + rule + "]\n"
	if err := os.WriteFile(filepath.Join(s.dir, "emrguard.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// guard starts an `emrguard run`; its log goes to the test's.
func (s *simulation) guard() *exec.Cmd {
	s.t.Helper()
	cmd := command(s.t, s.dir, "run", "--speed", s.speed)
	log, err := os.OpenFile(filepath.Join(s.dir, "guard.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close() // the process has its own
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return cmd
}

// page reads one of the simulator's own pages.
func (s *simulation) page(path string, into any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close() // only read
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		s.t.Fatal(err)
	}
}

// cluster is a cluster as it is.
func (s *simulation) cluster(name string) emrsim.ClusterTruth {
	s.t.Helper()
	var truth emrsim.Truth
	s.page("/_sim/truth", &truth)
	for _, c := range truth.Clusters {
		if c.Name == name {
			return c
		}
	}
	s.t.Fatalf("there is no cluster %s", name)
	return emrsim.ClusterTruth{}
}

// until waits for real processes; if that takes longer than the limit, the guard's log is shown.
func (s *simulation) until(what string, limit time.Duration, holds func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			log, err := os.ReadFile(filepath.Join(s.dir, "guard.log"))
			s.t.Fatalf("%s: not within %s; etl is %+v\n%s%v", what, limit, s.cluster("etl"), log, err)
		case <-tick.C:
		}
	}
}

// end stops a process that must be gone within five seconds.
func (s *simulation) end(cmd *exec.Cmd) {
	s.t.Helper()
	if took := stop(s.t, cmd); took >= 5*time.Second {
		s.t.Errorf("%s took %s to end", strings.Join(cmd.Args[1:], " "), took)
	}
}

func TestStuckGroupIsRepairedOverHTTP(t *testing.T) {
	t.Parallel()
	s := startSim(t, "600", "{match: {}, mode: enforce}")
	guard := s.guard()
	s.until("etl is whole again", 30*time.Second, func() bool { return s.cluster("etl").Workers == 13 })
	s.until("reports is whole again", 30*time.Second, func() bool { return s.cluster("reports").Workers == 12 })
	s.end(guard)
	if c := s.cluster("etl"); c.GroupsAdded != 1 {
		t.Errorf("etl got %d new groups, want 1", c.GroupsAdded)
	}
	s.end(s.cmd)
}

func TestKilledGuardGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	s := startSim(t, "100", "{match: {names: [etl]}, mode: enforce, recovery: {after: 5m}}")
	guard := s.guard()
	stops := func() (n int) {
		var list []wire.Request
		s.page("/_sim/log", &list)
		for _, r := range list {
			if r.Op == "ModifyInstanceGroups" && r.Status == http.StatusOK {
				n++
			}
		}
		return n
	}
	s.until("the stop is sent", 30*time.Second, func() bool { return stops() > 0 })
	if err := guard.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = guard.Wait() // killed
	guard = s.guard()
	s.until("etl is whole again", time.Minute, func() bool { return s.cluster("etl").Workers == 13 })
	s.end(guard)
	if c := s.cluster("etl"); c.GroupsAdded != 1 {
		t.Errorf("etl got %d new groups, want 1", c.GroupsAdded)
	}
	s.end(s.cmd)
}

func TestWrappedClusterIsRaisedToItsMin(t *testing.T) {
	t.Parallel()
	s := startSim(t, "600", "{match: {names: [nobody]}, mode: observe}")
	wrap := command(t, s.dir, "wrap", "web-logs", "--min", "9", "--max", "12", "--mode", "enforce", "--write")
	if out, err := wrap.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	guard := s.guard()
	s.until("web-logs has its CORE group of 3 and 9 of the pool", 30*time.Second, func() bool { return s.cluster("web-logs").Workers == 12 })
	s.end(guard)
	if c := s.cluster("web-logs"); c.GroupsAdded != 0 {
		t.Errorf("web-logs got %d new groups, want none", c.GroupsAdded)
	}
	s.end(s.cmd)
}
