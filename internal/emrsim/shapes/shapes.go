// Package shapes holds the request and response bodies of EMR's API 2009-03-31 as Go structs with the wire's own names.
//
// Optional members are pointers, slices or maps: nil means absent. Comments on members state what the API's model says of them:
// "required", and the values of enums. No AWS SDK is involved, so the simulator can't be right by sharing the client's mistakes.
package shapes

// DescribeClusterInput is the API structure of that name.
type DescribeClusterInput struct {
	ClusterId *string `json:"ClusterId,omitzero"` // required
}

// DescribeClusterOutput is the API structure of that name.
type DescribeClusterOutput struct {
	Cluster *Cluster `json:"Cluster,omitzero"`
}

// Cluster is the API structure of that name.
type Cluster struct {
	Id                       *string                  `json:"Id,omitzero"`
	Name                     *string                  `json:"Name,omitzero"`
	Status                   *ClusterStatus           `json:"Status,omitzero"`
	Ec2InstanceAttributes    *Ec2InstanceAttributes   `json:"Ec2InstanceAttributes,omitzero"`
	InstanceCollectionType   *string                  `json:"InstanceCollectionType,omitzero"` // INSTANCE_FLEET|INSTANCE_GROUP
	LogUri                   *string                  `json:"LogUri,omitzero"`
	LogEncryptionKmsKeyId    *string                  `json:"LogEncryptionKmsKeyId,omitzero"`
	RequestedAmiVersion      *string                  `json:"RequestedAmiVersion,omitzero"`
	RunningAmiVersion        *string                  `json:"RunningAmiVersion,omitzero"`
	ReleaseLabel             *string                  `json:"ReleaseLabel,omitzero"`
	AutoTerminate            *bool                    `json:"AutoTerminate,omitzero"`
	TerminationProtected     *bool                    `json:"TerminationProtected,omitzero"`
	UnhealthyNodeReplacement *bool                    `json:"UnhealthyNodeReplacement,omitzero"`
	VisibleToAllUsers        *bool                    `json:"VisibleToAllUsers,omitzero"`
	Applications             []Application            `json:"Applications,omitzero"`
	Tags                     []Tag                    `json:"Tags,omitzero"`
	ServiceRole              *string                  `json:"ServiceRole,omitzero"`
	NormalizedInstanceHours  *int                     `json:"NormalizedInstanceHours,omitzero"`
	MasterPublicDnsName      *string                  `json:"MasterPublicDnsName,omitzero"`
	Configurations           []Configuration          `json:"Configurations,omitzero"`
	SecurityConfiguration    *string                  `json:"SecurityConfiguration,omitzero"`
	AutoScalingRole          *string                  `json:"AutoScalingRole,omitzero"`
	ScaleDownBehavior        *string                  `json:"ScaleDownBehavior,omitzero"` // TERMINATE_AT_INSTANCE_HOUR|TERMINATE_AT_TASK_COMPLETION
	CustomAmiId              *string                  `json:"CustomAmiId,omitzero"`
	EbsRootVolumeSize        *int                     `json:"EbsRootVolumeSize,omitzero"`
	RepoUpgradeOnBoot        *string                  `json:"RepoUpgradeOnBoot,omitzero"` // SECURITY|NONE
	KerberosAttributes       *KerberosAttributes      `json:"KerberosAttributes,omitzero"`
	ClusterArn               *string                  `json:"ClusterArn,omitzero"`
	OutpostArn               *string                  `json:"OutpostArn,omitzero"`
	StepConcurrencyLevel     *int                     `json:"StepConcurrencyLevel,omitzero"`
	PlacementGroups          []PlacementGroupConfig   `json:"PlacementGroups,omitzero"`
	OSReleaseLabel           *string                  `json:"OSReleaseLabel,omitzero"`
	EbsRootVolumeIops        *int                     `json:"EbsRootVolumeIops,omitzero"`
	EbsRootVolumeThroughput  *int                     `json:"EbsRootVolumeThroughput,omitzero"`
	ExtendedSupport          *bool                    `json:"ExtendedSupport,omitzero"`
	MonitoringConfiguration  *MonitoringConfiguration `json:"MonitoringConfiguration,omitzero"`
	SessionEnabled           *bool                    `json:"SessionEnabled,omitzero"`
}

// ClusterStatus is the API structure of that name.
type ClusterStatus struct {
	State             *string                   `json:"State,omitzero"` // STARTING|BOOTSTRAPPING|RUNNING|WAITING|TERMINATING|TERMINATED|TERMINATED_WITH_ERRORS
	StateChangeReason *ClusterStateChangeReason `json:"StateChangeReason,omitzero"`
	Timeline          *ClusterTimeline          `json:"Timeline,omitzero"`
	ErrorDetails      []ErrorDetail             `json:"ErrorDetails,omitzero"`
}

// ClusterStateChangeReason is the API structure of that name.
type ClusterStateChangeReason struct {
	Code    *string `json:"Code,omitzero"` // INTERNAL_ERROR|VALIDATION_ERROR|INSTANCE_FAILURE|INSTANCE_FLEET_TIMEOUT|BOOTSTRAP_FAILURE|USER_REQUEST|STEP_FAILURE|ALL_STEPS_COMPLETED
	Message *string `json:"Message,omitzero"`
}

// ClusterTimeline is the API structure of that name.
type ClusterTimeline struct {
	CreationDateTime *Time `json:"CreationDateTime,omitzero"`
	ReadyDateTime    *Time `json:"ReadyDateTime,omitzero"`
	EndDateTime      *Time `json:"EndDateTime,omitzero"`
}

// ErrorDetail is the API structure of that name.
type ErrorDetail struct {
	ErrorCode    *string             `json:"ErrorCode,omitzero"`
	ErrorData    []map[string]string `json:"ErrorData,omitzero"`
	ErrorMessage *string             `json:"ErrorMessage,omitzero"`
}

// Ec2InstanceAttributes is the API structure of that name.
type Ec2InstanceAttributes struct {
	Ec2KeyName                     *string  `json:"Ec2KeyName,omitzero"`
	Ec2SubnetId                    *string  `json:"Ec2SubnetId,omitzero"`
	RequestedEc2SubnetIds          []string `json:"RequestedEc2SubnetIds,omitzero"`
	Ec2AvailabilityZone            *string  `json:"Ec2AvailabilityZone,omitzero"`
	RequestedEc2AvailabilityZones  []string `json:"RequestedEc2AvailabilityZones,omitzero"`
	IamInstanceProfile             *string  `json:"IamInstanceProfile,omitzero"`
	EmrManagedMasterSecurityGroup  *string  `json:"EmrManagedMasterSecurityGroup,omitzero"`
	EmrManagedSlaveSecurityGroup   *string  `json:"EmrManagedSlaveSecurityGroup,omitzero"`
	ServiceAccessSecurityGroup     *string  `json:"ServiceAccessSecurityGroup,omitzero"`
	AdditionalMasterSecurityGroups []string `json:"AdditionalMasterSecurityGroups,omitzero"`
	AdditionalSlaveSecurityGroups  []string `json:"AdditionalSlaveSecurityGroups,omitzero"`
}

