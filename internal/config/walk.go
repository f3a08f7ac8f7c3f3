package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"emrguard/internal/emr"
	"emrguard/internal/notify"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
	"emrguard/internal/suggest"
)

// maxExpanded bounds the values that aliases and merge keys may repeat, so that a small file cannot stand for a huge one.
const maxExpanded = 100_000

// pos is a place in the file, both from 1.
type pos struct{ line, column int }

// walker reads a YAML tree into structs by their yaml tags. The YAML library's own strict mode is not used: it stops at
// custom unmarshalers, names Go types and knows no columns. A value that is wrong is reported and leaves its default.
type walker struct {
	problems []Problem
	pos      map[string]pos      // every given key and list entry, by path
	bad      map[string]bool     // paths whose value could not be read, which need no further check
	meant    map[string]bool     // paths that a misspelt key most likely stands for
	expanded int                 // values read through aliases so far
	aliases  int                 // depth of aliases and merges being read
	merging  map[*yaml.Node]bool // merge sources being read
}

func newWalker() *walker {
	return &walker{pos: map[string]pos{}, bad: map[string]bool{}, meant: map[string]bool{}, merging: map[*yaml.Node]bool{}}
}

// document reads the top of the file.
func (w *walker) document(node *yaml.Node, into *Config) {
	w.value(node, reflect.ValueOf(into).Elem(), "")
}

// problem reports a value that cannot be read.
func (w *walker) problem(node *yaml.Node, path, format string, args ...any) {
	w.bad[path] = true
	w.report(node, path, format, args...)
}

// report reports something wrong at a node.
func (w *walker) report(node *yaml.Node, path, format string, args ...any) {
	w.problems = append(w.problems, Problem{Line: node.Line, Column: node.Column, Path: path, Text: fmt.Sprintf(format, args...)})
}

// field is one key of a struct. The index leads through the structs that are inline.
type field struct {
	name  string
	index []int
}

// fieldsOf lists the yaml keys of a struct in their order; the keys of an inline struct stand where the struct does.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		name, flags, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		switch {
		case name == "" && flags == "inline":
			for _, f := range fieldsOf(t.Field(i).Type) {
				out = append(out, field{f.name, append([]int{i}, f.index...)})
			}
		case name != "" && name != "-":
			out = append(out, field{name, []int{i}})
		}
	}
	return out
}

// namesOf lists the yaml keys of a struct.
func namesOf(t reflect.Type) []string {
	var out []string
	for _, f := range fieldsOf(t) {
		out = append(out, f.name)
	}
	return out
}

// fresh is the value an entry of a list or map starts from.
func fresh(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch p := v.Addr().Interface().(type) {
	case *Scope:
		*p = defaultScope()
	case *ClusterRule:
		*p = NewRule()
	case *scaling.Pool:
		*p = scaling.DefaultPool()
	case *scaling.Group:
		*p = scaling.DefaultGroup()
	case *scaling.Policy:
		*p = scaling.DefaultPolicy()
	case *scaling.Condition:
		*p = scaling.DefaultCondition()
	case *scaling.Schedule:
		*p = scaling.DefaultSchedule()
	case *scaling.Termination:
		*p = scaling.DefaultTermination()
	case *emr.VolumeConfig:
		p.Count = 1
	case *notify.SMTP:
		*p = notify.DefaultSMTP()
	}
	return v
}

var durationType = reflect.TypeFor[time.Duration]()

// upperCase are the types of EMR's words that people may write in lower case.
var upperCase = []reflect.Type{reflect.TypeFor[emr.Role](), reflect.TypeFor[emr.Market]()}

