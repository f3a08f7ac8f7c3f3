// Package usefulness measures what emrguard is good for: one week of one fleet in the simulator, with the same jobs and the same droughts, run
// several ways, from "no emrguard" to recovery on rungs. docs/usefulness.md holds what came out; its test writes the page and checks
// that it is current.
//
// What differs between two ways is who scales the clusters and what is done about a resize that does not end, nothing else. All that is drawn by
// lot comes from streams of its own that nothing in a way can shift: the jobs of each cluster, the weather of EC2, the delays of the metrics. Everything else
// that takes time takes a fixed time. So a difference between two ways has no luck in it, though the week itself is one of many: other
// seeds are other weeks.
package usefulness
