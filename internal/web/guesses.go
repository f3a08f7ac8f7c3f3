package web

import (
	"container/list"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The limits of wrong tokens, in real time. With tokens of the least length that the configuration takes, nobody guesses one at this pace.
const (
	guessesAtOnce    = 10              // of one address
	guessEvery       = 6 * time.Second // and one more in each
	guessesAtOnceAll = 100             // of all addresses together
	guessEveryAll    = time.Second
	guessersMost     = 10_000 // addresses that are remembered; the one whose last guess is longest ago goes first
)

// guesses hold back whoever tries wrong tokens. An address that has used up its tries waits, whatever it presents: were a right token taken, trying
// would cost nothing. While all addresses together have used up theirs, each that has tried a wrong token of late waits. One that has not is always
// heard, so nobody is locked out from elsewhere.
//
// The zero value is not ready; see newGuesses. Safe for concurrent use.
type guesses struct {
	mu    sync.Mutex
	all   *rate.Limiter
	of    map[netip.Prefix]*list.Element
	order *list.List // of *guesser; who guessed last is in front
}

// guesser is an address that has tried a wrong token.
type guesser struct {
	from netip.Prefix
	rate *rate.Limiter
}

func newGuesses() *guesses {
	return &guesses{all: rate.NewLimiter(rate.Every(guessEveryAll), guessesAtOnceAll), of: map[netip.Prefix]*list.Element{}, order: list.New()}
}

// admit says how long an address has to wait before a token from it counts; 0: this one does. A wrong one that counts is noted, and told says whether
// it belongs into the log, which nobody is to flood.
func (g *guesses) admit(from netip.Prefix, now time.Time, right bool) (wait time.Duration, told bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at, known := g.of[from]
	if known {
		own := at.Value.(*guesser).rate
		if own.TokensAt(now) < guessesAtOnce { // else it is forgiven
			if wait := max(untilOne(own, now), untilOne(g.all, now)); wait > 0 {
				return wait, false
			}
		}
	}
	if right {
		return 0, false
	}
	if !known {
		if g.order.Len() >= guessersMost {
			delete(g.of, g.order.Remove(g.order.Back()).(*guesser).from)
		}
		at = g.order.PushFront(&guesser{from, rate.NewLimiter(rate.Every(guessEvery), guessesAtOnce)})
		g.of[from] = at
	}
	g.order.MoveToFront(at)
	at.Value.(*guesser).rate.AllowN(now, 1)
	return 0, g.all.AllowN(now, 1)
}

// untilOne is how long it takes until a limiter allows one more.
func untilOne(l *rate.Limiter, now time.Time) time.Duration {
	return time.Duration(max(0, 1-l.TokensAt(now)) / float64(l.Limit()) * float64(time.Second))
}

// origin is where a request came from, as originOf counts it.
func origin(r *http.Request) netip.Prefix { return originOf(r.RemoteAddr) }

// originOf is what counts as one address: an IPv4 address, or a network of IPv6 as large as one customer gets. All that are not "host:port" share one.
func originOf(hostport string) netip.Prefix {
	from, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 64
	if from.Addr().Unmap().Is4() {
		bits = 32
	}
	p, _ := from.Addr().Unmap().WithZone("").Prefix(bits) // the length is one of its kind
	return p
}
