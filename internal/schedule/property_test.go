package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adhocore/gronx"
	"pgregory.net/rapid"
)

var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca",
	"Pacific/Apia", "America/St_Johns", "Antarctica/Troll"}

// expression draws a valid expression, often of a field or two.
func expression(t *rapid.T) string {
	value := func(low, high int) string {
		return fmt.Sprint(rapid.IntRange(low, high).Draw(t, "value"))
	}
	entry := func(low, high int) string {
		switch rapid.IntRange(0, 3).Draw(t, "entry") {
		case 0:
			a := rapid.IntRange(low, high).Draw(t, "from")
			return fmt.Sprintf("%d-%d/%d", a, rapid.IntRange(a, high).Draw(t, "to"), rapid.IntRange(1, 5).Draw(t, "step"))
		case 1:
			return fmt.Sprintf("*/%d", rapid.IntRange(1, 6).Draw(t, "step"))
		default:
			return value(low, high)
		}
	}
	field := func(low, high, stars int, more ...string) string {
		switch n := rapid.IntRange(0, stars+2).Draw(t, "field"); {
		case n < stars:
			return "*"
		case n == stars && len(more) > 0:
			return rapid.SampledFrom(more).Draw(t, "special")
		}
		list := make([]string, rapid.IntRange(1, 3).Draw(t, "entries"))
		for i := range list {
			list[i] = entry(low, high)
		}
		return strings.Join(list, ",")
	}
	return strings.Join([]string{field(0, 59, 0), field(0, 23, 2), field(1, 31, 3, "L", "15W", "1W", "L,3"), field(1, 12, 6),
		field(0, 7, 3, "5L", "1#2", "0#5")}, " ")
}

// wanted lists the firings in (from, to] the long way: the zone's clock is looked at each minute, and each time it shows for the first time,
// or passes over, is asked of gronx. from must be far from a change of clocks.
func wanted(t *rapid.T, cron string, zone *time.Location, from, to time.Time) []time.Time {
	naive := func(u time.Time) time.Time {
		_, offset := u.In(zone).Zone()
		return u.Add(time.Duration(offset) * time.Second).UTC()
	}
	g := gronx.New()
	segments, err := gronx.Segments(cron)
	if err != nil {
		t.Fatalf("gronx: %q: %v", cron, err)
	}
	var out []time.Time
	shown := naive(from)
	for u := from.Add(time.Minute); !u.After(to); u = u.Add(time.Minute) {
		fires := false
		for shown.Before(naive(u)) {
			shown = shown.Add(time.Minute)
			g.C.SetRef(shown)
			due, err := g.SegmentsDue(segments)
			if err != nil {
				t.Fatalf("gronx: %q: %v", cron, err)
			}
			fires = fires || due
		}
		if fires {
			out = append(out, u)
		}
	}
	return out
}

// draws a moment of the years around a change of clocks, or any other, on a whole minute.
func moment(t *rapid.T, zone *time.Location) time.Time {
	u := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 20*365*24*60).Draw(t, "minute")) * time.Minute)
	if rapid.Bool().Draw(t, "at a change") {
		if _, end := u.In(zone).ZoneBounds(); !end.IsZero() && end.Year() < 2040 {
			return end.UTC().Truncate(time.Minute).Add(-36 * time.Hour) // Go's table of some zones ends at a second of 2038
		}
	}
	return u
}