// Application is the API structure of that name.
type Application struct {
	Name           *string           `json:"Name,omitzero"`
	Version        *string           `json:"Version,omitzero"`
	Args           []string          `json:"Args,omitzero"`
	AdditionalInfo map[string]string `json:"AdditionalInfo,omitzero"`
}

// Tag is the API structure of that name.
type Tag struct {
	Key   *string `json:"Key,omitzero"`
	Value *string `json:"Value,omitzero"`
}

// Configuration is the API structure of that name.
type Configuration struct {
	Classification *string           `json:"Classification,omitzero"`
	Configurations []Configuration   `json:"Configurations,omitzero"`
	Properties     map[string]string `json:"Properties,omitzero"`
}

// KerberosAttributes is the API structure of that name.
type KerberosAttributes struct {
	Realm                            *string `json:"Realm,omitzero"`            // required
	KdcAdminPassword                 *string `json:"KdcAdminPassword,omitzero"` // required
	CrossRealmTrustPrincipalPassword *string `json:"CrossRealmTrustPrincipalPassword,omitzero"`
	ADDomainJoinUser                 *string `json:"ADDomainJoinUser,omitzero"`
	ADDomainJoinPassword             *string `json:"ADDomainJoinPassword,omitzero"`
}

// PlacementGroupConfig is the API structure of that name.
type PlacementGroupConfig struct {
	InstanceRole      *string `json:"InstanceRole,omitzero"`      // required; MASTER|CORE|TASK
	PlacementStrategy *string `json:"PlacementStrategy,omitzero"` // SPREAD|PARTITION|CLUSTER|NONE
}

// MonitoringConfiguration is the API structure of that name.
type MonitoringConfiguration struct {
	CloudWatchLogConfiguration *CloudWatchLogConfiguration `json:"CloudWatchLogConfiguration,omitzero"`
	S3LoggingConfiguration     *S3LoggingConfiguration     `json:"S3LoggingConfiguration,omitzero"`
}

// CloudWatchLogConfiguration is the API structure of that name.
type CloudWatchLogConfiguration struct {
	Enabled             *bool               `json:"Enabled,omitzero"` // required
	LogGroupName        *string             `json:"LogGroupName,omitzero"`
	LogStreamNamePrefix *string             `json:"LogStreamNamePrefix,omitzero"`
	EncryptionKeyArn    *string             `json:"EncryptionKeyArn,omitzero"`
	LogTypes            map[string][]string `json:"LogTypes,omitzero"`
}

// S3LoggingConfiguration is the API structure of that name.
type S3LoggingConfiguration struct {
	LogTypeUploadPolicy map[string]string `json:"LogTypeUploadPolicy,omitzero"` // system-logs|application-logs|persistent-ui-logs
}

// ListClustersInput is the API structure of that name.
type ListClustersInput struct {
	CreatedAfter  *Time    `json:"CreatedAfter,omitzero"`
	CreatedBefore *Time    `json:"CreatedBefore,omitzero"`
	ClusterStates []string `json:"ClusterStates,omitzero"` // STARTING|BOOTSTRAPPING|RUNNING|WAITING|TERMINATING|TERMINATED|TERMINATED_WITH_ERRORS
	Marker        *string  `json:"Marker,omitzero"`
}

// ListClustersOutput is the API structure of that name.
type ListClustersOutput struct {
	Clusters []ClusterSummary `json:"Clusters,omitzero"`
	Marker   *string          `json:"Marker,omitzero"`
}

// ClusterSummary is the API structure of that name.
type ClusterSummary struct {
	Id                      *string        `json:"Id,omitzero"`
	Name                    *string        `json:"Name,omitzero"`
	Status                  *ClusterStatus `json:"Status,omitzero"`
	NormalizedInstanceHours *int           `json:"NormalizedInstanceHours,omitzero"`
	ClusterArn              *string        `json:"ClusterArn,omitzero"`
	OutpostArn              *string        `json:"OutpostArn,omitzero"`
}

// ListInstanceGroupsInput is the API structure of that name.
type ListInstanceGroupsInput struct {
	ClusterId *string `json:"ClusterId,omitzero"` // required
	Marker    *string `json:"Marker,omitzero"`
}

// ListInstanceGroupsOutput is the API structure of that name.
type ListInstanceGroupsOutput struct {
	InstanceGroups []InstanceGroup `json:"InstanceGroups,omitzero"`
	Marker         *string         `json:"Marker,omitzero"`
}

// InstanceGroup is the API structure of that name.
type InstanceGroup struct {
	Id                                           *string                       `json:"Id,omitzero"`
	Name                                         *string                       `json:"Name,omitzero"`
	Market                                       *string                       `json:"Market,omitzero"`            // ON_DEMAND|SPOT
	InstanceGroupType                            *string                       `json:"InstanceGroupType,omitzero"` // MASTER|CORE|TASK
	BidPrice                                     *string                       `json:"BidPrice,omitzero"`
	InstanceType                                 *string                       `json:"InstanceType,omitzero"`
	RequestedInstanceCount                       *int                          `json:"RequestedInstanceCount,omitzero"`
	RunningInstanceCount                         *int                          `json:"RunningInstanceCount,omitzero"`
	Status                                       *InstanceGroupStatus          `json:"Status,omitzero"`
	Configurations                               []Configuration               `json:"Configurations,omitzero"`
	ConfigurationsVersion                        *int64                        `json:"ConfigurationsVersion,omitzero"`
	LastSuccessfullyAppliedConfigurations        []Configuration               `json:"LastSuccessfullyAppliedConfigurations,omitzero"`
	LastSuccessfullyAppliedConfigurationsVersion *int64                        `json:"LastSuccessfullyAppliedConfigurationsVersion,omitzero"`
	EbsBlockDevices                              []EbsBlockDevice              `json:"EbsBlockDevices,omitzero"`
	EbsOptimized                                 *bool                         `json:"EbsOptimized,omitzero"`
	ShrinkPolicy                                 *ShrinkPolicy                 `json:"ShrinkPolicy,omitzero"`
	AutoScalingPolicy                            *AutoScalingPolicyDescription `json:"AutoScalingPolicy,omitzero"`
	CustomAmiId                                  *string                       `json:"CustomAmiId,omitzero"`
}

// InstanceGroupStatus is the API structure of that name.
type InstanceGroupStatus struct {
	State             *string                         `json:"State,omitzero"` // PROVISIONING|BOOTSTRAPPING|RUNNING|RECONFIGURING|RESIZING|SUSPENDED|TERMINATING|TERMINATED|ARRESTED|SHUTTING_DOWN|ENDED
	StateChangeReason *InstanceGroupStateChangeReason `json:"StateChangeReason,omitzero"`
	Timeline          *InstanceGroupTimeline          `json:"Timeline,omitzero"`
}

// InstanceGroupStateChangeReason is the API structure of that name.
type InstanceGroupStateChangeReason struct {
	Code    *string `json:"Code,omitzero"` // INTERNAL_ERROR|VALIDATION_ERROR|INSTANCE_FAILURE|CLUSTER_TERMINATED
	Message *string `json:"Message,omitzero"`
}

