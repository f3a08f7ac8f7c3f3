package emrsim

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// Dist is a triangular distribution of durations: never under Min, never over Max, most often around Mode. The zero Dist is
// always 0. Min <= Mode <= Max must hold.
type Dist struct {
	Min, Mode, Max time.Duration
}

// Zero says whether nothing was given.
func (d Dist) Zero() bool { return d == Dist{} }

// Fixed is the distribution that is always v.
func Fixed(v time.Duration) Dist { return Dist{v, v, v} }

// String is the form that ParseDist reads: "45s..90s..3m", or "2m" when it is fixed.
func (d Dist) String() string {
	if d.Min == d.Max {
		return d.Min.String()
	}
	return d.Min.String() + ".." + d.Mode.String() + ".." + d.Max.String()
}

// MarshalText implements encoding.TextMarshaler.
func (d Dist) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseDist.
func (d *Dist) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDist(string(b))
	return err
}

// ParseDist reads "2m" (always), "1m..3m" (the middle is the mode) or "45s..90s..3m" (min, mode, max). Durations are Go's, not
// negative, and not over 30 days.
func ParseDist(text string) (Dist, error) {
	parts := strings.Split(text, "..")
	if len(parts) > 3 {
		return Dist{}, fmt.Errorf("duration %q has %d parts: want min..mode..max", text, len(parts))
	}
	v := make([]time.Duration, len(parts))
	for i, p := range parts {
		d, err := time.ParseDuration(p)
		if err != nil {
			return Dist{}, fmt.Errorf("%q is not a duration such as 90s or 1m..2m..5m", p)
		}
		if d < 0 || d > 30*24*time.Hour {
			return Dist{}, fmt.Errorf("duration %s is not between 0 and 30 days", d)
		}
		v[i] = d
	}
	var out Dist
	switch len(v) {
	case 1:
		return Fixed(v[0]), nil
	case 2:
		out = Dist{v[0], v[0] + (v[1]-v[0])/2, v[1]}
	default:
		out = Dist{v[0], v[1], v[2]}
	}
	if out.Min > out.Mode || out.Mode > out.Max {
		return Dist{}, fmt.Errorf("durations of %q do not rise", text)
	}
	return out, nil
}

// draw takes one duration, in whole milliseconds: the resolution of the wire.
func (d Dist) draw(rng *rand.Rand) time.Duration {
	if d.Max <= d.Min {
		return d.Min
	}
	u := rng.Float64()
	width, left := float64(d.Max-d.Min), float64(d.Mode-d.Min)
	var x float64
	if u*width < left {
		x = math.Sqrt(u * width * left)
	} else {
		x = width - math.Sqrt((1-u)*width*(width-left))
	}
	return (d.Min + time.Duration(x)).Truncate(time.Millisecond)
}

// stream returns a random stream of its own for each name, so that what happens in one cluster, or what is read, does not
// change the draws of another.
func stream(seed uint64, name ...string) *rand.Rand {
	h := fnv.New64a()
	for _, n := range name {
		_, _ = h.Write([]byte(n))
		_, _ = h.Write([]byte{0})
	}
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

const idLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// newID returns an id as EMR makes them: a prefix and 13 upper-case letters and digits, which is enough never to repeat.
func newID(rng *rand.Rand, prefix string) string {
	b := make([]byte, 0, len(prefix)+13)
	b = append(b, prefix...)
	for range 13 {
		b = append(b, idLetters[rng.IntN(len(idLetters))])
	}
	return string(b)
}

// hexID returns an id as EC2 makes them: a prefix and 17 hexadecimal digits.
func hexID(rng *rand.Rand, prefix string) string {
	return fmt.Sprintf("%s0%016x", prefix, rng.Uint64())
}

// Span is a duration whose JSON form is Go's text, for example "90s".
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; only what time.ParseDuration reads is a Span.
func (s *Span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 90s or 10m", b)
	}
	*s = Span(d)
	return nil
}