// TestPropertyEachTimeFiresOnce compares Next and Last with the long way: every time that a clock shows or passes over fires once, and in
// order.
func TestPropertyEachTimeFiresOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cron := expression(t)
		times, err := Parse(cron, rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			if strings.Contains(err.Error(), "never fires") {
				t.Skip("30 February")
			}
			t.Fatal(err)
		}
		from := moment(t, times.zone)
		for b, _ := from.In(times.zone).ZoneBounds(); !b.IsZero() && b.After(from.Add(-36*time.Hour)); b, _ = from.In(times.zone).ZoneBounds() {
			from = b.UTC().Truncate(time.Minute).Add(-36 * time.Hour)
		}
		to := from.Add(48 * time.Hour)
		want := wanted(t, cron, times.zone, from, to)
		var got []time.Time
		for n := times.Next(from); !n.After(to); n = times.Next(n) {
			if len(got) > 0 && !n.After(got[len(got)-1]) {
				t.Fatalf("%s: Next gives %s after %s", times, n, got[len(got)-1])
			}
			got = append(got, n)
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("%s from %s:\ngot  %s\nwant %s", times, from, got, want)
		}
		// Last is the last of these, whatever the interval.
		for range 5 {
			after := from.Add(time.Duration(rapid.IntRange(0, 48*3600).Draw(t, "after")) * time.Second)
			now := after.Add(time.Duration(rapid.IntRange(-10, 48*3600).Draw(t, "now")) * time.Second)
			if now.After(to) {
				now = to
			}
			var newest time.Time
			for _, w := range want {
				if w.After(after) && !w.After(now) {
					newest = w
				}
			}
			if last, ok := times.Last(after, now); ok == newest.IsZero() || ok && !last.Equal(newest) {
				t.Fatalf("%s in (%s, %s]: Last is %s %t, want %s", times, after, now, last, ok, newest)
			}
		}
	})
}

// TestPropertyLastAgreesWithNext walks years, with moments to the nanosecond.
func TestPropertyLastAgreesWithNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times, err := Parse(expression(t), rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Skip("30 February")
		}
		u := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, int64(30*365*24*time.Hour)).Draw(t, "from")))
		for range 100 {
			n := times.Next(u)
			if !n.After(u) {
				t.Fatalf("%s: Next after %s is %s", times, u, n)
			}
			if last, ok := times.Last(u, n); !ok || !last.Equal(n) {
				t.Fatalf("%s: in (%s, %s] Last is %s %t", times, u, n, last, ok)
			}
			if last, ok := times.Last(u, n.Add(-1)); ok {
				t.Fatalf("%s: Next after %s is %s, but Last finds %s", times, u, n, last)
			}
			u = n
		}
	})
}

// FuzzParse looks for texts that Parse takes and Next does not answer, or that gronx reads in another way.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"0 8 * * *", "*/15 8-18 * * mon-fri", "0 0 L * 5L", "0 0 15W * 1#2", "0 0 29 2 */6", "TZ=0", "@daily", "0 22-6 * * *", "0 0 30 2 *"} {
		f.Add(s, "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, cron, zone string) {
		times, err := Parse(cron, zone)
		if err != nil {
			return
		}
		u := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		n := times.Next(u)
		if !n.After(u) || n.After(u.AddDate(401, 0, 0)) {
			t.Fatalf("%q: Next after %s is %s", cron, u, n)
		}
		if last, ok := times.Last(u, n); !ok || !last.Equal(n) {
			t.Fatalf("%q: Next is %s, Last is %s %t", cron, n, last, ok)
		}
		again, err := Parse(strings.TrimSuffix(times.String(), " "+times.Zone().String()), zone)
		if err != nil || again.table != times.table {
			t.Fatalf("%q is read as %q, and that as another: %v", cron, times, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse("*/5 8-18 L,15W * mon-fri", "Europe/Berlin"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	now := at(b, "2026-06-12T12:34:56Z")
	for _, cron := range []string{"*/5 * * * *", "0 8 * * mon-fri", "0 0 1 1 *", "0 0 29 2 *"} {
		times := must(b, cron, "Europe/Berlin")
		b.Run(cron, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				times.Next(now)
			}
		})
	}
}

func BenchmarkLast(b *testing.B) {
	now := at(b, "2026-06-12T12:34:56Z")
	times := must(b, "0 8 * * mon-fri", "Europe/Berlin")
	b.ReportAllocs()
	for b.Loop() {
		times.Last(now.AddDate(-1, 0, 0), now)
	}
}
