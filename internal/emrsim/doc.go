// Package emrsim is a simulator of Amazon EMR on EC2: clusters, groups and instances that behave as AWS documents them, driven
// by a virtual clock and a seed.
//
// # Time
//
// A Sim never reads a wall clock. Its time stands still until AdvanceTo moves it; everything that happens between is processed
// in the order of (time, sequence). The same seed, the same calls and the same advances give the same world, byte for byte, and
// reads draw from random streams of their own, so that looking at the world does not change it.
//
// # Calls
//
// Call takes and returns the structures of package shapes; Do is its short form. emrsim/wire puts HTTP around it. What AWS
// documents is modelled as documented, with the source named where the rule is; what nobody outside AWS knows is a field of
// Unknowns. Faults adds what goes wrong between a client and EMR.
//
// # Work
//
// SetLoad lets jobs arrive on a cluster: in Poisson streams with the rhythm of a day and a week, in bursts, or one by one. A job is an
// amount of container time and a number of containers it can use at once. The RUNNING core and task nodes give containers by their
// memory; with more of them jobs end sooner, and a node that goes takes unfinished work with it. The same seed brings the same jobs,
// whatever is done to the cluster, so that two ways to scale it can be compared. What the work shows of itself are the metrics in
// CloudWatch; Jobs, Samples and the Load, Usage and minutes of Snapshot are the truth.
//
// # The world beside the API
//
// People, Terraform and other controllers act through Act, Plan and Follow; Snapshot tells the truth that no read of the API has
// to show.
//
// All methods of Sim are safe for concurrent use.
package emrsim
