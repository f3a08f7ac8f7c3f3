package scaling

import "testing"

func TestNumbersAsPeopleWriteThem(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 12: "12", -1.5: "-1.5", 0.1: "0.1", 1000000: "1000000", 72.05882352941177: "72.0588", 14.99996: "14.99996", 14.9999999: "15.0000", 0.000123456789: "0.000123457", 1e-9: "1e-09", 123456.1234567: "123456.1235", 3e20: "3e+20",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, not %q", v, got, want)
		}
	}
}
