// Package emr holds Amazon EMR's words as plain values: ids, states, clusters, groups, instances, calls and error classes.
//
// It has no interface and does no I/O. The names are those of the EMR API (version 2009-03-31) without its prefixes;
// the adapter in awsapi and the simulator translate between these values and the wire.
package emr

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// ClusterID is a job flow id, "j-" and upper-case letters and digits.
type ClusterID string

// GroupID is an instance group id, "ig-" and upper-case letters and digits.
type GroupID string

// InstanceID is EMR's own id of an instance, "ci-…". The EC2 id is a separate field.
type InstanceID string

// ClusterState is EMR's ClusterState.
type ClusterState string

// The cluster states of the API.
const (
	ClusterStarting             ClusterState = "STARTING"
	ClusterBootstrapping        ClusterState = "BOOTSTRAPPING"
	ClusterRunning              ClusterState = "RUNNING"
	ClusterWaiting              ClusterState = "WAITING"
	ClusterTerminating          ClusterState = "TERMINATING"
	ClusterTerminated           ClusterState = "TERMINATED"
	ClusterTerminatedWithErrors ClusterState = "TERMINATED_WITH_ERRORS"
)

// Live lists the states of clusters that still own instances, in the order of a cluster's life.
var Live = []ClusterState{ClusterStarting, ClusterBootstrapping, ClusterRunning, ClusterWaiting, ClusterTerminating}

// Modifiable says whether EMR accepts changes of the cluster's groups in this state: ModifyInstanceGroups answers
// "An instance group may only be modified when the cluster is running or waiting" in every other.
func (s ClusterState) Modifiable() bool { return s == ClusterRunning || s == ClusterWaiting }

// Ended says whether the cluster is on its way out or gone; it never comes back.
func (s ClusterState) Ended() bool {
	return s == ClusterTerminating || s == ClusterTerminated || s == ClusterTerminatedWithErrors
}

// GroupState is EMR's InstanceGroupState.
type GroupState string

// The group states of the API. AWS documents no transition diagram; see docs/recovery.md for what is relied on.
const (
	GroupProvisioning  GroupState = "PROVISIONING"
	GroupBootstrapping GroupState = "BOOTSTRAPPING"
	GroupRunning       GroupState = "RUNNING"
	GroupReconfiguring GroupState = "RECONFIGURING"
	GroupResizing      GroupState = "RESIZING"
	GroupSuspended     GroupState = "SUSPENDED"
	GroupTerminating   GroupState = "TERMINATING"
	GroupTerminated    GroupState = "TERMINATED"
	GroupArrested      GroupState = "ARRESTED"
	GroupShuttingDown  GroupState = "SHUTTING_DOWN"
	GroupEnded         GroupState = "ENDED"
)

// Suspended says whether a resize of the group was given up by EMR. SUSPENDED and ARRESTED are two names of one condition
// (EMR Management Guide, emr-manage-cloudwatch-events).
func (s GroupState) Suspended() bool { return s == GroupSuspended || s == GroupArrested }

// Ended says whether the group ended with its cluster.
func (s GroupState) Ended() bool {
	switch s {
	case GroupTerminating, GroupTerminated, GroupShuttingDown, GroupEnded:
		return true
	}
	return false
}

// Starting says whether the group has not been ready once yet.
func (s GroupState) Starting() bool { return s == GroupProvisioning || s == GroupBootstrapping }

// Role is EMR's InstanceGroupType (InstanceRole in requests).
type Role string

// The roles of the API.
const (
	Master Role = "MASTER"
	Core   Role = "CORE"
	Task   Role = "TASK"
)

// Market is EMR's MarketType.
type Market string

// The markets of the API.
const (
	OnDemand Market = "ON_DEMAND"
	Spot     Market = "SPOT"
)

// Collection is EMR's InstanceCollectionType: a cluster is made of instance groups or of instance fleets, never both.
type Collection string