// InstanceGroupTimeline is the API structure of that name.
type InstanceGroupTimeline struct {
	CreationDateTime *Time `json:"CreationDateTime,omitzero"`
	ReadyDateTime    *Time `json:"ReadyDateTime,omitzero"`
	EndDateTime      *Time `json:"EndDateTime,omitzero"`
}

// EbsBlockDevice is the API structure of that name.
type EbsBlockDevice struct {
	VolumeSpecification *VolumeSpecification `json:"VolumeSpecification,omitzero"`
	Device              *string              `json:"Device,omitzero"`
}

// VolumeSpecification is the API structure of that name.
type VolumeSpecification struct {
	VolumeType *string `json:"VolumeType,omitzero"` // required
	Iops       *int    `json:"Iops,omitzero"`
	SizeInGB   *int    `json:"SizeInGB,omitzero"` // required
	Throughput *int    `json:"Throughput,omitzero"`
}

// ShrinkPolicy is the API structure of that name.
type ShrinkPolicy struct {
	DecommissionTimeout  *int                  `json:"DecommissionTimeout,omitzero"`
	InstanceResizePolicy *InstanceResizePolicy `json:"InstanceResizePolicy,omitzero"`
}

// InstanceResizePolicy is the API structure of that name.
type InstanceResizePolicy struct {
	InstancesToTerminate       []string `json:"InstancesToTerminate,omitzero"`
	InstancesToProtect         []string `json:"InstancesToProtect,omitzero"`
	InstanceTerminationTimeout *int     `json:"InstanceTerminationTimeout,omitzero"`
}

// AutoScalingPolicyDescription is the API structure of that name.
type AutoScalingPolicyDescription struct {
	Status      *AutoScalingPolicyStatus `json:"Status,omitzero"`
	Constraints *ScalingConstraints      `json:"Constraints,omitzero"`
	Rules       []ScalingRule            `json:"Rules,omitzero"`
}

// AutoScalingPolicyStatus is the API structure of that name.
type AutoScalingPolicyStatus struct {
	State             *string                             `json:"State,omitzero"` // PENDING|ATTACHING|ATTACHED|DETACHING|DETACHED|FAILED
	StateChangeReason *AutoScalingPolicyStateChangeReason `json:"StateChangeReason,omitzero"`
}

// AutoScalingPolicyStateChangeReason is the API structure of that name.
type AutoScalingPolicyStateChangeReason struct {
	Code    *string `json:"Code,omitzero"` // USER_REQUEST|PROVISION_FAILURE|CLEANUP_FAILURE
	Message *string `json:"Message,omitzero"`
}

// ScalingConstraints is the API structure of that name.
type ScalingConstraints struct {
	MinCapacity *int `json:"MinCapacity,omitzero"` // required
	MaxCapacity *int `json:"MaxCapacity,omitzero"` // required
}

// ScalingRule is the API structure of that name.
type ScalingRule struct {
	Name        *string         `json:"Name,omitzero"` // required
	Description *string         `json:"Description,omitzero"`
	Action      *ScalingAction  `json:"Action,omitzero"`  // required
	Trigger     *ScalingTrigger `json:"Trigger,omitzero"` // required
}

// ScalingAction is the API structure of that name.
type ScalingAction struct {
	Market                           *string                           `json:"Market,omitzero"`                           // ON_DEMAND|SPOT
	SimpleScalingPolicyConfiguration *SimpleScalingPolicyConfiguration `json:"SimpleScalingPolicyConfiguration,omitzero"` // required
}

// SimpleScalingPolicyConfiguration is the API structure of that name.
type SimpleScalingPolicyConfiguration struct {
	AdjustmentType    *string `json:"AdjustmentType,omitzero"`    // CHANGE_IN_CAPACITY|PERCENT_CHANGE_IN_CAPACITY|EXACT_CAPACITY
	ScalingAdjustment *int    `json:"ScalingAdjustment,omitzero"` // required
	CoolDown          *int    `json:"CoolDown,omitzero"`
}

// ScalingTrigger is the API structure of that name.
type ScalingTrigger struct {
	CloudWatchAlarmDefinition *CloudWatchAlarmDefinition `json:"CloudWatchAlarmDefinition,omitzero"` // required
}

// CloudWatchAlarmDefinition is the API structure of that name.
type CloudWatchAlarmDefinition struct {
	ComparisonOperator *string           `json:"ComparisonOperator,omitzero"` // required; GREATER_THAN_OR_EQUAL|GREATER_THAN|LESS_THAN|LESS_THAN_OR_EQUAL
	EvaluationPeriods  *int              `json:"EvaluationPeriods,omitzero"`
	MetricName         *string           `json:"MetricName,omitzero"` // required
	Namespace          *string           `json:"Namespace,omitzero"`
	Period             *int              `json:"Period,omitzero"`    // required
	Statistic          *string           `json:"Statistic,omitzero"` // SAMPLE_COUNT|AVERAGE|SUM|MINIMUM|MAXIMUM
	Threshold          *float64          `json:"Threshold,omitzero"` // required
	Unit               *string           `json:"Unit,omitzero"`      // NONE|SECONDS|MICRO_SECONDS|MILLI_SECONDS|BYTES|KILO_BYTES|MEGA_BYTES|GIGA_BYTES|TERA_BYTES|BITS|KILO_BITS|MEGA_BITS|GIGA_BITS|TERA_BITS|PERCENT|COUNT|BYTES_PER_SECOND|KILO_BYTES_PER_SECOND|MEGA_BYTES_PER_SECOND|GIGA_BYTES_PER_SECOND|TERA_BYTES_PER_SECOND|BITS_PER_SECOND|KILO_BITS_PER_SECOND|MEGA_BITS_PER_SECOND|GIGA_BITS_PER_SECOND|TERA_BITS_PER_SECOND|COUNT_PER_SECOND
	Dimensions         []MetricDimension `json:"Dimensions,omitzero"`
}

// MetricDimension is the API structure of that name.
type MetricDimension struct {
	Key   *string `json:"Key,omitzero"`
	Value *string `json:"Value,omitzero"`
}

// ListInstancesInput is the API structure of that name.
type ListInstancesInput struct {
	ClusterId          *string  `json:"ClusterId,omitzero"` // required
	InstanceGroupId    *string  `json:"InstanceGroupId,omitzero"`
	InstanceGroupTypes []string `json:"InstanceGroupTypes,omitzero"` // MASTER|CORE|TASK
	InstanceFleetId    *string  `json:"InstanceFleetId,omitzero"`
	InstanceFleetType  *string  `json:"InstanceFleetType,omitzero"` // MASTER|CORE|TASK
	InstanceStates     []string `json:"InstanceStates,omitzero"`    // AWAITING_FULFILLMENT|PROVISIONING|BOOTSTRAPPING|RUNNING|TERMINATED
	Marker             *string  `json:"Marker,omitzero"`
}

// ListInstancesOutput is the API structure of that name.
type ListInstancesOutput struct {
	Instances []Instance `json:"Instances,omitzero"`
	Marker    *string    `json:"Marker,omitzero"`
}

