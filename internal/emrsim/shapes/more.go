package shapes

// DescribeJobFlowsInput is the API structure of that name.
type DescribeJobFlowsInput struct {
	CreatedAfter  *Time    `json:"CreatedAfter,omitzero"`
	CreatedBefore *Time    `json:"CreatedBefore,omitzero"`
	JobFlowIds    []string `json:"JobFlowIds,omitzero"`
	JobFlowStates []string `json:"JobFlowStates,omitzero"` // STARTING|BOOTSTRAPPING|RUNNING|WAITING|SHUTTING_DOWN|TERMINATED|COMPLETED|FAILED
}

// DescribeJobFlowsOutput is the API structure of that name.
type DescribeJobFlowsOutput struct {
	JobFlows []JobFlowDetail `json:"JobFlows,omitzero"`
}

// JobFlowDetail is the API structure of that name.
type JobFlowDetail struct {
	JobFlowId             *string                       `json:"JobFlowId,omitzero"` // required
	Name                  *string                       `json:"Name,omitzero"`      // required
	LogUri                *string                       `json:"LogUri,omitzero"`
	LogEncryptionKmsKeyId *string                       `json:"LogEncryptionKmsKeyId,omitzero"`
	AmiVersion            *string                       `json:"AmiVersion,omitzero"`
	ExecutionStatusDetail *JobFlowExecutionStatusDetail `json:"ExecutionStatusDetail,omitzero"` // required
	Instances             *JobFlowInstancesDetail       `json:"Instances,omitzero"`             // required
	Steps                 []StepDetail                  `json:"Steps,omitzero"`
	BootstrapActions      []BootstrapActionDetail       `json:"BootstrapActions,omitzero"`
	SupportedProducts     []string                      `json:"SupportedProducts,omitzero"`
	VisibleToAllUsers     *bool                         `json:"VisibleToAllUsers,omitzero"`
	JobFlowRole           *string                       `json:"JobFlowRole,omitzero"`
	ServiceRole           *string                       `json:"ServiceRole,omitzero"`
	AutoScalingRole       *string                       `json:"AutoScalingRole,omitzero"`
	ScaleDownBehavior     *string                       `json:"ScaleDownBehavior,omitzero"` // TERMINATE_AT_INSTANCE_HOUR|TERMINATE_AT_TASK_COMPLETION
}

// JobFlowExecutionStatusDetail is the API structure of that name.
type JobFlowExecutionStatusDetail struct {
	State                 *string `json:"State,omitzero"`            // required; STARTING|BOOTSTRAPPING|RUNNING|WAITING|SHUTTING_DOWN|TERMINATED|COMPLETED|FAILED
	CreationDateTime      *Time   `json:"CreationDateTime,omitzero"` // required
	StartDateTime         *Time   `json:"StartDateTime,omitzero"`
	ReadyDateTime         *Time   `json:"ReadyDateTime,omitzero"`
	EndDateTime           *Time   `json:"EndDateTime,omitzero"`
	LastStateChangeReason *string `json:"LastStateChangeReason,omitzero"`
}

// JobFlowInstancesDetail is the API structure of that name.
type JobFlowInstancesDetail struct {
	MasterInstanceType          *string               `json:"MasterInstanceType,omitzero"` // required
	MasterPublicDnsName         *string               `json:"MasterPublicDnsName,omitzero"`
	MasterInstanceId            *string               `json:"MasterInstanceId,omitzero"`
	SlaveInstanceType           *string               `json:"SlaveInstanceType,omitzero"` // required
	InstanceCount               *int                  `json:"InstanceCount,omitzero"`     // required
	InstanceGroups              []InstanceGroupDetail `json:"InstanceGroups,omitzero"`
	NormalizedInstanceHours     *int                  `json:"NormalizedInstanceHours,omitzero"`
	Ec2KeyName                  *string               `json:"Ec2KeyName,omitzero"`
	Ec2SubnetId                 *string               `json:"Ec2SubnetId,omitzero"`
	Placement                   *PlacementType        `json:"Placement,omitzero"`
	KeepJobFlowAliveWhenNoSteps *bool                 `json:"KeepJobFlowAliveWhenNoSteps,omitzero"`
	TerminationProtected        *bool                 `json:"TerminationProtected,omitzero"`
	UnhealthyNodeReplacement    *bool                 `json:"UnhealthyNodeReplacement,omitzero"`
	HadoopVersion               *string               `json:"HadoopVersion,omitzero"`
}

