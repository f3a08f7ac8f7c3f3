package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/guard"
	"emrguard/internal/simtest"
	"emrguard/internal/store/sqlite"
)

// scene is the world of one transcript: a guard in virtual time with its store in a directory of its own.
type scene struct {
	w     *simtest.World
	store *sqlite.Store
	dir   string
}

// TestTranscripts plays testdata/transcripts: each prepares a store in virtual time and runs commands against it. -rewrite writes
// the answers anew. The words:
//
//	configuration            only that: no store yet
//	scene                    clusters etl (task group of 6, which gets no more from EC2) and web (task group of 4); with lines, these are
//	                         the rules of the configuration, and the scaling of the first holds for both
//	do                       a line each: start, stop, kill (the guard's lease stays), run 40m, resize etl/task 9, submit etl 3 4h 20
//	                         (so many jobs of so much container time, so many containers wide), mute etl (its metrics stop), unmute etl
//	prices                   a price file, which the configuration names from then on
//	emrguard                 a command line each
//	alive                    the same while the guard runs on
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		s := &scene{dir: t.TempDir()}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "configuration":
				s.configure(t, "")
			case "scene":
				s.begin(t, d.Input)
			case "prices":
				s.price(t, d.Input)
			case "do":
				for line := range strings.Lines(d.Input) {
					if err := s.do(strings.Fields(line)); err != nil {
						d.Fatalf(t, "%s: %v", line, err)
					}
				}
			case "emrguard", "alive":
				var b strings.Builder
				for line := range strings.Lines(d.Input) {
					b.WriteString(s.command(words(line), d.Cmd == "alive"))
				}
				return b.String()
			default:
				d.Fatalf(t, "no such word: %s", d.Cmd)
			}
			return ""
		})
		if s.store != nil {
			if err := s.store.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// words splits a command line at spaces; 'single quotes' keep them.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(strings.TrimSpace(line), "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

func (s *scene) do(args []string) error {
	switch args[0] {
	case "start":
		s.w.Start()
	case "stop":
		return s.w.Stop()
	case "kill":
		s.w.Crash()
	case "run":
		d, err := time.ParseDuration(args[1])
		s.w.Run(d)
		return err
	case "resize":
		cluster, group, _ := strings.Cut(args[1], "/")
		to, err := strconv.Atoi(args[2])
		s.w.Act(emrsim.Action{Do: emrsim.DoResize, Cluster: cluster, Group: group, To: to})
		return err
	case "submit":
		jobs, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		work, err := time.ParseDuration(args[3])
		if err != nil {
			return err
		}
		width, err := strconv.Atoi(args[4])
		s.w.Act(emrsim.Action{Do: emrsim.DoSubmit, Cluster: args[1], Name: "query", Count: jobs, Work: emrsim.Span(work), Width: width})
		return err
	case "mute", "unmute":
		s.w.Act(emrsim.Action{Do: emrsim.Do(args[0]), Cluster: args[1]})
	default:
		return fmt.Errorf("no such word: %s", args[0])
	}
	return nil
}

const sceneConfig = `store: sqlite:emrguard.db
scopes:
  - {name: sim, region: us-east-1}
clusters:
`

// repairAll is the rule of a scene without others.
const repairAll = "- {match: {}, mode: enforce}"

// configure writes the configuration; without rules every cluster is repaired and none scaled.
func (s *scene) configure(t *testing.T, rules string) *config.Config {
	t.Helper()
	file := filepath.Join(s.dir, "emrguard.yaml")
	if err := os.WriteFile(file, []byte(sceneConfig+cmp.Or(rules, repairAll)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// price writes a price file, and the configuration that names it.
func (s *scene) price(t *testing.T, text string) *config.Config {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "prices.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.configure(t, repairAll+"\nprices: prices.yaml")
}

// begin makes the store and the world of a transcript.
func (s *scene) begin(t *testing.T, rules string) {
	t.Helper()
	rule := s.configure(t, rules).Clusters[0]
	var err error
	if s.store, err = sqlite.Open(t.Context(), filepath.Join(s.dir, "emrguard.db"), sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	s.w = simtest.New(simtest.Options{Store: s.store, Sim: emrsim.Options{Seed: 3}, Mode: guard.Mode(rule.Mode), Scaling: &rule.Scaling})
	s.w.Cluster("etl", simtest.Group{Name: "core", Role: emr.Core, Count: 2}, simtest.Group{Name: "task", Role: emr.Task, Count: 6})
	s.w.Cluster("web", simtest.Group{Name: "core", Role: emr.Core, Count: 1}, simtest.Group{Name: "task", Role: emr.Task, Count: 4})
	s.w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
}

// command runs a command line in this process a second after the one before, and returns what it wrote, and its exit code unless
// it is 0. If alive, the guard goes on while an order waits for it.
func (s *scene) command(args []string, alive bool) string {
	if s.w != nil {
		s.w.Run(time.Second)
	}
	var out bytes.Buffer
	ended := make(chan int)
	go func() { ended <- Run(context.Background(), s.deps(&out), args) }()
	for {
		if alive {
			if orders, err := s.store.Orders(context.Background(), simtest.ScopeName); err == nil && len(orders) > 0 {
				s.w.Run(time.Second)
			}
		}
		select {
		case code := <-ended:
			if code != exitOK {
				fmt.Fprintf(&out, "(exit code %d)\n", code)
			}
			text := strings.ReplaceAll(out.String(), s.dir, "DIR")
			if s.store != nil {
				text = strings.ReplaceAll(text, s.store.ID(), "storeid8")
			}
			return orderID.ReplaceAllString(text, "o-…")
		case <-time.After(time.Millisecond):
		}
	}
}

// orderID is an order's id, which is random.
var orderID = regexp.MustCompile(`o-[A-Z2-7]{16}`)

// deps are those of a person at a terminal, at the time of the world.
func (s *scene) deps(out io.Writer) *Deps {
	d := &Deps{Stdin: strings.NewReader(""), Stdout: out, Stderr: out, IsTTY: func(any) bool { return false }, Version: "v0.0.0-test",
		Env: func(name string) string {
			if name == "EMRGUARD_CONFIG" {
				return filepath.Join(s.dir, "emrguard.yaml")
			}
			return ""
		}}
	if s.w != nil {
		d.Now = s.w.Now
	}
	return d
}
