package schedule

import (
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/adhocore/gronx"
)

// lengths are the lengths that a month may have, shortest first.
const shortest, lengths = 28, 4

// table is what an expression says, without its zone. Which days of a month it names depends on the month's length and the weekday of its
// first day alone, so 28 sets of days say it for ever.
type table struct {
	minutes uint64 // bit n: minute n
	hours   uint32
	months  uint16             // bit n: month n
	days    [lengths][7]uint32 // [length - 28][weekday of the 1st], bit n: day n
}

// compile asks gronx about every value of every field.
func compile(fields [5]string) (table, error) {
	var t table
	c := &gronx.SegmentChecker{}
	ask := func(k kind, at func(n int) time.Time) (set uint64, err error) {
		for n := k.low; n <= k.high; n++ {
			if fields[k.pos-1] == "*" {
				set |= 1 << n
				continue
			}
			c.SetRef(at(n))
			due, err := c.CheckDue(fields[k.pos-1], k.pos)
			if err != nil {
				return 0, fmt.Errorf("%s %q: %w", k.name, fields[k.pos-1], err)
			}
			if due {
				set |= 1 << n
			}
		}
		return set, nil
	}
	var err error
	if t.minutes, err = ask(kinds[minute], func(n int) time.Time { return time.Date(2000, 1, 1, 0, n, 0, 0, time.UTC) }); err != nil {
		return table{}, err
	}
	hours, err := ask(kinds[hour], func(n int) time.Time { return time.Date(2000, 1, 1, n, 0, 0, 0, time.UTC) })
	if err != nil {
		return table{}, err
	}
	months, err := ask(kinds[month], func(n int) time.Time { return time.Date(2000, time.Month(n), 1, 0, 0, 0, 0, time.UTC) })
	if err != nil {
		return table{}, err
	}
	t.hours, t.months = uint32(hours), uint16(months)
	return t, t.compileDays(fields[dayOfMonth], fields[dayOfWeek])
}

// compileDays asks gronx about every day of one month of each length and first weekday. The other fields are *, so gronx looks at no
// more than the day.
func (t *table) compileDays(ofMonth, ofWeek string) error {
	cron := gronx.New()
	segments := []string{"*", "*", "*", ofMonth, "*", ofWeek}
	left := lengths * 7
	for first := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); left > 0; first = first.AddDate(0, 1, 0) {
		length := first.AddDate(0, 1, -1).Day()
		set := &t.days[length-shortest][first.Weekday()]
		if *set&1 != 0 { // bit 0 says that it was asked
			continue
		}
		*set, left = 1, left-1
		for d := 1; d <= length; d++ {
			cron.C.SetRef(first.AddDate(0, 0, d-1))
			due, err := cron.SegmentsDue(segments)
			if err != nil {
				return fmt.Errorf("days %q and %q: %w", ofMonth, ofWeek, err)
			}
			if due {
				*set |= 1 << d
			}
		}
	}
	for l := range t.days {
		for w := range t.days[l] {
			t.days[l][w] &^= 1
		}
	}
	return nil
}

// never says whether the expression names no day that any year has. Every month begins with each weekday in some year, February of leap
// years included.
func (t *table) never() bool {
	for m := time.January; m <= time.December; m++ {
		if t.months&(1<<m) == 0 {
			continue
		}
		last := time.Date(2000, m+1, 0, 0, 0, 0, 0, time.UTC).Day() // a leap year
		for _, set := range t.days[last-shortest] {
			if set != 0 {
				return false
			}
		}
		if m == time.February && slices.ContainsFunc(t.days[0][:], func(set uint32) bool { return set != 0 }) {
			return false
		}
	}
	return true
}

// daysOf returns the days of a month that the expression names, as bits.
func (t *table) daysOf(year int, m time.Month) uint32 {
	if t.months&(1<<m) == 0 {
		return 0
	}
	first := time.Date(year, m, 1, 0, 0, 0, 0, time.UTC)
	length := time.Date(year, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return t.days[length-shortest][first.Weekday()]
}

// horizon is how far a search goes, in months: the calendar repeats after 400 years, so what is not found by then does not exist.
const horizon = 400*12 + 1

// next returns the first time after n that the expression names. Both are wall clock times, written as if they were UTC.
func (t *table) next(n time.Time) (time.Time, bool) {
	n = n.Truncate(time.Minute).Add(time.Minute)
	year, m, day := n.Date()
	h, mins := n.Hour(), n.Minute()
	for range horizon {
		for days := t.daysOf(year, m) &^ (1<<day - 1); days != 0; days &= days - 1 {
			d := bits.TrailingZeros32(days)
			if d > day {
				h, mins = 0, 0
			}
			if h, mins, ok := t.clockFrom(h, mins); ok {
				return time.Date(year, m, d, h, mins, 0, 0, time.UTC), true
			}
		}
		day, h, mins = 1, 0, 0
		if m++; m > time.December {
			year, m = year+1, time.January
		}
	}
	return time.Time{}, false
}

// clockFrom returns the first time of a day, not before the given one.
func (t *table) clockFrom(h, mins int) (int, int, bool) {
	if t.hours&(1<<h) != 0 {
		if left := t.minutes &^ (1<<mins - 1); left != 0 {
			return h, bits.TrailingZeros64(left), true
		}
	}
	later := t.hours &^ (1<<(h+1) - 1)
	return bits.TrailingZeros32(later), bits.TrailingZeros64(t.minutes), later != 0
}

// previous returns the last time that the expression names, n included.
func (t *table) previous(n time.Time) (time.Time, bool) {
	year, m, day := n.Date()
	h, mins := n.Hour(), n.Minute()
	for range horizon {
		for days := t.daysOf(year, m) & (1<<(day+1) - 1); days != 0; {
			d := bits.Len32(days) - 1
			if d < day {
				h, mins = 23, 59
			}
			if h, mins, ok := t.clockUntil(h, mins); ok {
				return time.Date(year, m, d, h, mins, 0, 0, time.UTC), true
			}
			days &^= 1 << d
		}
		day, h, mins = 31, 23, 59
		if m--; m < time.January {
			year, m = year-1, time.December
		}
	}
	return time.Time{}, false
}

// clockUntil returns the last time of a day, not after the given one.
func (t *table) clockUntil(h, mins int) (int, int, bool) {
	if t.hours&(1<<h) != 0 {
		if left := t.minutes & (1<<(mins+1) - 1); left != 0 {
			return h, bits.Len64(left) - 1, true
		}
	}
	earlier := t.hours & (1<<h - 1)
	return bits.Len32(earlier) - 1, bits.Len64(t.minutes) - 1, earlier != 0
}
