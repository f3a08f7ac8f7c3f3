package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// node is one value of the JSON text with the path it stands at.
type node struct {
	path  string
	value any // nil, bool, string, json.Number, []any or map[string]any; nil is a key that is absent or null
}

// parse reads exactly one JSON value.
func parse(data []byte) (node, error) {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return node{}, fmt.Errorf("not valid JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return node{}, fmt.Errorf("not valid JSON: something follows the value at byte %d", dec.InputOffset())
	}
	return node{value: v}, nil
}

// get is the value of a key; of anything but an object it is an absent one.
func (n node) get(key string) node {
	m, _ := n.value.(map[string]any)
	path := key
	if strings.ContainsAny(key, ".[] \"\t\n\r") || key == "" {
		path = strconv.Quote(key)
	}
	if n.path != "" {
		path = n.path + "." + path
	}
	return node{path, m[key]}
}

// given says whether there is a value.
func (n node) given() bool { return n.value != nil }

// empty says whether there is nothing in it: absent, null, or an object, list or text without contents.
func (n node) empty() bool {
	switch v := n.value.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}

// keys are those of an object, sorted.
func (n node) keys() []string {
	m, _ := n.value.(map[string]any)
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// list are the entries of a list.
func (n node) list() []node {
	l, _ := n.value.([]any)
	out := make([]node, len(l))
	for i, v := range l {
		out[i] = node{fmt.Sprintf("%s[%d]", n.path, i), v}
	}
	return out
}

// text is a string.
func (n node) text() (string, error) {
	s, ok := n.value.(string)
	if !ok {
		return "", n.wrong("a text")
	}
	return s, nil
}

// number is a number, or a text that holds one: the product takes expressions in texts, which nothing here can evaluate.
func (n node) number() (float64, error) {
	var s string
	switch v := n.value.(type) {
	case json.Number:
		s = v.String()
	case string:
		s = strings.TrimSpace(v)
	default:
		return 0, n.wrong("a number")
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		if _, isText := n.value.(string); isText {
			return 0, because("%s is an expression, and only numbers are taken", show(n.value))
		}
		return 0, n.wrong("a number")
	}
	return f, nil
}

// mostInt bounds whole numbers, so that no arithmetic on them overflows.
const mostInt = 1 << 30

// whole is a number without a fraction.
func (n node) whole() (int, error) {
	f, err := n.number()
	if err != nil {
		return 0, err
	}
	if f != math.Trunc(f) || math.Abs(f) > mostInt {
		return 0, n.wrong("a whole number")
	}
	return int(f), nil
}

// truth is true or false.
func (n node) truth() (bool, error) {
	switch v := n.value.(type) {
	case bool:
		return v, nil
	case string:
		if b, err := strconv.ParseBool(strings.ToLower(v)); err == nil {
			return b, nil
		}
	}
	return false, n.wrong("true or false")
}

// reason is why something is not taken.
type reason string

// Error implements error.
func (r reason) Error() string { return string(r) }

func because(format string, args ...any) error { return reason(fmt.Sprintf(format, args...)) }

func (n node) wrong(wanted string) error { return because("%s is not %s", show(n.value), wanted) }

// show is a value as a note shows it, at most 60 characters.
func show(v any) string {
	var s string
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		s = strconv.Quote(v)
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	default:
		s = fmt.Sprint(v)
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return s
}
