package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// must parses or ends the test.
func must(t testing.TB, cron, zone string) *Times {
	t.Helper()
	times, err := Parse(cron, zone)
	if err != nil {
		t.Fatal(err)
	}
	return times
}

// at reads a moment.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// firings lists the moments in (from, to] by Next, as the zone's clock shows them.
func firings(times *Times, from, to time.Time) []string {
	var out []string
	for n := times.Next(from); !n.After(to); n = times.Next(n) {
		out = append(out, n.In(times.Zone()).Format("2006-01-02T15:04:05Z07:00"))
	}
	return out
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ cron, from, want string }{
		{"0 8 * * *", "2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z"},
		{"0 8 * * *", "2026-03-01T07:59:59.999999999Z", "2026-03-01T08:00:00Z"},
		{"*/15 * * * *", "2026-03-01T08:01:00Z", "2026-03-01T08:15:00Z"},
		{"5/20 * * * *", "2026-03-01T08:46:00Z", "2026-03-01T09:05:00Z"},
		{"0 8-18/5 * * *", "2026-03-01T13:00:00Z", "2026-03-01T18:00:00Z"},
		{"0 8 * * mon-fri", "2026-02-27T09:00:00Z", "2026-03-02T08:00:00Z"}, // Friday to Monday
		{"0 8 * * FRI-SUN", "2026-03-01T09:00:00Z", "2026-03-06T08:00:00Z"},
		{"0 8 * * 6-7", "2026-02-28T09:00:00Z", "2026-03-01T08:00:00Z"},
		{"0 8 * * 7-1", "2026-03-01T09:00:00Z", "2026-03-02T08:00:00Z"},
		{"0 8 * * 7", "2026-02-28T09:00:00Z", "2026-03-01T08:00:00Z"},
		{"30 1 1 jan,JUL ?", "2026-03-01T00:00:00Z", "2026-07-01T01:30:00Z"},
		{"0 0 13 * 5", "2026-03-07T00:00:00Z", "2026-03-13T00:00:00Z"},
		{"0 0 13 * 5", "2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z"},  // either day field
		{"0 0 */2 * 1", "2026-03-01T00:00:00Z", "2026-03-09T00:00:00Z"}, // both: it begins with *
		{"0 0 L * *", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"},
		{"0 0 L,15 * *", "2026-02-01T00:00:00Z", "2026-02-15T00:00:00Z"},
		{"0 0 15W * *", "2026-02-01T00:00:00Z", "2026-02-16T00:00:00Z"}, // the 15th is a Sunday
		{"0 0 1W * *", "2026-01-31T00:00:00Z", "2026-02-02T00:00:00Z"},  // never into the month before
		{"0 0 ? * 5L", "2026-02-01T00:00:00Z", "2026-02-27T00:00:00Z"},
		{"0 0 ? * friL", "2026-02-01T00:00:00Z", "2026-02-27T00:00:00Z"},
		{"0 0 ? * 1#2", "2026-02-01T00:00:00Z", "2026-02-09T00:00:00Z"},
		{"0 0 ? * sun#1", "2026-02-02T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"0 0 ? * 7L", "2026-02-01T00:00:00Z", "2026-02-22T00:00:00Z"},
		{"0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"},
		{"0 0 29 2 *", "2026-01-31T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"}, // 2100 is no leap year
		{"0 0 29 2 */6", "2072-03-01T00:00:00Z", "2076-02-29T00:00:00Z"},
		{"59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"},
		{"  0\t8  * * * ", "2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z"},
	} {
		if got := must(t, c.cron, "").Next(at(t, c.from)); !got.Equal(at(t, c.want)) {
			t.Errorf("%q after %s: %s, want %s", c.cron, c.from, got.Format(time.RFC3339), c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ cron, zone, want string }{
		{"", "", "has 0 fields; write five"},
		{"0 8 * *", "", "has 4 fields"},
		{"0 0 8 * * *", "", "has 6 fields"},
		{"0 8 * * * 2026", "", "has 6 fields"},
		{"@daily", "", "names are not understood; write five fields"},
		{"TZ=0", "", "zone is a setting"},
		{"CRON_TZ=Europe/Berlin 0 8 * * *", "", "zone is a setting"},
		{"0 8 * * *\n0 9 * * *", "", "one line"},
		{"60 8 * * *", "", `minute "60": 60 is outside 0 to 59`},
		{"0 24 * * *", "", `hour "24": 24 is outside 0 to 23`},
		{"0 8 0 * *", "", "0 is outside 1 to 31"},
		{"0 8 0/5 * *", "", "0 is outside 1 to 31"},
		{"0 8 * 13 *", "", "13 is outside 1 to 12"},
		{"0 8 * * 8", "", "8 is outside 0 to 7"},
		{"0 8 * * 9L", "", "9 is outside 0 to 7"},
		{"0 8 32W * *", "", "32 is outside 1 to 31"},
		{"0 8 * * 5#6", "", "write #1 to #5"},
		{"0 8 * * 5#0", "", "write #1 to #5"},
		{"60 24 * * *", "", `59; hour "24"`},
		{"*/90 * * * *", "", "the step 90 is not 1 to 59"},
		{"*/0 * * * *", "", "the step 0 is not 1 to 59"},
		{"* */24 * * *", "", "the step 24 is not 1 to 23"},
		{"* * * * */7", "", "the step 7 is not 1 to 6"},
		{"0 22-6 * * *", "", "runs backwards; write 22-23,0-6"},
		{"0 * * * 5-2", "", "runs backwards; write 5-6,0-2"},
		{"1-2-3 * * * *", "", "is not understood; write *, numbers from 0 to 59"},
		{"*-5 * * * *", "", "is not understood"},
		{"-5 * * * *", "", "is not understood"},
		{"+5 * * * *", "", "is not understood"},
		{"5- * * * *", "", "is not understood"},
		{"5/ * * * *", "", "is not understood"},
		{"1,,2 * * * *", "", "is not understood"},
		{"*,5 * * * *", "", "stands alone"},
		{"? * * * *", "", "is not understood"},
		{"0 8 * * MONDAY", "", `"MONDAY" is not understood; write *, numbers from 0 to 7 or names from SUN to SAT`},
		{"0 8 * MON *", "", `"MON" is not understood`},
		{"0 8 LW * *", "", `"LW" is not understood`},
		{"0 8 * * L", "", `"L" is not understood`},
		{"0 0 30 2 *", "", "never fires"},
		{"0 0 31 4,6,9,11 *", "", "never fires"},
		{"0 0 30W FEB *", "", "never fires"},
		{strings.Repeat("1,", 200) + "1 * * * *", "", "at most 256"},
		{"99999999999999999999 * * * *", "", "is outside 0 to 59"},
		{"0 8 * * *", "Local", "each machine"},
		{"0 8 * * *", "Europe/Berln", `"Europe/Berln" is not in the IANA database`},
		{"0 8 * * *", "right/Europe/Berlin", "is not a name of the IANA database"},
		{"0 8 * * *", "localtime", "is not a name of the IANA database"},
		{"0 8 * * *", "../etc/passwd", "is not in the IANA database"},
	} {
		times, err := Parse(c.cron, c.zone)
		switch {
		case err == nil:
			t.Errorf("%q in %q is taken: next %s", c.cron, c.zone, times.Next(at(t, "2026-01-01T00:00:00Z")))
		case !strings.Contains(err.Error(), c.want), strings.Contains(err.Error(), "tried so hard"):
			t.Errorf("%q in %q: %v, want %q", c.cron, c.zone, err, c.want)
		}
	}
}

// TestDaylightSaving has the changes of clocks by table: what fires between two moments.
func TestDaylightSaving(t *testing.T) {
	for _, c := range []struct {
		name, cron, zone, from, to string
		want                       []string
	}{
		{"Berlin jumps 02:00 to 03:00", "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z",
			[]string{"2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"several times in one jump, and the jump itself, are one", "*/20 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00", "2026-03-29T03:40:00+02:00"}},
		{"Berlin has 02:30 twice", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"every half hour pauses for the second 02", "*/30 1-3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z",
			[]string{"2026-10-25T01:00:00+02:00", "2026-10-25T01:30:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00",
				"2026-10-25T03:00:00+01:00", "2026-10-25T03:30:00+01:00"}},
		{"New York jumps", "15 2 * * *", "America/New_York", "2026-03-08T00:00:00Z", "2026-03-09T12:00:00Z",
			[]string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:15:00-04:00"}},
		{"New York has 01:15 twice", "15 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z",
			[]string{"2026-11-01T01:15:00-04:00", "2026-11-02T01:15:00-05:00"}},
		{"Lord Howe jumps half an hour", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-05T00:00:00Z",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		{"Lord Howe has half an hour twice", "*/15 1-2 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00Z", "2026-04-05T00:00:00Z",
			[]string{"2026-04-05T01:00:00+11:00", "2026-04-05T01:15:00+11:00", "2026-04-05T01:30:00+11:00", "2026-04-05T01:45:00+11:00",
				"2026-04-05T02:00:00+10:30", "2026-04-05T02:15:00+10:30", "2026-04-05T02:30:00+10:30", "2026-04-05T02:45:00+10:30"}},
		{"Kolkata has no changes and half an hour", "0 8 * * *", "Asia/Kolkata", "2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z",
			[]string{"2026-03-28T08:00:00+05:30", "2026-03-29T08:00:00+05:30"}},
		{"São Paulo jumped at midnight in 2018", "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-05T12:00:00Z",
			[]string{"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
		{"São Paulo had 23:30 twice in 2019", "30 23 * * *", "America/Sao_Paulo", "2019-02-16T12:00:00Z", "2019-02-18T12:00:00Z",
			[]string{"2019-02-16T23:30:00-02:00", "2019-02-17T23:30:00-03:00"}},
		{"São Paulo has none since", "0 0 * * *", "America/Sao_Paulo", "2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z",
			[]string{"2026-11-01T00:00:00-03:00", "2026-11-02T00:00:00-03:00"}},
		{"Apia left a day out", "0 12 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", "2012-01-01T00:00:00Z",
			[]string{"2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00", "2012-01-01T12:00:00+14:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			times := must(t, c.cron, c.zone)
			if got := firings(times, at(t, c.from), at(t, c.to)); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestLast(t *testing.T) {
	times := must(t, "0 8,20 * * *", "Europe/Berlin")
	for _, c := range []struct{ after, now, want string }{
		{"2026-01-01T07:00:00Z", "2026-01-01T07:00:00Z", ""},
		{"2026-01-01T06:59:59Z", "2026-01-01T07:00:00Z", "2026-01-01T07:00:00Z"}, // now counts
		{"2026-01-01T07:00:00Z", "2026-01-01T18:59:59Z", ""},                     // after does not
		{"2026-01-01T00:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31T07:00:00Z"}, // the newest of many
		{"2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", ""},                     // backwards
		{"2026-10-24T22:00:00Z", "2026-10-25T07:00:00Z", "2026-10-25T07:00:00Z"}, // winter time
	} {
		got, ok := times.Last(at(t, c.after), at(t, c.now))
		if want := c.want != ""; ok != want || ok && !got.Equal(at(t, c.want)) {
			t.Errorf("in (%s, %s]: %s %t, want %q", c.after, c.now, got, ok, c.want)
		}
	}
	// In the hour that comes twice, what fired in its first half stays the newest.
	twice := must(t, "30 2 * * *", "Europe/Berlin")
	for _, now := range []string{"2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"} {
		if got, ok := twice.Last(at(t, "2026-10-25T00:00:00Z"), at(t, now)); !ok || !got.Equal(at(t, "2026-10-25T00:30:00Z")) {
			t.Errorf("at %s: %s %t", now, got, ok)
		}
	}
}

func TestTimesAreText(t *testing.T) {
	if got := must(t, " 0  8 * * mon ", "Europe/Berlin").String(); got != "0 8 * * mon Europe/Berlin" {
		t.Errorf("%q", got)
	}
	if got := must(t, "0 8 * * *", "").String(); got != "0 8 * * * UTC" {
		t.Errorf("%q", got)
	}
	if got := must(t, "0 8 * * *", "Asia/Kolkata").Next(at(t, "2026-01-01T00:00:00+05:30")); got.Location() != time.UTC {
		t.Errorf("%s is not in UTC", got)
	}
}