// value reads one node into v. A pointer is absent until its key is given.
func (w *walker) value(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind == yaml.AliasNode {
		w.aliases++
		defer func() { w.aliases-- }()
		node = node.Alias
	}
	if w.aliases > 0 {
		w.expanded++
		if w.expanded > maxExpanded {
			if w.expanded == maxExpanded+1 {
				w.problem(node, path, "aliases repeat more than %d values", maxExpanded)
			}
			return
		}
	}
	if !plainTag(node) {
		w.problem(node, path, "the tag %s is not understood; remove it", node.Tag)
		return
	}
	if isNull(node) {
		w.problem(node, path, "no value; give one, or remove the key to have the default")
		return
	}
	switch {
	case v.Type() == durationType:
		w.scalar(node, v, path, "a duration such as 30m or 1h30m", setDuration)
	case v.Kind() == reflect.Pointer:
		given := fresh(v.Type().Elem())
		w.value(node, given, path)
		v.Set(given.Addr())
	case v.Type() == rungType:
		w.rung(node, v, path)
	case v.Kind() == reflect.Struct:
		w.structure(node, v, path)
	case v.Kind() == reflect.Map:
		w.mapping(node, v, path)
	case v.Kind() == reflect.Slice:
		w.sequence(node, v, path)
	case slices.Contains(upperCase, v.Type()):
		w.scalar(node, v, path, "a text", setText)
		v.SetString(strings.ToUpper(v.String()))
	case v.Kind() == reflect.String:
		w.scalar(node, v, path, "a text", setText)
	case v.Kind() == reflect.Bool:
		w.scalar(node, v, path, "true or false", setBool)
	case v.Kind() == reflect.Int:
		w.scalar(node, v, path, "a whole number", setInt)
	case v.Kind() == reflect.Float64:
		w.scalar(node, v, path, "a number", setFloat)
	default:
		panic("config: no reader for " + v.Type().String())
	}
}

// standardTags are the tags of YAML's core schema.
var standardTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!timestamp", "!!merge"}

func plainTag(node *yaml.Node) bool { return slices.Contains(standardTags, node.ShortTag()) }

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }

// found describes a node in words.
func found(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	}
	value := node.Value
	if r := []rune(value); len(r) > 40 {
		value = string(r[:40]) + "…"
	}
	return strconv.Quote(value)
}

// sequence reads a list.
func (w *walker) sequence(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind != yaml.SequenceNode {
		if node.Kind == yaml.ScalarNode && (v.Type().Elem().Kind() == reflect.String || v.Type().Elem() == rungType) {
			w.problem(node, path, "want a list, found %s; write [%s]", found(node), inList(node))
			return
		}
		w.problem(node, path, `want a list, each entry beginning with "- ", found %s`, found(node))
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, len(node.Content))
	for i, child := range node.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		w.pos[at] = pos{child.Line, child.Column}
		elem := fresh(v.Type().Elem())
		w.value(child, elem, at)
		out = reflect.Append(out, elem)
		if w.expanded > maxExpanded {
			return
		}
	}
	v.Set(out)
}

// inList is a scalar as it would stand between brackets.
func inList(node *yaml.Node) string {
	if strings.ContainsAny(node.Value, ",[]{}\"'*&#:!|>%@`?") {
		return strconv.Quote(node.Value)
	}
	return node.Value
}

// pair is one key of a mapping with its value; merged says that a merge key brought it in.
type pair struct {
	key, value *yaml.Node
	merged     bool
}

// pairs lists a mapping's keys with those that merge keys bring in, which never replace a key of the mapping itself.
// Doubled keys and keys that are no plain words are reported and left out.
func (w *walker) pairs(node *yaml.Node, path string) []pair {
	var out, merged []pair
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode || isNull(key) || !plainTag(key) {
			w.report(key, path, "a key has to be a plain word, found %s", found(key))
			continue
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, w.merge(value, path)...)
			continue
		}
		if earlier, ok := first[key.Value]; ok {
			w.report(key, join(path, key.Value), "given twice, first in line %d", earlier.Line)
			continue
		}
		first[key.Value] = key
		out = append(out, pair{key: key, value: value})
	}
	for _, p := range merged {
		if _, ok := first[p.key.Value]; !ok {
			first[p.key.Value] = p.key
			p.merged = true
			out = append(out, p)
		}
	}
	return out
}

// merge lists the keys of what a merge key (<<) names: a mapping or a list of mappings.
func (w *walker) merge(node *yaml.Node, path string) []pair {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	w.expanded += len(node.Content)
	if w.merging[node] || w.expanded > maxExpanded {
		w.problem(node, path, "<< merges too much, or itself")
		return nil
	}
	w.merging[node] = true
	defer delete(w.merging, node)
	switch node.Kind {
	case yaml.MappingNode:
		return w.pairs(node, path)
	case yaml.SequenceNode:
		var out []pair
		for _, child := range node.Content {
			out = append(out, w.merge(child, path)...)
		}
		return out
	}
	w.problem(node, path, "<< wants keys and values, found %s", found(node))
	return nil
}

