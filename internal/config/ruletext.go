package config

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"emrguard/internal/emr"
	"emrguard/internal/phrase"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// RuleText is a rule as an entry of clusters: it begins with "- " and ends with a newline. Keys that have their defaults are left out, unless
// they are required. A comment stands behind the key whose path, from the rule on, it has: "mode", "pools[0].group"; the one of "" stands
// above the rule.
func RuleText(r ClusterRule, comments map[string]string) string {
	n := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{ruleNode(r, comments)}}
	return marshal(n)
}

// ruleNode is the rule as a YAML tree.
func ruleNode(r ClusterRule, comments map[string]string) *yaml.Node {
	n := valueNode(reflect.ValueOf(r), reflect.ValueOf(NewRule()), "", comments)
	n.HeadComment = comments[""]
	return n
}

// flowRule is the rule on one line, without comments.
func flowRule(r ClusterRule) string {
	n := ruleNode(r, nil)
	n.Style = yaml.FlowStyle
	return strings.TrimSuffix(marshal(n), "\n")
}

// marshal writes a tree of plain values, which cannot fail.
func marshal(n *yaml.Node) string {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		panic(fmt.Sprintf("config: a rule cannot be written: %v", err))
	}
	return b.String()
}

// short sections stand on one line.
var onOneLine = []reflect.Type{
	reflect.TypeFor[Match](), reflect.TypeFor[scaling.Cooldown](), reflect.TypeFor[scaling.MaxStep](), reflect.TypeFor[scaling.Action](),
	reflect.TypeFor[emr.Dimension](), reflect.TypeFor[emr.VolumeConfig](), reflect.TypeFor[scaling.Condition](), rungType,
}

// valueNode is a value as a YAML tree, without what is as in standard.
func valueNode(v, standard reflect.Value, path string, comments map[string]string) *yaml.Node {
	switch {
	case v.Type() == durationType:
		return scalarNode("!!str", phrase.Duration(time.Duration(v.Int())))
	case v.Kind() == reflect.Pointer:
		return valueNode(v.Elem(), fresh(v.Type().Elem()), path, comments)
	case v.Type() == rungType && reflect.DeepEqual(v.Interface(), recovery.Rung{Same: true}):
		return scalarNode("!!str", "same")
	case v.Kind() == reflect.Struct:
		return structNode(v, standard, path, comments)
	case v.Kind() == reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if v.Type().Elem().Kind() != reflect.Struct || slices.Contains(onOneLine, v.Type().Elem()) && v.Type().Elem() != reflect.TypeFor[scaling.Condition]() {
			n.Style = yaml.FlowStyle
		}
		for i := range v.Len() {
			n.Content = append(n.Content, valueNode(v.Index(i), fresh(v.Type().Elem()), fmt.Sprintf("%s[%d]", path, i), comments))
		}
		return n
	case v.Kind() == reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			n.Content = append(n.Content, scalarNode("!!str", key.String()), valueNode(v.MapIndex(key), fresh(v.Type().Elem()), join(path, key.String()), comments))
		}
		return n
	case v.Kind() == reflect.String:
		return scalarNode("!!str", v.String())
	case v.Kind() == reflect.Bool:
		return scalarNode("", strconv.FormatBool(v.Bool()))
	case v.Kind() == reflect.Int:
		return scalarNode("", strconv.FormatInt(v.Int(), 10))
	case v.Kind() == reflect.Float64:
		return scalarNode("", strconv.FormatFloat(v.Float(), 'f', -1, 64))
	}
	panic("config: no writer for " + v.Type().String())
}

func structNode(v, standard reflect.Value, path string, comments map[string]string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	if slices.Contains(onOneLine, v.Type()) {
		n.Style = yaml.FlowStyle
	}
	for _, f := range fieldsOf(v.Type()) {
		value, usual, at := v.FieldByIndex(f.index), standard.FieldByIndex(f.index), dot(path, f.name)
		if !slices.Contains(required[v.Type()], f.name) && same(value, usual) {
			continue
		}
		key, below := scalarNode("!!str", f.name), valueNode(value, usual, at, comments)
		if text := comments[at]; below.Kind == yaml.ScalarNode || below.Style == yaml.FlowStyle {
			below.LineComment = text
		} else {
			key.LineComment = text
		}
		n.Content = append(n.Content, key, below)
	}
	return n
}

// same says whether two values of one key would be written alike.
func same(a, b reflect.Value) bool {
	if (a.Kind() == reflect.Slice || a.Kind() == reflect.Map) && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func scalarNode(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}
