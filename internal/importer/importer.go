package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"emrguard/internal/config"
)

// Note is something the reader of the result should know: a part of the input that was not taken over, or was with a change.
type Note struct {
	Path    string // in the JSON text, for example mrScaler.scaling.up[0].action
	LeftOut bool   // false: it was taken over, and Text says how
	Text    string
}

// String is the note as a line.
func (n Note) String() string {
	word := "note"
	if n.LeftOut {
		word = "left out"
	}
	return fmt.Sprintf("%s: %s: %s", word, n.Path, n.Text)
}

// Rule is one mrScaler as a rule. Comments are those of config.RuleText.
type Rule struct {
	Rule     config.ClusterRule
	Comments map[string]string
}

// Result is what became of the input.
type Result struct {
	Rules []Rule // at least one; each is valid and has a pool or a termination
	Notes []Note // in the order of the conversion
}

// Text is the rules as the clusters of a configuration.
func (r Result) Text() string {
	var b strings.Builder
	b.WriteString("clusters:\n")
	for _, rule := range r.Rules {
		for line := range strings.Lines(config.RuleText(rule.Rule, rule.Comments)) {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}

// Summary counts what was taken over and what was not.
func (r Result) Summary() string {
	var pools, up, down, schedules, terminations, left int
	for _, rule := range r.Rules {
		s := rule.Rule.Scaling
		for _, p := range s.Pools {
			pools, up, down, schedules = pools+1, up+len(p.ScaleUp), down+len(p.ScaleDown), schedules+len(p.Schedules)
		}
		if s.Termination != nil {
			terminations += len(s.Termination.Policies)
		}
	}
	for _, n := range r.Notes {
		if n.LeftOut {
			left++
		}
	}
	return fmt.Sprintf("taken: %s, %s, %s, %s, %s, %s; left out: %s", count(len(r.Rules), "rule", "rules"), count(pools, "pool", "pools"),
		count(up, "policy up", "policies up"), count(down, "policy down", "policies down"), count(schedules, "schedule", "schedules"),
		count(terminations, "termination policy", "termination policies"), count(left, "part, named above", "parts, named above"))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// ErrNothing says that nothing of the input could be taken over.
var ErrNothing = errors.New("nothing could be taken over")

// maxScalers bounds the objects of one input, as the rules of a configuration are bounded.
const maxScalers = config.MaxRules

// Convert reads one mrScaler, a request or a list of them, or an answer of the REST API. Every rule has the mode. If nothing could be taken over,
// the error is ErrNothing and the notes say why; any other error means that the input is not such a text.
func Convert(data []byte, mode config.Mode) (Result, error) {
	root, err := parse(data)
	if err != nil {
		return Result{}, err
	}
	scalers, err := find(root)
	if err != nil {
		return Result{}, err
	}
	if len(scalers) > maxScalers {
		return Result{}, fmt.Errorf("%d mrScalers, more than the %d rules a configuration may have", len(scalers), maxScalers)
	}
	var out Result
	for _, s := range scalers {
		c := &converter{mode: mode, sources: map[string]string{}}
		rule, ok := c.scaler(s)
		if ok {
			out.Rules = append(out.Rules, rule)
		} else { // there is no rule that a remark could be about
			c.notes = slices.DeleteFunc(c.notes, func(n Note) bool { return !n.LeftOut })
		}
		out.Notes = append(out.Notes, c.notes...)
	}
	if len(out.Rules) == 0 {
		return out, ErrNothing
	}
	return out, nil
}

// find returns the mrScaler objects of the forms that the API and its clients use.
func find(root node) ([]node, error) {
	if items := root.get("response").get("items"); items.given() {
		root = items
	}
	if _, isList := root.value.([]any); isList {
		var out []node
		for _, entry := range root.list() {
			found, err := find(entry)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
		if len(out) == 0 {
			return nil, errors.New("the list holds no mrScaler")
		}
		return out, nil
	}
	if inner := root.get("mrScaler"); inner.given() {
		root = inner
	}
	for _, key := range []string{"strategy", "compute", "scaling", "coreScaling", "scheduling", "terminationPolicies"} {
		if root.get(key).given() {
			return []node{root}, nil
		}
	}
	where := ""
	if root.path != "" {
		where = " at " + root.path
	}
	if root.get("resource").given() {
		return nil, errors.New("this is Terraform's form; save the answer of GET /aws/emr/mrScaler/{id} instead")
	}
	return nil, fmt.Errorf("there is no mrScaler%s: want an object with strategy, compute, scaling, coreScaling, scheduling or terminationPolicies, alone, below mrScaler, or in response.items", where)
}
