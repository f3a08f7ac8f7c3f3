package engine

import (
	"slices"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// Decided says what one decision on a cluster rests on and what it led to, for those who follow it from the reads to the call.
type Decided struct {
	Scope   string
	Cluster emr.ClusterID
	Causes  []uint64       // ids of the calls it rests on: the newest reads of the cluster, each page by page, then the answer that it takes
	Records []store.Record // those of Out.Records that it wrote
	Call    uint64         // id of the change among Out.Calls that it hands out; 0: none
}

// basis is a read that ended: the ids of its calls.
type basis struct {
	op    emr.Op
	group emr.GroupID
	pages []uint64
}

// rests notes a read that ended, whole or failed: decisions rest on it until the next one of its kind.
func (c *cluster) rests(r *reading) {
	same := func(b basis) bool { return b.op == r.op && b.group == r.group }
	c.basis = append(slices.DeleteFunc(c.basis, same), basis{r.op, r.group, r.pages})
}

// decided tells a decision that was saved, after its call was handed out.
func (c *cluster) decided(on given, dec guard.Decision, records []store.Record) {
	if len(records) == 0 && dec.Call == nil {
		return
	}
	d := Decided{Scope: c.s.id, Cluster: c.id, Records: slices.Clip(records)}
	for _, b := range c.basis {
		d.Causes = append(d.Causes, b.pages...)
	}
	d.Causes = append(d.Causes, on.causes...)
	if dec.Call != nil {
		d.Call = c.s.e.nextID
	}
	c.s.e.out.Decided = append(c.s.e.out.Decided, d)
}
