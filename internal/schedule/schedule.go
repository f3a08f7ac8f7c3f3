package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // zones work on an image without a zone database
)

// Times are the moments at which a cron expression fires in a time zone. Times are not changed after Parse and may be used by several
// goroutines.
type Times struct {
	table
	text string
	zone *time.Location
}

// maxLength bounds the text of an expression.
const maxLength = 256

// Parse reads an expression of five fields: minute (0 to 59), hour (0 to 23), day of month (1 to 31), month (1 to 12 or JAN to DEC) and day of
// week (0 to 7 or SUN to SAT; 0 and 7 are Sunday). A field is * or a list of values, ranges (1-5), and steps (*/15, 8-18/2, 5/10). A day of month
// may also be L, the last day of the month, or 15W, the working day nearest to the 15th; a day of week 5L, the last Friday of the month, or
// 5#2, the second. ? is * in these two. There are no seconds, years or names such as @daily.
//
// If both day fields are restricted (neither begins with *), a day counts that fits either of them, as in every cron; else one that fits both.
//
// zone is a name of the IANA database, UTC if empty; see Zone. The error says which field is wrong, and how it is written. An expression that
// never fires, such as 30 February, is an error. Parse takes about half a millisecond, Next and Last a thousandth of that.
func Parse(cron, zone string) (*Times, error) {
	loc, err := Zone(zone)
	if err != nil {
		return nil, err
	}
	if len(cron) > maxLength {
		return nil, fmt.Errorf("cron of %d characters: at most %d", len(cron), maxLength)
	}
	if strings.ContainsAny(cron, "\r\n") {
		return nil, errors.New("cron of several lines: write one expression in one line")
	}
	texts := strings.Fields(cron)
	if len(texts) == 1 && strings.HasPrefix(texts[0], "@") {
		return nil, fmt.Errorf("cron %.40q: names are not understood; write five fields, for example 0 0 * * * for midnight", cron)
	}
	if len(texts) > 0 && (strings.HasPrefix(texts[0], "TZ=") || strings.HasPrefix(texts[0], "CRON_TZ=")) {
		return nil, fmt.Errorf("cron %.80q: the time zone is a setting of its own", cron)
	}
	if len(texts) != len(kinds) {
		return nil, fmt.Errorf("cron %.80q has %d fields; write five: minute, hour, day of month, month, day of week", cron, len(texts))
	}
	var fields [len(kinds)]string
	var errs []error
	for i, k := range kinds {
		if fields[i], err = k.field(texts[i]); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("cron %.80q: %w", cron, joined(errs))
	}
	t := &Times{text: strings.Join(texts, " "), zone: loc}
	if t.table, err = compile(fields); err != nil {
		return nil, fmt.Errorf("cron %.80q: %w", cron, err)
	}
	if t.never() {
		return nil, fmt.Errorf("cron %.80q never fires: no month it names has such a day", cron)
	}
	return t, nil
}

// joined is all errors in one line.
func joined(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	var texts []string
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return errors.New(strings.Join(texts, "; "))
}

// notZones are files of a machine's zone database that are no zones of their own. The zones below right/ count leap seconds, which Go's
// clock does not.
var notZones = []string{"right/", "posix/", "localtime", "posixrules", "Factory"}

// Zone returns a time zone by its name in the IANA database, such as Europe/Berlin; UTC if the name is empty. The machine's own database is
// asked first, so that its updates count, then the one inside the program. Local is an error, since it means another zone on another machine.
func Zone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, errors.New(`zone "Local" means another zone on each machine; write its name, for example Europe/Berlin`)
	}
	for _, not := range notZones {
		if strings.HasPrefix(name, not) {
			return nil, fmt.Errorf("zone %.80q is not a name of the IANA database; write for example Europe/Berlin", name)
		}
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("zone %.80q is not in the IANA database; write for example Europe/Berlin, or leave it out for UTC", name)
	}
	return loc, nil
}

// String is the expression with its zone, for people.
func (t *Times) String() string { return t.text + " " + t.zone.String() }

// Zone is the time zone of the expression.
func (t *Times) Zone() *time.Location { return t.zone }

// Next returns the first moment after the given one at which the expression fires, in UTC. It takes 150 to 250 ns, for 29 February too, and
// allocates nothing (BenchmarkNext, one core of a small server).
func (t *Times) Next(after time.Time) time.Time {
	n, ok := t.table.next(t.shown(after))
	if !ok {
		return time.Time{} // Parse refuses what never fires
	}
	return t.first(n)
}

// Last returns the newest moment in (after, now] at which the expression fired, in UTC, and whether there was one. It costs as much as Next,
// however long the time between is.
func (t *Times) Last(after, now time.Time) (time.Time, bool) {
	if !after.Before(now) {
		return time.Time{}, false
	}
	n, ok := t.table.previous(t.shown(now))
	if !ok {
		return time.Time{}, false
	}
	at := t.first(n)
	return at, at.After(after)
}

// far is more than any zone's offset from UTC ever was.
const far = 16 * time.Hour

// first returns the first moment at which the zone's clock shows n or more. n is a wall clock time written as if it were UTC.
func (t *Times) first(n time.Time) time.Time {
	for from := n.Add(-far); ; {
		here := from.In(t.zone)
		_, offset := here.Zone()
		_, end := here.ZoneBounds()
		at := n.Add(-time.Duration(offset) * time.Second)
		if at.Before(from) { // the clocks jumped over it
			at = from
		}
		if end.IsZero() || at.Before(end) {
			return at.UTC()
		}
		from = end
	}
}

// shown returns the latest time that the zone's clock has shown until now: what it shows, or more where it went back lately. It is a wall
// clock time written as if it were UTC.
func (t *Times) shown(now time.Time) time.Time {
	here := now.In(t.zone)
	_, offset := here.Zone()
	begin, _ := here.ZoneBounds()
	latest := now.Add(time.Duration(offset) * time.Second)
	for !begin.IsZero() && begin.After(now.Add(-2*far)) {
		before := begin.Add(-1)
		here = before.In(t.zone)
		_, offset = here.Zone()
		if last := before.Add(time.Duration(offset) * time.Second); last.After(latest) {
			latest = last
		}
		begin, _ = here.ZoneBounds()
	}
	return latest.UTC()
}
