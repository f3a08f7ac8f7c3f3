package wire

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// formType is the content type of requests in AWS's query protocol: parameters such as
//
//	Action=GetMetricData&MetricDataQueries.member.1.Id=a&StartTime=2026-01-05T08%3A00%3A00Z
const formType = "application/x-www-form-urlencoded"

// actionOf is the operation that a form names; empty when it names none.
func actionOf(body []byte) string {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return ""
	}
	return form.Get("Action")
}

// decodeForm reads a form into an input structure. Parameters that no member has are left aside, as AWS does.
func decodeForm(body []byte, in any) error {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return fmt.Errorf("the body is not a form: %w", err)
	}
	root := &parameter{}
	for key, values := range form {
		p := root
		for word := range strings.SplitSeq(key, ".") {
			p = p.child(word)
		}
		p.value, p.given = values[0], true
	}
	return root.into(reflect.ValueOf(in).Elem(), "")
}

// parameter is one node of the tree that the dots of a form's keys make.
type parameter struct {
	value string
	given bool
	below map[string]*parameter
}

func (p *parameter) child(word string) *parameter {
	if p.below == nil {
		p.below = map[string]*parameter{}
	}
	c := p.below[word]
	if c == nil {
		c = &parameter{}
		p.below[word] = c
	}
	return c
}

// into writes a node and what is below it to a member of a structure.
func (p *parameter) into(v reflect.Value, path string) error {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return p.into(v.Elem(), path)
	case v.Type() == reflect.TypeFor[shapes.Time]():
		at, err := time.Parse(time.RFC3339Nano, p.value)
		if err != nil {
			at, err = time.Parse("2006-01-02T15:04:05", p.value) // without a zone: UTC
		}
		if err != nil || at.Year() < 1970 {
			return fmt.Errorf("%s: %q is not a time such as 2026-01-05T08:00:00Z", path, clip(p.value))
		}
		v.Set(reflect.ValueOf(shapes.Time{Time: at.UTC()}))
	case v.Kind() == reflect.Struct:
		return p.intoStructure(v, path)
	case v.Kind() == reflect.Slice:
		return p.intoList(v, path)
	default:
		return p.intoScalar(v, path)
	}
	return nil
}

func (p *parameter) intoStructure(v reflect.Value, path string) error {
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		if flat := tag.Get("query"); flat != "" {
			if c := p.below[flat]; c != nil {
				if err := c.intoFlat(v.Field(i), strings.TrimPrefix(path+"."+flat, ".")); err != nil {
					return err
				}
			}
			continue
		}
		name, _, _ := strings.Cut(tag.Get("json"), ",")
		if c := p.below[name]; c != nil {
			if err := c.into(v.Field(i), strings.TrimPrefix(path+"."+name, ".")); err != nil {
				return err
			}
		}
	}
	return nil
}

// intoList takes X.member.1, X.member.2 and so on, in the order of their numbers. A bare X= is an empty list.
func (p *parameter) intoList(v reflect.Value, path string) error {
	return p.child("member").intoFlat(v, path+".member")
}

// intoFlat takes 1, 2 and so on.
func (p *parameter) intoFlat(v reflect.Value, path string) error {
	members := p.below
	numbers := make([]int, 0, len(members))
	for word := range members {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return fmt.Errorf("%s.%s: members of a list are counted from 1", path, clip(word))
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	v.Set(reflect.MakeSlice(v.Type(), len(numbers), len(numbers)))
	for i, n := range numbers {
		if c := members[strconv.Itoa(n)]; c != nil {
			if err := c.into(v.Index(i), fmt.Sprintf("%s.%d", path, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parameter) intoScalar(v reflect.Value, path string) error {
	if !p.given {
		return fmt.Errorf("%s has no value", path)
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(p.value)
	case reflect.Bool:
		if p.value != "true" && p.value != "false" {
			err = errors.New("neither true nor false")
		}
		v.SetBool(p.value == "true")
	case reflect.Int:
		var n int64
		n, err = strconv.ParseInt(p.value, 10, 32)
		v.SetInt(n)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(p.value, 64)
		v.SetFloat(f)
	default:
		panic("emrsim/wire: the query protocol knows no " + v.Type().String())
	}
	if err != nil {
		return fmt.Errorf("%s: %q can not be converted to %s", path, clip(p.value), wireType(v.Type()))
	}
	return nil
}
