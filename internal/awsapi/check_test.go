package awsapi

import (
	"errors"
	"testing"

	"emrguard/internal/emr"
)

func TestIdentity(t *testing.T) {
	s := serve(t, reply(200, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/emrguard/s</Arn><UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
	got, err := client(t, s.URL).Identity(t.Context())
	if want := (Identity{Account: "111122223333", ARN: "arn:aws:sts::111122223333:assumed-role/emrguard/s"}); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	s = serve(t, reply(403, `<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>`))
	_, err = client(t, s.URL).Identity(t.Context())
	var known *emr.Error
	if !errors.As(err, &known) || known.Class != emr.Denied {
		t.Errorf("%v", err)
	}
}

func TestProbeFindings(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   Access
	}{
		{200, `{"Cluster":{"Id":"j-1"}}`, Allowed},
		{400, `{"__type":"AccessDeniedException"}`, Refused},
		{400, `{"__type":"InvalidRequestException","Message":"Cluster id 'j-1' is not valid."}`, Allowed},
		{400, `{"__type":"ValidationException","message":"Instance group id 'x' is not valid."}`, Allowed},
		{400, `{"__type":"ThrottlingException"}`, Unclear},
		{500, `{"__type":"InternalFailure"}`, Unclear},
	} {
		for _, op := range []emr.Op{emr.DescribeCluster, emr.ModifyInstanceGroups} {
			s := serve(t, reply(tt.status, tt.body))
			if got, err := client(t, s.URL).Probe(t.Context(), op, "j-1"); got != tt.want || (err == nil) != (tt.status == 200) {
				t.Errorf("%s answered by %d %s: %s %v, want %s", op, tt.status, tt.body, got, err, tt.want)
			}
		}
	}
}

func TestProbeOfMetrics(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   obj
		want   Access
	}{
		{200, obj{"MetricDataResults": []any{obj{"Id": "idle", "StatusCode": "Complete", "Timestamps": []any{}, "Values": []any{}}}}, Allowed},
		{200, obj{"MetricDataResults": []any{obj{"Id": "idle", "StatusCode": "Forbidden"}}}, Refused},
		{200, obj{}, Unclear},
		{403, obj{"__type": "com.amazon.coral.service#AccessDenied", "message": "not authorized to perform: cloudwatch:GetMetricData"}, Refused},
		{400, obj{"__type": "ThrottlingException"}, Unclear},
	} {
		s := serve(t, replyCBOR(t, tt.status, tt.body))
		if got, err := client(t, s.URL).Probe(t.Context(), emr.GetMetricData, "j-1"); got != tt.want || (err == nil) != (tt.want == Allowed) {
			t.Errorf("%d %v: %s %v, want %s", tt.status, tt.body, got, err, tt.want)
		}
	}
}

func TestProbeNeverTerminates(t *testing.T) {
	s := serve(t, reply(200, ``))
	if got, err := client(t, s.URL).Probe(t.Context(), emr.TerminateJobFlows, "j-1"); got != Unclear || err == nil || len(s.seen()) != 0 {
		t.Errorf("%s %v, %d requests", got, err, len(s.seen()))
	}
}

func TestProbeChangesNothing(t *testing.T) {
	for op, want := range map[emr.Op]string{
		emr.ModifyInstanceGroups:    `{"ClusterId":"j-1","InstanceGroups":[{"InstanceGroupId":"ig-EMRGUARD-PERMISSION-PROBE"}]}`,
		emr.AddInstanceGroups:       `{"InstanceGroups":[{"InstanceCount":0,"InstanceRole":"TASK","InstanceType":"m5.xlarge","Name":"emrguard permission probe"}],"JobFlowId":"j-EMRGUARD-PERMISSION-PROBE"}`,
		emr.GetManagedScalingPolicy: `{"ClusterId":"j-1"}`,
	} {
		s := serve(t, reply(200, `{}`))
		if _, err := client(t, s.URL).Probe(t.Context(), op, "j-1"); err != nil {
			t.Errorf("%s: %v", op, err)
		}
		seen := s.seen()
		if len(seen) != 1 || seen[0].target != "ElasticMapReduce."+string(op) || compact(t, seen[0].body) != want {
			t.Errorf("%s sent %+v", op, seen)
		}
	}
}
