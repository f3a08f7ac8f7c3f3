package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
)

// roundTrip writes a valid configuration and reads it again: it has to be the same one.
func roundTrip(t interface{ Fatalf(string, ...any) }, cfg *Config) {
	text, err := yaml.Marshal(cfg)
	if err != nil {
		t.Fatalf("cannot be written: %v", err)
	}
	again, err := Parse(cfg.Name(), text)
	if err != nil {
		t.Fatalf("cannot be read again: %v\n%s", err, text)
	}
	if d := cmp.Diff(cfg, again, cmpopts.IgnoreUnexported(Config{}), cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("differs after writing and reading (-before +after):\n%s\n%s", d, text)
	}
	if d := Diff(cfg, again); len(d) > 0 {
		t.Fatalf("Diff sees %v", d)
	}
}

// FuzzParse: a file is valid, or there is an error with places in the file; and it never panics.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../../emrguard.example.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(rules))
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := Parse("emrguard.yaml", data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || len(e.Problems) == 0 || cfg != nil {
				t.Fatalf("%v, %v", cfg, err)
			}
			lines := 2
			for _, b := range data {
				if b == '\n' || b == '\r' || b == 0x85 || b == 0xa8 || b == 0xa9 { // as the YAML library counts
					lines++
				}
			}
			for i, p := range e.Problems {
				if p.Text == "" || p.Line < 0 || p.Line > lines || p.Line > 0 && p.Column < 1 {
					t.Fatalf("a problem without a place: %+v", p)
				}
				if i > 0 && p.Line < e.Problems[i-1].Line {
					t.Fatalf("not in file order:\n%v", err)
				}
			}
			return
		}
		roundTrip(t, cfg)
		_ = cfg.WarningLines()
		for _, p := range cfg.IAMPolicies() {
			checkPolicy(t, p.Policy)
		}
		for _, s := range cfg.Scopes {
			c := cluster("j-A", "etl-1", nil)
			if e := cfg.For(s.Name, c); e.Mode != Off && !cfg.Candidate(s.Name, c.ClusterSummary) {
				t.Fatal("not off, and no candidate")
			}
		}
	})
}

// Every configuration that keeps the ranges of the reference is valid.
func TestValidConfigurationsParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		between := func(name string, low, high time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(int64(low/time.Millisecond), int64(high/time.Millisecond)).Draw(t, name)) * time.Millisecond
		}
		number := func(name string, low, high int) int { return rapid.IntRange(low, high).Draw(t, name) }
		chance := func(name string) bool { return rapid.Bool().Draw(t, name) }

		cfg := defaults()
		cfg.name = "emrguard.yaml"
		cfg.Store = "sqlite:" + rapid.StringMatching(`[a-z]{1,5}(/[a-z .:#]{0,5}[a-z])?`).Draw(t, "store")
		cfg.History.Keep = between("keep", 24*time.Hour, 87600*time.Hour)
		for i := range number("scopes", 1, 3) {
			s := defaultScope()
			s.Name = fmt.Sprintf("%s%d", rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,8}[a-z])?`).Draw(t, "scope"), i)
			s.Region = fmt.Sprintf("%s-%d", rapid.SampledFrom([]string{"us-east", "ap-southeast", "us-gov-west"}).Draw(t, "region"), i+1)
			if chance("role") {
				s.RoleARN = fmt.Sprintf("arn:%s:iam::%012d:role/x", s.Partition(), i)
				s.ExternalID = rapid.StringMatching(`([a-zA-Z0-9+=,.@:/_-]{2,20})?`).Draw(t, "external id")
			}
			s.APIShare = rapid.Float64Range(0.001, 1).Draw(t, "share")
			s.Sweep = between("sweep", 10*time.Second, 24*time.Hour)
			if chance("rates") {
				s.APIRates = map[emr.Op]Rate{rapid.SampledFrom(emr.Ops).Draw(t, "op"): {Burst: number("burst", 1, 10000), PerSecond: rapid.Float64Range(0.001, 1000).Draw(t, "rate")}}
			}
			cfg.Scopes = append(cfg.Scopes, s)
		}
		for range number("rules", 0, 4) {
			r := ClusterRule{Mode: rapid.SampledFrom([]Mode{Enforce, Observe, Off}).Draw(t, "mode")}
			if chance("in scope") {
				r.Match.Scopes = []string{cfg.Scopes[number("which", 0, len(cfg.Scopes)-1)].Name}
			}
			r.Match.Names = rapid.SliceOfN(rapid.StringMatching(`([a-zA-Z0-9 *?:#~"'-]|\\[\[\]*?]){1,8}`), 0, 3).Draw(t, "names")
			r.Match.Tags = rapid.MapOfN(rapid.StringMatching(`[a-zA-Z0-9 _.:/=+@-]{1,8}`), rapid.StringMatching(`[a-zA-Z0-9 _.:/=+@-]{0,8}`), 0, 3).Draw(t, "tags")
			for range number("ids", 0, 2) {
				r.Match.IDs = append(r.Match.IDs, emr.ClusterID(rapid.StringMatching(`j-[A-Z0-9]{1,13}`).Draw(t, "id")))
			}
			after, ban, pace := between("after", time.Minute, 24*time.Hour), between("ban", time.Minute, 168*time.Hour), between("pace", time.Second, 10*time.Minute)
			r.Recovery = recovery.Settings{
				After: after, Ban: ban, Pace: pace, Settle: between("settle", pace, time.Hour),
				StartingGrace: between("starting grace", 0, 2*time.Hour), ProgressGrace: between("progress grace", 0, 24*time.Hour),
				ShrinkAfter: between("shrink after", time.Minute, 24*time.Hour), Chain: number("chain", 1, 20), RestMax: between("rest max", ban, 720*time.Hour),
				MaxGroups: number("groups", 0, 47), ReserveSlots: number("slots", 0, 48), EnforceBans: chance("enforce bans"),
				OutsideGrowth: recovery.Repeat, Fallback: []string{"same"}, Max: number("max", 0, 2000),
			}
			if r.Recovery.Max > 0 && chance("add") {
				r.Recovery.OutsideGrowth = recovery.Add
			}
			cfg.Clusters = append(cfg.Clusters, r)
		}
		roundTrip(t, cfg)
	})
}
