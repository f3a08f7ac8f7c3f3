package view

import (
	"reflect"
	"strings"
	"time"
)

// Field is one name in the JSON of a command.
type Field struct {
	Name string // with the names above it: "clusters[].missing"
	Type string // string, number, boolean, time, object, list of …
	Doc  string
}

// Fields lists the JSON fields of a value of this package, nested ones after their parent. Those of a field with a like tag are those
// of the field that it names.
func Fields(v any) []Field { return fields("", reflect.TypeOf(v)) }

func fields(prefix string, t reflect.Type) []Field {
	var out []Field
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Anonymous && name == "" {
			out = append(out, fields(prefix, f.Type)...)
			continue
		}
		inner := f.Type
		path := prefix + name
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		kind := kindOf(inner)
		if inner.Kind() == reflect.Slice && inner.Elem().Kind() != reflect.Uint8 {
			inner = inner.Elem()
			kind, path = "list of "+kindOf(inner), path+"[]"
		}
		if like := f.Tag.Get("like"); like != "" {
			out = append(out, Field{Name: prefix + name, Type: kind + " like " + like, Doc: f.Tag.Get("doc")})
			continue
		}
		out = append(out, Field{Name: prefix + name, Type: kind, Doc: f.Tag.Get("doc")})
		if kindOf(inner) == "object" && inner.Kind() == reflect.Struct {
			out = append(out, fields(path+".", inner)...)
		}
	}
	return out
}

func kindOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case t.Kind() == reflect.String:
		return "string"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Slice, t.Kind() == reflect.Map: // a slice of bytes here is JSON of its own
		return "object"
	}
	return "number"
}
