package deploytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"emrguard/internal/config"
)

func TestTerraformIsFormatted(t *testing.T) {
	for name, text := range loadModule(t, deployed("terraform")).source {
		if !bytes.Equal(hclwrite.Format(text), text) {
			t.Errorf("%s is not formatted; run terraform fmt", name)
		}
	}
	if path, err := exec.LookPath("terraform"); err == nil {
		if out, err := exec.CommandContext(t.Context(), path, "fmt", "-check", "-diff", deployed("terraform")).CombinedOutput(); err != nil {
			t.Errorf("terraform fmt: %v\n%s", err, out)
		}
	}
}

// Every name that is used is declared, everything declared is used, and what a person sees has a description.
func TestTerraformReferencesHold(t *testing.T) {
	m := loadModule(t, deployed("terraform"))
	used := map[string]bool{}
	check := func(e hclsyntax.Expression) {
		for _, ref := range e.Variables() {
			root, name := ref.RootName(), second(ref)
			ok := false
			switch root {
			case "var":
				ok = m.variables[name] != nil
			case "local":
				ok = m.locals[name] != nil
			case "each":
				ok = name == "key" || name == "value"
			case "data":
				if len(ref) > 2 {
					if a, is := ref[2].(hcl.TraverseAttr); is {
						ok = m.data[name][a.Name] != nil
					}
				}
			default:
				ok = m.resources[root][name] != nil
			}
			if !ok {
				t.Errorf("%s: there is no %s.%s", ref.SourceRange(), root, name)
			}
			used[root+"."+name] = true
		}
	}
	var walk func(b *hclsyntax.Body)
	walk = func(b *hclsyntax.Body) {
		for _, a := range b.Attributes {
			check(a.Expr)
		}
		for _, inner := range b.Blocks {
			walk(inner.Body)
		}
	}
	for name, b := range m.variables {
		for _, v := range b.Body.Blocks {
			walk(v.Body)
		}
		if b.Body.Attributes["type"] == nil || b.Body.Attributes["description"] == nil {
			t.Errorf("variable %s has no type or no description", name)
		}
	}
	for name, b := range m.outputs {
		walk(b.Body)
		if b.Body.Attributes["description"] == nil {
			t.Errorf("output %s has no description", name)
		}
	}
	for _, e := range m.locals {
		check(e)
	}
	for _, byName := range m.resources {
		for _, b := range byName {
			walk(b.Body)
		}
	}
	for name := range m.variables {
		if !used["var."+name] {
			t.Errorf("variable %s is not used", name)
		}
	}
	for name := range m.locals {
		if !used["local."+name] {
			t.Errorf("local.%s is not used", name)
		}
	}
}

// hclValue is a value written in HCL.
func hclValue(t *testing.T, text string) cty.Value {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(text), "value", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return v
}

// The objects of the module's documentation, where the service runs and where the chart does.
const (
	ecsVariable = `{image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/emrguard:0.1.0", cluster_arn = "arn:aws:ecs:us-east-1:111122223333:cluster/main", vpc_id = "vpc-1",
		subnet_ids = {us-east-1a = "subnet-1", us-east-1b = "subnet-2"}, ingress_cidrs = {vpc = "10.0.0.0/8"}, token_secret_arns = {
		read = "arn:aws:secretsmanager:us-east-1:111122223333:secret:read", admin = "arn:aws:secretsmanager:us-east-1:111122223333:secret:admin"}}`
	ecsUnseen   = `{image = "i", cluster_arn = "c", vpc_id = "v", subnet_ids = {a = "s"}}`
	eksVariable = `{oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC"}`
	observeAll  = `[{match = {}, mode = "observe"}]`
)

