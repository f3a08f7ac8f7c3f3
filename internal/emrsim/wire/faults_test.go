package wire_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/emrsim/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/smithy-go"
)

// spare is a request for one more task group.
func spare(id string) *emr.AddInstanceGroupsInput {
	return &emr.AddInstanceGroupsInput{JobFlowId: &id, InstanceGroups: []types.InstanceGroupConfig{
		{InstanceRole: types.InstanceRoleTypeTask, InstanceType: aws.String("m5.xlarge"), InstanceCount: aws.Int32(1), Name: aws.String("spare")}}}
}

// spares counts the groups of that name that really exist.
func (s *served) spares() int {
	n := 0
	for _, g := range s.sim.Snapshot(region).Clusters[0].Groups {
		if g.Name == "spare" {
			n++
		}
	}
	return n
}

func TestErrorsAsTheSDKSeesThem(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 8}, wire.Options{})
	c := s.client(region)
	id := s.cluster(t, c, "etl")
	ctx := t.Context()

	_, err := c.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: aws.String("j-NONE")})
	wantCode(t, err, "InvalidRequestException", "Cluster id 'j-NONE' is not valid.")
	var invalid *types.InvalidRequestException
	if !errors.As(err, &invalid) || aws.ToString(invalid.ErrorCode_) != "NoSuchCluster" {
		t.Errorf("no ErrorCode NoSuchCluster in %v", err)
	}
	master := group(t, c, id, types.InstanceGroupTypeMaster)
	_, err = c.ModifyInstanceGroups(ctx, &emr.ModifyInstanceGroupsInput{ClusterId: &id, InstanceGroups: []types.InstanceGroupModifyConfig{{InstanceGroupId: master.Id, InstanceCount: aws.Int32(2)}}})
	wantCode(t, err, "ValidationException", "A master instance group may not be modified")

	s.fault(t, "ModifyInstanceGroups call=1 error=InternalServerError")
	_, err = c.ModifyInstanceGroups(ctx, &emr.ModifyInstanceGroupsInput{ClusterId: &id, InstanceGroups: []types.InstanceGroupModifyConfig{{InstanceGroupId: master.Id}}})
	wantCode(t, err, "InternalServerError", "")
	s.fault(t, "ListClusters error=ServiceUnavailable")
	_, err = c.ListClusters(ctx, &emr.ListClustersInput{})
	wantCode(t, err, "ServiceUnavailable", "simulated fault")
}

func TestTheTokenBucketOfAnOperationRunsDry(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 9}, wire.Options{})
	c := s.client(region)
	id := s.cluster(t, c, "etl")
	for range 5 {
		if _, err := c.AddInstanceGroups(t.Context(), spare(id)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.AddInstanceGroups(t.Context(), spare(id))
	wantCode(t, err, "ThrottlingException", "Rate exceeded")
	s.pass(t, 5*time.Second) // at 0.2 tokens a second
	if _, err := c.AddInstanceGroups(t.Context(), spare(id)); err != nil {
		t.Error(err)
	}
	if got := s.spares(); got != 6 {
		t.Errorf("%d groups were added, want 6", got)
	}
}

func TestABrokenConnectionDoesNotSayWhetherTheCallTookEffect(t *testing.T) {
	for _, test := range []struct {
		effect string
		added  int
	}{{"refuse", 0}, {"lose-answer", 1}} {
		t.Run(test.effect, func(t *testing.T) {
			s := serve(t, emrsim.Options{Seed: 10}, wire.Options{})
			c := s.client(region)
			id := s.cluster(t, c, "etl")
			s.fault(t, "AddInstanceGroups "+test.effect)
			_, err := c.AddInstanceGroups(t.Context(), spare(id))
			var api smithy.APIError
			if err == nil || errors.As(err, &api) {
				t.Errorf("got %v, want a broken connection", err)
			}
			if got := s.spares(); got != test.added {
				t.Errorf("%d groups were added, want %d", got, test.added)
			}
		})
	}
}

func TestAnEmptyAnswerDecodesAsNoGroups(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 11}, wire.Options{})
	c := s.client(region)
	id := s.cluster(t, c, "etl")
	s.fault(t, "ListInstanceGroups empty")
	out, err := c.ListInstanceGroups(t.Context(), &emr.ListInstanceGroupsInput{ClusterId: &id})
	if err != nil || len(out.InstanceGroups) != 0 {
		t.Errorf("got %v, %v", out, err)
	}
}

// A delay passes in simulated time: the answer comes when the clock has moved by it, and the caller may give up before.
func TestADelayedAnswerWaitsForSimulatedTime(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 12}, wire.Options{})
	c := s.client(region)
	id := s.cluster(t, c, "etl")
	s.fault(t, "AddInstanceGroups delay=90s")

	done := make(chan error, 1)
	go func() {
		_, err := c.AddInstanceGroups(t.Context(), spare(id))
		done <- err
	}()
	for s.spares() == 0 { // it took effect before its answer
		time.Sleep(time.Millisecond)
	}
	s.pass(t, 89*time.Second)
	select {
	case err := <-done:
		t.Errorf("answered a second too early: %v", err)
	default:
	}
	s.pass(t, time.Second)
	if err := <-done; err != nil {
		t.Error(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.AddInstanceGroups(ctx, spare(id)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
	if got := s.spares(); got != 2 {
		t.Errorf("%d groups were added, want 2", got)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	clock, err := wire.NewClock(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), 1000)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, emrsim.Options{Seed: 13, Unthrottled: true}, wire.Options{Clock: clock})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			c := s.client(region)
			out, err := s.sim.Do(region, "RunJobFlow", runJobFlow("etl", 3))
			if err != nil {
				t.Error(err)
				return
			}
			id := out.(*shapes.RunJobFlowOutput).JobFlowId
			for range 20 {
				if _, err := c.ListInstanceGroups(t.Context(), &emr.ListInstanceGroupsInput{ClusterId: id}); err != nil {
					t.Error(err)
				}
				if _, err := c.ListInstances(t.Context(), &emr.ListInstancesInput{ClusterId: id}); err != nil {
					t.Error(err)
				}
				if _, err := c.AddTags(t.Context(), &emr.AddTagsInput{ResourceId: id, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}); err != nil {
					t.Error(err)
				}
				if _, err := c.AddInstanceGroups(t.Context(), spare(*id)); err != nil && !strings.Contains(err.Error(), "ValidationException") {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
