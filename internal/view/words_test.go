package view

import "testing"

func TestCount(t *testing.T) {
	for want, got := range map[string]string{
		"0 instances": Count(0, "instance"), "1 instance": Count(1, "instance"), "2 recoveries": Count(2, "recovery"), "1 policy": Count(1, "policy"),
		"3 policies": Count(3, "policy"), "7 days": Count(7, "day"), "once": Times(1), "2 times": Times(2), "is": Are(1), "were": Was(0),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
