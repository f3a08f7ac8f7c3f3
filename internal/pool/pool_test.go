package pool

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"emrguard/internal/emr"
)

func TestR10_ExpectedCounts(t *testing.T) {
	m := Member{Expected: []int{9}}
	m.Expect(6)
	if !m.Ours(9) || !m.Ours(6) || m.Ours(7) || m.Last() != 6 {
		t.Errorf("after a stop: %+v", m)
	}
	if m.Believed(9) != 6 || m.Believed(6) != 6 || m.Believed(7) != 7 {
		t.Error("until it shows, the count that was asked for holds; another's count is what was read")
	}
	m.Expect(9) // a relaunch of what was stopped
	if !slices.Equal(m.Expected, []int{6, 9}) {
		t.Errorf("expected %v: each count once, the last one meant", m.Expected)
	}
	m.Unexpect(9)
	if m.Last() != 6 {
		t.Errorf("a call that did not happen is taken back: %v", m.Expected)
	}
	m.Unexpect(6)
	if m.Last() != 6 {
		t.Errorf("the last known count is never taken back: %v", m.Expected)
	}
	m.Fall = &Fall{To: 3}
	m.Accept(4)
	if !slices.Equal(m.Expected, []int{4}) || m.Fall != nil {
		t.Errorf("accepted: %+v", m)
	}
	if (Member{}).Last() != 0 {
		t.Error("a member without counts means 0")
	}
}

func TestR5_SettledCount(t *testing.T) {
	m := Member{Expected: []int{9, 6}}
	m.Settled(9) // never shown: the call did not take effect
	if m.Last() != 9 {
		t.Errorf("expected %v", m.Expected)
	}
	m.Expect(6)
	m.Shown = true
	m.Settled(9) // 6 was shown: 9 is somebody else's
	if m.Last() != 6 || m.Ours(9) {
		t.Errorf("expected %v", m.Expected)
	}
	m.Shown = true
	if m.Expect(7); m.Shown {
		t.Error("a new call has not been shown")
	}
}

func TestR8_RestDoubles(t *testing.T) {
	p, _ := three()
	p.Blocked = &Blocked{Reason: "x"}
	for i, want := range []time.Duration{2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour} {
		p.StartRest(noon, 2*time.Hour, 8*time.Hour, "it keeps failing")
		if got := p.Rest.Until.Sub(noon); got != want || p.Blocked != nil {
			t.Errorf("rest %d lasts %s, want %s", i+1, got, want)
		}
	}
	p.Chain, p.Suspended = 4, 2
	p.Recovered()
	if p.Chain != 0 || p.Suspended != 0 || p.LastLength != 0 || p.Rest == nil {
		t.Errorf("a completed resize ends the chain, the rest is seen through: %+v", p)
	}
	p.Completed()
	if p.Rest != nil {
		t.Error("a launch of ours that completed ends the rest")
	}
	p.StartRest(noon, 2*time.Hour, 8*time.Hour, "again")
	if got := p.Rest.Until.Sub(noon); got != 2*time.Hour {
		t.Errorf("the first rest after success lasts %s", got)
	}
}

func TestR8_Tried(t *testing.T) {
	p, _ := three()
	p.Members[0].Shape, p.Members[1].Shape, p.Members[2].Shape = "a", "a", "b"
	for _, i := range []int{0, 2, 2} {
		p.Try(p.Members[i])
	}
	if !slices.Equal(p.Tried, []string{"b"}) || !p.Failed {
		t.Errorf("tried %v, origin %v: the origin by itself, each shape of a fallback once", p.Tried, p.Failed)
	}
	p.StartRest(noon, time.Hour, time.Hour, "x")
	if len(p.Tried) != 1 || !p.Failed {
		t.Error("a rest forgets nothing")
	}
	if p.Recovered(); p.Tried != nil || p.Failed {
		t.Errorf("a completed resize ends the chain: %v, origin %v", p.Tried, p.Failed)
	}
}

func TestR9_ReturnsWaitLonger(t *testing.T) {
	p, _ := three()
	for i, want := range []time.Duration{4 * time.Hour, 8 * time.Hour, 8 * time.Hour} {
		p.ReturnFailed(noon, 2*time.Hour, 8*time.Hour)
		if r := p.Returns; r.Failed != i+1 || r.Until.Sub(noon) != want || time.Duration(r.Length) != want {
			t.Errorf("failure %d: %+v, want a wait of %s", i+1, r, want)
		}
	}
	p.Returns = nil
	p.ReturnFailed(noon, 6*time.Hour, 8*time.Hour)
	if got := p.Returns.Until.Sub(noon); got != 8*time.Hour {
		t.Errorf("the longest wait is 8h, not %s", got)
	}
}

func TestR9_NextLapse(t *testing.T) {
	p, _ := three()
	if got := p.NextLapse(noon); !got.IsZero() {
		t.Errorf("nobody is banned: %s", got)
	}
	p.Member("ig-A").Ban = &Ban{Until: noon.Add(2 * time.Hour)}
	p.Member("ig-B").Ban = &Ban{Until: noon.Add(time.Hour)}
	p.Member("ig-C").Ban = &Ban{Until: noon} // over
	if got := p.NextLapse(noon); !got.Equal(noon.Add(time.Hour)) {
		t.Errorf("the next lapse is %s", got)
	}
}

func TestMembersKeepTheirOrder(t *testing.T) {
	p, _ := three()
	p.Add(Member{Group: "ig-B", Moved: 7})
	if len(p.Members) != 3 || p.Member("ig-B").Moved != 0 {
		t.Error("a member is taken once")
	}
	ids := []emr.GroupID{p.Members[0].Group, p.Members[1].Group, p.Members[2].Group}
	if want := []emr.GroupID{"ig-A", "ig-B", "ig-C"}; !slices.Equal(ids, want) || p.Fallbacks() != 2 || p.Member("ig-Z") != nil {
		t.Errorf("members %v", ids)
	}
}

// TestCloneIsDeep: no change of a copy reaches the original, and the stored form is the same.
func TestCloneIsDeep(t *testing.T) {
	p, _ := three()
	p.Repeated, p.Tried = []string{"r1"}, []string{"a"}
	p.ReturnFailed(noon, time.Hour, 8*time.Hour)
	p.Member("ig-A").Ban = &Ban{From: noon, Until: noon.Add(time.Hour), Reason: "x"}
	p.LastLength = Duration(90 * time.Minute)
	p.Member("ig-A").Unanswered(6, noon)
	p.Member("ig-A").MayLand(9, noon)
	before, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	c := p.Clone()
	if !reflect.DeepEqual(p, c) {
		t.Error("the copy differs")
	}
	c.Repeated[0], c.Tried[0], c.Returns.Failed = "r2", "b", 9
	a := c.Member("ig-A")
	a.Ban.Growths, a.Moved, a.Late[0].Count = 3, 5, 7
	a.Accept(99)
	a.Expect(7)
	c.Add(Member{Group: "ig-D"})
	c.Wanted = 0
	after, err := json.Marshal(p)
	if err != nil || string(after) != string(before) {
		t.Errorf("the original changed (%v):\n%s\n%s", err, before, after)
	}
	var back Pool
	if err := json.Unmarshal(before, &back); err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("it reads back as %+v: %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"rest_length":"soon"}`), &back); err == nil {
		t.Error("a length that is none is read")
	}
}
