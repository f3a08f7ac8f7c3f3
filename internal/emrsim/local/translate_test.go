package local

import (
	"testing"

	"emrguard/internal/emrsim/shapes"
)

func TestADetachedPolicyScalesNothing(t *testing.T) {
	in := func(state string) *shapes.AutoScalingPolicyDescription {
		return &shapes.AutoScalingPolicyDescription{Status: &shapes.AutoScalingPolicyStatus{State: &state}}
	}
	for _, tt := range []struct {
		name   string
		policy *shapes.AutoScalingPolicyDescription
		want   bool
	}{
		{"none", nil, false},
		{"without a status", &shapes.AutoScalingPolicyDescription{}, true},
		{"attached", in("ATTACHED"), true},
		{"failed, yet there", in("FAILED"), true},
		{"on its way out", in("DETACHING"), true},
		{"detached", in("DETACHED"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := group(&shapes.InstanceGroup{AutoScalingPolicy: tt.policy}).CustomScaling; got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
