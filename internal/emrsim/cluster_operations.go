package emrsim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"emrguard/internal/emrsim/shapes"
)

// clusterOperations are the operations on whole clusters.
func clusterOperations() []operation {
	return []operation{
		writeOp("RunJobFlow", (*request).runJobFlow),
		readOp("DescribeCluster", (*request).describeCluster),
		readOp("ListClusters", (*request).listClusters),
		writeOnly("TerminateJobFlows", (*request).terminateJobFlows),
		writeOnly("SetTerminationProtection", (*request).setTerminationProtection),
		writeOnly("SetKeepJobFlowAliveWhenNoSteps", (*request).setKeepAlive),
	}
}

func (c *request) describeCluster(in *shapes.DescribeClusterInput) (*shapes.DescribeClusterOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	return &shapes.DescribeClusterOutput{Cluster: x.describe()}, nil
}

// describe is the cluster as DescribeCluster shows it.
func (c *cluster) describe() *shapes.Cluster {
	in := c.input
	out := &shapes.Cluster{
		Id: &c.id, Name: ptr(c.name), ClusterArn: &c.arn, Status: c.status(), InstanceCollectionType: ptr(c.collection),
		LogEncryptionKmsKeyId: in.LogEncryptionKmsKeyId, ReleaseLabel: in.ReleaseLabel, RequestedAmiVersion: in.AmiVersion,
		RunningAmiVersion: in.AmiVersion, AutoTerminate: ptr(!c.keepAlive), TerminationProtected: ptr(c.protected),
		UnhealthyNodeReplacement: ptr(c.replacement), VisibleToAllUsers: ptr(c.visible), Applications: applications(in.Applications),
		Tags: append([]shapes.Tag{}, c.tags...), ServiceRole: in.ServiceRole, NormalizedInstanceHours: ptr(c.normalizedHours()),
		Configurations: append([]shapes.Configuration{}, in.Configurations...), SecurityConfiguration: in.SecurityConfiguration,
		AutoScalingRole: in.AutoScalingRole, ScaleDownBehavior: in.ScaleDownBehavior, CustomAmiId: in.CustomAmiId,
		EbsRootVolumeSize: in.EbsRootVolumeSize, RepoUpgradeOnBoot: in.RepoUpgradeOnBoot, StepConcurrencyLevel: ptr(c.concurrency),
		PlacementGroups: append([]shapes.PlacementGroupConfig{}, in.PlacementGroupConfigs...), OSReleaseLabel: in.OSReleaseLabel,
		EbsRootVolumeIops: in.EbsRootVolumeIops, EbsRootVolumeThroughput: in.EbsRootVolumeThroughput, ExtendedSupport: in.ExtendedSupport,
		MonitoringConfiguration: in.MonitoringConfiguration, SessionEnabled: in.SessionEnabled,
		KerberosAttributes: &shapes.KerberosAttributes{}, // never given back
		Ec2InstanceAttributes: &shapes.Ec2InstanceAttributes{
			Ec2KeyName: in.Instances.Ec2KeyName, Ec2SubnetId: in.Instances.Ec2SubnetId, Ec2AvailabilityZone: ptr(c.zone),
			RequestedEc2SubnetIds: append([]string{}, in.Instances.Ec2SubnetIds...), RequestedEc2AvailabilityZones: []string{},
			IamInstanceProfile: in.JobFlowRole, EmrManagedMasterSecurityGroup: in.Instances.EmrManagedMasterSecurityGroup,
			EmrManagedSlaveSecurityGroup: in.Instances.EmrManagedSlaveSecurityGroup, ServiceAccessSecurityGroup: in.Instances.ServiceAccessSecurityGroup,
			AdditionalMasterSecurityGroups: append([]string{}, in.Instances.AdditionalMasterSecurityGroups...),
			AdditionalSlaveSecurityGroups:  append([]string{}, in.Instances.AdditionalSlaveSecurityGroups...),
		},
	}
	if in.LogUri != nil {
		out.LogUri = ptr(strings.Replace(*in.LogUri, "s3://", "s3n://", 1)) // as EMR rewrites it
	}
	if out.ScaleDownBehavior == nil {
		out.ScaleDownBehavior = ptr("TERMINATE_AT_TASK_COMPLETION")
	}
	for _, g := range c.parts() {
		if g.role == roleMaster && g.running > 0 {
			out.MasterPublicDnsName = ptr(g.nodes[0].publicName())
		}
	}
	return out
}

// applications are a cluster's, with the version that a release brings. The simulator knows none and says so.
func applications(in []shapes.Application) []shapes.Application {
	out := make([]shapes.Application, 0, len(in))
	for _, a := range in {
		if a.Version == nil {
			a.Version = ptr("simulated")
		}
		out = append(out, a)
	}
	return out
}

func (c *cluster) normalizedHours() int {
	hours := c.nodeHours
	for _, g := range c.parts() {
		for _, n := range g.nodes {
			if n.ec2 != "" {
				hours += g.hours(n)
			}
		}
	}
	return int(hours)
}