// pair reads a key's value; what a merge key brought in counts as repeated.
func (w *walker) pair(p pair, v reflect.Value, path string) {
	if p.merged {
		w.aliases++
		defer func() { w.aliases-- }()
	}
	w.value(p.value, v, path)
}

// structure reads a mapping into a struct; every key has to be one of its yaml names.
func (w *walker) structure(node *yaml.Node, v reflect.Value, path string) {
	names := namesOf(v.Type())
	if node.Kind != yaml.MappingNode {
		w.problem(node, path, "want keys and values (%s), found %s", strings.Join(names, ", "), found(node))
		return
	}
	fields := fieldsOf(v.Type())
	for _, p := range w.pairs(node, path) {
		at := join(path, p.key.Value)
		i := slices.Index(names, p.key.Value)
		if i < 0 {
			w.report(p.key, at, "unknown key; %s", w.whichKey(p.key.Value, path, v.Type(), names))
			continue
		}
		w.pos[at] = pos{p.key.Line, p.key.Column}
		w.pair(p, v.FieldByIndex(fields[i].index), at)
	}
}

var rungType = reflect.TypeFor[recovery.Rung]()

// rung reads one rung of the fallback ladder: the word same, or keys and values.
func (w *walker) rung(node *yaml.Node, v reflect.Value, path string) {
	rung := v.Addr().Interface().(*recovery.Rung)
	switch {
	case node.Kind == yaml.ScalarNode && node.Value == "same":
		rung.Same = true
	case node.Kind == yaml.ScalarNode:
		names := append([]string{"same"}, namesOf(rungType)...)
		hint := "write it as {types: […]} or {market: …}"
		if c := suggest.Nearest(node.Value, names); c == "same" {
			hint = `did you mean "same"?`
		}
		w.problem(node, path, "want same, or keys and values (%s), found %s; %s", strings.Join(namesOf(rungType), ", "), found(node), hint)
	default:
		before := len(w.problems)
		w.structure(node, v, path)
		w.bad[path] = w.bad[path] || len(w.problems) > before // what was meant is not known, so nothing more is said about it
	}
}

// whichKey says which key an unknown one stands for: a neighbour, else one that belongs a level deeper, else all of them.
func (w *walker) whichKey(word, path string, t reflect.Type, names []string) string {
	if c := suggest.Nearest(word, names); c != "" {
		w.meant[join(path, c)] = true
		return `did you mean "` + c + `"?`
	}
	if key := deeper(word, t); key != "" {
		return "did you mean " + key + "?"
	}
	return suggest.DidYouMean(word, names)
}

// deeper finds exactly this key in the structs below t and returns its path, or "".
func deeper(word string, t reflect.Type) string {
	for _, f := range fieldsOf(t) {
		inner, path := t.FieldByIndex(f.index).Type, f.name
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Slice {
			inner, path = inner.Elem(), path+"[]"
		}
		if inner.Kind() != reflect.Struct {
			continue
		}
		if slices.Contains(namesOf(inner), word) {
			return path + "." + word
		}
		if below := deeper(word, inner); below != "" {
			return path + "." + below
		}
	}
	return ""
}

// mapping reads a mapping with free keys.
func (w *walker) mapping(node *yaml.Node, v reflect.Value, path string) {
	if node.Kind != yaml.MappingNode {
		w.problem(node, path, "want keys and values, found %s", found(node))
		return
	}
	out := reflect.MakeMap(v.Type())
	for _, p := range w.pairs(node, path) {
		at := join(path, p.key.Value)
		w.pos[at] = pos{p.key.Line, p.key.Column}
		elem := fresh(v.Type().Elem())
		w.pair(p, elem, at)
		out.SetMapIndex(reflect.ValueOf(p.key.Value).Convert(v.Type().Key()), elem)
		if w.expanded > maxExpanded {
			return
		}
	}
	v.Set(out)
}

// join is the path of a key below another.
func join(path, key string) string {
	if strings.ContainsAny(key, ".[] \t\n") || key == "" {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