// StepDetail is the API structure of that name.
type StepDetail struct {
	StepConfig            *StepConfig                `json:"StepConfig,omitzero"`            // required
	ExecutionStatusDetail *StepExecutionStatusDetail `json:"ExecutionStatusDetail,omitzero"` // required
}

// BootstrapActionDetail is the API structure of that name.
type BootstrapActionDetail struct {
	BootstrapActionConfig *BootstrapActionConfig `json:"BootstrapActionConfig,omitzero"`
}

// InstanceGroupDetail is the API structure of that name.
type InstanceGroupDetail struct {
	InstanceGroupId       *string `json:"InstanceGroupId,omitzero"`
	Name                  *string `json:"Name,omitzero"`
	Market                *string `json:"Market,omitzero"`       // required; ON_DEMAND|SPOT
	InstanceRole          *string `json:"InstanceRole,omitzero"` // required; MASTER|CORE|TASK
	BidPrice              *string `json:"BidPrice,omitzero"`
	InstanceType          *string `json:"InstanceType,omitzero"`         // required
	InstanceRequestCount  *int    `json:"InstanceRequestCount,omitzero"` // required
	InstanceRunningCount  *int    `json:"InstanceRunningCount,omitzero"` // required
	State                 *string `json:"State,omitzero"`                // required; PROVISIONING|BOOTSTRAPPING|RUNNING|RECONFIGURING|RESIZING|SUSPENDED|TERMINATING|TERMINATED|ARRESTED|SHUTTING_DOWN|ENDED
	LastStateChangeReason *string `json:"LastStateChangeReason,omitzero"`
	CreationDateTime      *Time   `json:"CreationDateTime,omitzero"` // required
	StartDateTime         *Time   `json:"StartDateTime,omitzero"`
	ReadyDateTime         *Time   `json:"ReadyDateTime,omitzero"`
	EndDateTime           *Time   `json:"EndDateTime,omitzero"`
	CustomAmiId           *string `json:"CustomAmiId,omitzero"`
}

// StepExecutionStatusDetail is the API structure of that name.
type StepExecutionStatusDetail struct {
	State                 *string `json:"State,omitzero"`            // required; PENDING|RUNNING|CONTINUE|COMPLETED|CANCELLED|FAILED|INTERRUPTED
	CreationDateTime      *Time   `json:"CreationDateTime,omitzero"` // required
	StartDateTime         *Time   `json:"StartDateTime,omitzero"`
	EndDateTime           *Time   `json:"EndDateTime,omitzero"`
	LastStateChangeReason *string `json:"LastStateChangeReason,omitzero"`
}

// SetVisibleToAllUsersInput is the API structure of that name.
type SetVisibleToAllUsersInput struct {
	JobFlowIds        []string `json:"JobFlowIds,omitzero"`        // required
	VisibleToAllUsers *bool    `json:"VisibleToAllUsers,omitzero"` // required
}

// ModifyClusterInput is the API structure of that name.
type ModifyClusterInput struct {
	ClusterId            *string `json:"ClusterId,omitzero"` // required
	StepConcurrencyLevel *int    `json:"StepConcurrencyLevel,omitzero"`
	ExtendedSupport      *bool   `json:"ExtendedSupport,omitzero"`
}

// ModifyClusterOutput is the API structure of that name.
type ModifyClusterOutput struct {
	StepConcurrencyLevel *int  `json:"StepConcurrencyLevel,omitzero"`
	ExtendedSupport      *bool `json:"ExtendedSupport,omitzero"`
}

// CancelStepsInput is the API structure of that name.
type CancelStepsInput struct {
	ClusterId              *string  `json:"ClusterId,omitzero"`              // required
	StepIds                []string `json:"StepIds,omitzero"`                // required
	StepCancellationOption *string  `json:"StepCancellationOption,omitzero"` // SEND_INTERRUPT|TERMINATE_PROCESS
}

