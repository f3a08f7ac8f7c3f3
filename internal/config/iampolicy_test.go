package config

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"emrguard/internal/emr"
)

func TestIAMPolicies(t *testing.T) {
	for name, text := range map[string]string{
		"observe": small + "clusters: [{match: {}, mode: observe}, {match: {ids: [j-A]}, mode: off}]\n",
		"off":     small + "clusters: [{match: {}, mode: off}]\n",
		"selective": `
scopes: [{name: prod, region: us-east-1}]
clusters:
  - {match: {tags: {team: data, stage: prod}}, mode: enforce}
  - {match: {ids: [j-B, j-A]}, mode: enforce}
  - {match: {tags: {team: web}, ids: [j-C]}, mode: observe}
`,
		"events": `
scopes: [{name: prod, region: cn-north-1, events_queue: "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/emr-events"}]
clusters: [{match: {}, mode: observe}]
`,
		"metrics": small + `
clusters:
  - match: {tags: {team: data}}
    mode: observe
    termination: {mode: enforce, policies: [{name: idle, statements: [{metric: IsIdle, operator: gte, threshold: 1, evaluation_periods: 6}]}]}
  - {match: {}, mode: enforce}
`,
		"terminate": `
scopes: [{name: prod, region: us-east-1}, {name: dev, region: us-west-2}, {name: plain, region: eu-west-1}]
clusters:
  - match: {scopes: [dev], tags: {team: data}}
    mode: enforce
    termination: {mode: enforce, policies: [{name: idle, statements: [{metric: IsIdle, operator: gte, threshold: 1, evaluation_periods: 6}]}]}
  - match: {scopes: [dev], ids: [j-B]}
    mode: enforce
    termination: {mode: observe, policies: [{name: idle, statements: [{metric: IsIdle, operator: gte, threshold: 1, evaluation_periods: 6}]}]}
  - match: {scopes: [prod]}
    mode: enforce
    pools: [{name: task, role: TASK, min: 0, max: 9, scale_up: [{name: up, metric: ContainerPending, operator: gt, threshold: 10, action: {type: adjustment, count: 1}}]}]
  - match: {scopes: [plain]}
    mode: enforce
    pools: [{name: task, role: TASK, min: 0, max: 9, schedules: [{name: night, cron: "0 20 * * *", target: 1}]}]
`,
		"roles": `
scopes:
  - {name: prod, region: us-east-1, role_arn: "arn:aws:iam::111122223333:role/emrguard"}
  - {name: west, region: us-west-2, role_arn: "arn:aws:iam::111122223333:role/emrguard"}
  - {name: china, region: cn-north-1, role_arn: "arn:aws-cn:iam::444455556666:role/emrguard"}
  - {name: own, region: eu-west-1}
clusters:
  - {match: {scopes: [prod], names: ["etl-*"]}, mode: enforce}
  - {match: {}, mode: observe}
`,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := mustParse(t, text)
			var b strings.Builder
			for _, p := range cfg.IAMPolicies() {
				b.WriteString("principal: " + p.Principal + "\n" + p.Policy.JSON())
				checkPolicy(t, p.Policy)
			}
			golden(t, "testdata/policy_"+name+".txt", b.String())
		})
	}
}

// Prices are allowed where they are asked for, to each principal for its own regions, and change nothing else.
func TestPricesAreAnExtraOfThePolicy(t *testing.T) {
	cfg := mustParse(t, `
scopes:
  - {name: prod, region: us-east-1, role_arn: "arn:aws:iam::111122223333:role/emrguard"}
  - {name: west, region: us-west-2, role_arn: "arn:aws:iam::111122223333:role/emrguard"}
  - {name: own, region: eu-west-1}
clusters: [{match: {}, mode: observe}]
`)
	plain, extra := cfg.IAMPolicies(), cfg.IAMPolicies(ForPrices)
	want := map[string][]string{"": {"eu-west-1"}, "arn:aws:iam::111122223333:role/emrguard": {"us-east-1", "us-west-2"}}
	for i, p := range extra {
		checkPolicy(t, p.Policy)
		var added []Statement
		for _, s := range p.Policy.Statement {
			if s.Action[0] == PriceListAction || s.Action[0] == SpotPriceAction {
				added = append(added, s)
			}
		}
		if len(added) != 2 || len(p.Policy.Statement) != len(plain[i].Policy.Statement)+2 || added[0].Condition != nil ||
			!slices.Equal(added[1].Condition["StringEquals"]["aws:RequestedRegion"], want[p.Principal]) {
			t.Errorf("%s: %+v", p.Principal, added)
		}
	}
	for _, s := range cfg.Scopes {
		for _, action := range []string{PriceListAction, SpotPriceAction} {
			if got := cfg.AllowingPrices(s, action); len(got) != 1 || got[0].Action[0] != action {
				t.Errorf("%s of %s: %+v", action, s.Name, got)
			}
		}
	}
}

// checkPolicy holds what has to be true of every policy.
func checkPolicy(t *testing.T, p Policy) {
	t.Helper()
	var back Policy
	if err := json.Unmarshal([]byte(p.JSON()), &back); err != nil {
		t.Error(err)
	}
	sids := map[string]bool{}
	denied := map[string]bool{}
	for _, s := range p.Statement {
		if sids[s.Sid] {
			t.Errorf("%s is there twice", s.Sid)
		}
		sids[s.Sid] = true
		for _, a := range s.Action {
			denied[a] = denied[a] || s.Effect == "Deny"
		}
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" {
			continue
		}
		for _, a := range s.Action {
			if strings.HasSuffix(a, "*") {
				t.Errorf("%s allows %s", s.Sid, a)
			}
			if slices.Contains(s.Resource, "*") && !slices.Contains([]string{"elasticmapreduce:ListClusters", "cloudwatch:GetMetricData", PriceListAction, SpotPriceAction}, a) {
				t.Errorf("%s allows %s on everything", s.Sid, a)
			}
			writes := []string{"elasticmapreduce:ModifyInstanceGroups", "elasticmapreduce:AddInstanceGroups", "elasticmapreduce:TerminateJobFlows"}
			if slices.Contains(writes, a) && !denied[a] {
				t.Errorf("%s allows %s without regard to the opt-out tag", s.Sid, a)
			}
		}
	}
}

// Each scope is pointed to the statements of its own principal and region.
func TestAllowingIsOfTheScope(t *testing.T) {
	cfg := mustParse(t, `
scopes:
  - {name: east, region: us-east-1, role_arn: "arn:aws:iam::111122223333:role/emrguard"}
  - {name: west, region: us-west-2, role_arn: "arn:aws:iam::111122223333:role/emrguard"}
  - {name: own, region: us-east-1}
clusters: [{match: {scopes: [west]}, mode: enforce}, {match: {}, mode: observe}]
`)
	for _, c := range []struct {
		scope int
		op    emr.Op
		want  string
	}{
		{0, emr.ListClusters, "Find0"},
		{1, emr.ListClusters, "Find3"},
		{2, emr.ListClusters, "Find0"},
		{0, emr.ListInstances, "Watch2"},
		{1, emr.ListInstances, "Watch5"},
		{0, emr.ModifyInstanceGroups, ""},
		{1, emr.ModifyInstanceGroups, "Repair6"},
	} {
		var sids []string
		for _, s := range cfg.Allowing(cfg.Scopes[c.scope], c.op) {
			sids = append(sids, s.Sid)
		}
		if got := strings.Join(sids, " "); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.op, cfg.Scopes[c.scope].Name, got, c.want)
		}
	}
}
