package pool

import (
	"reflect"
	"testing"
	"time"
)

// A ban that takes the place of another goes on counting, and gives way to it again if its stop did not happen, also if that was tried twice.
func TestR9_ProlongAndTakeBack(t *testing.T) {
	now := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	byHand := Ban{From: now, Until: now.Add(time.Hour), Reason: "maintenance", Author: "ann", Growths: 2, Contest: true}
	m := Member{Ban: &byHand}
	for range 2 {
		now = now.Add(time.Minute)
		m.Prolong(Ban{From: now, Until: now.Add(2 * time.Hour), Recovery: "r1"}, now)
		if b := m.Ban; !m.Banned(now.Add(90*time.Minute)) || b.Growths != 2 || !b.Contest || b.Author != "" {
			t.Fatalf("the prolonged ban is %+v", *b)
		}
	}
	if m.TakeBack("r2") || m.TakeBack("") {
		t.Error("another recovery takes the ban back")
	}
	if !m.TakeBack("r1") || !reflect.DeepEqual(*m.Ban, byHand) {
		t.Errorf("what stands again is %+v, not %+v", m.Ban, byHand)
	}
	late := byHand.Until
	m.Prolong(Ban{From: late, Until: late.Add(time.Hour), Recovery: "r3"}, late)
	if m.Ban.Growths != 0 || !m.TakeBack("r3") || m.Ban != nil {
		t.Errorf("a ban that was over goes on: %+v", m.Ban)
	}
}