// CancelStepsOutput is the API structure of that name.
type CancelStepsOutput struct {
	CancelStepsInfoList []CancelStepsInfo `json:"CancelStepsInfoList,omitzero"`
}

// CancelStepsInfo is the API structure of that name.
type CancelStepsInfo struct {
	StepId *string `json:"StepId,omitzero"`
	Status *string `json:"Status,omitzero"` // SUBMITTED|FAILED
	Reason *string `json:"Reason,omitzero"`
}

// RemoveAutoTerminationPolicyInput is the API structure of that name.
type RemoveAutoTerminationPolicyInput struct {
	ClusterId *string `json:"ClusterId,omitzero"` // required
}

// RemoveAutoTerminationPolicyOutput is the API structure of that name.
type RemoveAutoTerminationPolicyOutput struct {
}

// CreateSecurityConfigurationInput is the API structure of that name.
type CreateSecurityConfigurationInput struct {
	Name                  *string `json:"Name,omitzero"`                  // required
	SecurityConfiguration *string `json:"SecurityConfiguration,omitzero"` // required
}

// CreateSecurityConfigurationOutput is the API structure of that name.
type CreateSecurityConfigurationOutput struct {
	Name             *string `json:"Name,omitzero"`             // required
	CreationDateTime *Time   `json:"CreationDateTime,omitzero"` // required
}

// DescribeSecurityConfigurationInput is the API structure of that name.
type DescribeSecurityConfigurationInput struct {
	Name *string `json:"Name,omitzero"` // required
}

// DescribeSecurityConfigurationOutput is the API structure of that name.
type DescribeSecurityConfigurationOutput struct {
	Name                  *string `json:"Name,omitzero"`
	SecurityConfiguration *string `json:"SecurityConfiguration,omitzero"`
	CreationDateTime      *Time   `json:"CreationDateTime,omitzero"`
}

// ListSecurityConfigurationsInput is the API structure of that name.
type ListSecurityConfigurationsInput struct {
	Marker *string `json:"Marker,omitzero"`
}

// ListSecurityConfigurationsOutput is the API structure of that name.
type ListSecurityConfigurationsOutput struct {
	SecurityConfigurations []SecurityConfigurationSummary `json:"SecurityConfigurations,omitzero"`
	Marker                 *string                        `json:"Marker,omitzero"`
}

// SecurityConfigurationSummary is the API structure of that name.
type SecurityConfigurationSummary struct {
	Name             *string `json:"Name,omitzero"`
	CreationDateTime *Time   `json:"CreationDateTime,omitzero"`
}

// DeleteSecurityConfigurationInput is the API structure of that name.
type DeleteSecurityConfigurationInput struct {
	Name *string `json:"Name,omitzero"` // required
}

// DeleteSecurityConfigurationOutput is the API structure of that name.
type DeleteSecurityConfigurationOutput struct {
}

// GetBlockPublicAccessConfigurationInput is the API structure of that name.
type GetBlockPublicAccessConfigurationInput struct {
}

// GetBlockPublicAccessConfigurationOutput is the API structure of that name.
type GetBlockPublicAccessConfigurationOutput struct {
	BlockPublicAccessConfiguration         *BlockPublicAccessConfiguration         `json:"BlockPublicAccessConfiguration,omitzero"`         // required
	BlockPublicAccessConfigurationMetadata *BlockPublicAccessConfigurationMetadata `json:"BlockPublicAccessConfigurationMetadata,omitzero"` // required
}

// BlockPublicAccessConfiguration is the API structure of that name.
type BlockPublicAccessConfiguration struct {
	BlockPublicSecurityGroupRules          *bool       `json:"BlockPublicSecurityGroupRules,omitzero"` // required
	PermittedPublicSecurityGroupRuleRanges []PortRange `json:"PermittedPublicSecurityGroupRuleRanges,omitzero"`
}

// BlockPublicAccessConfigurationMetadata is the API structure of that name.
type BlockPublicAccessConfigurationMetadata struct {
	CreationDateTime *Time   `json:"CreationDateTime,omitzero"` // required
	CreatedByArn     *string `json:"CreatedByArn,omitzero"`     // required
}

