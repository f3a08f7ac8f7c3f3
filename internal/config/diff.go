package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"emrguard/internal/notify"
	"emrguard/internal/phrase"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
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
var needsRestart = []string{"store", "listen", "log.format", "region", "role_arn", "external_id", "endpoint"}

// begunByRestart are the keys that a running daemon changes, but neither begins nor ends to use.
var begunByRestart = []string{"web.cert_file", "web.key_file"}

// Diff lists what differs, in the order of the schema; scopes are compared by name, rules by match, and pools, policies and schedules by
// name.
func Diff(before, after *Config) []Change {
	return diffStruct("", "", reflect.ValueOf(*before), reflect.ValueOf(*after))
}

// keyed is how the entries of a list are known, and how one that came or went is told briefly.
type keyed struct {
	key, brief func(entry any) string
	ordered    bool // the order of the entries decides
}

// lists are the lists whose entries are compared one by one, by the type of their entries.
var lists = map[reflect.Type]keyed{
	reflect.TypeFor[Scope](): {
		key:   func(e any) string { return e.(Scope).Name },
		brief: func(e any) string { return e.(Scope).Region },
	},
	reflect.TypeFor[ClusterRule](): {
		key:     func(e any) string { return e.(ClusterRule).Match.String() },
		brief:   func(e any) string { return ruleWords(e.(ClusterRule)) },
		ordered: true,
	},
	reflect.TypeFor[notify.Sink](): {
		key:   func(e any) string { return e.(notify.Sink).Name },
		brief: func(e any) string { s := e.(notify.Sink); return s.Type() },
	},
	reflect.TypeFor[scaling.Pool](): {
		key:   func(e any) string { return e.(scaling.Pool).Name },
		brief: func(e any) string { return poolWords(e.(scaling.Pool)) },
	},
	reflect.TypeFor[scaling.Policy](): {
		key:   func(e any) string { return e.(scaling.Policy).Name },
		brief: func(e any) string { return policyWords(e.(scaling.Policy)) },
	},
	reflect.TypeFor[scaling.Schedule](): {
		key:   func(e any) string { return e.(scaling.Schedule).Name },
		brief: func(e any) string { return scheduleWords(e.(scaling.Schedule)) },
	},
	reflect.TypeFor[scaling.TerminationPolicy](): {
		key:   func(e any) string { return e.(scaling.TerminationPolicy).Name },
		brief: func(e any) string { return statementWords(e.(scaling.TerminationPolicy).Statements) },
	},
}

// diffLists compares two lists whose entries are known by a key, the n-th entry of a key with the n-th.
func diffLists(path string, by keyed, before, after reflect.Value) []Change {
	index := func(list reflect.Value) (keys []string, at map[string]reflect.Value) {
		at = map[string]reflect.Value{}
		for i := range list.Len() {
			key := by.key(list.Index(i).Interface())
			k := key
			for n := 2; at[k].IsValid(); n++ {
				k = fmt.Sprintf("%s #%d", key, n)
			}
			at[k] = list.Index(i)
			keys = append(keys, k)
		}
		return keys, at
	}
	var out []Change
	oldKeys, old := index(before)
	newKeys, now := index(after)
	var stayed, stay []string
	for _, k := range oldKeys {
		if !now[k].IsValid() {
			out = append(out, Change{Path: fmt.Sprintf("%s[%s]", path, k), From: by.brief(old[k].Interface())})
			continue
		}
		stayed = append(stayed, k)
	}
	for _, k := range newKeys {
		if !old[k].IsValid() {
			out = append(out, Change{Path: fmt.Sprintf("%s[%s]", path, k), To: by.brief(now[k].Interface())})
			continue
		}
		stay = append(stay, k)
		out = append(out, diffStruct(fmt.Sprintf("%s[%s]", path, k), "", old[k], now[k])...)
	}
	if by.ordered && !slices.Equal(stayed, stay) {
		out = append(out, Change{Path: path, From: strings.Join(stayed, " then "), To: "order " + strings.Join(stay, " then ")})
	}
	return out
}

// diffStruct compares the keys of two structs of one type. The name is the section's path from the top, or within a list's entry.
func diffStruct(path, name string, a, b reflect.Value) []Change {
	var out []Change
	for _, f := range fieldsOf(a.Type()) {
		out = append(out, diffValue(dot(path, f.name), dot(name, f.name), a.FieldByIndex(f.index), b.FieldByIndex(f.index))...)
	}
	return out
}

func dot(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// diffValue compares one key and descends into sections and lists of sections that have keys.
func diffValue(path, name string, a, b reflect.Value) []Change {
	switch {
	case a.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil():
		return diffValue(path, name, a.Elem(), b.Elem())
	case a.Kind() == reflect.Struct:
		return diffStruct(path, name, a, b)
	case a.Kind() == reflect.Slice:
		if by, ok := lists[a.Type().Elem()]; ok {
			return diffLists(path, by, a, b)
		}
	}
	if same(a, b) {
		return nil
	}
	restart := slices.Contains(needsRestart, name) || slices.Contains(begunByRestart, name) && (a.IsZero() || b.IsZero())
	return []Change{{Path: path, From: words(a), To: words(b), Restart: restart}}
}

// words is a value as it would stand in the file.
func words(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return "none"
	case v.Kind() == reflect.Pointer:
		return words(v.Elem())
	case v.Type() == durationType:
		return phrase.Duration(time.Duration(v.Int()))
	case v.Type() == reflect.TypeFor[scaling.Condition]():
		return conditionWords(v.Interface().(scaling.Condition))
	case v.Type() == rungType:
		return zeroMinutes.ReplaceAllString(zeroSeconds.ReplaceAllString(v.Interface().(recovery.Rung).String(), "m"), "h")
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
			value := v.FieldByIndex(f.index)
			if value.IsZero() && strings.HasSuffix(v.Type().FieldByIndex(f.index).Tag.Get("yaml"), ",omitempty") {
				continue
			}
			parts = append(parts, f.name+": "+words(value))
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
