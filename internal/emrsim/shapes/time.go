package shapes

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Time is a timestamp of the wire: a JSON number of seconds since 1970 with a fraction of milliseconds.
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
	if err != nil || f < 0 || f > 253402300799 {
		return fmt.Errorf("timestamp %.40q is not a number of seconds since 1970", b)
	}
	t.Time = time.UnixMilli(int64(math.Round(f * 1000))).UTC()
	return nil
}