// Instance is the API structure of that name.
type Instance struct {
	Id               *string         `json:"Id,omitzero"`
	Ec2InstanceId    *string         `json:"Ec2InstanceId,omitzero"`
	PublicDnsName    *string         `json:"PublicDnsName,omitzero"`
	PublicIpAddress  *string         `json:"PublicIpAddress,omitzero"`
	PrivateDnsName   *string         `json:"PrivateDnsName,omitzero"`
	PrivateIpAddress *string         `json:"PrivateIpAddress,omitzero"`
	Status           *InstanceStatus `json:"Status,omitzero"`
	InstanceGroupId  *string         `json:"InstanceGroupId,omitzero"`
	InstanceFleetId  *string         `json:"InstanceFleetId,omitzero"`
	Market           *string         `json:"Market,omitzero"` // ON_DEMAND|SPOT
	InstanceType     *string         `json:"InstanceType,omitzero"`
	EbsVolumes       []EbsVolume     `json:"EbsVolumes,omitzero"`
}

// InstanceStatus is the API structure of that name.
type InstanceStatus struct {
	State             *string                    `json:"State,omitzero"` // AWAITING_FULFILLMENT|PROVISIONING|BOOTSTRAPPING|RUNNING|TERMINATED
	StateChangeReason *InstanceStateChangeReason `json:"StateChangeReason,omitzero"`
	Timeline          *InstanceTimeline          `json:"Timeline,omitzero"`
}

// InstanceStateChangeReason is the API structure of that name.
type InstanceStateChangeReason struct {
	Code    *string `json:"Code,omitzero"` // INTERNAL_ERROR|VALIDATION_ERROR|INSTANCE_FAILURE|BOOTSTRAP_FAILURE|CLUSTER_TERMINATED
	Message *string `json:"Message,omitzero"`
}

// InstanceTimeline is the API structure of that name.
type InstanceTimeline struct {
	CreationDateTime *Time `json:"CreationDateTime,omitzero"`
	ReadyDateTime    *Time `json:"ReadyDateTime,omitzero"`
	EndDateTime      *Time `json:"EndDateTime,omitzero"`
}

// EbsVolume is the API structure of that name.
type EbsVolume struct {
	Device   *string `json:"Device,omitzero"`
	VolumeId *string `json:"VolumeId,omitzero"`
}

// ListInstanceFleetsInput is the API structure of that name.
type ListInstanceFleetsInput struct {
	ClusterId *string `json:"ClusterId,omitzero"` // required
	Marker    *string `json:"Marker,omitzero"`
}

// ListInstanceFleetsOutput is the API structure of that name.
type ListInstanceFleetsOutput struct {
	InstanceFleets []InstanceFleet `json:"InstanceFleets,omitzero"`
	Marker         *string         `json:"Marker,omitzero"`
}

// InstanceFleet is the API structure of that name.
type InstanceFleet struct {
	Id                          *string                                  `json:"Id,omitzero"`
	Name                        *string                                  `json:"Name,omitzero"`
	Status                      *InstanceFleetStatus                     `json:"Status,omitzero"`
	InstanceFleetType           *string                                  `json:"InstanceFleetType,omitzero"` // MASTER|CORE|TASK
	TargetOnDemandCapacity      *int                                     `json:"TargetOnDemandCapacity,omitzero"`
	TargetSpotCapacity          *int                                     `json:"TargetSpotCapacity,omitzero"`
	ProvisionedOnDemandCapacity *int                                     `json:"ProvisionedOnDemandCapacity,omitzero"`
	ProvisionedSpotCapacity     *int                                     `json:"ProvisionedSpotCapacity,omitzero"`
	InstanceTypeSpecifications  []InstanceTypeSpecification              `json:"InstanceTypeSpecifications,omitzero"`
	LaunchSpecifications        *InstanceFleetProvisioningSpecifications `json:"LaunchSpecifications,omitzero"`
	ResizeSpecifications        *InstanceFleetResizingSpecifications     `json:"ResizeSpecifications,omitzero"`
	Context                     *string                                  `json:"Context,omitzero"`
}

// InstanceFleetStatus is the API structure of that name.
type InstanceFleetStatus struct {
	State             *string                         `json:"State,omitzero"` // PROVISIONING|BOOTSTRAPPING|RUNNING|RESIZING|RECONFIGURING|SUSPENDED|TERMINATING|TERMINATED
	StateChangeReason *InstanceFleetStateChangeReason `json:"StateChangeReason,omitzero"`
	Timeline          *InstanceFleetTimeline          `json:"Timeline,omitzero"`
}

// InstanceFleetStateChangeReason is the API structure of that name.
type InstanceFleetStateChangeReason struct {
	Code    *string `json:"Code,omitzero"` // INTERNAL_ERROR|VALIDATION_ERROR|INSTANCE_FAILURE|CLUSTER_TERMINATED
	Message *string `json:"Message,omitzero"`
}

// InstanceFleetTimeline is the API structure of that name.
type InstanceFleetTimeline struct {
	CreationDateTime *Time `json:"CreationDateTime,omitzero"`
	ReadyDateTime    *Time `json:"ReadyDateTime,omitzero"`
	EndDateTime      *Time `json:"EndDateTime,omitzero"`
}

// InstanceTypeSpecification is the API structure of that name.
type InstanceTypeSpecification struct {
	InstanceType                        *string          `json:"InstanceType,omitzero"`
	WeightedCapacity                    *int             `json:"WeightedCapacity,omitzero"`
	BidPrice                            *string          `json:"BidPrice,omitzero"`
	BidPriceAsPercentageOfOnDemandPrice *float64         `json:"BidPriceAsPercentageOfOnDemandPrice,omitzero"`
	Configurations                      []Configuration  `json:"Configurations,omitzero"`
	EbsBlockDevices                     []EbsBlockDevice `json:"EbsBlockDevices,omitzero"`
	EbsOptimized                        *bool            `json:"EbsOptimized,omitzero"`
	CustomAmiId                         *string          `json:"CustomAmiId,omitzero"`
	Priority                            *float64         `json:"Priority,omitzero"`
}

// InstanceFleetProvisioningSpecifications is the API structure of that name.
type InstanceFleetProvisioningSpecifications struct {
	SpotSpecification     *SpotProvisioningSpecification     `json:"SpotSpecification,omitzero"`
	OnDemandSpecification *OnDemandProvisioningSpecification `json:"OnDemandSpecification,omitzero"`
}

// SpotProvisioningSpecification is the API structure of that name.
type SpotProvisioningSpecification struct {
	TimeoutDurationMinutes *int    `json:"TimeoutDurationMinutes,omitzero"` // required
	TimeoutAction          *string `json:"TimeoutAction,omitzero"`          // required; SWITCH_TO_ON_DEMAND|TERMINATE_CLUSTER
	BlockDurationMinutes   *int    `json:"BlockDurationMinutes,omitzero"`
	AllocationStrategy     *string `json:"AllocationStrategy,omitzero"` // capacity-optimized|price-capacity-optimized|lowest-price|diversified|capacity-optimized-prioritized
}

