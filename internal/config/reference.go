package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"emrguard/internal/emr"
	"emrguard/internal/notify"
	"emrguard/internal/recovery"
	"emrguard/internal/scaling"
)

// meaning is what the reference says about a key that has no doc and range tags of its own.
type meaning struct{ values, words string }

// recoveryMeanings explain the keys of recovery.Settings, which knows nothing of pages. A test checks that none is missing.
var recoveryMeanings = map[string]meaning{
	"after":                {"1m to 24h", "age of the oldest missing instance at which a group is stuck and a recovery begins (R1)"},
	"ban":                  {"1m to 168h", "how long a stopped group takes no launches (R9), and how long a pool rests the first time (R8)"},
	"pace":                 {"1s to 10m", "the unit of patience between two looks at the same thing; every smaller figure of the rules is a multiple of it"},
	"settle":               {"pace to 1h", "how long a stop may take to show before it is repeated and reported (R5)"},
	"starting_grace":       {"0s to 2h", "instances that are starting and that EC2 granted less than this ago count as arriving when a resize is stopped (R4)"},
	"progress_grace":       {"0s to 24h", "a group is not stuck while an instance arrived more recently than this; 0s turns it off (R1)"},
	"after_capacity_error": {"0s, or 1m to less than after", "a shorter after, once EMR itself reported insufficient capacity for this resize, by a state change reason or an event; 0s turns it off (R3)"},
	"shrink_after":         {"1m to 24h", "age at which a shrink that does not move is given up (R3)"},
	"chain":                {"1 to 20", "recoveries of a pool in a row without a completed resize, after which the pool rests (R8)"},
	"rest_max":             {"ban to 720h", "the longest rest of a pool that keeps failing; it doubles up to this (R8)"},
	"max_groups":           {"0 to 47", "fallback groups a pool may have; EMR can never delete a group (R6)"},
	"reserve_slots":        {"0 to 48", "of the cluster's 48 task groups, those that emrguard leaves free (R6)"},
	"enforce_bans":         {"true or false", "stop what others launch on a banned group and place it elsewhere (R10)"},
	"outside_growth":       {"repeat or add", "what a rise of a group's requested count by others means. repeat: they state the number they want there, so what was moved elsewhere counts towards it. add: they read the number and add to it, so every rise is new capacity; needs max (R10)"},
	"max":                  {"0 to 2000", "the largest number of instances a pool may want; 0 for no limit. outside_growth: add needs it (R10)"},
	"return":               {"by_hand or auto", "how instances that were placed on fallbacks come back to the origin once its ban has lapsed. by_hand: by emrguard return. auto: by itself, launching there first and releasing the fallbacks as the instances run; a CORE group is asked again by hand only (R9)"},
	"fallback":             {"1 to 10 rungs: same, or a section", "the rungs of the fallback ladder, in their order: where what a stuck group misses is launched. same: groups of the origin's configuration. A section, for example {types: [m5a.2xlarge, r5.2xlarge], after: 15m} or {market: on_demand, max: 5}: see below (R6)"},
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
	b.WriteString("Secure by default: the listener answers on this machine only. It is open for reading there, and gives no orders without a token\nor `web.open_orders`. An address that others can reach needs a token or a proxy, and then every request but /healthz and /readyz has to carry credentials.\n")
	section(&b, "Top level", "", reflect.ValueOf(*defaults()))
	section(&b, "web", "Who may see and steer the fleet through the listener: [dashboard.md](dashboard.md).", reflect.ValueOf(defaults().Web))
	section(&b, "log", "", reflect.ValueOf(defaults().Log))
	section(&b, "history", "", reflect.ValueOf(defaults().History))
	section(&b, "notify", "", reflect.ValueOf(defaults().Notify))
	section(&b, "notify.sinks[]", "Exactly one of the sections is given. Secrets are in files or the environment, never in this file.", reflect.ValueOf(notify.Sink{}))
	section(&b, "notify.sinks[].slack", "", reflect.ValueOf(notify.Slack{}))
	section(&b, "notify.sinks[].webhook", "", reflect.ValueOf(notify.Webhook{}))
	section(&b, "notify.sinks[].smtp", "", reflect.ValueOf(notify.DefaultSMTP()))
	section(&b, "notify.sinks[].sns", "", reflect.ValueOf(notify.SNS{}))
	section(&b, "notify.sinks[].eventbridge", "", reflect.ValueOf(notify.EventBridge{}))
	section(&b, "notify.routes[]", "", reflect.ValueOf(notify.Route{}))
	section(&b, "scopes[]", "", reflect.ValueOf(defaultScope()))
	section(&b, "scopes[].api_rates", "Keys are the operations "+operations()+".", reflect.ValueOf(Rate{}))
	section(&b, "clusters[]", "", reflect.ValueOf(NewRule()))
	section(&b, "clusters[].match", "", reflect.ValueOf(Match{}))
	section(&b, "clusters[].recovery", "", reflect.ValueOf(recovery.Defaults()))
	section(&b, "clusters[].recovery.fallback[]", "The word `same` alone stands for `{same: true}`. A rung names what differs from the origin; all else is copied. No two rungs offer the same.",
		reflect.ValueOf(recovery.Rung{}))
	scalingSections(&b)
	return b.String()
}

