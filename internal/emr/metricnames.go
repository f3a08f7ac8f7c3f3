package emr

import "slices"

// MetricNames are EMR's own metrics that a cluster without managed scaling has (EMR Management Guide, UsingEMR_ViewingMetrics).
var MetricNames = []string{
	"IsIdle", "ContainerAllocated", "ContainerReserved", "ContainerPending", "ContainerPendingRatio",
	"AppsCompleted", "AppsFailed", "AppsKilled", "AppsPending", "AppsRunning", "AppsSubmitted",
	"CoreNodesRunning", "CoreNodesPending", "TaskNodesRunning", "TaskNodesPending", "LiveDataNodes",
	"MRTotalNodes", "MRActiveNodes", "MRLostNodes", "MRUnhealthyNodes", "MRDecommissionedNodes", "MRRebootedNodes",
	"MultiMasterInstanceGroupNodesRunning", "MultiMasterInstanceGroupNodesRunningPercentage", "MultiMasterInstanceGroupNodesRequested",
	"S3BytesWritten", "S3BytesRead", "HDFSUtilization", "HDFSBytesRead", "HDFSBytesWritten", "MissingBlocks", "CorruptBlocks", "TotalLoad",
	"MemoryTotalMB", "MemoryReservedMB", "MemoryAvailableMB", "MemoryAllocatedMB", "YARNMemoryAvailablePercentage",
	"PendingDeletionBlocks", "UnderReplicatedBlocks", "DfsPendingReplicationBlocks", "CapacityRemainingGB",
	"HbaseBackupFailed", "MostRecentBackupDuration", "TimeSinceLastSuccessfulBackup",
	"AutoTerminationIsClusterIdle", "TotalNotebookKernels",
}

// KnownMetric says whether AWS documents a metric of this name in MetricsNamespace.
func KnownMetric(name string) bool { return slices.Contains(MetricNames, name) }
