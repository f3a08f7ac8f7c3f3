package config

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"emrguard/internal/recovery"
)

// schema calls f for every key of the file.
func schema(t reflect.Type, path string, f func(path, name string, field reflect.StructField)) {
	for _, k := range fieldsOf(t) {
		field := t.FieldByIndex(k.index)
		at := join(path, k.name)
		f(at, k.name, field)
		inner := field.Type
		for slices.Contains([]reflect.Kind{reflect.Slice, reflect.Map, reflect.Pointer}, inner.Kind()) {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			schema(inner, at, f)
		}
	}
}

func TestReferenceIsCurrent(t *testing.T) {
	golden(t, "../../docs/config.md", Reference())
}

// TestEverySectionIsInTheReference holds that no section of the file is left out.
func TestEverySectionIsInTheReference(t *testing.T) {
	schema(reflect.TypeFor[Config](), "", func(path, name string, f reflect.StructField) {
		if path == name && f.Type.Kind() == reflect.Struct && !strings.Contains(Reference(), "\n## "+name+"\n") {
			t.Errorf("%s is not in the reference", name)
		}
	})
}

func TestEveryKeyIsExplained(t *testing.T) {
	settings := map[string]bool{}
	schema(reflect.TypeFor[Config](), "", func(path, name string, f reflect.StructField) {
		if in := strings.TrimPrefix(path, "clusters.recovery."); in == name && in != path {
			settings[name] = true
			return
		}
		if f.Tag.Get("doc") == "" {
			t.Errorf("%s has no doc tag", path)
		}
	})
	for name := range settings {
		if m := recoveryMeanings[name]; m.values == "" || m.words == "" {
			t.Errorf("recovery.%s is not explained", name)
		}
	}
	for name := range recoveryMeanings {
		if !settings[name] {
			t.Errorf("recovery.%s is explained and does not exist", name)
		}
	}
}

func TestExample(t *testing.T) {
	data, err := os.ReadFile("../../emrguard.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := Parse("emrguard.example.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	if w := cfg.WarningLines(); len(w) > 0 {
		t.Errorf("the example is unwise:\n%s", strings.Join(w, "\n"))
	}
	schema(reflect.TypeFor[Config](), "", func(path, name string, _ reflect.StructField) {
		if !regexp.MustCompile(`(?m)(^|[ {#])` + name + `:`).Match(data) {
			t.Errorf("the example does not show %s", path)
		}
	})
	if !reflect.DeepEqual(cfg.Clusters[1].Recovery, recovery.Defaults()) {
		t.Errorf("the example's defaults are not the defaults: %+v", cfg.Clusters[1].Recovery)
	}
}
