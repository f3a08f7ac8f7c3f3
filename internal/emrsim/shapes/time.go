package shapes

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Time is a timestamp of the wire: in JSON and CBOR a number of seconds since 1970 with a fraction of milliseconds.
type Time struct{ time.Time }

// At returns a wire timestamp, or nil for the zero time.
func At(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// MarshalJSON writes the number, for example 1479413437.342.
func (t Time) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', 3, 64), nil
}

// UnmarshalJSON reads the number; a string or a value outside the years 1970 to 9999 is an error.
func (t *Time) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f < 0 || f > lastSecond {
		return fmt.Errorf("timestamp %.40q is not a number of seconds since 1970", b)
	}
	t.Time = time.UnixMilli(int64(math.Round(f * 1000))).UTC()
	return nil
}

// MarshalCBOR writes tag 1, a number of seconds since 1970 (RFC 8949, 3.4.2).
func (t Time) MarshalCBOR() ([]byte, error) {
	return cbor.Marshal(cbor.Tag{Number: epochTag, Content: float64(t.UnixMilli()) / 1000})
}

// UnmarshalCBOR reads it; another tag, or a value outside the years 1970 to 9999, is an error.
func (t *Time) UnmarshalCBOR(b []byte) error {
	var tag cbor.RawTag
	var seconds float64
	err := cbor.Unmarshal(b, &tag)
	if err == nil {
		err = cbor.Unmarshal(tag.Content, &seconds)
	}
	if err != nil || tag.Number != epochTag || !(seconds >= 0 && seconds <= lastSecond) {
		return fmt.Errorf("timestamp %.40x is not tag 1 with a number of seconds since 1970", b)
	}
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

const (
	epochTag   = 1            // of CBOR
	lastSecond = 253402300799 // of the year 9999
)
