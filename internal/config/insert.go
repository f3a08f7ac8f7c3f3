package config

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// ErrInsert says that a rule cannot be put into a file without writing the file anew. It has to be put there by hand.
var ErrInsert = errors.New("the rule has to be inserted by hand")

// InsertRule puts a rule before all others into the text of a valid configuration, which keeps every other byte, and returns the new text
// and the line the rule begins in. The comments are those of RuleText; a list in brackets takes the rule without them, on one line.
//
// The result is checked: it is a valid configuration with the rule first and everything else as it was. Where the text does not allow
// that, for example because the list is an alias, the error is ErrInsert with the reason; a rule that is not valid there is an *Error.
func InsertRule(name string, data []byte, r ClusterRule, comments map[string]string) (text []byte, line int, err error) {
	before, err := Parse(name, data)
	if err != nil {
		return nil, 0, err
	}
	root, err := document(name, data)
	if err != nil {
		return nil, 0, err
	}
	out, line, err := insertText(root, string(data), r, comments)
	if err != nil {
		return nil, 0, err
	}
	after, err := Parse(name, []byte(out))
	if e := (*Error)(nil); errors.As(err, &e) && !slices.ContainsFunc(e.Problems, func(p Problem) bool { return strings.HasPrefix(p.Path, "clusters[0]") }) {
		return nil, 0, fmt.Errorf("%w: the way %s is written leaves no place for it in line %d", ErrInsert, name, line)
	}
	if err != nil {
		return nil, 0, err
	}
	want := append([]ClusterRule{after.Clusters[0]}, before.Clusters...)
	if !reflect.DeepEqual(after.Clusters[0].Match, r.Match) || !reflect.DeepEqual(after.Clusters, want) {
		return nil, 0, fmt.Errorf("%w: the rules of the file would not be the same", ErrInsert)
	}
	return []byte(out), line, nil
}

// dash is a line that begins an entry of a list.
var dash = regexp.MustCompile(`^ *-(?:[ \t]|\r?\n|$)`)

// insertText finds the place by the YAML tree and inserts text there.
func insertText(root *yaml.Node, text string, r ClusterRule, comments map[string]string) (out string, line int, err error) {
	key, value := ruleList(root)
	lines := strings.SplitAfter(text, "\n")
	switch {
	case key == nil && (root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0):
		return "", 0, fmt.Errorf("%w: the file is one value in braces without clusters", ErrInsert)
	case key == nil && hasMerge(root):
		return "", 0, fmt.Errorf("%w: the file has a merge key (<<), which may bring in its clusters", ErrInsert)
	case key == nil:
		return appended(lines, r, comments)
	case value.Kind != yaml.SequenceNode:
		return "", 0, fmt.Errorf("%w: clusters in line %d is an alias", ErrInsert, key.Line)
	case value.Style&yaml.FlowStyle != 0:
		return inBrackets(lines, value, r)
	}
	first := key.Line // the line after the key's, from 0
	for i := first; i < len(lines); i++ {
		if dash.MatchString(lines[i]) {
			indent := strings.Index(lines[i], "-")
			return splice(lines, first, indented(RuleText(r, comments), indent, newline(text))), first + 1 + commentLines(comments), nil
		}
	}
	return "", 0, fmt.Errorf("%w: no entry of clusters begins on a line of its own", ErrInsert)
}

// ruleList finds the key clusters and its value.
func ruleList(root *yaml.Node) (key, value *yaml.Node) {
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "clusters" {
			return root.Content[i], root.Content[i+1]
		}
	}
	return nil, nil
}

func hasMerge(root *yaml.Node) bool {
	for i := 0; i < len(root.Content); i += 2 {
		if root.Content[i].ShortTag() == "!!merge" {
			return true
		}
	}
	return false
}

// appended adds the key and its first rule at the end of the file.
func appended(lines []string, r ClusterRule, comments map[string]string) (out string, line int, err error) {
	text := strings.Join(lines, "")
	end := newline(text)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += end
	}
	line = strings.Count(text, "\n") + 3 + commentLines(comments)
	return text + end + "clusters:" + end + indented(RuleText(r, comments), 2, end), line, nil
}

// inBrackets puts the rule behind the bracket that begins the list.
func inBrackets(lines []string, list *yaml.Node, r ClusterRule) (out string, line int, err error) {
	at := list.Line - 1
	if at < 0 || at >= len(lines) {
		return "", 0, fmt.Errorf("%w: clusters has no place in the file", ErrInsert)
	}
	l, column := lines[at], 0
	for range list.Column - 1 {
		_, size := utf8.DecodeRuneInString(l[column:])
		column += size
	}
	if !strings.HasPrefix(l[column:], "[") {
		return "", 0, fmt.Errorf("%w: the list in line %d does not begin with a bracket", ErrInsert, list.Line)
	}
	rule := flowRule(r)
	if len(list.Content) > 0 {
		rule += ", "
	}
	lines[at] = l[:column+1] + rule + l[column+1:]
	return strings.Join(lines, ""), list.Line, nil
}

// splice inserts text before the line with the index.
func splice(lines []string, before int, text string) string {
	return strings.Join(lines[:before], "") + text + strings.Join(lines[before:], "")
}

// indented moves the lines of a text to the right and ends them as the file does.
func indented(text string, by int, end string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Repeat(" ", by) + strings.TrimSuffix(line, "\n") + end)
	}
	return b.String()
}

// commentLines is how many lines stand above the rule.
func commentLines(comments map[string]string) int {
	if comments[""] == "" {
		return 0
	}
	return strings.Count(comments[""], "\n") + 1
}

// newline is how the lines of a file end.
func newline(text string) string {
	if strings.Contains(text, "\r\n") {
		return "\r\n"
	}
	return "\n"
}