// planned evaluates the whole module.
func planned(t *testing.T, region string, vars map[string]string) map[string]cty.Value {
	t.Helper()
	given := map[string]cty.Value{}
	for name, text := range vars {
		given[name] = hclValue(t, text)
	}
	w, err := loadModule(t, deployed("terraform")).with(region, given)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.plan()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// samePolicy holds the role's policy against what `emrguard iam-policy` prints for the configuration that the module gives out.
func samePolicy(plan map[string]cty.Value, extras ...config.Extra) error {
	cfg, err := config.Parse("emrguard.yaml", []byte(plan["output.config"].AsString()))
	if err != nil {
		return fmt.Errorf("%w\n%s", err, plan["output.config"].AsString())
	}
	policies := cfg.IAMPolicies(extras...) // those after the first are of roles that sinks name, which are somebody else's
	if len(policies) == 0 || policies[0].Principal != "" {
		return fmt.Errorf("%d policies", len(policies))
	}
	var got, want any
	role := plan["aws_iam_role_policy.emrguard.policy"].AsString()
	for text, into := range map[string]*any{role: &got, policies[0].Policy.JSON(): &want} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return err
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("emrguard iam-policy (-) and the module (+) differ for\n%s\n%s", plan["output.config"].AsString(), diff)
	}
	return nil
}

// Policies and schedules of rules, as short as they are valid.
const (
	hclPools     = `pools = [{name = "task", role = "TASK", min = 0, max = 9, scale_up = [{name = "up", metric = "ContainerPending", operator = "gt", threshold = 10, action = {type = "adjustment", count = 1}}]}]`
	hclSchedules = `pools = [{name = "task", role = "TASK", min = 0, max = 9, schedules = [{name = "night", cron = "0 20 * * *", target = 1}]}]`
	hclTerminate = `termination = {mode = "%s", policies = [{name = "idle", statements = [{metric = "IsIdle", operator = "gte", threshold = 1, evaluation_periods = 6}]}]}`
)

func TestTerraformRoleIsWhatIAMPolicyPrints(t *testing.T) {
	for name, c := range map[string]struct{ region, clusters, events string }{
		"observe":   {"us-east-1", observeAll, "true"},
		"no events": {"us-east-1", observeAll, "false"},
		"off":       {"us-east-1", `[{match = {}, mode = "off"}]`, "true"},
		"enforce":   {"eu-west-1", `[{match = {names = ["etl-*"]}, mode = "enforce", recovery = {after = "20m", fallback = ["same", {types = ["m5a.2xlarge"]}]}}]`, "true"},
		"selective": {"us-east-1", `[{match = {tags = {team = "data", stage = "prod"}}, mode = "enforce"}, {match = {ids = ["j-B", "j-A"]}, mode = "enforce"}, {match = {tags = {team = "web"}, ids = ["j-C"]}, mode = "observe"}]`, "true"},
		"china":     {"cn-north-1", observeAll, "true"},
		"elsewhere": {"us-east-1", `[{match = {ids = ["j-A"]}, mode = "enforce", ` + hclSchedules + `}, {match = {scopes = ["prod"]}, mode = "observe", ` + hclPools + `}]`, "true"},
		"terminate": {"us-east-1", `[{match = {tags = {team = "data"}}, mode = "enforce", ` + fmt.Sprintf(hclTerminate, "enforce") + `}, {match = {ids = ["j-B"]}, mode = "enforce", ` + fmt.Sprintf(hclTerminate, "observe") + `}]`, "true"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := samePolicy(planned(t, c.region, map[string]string{"run_on": `"ec2"`, "clusters": c.clusters, "events": c.events})); err != nil {
				t.Error(err)
			}
		})
	}
}

