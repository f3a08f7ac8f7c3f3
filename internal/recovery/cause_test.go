package recovery

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"emrguard/internal/emr"
)

// TestR6_Tell reads the sentences of EMR's documented events, and the error texts of EC2 that EMR may hand on.
func TestR6_Tell(t *testing.T) {
	for _, c := range []struct {
		code, text string
		want       Cause
	}{
		{"", "", Unknown},
		{"", "We are not able to complete the resize operation that started at 2026-01-05 08:10 UTC for Instance Group ig-X in EMR cluster j-X (etl) as Amazon EC2 has insufficient Spot capacity for Instance type [m5.xlarge] in Availability Zone [us-east-1a].", Capacity},
		{"", "… as Amazon EC2 has insufficient On Demand capacity for Instance type [m5.xlarge]", Capacity},
		{"", "EC2 provisioning - Insufficient Instance Capacity", Capacity},
		{"INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ", "", Capacity},
		{"", "InsufficientInstanceCapacity: We currently do not have sufficient m5.xlarge capacity in the Availability Zone you requested (us-east-1a).", Capacity},
		{"", "The resize of instance group ig-X in the Amazon EMR cluster etl is delayed because you've reached the limit on the number of vCPUs (virtual processing units) assigned to the running instances in your account (111122223333).", Quota},
		{"", "The provision of instance group ig-X is delayed because you've reached the limit on the number of Spot Instances that you can launch in your account", Quota},
		{"", "… because you've reached the limit on the number of on-demand instances you can run in your account (111122223333)", Quota},
		{"", "EC2 Provisioning - Spot Instance Count Limit Exceeded", Quota},
		{"", "EC2 Provisioning – vCPU Limit Exceeded", Quota},
		{"", "VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 64 allows for the instance bucket that the specified instance type belongs to.", Quota},
		{"", "MaxSpotInstanceCountExceeded: Max spot instance count exceeded", Quota},
		{"", "We can't complete the resize operation for instance group ig-X because the specified subnet [subnet-X] doesn't contain enough free private IP addresses to fulfill your request.", Addresses},
		{"", "EC2 Provisioning - Insufficient Free Address in Subnet", Addresses},
		{"", "EC2 Provisioning - Insufficient Free Addresses In Subnet", Addresses},
		{"", "InsufficientFreeAddressesInSubnet: There are not enough free addresses in subnet 'subnet-X' to satisfy the requested number of instances.", Addresses},
		{"", "Amazon EMR can't fulfill your Spot Instance request for instance group ig-X because instances aren't available at or below your maximum Spot price.", Price},
		{"INTERNAL_ERROR_SPOT_PRICE_INCREASE_PRIMARY", "", Price},
		{"", "SpotMaxPriceTooLow: Your Spot request price of 0.1 is lower than the minimum required Spot request fulfillment price of 0.15.", Price},
		{"INSTANCE_FAILURE", "On 2 slave instances (including i-105af6bf and i-b659f519), bootstrap action 1 returned a non-zero return code", Bootstrap},
		{"BOOTSTRAP_FAILURE", "", Bootstrap},
		{"INSTANCE_FAILURE", "The resize could not complete.", Unknown},
		{"INTERNAL_ERROR", "something went wrong", Unknown},
		{"", "the limit is not reached and the capacity is sufficient", Unknown},
		{"BOOTSTRAP_FAILURE", "EC2 has insufficient Spot capacity", Unknown}, // two causes: nobody knows which
	} {
		got := tell(c.code, c.text)
		if got.Cause != c.want {
			t.Errorf("%s %q: %q, want %q", c.code, c.text, got.Cause, c.want)
		}
		if (got.Text == "") != (got.Cause == Unknown) || (got.String() == "") != (got.Cause == Unknown) {
			t.Errorf("%+v", got)
		}
	}
}

