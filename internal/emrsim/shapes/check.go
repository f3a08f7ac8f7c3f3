package shapes

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxViolations bounds the text of one answer; the service itself lists every violation.
const maxViolations = 20

// ConstraintError lists what a request violates of the API model's constraints: required members, lengths, ranges and enums.
type ConstraintError struct {
	// Violations are sentences in the service's own words, with member paths like instanceGroups.1.member.instanceRole.
	Violations []string
}

// Error is the text of the ValidationException that EMR answers with.
func (e *ConstraintError) Error() string {
	plural := "s"
	if len(e.Violations) == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d validation error%s detected: %s", len(e.Violations), plural, strings.Join(e.Violations, "; "))
}

// Check returns a *ConstraintError when in, a pointer to an input structure of this package, violates the model's constraints,
// else nil. Only the model is checked here; what a request means is the operation's business. Safe for concurrent use.
func Check(in any) error {
	v := reflect.ValueOf(in)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil
	}
	var c checker
	c.structure(v.Elem(), "")
	if len(c.violations) == 0 {
		return nil
	}
	return &ConstraintError{Violations: c.violations}
}

// checker walks one request.
type checker struct{ violations []string }

func (c *checker) full() bool { return len(c.violations) >= maxViolations }

func (c *checker) violate(value, path, constraint string) {
	if !c.full() {
		c.violations = append(c.violations, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, path, constraint))
	}
}

// structure checks every member of one structure and what is inside it.
func (c *checker) structure(v reflect.Value, path string) {
	for _, m := range planOf(v.Type()) {
		if c.full() {
			return
		}
		c.member(v.Field(m.index), join(path, m.wire), m)
	}
}

func (c *checker) member(v reflect.Value, path string, m member) {
	if v.IsNil() {
		if m.rule.required {
			c.violate("null", path, "Member must not be null")
		}
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		if most := m.rule.maxItems; most > 0 && v.Len() > most {
			c.violate(fmt.Sprintf("'[%d elements]'", v.Len()), path, fmt.Sprintf("Member must have length less than or equal to %d", most))
			return
		}
		for i := 0; i < v.Len() && !c.full(); i++ {
			at := path + "." + strconv.Itoa(i+1) + ".member"
			if e := v.Index(i); e.Kind() == reflect.Struct {
				c.structure(e, at)
			} else if e.Kind() == reflect.String {
				c.element(e.String(), path, m.rule)
			}
		}
	case reflect.Map:
		if v.Type().Elem().Kind() == reflect.String && m.rule.enum != nil {
			for it := v.MapRange(); it.Next() && !c.full(); {
				c.element(it.Value().String(), path, m.rule)
			}
		}
	default:
		c.scalar(v.Elem(), path, m.rule)
	}
}

// element checks one string of a list or map; the service reports it at the list's path, in brackets.
func (c *checker) element(s, path string, r rule) {
	if text := r.violatedBy(s); text != "" {
		c.violate("'["+s+"]'", path, "Member must satisfy constraint: ["+text+"]")
	}
}

func (c *checker) scalar(v reflect.Value, path string, r rule) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() != reflect.TypeFor[Time]() {
			c.structure(v, path)
		}
	case reflect.String:
		if text := r.violatedBy(v.String()); text != "" {
			c.violate("'"+v.String()+"'", path, text)
		}
	case reflect.Int, reflect.Int64:
		if text := r.outside(float64(v.Int())); text != "" {
			c.violate("'"+strconv.FormatInt(v.Int(), 10)+"'", path, text)
		}
	case reflect.Float64:
		if text := r.outside(v.Float()); text != "" {
			c.violate("'"+strconv.FormatFloat(v.Float(), 'g', -1, 64)+"'", path, text)
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// member is one field of a structure that has a rule or may contain something that has.
type member struct {
	index int
	wire  string // the member's name with a lower-case first letter, as in the service's texts
	rule  rule
}

var plans sync.Map // reflect.Type -> []member

func planOf(t reflect.Type) []member {
	if p, ok := plans.Load(t); ok {
		return p.([]member)
	}
	var p []member
	for i := range t.NumField() {
		f := t.Field(i)
		r, ruled := constraints()[t.Name()+"."+f.Name]
		if ruled || holdsStructure(f.Type) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			p = append(p, member{index: i, wire: strings.ToLower(name[:1]) + name[1:], rule: r})
		}
	}
	plans.Store(t, p)
	return p
}

func holdsStructure(t reflect.Type) bool {
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Slice {
		return false
	}
	return t.Elem().Kind() == reflect.Struct && t.Elem() != reflect.TypeFor[Time]()
}

// violatedBy returns the constraint that the string violates, or nothing.
func (r rule) violatedBy(s string) string {
	switch {
	case r.enum != nil && !slices.Contains(r.enum, s):
		return "Member must satisfy enum value set: [" + strings.Join(r.enum, ", ") + "]"
	case r.minLen > 0 && utf8.RuneCountInString(s) < r.minLen:
		return fmt.Sprintf("Member must have length greater than or equal to %d", r.minLen)
	case r.maxLen > 0 && utf8.RuneCountInString(s) > r.maxLen:
		return fmt.Sprintf("Member must have length less than or equal to %d", r.maxLen)
	case r.text && strings.ContainsFunc(s, notText):
		return "Member must satisfy regular expression pattern: " + textPattern
	}
	return ""
}

// outside returns the range constraint that the number violates, or nothing.
func (r rule) outside(n float64) string {
	switch {
	case r.hasMin && n < r.min:
		return "Member must have value greater than or equal to " + strconv.FormatFloat(r.min, 'f', -1, 64)
	case r.hasMax && n > r.max:
		return "Member must have value less than or equal to " + strconv.FormatFloat(r.max, 'f', -1, 64)
	}
	return ""
}
