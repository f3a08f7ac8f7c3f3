package config

import (
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	before := mustParse(t, `
store: sqlite:a.db
log: {level: info}
scopes:
  - {name: prod, region: us-east-1, sweep: 5m}
  - {name: dev, region: eu-west-1}
clusters:
  - {match: {names: [a]}, mode: enforce}
  - {match: {names: [b]}, mode: enforce}
  - {match: {tags: {team: x}}, mode: enforce}
  - {match: {names: [a]}, mode: off}
`)
	after := mustParse(t, `
store: sqlite:b.db
listen: none
log: {level: debug, format: json}
scopes:
  - {name: prod, region: us-east-2, sweep: 10m, api_rates: {ListInstances: {burst: 20, per_second: 1.5}}}
  - {name: test, region: eu-west-1}
clusters:
  - {match: {names: [b]}, mode: observe, recovery: {after: 45m}}
  - {match: {names: [a]}, mode: enforce}
  - {match: {ids: [j-A], scopes: [prod]}, mode: off}
  - {match: {names: [a]}, mode: observe}
`)
	var lines []string
	for _, c := range Diff(before, after) {
		lines = append(lines, c.String())
	}
	golden(t, "testdata/diff.txt", strings.Join(lines, "\n")+"\n")
	if d := Diff(before, before); len(d) != 0 {
		t.Errorf("a configuration differs from itself: %v", d)
	}
}
