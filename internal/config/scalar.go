package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// scalar reads a single value; wanted names what it has to be.
func (w *walker) scalar(node *yaml.Node, v reflect.Value, path, wanted string, set func(*yaml.Node, reflect.Value) (hint string, ok bool)) {
	if node.Kind != yaml.ScalarNode {
		w.problem(node, path, "want %s, found %s", wanted, found(node))
		return
	}
	hint, ok := set(node, v)
	switch {
	case ok:
	case hint != "":
		w.problem(node, path, "want %s, found %s; %s", wanted, found(node), hint)
	default:
		w.problem(node, path, "want %s, found %s", wanted, found(node))
	}
}

// setText takes the text as it is written: an external id of digits, or a tag's value true, is text too.
func setText(node *yaml.Node, v reflect.Value) (string, bool) {
	v.SetString(node.Value)
	return "", true
}

func setBool(node *yaml.Node, v reflect.Value) (string, bool) {
	switch node.Value {
	case "true", "false":
		if node.ShortTag() != "!!bool" {
			return "remove the quotes", false
		}
		v.SetBool(node.Value == "true")
		return "", true
	}
	switch strings.ToLower(node.Value) {
	case "yes", "on", "y", "true":
		return "write true", false
	case "no", "off", "n", "false":
		return "write false", false
	}
	return "", false
}

var wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

func setInt(node *yaml.Node, v reflect.Value) (string, bool) {
	n, err := strconv.ParseInt(node.Value, 10, 32)
	switch {
	case !wholeNumber.MatchString(node.Value):
		return "", false
	case err != nil:
		return "it is too large", false
	case node.ShortTag() != "!!int":
		return "remove the quotes", false
	}
	v.SetInt(n)
	return "", true
}

var number = regexp.MustCompile(`^-?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?$`)

func setFloat(node *yaml.Node, v reflect.Value) (string, bool) {
	if percent, ok := strings.CutSuffix(node.Value, "%"); ok && number.MatchString(percent) {
		return "write 50% as 0.5", false
	}
	n, err := strconv.ParseFloat(node.Value, 64)
	switch {
	case !number.MatchString(node.Value):
		return "", false
	case err != nil:
		return "it is too large", false
	case node.ShortTag() == "!!str":
		return "remove the quotes", false
	}
	v.SetFloat(n)
	return "", true
}

var days = regexp.MustCompile(`^([0-9]{1,6}) ?d(ays?)?$`)

func setDuration(node *yaml.Node, v reflect.Value) (string, bool) {
	d, err := time.ParseDuration(node.Value)
	if err == nil {
		v.SetInt(int64(d))
		return "", true
	}
	if m := days.FindStringSubmatch(node.Value); m != nil {
		n, _ := strconv.Atoi(m[1]) // six digits
		return fmt.Sprintf("days are written in hours: %dh", 24*n), false
	}
	if wholeNumber.MatchString(node.Value) {
		return "the unit is missing: s, m or h", false
	}
	return "", false
}