func (c *cluster) status() *shapes.ClusterStatus {
	out := &shapes.ClusterStatus{
		State: ptr(c.state), StateChangeReason: &shapes.ClusterStateChangeReason{Message: ptr(c.reasonText)},
		Timeline: &shapes.ClusterTimeline{CreationDateTime: shapes.At(c.created), ReadyDateTime: shapes.At(c.ready), EndDateTime: shapes.At(c.ended)},
	}
	if c.reasonCode != "" {
		out.StateChangeReason.Code = ptr(c.reasonCode)
	}
	if c.state == stateTerminatedErrors && c.reasonCode == "BOOTSTRAP_FAILURE" {
		out.ErrorDetails = []shapes.ErrorDetail{{ErrorCode: ptr("BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"), ErrorMessage: ptr(c.reasonText)}}
	}
	return out
}

// clusterPage is the page size of ListClusters.
const clusterPage = 50

// listClusters lists clusters, the newest first.
func (c *request) listClusters(in *shapes.ListClustersInput) (*shapes.ListClustersOutput, *APIError) {
	start, err := c.marker(in.Marker, "", len(c.r.order))
	if err != nil {
		return nil, err
	}
	out := &shapes.ListClustersOutput{Clusters: []shapes.ClusterSummary{}}
	for i := start - 1; i >= 0; i-- {
		x := c.r.order[i]
		switch {
		case len(in.ClusterStates) > 0 && !slices.Contains(in.ClusterStates, x.state),
			in.CreatedAfter != nil && !x.created.After(in.CreatedAfter.Time),
			in.CreatedBefore != nil && !x.created.Before(in.CreatedBefore.Time):
			continue
		}
		if len(out.Clusters) == clusterPage {
			out.Marker = c.mark("", i+1)
			break
		}
		out.Clusters = append(out.Clusters, shapes.ClusterSummary{
			Id: &x.id, Name: ptr(x.name), Status: x.status(), NormalizedInstanceHours: ptr(x.normalizedHours()), ClusterArn: &x.arn,
		})
	}
	return out, nil
}

// mark makes the Marker of a next page. Its form is the simulator's own; AWS's are opaque.
func (c *request) mark(scope string, position int) *string {
	return ptr(fmt.Sprintf("%s.%s.%d", c.op, scope, position))
}

// marker reads a Marker back; without one the page begins at first.
func (c *request) marker(m *string, scope string, first int) (int, *APIError) {
	if m == nil || *m == "" {
		c.again = ptr(*c.mark(scope, first) + secondTime)
		return first, nil
	}
	text, again := strings.CutSuffix(*m, secondTime)
	rest, ok := strings.CutPrefix(text, c.op+"."+scope+".")
	n, err := strconv.Atoi(rest)
	if !ok || err != nil || n < 0 || scope == "" && n > first {
		return 0, invalidRequest("", "Marker '%s' is not valid.", *m)
	}
	if !again {
		c.again = ptr(text + secondTime)
	}
	return n, nil
}

// secondTime ends the Marker of a page that comes a second time: see RepeatPages.
const secondTime = ".again"

// terminateJobFlows ends clusters. In a mixed list the unprotected ones end, and the protected ones make the call fail (API model).
func (c *request) terminateJobFlows(in *shapes.TerminateJobFlowsInput) *APIError {
	list, err := c.flows(in.JobFlowIds)
	if err != nil {
		return err
	}
	kept := false
	for _, x := range list {
		switch {
		case !x.live() || x.state == stateTerminating:
		case x.protected:
			kept = true
		default:
			c.log(x, nil, 0, x.name)
			x.terminate("USER_REQUEST", "Terminated by user request", stateTerminated)
		}
	}
	if kept {
		return validation("Could not shut down one or more job flows since they are termination protected.")
	}
	return nil
}

// flows finds every cluster of a list, or none.
func (c *request) flows(ids []string) ([]*cluster, *APIError) {
	if len(ids) == 0 {
		return nil, missing("jobFlowIds")
	}
	out := make([]*cluster, 0, len(ids))
	for _, id := range ids {
		x, err := c.jobFlow(&id)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (c *request) setTerminationProtection(in *shapes.SetTerminationProtectionInput) *APIError {
	if in.TerminationProtected == nil {
		return missing("terminationProtected")
	}
	return c.set(in.JobFlowIds, func(x *cluster) { x.protected = *in.TerminationProtected })
}

func (c *request) setKeepAlive(in *shapes.SetKeepJobFlowAliveWhenNoStepsInput) *APIError {
	if in.KeepJobFlowAliveWhenNoSteps == nil {
		return missing("keepJobFlowAliveWhenNoSteps")
	}
	return c.set(in.JobFlowIds, func(x *cluster) {
		x.keepAlive = *in.KeepJobFlowAliveWhenNoSteps
		x.runSteps()
	})
}

// set changes an attribute of living clusters.
func (c *request) set(ids []string, change func(*cluster)) *APIError {
	list, err := c.flows(ids)
	if err != nil {
		return err
	}
	for _, x := range list {
		if !x.live() || x.state == stateTerminating {
			return validation("A job flow that is shutting down, terminated, or finished may not be modified.")
		}
	}
	for _, x := range list {
		change(x)
		c.log(x, nil, 0, "")
	}
	return nil
}
