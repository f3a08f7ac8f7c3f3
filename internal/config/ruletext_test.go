package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"emrguard/internal/emr"
	"emrguard/internal/scaling"
)

// wrapRule is a rule as `emrguard wrap` makes it, with comments.
func wrapRule() (ClusterRule, map[string]string) {
	r := NewRule()
	r.Match, r.Mode, r.Wrap = Match{IDs: []emr.ClusterID{"j-A"}}, Observe, true
	p := scaling.DefaultPool()
	p.Name, p.Role, p.Max = "task", emr.Task, 10
	p.Group = &scaling.Group{InstanceType: "m5.xlarge", Market: emr.Spot}
	r.Scaling.Pools = []scaling.Pool{p}
	return r, map[string]string{"": "# etl\n# wrapped", "mode": "# enforce does it", "pools[0].group": "# like CORE"}
}

func TestRuleText(t *testing.T) {
	r, comments := wrapRule()
	r.Match.Names, r.Match.Tags = []string{"a: b", "x*"}, map[string]string{"b": "true", "a": ""}
	r.Recovery.After = 45 * time.Minute
	r.Scaling.MaxInstances = 100
	p := &r.Scaling.Pools[0]
	p.Group.Volumes = []emr.VolumeConfig{{Volume: emr.Volume{Type: "gp3", Size: 100}, Count: 1}}
	p.Groups, p.Cooldown.Up = []string{`a\*`}, 0
	up, zero := scaling.DefaultPolicy(), 0
	up.Name, up.Metric, up.Operator, up.Threshold, up.Action = "more", "AppsPending", scaling.GT, -0.5, scaling.Action{Type: scaling.Adjustment, Count: 2}
	up.Dimensions = []emr.Dimension{{Name: "Queue", Value: "1"}}
	p.ScaleUp = []scaling.Policy{up}
	p.Schedules = []scaling.Schedule{{Name: "night", Cron: "0 20 * * *", Zone: "UTC", Target: &zero}}
	term := scaling.DefaultTermination()
	term.Policies = []scaling.TerminationPolicy{{Name: "idle", Statements: []scaling.Condition{up.Condition, up.Condition}}}
	r.Scaling.Termination = &term
	golden(t, "testdata/ruletext.txt", RuleText(r, comments)+"\n"+flowRule(r)+"\n")
}

func TestInsertRule(t *testing.T) {
	r, comments := wrapRule()
	block := indented(RuleText(r, comments), 2, "\n")
	flush := RuleText(r, comments)
	for _, c := range []struct {
		name, text, want string
		line             int
	}{
		{"no rules", small, small + "\nclusters:\n" + block, 6},
		{"no newline at the end", strings.TrimSuffix(small, "\n"), small + "\nclusters:\n" + block, 6},
		{"before the first, its comments stay with it", small + "clusters: # all\n\n  # every one\n  - match: {}\n    mode: observe # x\n# end\n",
			small + "clusters: # all\n" + block + "\n  # every one\n  - match: {}\n    mode: observe # x\n# end\n", 5},
		{"entries flush with the key", small + "clusters:\n- match: {}\n  mode: observe\nlisten: none\n", small + "clusters:\n" + flush + "- match: {}\n  mode: observe\nlisten: none\n", 5},
		{"an entry that begins below its dash", small + "clusters:\n  -\n    match: {}\n    mode: observe\n", small + "clusters:\n" + block + "  -\n    match: {}\n    mode: observe\n", 5},
		{"anchors", "clusters: &all\n  - &one {match: {}, mode: observe}\n" + small, "clusters: &all\n" + block + "  - &one {match: {}, mode: observe}\n" + small, 4},
		{"in brackets", small + "clusters: [ {match: {}, mode: observe} ]\n", small + "clusters: [" + flowRule(r) + ",  {match: {}, mode: observe} ]\n", 2},
		{"empty brackets", "scopes: [{name: é, region: us-east-1}]\n", "", 0},
		{"nothing in brackets", "clusters: []\n" + small, "clusters: [" + flowRule(r) + "]\n" + small, 1},
		{"all in braces", "{log: {level: info}, scopes: [{name: prod, region: us-east-1}], clusters: []}", "{log: {level: info}, scopes: [{name: prod, region: us-east-1}], clusters: [" + flowRule(r) + "]}", 1},
		{"characters of several bytes before it", "{listen_token_file: \"é€\", scopes: [{name: prod, region: us-east-1}], clusters: []}",
			"{listen_token_file: \"é€\", scopes: [{name: prod, region: us-east-1}], clusters: [" + flowRule(r) + "]}", 1},
		{"lines of Windows", strings.ReplaceAll(small+"clusters:\n  - match: {}\n    mode: observe\n", "\n", "\r\n"),
			strings.ReplaceAll(small+"clusters:\n"+block+"  - match: {}\n    mode: observe\n", "\n", "\r\n"), 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, line, err := InsertRule("emrguard.yaml", []byte(c.text), r, comments)
			if c.want == "" {
				if e := (*Error)(nil); !errors.As(err, &e) {
					t.Errorf("want the problems of the file, got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, string(got)); d != "" || line != c.line {
				t.Errorf("line %d, want %d; -want +got:\n%s", line, c.line, d)
			}
		})
	}
}

func TestInsertRuleByHand(t *testing.T) {
	r, _ := wrapRule()
	for name, text := range map[string]string{
		"braces without the key": "{scopes: [{name: prod, region: us-east-1}]}",
		"a merge key":            "<<: {clusters: [{match: {}, mode: observe}]}\n" + small,
		"an end of the document": small + "...\n",
		"an anchor below":        small + "clusters:\n  &all\n  - match: {}\n    mode: observe\n",
	} {
		if _, _, err := InsertRule("emrguard.yaml", []byte(text), r, nil); !errors.Is(err, ErrInsert) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.Scaling.Pools[0].Name = ""
	_, _, err := InsertRule("emrguard.yaml", []byte(small), ClusterRule{Mode: "enforced"}, nil)
	if e := (*Error)(nil); !errors.As(err, &e) {
		t.Errorf("a rule that is not valid: %v", err)
	}
}
