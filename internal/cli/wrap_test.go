package cli

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim/scenario"
	"emrguard/internal/emrsim/wire"
	"emrguard/internal/store/sqlite"
)

// wrapScene is a simulator with a configuration file beside it.
type wrapScene struct {
	dir, url string
	file     string
}

// TestWrapTranscripts plays testdata/wrap. The words:
//
//	clusters      a scenario: the simulator begins anew
//	configuration the file emrguard.yaml; SIM stands for the simulator's address
//	store         makes the store, with the lease of scope sim held if "held" is given
//	emrguard      a command line each
//	file          the file as it is now
func TestWrapTranscripts(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	datadriven.Walk(t, "testdata/wrap", func(t *testing.T, path string) {
		s := &wrapScene{dir: t.TempDir()}
		s.file = filepath.Join(s.dir, "emrguard.yaml")
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "clusters":
				s.serve(t, d.Input)
			case "configuration":
				writeFile(t, s.file, strings.ReplaceAll(d.Input, "SIM", s.url)+"\n")
			case "store":
				s.store(t, d.HasArg("held"))
			case "emrguard":
				var b strings.Builder
				for line := range strings.Lines(d.Input) {
					got := runCLI(t, []string{"EMRGUARD_CONFIG=" + s.file}, words(line)...)
					b.WriteString(got.out + got.errOut)
					if got.code != exitOK {
						b.WriteString("(exit code " + string(rune('0'+got.code)) + ")\n")
					}
				}
				return s.plain(b.String())
			case "file":
				data, err := os.ReadFile(s.file)
				if err != nil {
					t.Fatal(err)
				}
				return s.plain(string(data))
			default:
				d.Fatalf(t, "no such word: %s", d.Cmd)
			}
			return ""
		})
	})
}

