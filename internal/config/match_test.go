package config

import (
	"maps"
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
)

func TestMatchName(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"etl-*", "etl-nightly", true},
		{"etl-*", "etl-", true},
		{"etl-*", "my-etl-x", false},
		{"*", "", true},
		{"*", "team/etl", true},
		{"team/*", "team/a/b", true},
		{"*etl*", "xx-etl-yy", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"a?c", "aßc", true},
		{"ETL", "etl", false},
		{`a\*`, "a*", true},
		{`a\*`, "ab", false},
		{`a\\b`, `a\b`, true},
		{`\[x\]`, "[x]", true},
		{"a*b*c", "axxbyyc", true},
		{"a*b*c", "axxbyy", false},
		{"a*b", "ab c b", true},
		{"", "", true},
		{strings.Repeat("*a", 50) + "*", strings.Repeat("a", 49), false},
	} {
		if got := emr.Like(c.pattern, c.name); got != c.want {
			t.Errorf("Like(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

// Without a slash in the name the patterns mean what path.Match means by them.
func TestMatchNameAgreesWithPathMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune(`ab*?\`)), 0, 8, -1).Draw(t, "pattern")
		name := rapid.StringOfN(rapid.SampledFrom([]rune(`ab*\`)), 0, 10, -1).Draw(t, "name")
		if badPattern(pattern) != "" {
			t.Skip("not a pattern")
		}
		want, err := path.Match(pattern, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := emr.Like(pattern, name); got != want {
			t.Fatalf("Like(%q, %q) = %v", pattern, name, got)
		}
	})
}

const rules = `
scopes:
  - {name: prod, region: us-east-1}
  - {name: dev, region: eu-west-1}
clusters:
  - match: {names: ["etl-*"], tags: {team: data}, ids: [j-A, j-B]}
    mode: enforce
    recovery: {after: 20m}
  - match: {tags: {team: web}}
    mode: off
  - match: {scopes: [dev]}
    mode: enforce
  - match: {names: ["shared", "web-?"]}
    mode: observe
`

func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	cfg, err := Parse("emrguard.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func cluster(id, name string, tags map[string]string) emr.Cluster {
	return emr.Cluster{ClusterSummary: emr.ClusterSummary{ID: emr.ClusterID(id), Name: name}, Tags: tags}
}

func TestFor(t *testing.T) {
	cfg := mustParse(t, rules)
	data, web := map[string]string{"team": "data"}, map[string]string{"team": "web"}
	tagged := func(base map[string]string, value string) map[string]string {
		out := map[string]string{OptOutTag: value}
		maps.Copy(out, base)
		return out
	}
	for _, c := range []struct {
		name    string
		scope   string
		cluster emr.Cluster
		mode    Mode
		rule    int
		why     string // a part of it
	}{
		{"all keys hold", "prod", cluster("j-A", "etl-1", data), Enforce, 0, "mode enforce by emrguard.yaml:6 (clusters[0])"},
		{"the name does not hold", "prod", cluster("j-A", "ml-1", data), Off, -1, "no rule of emrguard.yaml matches"},
		{"the id does not hold", "prod", cluster("j-C", "etl-1", data), Off, -1, "left alone"},
		{"the tag's value does not hold", "prod", cluster("j-A", "etl-1", map[string]string{"team": "Data"}), Off, -1, "left alone"},
		{"first match wins", "dev", cluster("j-A", "etl-1", data), Enforce, 0, "clusters[0]"},
		{"an off rule stops the search", "dev", cluster("j-X", "shared", web), Off, 1, "mode off by emrguard.yaml:9"},
		{"scopes restrict", "dev", cluster("j-X", "any", nil), Enforce, 2, "emrguard.yaml:11"},
		{"one of the names", "prod", cluster("j-X", "web-1", nil), Observe, 3, "emrguard.yaml:13"},
		{"R12: tag off beats enforce", "prod", cluster("j-A", "etl-1", tagged(data, "off")), Off, 0, "by the cluster's tag emrguard=off, which beats mode enforce of emrguard.yaml:6"},
		{"R12: tag observe beats enforce", "prod", cluster("j-A", "etl-1", tagged(data, "Observe ")), Observe, 0, "tag emrguard=Observe"},
		{"R12: tag observe does not raise off", "prod", cluster("j-X", "shared", tagged(web, "observe")), Off, 1, "mode off by emrguard.yaml:9"},
		{"R12: tag enforce does not raise observe", "prod", cluster("j-X", "shared", tagged(nil, "enforce")), Observe, 3, "mode observe by"},
		{"R12: tag does not make a rule", "prod", cluster("j-X", "other", tagged(nil, "observe")), Off, -1, "left alone"},
		{"R12: an empty tag changes nothing", "dev", cluster("j-X", "x", tagged(nil, "")), Enforce, 2, "mode enforce by"},
		{"R12: an unknown value observes", "dev", cluster("j-X", "x", tagged(nil, "no")), Observe, 2, "counts as observe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := cfg.For(c.scope, c.cluster)
			if got.Mode != c.mode || got.Rule != c.rule || !strings.Contains(got.Why, c.why) {
				t.Errorf("got %s by rule %d: %s", got.Mode, got.Rule, got.Why)
			}
			if got.Rule == 0 && phrase.Duration(got.Settings.After) != "20m" || got.Rule > 0 && phrase.Duration(got.Settings.After) != "30m" {
				t.Errorf("after is %s", got.Settings.After)
			}
			if got.Mode != Off && !cfg.Candidate(c.scope, c.cluster.ClusterSummary) {
				t.Error("no candidate, yet not off")
			}
		})
	}
}

func TestCandidate(t *testing.T) {
	cfg := mustParse(t, rules)
	for _, c := range []struct {
		scope, id, name string
		want            bool
	}{
		{"prod", "j-A", "etl-1", true},   // rule 0, if its tags hold
		{"prod", "j-C", "etl-1", false},  // only the off rule could match
		{"prod", "j-C", "shared", true},  // rule 3, if not tagged web
		{"dev", "j-C", "anything", true}, // rule 2
	} {
		if got := cfg.Candidate(c.scope, emr.ClusterSummary{ID: emr.ClusterID(c.id), Name: c.name}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	off := mustParse(t, "scopes: [{name: a, region: us-east-1}]\nclusters: [{match: {ids: [j-A]}, mode: off}, {match: {}, mode: observe}]\n")
	if off.Candidate("a", emr.ClusterSummary{ID: "j-A"}) || !off.Candidate("a", emr.ClusterSummary{ID: "j-B"}) {
		t.Error("an off rule without tags decides by itself")
	}
}
