package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/recovery"
)

// meaning is what the reference says about a key that has no doc and range tags of its own.
type meaning struct{ values, words string }

// recoveryMeanings explain the keys of recovery.Settings, which knows nothing of pages. A test checks that none is missing.
var recoveryMeanings = map[string]meaning{
	"after":                {"1m to 24h", "age of the oldest missing instance at which a group is stuck and a recovery begins (R1)"},
	"ban":                  {"1m to 168h", "how long a stopped group takes no launches (R9), and how long a pool rests the first time (R8)"},
	"pace":                 {"1s to 10m", "the unit of patience between two looks at the same thing; every smaller figure of the rules is a multiple of it"},
	"settle":               {"pace to 1h", "how long a stop may take to show before it is repeated and reported (R5)"},
	"starting_grace":       {"0s to 2h", "instances that are starting and younger than this count as arriving when a resize is stopped (R4)"},
	"progress_grace":       {"0s to 24h", "a group is not stuck while an instance arrived more recently than this; 0s turns it off (R1)"},
	"after_capacity_error": {"0s", "a shorter after, once EMR itself reported insufficient capacity for this resize; needs EMR's events, which are not read yet, so only 0s (off) is accepted (R3)"},
	"shrink_after":         {"1m to 24h", "age at which a shrink that does not move is given up (R3)"},
	"chain":                {"1 to 20", "recoveries of a pool in a row without a completed resize, after which the pool rests (R8)"},
	"rest_max":             {"ban to 720h", "the longest rest of a pool that keeps failing; it doubles up to this (R8)"},
	"max_groups":           {"0 to 47", "fallback groups a pool may have; EMR can never delete a group (R6)"},
	"reserve_slots":        {"0 to 48", "of the cluster's 48 task groups, those that emrguard leaves free (R6)"},
	"enforce_bans":         {"true or false", "stop what others launch on a banned group and place it elsewhere (R10)"},
	"outside_growth":       {"repeat or add", "what a rise of a group's requested count by others means. repeat: they state the number they want there, so what was moved elsewhere counts towards it. add: they read the number and add to it, so every rise is new capacity; needs max (R10)"},
	"max":                  {"0 to 2000", "the largest number of instances a pool may want; 0 for no limit. outside_growth: add needs it (R10)"},
	"fallback":             {"[same]", "the rungs of the fallback ladder, in their order. same: a group of the same configuration. Other rungs are not supported yet (R6)"},
}

// Reference renders docs/config.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# Configuration reference

<!-- Generated from internal/config by "go test ./internal/config -update"; edits here are lost. -->

emrguard reads one YAML file, ` + "`emrguard.yaml`" + `; [emrguard.example.yaml](../emrguard.example.yaml) is a complete one with comments.
The file is read strictly: an unknown or misspelt key, a doubled key or a value out of its range is an error with line and
column, and all problems are reported in one go. ` + "`emrguard check -c emrguard.yaml`" + ` also prints what is allowed but unwise.
Anchors, aliases and merge keys (<<) work.

Durations are written with units: ` + "`90s`, `30m`, `1h30m`" + `; a day is ` + "`24h`" + `. A key that is absent has its default; a key that is given
with ` + "`0`, `0s` or `false`" + ` has that value. R1 to R13 are the rules of [recovery.md](recovery.md).

SIGHUP reads the file again. A file with a problem is refused whole and the old configuration stays. These keys take effect
after a restart: `)
	for i, key := range needsRestart {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("`" + key + "`")
	}
	b.WriteString(". An open recovery ends under the settings it began with.\n\n")
	b.WriteString("Secure by default: the listener answers on this machine only. An address that others can reach needs a token file, and\nthen every request has to carry the token.\n")
	section(&b, "Top level", "", reflect.ValueOf(*defaults()))
	section(&b, "log", "", reflect.ValueOf(defaults().Log))
	section(&b, "history", "", reflect.ValueOf(defaults().History))
	section(&b, "scopes[]", "", reflect.ValueOf(defaultScope()))
	section(&b, "scopes[].api_rates", "Keys are the operations "+operations()+".", reflect.ValueOf(Rate{}))
	section(&b, "clusters[]", "", reflect.ValueOf(defaultRule()))
	section(&b, "clusters[].match", "", reflect.ValueOf(Match{}))
	section(&b, "clusters[].recovery", "", reflect.ValueOf(recovery.Defaults()))
	return b.String()
}

// operations lists the operations as prose.
func operations() string {
	var names []string
	for _, op := range emr.Ops {
		names = append(names, "`"+string(op)+"`")
	}
	return strings.Join(names, ", ")
}

// required are the keys that have no default.
var required = []string{"Top level.scopes", "scopes[].name", "scopes[].region", "scopes[].api_rates.burst", "scopes[].api_rates.per_second", "clusters[].match", "clusters[].mode"}

// section renders one struct as a table.
func section(b *strings.Builder, title, intro string, v reflect.Value) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	if intro != "" {
		fmt.Fprintf(b, "%s\n\n", intro)
	}
	b.WriteString("| key | type | default | values | meaning |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range fieldsOf(v.Type()) {
		tags := v.Type().Field(f.index).Tag
		m := meaning{tags.Get("range"), tags.Get("doc")}
		if v.Type() == reflect.TypeFor[recovery.Settings]() {
			m = recoveryMeanings[f.name]
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", f.name, typeWords(v.Field(f.index).Type()), defaultWords(title+"."+f.name, v.Field(f.index)), cell(m.values), cell(m.words))
	}
}

// cell escapes what would end or change a table's cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;").Replace(s)
}

// defaultWords is the default as it would stand in the file.
func defaultWords(path string, v reflect.Value) string {
	switch {
	case slices.Contains(required, path):
		return "required"
	case v.Kind() == reflect.Struct:
		return "see below"
	case v.Type() != durationType && v.IsZero() && v.Kind() != reflect.Bool && v.Kind() != reflect.Int:
		return "none"
	}
	return "`" + words(v) + "`"
}

// typeWords is a type in the words of the file's author.
func typeWords(t reflect.Type) string {
	switch {
	case t == durationType:
		return "duration"
	case t.Kind() == reflect.Struct:
		return "section"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return "list of sections"
	case t.Kind() == reflect.Slice:
		return "list of texts"
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Struct:
		return "section by key"
	case t.Kind() == reflect.Map:
		return "text by key"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "whole number"
	case t.Kind() == reflect.Float64:
		return "number"
	}
	return "text"
}
