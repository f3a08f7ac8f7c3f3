package schedule

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kind describes one field of an expression. pos is its place in gronx's count, which begins with seconds.
type kind struct {
	name      string
	pos       int
	low, high int
	words     []string // names of the numbers from low on
}

var kinds = [5]kind{
	{"minute", 1, 0, 59, nil},
	{"hour", 2, 0, 23, nil},
	{"day of month", 3, 1, 31, nil},
	{"month", 4, 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{"day of week", 5, 0, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
}

// The places of the fields in kinds.
const (
	minute = iota
	hour
	dayOfMonth
	month
	dayOfWeek
)

// plain is an entry of a field's list without L, W and #: a value or a range, with or without a step.
var plain = regexp.MustCompile(`^(\*|[0-9A-Z]+)(?:-([0-9A-Z]+))?(?:/([0-9]+))?$`)

// special are the entries with L, W and #: the month's last day, the working day nearest to a day, the last or nth weekday.
var (
	nearest     = regexp.MustCompile(`^([0-9]+)W$`)
	lastWeekday = regexp.MustCompile(`^([0-9]|[A-Z]{3})L$`)
	nthWeekday  = regexp.MustCompile(`^([0-9]|[A-Z]{3})#([0-9]+)$`)
)

// field checks one field and writes it as gronx takes it: numbers for names, * for ?. gronx itself takes much that means nothing or
// another thing than it seems to (9L is 2L, a step of 90 minutes is one of 60), so what it gets is checked before.
func (k kind) field(text string) (string, error) {
	if text == "*" || (text == "?" && (k.pos == kinds[dayOfMonth].pos || k.pos == kinds[dayOfWeek].pos)) {
		return "*", nil
	}
	entries := strings.Split(strings.ToUpper(text), ",")
	for i, e := range entries {
		out, err := k.entry(e)
		if err == nil && out == "*" {
			err = fmt.Errorf("* is everything, so it stands alone")
		}
		if err != nil {
			return "", fmt.Errorf("%s %.40q: %w", k.name, text, err)
		}
		entries[i] = out
	}
	return strings.Join(entries, ","), nil
}

// entry is field for one entry of the list.
func (k kind) entry(e string) (string, error) {
	switch k.pos {
	case kinds[dayOfMonth].pos:
		if e == "L" {
			return e, nil
		}
		if m := nearest.FindStringSubmatch(e); m != nil {
			n, err := k.number(m[1])
			return fmt.Sprintf("%dW", n), err
		}
	case kinds[dayOfWeek].pos:
		if m := lastWeekday.FindStringSubmatch(e); m != nil {
			n, err := k.number(m[1])
			return fmt.Sprintf("%dL", n%7), err
		}
		if m := nthWeekday.FindStringSubmatch(e); m != nil {
			n, err := k.number(m[1])
			nth, bad := strconv.Atoi(m[2])
			if err == nil && (bad != nil || nth < 1 || nth > 5) {
				err = fmt.Errorf("a month has no %.10s. weekday of a kind; write #1 to #5", m[2])
			}
			return fmt.Sprintf("%d#%d", n%7, nth), err
		}
	}
	m := plain.FindStringSubmatch(e)
	if m == nil {
		return "", fmt.Errorf("%.20q is not understood; write %s", e, k.wants())
	}
	step := ""
	if m[3] != "" {
		n, err := strconv.Atoi(m[3])
		if most := k.span() - 1; err != nil || n < 1 || n > most {
			return "", fmt.Errorf("the step %.20s is not 1 to %d: steps begin anew in each field, so a longer one does not mean what it says", m[3], most)
		}
		step = "/" + strconv.Itoa(n)
	}
	if m[1] == "*" {
		if m[2] != "" {
			return "", fmt.Errorf("%.20q is not understood; write %s", e, k.wants())
		}
		return "*" + step, nil
	}
	from, err := k.number(m[1])
	if err != nil {
		return "", err
	}
	if m[2] == "" {
		return strconv.Itoa(from) + step, nil
	}
	to, err := k.number(m[2])
	if err != nil {
		return "", err
	}
	if k.pos == kinds[dayOfWeek].pos { // Sunday is 0 at the head of a range and 7 at its end
		if from == 7 && to != 7 {
			from = 0
		}
		if to == 0 && from > 0 {
			to = 7
		}
	}
	if to < from {
		return "", fmt.Errorf("the range %.20s runs backwards; write %d-%d,%d-%d", e, from, k.low+k.span()-1, k.low, to)
	}
	return fmt.Sprintf("%d-%d%s", from, to, step), nil
}

// span is how many different values the field has: a day of the week has 7 values and two names for Sunday.
func (k kind) span() int {
	if k.pos == kinds[dayOfWeek].pos {
		return 7
	}
	return k.high - k.low + 1
}

func (k kind) wants() string {
	s := fmt.Sprintf("*, numbers from %d to %d", k.low, k.high)
	if k.words != nil {
		s += fmt.Sprintf(" or names from %s to %s", k.words[0], k.words[len(k.words)-1])
	}
	s += ", ranges such as 2-5, steps such as */2, and lists of these"
	switch k.pos {
	case kinds[dayOfMonth].pos:
		s += "; L is the last day of the month, 15W the working day nearest to the 15th"
	case kinds[dayOfWeek].pos:
		s += "; 5L is the last Friday of the month, 5#2 the second"
	}
	return s
}

// number reads a number or a name.
func (k kind) number(s string) (int, error) {
	if i := slices.Index(k.words, s); i >= 0 {
		return k.low + i, nil
	}
	if strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%.20q is not understood; write %s", s, k.wants())
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < k.low || n > k.high {
		return 0, fmt.Errorf("%.20s is outside %d to %d", s, k.low, k.high)
	}
	return n, nil
}
