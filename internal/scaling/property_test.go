package scaling

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
)

func bounds(t *rapid.T) Bounds {
	low := rapid.IntRange(0, 50).Draw(t, "min")
	return Bounds{low, rapid.IntRange(max(1, low), 60).Draw(t, "max")}
}

func optional(t *rapid.T, name string) *int {
	if rapid.Bool().Draw(t, name+"?") {
		return n(rapid.IntRange(0, 60).Draw(t, name))
	}
	return nil
}

// action draws one that Compile takes in the list.
func action(t *rapid.T, up bool) Action {
	types := []ActionType{Adjustment, PercentageAdjustment, SetMaxTarget, UpdateCapacity}
	if up {
		types[2] = SetMinTarget
	}
	for {
		a := Action{Type: rapid.SampledFrom(types).Draw(t, "type")}
		switch a.Type {
		case Adjustment:
			a.Count = rapid.IntRange(1, 60).Draw(t, "count")
		case PercentageAdjustment:
			a.Percent = rapid.Float64Range(0.01, 1000).Draw(t, "percent")
		case UpdateCapacity:
			a.Target, a.Min, a.Max = optional(t, "target"), optional(t, "new min"), optional(t, "new max")
		default:
			a.Target = n(rapid.IntRange(0, 60).Draw(t, "target"))
		}
		c := &checker{}
		c.action("action", a, up, 0)
		if len(c.errs) == 0 {
			return a
		}
	}
}

// TestPropertyPolicyAsk: the target is always within bounds; an up policy never lowers and a down policy never raises what is wanted; max_step
// bounds the step unless a bound forces more; what is not asked changes nothing.
func TestPropertyPolicyAsk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		up := rapid.Bool().Draw(t, "up")
		wanted, b := rapid.IntRange(0, 70).Draw(t, "wanted"), bounds(t)
		p := Pool{MaxStep: MaxStep{rapid.IntRange(0, 10).Draw(t, "step up"), rapid.IntRange(0, 10).Draw(t, "step down")}}
		pol := Policy{Name: "p", Condition: memory(), Action: action(t, up)}
		a, ok := p.PolicyAsk(&pol, up, wanted, b, held)
		if !ok {
			if a.Target != wanted || a.Bounds != b || a.Reason == held.Reason {
				t.Fatalf("asks for nothing: %+v", a)
			}
			return
		}
		step, most := a.Target-wanted, p.MaxStep.Up
		if !up {
			step, most = -step, p.MaxStep.Down
		}
		switch {
		case a.Target < a.Bounds.Min || a.Target > a.Bounds.Max || a.Bounds.Min > a.Bounds.Max:
			t.Fatalf("outside: %+v", a)
		case step < 0:
			t.Fatalf("the wrong way from %d: %+v", wanted, a)
		case most > 0 && step > most && a.Target != a.Bounds.Min && a.Target != a.Bounds.Max:
			t.Fatalf("more than %d at once: %+v", most, a)
		case step == 0 && a.Bounds == b:
			t.Fatalf("changes nothing: %+v", a)
		case pol.Action.Type != UpdateCapacity && a.Bounds != b:
			t.Fatalf("changes the bounds: %+v", a)
		}
		for got, given := range map[int]*int{a.Bounds.Min: pol.Action.Min, a.Bounds.Max: pol.Action.Max} {
			if given != nil && got != *given {
				t.Fatalf("a bound that is given does not hold: %+v", a)
			}
		}
	})
}

// TestPropertyScheduleAsk: the target is within the new bounds, and what is given holds.
func TestPropertyScheduleAsk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Schedule{Name: "s", Target: optional(t, "target"), Min: optional(t, "new min"), Max: optional(t, "new max")}
		c := &checker{}
		if c.within("s", s.Target, s.Min, s.Max); len(c.errs) > 0 {
			t.Skip("not taken")
		}
		wanted, b := rapid.IntRange(0, 70).Draw(t, "wanted"), bounds(t)
		a := (&Pool{}).ScheduleAsk(&s, noon, wanted, b)
		switch {
		case a.Target < a.Bounds.Min || a.Target > a.Bounds.Max || a.Bounds.Min > a.Bounds.Max:
			t.Fatalf("outside: %+v", a)
		case s.Min != nil && a.Bounds.Min != *s.Min, s.Max != nil && a.Bounds.Max != *s.Max:
			t.Fatalf("a bound that is given does not hold: %+v", a)
		case s.Min == nil && s.Max == nil && a.Bounds != b:
			t.Fatalf("changes the bounds: %+v", a)
		case s.Target != nil && a.Target != *s.Target && *s.Target >= a.Bounds.Min && *s.Target <= a.Bounds.Max:
			t.Fatalf("the target does not hold: %+v", a)
		}
		if again := (&Pool{}).ScheduleAsk(&s, noon, a.Target, a.Bounds); s.Target == nil && (again.Target != a.Target || again.Bounds != a.Bounds) {
			t.Fatalf("a second time it asks for something else: %+v, %+v", a, again)
		}
	})
}