// Each option adds to the role what iam-policy adds for the same configuration, and the configuration has the sinks.
func TestTerraformOptionsAreWhatIAMPolicyPrints(t *testing.T) {
	const (
		topic = `{name = "topic", sns = {topic_arn = "arn:aws:sns:us-east-1:111122223333:b"}}`
		bus   = `{name = "bus", eventbridge = {bus_arn = "arn:aws:events:us-east-1:111122223333:event-bus/default"}}`
		other = `{name = "other", sns = {topic_arn = "arn:aws:sns:us-east-1:444455556666:c", role_arn = "arn:aws:iam::444455556666:role/publish"}}, {name = "others", eventbridge = {bus_arn = "arn:aws:events:us-east-1:444455556666:event-bus/x", role_arn = "arn:aws:iam::444455556666:role/a"}}`
		more  = `{name = "more", sns = {topic_arn = "arn:aws:sns:us-east-1:111122223333:a"}}, {name = "again", sns = {topic_arn = "arn:aws:sns:us-east-1:111122223333:b"}}`
		chat  = `{name = "chat", slack = {url_env = "SLACK_URL"}}, {name = "mail", smtp = {server = "smtp.example.com:587", from = "a@example.com", to = ["b@example.com"]}}`
	)
	for name, c := range map[string]struct {
		notify string
		prices bool
		has    []string // actions
	}{
		"nothing":              {`{}`, false, nil},
		"prices":               {`{}`, true, []string{"pricing:GetProducts", "ec2:DescribeSpotPriceHistory"}},
		"a topic":              {`{sinks = [` + topic + `]}`, false, []string{"sns:Publish"}},
		"a bus":                {`{sinks = [` + bus + `], routes = [{sinks = ["bus"], severity = "critical"}]}`, false, []string{"events:PutEvents"}},
		"roles of others":      {`{sinks = [` + other + `]}`, false, []string{"sts:AssumeRole"}},
		"what needs no policy": {`{sinks = [` + chat + `]}`, false, nil},
		"everything":           {`{sinks = [` + strings.Join([]string{other, topic, chat, more, bus}, ", ") + `]}`, true, []string{"sns:Publish", "events:PutEvents", "sts:AssumeRole", "pricing:GetProducts"}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := planned(t, "us-east-1", map[string]string{"run_on": `"ec2"`, "clusters": observeAll, "notify": c.notify, "prices": fmt.Sprint(c.prices)})
			var extras []config.Extra
			if c.prices {
				extras = append(extras, config.ForPrices)
			}
			if err := samePolicy(plan, extras...); err != nil {
				t.Error(err)
			}
			role, conf := plan["aws_iam_role_policy.emrguard.policy"].AsString(), plan["output.config"].AsString()
			for _, action := range []string{"sns:Publish", "events:PutEvents", "sts:AssumeRole", "pricing:GetProducts", "ec2:DescribeSpotPriceHistory"} {
				wanted := slices.Contains(c.has, action) || c.prices && strings.HasPrefix(action, "ec2:")
				if strings.Contains(role, action) != wanted {
					t.Errorf("%s: wanted is %v in %s", action, wanted, role)
				}
			}
			if strings.Contains(conf, "notify") != (c.notify != `{}`) {
				t.Error(conf)
			}
		})
	}
}

func TestTerraformRoleIsWhatIAMPolicyPrintsForAnyRules(t *testing.T) {
	m := loadModule(t, deployed("terraform"))
	rapid.Check(t, func(rt *rapid.T) {
		var rules []string
		for range rapid.IntRange(0, 4).Draw(rt, "rules") {
			var match []string
			if rapid.Bool().Draw(rt, "tagged") {
				tags := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{`team = "data"`, `stage = "prod + test"`, `"emr:x" = "1"`}), 1, 2, rapid.ID[string]).Draw(rt, "tags")
				match = append(match, "tags = {"+strings.Join(tags, ", ")+"}")
			}
			if rapid.Bool().Draw(rt, "byID") {
				ids := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{`"j-A"`, `"j-B"`, `"j-C"`}), 1, 3, rapid.ID[string]).Draw(rt, "ids")
				match = append(match, "ids = ["+strings.Join(ids, ", ")+"]")
			}
			rule := fmt.Sprintf("match = {%s}, mode = %q", strings.Join(match, ", "), rapid.SampledFrom([]string{"off", "observe", "enforce"}).Draw(rt, "mode"))
			for _, part := range []string{
				rapid.SampledFrom([]string{"", hclPools, hclSchedules}).Draw(rt, "pools"),
				rapid.SampledFrom([]string{"", fmt.Sprintf(hclTerminate, "observe"), fmt.Sprintf(hclTerminate, "enforce")}).Draw(rt, "termination"),
			} {
				if part != "" {
					rule += ", " + part
				}
			}
			rules = append(rules, "{"+rule+"}")
		}
		w, err := m.with("us-east-1", map[string]cty.Value{
			"run_on": cty.StringVal("ec2"), "clusters": hclValue(t, "["+strings.Join(rules, ", ")+"]"), "events": cty.BoolVal(rapid.Bool().Draw(rt, "events")),
		})
		if err != nil {
			rt.Fatal(err)
		}
		plan, err := w.plan()
		if err != nil {
			rt.Fatal(err)
		}
		if err := samePolicy(plan); err != nil {
			rt.Fatal(err)
		}
	})
}