// PortRange is the API structure of that name.
type PortRange struct {
	MinRange *int `json:"MinRange,omitzero"` // required
	MaxRange *int `json:"MaxRange,omitzero"`
}

// PutBlockPublicAccessConfigurationInput is the API structure of that name.
type PutBlockPublicAccessConfigurationInput struct {
	BlockPublicAccessConfiguration *BlockPublicAccessConfiguration `json:"BlockPublicAccessConfiguration,omitzero"` // required
}

// PutBlockPublicAccessConfigurationOutput is the API structure of that name.
type PutBlockPublicAccessConfigurationOutput struct {
}

// ListReleaseLabelsInput is the API structure of that name.
type ListReleaseLabelsInput struct {
	Filters    *ReleaseLabelFilter `json:"Filters,omitzero"`
	NextToken  *string             `json:"NextToken,omitzero"`
	MaxResults *int                `json:"MaxResults,omitzero"`
}

// ReleaseLabelFilter is the API structure of that name.
type ReleaseLabelFilter struct {
	Prefix      *string `json:"Prefix,omitzero"`
	Application *string `json:"Application,omitzero"`
}

// ListReleaseLabelsOutput is the API structure of that name.
type ListReleaseLabelsOutput struct {
	ReleaseLabels []string `json:"ReleaseLabels,omitzero"`
	NextToken     *string  `json:"NextToken,omitzero"`
}

// DescribeReleaseLabelInput is the API structure of that name.
type DescribeReleaseLabelInput struct {
	ReleaseLabel *string `json:"ReleaseLabel,omitzero"`
	NextToken    *string `json:"NextToken,omitzero"`
	MaxResults   *int    `json:"MaxResults,omitzero"`
}

// DescribeReleaseLabelOutput is the API structure of that name.
type DescribeReleaseLabelOutput struct {
	ReleaseLabel        *string                 `json:"ReleaseLabel,omitzero"`
	Applications        []SimplifiedApplication `json:"Applications,omitzero"`
	NextToken           *string                 `json:"NextToken,omitzero"`
	AvailableOSReleases []OSRelease             `json:"AvailableOSReleases,omitzero"`
}

// SimplifiedApplication is the API structure of that name.
type SimplifiedApplication struct {
	Name    *string `json:"Name,omitzero"`
	Version *string `json:"Version,omitzero"`
}

// OSRelease is the API structure of that name.
type OSRelease struct {
	Label *string `json:"Label,omitzero"`
}

// ListSupportedInstanceTypesInput is the API structure of that name.
type ListSupportedInstanceTypesInput struct {
	ReleaseLabel *string `json:"ReleaseLabel,omitzero"` // required
	Marker       *string `json:"Marker,omitzero"`
}

// ListSupportedInstanceTypesOutput is the API structure of that name.
type ListSupportedInstanceTypesOutput struct {
	SupportedInstanceTypes []SupportedInstanceType `json:"SupportedInstanceTypes,omitzero"`
	Marker                 *string                 `json:"Marker,omitzero"`
}

// SupportedInstanceType is the API structure of that name.
type SupportedInstanceType struct {
	Type                  *string  `json:"Type,omitzero"`
	MemoryGB              *float64 `json:"MemoryGB,omitzero"`
	StorageGB             *int     `json:"StorageGB,omitzero"`
	VCPU                  *int     `json:"VCPU,omitzero"`
	Is64BitsOnly          *bool    `json:"Is64BitsOnly,omitzero"`
	InstanceFamilyId      *string  `json:"InstanceFamilyId,omitzero"`
	EbsOptimizedAvailable *bool    `json:"EbsOptimizedAvailable,omitzero"`
	EbsOptimizedByDefault *bool    `json:"EbsOptimizedByDefault,omitzero"`
	NumberOfDisks         *int     `json:"NumberOfDisks,omitzero"`
	EbsStorageOnly        *bool    `json:"EbsStorageOnly,omitzero"`
	Architecture          *string  `json:"Architecture,omitzero"`
}
