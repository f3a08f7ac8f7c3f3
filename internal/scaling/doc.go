// Package scaling says what a pool's metric policies and schedules ask for, and when a cluster may be terminated.
//
// It is pure. It judges data points and times and returns what is asked for, with the reason; whether and when that is done is the
// guard's decision, since no scaling operation runs while a group of the cluster is resizing (rule R2 of docs/recovery.md).
package scaling