// OnDemandProvisioningSpecification is the API structure of that name.
type OnDemandProvisioningSpecification struct {
	AllocationStrategy         *string                             `json:"AllocationStrategy,omitzero"` // required; lowest-price|prioritized
	CapacityReservationOptions *OnDemandCapacityReservationOptions `json:"CapacityReservationOptions,omitzero"`
}

// OnDemandCapacityReservationOptions is the API structure of that name.
type OnDemandCapacityReservationOptions struct {
	UsageStrategy                       *string `json:"UsageStrategy,omitzero"`                 // use-capacity-reservations-first
	CapacityReservationPreference       *string `json:"CapacityReservationPreference,omitzero"` // open|none
	CapacityReservationResourceGroupArn *string `json:"CapacityReservationResourceGroupArn,omitzero"`
}

// InstanceFleetResizingSpecifications is the API structure of that name.
type InstanceFleetResizingSpecifications struct {
	SpotResizeSpecification     *SpotResizingSpecification     `json:"SpotResizeSpecification,omitzero"`
	OnDemandResizeSpecification *OnDemandResizingSpecification `json:"OnDemandResizeSpecification,omitzero"`
}

// SpotResizingSpecification is the API structure of that name.
type SpotResizingSpecification struct {
	TimeoutDurationMinutes *int    `json:"TimeoutDurationMinutes,omitzero"`
	AllocationStrategy     *string `json:"AllocationStrategy,omitzero"` // capacity-optimized|price-capacity-optimized|lowest-price|diversified|capacity-optimized-prioritized
}

// OnDemandResizingSpecification is the API structure of that name.
type OnDemandResizingSpecification struct {
	TimeoutDurationMinutes     *int                                `json:"TimeoutDurationMinutes,omitzero"`
	AllocationStrategy         *string                             `json:"AllocationStrategy,omitzero"` // lowest-price|prioritized
	CapacityReservationOptions *OnDemandCapacityReservationOptions `json:"CapacityReservationOptions,omitzero"`
}

// ListBootstrapActionsInput is the API structure of that name.
type ListBootstrapActionsInput struct {
	ClusterId *string `json:"ClusterId,omitzero"` // required
	Marker    *string `json:"Marker,omitzero"`
}

// ListBootstrapActionsOutput is the API structure of that name.
type ListBootstrapActionsOutput struct {
	BootstrapActions []Command `json:"BootstrapActions,omitzero"`
	Marker           *string   `json:"Marker,omitzero"`
}

// Command is the API structure of that name.
type Command struct {
	Name       *string  `json:"Name,omitzero"`
	ScriptPath *string  `json:"ScriptPath,omitzero"`
	Args       []string `json:"Args,omitzero"`
}

// ListStepsInput is the API structure of that name.
type ListStepsInput struct {
	ClusterId  *string  `json:"ClusterId,omitzero"`  // required
	StepStates []string `json:"StepStates,omitzero"` // PENDING|CANCEL_PENDING|RUNNING|COMPLETED|CANCELLED|FAILED|INTERRUPTED
	StepIds    []string `json:"StepIds,omitzero"`
	Marker     *string  `json:"Marker,omitzero"`
}

// ListStepsOutput is the API structure of that name.
type ListStepsOutput struct {
	Steps  []StepSummary `json:"Steps,omitzero"`
	Marker *string       `json:"Marker,omitzero"`
}

// StepSummary is the API structure of that name.
type StepSummary struct {
	Id               *string           `json:"Id,omitzero"`
	Name             *string           `json:"Name,omitzero"`
	Config           *HadoopStepConfig `json:"Config,omitzero"`
	ActionOnFailure  *string           `json:"ActionOnFailure,omitzero"` // TERMINATE_JOB_FLOW|TERMINATE_CLUSTER|CANCEL_AND_WAIT|CONTINUE
	Status           *StepStatus       `json:"Status,omitzero"`
	LogUri           *string           `json:"LogUri,omitzero"`
	EncryptionKeyArn *string           `json:"EncryptionKeyArn,omitzero"`
}

// HadoopStepConfig is the API structure of that name.
type HadoopStepConfig struct {
	Jar        *string           `json:"Jar,omitzero"`
	Properties map[string]string `json:"Properties,omitzero"`
	MainClass  *string           `json:"MainClass,omitzero"`
	Args       []string          `json:"Args,omitzero"`
}

// StepStatus is the API structure of that name.
type StepStatus struct {
	State             *string                `json:"State,omitzero"` // PENDING|CANCEL_PENDING|RUNNING|COMPLETED|CANCELLED|FAILED|INTERRUPTED
	StateChangeReason *StepStateChangeReason `json:"StateChangeReason,omitzero"`
	FailureDetails    *FailureDetails        `json:"FailureDetails,omitzero"`
	Timeline          *StepTimeline          `json:"Timeline,omitzero"`
}

// StepStateChangeReason is the API structure of that name.
type StepStateChangeReason struct {
	Code    *string `json:"Code,omitzero"` // NONE
	Message *string `json:"Message,omitzero"`
}

// FailureDetails is the API structure of that name.
type FailureDetails struct {
	Reason  *string `json:"Reason,omitzero"`
	Message *string `json:"Message,omitzero"`
	LogFile *string `json:"LogFile,omitzero"`
}

// StepTimeline is the API structure of that name.
type StepTimeline struct {
	CreationDateTime *Time `json:"CreationDateTime,omitzero"`
	StartDateTime    *Time `json:"StartDateTime,omitzero"`
	EndDateTime      *Time `json:"EndDateTime,omitzero"`
}

// AddInstanceGroupsInput is the API structure of that name.
type AddInstanceGroupsInput struct {
	InstanceGroups []InstanceGroupConfig `json:"InstanceGroups,omitzero"` // required
	JobFlowId      *string               `json:"JobFlowId,omitzero"`      // required
}

// InstanceGroupConfig is the API structure of that name.
type InstanceGroupConfig struct {
	Name              *string            `json:"Name,omitzero"`
	Market            *string            `json:"Market,omitzero"`       // ON_DEMAND|SPOT
	InstanceRole      *string            `json:"InstanceRole,omitzero"` // required; MASTER|CORE|TASK
	BidPrice          *string            `json:"BidPrice,omitzero"`
	InstanceType      *string            `json:"InstanceType,omitzero"`  // required
	InstanceCount     *int               `json:"InstanceCount,omitzero"` // required
	Configurations    []Configuration    `json:"Configurations,omitzero"`
	EbsConfiguration  *EbsConfiguration  `json:"EbsConfiguration,omitzero"`
	AutoScalingPolicy *AutoScalingPolicy `json:"AutoScalingPolicy,omitzero"`
	CustomAmiId       *string            `json:"CustomAmiId,omitzero"`
}

// EbsConfiguration is the API structure of that name.
type EbsConfiguration struct {
	EbsBlockDeviceConfigs []EbsBlockDeviceConfig `json:"EbsBlockDeviceConfigs,omitzero"`
	EbsOptimized          *bool                  `json:"EbsOptimized,omitzero"`
}