// statement is one of a policy document, with strings and lists of them as IAM takes either.
type statement struct {
	Sid, Effect string
	Action      any
	Resource    any
	Principal   any
	Condition   map[string]map[string]any
}

// Everything evaluates wherever it runs, and every policy document is closed: a principal that is named or a role's own, no action by "*".
func TestTerraformPoliciesAreClosed(t *testing.T) {
	for name, vars := range map[string]map[string]string{
		"ecs":           {"run_on": `"ecs"`, "ecs": ecsVariable, "clusters": observeAll, "permissions_boundary": `"arn:aws:iam::111122223333:policy/boundary"`},
		"ecs unseen":    {"run_on": `"ecs"`, "ecs": ecsUnseen, "clusters": observeAll, "events": "false"},
		"eks":           {"run_on": `"eks"`, "eks": eksVariable, "clusters": observeAll},
		"pod identity":  {"run_on": `"eks"`, "eks": `{pod_identity = {cluster_name = "main"}}`, "clusters": observeAll},
		"ec2":           {"run_on": `"ec2"`, "clusters": observeAll, "scope_settings": `{api_share = 0.25}`, "settings": `{log = {level = "debug"}}`},
		"ec2, no queue": {"run_on": `"ec2"`, "clusters": observeAll, "events": "false"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := planned(t, "us-east-1", vars)
			if err := samePolicy(plan); err != nil {
				t.Error(err)
			}
			seen := 0
			for _, address := range slices.Sorted(maps.Keys(plan)) {
				if !strings.HasSuffix(address, "policy") || !strings.HasPrefix(address, "aws_") || strings.Contains(address, "redrive") {
					continue
				}
				seen++
				var doc struct {
					Version   string
					Statement []statement
				}
				if err := json.Unmarshal([]byte(plan[address].AsString()), &doc); err != nil {
					t.Fatalf("%s: %v", address, err)
				}
				if doc.Version != "2012-10-17" || len(doc.Statement) == 0 {
					t.Errorf("%s: %+v", address, doc)
				}
				for _, s := range doc.Statement {
					actions, principal := fmt.Sprint(s.Action), fmt.Sprint(s.Principal)
					if s.Effect != "Allow" && s.Effect != "Deny" || strings.Contains(actions, "*") || strings.Contains(principal, "*") {
						t.Errorf("%s: %+v", address, s)
					}
				}
			}
			if seen < 2 {
				t.Errorf("%d policies", seen)
			}
		})
	}
}

// The queue takes messages from the rule alone, and what cannot be delivered or decided on is kept.
func TestTerraformQueueIsForTheRuleAlone(t *testing.T) {
	plan := planned(t, "us-east-1", map[string]string{"run_on": `"ec2"`, "clusters": observeAll})
	for _, queue := range []string{"events", "dead"} {
		policy := plan["aws_sqs_queue_policy.events."+queue+".policy"].AsString()
		for _, part := range []string{`"Service":"events.amazonaws.com"`, `"Action":"sqs:SendMessage"`, `"aws:SourceArn":"arn:aws:events:us-east-1:111122223333:emrguard-events"`} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: no %s in %s", queue, part, policy)
			}
		}
	}
	if got := plan["aws_sqs_queue.events.redrive_policy"].AsString(); !strings.Contains(got, ":emrguard-events-dead") {
		t.Errorf("redrive: %s", got)
	}
	// docs/events.md says the same for people who do it by hand.
	pattern := plan["aws_cloudwatch_event_rule.emr.event_pattern"].AsString()
	for _, kind := range []string{"EMR Instance Group State Change", "EMR Instance Group Resize", "EMR Instance Group Provisioning", "EMR Cluster State Change"} {
		if !strings.Contains(pattern, kind) || !strings.Contains(read(t, "../../docs/events.md"), kind) {
			t.Errorf("%s is not in both, the rule and docs/events.md", kind)
		}
	}
}

