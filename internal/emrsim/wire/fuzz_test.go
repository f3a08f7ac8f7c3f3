package wire_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/emrsim/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// FuzzBodies sends any bytes to any operation of a world with a cluster of groups and one of fleets: the answer is JSON or empty,
// and never a panic.
func FuzzBodies(f *testing.F) {
	ids := newFuzzWorld(f)
	seeds := []string{``, `null`, `[]`, `{`, `{"ClusterId":null}`, `{"ClusterId":"CLUSTER"}`, `{"ClusterId":"FLEETS"}`, `{"JobFlowIds":["CLUSTER"]}`,
		`{"ClusterId":"CLUSTER","InstanceGroups":[{"InstanceGroupId":"GROUP","InstanceCount":-1}]}`,
		`{"ClusterId":"CLUSTER","InstanceGroups":[{"InstanceGroupId":"GROUP","Configurations":[{"Configurations":[{}]}],"ReconfigurationType":"MERGE"}]}`,
		`{"JobFlowId":"CLUSTER","InstanceGroups":[{"InstanceRole":"TASK","InstanceType":"m5.xlarge","InstanceCount":0,"EbsConfiguration":{"EbsBlockDeviceConfigs":[{"VolumeSpecification":{"VolumeType":"gp3","SizeInGB":1},"VolumesPerInstance":99999999}]}}]}`,
		`{"Name":"x","Instances":{}}`, `{"JobFlowId":"CLUSTER","Steps":[{"Name":"s","HadoopJarStep":{"Jar":"j"}}]}`, `{"ClusterId":"CLUSTER","Marker":"ListSteps.CLUSTER.99999999999"}`,
		`{"Name":"x","Instances":{"InstanceFleets":[{"InstanceFleetType":"MASTER","TargetSpotCapacity":9223372036854775807,"InstanceTypeConfigs":[{"InstanceType":"m5.xlarge"}]}]}}`,
		`{"ClusterId":"FLEETS","InstanceFleet":{"InstanceFleetType":"TASK","TargetSpotCapacity":9223372036854775807,"TargetOnDemandCapacity":9223372036854775807,"InstanceTypeConfigs":[{"InstanceType":"m5.xlarge","WeightedCapacity":5}]}}`,
		`{"ClusterId":"CLUSTER","InstanceGroupId":"GROUP","AutoScalingPolicy":{"Constraints":{"MinCapacity":1,"MaxCapacity":2},"Rules":[{"Name":"r","Action":{"SimpleScalingPolicyConfiguration":{"ScalingAdjustment":1}},"Trigger":{"CloudWatchAlarmDefinition":{"ComparisonOperator":"LESS_THAN","MetricName":"m","Period":1,"Threshold":1e308}}}]}}`}
	known := strings.NewReplacer("CLUSTER", ids.cluster, "FLEETS", ids.fleets, "GROUP", ids.group)
	for i := range ids.sim.Operations(emrsim.EMR) {
		for _, body := range seeds {
			f.Add(uint8(i), []byte(known.Replace(body)))
		}
	}
	f.Fuzz(func(t *testing.T, op uint8, body []byte) {
		w := newFuzzWorld(t)
		ops := w.sim.Operations(emrsim.EMR)
		status, text := w.ask(ops[int(op)%len(ops)], string(body))
		var e struct {
			Type string `json:"__type"`
		}
		if text == "" {
			if status != http.StatusOK {
				t.Errorf("%d with an empty body", status)
			}
			return
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Errorf("%v in %s", err, text)
		}
		if (status == http.StatusOK) == (e.Type != "") || status >= 500 {
			t.Errorf("%d with type %q: %s", status, e.Type, text)
		}
		if _, err := w.clock.Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		if status, text := w.ask("ListInstanceGroups", `{"ClusterId":"`+w.cluster+`"}`); status != http.StatusOK {
			t.Errorf("an hour later: %d %s", status, text)
		}
	})
}

// fuzzWorld is a server of a world that is the same each time it is made.
type fuzzWorld struct {
	sim                    *emrsim.Sim
	clock                  *wire.Clock
	server                 *wire.Server
	cluster, fleets, group string
}

// newFuzzWorld makes a cluster of groups and one of fleets, both ready.
func newFuzzWorld(t testing.TB) *fuzzWorld {
	t.Helper()
	w := &fuzzWorld{sim: emrsim.New(emrsim.Options{Seed: 19, Unthrottled: true, Instant: true})}
	w.clock = wire.NewManualClock(w.sim.Now())
	w.server = wire.New(w.sim, wire.Options{Clock: w.clock, DefaultRegion: region})
	w.cluster = *(&served{sim: w.sim}).run(t, "etl", 2)
	out, apiErr := w.sim.Do(region, "RunJobFlow", &shapes.RunJobFlowInput{Name: aws.String("fleets"), Instances: &shapes.JobFlowInstancesConfig{
		KeepJobFlowAliveWhenNoSteps: aws.Bool(true),
		InstanceFleets: []shapes.InstanceFleetConfig{{InstanceFleetType: aws.String("MASTER"), TargetOnDemandCapacity: aws.Int(1),
			InstanceTypeConfigs: []shapes.InstanceTypeConfig{{InstanceType: aws.String("m5.xlarge")}}}},
	}})
	if apiErr != nil {
		t.Fatal(apiErr)
	}
	w.fleets = *out.(*shapes.RunJobFlowOutput).JobFlowId
	if _, err := w.clock.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	w.sim.AdvanceTo(w.clock.Now())
	w.group = w.sim.Snapshot(region).Clusters[0].Groups[2].ID
	return w
}

// ask sends one body without a network.
func (w *fuzzWorld) ask(op, body string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "ElasticMapReduce."+op)
	answer := httptest.NewRecorder()
	w.server.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String()
}