// The collection types of the API. Very old clusters carry none and are made of groups.
const (
	Groups Collection = "INSTANCE_GROUP"
	Fleets Collection = "INSTANCE_FLEET"
)

// ClusterSummary is what ListClusters tells of a cluster: no tags and no collection type.
type ClusterSummary struct {
	ID      ClusterID    `json:"id"`
	Name    string       `json:"name"`
	State   ClusterState `json:"state"`
	Created time.Time    `json:"created,omitzero"`
	Ended   time.Time    `json:"ended,omitzero"`
}

// Cluster is the part of DescribeCluster that emrguard uses.
type Cluster struct {
	ClusterSummary
	Collection   Collection        `json:"collection,omitempty"`
	ReleaseLabel string            `json:"release_label,omitempty"`
	Zone         string            `json:"zone,omitempty"`
	AutoTerm     bool              `json:"auto_terminate,omitempty"`
	Protected    bool              `json:"termination_protected,omitempty"` // TerminateJobFlows is refused
	Tags         map[string]string `json:"tags,omitempty"`
}

// Configuration is one EMR application configuration; they nest.
type Configuration struct {
	Classification string            `json:"classification,omitempty"`
	Properties     map[string]string `json:"properties,omitempty"`
	Configurations []Configuration   `json:"configurations,omitempty"`
}

// Volume is EMR's VolumeSpecification. Size in GiB, Throughput in MiB/s; 0 stands for "not given".
type Volume struct {
	Type       string `json:"type" yaml:"type" range:"gp3, gp2, io1, st1, sc1 or standard" doc:"the volume type"`
	Size       int    `json:"size" yaml:"size" range:"1 to 16384" doc:"GiB of each volume"`
	Iops       int    `json:"iops,omitempty" yaml:"iops,omitempty" range:"100 to 64000; io1 and gp3 only" doc:"operations a second; without it the type's default"`
	Throughput int    `json:"throughput,omitempty" yaml:"throughput,omitempty" range:"125 to 1000; gp3 only" doc:"MiB a second; without it the type's default"`
}

// Group is one instance group as ListInstanceGroups returns it. No timestamp in it says when it entered its state.
type Group struct {
	ID                    GroupID         `json:"id"`
	Name                  string          `json:"name"`
	Role                  Role            `json:"role"`
	Market                Market          `json:"market,omitempty"`
	BidPrice              string          `json:"bid_price,omitempty"`
	InstanceType          string          `json:"instance_type"`
	Requested             int             `json:"requested"`
	Running               int             `json:"running"`
	State                 GroupState      `json:"state"`
	ReasonCode            string          `json:"reason_code,omitempty"`
	ReasonText            string          `json:"reason_text,omitempty"`
	Created               time.Time       `json:"created,omitzero"`
	Ready                 time.Time       `json:"ready,omitzero"`
	Configurations        []Configuration `json:"configurations,omitempty"`
	ConfigurationsVersion int64           `json:"configurations_version,omitempty"`
	LastGood              []Configuration `json:"last_good,omitempty"`
	LastGoodVersion       int64           `json:"last_good_version,omitempty"`
	Volumes               []Volume        `json:"volumes,omitempty"` // one entry per volume, in the response's order
	EbsOptimized          bool            `json:"ebs_optimized,omitempty"`
	CustomAMI             string          `json:"custom_ami,omitempty"`
	CustomScaling         bool            `json:"custom_scaling,omitempty"` // an automatic scaling policy is attached
}

// Missing is the number of instances asked for and not running, never negative.
func (g Group) Missing() int { return max(0, g.Requested-g.Running) }

// VolumeConfig is EMR's EbsBlockDeviceConfig: Count volumes of one specification on each instance.
type VolumeConfig struct {
	Volume `yaml:",inline"`
	Count  int `json:"count" yaml:"count" range:"1 to 25" doc:"volumes of this kind on each instance"`
}

