package scenario

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"emrguard/internal/emrsim"
)

// maxProblems bounds what one file is told.
const maxProblems = 100

// decoder walks the YAML nodes itself: the strict mode of the YAML package stops at custom types and knows no columns.
type decoder struct {
	problems []Problem
	places   map[string]*yaml.Node // of every value by its path
}

func (d *decoder) report(n *yaml.Node, path, format string, args ...any) {
	if len(d.problems) >= maxProblems {
		return
	}
	p := Problem{Path: path, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		p.Line, p.Column = n.Line, n.Column
	}
	d.problems = append(d.problems, p)
}

// parse reads the one document of a file.
func (d *decoder) parse(data []byte, into any) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		d.report(nil, "", "the file is empty")
		return
	case err != nil:
		d.syntax(err)
		return
	}
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		d.report(&more, "", "a second document begins here; a scenario is one")
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
	}
	if len(doc.Content) == 0 {
		d.report(nil, "", "the file is empty")
		return
	}
	d.value(doc.Content[0], reflect.ValueOf(into).Elem(), "")
}

// syntax takes the YAML package's own error, whose only place is a line in its text.
func (d *decoder) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	p := Problem{Message: "not YAML: " + text}
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		num, msg, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(num); err == nil {
			p = Problem{Line: n, Column: 1, Message: "not YAML: " + msg}
		}
	}
	d.problems = append(d.problems, p)
}

var durationType = reflect.TypeFor[time.Duration]()

// value decodes one node.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.report(n, path, "anchors and aliases are not supported")
		return
	}
	d.places[path] = n
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		d.report(n, path, "a value is missing")
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && v.Type() != reflect.TypeFor[time.Time]() {
		if d.isScalar(n, path) {
			if err := u.UnmarshalText([]byte(n.Value)); err != nil {
				d.report(n, path, "%v", err)
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			d.scalar(n, v, path)
			return
		}
		d.mapping(n, v, path)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.report(n, path, "want a list, not %s", kindOf(n))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			d.value(c, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		d.table(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return strconv.Quote(n.Value)
}

// isScalar reports a node that is no single value.
func (d *decoder) isScalar(n *yaml.Node, path string) bool {
	if n.Kind == yaml.ScalarNode {
		return true
	}
	d.report(n, path, "want one value, not %s", kindOf(n))
	return false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// pairs calls with each key and value of a mapping; keys that are given twice are reported and only their first is used.
func (d *decoder) pairs(n *yaml.Node, path string, each func(key, val *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.report(n, path, "want a mapping, not %s", kindOf(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || key.Tag == "!!merge":
			d.report(key, path, "a key is a plain word here")
		case seen[key.Value]:
			d.report(key, join(path, key.Value), "given twice")
		default:
			seen[key.Value] = true
			each(key, val)
		}
	}
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	fields := map[string]int{}
	var known []string
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		fields[name] = i
		known = append(known, name)
	}
	d.pairs(n, path, func(key, val *yaml.Node) {
		i, ok := fields[key.Value]
		if !ok {
			d.report(key, join(path, key.Value), "unknown key%s", suggest(key.Value, known))
			return
		}
		d.value(val, v.Field(i), join(path, key.Value))
	})
}

func (d *decoder) table(n *yaml.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, path, func(key, val *yaml.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(val, e, join(path, key.Value))
		v.SetMapIndex(reflect.ValueOf(key.Value), e)
	})
}

// scalar decodes the simple kinds.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	if !d.isScalar(n, path) {
		return
	}
	text := n.Value
	switch {
	case v.Type() == durationType:
		x, err := time.ParseDuration(text)
		if err != nil || x < 0 || x > 10*365*24*time.Hour {
			d.report(n, path, "%q is not a duration such as 90s, 10m or 2h", text)
			return
		}
		v.SetInt(int64(x))
	case v.Type() == reflect.TypeFor[time.Time]():
		x, err := time.Parse(time.RFC3339, text)
		if err != nil || x.Year() < 1990 || x.Year() > 2200 {
			d.report(n, path, "%q is not a time such as 2026-01-05T08:00:00Z", text)
			return
		}
		v.Set(reflect.ValueOf(x.UTC()))
	case v.Type() == reflect.TypeFor[Amount]():
		x, err := strconv.Atoi(text)
		switch {
		case text == "unlimited":
			x = emrsim.Unlimited
		case err != nil || x < 0 || x > 1_000_000:
			d.report(n, path, "%q is neither a number from 0 nor unlimited", text)
			return
		}
		v.SetInt(int64(x))
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			d.report(n, path, "%q is neither true nor false", text)
			return
		}
		v.SetBool(text == "true")
	case v.Kind() == reflect.Int:
		x, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			d.report(n, path, "%q is not a whole number", text)
			return
		}
		v.SetInt(x)
	case v.Kind() == reflect.Uint64:
		x, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			d.report(n, path, "%q is not a whole number from 0", text)
			return
		}
		v.SetUint(x)
	case v.Kind() == reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			d.report(n, path, "%q is not a number", text)
			return
		}
		v.SetFloat(x)
	}
}
