package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// TestGuesses is who is heard while tokens are guessed.
func TestGuesses(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	g := newGuesses()
	from := func(i int) netip.Prefix {
		return netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.%d/32", i>>16, i>>8&255, i&255))
	}
	expect := func(what string, i int, right bool, want time.Duration) {
		t.Helper()
		if wait, _ := g.admit(from(i), now, right); wait != want {
			t.Errorf("%s waits %s, want %s", what, wait, want)
		}
	}
	for i := range guessesAtOnce {
		expect(fmt.Sprintf("wrong token %d", i), 1, false, 0)
	}
	expect("one too many", 1, false, guessEvery)
	expect("a right token from there", 1, true, guessEvery)
	expect("a right token from elsewhere", 2, true, 0)
	now = now.Add(guessEvery - time.Second)
	expect("a second before", 1, true, time.Second)
	now = now.Add(time.Second)
	expect("a right token, later", 1, true, 0)
	expect("it takes nothing away", 1, false, 0)
	expect("then it is as before", 1, true, guessEvery)

	now = now.Add(guessEvery * guessesAtOnce)
	lines := 0
	for i := range 3 * guessesAtOnceAll {
		wait, told := g.admit(from(1000+i), now, false)
		if wait > 0 {
			t.Fatalf("address %d, which is new, waits %s", i, wait)
		}
		if told {
			lines++
		}
	}
	if lines != guessesAtOnceAll {
		t.Errorf("%d lines in the log, want %d", lines, guessesAtOnceAll)
	}
	expect("who tried once, while all together tried too often", 1000, true, guessEveryAll)
	expect("who was wrong long ago", 1, true, 0)
	expect("somebody new", 3, true, 0)

	for i := range guessersMost + 5 {
		g.admit(from(100_000+i), now, false)
	}
	if len(g.of) != guessersMost || g.order.Len() != guessersMost {
		t.Errorf("%d and %d addresses are remembered", len(g.of), g.order.Len())
	}
	if _, kept := g.of[from(100_004)]; kept {
		t.Error("who guessed longest ago is remembered")
	}
	if _, kept := g.of[from(100_005)]; !kept {
		t.Error("who guessed later is not remembered")
	}
}

func TestOrigin(t *testing.T) {
	for given, want := range map[string]string{
		"10.1.2.3:5555": "10.1.2.3/32", "[::ffff:10.1.2.3]:1": "10.1.2.3/32", "[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64", "@": netip.Prefix{}.String(),
	} {
		if got := origin(&http.Request{RemoteAddr: given}); got.String() != want {
			t.Errorf("%s counts as %s, want %s", given, got, want)
		}
	}
}
