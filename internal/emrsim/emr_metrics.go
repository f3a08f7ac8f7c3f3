package emrsim

// emrNamespace is the namespace of EMR's own metrics, and clusterDimension the one dimension they have (EMR Management Guide,
// UsingEMR_ViewingMetrics).
const (
	emrNamespace     = "AWS/ElasticMapReduce"
	clusterDimension = "JobFlowId"
)

// emrMetric is one metric that EMR reports of a cluster: its unit in CloudWatch, and its value; false: EMR reports none.
type emrMetric struct {
	name, unit string
	value      func(s *Sample) (float64, bool)
}

// emrMetrics are the metrics of the page above for Hadoop 2 that the load model knows something of, and the task nodes of its table
// for Hadoop 1. What the model does not know is always 0: reserved containers and memory, failed applications, unhealthy and
// rebooted nodes. The numbers of applications, and of lost and decommissioned nodes, count from the cluster's start, as YARN's own do.
// CloudWatch has no unit Boolean; IsIdle has None.
var emrMetrics = []emrMetric{
	count("AppsCompleted", func(s *Sample) int { return s.Completed }),
	zero("AppsFailed"),
	count("AppsKilled", func(s *Sample) int { return s.Killed }),
	count("AppsPending", func(s *Sample) int { return s.Waiting }),
	count("AppsRunning", func(s *Sample) int { return s.Running }),
	count("AppsSubmitted", func(s *Sample) int { return s.Submitted }),
	count("ContainerAllocated", func(s *Sample) int { return s.Allocated }),
	count("ContainerPending", func(s *Sample) int { return s.Pending }),
	// Pending by allocated ones; without allocated ones the pending ones.
	{"ContainerPendingRatio", "Count", func(s *Sample) (float64, bool) { return float64(s.Pending) / float64(max(1, s.Allocated)), true }},
	zero("ContainerReserved"),
	// Reported only when there is such a group, as the task nodes.
	{"CoreNodesPending", "Count", func(s *Sample) (float64, bool) { return float64(max(0, s.CoreRequested-s.CoreRunning)), s.HasCore }},
	{"CoreNodesRunning", "Count", func(s *Sample) (float64, bool) { return float64(s.CoreRunning), s.HasCore }},
	{"HDFSUtilization", "Percent", func(s *Sample) (float64, bool) { return s.HDFS, s.HasCore }},
	{"IsIdle", "None", func(s *Sample) (float64, bool) {
		if s.Idle {
			return 1, true
		}
		return 0, true
	}},
	// Of the core nodes that are asked for.
	{"LiveDataNodes", "Percent", func(s *Sample) (float64, bool) {
		return 100 * float64(s.CoreRunning) / float64(max(1, s.CoreRunning, s.CoreRequested)), s.HasCore
	}},
	count("MRActiveNodes", func(s *Sample) int { return s.Active }),
	count("MRDecommissionedNodes", func(s *Sample) int { return s.Decommissioned }),
	count("MRLostNodes", func(s *Sample) int { return s.Lost }),
	zero("MRRebootedNodes"),
	count("MRTotalNodes", func(s *Sample) int { return s.CoreRunning + s.TaskRunning }),
	zero("MRUnhealthyNodes"),
	count("MemoryAllocatedMB", func(s *Sample) int { return s.MemoryUsed }),
	count("MemoryAvailableMB", func(s *Sample) int { return s.MemoryTotal - s.MemoryUsed }),
	zero("MemoryReservedMB"),
	count("MemoryTotalMB", func(s *Sample) int { return s.MemoryTotal }),
	{"TaskNodesPending", "Count", func(s *Sample) (float64, bool) { return float64(max(0, s.TaskRequested-s.TaskRunning)), s.HasTask }},
	{"TaskNodesRunning", "Count", func(s *Sample) (float64, bool) { return float64(s.TaskRunning), s.HasTask }},
	// 0 for a cluster whose nodes give no memory.
	{"YARNMemoryAvailablePercentage", "Percent", func(s *Sample) (float64, bool) {
		return 100 * float64(s.MemoryTotal-s.MemoryUsed) / float64(max(1, s.MemoryTotal)), true
	}},
}

func count(name string, value func(s *Sample) int) emrMetric {
	return emrMetric{name, "Count", func(s *Sample) (float64, bool) { return float64(value(s)), true }}
}

func zero(name string) emrMetric { return count(name, func(*Sample) int { return 0 }) }

// emrMetricOf finds a metric by name.
func emrMetricOf(name string) *emrMetric {
	for i := range emrMetrics {
		if emrMetrics[i].name == name {
			return &emrMetrics[i]
		}
	}
	return nil
}
