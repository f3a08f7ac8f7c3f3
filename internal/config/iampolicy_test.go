package config

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
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

// checkPolicy holds what has to be true of every policy.
func checkPolicy(t *testing.T, p Policy) {
	t.Helper()
	var back Policy
	if err := json.Unmarshal([]byte(p.JSON()), &back); err != nil {
		t.Error(err)
	}
	sids := map[string]bool{}
	denied := false
	for _, s := range p.Statement {
		if sids[s.Sid] {
			t.Errorf("%s is there twice", s.Sid)
		}
		sids[s.Sid] = true
		denied = denied || s.Effect == "Deny"
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" {
			continue
		}
		for _, a := range s.Action {
			if strings.HasSuffix(a, "*") {
				t.Errorf("%s allows %s", s.Sid, a)
			}
			if slices.Contains(s.Resource, "*") && a != "elasticmapreduce:ListClusters" {
				t.Errorf("%s allows %s on everything", s.Sid, a)
			}
			if (strings.HasSuffix(a, "ModifyInstanceGroups") || strings.HasSuffix(a, "AddInstanceGroups")) && !denied {
				t.Errorf("%s allows %s without regard to the opt-out tag", s.Sid, a)
			}
		}
	}
}