// serve starts a simulator whose clock stands still.
func (s *wrapScene) serve(t *testing.T, text string) {
	t.Helper()
	sc, err := scenario.Parse("scenario.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	sim, err := sc.Build()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wire.New(sim, wire.Options{Clock: wire.NewManualClock(sim.Now())}))
	t.Cleanup(server.Close)
	s.url = server.URL
}

func (s *wrapScene) store(t *testing.T, held bool) {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(s.dir, "emrguard.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if held {
		if _, err := st.Acquire(t.Context(), "sim", "someone", "host a, pid 1", time.Now(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

// plain leaves out what differs from run to run.
func (s *wrapScene) plain(text string) string {
	return strings.NewReplacer(s.dir, "DIR", s.url, "SIM").Replace(text)
}

// wrapCluster is a running cluster with a MASTER, a CORE and TASK groups of these names, each a minute younger than the one before.
func wrapCluster(names ...string) running {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := running{scope: config.Scope{Name: "prod"}, cluster: emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: "j-1", Name: "etl", State: emr.ClusterWaiting}, Collection: emr.Groups}}
	r.groups = []emr.Group{
		{ID: "ig-M", Name: "master", Role: emr.Master, InstanceType: "m5.xlarge", Requested: 1, Running: 1, State: emr.GroupRunning, Created: at},
		{ID: "ig-C", Name: "core", Role: emr.Core, InstanceType: "r5.2xlarge", Requested: 2, Running: 2, State: emr.GroupRunning, Created: at},
	}
	for i, name := range names {
		at = at.Add(time.Minute)
		r.groups = append(r.groups, emr.Group{ID: emr.GroupID("ig-" + string(rune('1'+i))), Name: name, Role: emr.Task, Market: emr.Spot, InstanceType: "m5.xlarge",
			Requested: 6, Running: 6, State: emr.GroupRunning, Created: at})
	}
	return r
}

func wrapConfig(t *testing.T, rules string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("emrguard.yaml", []byte("scopes: [{name: prod, region: us-east-1}]\nclusters:\n"+rules))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestR12WrapRefusals(t *testing.T) {
	const all = "  - {match: {}, mode: observe}\n"
	for _, c := range []struct {
		name, rules string
		change      func(*running)
		want        string // part of the only reason; empty: none
	}{
		{"a running cluster", all, func(*running) {}, ""},
		{"it has ended", all, func(r *running) { r.cluster.State = emr.ClusterTerminated }, "it has ended (TERMINATED)"},
		{"it starts", all, func(r *running) { r.cluster.State = emr.ClusterBootstrapping }, "it is BOOTSTRAPPING, and EMR changes"},
		{"fleets", all, func(r *running) { r.cluster.Collection = emr.Fleets }, "made of instance fleets"},
		{"managed scaling", all, func(r *running) { r.managed = true }, "aws emr remove-managed-scaling-policy --cluster-id j-1"},
		{"its tag says off", all, func(r *running) { r.cluster.Tags = map[string]string{"emrguard": " OFF"} }, "aws emr remove-tags --resource-id j-1 --tag-keys emrguard"},
		{"its tag says observe", all, func(r *running) { r.cluster.Tags = map[string]string{"emrguard": "observe"} }, ""},
		{"a group of another store", all, func(r *running) { r.groups[2].Name = "emrguard/1 task other.j-1.ig-X.r1" }, "made by another emrguard (store other)"},
		{"a group of this store", all, func(r *running) { r.groups[2].Name = "emrguard/1 task mine.j-1.ig-X.r1" }, ""},
		{"a group of another store that has ended", all, func(r *running) {
			r.groups[2].Name, r.groups[2].State = "emrguard/1 task other.j-1.ig-X.r1", emr.GroupTerminated
		}, ""},
		{"a name of a newer version", all, func(r *running) { r.groups[2].Name = "emrguard/2 x" }, "cannot read: emrguard/2 x"},
		{"a rule leaves it alone", "  - {match: {names: [e*]}, mode: off}\n" + all, func(*running) {}, "emrguard.yaml:3 (clusters[0], match {names: [e*]}) leaves it alone on purpose"},
		{"a rule names it", all + "  - {match: {ids: [j-1]}, mode: off}\n", func(*running) {}, ""},
		{"a rule that comes first names it", "  - {match: {ids: [j-1]}, mode: observe}\n" + all, func(*running) {}, "names it by its id"},
		{"a rule wraps it", "  - {match: {names: [etl]}, mode: observe, wrap: true}\n" + all, func(*running) {}, "wraps or scales it already"},
		{"a rule scales it", "  - {match: {}, mode: observe, pools: [{name: a, role: CORE, min: 1, max: 9}]}\n", func(*running) {}, "wraps or scales it already"},
		{"no rule has it", "  - {match: {names: [x]}, mode: off}\n", func(*running) {}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := wrapCluster("task")
			c.change(&r)
			got := refusals(wrapConfig(t, c.rules), r, "mine")
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	r := wrapCluster("task")
	r.cluster.State, r.managed, r.cluster.Tags = emr.ClusterStarting, true, map[string]string{"emrguard": "off"}
	if got := refusals(wrapConfig(t, "  - {match: {}, mode: off}\n"), r, ""); len(got) != 4 {
		t.Errorf("not all reasons at once: %q", got)
	}
}

func TestR12WrapPlan(t *testing.T) {
	cfg := wrapConfig(t, "  - {match: {}, mode: enforce, recovery: {max: 30, after: 45m}}\n")
	pools := func(p wrapPlan) (out []string) {
		for i, pool := range p.rule.Scaling.Pools {
			out = append(out, pool.Name+" "+strings.Join(pool.Groups, ",")+" "+p.Pools[i].String())
		}
		return out
	}
	two, nine, forty := 2, 9, 40
	for _, c := range []struct {
		name  string
		names []string
		wish  wrapWish
		want  []string
	}{
		{"one", []string{"Task (Spot)"}, wrapWish{}, []string{"task-spot  6: 0 to 12, nothing"}},
		{"several", []string{"a*", "b", "B", ""}, wrapWish{}, []string{`a a\* 6: 0 to 12, nothing`, "b b 6: 0 to 12, nothing", "b-2 B 6: 0 to 12, nothing", "task  6: 0 to 12, nothing"}},
		{"one name twice", []string{"task", "task"}, wrapWish{}, []string{"task task 6: 0 to 12, nothing"}},
		{"a fallback of ours", []string{"task", "emrguard/1 task mine.j-1.ig-1.r1", "emrguard/1 core mine.j-1.ig-C.r1"}, wrapWish{}, []string{"task  12: 0 to 24, nothing"}},
		{"one that emrguard made for a pool", []string{"emrguard/1 spot mine.j-1.configured.c1", "task"}, wrapWish{}, []string{"spot spot 6: 0 to 12, nothing", "task task 6: 0 to 12, nothing"}},
		{"more than recovery.max", []string{"task", "emrguard/1 task mine.j-1.ig-1.r1", "emrguard/1 task mine.j-1.ig-1.r2"}, wrapWish{}, []string{"task  18: 0 to 30, nothing"}},
		{"fewer than min", []string{"task"}, wrapWish{min: &forty}, []string{"task  6: 40 to 40, 34 launched"}},
		{"more than max", []string{"task"}, wrapWish{max: &two}, []string{"task  6: 0 to 2, 4 released"}},
		{"both", []string{"task"}, wrapWish{min: &two, max: &nine}, []string{"task  6: 2 to 9, nothing"}},
		{"none", nil, wrapWish{}, []string{"task  0: 0 to 10, nothing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.wish.mode = config.Enforce
			p := planWrap(cfg, wrapCluster(c.names...), c.wish)
			if got := pools(p); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if p.rule.Recovery.After != 45*time.Minute || !p.rule.Wrap {
				t.Errorf("the rule is %+v", p.rule)
			}
		})
	}
	p := planWrap(cfg, wrapCluster(), wrapWish{mode: config.Observe})
	if g := p.rule.Scaling.Pools[0].Group; g == nil || g.InstanceType != "r5.2xlarge" || g.Market != emr.Spot {
		t.Errorf("without a TASK group: %+v", p.rule.Scaling.Pools)
	}
	if len(p.Warnings) != 2 || !strings.Contains(p.Warnings[0], "give --mode enforce") {
		t.Errorf("warnings: %q", p.Warnings)
	}
	r := wrapCluster("task")
	r.groups[2].CustomScaling = true
	r.cluster.Tags = map[string]string{"emrguard": "observe"}
	if p := planWrap(cfg, r, wrapWish{mode: config.Enforce}); len(p.Warnings) != 2 || !strings.Contains(p.Warnings[1], "remove-auto-scaling-policy --cluster-id j-1 --instance-group-id ig-1") {
		t.Errorf("warnings: %q", p.Warnings)
	}
}

func (p wrapPool) String() string {
	return strings.Join([]string{strconv.Itoa(p.Wanted) + ":", strconv.Itoa(p.Min), "to", strconv.Itoa(p.Max) + ",", atOnce(p, string(config.Enforce))}, " ")
}

func TestReplaceConfig(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "real.yaml"), filepath.Join(dir, "emrguard.yaml")
	writeFile(t, target, "before")
	for _, err := range []error{os.Chmod(target, 0o640), os.Symlink("real.yaml", link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := replaceConfig(link, []byte("other"), []byte("after")); err == nil || !strings.Contains(err.Error(), "somebody changed the file meanwhile") {
		t.Errorf("a file that changed: %v", err)
	}
	if err := replaceConfig(link, []byte("before"), []byte("after")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(target)
	info, statErr := os.Lstat(target)
	if err != nil || statErr != nil || string(data) != "after" || info.Mode() != 0o640 {
		t.Errorf("%q, %v, %v, %v", data, info.Mode(), err, statErr)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is gone: %v %v", info, err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("something was left behind: %v %v", list, err)
	}
	if err := replaceConfig(filepath.Join(dir, "none.yaml"), nil, nil); err == nil {
		t.Error("a file that is not there was written")
	}
	if os.Getuid() == 0 {
		return // root may write everywhere
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700) //nolint:errcheck // for the clean-up of the test
	if err := replaceConfig(link, []byte("after"), []byte("x")); err == nil || !strings.Contains(err.Error(), "put the rule into the file by hand") {
		t.Errorf("a folder that cannot be written: %v", err)
	}
}