func TestR6_CauseOf(t *testing.T) {
	short := emr.Group{ID: "ig-A", Requested: 9, Running: 6, State: resizing}
	says := short
	says.ReasonText = "insufficient Spot capacity"
	full := says
	full.Running = 9
	waiting := func(group emr.GroupID, state emr.InstanceState, text string) emr.Instance {
		return emr.Instance{Group: group, State: state, ReasonText: text}
	}
	const quota, capacity = "VcpuLimitExceeded: …", "InsufficientInstanceCapacity: …"
	for name, c := range map[string]struct {
		g    emr.Group
		list []emr.Instance
		want Cause
	}{
		"nothing is said":           {short, nil, Unknown},
		"by the group":              {says, nil, Capacity},
		"nothing is missing":        {full, nil, Unknown},
		"the group comes first":     {says, []emr.Instance{waiting("ig-A", emr.InstanceAwaiting, quota)}, Capacity},
		"by the instances":          {short, []emr.Instance{waiting("ig-A", emr.InstanceAwaiting, ""), waiting("ig-A", emr.InstanceAwaiting, quota)}, Quota},
		"all the same":              {short, []emr.Instance{waiting("ig-A", emr.InstanceAwaiting, quota), waiting("ig-A", emr.InstanceProvisioning, quota)}, Quota},
		"they differ":               {short, []emr.Instance{waiting("ig-A", emr.InstanceAwaiting, quota), waiting("ig-A", emr.InstanceAwaiting, capacity)}, Unknown},
		"they differ, and one more": {short, []emr.Instance{waiting("ig-A", emr.InstanceAwaiting, quota), waiting("ig-A", emr.InstanceAwaiting, capacity), waiting("ig-A", emr.InstanceAwaiting, capacity)}, Unknown},
		"of another group":          {short, []emr.Instance{waiting("ig-B", emr.InstanceAwaiting, quota)}, Unknown},
		"of what runs":              {short, []emr.Instance{waiting("ig-A", emr.InstanceRunning, quota)}, Unknown},
		"of what is gone":           {short, []emr.Instance{waiting("ig-A", emr.InstanceTerminated, quota)}, Unknown},
	} {
		if got := CauseOf(c.g, c.list); got.Cause != c.want {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}

func TestR6_Bars(t *testing.T) {
	spot := func(kind, bid string) Shape { return Shape{kind, emr.Spot, bid} }
	demand := func(kind string) Shape { return Shape{kind, emr.OnDemand, ""} }
	for _, c := range []struct {
		cause        Cause
		stuck, other Shape
		want         bool
	}{
		{Quota, spot("m5.xlarge", ""), spot("m5.xlarge", ""), true},
		{Quota, spot("m5.xlarge", "0.1"), spot("r5.4xlarge", "0.3"), true},
		{Quota, spot("m5.xlarge", ""), spot("p4d.24xlarge", ""), false},
		{Quota, spot("m5.xlarge", ""), demand("m5.xlarge"), false},
		{Quota, demand("m5.xlarge"), demand("c6g.xlarge"), true},
		{Price, spot("m5.xlarge", "0.1"), spot("m5.xlarge", "0.1"), true},
		{Price, spot("m5.xlarge", "0.1"), spot("r5.xlarge", "0.1"), true},
		{Price, spot("m5.xlarge", "0.1"), spot("m5.xlarge", "0.2"), false},
		{Price, spot("m5.xlarge", "0.1"), spot("m5.xlarge", ""), false},
		{Price, spot("m5.xlarge", ""), spot("m5.xlarge", ""), true},
		{Price, spot("m5.xlarge", ""), spot("r5.xlarge", ""), false},
		{Price, spot("m5.xlarge", "0.1"), demand("m5.xlarge"), false},
		{Capacity, spot("m5.xlarge", ""), spot("m5.xlarge", ""), false},
		{Unknown, spot("m5.xlarge", ""), spot("m5.xlarge", ""), false},
		{Addresses, spot("m5.xlarge", ""), spot("m5.xlarge", ""), false},
		{Bootstrap, spot("m5.xlarge", ""), spot("m5.xlarge", ""), false},
	} {
		if got := c.cause.Bars(c.stuck, c.other); (got != "") != c.want {
			t.Errorf("%s of %s bars %s: %q", c.cause, c.stuck, c.other, got)
		}
	}
	for _, c := range []struct {
		cause        Cause
		stuck, other Shape
		want         bool
	}{
		{Unknown, spot("m5.xlarge", ""), spot("m5.xlarge", ""), true},
		{Unknown, spot("m5.xlarge", ""), demand("m5.xlarge"), false},
		{Bootstrap, spot("m5.xlarge", ""), demand("m5.xlarge"), true},
		{Bootstrap, spot("m5.xlarge", ""), spot("r5.xlarge", ""), false},
		{Quota, spot("m5.xlarge", ""), spot("m5.xlarge", ""), true},
	} {
		if got := c.cause.BarsAgain(c.stuck, c.other); (got != "") != c.want {
			t.Errorf("after two: %s of %s bars %s: %q", c.cause, c.stuck, c.other, got)
		}
	}
}

// TestCauseTextsAreWhole: what EMR says is kept as it said it; of what is very long whole characters, and the words that tell the cause.
func TestCauseTextsAreWhole(t *testing.T) {
	const said = "The EMR instance group ig-3TASK0000ABCD in EMR cluster j-2ETL000000002 (etl) was requested at 2026-01-05T09:03:00Z. The resize is delayed as Amazon EC2 has " +
		"insufficient Spot capacity for Instance type [r5.2xlarge] in Availability Zone [us-east-1a]. Choose another instance type, or try again later."
	if got := tell("", said).Text; got != said {
		t.Errorf("a usual text is cut: %q", got)
	}
	if got := tell("INSTANCE_FAILURE", "On 2 slave instances, bootstrap action 1 failed").Text; got != "INSTANCE_FAILURE On 2 slave instances, bootstrap action 1 failed" {
		t.Errorf("a short text is kept: %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat(rapid.StringN(0, 9, -1).Draw(t, "before"), rapid.SampledFrom([]int{9, 900}).Draw(t, "times")) + " bootstrap action 1 failed " + strings.Repeat(rapid.StringN(1, 5, -1).Draw(t, "rest"), 300)
		w := tell("", text)
		if len(w.Text) > longestText+2*len("…") || !strings.Contains(w.Text, "bootstrap action") || !strings.Contains(text, strings.Trim(w.Text, "…")) || strings.ToValidUTF8(w.Text, "") != w.Text {
			t.Fatalf("%q", w.Text)
		}
	})
}

// TestPhrasesHaveTheirWords: a text without a phrase's words is not looked at, so whatever the phrase matches must have one.
func TestPhrasesHaveTheirWords(t *testing.T) {
	for _, p := range phrases {
		rapid.Check(t, func(t *rapid.T) {
			text := strings.ReplaceAll(rapid.StringMatching(strings.ReplaceAll(p.match.String(), `\b`, "")).Draw(t, "text"), "ſ", "s")
			if p.match.MatchString(text) && tell("", text).Cause == Unknown && !strings.Contains(text, "\u212a") {
				for _, o := range phrases {
					if o.cause != p.cause && o.match.MatchString(text) {
						return // of two causes
					}
				}
				t.Fatalf("%s: %q has none of %q", p.cause, text, p.words)
			}
		})
	}
}
