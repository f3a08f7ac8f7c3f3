package budget

import (
	"math/rand/v2"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
)

// The simulator has AWS's published buckets of its own. A budget of the whole share that spends every token it gets, in bursts and
// one by one, is never throttled by them: the two agree on what AWS grants.
func TestTheWholeShareIsNotThrottled(t *testing.T) {
	sim := emrsim.New(emrsim.Options{})
	b := New(Options{Share: 1}, sim.Now())
	random := rand.New(rand.NewPCG(1, 2))
	calls := 0
	end := sim.Now().Add(2 * time.Hour)
	for sim.Now().Before(end) {
		for _, op := range emr.Ops {
			for b.Take(op, sim.Now()) {
				in, ok := sim.NewInput(string(op))
				if !ok {
					t.Fatalf("the simulator has no %s", op)
				}
				if _, err := sim.Do("us-east-1", string(op), in); err != nil && err.Type == "ThrottlingException" {
					t.Fatalf("%s throttled at %v", op, sim.Now())
				}
				if !op.CloudWatch() { // it would be nearly all of them
					calls++
				}
			}
		}
		pause := time.Duration(random.Int64N(int64(2 * time.Second)))
		if random.IntN(50) == 0 {
			pause *= 60
		}
		sim.AdvanceTo(sim.Now().Add(pause))
	}
	if calls < 15000 {
		t.Errorf("only %d calls in two hours", calls)
	}
	for range 11 { // without a budget
		in, _ := sim.NewInput(string(list))
		if _, err := sim.Do("us-east-1", string(list), in); err != nil && err.Type == "ThrottlingException" {
			return
		}
	}
	t.Error("the simulator throttles nothing: the test proves nothing")
}
