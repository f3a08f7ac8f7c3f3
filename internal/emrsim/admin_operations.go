package emrsim

// adminState is what a region holds beside its clusters. The zero value is that of a new account.
type adminState struct {
	security     []securityConfiguration // in the order of their making
	publicAccess *publicAccess           // nil: the default of a new account
}

// adminOperations are the operations beside clusters, groups and instances.
func adminOperations() []operation {
	return []operation{
		writeOp("AddJobFlowSteps", (*request).addJobFlowSteps),
		writeOp("CancelSteps", (*request).cancelSteps),
		readOp("DescribeStep", (*request).describeStep),
		readOp("ListSteps", (*request).listSteps),

		readOp("DescribeJobFlows", (*request).describeJobFlows),
		readOp("ListBootstrapActions", (*request).listBootstrapActions),
		writeOp("AddTags", (*request).addTags),
		writeOp("RemoveTags", (*request).removeTags),
		writeOp("ModifyCluster", (*request).modifyCluster),
		writeOnly("SetVisibleToAllUsers", (*request).setVisibleToAllUsers),
		writeOnly("SetUnhealthyNodeReplacement", (*request).setUnhealthyNodeReplacement),

		readOp("GetAutoTerminationPolicy", (*request).getAutoTerminationPolicy),
		writeOp("PutAutoTerminationPolicy", (*request).putAutoTerminationPolicy),
		writeOp("RemoveAutoTerminationPolicy", (*request).removeAutoTerminationPolicy),
		readOp("GetManagedScalingPolicy", (*request).getManagedScalingPolicy),
		writeOp("PutManagedScalingPolicy", (*request).putManagedScalingPolicy),
		writeOp("RemoveManagedScalingPolicy", (*request).removeManagedScalingPolicy),
		writeOp("PutAutoScalingPolicy", (*request).putAutoScalingPolicy),
		writeOp("RemoveAutoScalingPolicy", (*request).removeAutoScalingPolicy),

		readOp("ListInstanceFleets", (*request).listInstanceFleets),
		writeOp("AddInstanceFleet", (*request).addInstanceFleet),
		writeOnly("ModifyInstanceFleet", (*request).modifyInstanceFleet),

		writeOp("CreateSecurityConfiguration", (*request).createSecurityConfiguration),
		readOp("DescribeSecurityConfiguration", (*request).describeSecurityConfiguration),
		readOp("ListSecurityConfigurations", (*request).listSecurityConfigurations),
		writeOp("DeleteSecurityConfiguration", (*request).deleteSecurityConfiguration),
		readOp("GetBlockPublicAccessConfiguration", (*request).getBlockPublicAccess),
		writeOp("PutBlockPublicAccessConfiguration", (*request).putBlockPublicAccess),

		readOp("ListReleaseLabels", (*request).listReleaseLabels),
		readOp("DescribeReleaseLabel", (*request).describeReleaseLabel),
		readOp("ListSupportedInstanceTypes", (*request).listSupportedInstanceTypes),
	}
}