// scalingSections render what stands below a rule's pools and termination.
func scalingSections(b *strings.Builder) {
	pool, policy := "clusters[].pools[]", "clusters[].pools[].scale_up[]"
	section(b, pool, "A pool is one group, the origin, with the fallback groups that recoveries made for it.", reflect.ValueOf(scaling.DefaultPool()))
	section(b, pool+".group", "", reflect.ValueOf(scaling.DefaultGroup()))
	section(b, pool+".group.volumes[]", "", fresh(reflect.TypeFor[emr.VolumeConfig]()))
	section(b, pool+".cooldown", "", reflect.ValueOf(scaling.DefaultPool().Cooldown))
	section(b, pool+".max_step", "", reflect.ValueOf(scaling.DefaultPool().MaxStep))
	section(b, policy, "The entries of `scale_down` have the same keys.", reflect.ValueOf(scaling.DefaultPolicy()))
	section(b, policy+".dimensions[]", "", reflect.ValueOf(emr.Dimension{}))
	section(b, policy+".action", "", reflect.ValueOf(scaling.Action{}))
	section(b, pool+".schedules[]", "", reflect.ValueOf(scaling.DefaultSchedule()))
	section(b, "clusters[].termination", "", reflect.ValueOf(scaling.DefaultTermination()))
	section(b, "clusters[].termination.policies[]", "", reflect.ValueOf(scaling.TerminationPolicy{}))
	section(b, "clusters[].termination.policies[].statements[]", "", reflect.ValueOf(scaling.DefaultCondition()))
}

// operations lists the operations as prose.
func operations() string {
	var names []string
	for _, op := range emr.Ops {
		names = append(names, "`"+string(op)+"`")
	}
	return strings.Join(names, ", ")
}

// section renders one struct as a table.
func section(b *strings.Builder, title, intro string, v reflect.Value) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	if intro != "" {
		fmt.Fprintf(b, "%s\n\n", intro)
	}
	b.WriteString("| key | type | default | values | meaning |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range fieldsOf(v.Type()) {
		tags := v.Type().FieldByIndex(f.index).Tag
		m := meaning{tags.Get("range"), tags.Get("doc")}
		if v.Type() == reflect.TypeFor[recovery.Settings]() {
			m = recoveryMeanings[f.name]
		}
		value, standard := v.FieldByIndex(f.index), "required"
		if !slices.Contains(required[v.Type()], f.name) {
			standard = defaultWords(value, strings.HasSuffix(tags.Get("yaml"), ",omitempty"))
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", f.name, typeWords(value.Type()), standard, cell(m.values), cell(m.words))
	}
}

// cell escapes what would end or change a table's cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;").Replace(s)
}

// defaultWords is the default as it would stand in the file; a zero of an optional key stands for a key that is absent.
func defaultWords(v reflect.Value, optional bool) string {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil(), v.Kind() == reflect.Int && optional && v.IsZero():
		return "none"
	case v.Kind() == reflect.Struct:
		return "see below"
	case v.Type() != durationType && v.IsZero() && v.Kind() != reflect.Bool && v.Kind() != reflect.Int:
		return "none"
	}
	return "`" + words(v) + "`"
}

// typeWords is a type in the words of the file's author.
func typeWords(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
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