func TestTerraformServiceNeverRunsTwice(t *testing.T) {
	plan := planned(t, "us-east-1", map[string]string{"run_on": `"ecs"`, "ecs": ecsVariable, "clusters": observeAll})
	const service = "aws_ecs_service.emrguard.emrguard."
	for name, want := range map[string]cty.Value{
		"desired_count": cty.NumberIntVal(1), "deployment_maximum_percent": cty.NumberIntVal(100), "deployment_minimum_healthy_percent": cty.NumberIntVal(0),
		"availability_zone_rebalancing": cty.StringVal("DISABLED"), "launch_type": cty.StringVal("FARGATE"),
	} {
		if got := plan[service+name]; !got.RawEquals(want) {
			t.Errorf("%s is %#v, want %#v", name, got, want)
		}
	}
}

// The task runs what the image has, as the image's user, on a root file system that it cannot write to, and its configuration is valid.
func TestTerraformTaskFitsTheImage(t *testing.T) {
	type pair struct{ Name, Value, ValueFrom string }
	for name, c := range map[string]struct {
		ecs, listen string
		secrets     int
	}{
		"with tokens":   {ecsVariable, "0.0.0.0:8470", 2},
		"nobody enters": {ecsUnseen, "127.0.0.1:8470", 0},
	} {
		t.Run(name, func(t *testing.T) {
			plan := planned(t, "us-east-1", map[string]string{
				"run_on": `"ecs"`, "ecs": c.ecs, "clusters": observeAll, "settings": `{web = {public_url = "https://emrguard.example.com"}}`,
			})
			var containers []struct {
				User                   string
				ReadonlyRootFilesystem bool
				Command                []string
				Environment, Secrets   []pair
				HealthCheck            struct{ Command []string }
				MountPoints            []struct{ ContainerPath string }
			}
			if err := json.Unmarshal([]byte(plan["aws_ecs_task_definition.emrguard.emrguard.container_definitions"].AsString()), &containers); err != nil {
				t.Fatal(err)
			}
			image, task := containerImage(t), containers[0]
			if task.User != image.is["USER"] || !task.ReadonlyRootFilesystem || task.MountPoints[0].ContainerPath != image.is["WORKDIR"] {
				t.Errorf("%+v does not fit %+v", task, image.is)
			}
			if want := []string{"CMD", image.entrypoint[0], "health", "-c", "env:EMRGUARD_YAML"}; !slices.Equal(task.HealthCheck.Command, want) {
				t.Errorf("health is asked by %q, want %q", task.HealthCheck.Command, want)
			}
			env := map[string]string{}
			for _, e := range task.Environment {
				env[e.Name] = e.Value
			}
			for _, s := range task.Secrets {
				env[s.Name] = "value-of-" + s.ValueFrom
			}
			cfg, err := config.Parse("env:EMRGUARD_YAML", []byte(env["EMRGUARD_YAML"]))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := cfg.Tokens(func(name string) string { return env[name] }); err != nil || len(task.Secrets) != c.secrets {
				t.Errorf("%d secrets: %v", len(task.Secrets), err)
			}
			if cfg.Web.PublicURL != "https://emrguard.example.com" || cfg.Listen != c.listen || cfg.StorePath() != image.is["WORKDIR"]+"/emrguard.db" {
				t.Errorf("listen %s, store %s, web %+v", cfg.Listen, cfg.StorePath(), cfg.Web)
			}
		})
	}
}

