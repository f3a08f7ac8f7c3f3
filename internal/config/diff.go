package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Change is one difference between two configurations.
type Change struct {
	Path    string // the key; scopes and rules by name and match, for example scopes[prod].sweep
	From    string // empty: it was not there
	To      string // empty: it is not there any more
	Restart bool   // takes effect when emrguard starts again; until then the old value stands
}

// String is the change as a line of the log.
func (c Change) String() string {
	when := "takes effect now"
	if c.Restart {
		when = "takes effect after a restart"
	}
	switch {
	case c.From == "":
		return fmt.Sprintf("%s: added: %s; %s", c.Path, c.To, when)
	case c.To == "":
		return fmt.Sprintf("%s: removed, was %s; %s", c.Path, c.From, when)
	}
	return fmt.Sprintf("%s: %s, was %s; %s", c.Path, c.To, c.From, when)
}

// needsRestart are the keys a running daemon does not change: what is opened at the start, and what says which account
// and region a scope is. The order of rules, their settings, budgets, scopes that come or go, log.level and history
// change at once; an open recovery ends under the settings it began with (rule R13).
var needsRestart = []string{"store", "listen", "listen_token_file", "log.format", "region", "role_arn", "external_id", "endpoint"}

// Diff lists what differs, in the order of the schema; scopes are compared by name and rules by match.
func Diff(before, after *Config) []Change {
	var out []Change
	a, b := reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	for _, f := range fieldsOf(a.Type()) {
		switch f.name {
		case "scopes":
			name := func(s Scope) string { return s.Name }
			out = append(out, diffLists(f.name, name, func(s Scope) string { return s.Region }, before.Scopes, after.Scopes)...)
		case "clusters":
			match := func(r ClusterRule) string { return r.Match.String() }
			out = append(out, diffLists(f.name, match, func(r ClusterRule) string { return "mode " + string(r.Mode) }, before.Clusters, after.Clusters)...)
		default:
			out = append(out, diffValue(f.name, f.name, a.Field(f.index), b.Field(f.index))...)
		}
	}
	return out
}

// diffLists compares two lists whose entries are known by a key, the n-th entry of a key with the n-th.
func diffLists[T any](path string, key, brief func(T) string, before, after []T) []Change {
	index := func(list []T) (keys []string, at map[string]T) {
		at = map[string]T{}
		for _, entry := range list {
			k := key(entry)
			for n := 2; ; n++ {
				if _, taken := at[k]; !taken {
					break
				}
				k = fmt.Sprintf("%s #%d", key(entry), n)
			}
			at[k] = entry
			keys = append(keys, k)
		}
		return keys, at
	}
	var out []Change
	oldKeys, old := index(before)
	newKeys, now := index(after)
	var stayed, stay []string
	for _, k := range oldKeys {
		if _, ok := now[k]; !ok {
			out = append(out, Change{Path: fmt.Sprintf("%s[%s]", path, k), From: brief(old[k])})
			continue
		}
		stayed = append(stayed, k)
	}
	for _, k := range newKeys {
		entry, ok := old[k]
		if !ok {
			out = append(out, Change{Path: fmt.Sprintf("%s[%s]", path, k), To: brief(now[k])})
			continue
		}
		stay = append(stay, k)
		out = append(out, diffStruct(fmt.Sprintf("%s[%s]", path, k), reflect.ValueOf(entry), reflect.ValueOf(now[k]))...)
	}
	if _, rules := any(before).([]ClusterRule); rules && !slices.Equal(stayed, stay) {
		out = append(out, Change{Path: path, From: strings.Join(stayed, " then "), To: "order " + strings.Join(stay, " then ")})
	}
	return out
}

func diffStruct(path string, a, b reflect.Value) []Change {
	var out []Change
	for _, f := range fieldsOf(a.Type()) {
		out = append(out, diffValue(path+"."+f.name, f.name, a.Field(f.index), b.Field(f.index))...)
	}
	return out
}

// diffValue compares one key and descends into sections. The name is the key's path from the top, or within a scope or rule.
func diffValue(path, name string, a, b reflect.Value) []Change {
	empty := (a.Kind() == reflect.Slice || a.Kind() == reflect.Map) && a.Len() == 0 && b.Len() == 0
	if empty || reflect.DeepEqual(a.Interface(), b.Interface()) {
		return nil
	}
	if a.Kind() != reflect.Struct {
		return []Change{{Path: path, From: words(a), To: words(b), Restart: slices.Contains(needsRestart, name)}}
	}
	var out []Change
	for _, f := range fieldsOf(a.Type()) {
		out = append(out, diffValue(path+"."+f.name, name+"."+f.name, a.Field(f.index), b.Field(f.index))...)
	}
	return out
}

// words is a value as it would stand in the file.
func words(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return short(time.Duration(v.Int()))
	case v.Kind() == reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = words(v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case v.Kind() == reflect.Map:
		parts := []string{}
		for key, value := range v.Seq2() {
			parts = append(parts, fmt.Sprintf("%s: %s", key, words(value)))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case v.Kind() == reflect.Struct:
		var parts []string
		for _, f := range fieldsOf(v.Type()) {
			parts = append(parts, f.name+": "+words(v.Field(f.index)))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case v.Kind() == reflect.String && v.Len() == 0:
		return "none"
	}
	return fmt.Sprint(v.Interface())
}

// String is the match as it would stand in the file, on one line.
func (m Match) String() string {
	var parts []string
	if len(m.Scopes) > 0 {
		parts = append(parts, "scopes: ["+strings.Join(m.Scopes, ", ")+"]")
	}
	if len(m.Names) > 0 {
		parts = append(parts, "names: ["+strings.Join(m.Names, ", ")+"]")
	}
	if len(m.Tags) > 0 {
		var tags []string
		for _, tag := range slices.Sorted(maps.Keys(m.Tags)) {
			tags = append(tags, tag+": "+m.Tags[tag])
		}
		parts = append(parts, "tags: {"+strings.Join(tags, ", ")+"}")
	}
	if len(m.IDs) > 0 {
		parts = append(parts, "ids: "+words(reflect.ValueOf(m.IDs)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
