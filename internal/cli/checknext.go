package cli

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"emrguard/internal/config"
	"emrguard/internal/emr"
)

// fine is a finding that all is well.
func fine(check, text string) finding { return finding{Status: statusOK, Check: check, Text: text} }

// problem is a finding of something that has to be mended.
func problem(check, text string) finding {
	return finding{Status: statusProblem, Check: check, Text: text}
}

// nextSteps is the end of a check for people: what to do about each finding, the same thing once, or the next command.
func nextSteps(page checkPage) string {
	var b strings.Builder
	var said []string
	for _, f := range page.Findings {
		if f.Next == "" || slices.Contains(said, f.Scope+"\n"+f.Next) {
			continue
		}
		if said = append(said, f.Scope+"\n"+f.Next); len(said) == 1 {
			b.WriteString("\nWhat to do:\n")
		}
		about := f.Check
		if f.Scope != "" {
			about += " of scope " + f.Scope
		}
		fmt.Fprintf(&b, "\n%d. %s: %s\n", len(said), about, f.Next)
	}
	if page.Next != "" {
		fmt.Fprintf(&b, "\nNext: %s\n", page.Next)
	}
	return b.String()
}

// afterCheck is what to do when all is well.
func afterCheck(cfg *config.Config) string {
	file := " -c " + cfg.Name()
	return "emrguard run" + file + " watches until it is stopped; emrguard report" + file + " --since 24h sums up what it saw and did, or would have done."
}

// regionName is what a region's name may look like in a file that is proposed.
var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d+$`)

// firstConfig is the finding that there is no configuration yet, with one to begin with.
func firstConfig(d *Deps, name string) finding {
	region := "us-east-1"
	for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if r := d.Env(variable); regionName.MatchString(r) {
			region = r
			break
		}
	}
	f := problem("configuration", name+": there is no such file yet")
	f.Next = fmt.Sprintf(`save this as %s, put in your region and the names of your clusters, and run emrguard check again:

scopes:
  - name: prod
    region: %s
clusters:
  - match: {names: ["etl-*"]} # {} is every cluster
    mode: observe # decides, records and shows, and changes nothing

If there is one elsewhere, name it with -c or EMRGUARD_CONFIG. emrguard demo needs neither file nor AWS account.`, name, region)
	return f
}

// credentialsStep says where credentials come from.
func credentialsStep(s config.Scope) string {
	text := `emrguard finds credentials as every AWS SDK does: variables, the files of "aws configure", or the role of the machine. See whether
"aws sts get-caller-identity" answers here. With a profile: AWS_PROFILE=NAME emrguard check; if its session ended: aws sso login.`
	if s.RoleARN != "" {
		text += "\nThen the trust policy of " + s.RoleARN + " has to let them in (sts:AssumeRole"
		if s.ExternalID != "" {
			text += ", with the external id of the scope"
		}
		text += "), and they need the first policy that emrguard iam-policy prints."
	}
	return text
}

// permissionStep names the statements of the policy that are missing.
func permissionStep(cfg *config.Config, s config.Scope, op emr.Op, refusal *emr.Error) string {
	return missingStep(cfg.Allowing(s, op), s, "emrguard iam-policy -c "+cfg.Name(), refusal)
}

// pricesStep is permissionStep for an action of emrguard prices.
func pricesStep(cfg *config.Config, s config.Scope, action string, refusal *emr.Error) string {
	return missingStep(cfg.AllowingPrices(s, action), s, "emrguard iam-policy --prices -c "+cfg.Name(), refusal)
}

func missingStep(missing []config.Statement, s config.Scope, printedBy string, refusal *emr.Error) string {
	if strings.Contains(refusal.Message, "explicit deny") {
		return "an explicit deny refuses this, and no further statement helps: look at what AWS names above (a service control policy, a permissions\n" +
			"boundary), and whether the cluster has the tag emrguard=off or emrguard=observe."
	}
	principal := "the credentials emrguard runs with"
	if s.RoleARN != "" {
		principal = s.RoleARN
	}
	var names, texts []string
	for _, statement := range missing {
		text, err := json.MarshalIndent(statement, "", "  ")
		if err != nil {
			panic(err) // strings only
		}
		names, texts = append(names, statement.Sid), append(texts, string(text))
	}
	return fmt.Sprintf("the policy of %s lacks %s of what %s prints:\n%s", principal, strings.Join(names, ", "), printedBy, strings.Join(texts, ",\n"))
}

// clustersShown is how many names of clusters are shown.
const clustersShown = 8

// matchStep names the clusters that there are, where no rule matches one.
func matchStep(region string, clusters []emr.ClusterSummary) string {
	if len(clusters) == 0 {
		return "no cluster is up in " + region + ". Look at the region and the account above; clusters that start later are found by themselves."
	}
	var names []string
	for _, c := range clusters {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	more := ""
	if rest := len(names) - clustersShown; rest > 0 {
		names, more = names[:clustersShown], fmt.Sprintf(" and %d more", rest)
	}
	return "change match of a rule. The clusters there are called: " + strings.Join(names, ", ") + more + ". * stands for any characters."
}

// queueStep says how the queue of events is made.
func queueStep(s config.Scope) string {
	return fmt.Sprintf(`docs/events.md and deploy/terraform make queue and rule; the queue alone:
aws sqs create-queue --region %s --queue-name %s --attributes MessageRetentionPeriod=3600
Or remove events_queue: it is optional.`, s.Region, path.Base(s.EventsQueue))
}