// EbsBlockDeviceConfig is the API structure of that name.
type EbsBlockDeviceConfig struct {
	VolumeSpecification *VolumeSpecification `json:"VolumeSpecification,omitzero"` // required
	VolumesPerInstance  *int                 `json:"VolumesPerInstance,omitzero"`
}

// AutoScalingPolicy is the API structure of that name.
type AutoScalingPolicy struct {
	Constraints *ScalingConstraints `json:"Constraints,omitzero"` // required
	Rules       []ScalingRule       `json:"Rules,omitzero"`       // required
}

// AddInstanceGroupsOutput is the API structure of that name.
type AddInstanceGroupsOutput struct {
	JobFlowId        *string  `json:"JobFlowId,omitzero"`
	InstanceGroupIds []string `json:"InstanceGroupIds,omitzero"`
	ClusterArn       *string  `json:"ClusterArn,omitzero"`
}

// ModifyInstanceGroupsInput is the API structure of that name.
type ModifyInstanceGroupsInput struct {
	ClusterId      *string                     `json:"ClusterId,omitzero"`
	InstanceGroups []InstanceGroupModifyConfig `json:"InstanceGroups,omitzero"`
}

// InstanceGroupModifyConfig is the API structure of that name.
type InstanceGroupModifyConfig struct {
	InstanceGroupId           *string         `json:"InstanceGroupId,omitzero"` // required
	InstanceCount             *int            `json:"InstanceCount,omitzero"`
	EC2InstanceIdsToTerminate []string        `json:"EC2InstanceIdsToTerminate,omitzero"`
	ShrinkPolicy              *ShrinkPolicy   `json:"ShrinkPolicy,omitzero"`
	ReconfigurationType       *string         `json:"ReconfigurationType,omitzero"` // OVERWRITE|MERGE
	Configurations            []Configuration `json:"Configurations,omitzero"`
}

// AddInstanceFleetInput is the API structure of that name.
type AddInstanceFleetInput struct {
	ClusterId     *string              `json:"ClusterId,omitzero"`     // required
	InstanceFleet *InstanceFleetConfig `json:"InstanceFleet,omitzero"` // required
}

// InstanceFleetConfig is the API structure of that name.
type InstanceFleetConfig struct {
	Name                   *string                                  `json:"Name,omitzero"`
	InstanceFleetType      *string                                  `json:"InstanceFleetType,omitzero"` // required; MASTER|CORE|TASK
	TargetOnDemandCapacity *int                                     `json:"TargetOnDemandCapacity,omitzero"`
	TargetSpotCapacity     *int                                     `json:"TargetSpotCapacity,omitzero"`
	InstanceTypeConfigs    []InstanceTypeConfig                     `json:"InstanceTypeConfigs,omitzero"`
	LaunchSpecifications   *InstanceFleetProvisioningSpecifications `json:"LaunchSpecifications,omitzero"`
	ResizeSpecifications   *InstanceFleetResizingSpecifications     `json:"ResizeSpecifications,omitzero"`
	Context                *string                                  `json:"Context,omitzero"`
}

// InstanceTypeConfig is the API structure of that name.
type InstanceTypeConfig struct {
	InstanceType                        *string           `json:"InstanceType,omitzero"` // required
	WeightedCapacity                    *int              `json:"WeightedCapacity,omitzero"`
	BidPrice                            *string           `json:"BidPrice,omitzero"`
	BidPriceAsPercentageOfOnDemandPrice *float64          `json:"BidPriceAsPercentageOfOnDemandPrice,omitzero"`
	EbsConfiguration                    *EbsConfiguration `json:"EbsConfiguration,omitzero"`
	Configurations                      []Configuration   `json:"Configurations,omitzero"`
	CustomAmiId                         *string           `json:"CustomAmiId,omitzero"`
	Priority                            *float64          `json:"Priority,omitzero"`
}

// AddInstanceFleetOutput is the API structure of that name.
type AddInstanceFleetOutput struct {
	ClusterId       *string `json:"ClusterId,omitzero"`
	InstanceFleetId *string `json:"InstanceFleetId,omitzero"`
	ClusterArn      *string `json:"ClusterArn,omitzero"`
}

// ModifyInstanceFleetInput is the API structure of that name.
type ModifyInstanceFleetInput struct {
	ClusterId     *string                    `json:"ClusterId,omitzero"`     // required
	InstanceFleet *InstanceFleetModifyConfig `json:"InstanceFleet,omitzero"` // required
}

// InstanceFleetModifyConfig is the API structure of that name.
type InstanceFleetModifyConfig struct {
	InstanceFleetId        *string                              `json:"InstanceFleetId,omitzero"` // required
	TargetOnDemandCapacity *int                                 `json:"TargetOnDemandCapacity,omitzero"`
	TargetSpotCapacity     *int                                 `json:"TargetSpotCapacity,omitzero"`
	ResizeSpecifications   *InstanceFleetResizingSpecifications `json:"ResizeSpecifications,omitzero"`
	InstanceTypeConfigs    []InstanceTypeConfig                 `json:"InstanceTypeConfigs,omitzero"`
	Context                *string                              `json:"Context,omitzero"`
}

// PutAutoScalingPolicyInput is the API structure of that name.
type PutAutoScalingPolicyInput struct {
	ClusterId         *string            `json:"ClusterId,omitzero"`         // required
	InstanceGroupId   *string            `json:"InstanceGroupId,omitzero"`   // required
	AutoScalingPolicy *AutoScalingPolicy `json:"AutoScalingPolicy,omitzero"` // required
}

// PutAutoScalingPolicyOutput is the API structure of that name.
type PutAutoScalingPolicyOutput struct {
	ClusterId         *string                       `json:"ClusterId,omitzero"`
	InstanceGroupId   *string                       `json:"InstanceGroupId,omitzero"`
	AutoScalingPolicy *AutoScalingPolicyDescription `json:"AutoScalingPolicy,omitzero"`
	ClusterArn        *string                       `json:"ClusterArn,omitzero"`
}

// RemoveAutoScalingPolicyInput is the API structure of that name.
type RemoveAutoScalingPolicyInput struct {
	ClusterId       *string `json:"ClusterId,omitzero"`       // required
	InstanceGroupId *string `json:"InstanceGroupId,omitzero"` // required
}

// RemoveAutoScalingPolicyOutput is the API structure of that name.
type RemoveAutoScalingPolicyOutput struct {
}

// PutManagedScalingPolicyInput is the API structure of that name.
type PutManagedScalingPolicyInput struct {
	ClusterId            *string               `json:"ClusterId,omitzero"`            // required
	ManagedScalingPolicy *ManagedScalingPolicy `json:"ManagedScalingPolicy,omitzero"` // required
}

// ManagedScalingPolicy is the API structure of that name.
type ManagedScalingPolicy struct {
	ComputeLimits               *ComputeLimits `json:"ComputeLimits,omitzero"`
	UtilizationPerformanceIndex *int           `json:"UtilizationPerformanceIndex,omitzero"`
	ScalingStrategy             *string        `json:"ScalingStrategy,omitzero"` // DEFAULT|ADVANCED
}