// TestPropertyChooseHasNoOrder: the same asks in any order, the same one is followed, and the others for the same reasons.
func TestPropertyChooseHasNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asks := make([]Ask, rapid.IntRange(1, 6).Draw(t, "asks"))
		for i := range asks {
			asks[i] = Ask{Kind: rapid.SampledFrom([]AskKind{AskBounds, AskSchedule, AskUp, AskDown}).Draw(t, "kind"),
				By: string(rune('a' + i)), Target: rapid.IntRange(0, 4).Draw(t, "target")}
			if asks[i].Kind == AskSchedule {
				asks[i].At, asks[i].Place = after(float64(rapid.IntRange(0, 2).Draw(t, "at"))), i
			}
		}
		chosen, why := Choose(asks, 2)
		reasons := map[string]string{}
		for i, a := range asks {
			reasons[a.By] = why[i]
			if (why[i] == "") != (i == chosen) {
				t.Fatalf("%d is chosen, and the reasons are %q", chosen, why)
			}
		}
		order := rapid.Permutation(asks).Draw(t, "order")
		again, why := Choose(order, 2)
		if !reflect.DeepEqual(order[again], asks[chosen]) {
			t.Fatalf("%+v and %+v", asks[chosen], order[again])
		}
		for i, a := range order {
			if reasons[a.By] != why[i] {
				t.Fatalf("%s: %q and %q", a.By, reasons[a.By], why[i])
			}
		}
	})
}

// situation draws a condition, data points that are late, missing, doubled and no numbers at times, and the present.
func situation(t *rapid.T) (c Condition, points []emr.Point, missing Missing, now, since time.Time) {
	c = memory()
	c.Period = time.Duration(rapid.SampledFrom([]int{1, 5, 7, 60}).Draw(t, "period")) * time.Minute
	c.Evaluations = rapid.IntRange(1, 6).Draw(t, "evaluations")
	c.Operator = rapid.SampledFrom([]Operator{GT, GTE, LT, LTE}).Draw(t, "operator")
	c.Threshold = float64(rapid.IntRange(-2, 2).Draw(t, "threshold"))
	now = noon.Add(time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "now")))
	since = now.Add(-time.Duration(rapid.Int64Range(-int64(time.Hour), int64(12*time.Hour)).Draw(t, "since")))
	from, _ := c.Window(now)
	for i := range c.Evaluations + Late + 3 {
		if rapid.IntRange(0, 5).Draw(t, "gap") == 0 {
			continue
		}
		p := emr.Point{At: from.Add(time.Duration(i) * c.Period), Value: float64(rapid.IntRange(-3, 3).Draw(t, "value"))}
		if rapid.IntRange(0, 9).Draw(t, "no number") == 0 {
			p.Value = rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}).Draw(t, "instead")
		}
		points = append(points, p)
		if rapid.IntRange(0, 5).Draw(t, "again") == 0 {
			if rapid.Bool().Draw(t, "at another moment") {
				p.At = p.At.Add(time.Duration(rapid.Int64Range(0, int64(c.Period)-1).Draw(t, "within")))
			}
			p.Value = float64(rapid.IntRange(-3, 3).Draw(t, "other value"))
			points = append(points, p)
		}
	}
	return c, points, rapid.SampledFrom([]Missing{Ignore, Breaching}).Draw(t, "missing"), now, since
}

