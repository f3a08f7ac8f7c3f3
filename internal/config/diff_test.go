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

func TestDiffOfScaling(t *testing.T) {
	before := mustParse(t, small+`
clusters:
  - match: {names: [a]}
    mode: enforce
    pools:
      - name: tasks
        role: TASK
        groups: [task]
        min: 1
        max: 9
        scale_up:
          - {name: more, metric: AppsPending, operator: gt, threshold: 5, action: {type: adjustment, count: 2}}
          - {name: other, namespace: Company/Jobs, metric: Backlog, operator: gte, threshold: 0.5, evaluation_periods: 3, action: {type: percentage_adjustment, percent: 20}}
        schedules:
          - {name: morning, cron: 0 8 * * *, target: 9}
      - {name: gone, role: TASK, groups: [gone], min: 1, max: 9}
`)
	after := mustParse(t, small+`
clusters:
  - match: {names: [a]}
    mode: enforce
    wrap: true
    max_instances: 100
    pools:
      - {name: new, role: TASK, groups: [new], min: 1, max: 9, scale_up: [{name: a, metric: M, operator: gt, threshold: 5, action: {type: adjustment, count: 2}}]}
      - name: tasks
        role: TASK
        groups: [task, task2]
        min: 1
        max: 20
        group: {type: m5.xlarge, volumes: [{type: gp3, size: 10}]}
        cooldown: {up: 6m}
        scale_up:
          - {name: floor, metric: AppsPending, operator: lt, threshold: 5, action: {type: set_min_target, target: 4}}
          - {name: more, metric: AppsPending, operator: gt, threshold: 0, cooldown: 0s, dimensions: [{name: Queue, value: x}], action: {type: adjustment, count: 3}}
        scale_down:
          - {name: ceiling, metric: AppsPending, operator: lte, threshold: 5, action: {type: set_max_target, target: 4}}
          - {name: reset, metric: AppsPending, operator: lte, threshold: 0, action: {type: update_capacity, target: 2, min: 0, max: 3}}
        schedules:
          - {name: morning, cron: 0 8 * * *, zone: Europe/Berlin, min: 5}
          - {name: night, cron: 0 20 * * *, zone: Europe/Berlin, target: 0, off: true}
    termination: {policies: [{name: idle, statements: [{metric: IsIdle, operator: gte, threshold: 1, evaluation_periods: 6}]}]}
  - {match: {ids: [j-A]}, mode: observe, wrap: true, pools: [{name: p, role: TASK, min: 1, max: 2}]}
`)
	var lines []string
	for _, c := range append(Diff(before, after), Diff(after, before)...) {
		lines = append(lines, c.String())
	}
	golden(t, "testdata/diff_scaling.txt", strings.Join(lines, "\n")+"\n")
	if d := Diff(after, after); len(d) != 0 {
		t.Errorf("a configuration differs from itself: %v", d)
	}
}