// ComputeLimits is the API structure of that name.
type ComputeLimits struct {
	UnitType                     *string `json:"UnitType,omitzero"`             // required; InstanceFleetUnits|Instances|VCPU
	MinimumCapacityUnits         *int    `json:"MinimumCapacityUnits,omitzero"` // required
	MaximumCapacityUnits         *int    `json:"MaximumCapacityUnits,omitzero"` // required
	MaximumOnDemandCapacityUnits *int    `json:"MaximumOnDemandCapacityUnits,omitzero"`
	MaximumCoreCapacityUnits     *int    `json:"MaximumCoreCapacityUnits,omitzero"`
}

// PutManagedScalingPolicyOutput is the API structure of that name.
type PutManagedScalingPolicyOutput struct {
}

// GetManagedScalingPolicyInput is the API structure of that name.
type GetManagedScalingPolicyInput struct {
	ClusterId *string `json:"ClusterId,omitzero"` // required
}

// GetManagedScalingPolicyOutput is the API structure of that name.
type GetManagedScalingPolicyOutput struct {
	ManagedScalingPolicy *ManagedScalingPolicy `json:"ManagedScalingPolicy,omitzero"`
}

// RemoveManagedScalingPolicyInput is the API structure of that name.
type RemoveManagedScalingPolicyInput struct {
	ClusterId *string `json:"ClusterId,omitzero"` // required
}

// RemoveManagedScalingPolicyOutput is the API structure of that name.
type RemoveManagedScalingPolicyOutput struct {
}

// GetAutoTerminationPolicyInput is the API structure of that name.
type GetAutoTerminationPolicyInput struct {
	ClusterId *string `json:"ClusterId,omitzero"` // required
}

// GetAutoTerminationPolicyOutput is the API structure of that name.
type GetAutoTerminationPolicyOutput struct {
	AutoTerminationPolicy *AutoTerminationPolicy `json:"AutoTerminationPolicy,omitzero"`
}

// AutoTerminationPolicy is the API structure of that name.
type AutoTerminationPolicy struct {
	IdleTimeout *int64 `json:"IdleTimeout,omitzero"`
}

// PutAutoTerminationPolicyInput is the API structure of that name.
type PutAutoTerminationPolicyInput struct {
	ClusterId             *string                `json:"ClusterId,omitzero"` // required
	AutoTerminationPolicy *AutoTerminationPolicy `json:"AutoTerminationPolicy,omitzero"`
}

// PutAutoTerminationPolicyOutput is the API structure of that name.
type PutAutoTerminationPolicyOutput struct {
}

// RunJobFlowInput is the API structure of that name.
type RunJobFlowInput struct {
	Name                    *string                  `json:"Name,omitzero"` // required
	LogUri                  *string                  `json:"LogUri,omitzero"`
	LogEncryptionKmsKeyId   *string                  `json:"LogEncryptionKmsKeyId,omitzero"`
	AdditionalInfo          *string                  `json:"AdditionalInfo,omitzero"`
	AmiVersion              *string                  `json:"AmiVersion,omitzero"`
	ReleaseLabel            *string                  `json:"ReleaseLabel,omitzero"`
	Instances               *JobFlowInstancesConfig  `json:"Instances,omitzero"` // required
	Steps                   []StepConfig             `json:"Steps,omitzero"`
	StepExecutionRoleArn    *string                  `json:"StepExecutionRoleArn,omitzero"`
	BootstrapActions        []BootstrapActionConfig  `json:"BootstrapActions,omitzero"`
	SupportedProducts       []string                 `json:"SupportedProducts,omitzero"`
	NewSupportedProducts    []SupportedProductConfig `json:"NewSupportedProducts,omitzero"`
	Applications            []Application            `json:"Applications,omitzero"`
	Configurations          []Configuration          `json:"Configurations,omitzero"`
	VisibleToAllUsers       *bool                    `json:"VisibleToAllUsers,omitzero"`
	JobFlowRole             *string                  `json:"JobFlowRole,omitzero"`
	ServiceRole             *string                  `json:"ServiceRole,omitzero"`
	Tags                    []Tag                    `json:"Tags,omitzero"`
	SecurityConfiguration   *string                  `json:"SecurityConfiguration,omitzero"`
	AutoScalingRole         *string                  `json:"AutoScalingRole,omitzero"`
	ScaleDownBehavior       *string                  `json:"ScaleDownBehavior,omitzero"` // TERMINATE_AT_INSTANCE_HOUR|TERMINATE_AT_TASK_COMPLETION
	CustomAmiId             *string                  `json:"CustomAmiId,omitzero"`
	EbsRootVolumeSize       *int                     `json:"EbsRootVolumeSize,omitzero"`
	RepoUpgradeOnBoot       *string                  `json:"RepoUpgradeOnBoot,omitzero"` // SECURITY|NONE
	KerberosAttributes      *KerberosAttributes      `json:"KerberosAttributes,omitzero"`
	StepConcurrencyLevel    *int                     `json:"StepConcurrencyLevel,omitzero"`
	ManagedScalingPolicy    *ManagedScalingPolicy    `json:"ManagedScalingPolicy,omitzero"`
	PlacementGroupConfigs   []PlacementGroupConfig   `json:"PlacementGroupConfigs,omitzero"`
	AutoTerminationPolicy   *AutoTerminationPolicy   `json:"AutoTerminationPolicy,omitzero"`
	OSReleaseLabel          *string                  `json:"OSReleaseLabel,omitzero"`
	EbsRootVolumeIops       *int                     `json:"EbsRootVolumeIops,omitzero"`
	EbsRootVolumeThroughput *int                     `json:"EbsRootVolumeThroughput,omitzero"`
	ExtendedSupport         *bool                    `json:"ExtendedSupport,omitzero"`
	MonitoringConfiguration *MonitoringConfiguration `json:"MonitoringConfiguration,omitzero"`
	SessionEnabled          *bool                    `json:"SessionEnabled,omitzero"`
}

// JobFlowInstancesConfig is the API structure of that name.
type JobFlowInstancesConfig struct {
	MasterInstanceType             *string               `json:"MasterInstanceType,omitzero"`
	SlaveInstanceType              *string               `json:"SlaveInstanceType,omitzero"`
	InstanceCount                  *int                  `json:"InstanceCount,omitzero"`
	InstanceGroups                 []InstanceGroupConfig `json:"InstanceGroups,omitzero"`
	InstanceFleets                 []InstanceFleetConfig `json:"InstanceFleets,omitzero"`
	Ec2KeyName                     *string               `json:"Ec2KeyName,omitzero"`
	Placement                      *PlacementType        `json:"Placement,omitzero"`
	KeepJobFlowAliveWhenNoSteps    *bool                 `json:"KeepJobFlowAliveWhenNoSteps,omitzero"`
	TerminationProtected           *bool                 `json:"TerminationProtected,omitzero"`
	UnhealthyNodeReplacement       *bool                 `json:"UnhealthyNodeReplacement,omitzero"`
	HadoopVersion                  *string               `json:"HadoopVersion,omitzero"`
	Ec2SubnetId                    *string               `json:"Ec2SubnetId,omitzero"`
	Ec2SubnetIds                   []string              `json:"Ec2SubnetIds,omitzero"`
	EmrManagedMasterSecurityGroup  *string               `json:"EmrManagedMasterSecurityGroup,omitzero"`
	EmrManagedSlaveSecurityGroup   *string               `json:"EmrManagedSlaveSecurityGroup,omitzero"`
	ServiceAccessSecurityGroup     *string               `json:"ServiceAccessSecurityGroup,omitzero"`
	AdditionalMasterSecurityGroups []string              `json:"AdditionalMasterSecurityGroups,omitzero"`
	AdditionalSlaveSecurityGroups  []string              `json:"AdditionalSlaveSecurityGroups,omitzero"`
}