func TestTerraformRefusesWhatCannotWork(t *testing.T) {
	m := loadModule(t, deployed("terraform"))
	for name, c := range map[string]struct {
		vars map[string]string
		text string
	}{
		"nowhere":     {map[string]string{"run_on": `"lambda"`, "clusters": observeAll}, "run_on: ecs, eks or ec2"},
		"no service":  {map[string]string{"run_on": `"ecs"`, "clusters": observeAll}, "ecs: needed with run_on"},
		"no provider": {map[string]string{"run_on": `"eks"`, "clusters": observeAll}, "eks: needed with run_on"},
		"two ways":    {map[string]string{"run_on": `"eks"`, "clusters": observeAll, "eks": strings.Replace(eksVariable, "{", `{pod_identity = {cluster_name = "main"}, `, 1)}, "oidc_provider_arn or pod_identity"},
		"no way":      {map[string]string{"run_on": `"eks"`, "clusters": observeAll, "eks": `{}`}, "oidc_provider_arn or pod_identity"},
		"no subnet":   {map[string]string{"run_on": `"ecs"`, "clusters": observeAll, "ecs": `{image = "i", cluster_arn = "c", vpc_id = "v", subnet_ids = {}}`}, "no subnet"},
		"its own":     {map[string]string{"run_on": `"ecs"`, "clusters": observeAll, "ecs": strings.Replace(ecsUnseen, "{", `{environment = {EMRGUARD_YAML = "x"}, `, 1)}, "no EMRGUARD_ variables"},
		"twice":       {map[string]string{"run_on": `"ecs"`, "clusters": observeAll, "ecs": strings.Replace(ecsUnseen, "{", `{environment = {A = "x"}, secrets = {A = "arn:aws:secretsmanager:us-east-1:111122223333:secret:a"}, `, 1)}, "in environment and in secrets"},
		"no secret":   {map[string]string{"run_on": `"ecs"`, "clusters": observeAll, "ecs": strings.Replace(ecsUnseen, "{", `{secrets = {A = "hunter2"}, `, 1)}, "not the ARN of one in Secrets Manager"},
		"no mode":     {map[string]string{"run_on": `"ec2"`, "clusters": `[{match = {}}]`}, "each rule needs match"},
		"notify":      {map[string]string{"run_on": `"ec2"`, "clusters": observeAll, "settings": `{notify = {sinks = []}}`}, "it has a variable of its own"},
		"two roles":   {map[string]string{"run_on": `"ec2"`, "clusters": observeAll, "scope_settings": `{role_arn = "r"}`}, "no role_arn"},
		"name":        {map[string]string{"run_on": `"ec2"`, "clusters": observeAll, "name": `"a b"`}, "name: a letter"},
		"no rules":    {map[string]string{"run_on": `"ec2"`}, "variable clusters is not given"},
		"admin only":  {map[string]string{"run_on": `"ecs"`, "clusters": observeAll, "ecs": strings.Replace(ecsUnseen, "{", `{token_secret_arns = {admin = "arn:aws:secretsmanager:us-east-1:111122223333:secret:admin"}, `, 1)}, "token_secret_arns has read, or read and admin"},
	} {
		t.Run(name, func(t *testing.T) {
			given := map[string]cty.Value{}
			for name, text := range c.vars {
				given[name] = hclValue(t, text)
			}
			if _, err := m.with("us-east-1", given); err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v, want %q", err, c.text)
			}
		})
	}
}