// TestPropertyJudgeHasNoOrder: points in any order, and twice, give the same judgement; so do points outside the window that is read.
func TestPropertyJudgeHasNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, points, missing, now, since := situation(t)
		want := c.Judge(points, missing, now, since)
		shuffled := append(slices.Clone(points), points...)
		rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "order"))).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		from, to := c.Window(now)
		shuffled = slices.DeleteFunc(shuffled, func(p emr.Point) bool { return p.At.Before(from) || !p.At.Before(to) })
		shuffled = append(shuffled, emr.Point{At: from.Add(-1), Value: 99}, emr.Point{At: to, Value: -99})
		if got := c.Judge(shuffled, missing, now, since); !same(got, want) {
			t.Fatalf("\n%+v\n%+v", want, got)
		}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var again Judgement
		if err := json.Unmarshal(text, &again); err != nil || !same(again, want) {
			t.Fatalf("%v: as JSON %s", err, text)
		}
	})
}

// TestPropertyR2_Judge compares a judgement with its rules, one at a time.
func TestPropertyR2_Judge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, points, missing, now, since := situation(t)
		j := c.Judge(points, missing, now, since)
		ended := floor(now, c.Period).Add(-c.Period)
		for i, p := range j.Points {
			switch {
			case p.At.Unix()%int64(c.Period/time.Second) != 0:
				t.Fatalf("not the beginning of a period: %+v", j)
			case p.At.Add(c.Period).After(now):
				t.Fatalf("a period that has not ended counts: %+v", j)
			case p.At.Before(since):
				t.Fatalf("a period from before %s counts: %+v", since, j)
			case i > 0 && !p.At.After(j.Points[i-1].At):
				t.Fatalf("out of order: %+v", j)
			case !slices.ContainsFunc(points, func(q emr.Point) bool { return floor(q.At, c.Period).Equal(p.At) && q.Value == p.Value }):
				t.Fatalf("nobody sent %+v", p)
			}
		}
		switch {
		case j.Reason == "":
			t.Fatal("no reason")
		case j.Holds && j.Missing:
			t.Fatalf("holds and is missing: %+v", j)
		case j.Holds && j.Newest.Before(ended.Add(-Late*c.Period)):
			t.Fatalf("too old: %+v", j)
		case j.Holds && missing == Ignore && (len(j.Points) != c.Evaluations || j.Points[0].At.Add(time.Duration(c.Evaluations-1)*c.Period) != j.Newest):
			t.Fatalf("holds by fewer periods: %+v", j)
		case j.Holds && slices.ContainsFunc(j.Points, func(p emr.Point) bool { return !c.holds(p.Value) }):
			t.Fatalf("holds by a point that does not: %+v", j)
		case !j.Holds && !j.Missing && len(j.Points) == c.Evaluations && !slices.ContainsFunc(j.Points, func(p emr.Point) bool { return !c.holds(p.Value) }):
			t.Fatalf("every point holds: %+v", j)
		case now.Before(c.Enough(since).Add(-Lag)) && j.Holds:
			t.Fatalf("holds before enough periods ended after %s: %+v", since, j)
		}
		// A policy that is judged whenever it is due misses no period and judges none twice.
		due := c.Due(now)
		if due.Sub(now) > c.Period || !due.After(now) || !floor(due.Add(-Lag), c.Period).Equal(due.Add(-Lag)) {
			t.Fatalf("due %s", due)
		}
		if enough := c.Enough(since); !c.Due(enough.Add(-1)).Equal(enough) {
			t.Fatalf("enough at %s, which is no moment at which it is due", enough)
		}
	})
}

// TestPropertyMissingDataNeverTerminates: a termination policy whose points are taken away does not begin to hold.
func TestPropertyMissingDataNeverTerminates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, points, _, now, since := situation(t)
		whole := slices.Clone(points)
		for i := range c.Evaluations + Late { // a period of each
			at := floor(now, c.Period).Add(-time.Duration(i+1) * c.Period)
			if !slices.ContainsFunc(whole, func(p emr.Point) bool {
				return floor(p.At, c.Period).Equal(at) && !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0)
			}) {
				whole = append(whole, emr.Point{At: at, Value: c.Threshold + map[Operator]float64{GT: -1, GTE: -1, LT: 1, LTE: 1}[c.Operator]}) // one that does not hold
			}
		}
		judge := func(points []emr.Point) Finding {
			p := TerminationPolicy{Statements: []Condition{c}}
			return p.Judge(func(Condition) []emr.Point { return points }, now, since)
		}
		if judge(points).Holds && !judge(whole).Holds {
			newest := judge(points).Newest
			if newest.Equal(floor(now, c.Period).Add(-c.Period)) {
				t.Fatalf("holds because points are missing: %+v", judge(points))
			}
		}
	})
}