// GroupConfig is what AddInstanceGroups takes for one new TASK group.
type GroupConfig struct {
	Name           string          `json:"name"`
	Role           Role            `json:"role"`
	Market         Market          `json:"market,omitempty"`
	BidPrice       string          `json:"bid_price,omitempty"`
	InstanceType   string          `json:"instance_type"`
	Count          int             `json:"count"`
	Configurations []Configuration `json:"configurations,omitempty"`
	Volumes        []VolumeConfig  `json:"volumes,omitempty"`
	EbsOptimized   bool            `json:"ebs_optimized,omitempty"`
	CustomAMI      string          `json:"custom_ami,omitempty"`
}

// Copy returns the configuration of a new TASK group like g (rule R7): the response's one-entry-per-volume list becomes
// volumes per instance, without devices; the configurations are the last that applied successfully, or those it
// has if none ever did; a custom scaling policy is not copied. An empty Market stands for On-Demand.
func Copy(g Group, name string, count int) GroupConfig {
	configs := g.Configurations
	if g.ConfigurationsVersion != g.LastGoodVersion && (g.LastGoodVersion != 0 || len(g.LastGood) > 0) {
		configs = g.LastGood
	}
	market := g.Market
	if market == "" {
		market = OnDemand
	}
	bid := g.BidPrice
	if market != Spot {
		bid = ""
	}
	return GroupConfig{
		Name: name, Role: Task, Market: market, BidPrice: bid, InstanceType: g.InstanceType, Count: count,
		Configurations: configs, Volumes: perInstance(g.Volumes), EbsOptimized: g.EbsOptimized, CustomAMI: g.CustomAMI,
	}
}

// perInstance counts equal specifications. The order is that of the specification, so that equal groups give equal requests.
func perInstance(volumes []Volume) []VolumeConfig {
	var out []VolumeConfig
	for _, v := range volumes {
		i := slices.IndexFunc(out, func(c VolumeConfig) bool { return c.Volume == v })
		if i < 0 {
			out = append(out, VolumeConfig{Volume: v, Count: 1})
			continue
		}
		out[i].Count++
	}
	slices.SortFunc(out, func(a, b VolumeConfig) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Iops, b.Iops),
			cmp.Compare(a.Throughput, b.Throughput))
	})
	return out
}

// InstanceState is EMR's InstanceState. A node in graceful decommissioning still reads RUNNING.
type InstanceState string

// The instance states of the API.
const (
	InstanceAwaiting      InstanceState = "AWAITING_FULFILLMENT"
	InstanceProvisioning  InstanceState = "PROVISIONING"
	InstanceBootstrapping InstanceState = "BOOTSTRAPPING"
	InstanceRunning       InstanceState = "RUNNING"
	InstanceTerminated    InstanceState = "TERMINATED"
)

// Present lists every instance state but TERMINATED: reads ask for these, since EMR would add the instances of the last thirty days, up to 2,000.
var Present = []InstanceState{InstanceAwaiting, InstanceProvisioning, InstanceBootstrapping, InstanceRunning}

// Instance is one instance of a group as ListInstances returns it.
type Instance struct {
	ID      InstanceID    `json:"id"`
	EC2     string        `json:"ec2,omitempty"`
	Group   GroupID       `json:"group"`
	State   InstanceState `json:"state"`
	Created time.Time     `json:"created,omitzero"`
	Ready   time.Time     `json:"ready,omitzero"`

	// ReasonCode and ReasonText are the instance's state change reason: for one that waits for EC2, why it does (inferred).
	ReasonCode string `json:"reason_code,omitempty"`
	ReasonText string `json:"reason_text,omitempty"`
}

// Starting says whether the instance exists in EC2 and is on its way to running: it is paid for and about to arrive.
func (i Instance) Starting() bool {
	return i.EC2 != "" && (i.State == InstanceProvisioning || i.State == InstanceBootstrapping)
}