// exampleVariables are the attributes of the module's block in the example of its page.
func exampleVariables(t *testing.T) hclsyntax.Attributes {
	t.Helper()
	_, text, _ := strings.Cut(read(t, deployed("terraform/README.md")), "```hcl\n")
	text, _, _ = strings.Cut(text, "```")
	if got := string(hclwrite.Format([]byte(text))); got != text {
		t.Errorf("the example is not formatted:\n%s", got)
	}
	file, diags := hclsyntax.ParseConfig([]byte(text), "README.md", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return file.Body.(*hclsyntax.Body).Blocks[0].Body.Attributes //nolint:forcetypeassert // of a file in HCL's own syntax
}

// The example of the module's page gives variables that there are, and all that have no default.
func TestTerraformExampleFitsTheVariables(t *testing.T) {
	m := loadModule(t, deployed("terraform"))
	given := exampleVariables(t)
	for name := range given {
		if name != "source" && m.variables[name] == nil {
			t.Errorf("there is no variable %s", name)
		}
	}
	for name, b := range m.variables {
		if b.Body.Attributes["default"] == nil && given[name] == nil {
			t.Errorf("variable %s has no default and is not given", name)
		}
	}
	want, _, diags := typeexpr.TypeConstraintWithDefaults(m.variables["ecs"].Body.Attributes["type"].Expr)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	keys, diags := hcl.ExprMap(given["ecs"].Expr)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, k := range keys {
		if name := hcl.ExprAsKeyword(k.Key); !want.HasAttribute(name) {
			t.Errorf("ecs has no %q", name)
		}
	}
}

// What a configuration gives the module may be made by the same apply: nothing of AWS's is known then, and yet Terraform has to know what there will be.
func TestTerraformPlansBeforeAnythingIsMade(t *testing.T) {
	unknown := cty.UnknownVal(cty.String)
	object := cty.ObjectVal
	secret := object(map[string]cty.Value{"arn": unknown})
	around := &hcl.EvalContext{Functions: functions, Variables: map[string]cty.Value{
		"aws_ecs_cluster":           object(map[string]cty.Value{"main": object(map[string]cty.Value{"arn": unknown})}),
		"aws_secretsmanager_secret": object(map[string]cty.Value{"read": secret, "admin": secret, "slack": secret}),
		"aws_sns_topic":             object(map[string]cty.Value{"alarms": object(map[string]cty.Value{"arn": unknown})}),
		"module": object(map[string]cty.Value{"vpc": object(map[string]cty.Value{
			"vpc_id": unknown, "vpc_cidr_block": unknown, "private_subnets": cty.TupleVal([]cty.Value{unknown, unknown}),
			"azs": cty.TupleVal([]cty.Value{cty.StringVal("us-east-1a"), cty.StringVal("us-east-1b")}),
		})}),
	}}
	example := map[string]hcl.Expression{}
	for name, a := range exampleVariables(t) {
		if name != "source" {
			example[name] = a.Expr
		}
	}
	with := func(changes map[string]string) map[string]hcl.Expression {
		out := maps.Clone(example)
		for name, text := range changes {
			e, diags := hclsyntax.ParseExpression([]byte(text), name, hcl.InitialPos)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			out[name] = e
		}
		return out
	}
	const service = "aws_ecs_service.emrguard.emrguard.name"
	for name, c := range map[string]struct {
		given map[string]hcl.Expression
		made  []string // attributes of what there will be
	}{
		"the example of the page": {example, []string{
			service, "aws_iam_role_policy.secrets.emrguard.name", "aws_vpc_security_group_ingress_rule.page.vpc.cidr_ipv4", "aws_sqs_queue_policy.events.dead.policy",
			"aws_efs_mount_target.state.us-east-1a.subnet_id", "aws_efs_mount_target.state.us-east-1b.subnet_id",
		}},
		"all that can be unknown": {with(map[string]string{
			"notify": `{sinks = [{name = "topic", sns = {topic_arn = aws_sns_topic.alarms.arn}}]}`,
			"ecs": `{image = aws_ecs_cluster.main.arn, cluster_arn = aws_ecs_cluster.main.arn, vpc_id = module.vpc.vpc_id, subnet_ids = {a = module.vpc.private_subnets[0]},
				ingress_cidrs = {vpc = module.vpc.vpc_cidr_block}, egress = {mail = {port = 587, cidr = module.vpc.vpc_cidr_block}}, environment = {A = module.vpc.vpc_id},
				token_secret_arns = {read = aws_secretsmanager_secret.read.arn}, secrets = {SLACK_URL = "${aws_secretsmanager_secret.slack.arn}:url::"}}`,
		}), []string{
			service, "aws_iam_role_policy.secrets.emrguard.name", "aws_vpc_security_group_ingress_rule.page.vpc.cidr_ipv4", "aws_vpc_security_group_egress_rule.more.mail.cidr_ipv4",
			"aws_efs_mount_target.state.a.subnet_id",
		}},
		"a cluster of EKS and its provider": {with(map[string]string{
			"run_on": `"eks"`, "ecs": `null`, "eks": `{oidc_provider_arn = aws_ecs_cluster.main.arn}`,
		}), []string{"aws_iam_role.emrguard.name"}},
		"a cluster of EKS with Pod Identity": {with(map[string]string{
			"run_on": `"eks"`, "ecs": `null`, "eks": `{pod_identity = {cluster_name = aws_ecs_cluster.main.arn}}`,
		}), []string{"aws_eks_pod_identity_association.emrguard.cluster_name"}},
	} {
		t.Run(name, func(t *testing.T) {
			given := map[string]cty.Value{}
			for name, e := range c.given {
				v, diags := e.Value(around)
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				given[name] = v
			}
			w, err := loadModule(t, deployed("terraform")).with("us-east-1", given)
			if err != nil {
				t.Fatal(err)
			}
			w.unmade = true
			plan, err := w.plan()
			if err != nil {
				t.Fatal(err)
			}
			for _, address := range c.made {
				if _, ok := plan[address]; !ok {
					t.Errorf("no %s in the plan: %q", address, slices.Sorted(maps.Keys(plan)))
				}
			}
		})
	}
}

// The service of EKS Pod Identity takes the role for one service account of one cluster alone, with which it is associated.
func TestTerraformTrustsOnePodIdentity(t *testing.T) {
	plan := planned(t, "us-east-1", map[string]string{"run_on": `"eks"`, "eks": `{pod_identity = {cluster_name = "main"}, namespace = "guards"}`, "clusters": observeAll})
	trust := plan["aws_iam_role.emrguard.assume_role_policy"].AsString()
	for _, part := range []string{
		`"Service":"pods.eks.amazonaws.com"`, `"Action":["sts:AssumeRole","sts:TagSession"]`, `"aws:RequestTag/eks-cluster-name":"main"`,
		`"aws:RequestTag/kubernetes-namespace":"guards"`, `"aws:RequestTag/kubernetes-service-account":"emrguard"`,
	} {
		if !strings.Contains(trust, part) {
			t.Errorf("no %s in %s", part, trust)
		}
	}
	for name, want := range map[string]string{"cluster_name": "main", "namespace": "guards", "service_account": "emrguard"} {
		if got := plan["aws_eks_pod_identity_association.emrguard."+name].AsString(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// Further variables of the container: values as they are, and secrets, which ECS alone may read. A sink that needs one starts with it.
func TestTerraformTaskHasVariablesAndSecrets(t *testing.T) {
	const slack = "arn:aws:secretsmanager:us-east-1:111122223333:secret:chat-AbCdEf"
	plan := planned(t, "us-east-1", map[string]string{
		"run_on": `"ecs"`, "clusters": observeAll, "notify": `{sinks = [{name = "chat", slack = {url_env = "SLACK_URL"}}]}`,
		"ecs": strings.Replace(ecsVariable, "{", `{environment = {OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector:4318"}, secrets = {SLACK_URL = "`+slack+`:url::"},
			egress = {traces = {port = 4318, cidr = "10.1.0.0/16"}}, `, 1),
	})
	containers := plan["aws_ecs_task_definition.emrguard.emrguard.container_definitions"].AsString()
	for _, part := range []string{`{"name":"OTEL_EXPORTER_OTLP_ENDPOINT","value":"http://collector:4318"}`, `{"name":"SLACK_URL","valueFrom":"` + slack + `:url::"}`} {
		if !strings.Contains(containers, part) {
			t.Errorf("no %s in %s", part, containers)
		}
	}
	policy := plan["aws_iam_role_policy.secrets.emrguard.policy"].AsString()
	if !strings.Contains(policy, `:secret:read","`+slack+`"]`) {
		t.Errorf("the secrets that ECS may read: %s", policy)
	}
	if got := plan["aws_vpc_security_group_egress_rule.more.traces.to_port"]; !got.RawEquals(cty.NumberIntVal(4318)) {
		t.Errorf("egress to %#v", got)
	}
}
