package simtest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"emrguard/internal/emrsim"
)

// args reads the words of a command. What cannot be read, and what nobody asked for, is an error of unknown.
type args struct {
	c    Command
	used []bool
	errs []error
}

// take returns the values of the first argument of that key that was not read yet.
func (a *args) take(key string) ([]string, bool) {
	if a.used == nil {
		a.used = make([]bool, len(a.c.Args))
	}
	for i, x := range a.c.Args {
		if x.Key == key && !a.used[i] {
			a.used[i] = true
			return x.Vals, true
		}
	}
	return nil, false
}

func (a *args) has(key string) bool {
	return slices.ContainsFunc(a.c.Args, func(x Arg) bool { return x.Key == key })
}

func (a *args) flag(key string) bool {
	v, ok := a.take(key)
	if len(v) > 0 && v[0] != "true" {
		a.bad(key, errors.New("takes no value"))
	}
	return ok
}

func (a *args) text(key, otherwise string) string {
	v, ok := a.take(key)
	switch {
	case !ok:
		return otherwise
	case len(v) == 0:
		return ""
	case len(v) == 1:
		return v[0]
	}
	a.bad(key, errors.New("takes one value"))
	return ""
}

func (a *args) list(key string) []string {
	v, _ := a.take(key)
	return v
}

// word is the next argument without a value; empty: there is none.
func (a *args) word() string {
	if a.used == nil {
		a.used = make([]bool, len(a.c.Args))
	}
	for i, x := range a.c.Args {
		if len(x.Vals) == 0 && !a.used[i] {
			a.used[i] = true
			return x.Key
		}
	}
	return ""
}

// duration is the next argument without a value, which is a time such as 40m.
func (a *args) duration() (time.Duration, error) {
	w := a.word()
	d, err := time.ParseDuration(w)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write for example 40m", w)
	}
	return d, nil
}

func (a *args) bad(key string, err error) { a.errs = append(a.errs, fmt.Errorf("%s: %w", key, err)) }

// parsed reads the one value of a key; without the key it is otherwise.
func parsed[T any](a *args, key string, otherwise T, parse func(string) (T, error)) T {
	v, ok := a.take(key)
	if !ok {
		return otherwise
	}
	if len(v) != 1 {
		a.bad(key, errors.New("takes one value"))
		return otherwise
	}
	out, err := parse(v[0])
	if err != nil {
		a.bad(key, err)
	}
	return out
}

func (a *args) number(key string, otherwise int) int { return parsed(a, key, otherwise, strconv.Atoi) }

func (a *args) span(key string, otherwise time.Duration) time.Duration {
	return parsed(a, key, otherwise, time.ParseDuration)
}

func (a *args) fraction(key string) float64 {
	return parsed(a, key, 0, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
}

func (a *args) dist(key string) emrsim.Dist { return parsed(a, key, emrsim.Dist{}, emrsim.ParseDist) }

// unknown is what was wrong with the words, and those that mean nothing here.
func (a *args) unknown() error {
	for i, x := range a.c.Args {
		if i >= len(a.used) || !a.used[i] {
			a.bad(x.Key, errors.New("is not known here"))
		}
	}
	return errors.Join(a.errs...)
}