// PlacementType is the API structure of that name.
type PlacementType struct {
	AvailabilityZone  *string  `json:"AvailabilityZone,omitzero"`
	AvailabilityZones []string `json:"AvailabilityZones,omitzero"`
}

// StepConfig is the API structure of that name.
type StepConfig struct {
	Name                        *string                      `json:"Name,omitzero"`            // required
	ActionOnFailure             *string                      `json:"ActionOnFailure,omitzero"` // TERMINATE_JOB_FLOW|TERMINATE_CLUSTER|CANCEL_AND_WAIT|CONTINUE
	HadoopJarStep               *HadoopJarStepConfig         `json:"HadoopJarStep,omitzero"`   // required
	StepMonitoringConfiguration *StepMonitoringConfiguration `json:"StepMonitoringConfiguration,omitzero"`
}

// HadoopJarStepConfig is the API structure of that name.
type HadoopJarStepConfig struct {
	Properties []KeyValue `json:"Properties,omitzero"`
	Jar        *string    `json:"Jar,omitzero"` // required
	MainClass  *string    `json:"MainClass,omitzero"`
	Args       []string   `json:"Args,omitzero"`
}

// KeyValue is the API structure of that name.
type KeyValue struct {
	Key   *string `json:"Key,omitzero"`
	Value *string `json:"Value,omitzero"`
}

// StepMonitoringConfiguration is the API structure of that name.
type StepMonitoringConfiguration struct {
	S3MonitoringConfiguration *S3MonitoringConfiguration `json:"S3MonitoringConfiguration,omitzero"`
}

// S3MonitoringConfiguration is the API structure of that name.
type S3MonitoringConfiguration struct {
	LogUri           *string `json:"LogUri,omitzero"`
	EncryptionKeyArn *string `json:"EncryptionKeyArn,omitzero"`
}

// BootstrapActionConfig is the API structure of that name.
type BootstrapActionConfig struct {
	Name                  *string                      `json:"Name,omitzero"`                  // required
	ScriptBootstrapAction *ScriptBootstrapActionConfig `json:"ScriptBootstrapAction,omitzero"` // required
}

// ScriptBootstrapActionConfig is the API structure of that name.
type ScriptBootstrapActionConfig struct {
	Path *string  `json:"Path,omitzero"` // required
	Args []string `json:"Args,omitzero"`
}

// SupportedProductConfig is the API structure of that name.
type SupportedProductConfig struct {
	Name *string  `json:"Name,omitzero"`
	Args []string `json:"Args,omitzero"`
}

// RunJobFlowOutput is the API structure of that name.
type RunJobFlowOutput struct {
	JobFlowId  *string `json:"JobFlowId,omitzero"`
	ClusterArn *string `json:"ClusterArn,omitzero"`
}

// TerminateJobFlowsInput is the API structure of that name.
type TerminateJobFlowsInput struct {
	JobFlowIds []string `json:"JobFlowIds,omitzero"` // required
}

// SetTerminationProtectionInput is the API structure of that name.
type SetTerminationProtectionInput struct {
	JobFlowIds           []string `json:"JobFlowIds,omitzero"`           // required
	TerminationProtected *bool    `json:"TerminationProtected,omitzero"` // required
}

// AddTagsInput is the API structure of that name.
type AddTagsInput struct {
	ResourceId *string `json:"ResourceId,omitzero"` // required
	Tags       []Tag   `json:"Tags,omitzero"`       // required
	ClusterId  *string `json:"ClusterId,omitzero"`
}

// AddTagsOutput is the API structure of that name.
type AddTagsOutput struct {
}

// RemoveTagsInput is the API structure of that name.
type RemoveTagsInput struct {
	ResourceId *string  `json:"ResourceId,omitzero"` // required
	TagKeys    []string `json:"TagKeys,omitzero"`    // required
	ClusterId  *string  `json:"ClusterId,omitzero"`
}

// RemoveTagsOutput is the API structure of that name.
type RemoveTagsOutput struct {
}

// DescribeStepInput is the API structure of that name.
type DescribeStepInput struct {
	ClusterId *string `json:"ClusterId,omitzero"` // required
	StepId    *string `json:"StepId,omitzero"`    // required
}

// DescribeStepOutput is the API structure of that name.
type DescribeStepOutput struct {
	Step *Step `json:"Step,omitzero"`
}

// Step is the API structure of that name.
type Step struct {
	Id               *string           `json:"Id,omitzero"`
	Name             *string           `json:"Name,omitzero"`
	Config           *HadoopStepConfig `json:"Config,omitzero"`
	ActionOnFailure  *string           `json:"ActionOnFailure,omitzero"` // TERMINATE_JOB_FLOW|TERMINATE_CLUSTER|CANCEL_AND_WAIT|CONTINUE
	Status           *StepStatus       `json:"Status,omitzero"`
	ExecutionRoleArn *string           `json:"ExecutionRoleArn,omitzero"`
	LogUri           *string           `json:"LogUri,omitzero"`
	EncryptionKeyArn *string           `json:"EncryptionKeyArn,omitzero"`
}

// AddJobFlowStepsInput is the API structure of that name.
type AddJobFlowStepsInput struct {
	JobFlowId        *string      `json:"JobFlowId,omitzero"` // required
	Steps            []StepConfig `json:"Steps,omitzero"`     // required
	ExecutionRoleArn *string      `json:"ExecutionRoleArn,omitzero"`
}

// AddJobFlowStepsOutput is the API structure of that name.
type AddJobFlowStepsOutput struct {
	StepIds []string `json:"StepIds,omitzero"`
}

// SetUnhealthyNodeReplacementInput is the API structure of that name.
type SetUnhealthyNodeReplacementInput struct {
	JobFlowIds               []string `json:"JobFlowIds,omitzero"`               // required
	UnhealthyNodeReplacement *bool    `json:"UnhealthyNodeReplacement,omitzero"` // required
}

// SetKeepJobFlowAliveWhenNoStepsInput is the API structure of that name.
type SetKeepJobFlowAliveWhenNoStepsInput struct {
	JobFlowIds                  []string `json:"JobFlowIds,omitzero"`                  // required
	KeepJobFlowAliveWhenNoSteps *bool    `json:"KeepJobFlowAliveWhenNoSteps,omitzero"` // required
}
