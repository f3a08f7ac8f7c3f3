package importer

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"emrguard/internal/config"
	"emrguard/internal/recovery"
)

// header makes a rule a whole configuration.
const header = "scopes: [{name: scope, region: us-east-1}]\nclusters:\n"

// settle leaves out what the reader of the configuration refuses, until it takes the rule. It is false when nothing is left.
func (c *converter) settle() bool {
	for {
		if len(c.rule.Scaling.Pools) == 0 && c.rule.Scaling.Termination == nil {
			return false
		}
		var text strings.Builder
		text.WriteString(header)
		for line := range strings.Lines(config.RuleText(c.rule, nil)) {
			text.WriteString("  " + line)
		}
		_, err := config.Parse("rule", []byte(text.String()))
		if err == nil {
			return true
		}
		if !c.drop(err) {
			c.leave(c.root, "%v", err)
			return false
		}
	}
}

// parts are the paths of the rule down to what can be left out.
var parts = []*regexp.Regexp{
	regexp.MustCompile(`^pools\[(\d+)\]\.(scale_up|scale_down|schedules)\[(\d+)\]`),
	regexp.MustCompile(`^pools\[(\d+)\]\.(group)\b`),
	regexp.MustCompile(`^pools\[(\d+)\]`),
	regexp.MustCompile(`^termination\.policies\[(\d+)\]`),
	regexp.MustCompile(`^recovery\.fallback`),
}

// gone is a part of the rule that is left out, and why.
type gone struct {
	match []string // of the pattern of parts
	why   []string
}

// drop leaves out what the problems are about. It is false if they are about something that cannot be left out.
func (c *converter) drop(err error) bool {
	e := (*config.Error)(nil)
	if !errors.As(err, &e) {
		return false
	}
	var list []gone
	for _, p := range e.Problems {
		path := strings.TrimPrefix(p.Path, "clusters[0].")
		if strings.HasPrefix(path, "match") && len(c.rule.Match.Names) > 0 && c.rule.Match.Names[0] != unmatched {
			c.notes = append(c.notes, Note{c.sources["match"], true, p.Text})
			c.rule.Match = config.Match{Names: []string{unmatched}}
			c.comments["match"] = "# say which"
			return true
		}
		for _, part := range parts {
			m := part.FindStringSubmatch(path)
			if m == nil {
				continue
			}
			why := p.Text
			if below := strings.TrimPrefix(path, m[0]); below != "" && len(m) > 1 {
				why = strings.TrimPrefix(below, ".") + ": " + why
			}
			if i := slices.IndexFunc(list, func(g gone) bool { return g.match[0] == m[0] }); i >= 0 {
				list[i].why = append(list[i].why, why)
			} else {
				list = append(list, gone{m, []string{why}})
			}
			break
		}
	}
	for _, g := range list {
		from := c.sources[g.match[0]]
		if from == "" && len(g.match) > 2 {
			from = c.sources["pools["+g.match[1]+"]"]
		}
		c.notes = append(c.notes, Note{from, true, strings.Join(g.why, "; ")})
		for _, path := range slices.Sorted(maps.Keys(c.sources)) {
			if strings.HasPrefix(g.match[0], "pools") && strings.HasPrefix(path, g.match[0]+".") && !slices.ContainsFunc(list, func(o gone) bool { return o.match[0] == path }) {
				c.notes = append(c.notes, Note{c.sources[path], true, "its pool is left out"})
			}
		}
	}
	// What lies deeper goes first, and of a list the last: so no place moves before it is used.
	slices.SortStableFunc(list, func(a, b gone) int {
		if d := len(b.match) - len(a.match); d != 0 {
			return d
		}
		return number(b.match) - number(a.match)
	})
	for _, g := range list {
		c.remove(g.match)
	}
	return len(list) > 0
}

// number is the last index of a path of parts.
func number(match []string) int {
	n, _ := strconv.Atoi(match[len(match)-1]) // digits, or the word group
	return n
}

// remove takes out what a path of parts names. What comes behind it in its list moves up, and so does where it comes from.
func (c *converter) remove(m []string) {
	s := &c.rule.Scaling
	index := func(i int) int {
		n, _ := strconv.Atoi(m[i]) // digits
		return n
	}
	switch {
	case strings.HasPrefix(m[0], "recovery"):
		c.rule.Recovery.Fallback = recovery.Defaults().Fallback
	case strings.HasPrefix(m[0], "termination"):
		i := index(1)
		s.Termination.Policies = slices.Delete(s.Termination.Policies, i, i+1)
		c.moveUp("termination.policies", i)
		if len(s.Termination.Policies) == 0 {
			s.Termination = nil
			delete(c.comments, "termination")
		}
	case len(m) == 4:
		p, i := &s.Pools[index(1)], index(3)
		switch m[2] {
		case "scale_up":
			p.ScaleUp = slices.Delete(p.ScaleUp, i, i+1)
		case "scale_down":
			p.ScaleDown = slices.Delete(p.ScaleDown, i, i+1)
		default:
			p.Schedules = slices.Delete(p.Schedules, i, i+1)
		}
		c.moveUp("pools["+m[1]+"]."+m[2], i)
	case len(m) == 3:
		s.Pools[index(1)].Group = nil
	default:
		i := index(1)
		s.Pools = slices.Delete(s.Pools, i, i+1)
		c.moveUp("pools", i)
	}
}

// moveUp gives the entries behind one that is gone the places before them.
func (c *converter) moveUp(list string, gone int) {
	out := map[string]string{}
	for path, from := range c.sources {
		rest, ok := strings.CutPrefix(path, list+"[")
		if !ok {
			out[path] = from
			continue
		}
		number, after, _ := strings.Cut(rest, "]")
		i, err := strconv.Atoi(number)
		switch {
		case err != nil || i < gone:
			out[path] = from
		case i > gone:
			out[list+"["+strconv.Itoa(i-1)+"]"+after] = from
		}
	}
	c.sources = out
}
