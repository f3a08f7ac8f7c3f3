package simtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/engine"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/recovery"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

// rogue is a guard that does whatever a test says, and writes down what the test says: the oracle has to find it out.
type rogue struct {
	t       *testing.T
	w       *World
	p       *Process
	cluster string
	task    emr.GroupID
	s       guard.State
	seq     int
}

func newRogue(t *testing.T, change func(*Options)) *rogue {
	t.Helper()
	o := Options{Sim: emrsim.Options{Seed: 7}, Store: memory.New("storeaaa")}
	if change != nil {
		change(&o)
	}
	w := New(o)
	w.Watch()
	r := &rogue{t: t, w: w, p: &Process{w: w, name: "process-1"}}
	r.cluster = w.Cluster("etl", Group{Name: "core", Role: emr.Core, Count: 2}, Group{Name: "task", Role: emr.Task, Count: 3})
	r.s = guard.New(ScopeName, emr.ClusterSummary{ID: emr.ClusterID(r.cluster), Name: "etl", State: emr.ClusterWaiting})
	for _, g := range w.Truth("etl").Groups {
		if g.Name == "task" {
			r.task = emr.GroupID(g.ID)
		}
	}
	r.read()
	return r
}

// wait lets time pass.
func (r *rogue) wait(d time.Duration) { r.w.Sim.AdvanceTo(r.w.Now().Add(d)) }

// ask sends a call that reads, and is told the answer.
func (r *rogue) ask(c emr.Call) emr.Result {
	c.Cluster = emr.ClusterID(r.cluster)
	res := r.w.client.Do(c).Result
	r.w.oracle.answered(completion{done: engine.Completion{Result: res}, sent: r.w.Now(), call: c})
	return res
}

// read lists the groups and writes down what it saw, with the given records.
func (r *rogue) read(records ...store.Record) {
	r.wait(time.Second)
	for _, g := range r.ask(emr.Call{Op: emr.ListInstanceGroups}).Groups {
		if known := r.s.Group(g.ID); known != nil {
			known.Group = g
			continue
		}
		r.s.Groups = append(r.s.Groups, guard.Group{Group: g})
		slices.SortFunc(r.s.Groups, func(a, b guard.Group) int { return strings.Compare(string(a.ID), string(b.ID)) })
		if g.Role != emr.Master {
			r.s.Pools = append(r.s.Pools, pool.New(g))
		}
	}
	r.s.Read = r.w.Now()
	r.save(records...)
}

// reads reads once a minute.
func (r *rogue) reads(n int) {
	for range n {
		r.wait(time.Minute)
		r.read()
	}
}

// record makes a record; its id is new.
func (r *rogue) record(rec store.Record, data any) store.Record {
	r.seq++
	body, err := json.Marshal(data)
	check(r.t, err)
	rec.ID, rec.Data, rec.Key = fmt.Sprintf("c-%d", r.seq), body, store.Key{Scope: ScopeName, Cluster: r.cluster}
	return rec
}

func (r *rogue) save(records ...store.Record) {
	body, err := store.Encode(r.s)
	check(r.t, err)
	key := store.Key{Scope: ScopeName, Cluster: r.cluster}
	var saved guard.State // a copy: the test goes on changing its own
	check(r.t, body.Decode(&saved))
	r.w.saving(key, saved)
	r.w.oracle.saved(store.Save{Docs: []store.Document{{Key: key, Body: body}}, Records: records})
}

// write writes a change down, as a guard should.
func (r *rogue) write(purpose guard.Purpose, id string, c emr.Call) emr.Call {
	c.Cluster = emr.ClusterID(r.cluster)
	rec := r.record(store.Record{Kind: "call." + string(purpose), Recovery: id, Group: string(c.Group), Reason: "the test says so"}, map[string]any{"call": c})
	r.s.Pending = &guard.Call{ID: rec.ID, Purpose: purpose, Call: c, Recovery: id, Pool: r.task, At: r.w.Now(), Reason: rec.Reason}
	r.save(rec)
	return c
}

// send lets a change leave, and is told the answer.
func (r *rogue) send(c emr.Call) {
	_, err := r.w.o.Store.Acquire(context.Background(), ScopeName, r.p.name, "", r.w.Now(), time.Minute)
	check(r.t, err)
	r.transmit(c)
}

func (r *rogue) transmit(c emr.Call) {
	r.w.oracle.change(r.p, c)
	answer := r.w.client.Do(c)
	r.w.oracle.did(answer.RequestID)
	r.w.oracle.answered(completion{done: engine.Completion{Result: answer.Result}, sent: r.w.Now(), call: c})
	r.s.Pending = nil
	r.save()
}

// modify writes down and sends a new count of the task group.
func (r *rogue) modify(purpose guard.Purpose, id string, count int) {
	r.send(r.write(purpose, id, emr.Call{Op: emr.ModifyInstanceGroups, Group: r.task, Count: count}))
}

// add writes down and sends a new group of a recovery.
func (r *rogue) add(id string, count int) {
	name, err := emr.GroupName("task", emr.Token{Store: "storeaaa", Cluster: emr.ClusterID(r.cluster), Origin: r.task, Recovery: id})
	check(r.t, err)
	r.send(r.write(guard.ForAdd, id, emr.Call{Op: emr.AddInstanceGroups, Config: &emr.GroupConfig{Name: name, Role: emr.Task, InstanceType: "m5.xlarge", Market: emr.OnDemand, Count: count}}))
}

// open opens a recovery of the task group, with its record.
func (r *rogue) open(id string, kind recovery.Kind) {
	now := r.w.Now()
	r.s.Recoveries = append(r.s.Recoveries, recovery.Recovery{ID: id, Kind: kind, Pool: r.task, Group: r.task, Step: recovery.StepStop, Opened: now, Stopped: now, Sent: now, Settings: recovery.Defaults()})
	r.save(r.record(store.Record{Kind: "recovery.open", Recovery: id, Pool: string(r.task), Group: string(r.task)}, map[string]any{"kind": kind}))
}

// banned has the task group banned, with the record of that.
func (r *rogue) banned(length time.Duration) (until time.Time) {
	until = r.w.Now().Add(length)
	r.s.PoolOf(r.task).Member(r.task).Ban = &pool.Ban{From: r.w.Now(), Until: until}
	r.save(r.record(store.Record{Kind: "ban.set", Group: string(r.task)}, map[string]any{"until": until}))
	return until
}

// over is the record of the end of a ban of the task group.
func (r *rogue) over(until time.Time) store.Record {
	rec := r.record(store.Record{Kind: "ban.over", Group: string(r.task)}, map[string]any{"until": until})
	rec.At = r.w.Now()
	return rec
}

// person sets the count of the task group.
func (r *rogue) person(to int) {
	check(r.t, r.w.Sim.Act(Region, "a person", emrsim.Action{Do: emrsim.DoResize, Cluster: "etl", Group: "task", To: to}))
}

// TestOracle_FindsOut has each property violated, and says which the oracle has to name.
func TestOracle_FindsOut(t *testing.T) {
	t.Parallel()
	observed := func(o *Options) { o.Mode = guard.Observe }
	for _, tt := range []struct {
		name, property, text string
		options              func(*Options)
		do                   func(*rogue)
	}{
		{"nothing wrong", "", "", nil, func(r *rogue) { r.reads(40) }},
		{"a shortfall that nobody repairs", "I1", "nothing is open", nil, func(r *rogue) {
			r.w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
			r.person(6)
			r.read(r.record(store.Record{Kind: "pool.outside_grow", Group: string(r.task)}, nil))
			r.reads(40)
		}},
		{"a shortfall that nobody repairs, across a crash", "I1", "nothing is open", nil, func(r *rogue) {
			r.w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
			r.person(6)
			r.read(r.record(store.Record{Kind: "pool.outside_grow", Group: string(r.task)}, nil))
			r.reads(20)
			r.w.oracle.died()
			r.reads(20)
		}},
		{"a launch that nobody wants", "I2", "people want 3 to 3", nil, func(r *rogue) { r.modify(guard.ForLaunch, "r1", 5) }},
		{"what a stop took is placed twice", "I2", "asks for 5", nil, func(r *rogue) {
			r.open("r1", recovery.Stuck)
			r.modify(guard.ForStop, "r1", 1)
			r.wait(time.Minute)
			r.add("r1", 2)
			r.read()
			r.add("r2", 2)
		}},
		{"what a stop took is placed nowhere", "I2", "is quiet and 4", nil, func(r *rogue) {
			r.w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
			r.person(6)
			r.read(r.record(store.Record{Kind: "pool.outside_grow", Group: string(r.task)}, nil))
			r.read()
			r.modify(guard.ForStop, "r1", 4)
			r.reads(20)
		}},
		{"a repeated number grows the pool", "I2", "asks for 9", nil, func(r *rogue) {
			r.w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
			r.person(6)
			r.read(r.record(store.Record{Kind: "pool.outside_grow", Group: string(r.task)}, nil))
			r.read()
			r.open("r1", recovery.Stuck)
			r.modify(guard.ForStop, "r1", 3)
			r.add("r1", 3)
			r.read()
			r.person(6)
			r.read(r.record(store.Record{Kind: "pool.outside_ban", Group: string(r.task)}, nil))
			r.read()
			r.modify(guard.ForStop, "r1", 3)
			r.read()
			r.add("r2", 3)
		}},
		{"a launch on a banned group", "I3", "is banned until", nil, func(r *rogue) {
			r.w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
			r.person(6)
			r.read(r.record(store.Record{Kind: "pool.outside_grow", Group: string(r.task)}, nil))
			r.open("r1", recovery.Stuck)
			r.modify(guard.ForStop, "r1", 3)
			r.reads(10)
			r.modify(guard.ForLaunch, "r1", 6)
		}},
		{"a launch on a group that a person banned", "I3", "is banned until", nil, func(r *rogue) {
			r.save(r.record(store.Record{Kind: "order.ban", Group: string(r.task)}, map[string]any{"order": guard.Order{Kind: guard.OrderBan, Group: r.task, For: guard.Length(time.Hour)}}))
			r.save(r.record(store.Record{Kind: "order.scale", Group: string(r.task), Pool: string(r.task)}, map[string]any{"order": guard.Order{Kind: guard.OrderScale, To: 5}}))
			r.modify(guard.ForLaunch, "r1", 5)
		}},
		{"a ban whose end nobody tells", "R9", "told nobody", nil, func(r *rogue) {
			r.banned(10 * time.Minute)
			r.reads(20)
		}},
		{"a ban whose end is told", "", "", nil, func(r *rogue) {
			until := r.banned(10 * time.Minute)
			r.reads(10)
			r.read(r.over(until))
			r.reads(10)
		}},
		{"a ban whose end is told twice", "R9", "no ban that the history knows of ended then", nil, func(r *rogue) {
			until := r.banned(10 * time.Minute)
			r.reads(12)
			r.read(r.over(until))
			r.read(r.over(until))
		}},
		{"a ban whose end is told early", "R9", "is told at", nil, func(r *rogue) { r.read(r.over(r.banned(10 * time.Minute))) }},
		{"the end of a ban that was lifted", "R9", "no ban that the history knows of ended then", nil, func(r *rogue) {
			until := r.banned(10 * time.Minute)
			r.s.PoolOf(r.task).Member(r.task).Ban = nil
			r.read(r.record(store.Record{Kind: "order.unban", Group: string(r.task)}, map[string]any{"order": guard.Order{Kind: guard.OrderUnban}}))
			r.reads(12)
			r.read(r.over(until))
		}},
		{"scaling on an old read", "I4", "old", nil, func(r *rogue) {
			r.save(r.record(store.Record{Kind: "order.scale", Group: string(r.task), Pool: string(r.task)}, map[string]any{"order": guard.Order{Kind: guard.OrderScale, To: 5}}))
			r.open("r1", recovery.Scale)
			r.wait(5 * time.Minute)
			r.modify(guard.ForLaunch, "r1", 5)
		}},
		{"scaling during a resize", "I4", "is RESIZING", nil, func(r *rogue) {
			r.w.Act(emrsim.Action{Do: emrsim.DoStick, Cluster: "etl", Group: "task"})
			r.person(6)
			r.reads(1)
			r.open("r1", recovery.Scale)
			r.modify(guard.ForLaunch, "r1", 6)
		}},
		{"a recovery fills two groups", "I5", "has instances in", nil, func(r *rogue) {
			r.open("r1", recovery.Stuck)
			r.modify(guard.ForStop, "r1", 1)
			r.add("r1", 2)
			r.reads(3)
			r.add("r1", 2)
			r.s.Recoveries = nil
			r.reads(40)
		}},
		{"a stop below what runs", "I6", "asks for less", nil, func(r *rogue) { r.modify(guard.ForStop, "r1", 1) }},
		{"a stop that ends instances", "I6", "ends i-", nil, func(r *rogue) {
			r.modify(guard.ForStop, "r1", 1)
			r.wait(2 * time.Hour)
		}},
		{"a launch that is repeated", "I7", "may have launched", nil, func(r *rogue) {
			r.open("r1", recovery.Stuck)
			r.add("r1", 0)
			r.add("r1", 2)
		}},
		{"a repeat that does not wait for two reads", "I7", "before two reads", nil, func(r *rogue) {
			r.add("r1", 0)
			r.add("r1", 0)
		}},
		{"a call that leaves twice", "I7", "a second time", nil, func(r *rogue) {
			c := r.write(guard.ForStop, "r1", emr.Call{Op: emr.ModifyInstanceGroups, Group: r.task, Count: 3})
			pending := *r.s.Pending
			r.send(c)
			r.s.Pending = &pending
			r.save()
			r.send(c)
		}},
		{"a call of somebody who lost the scope", "I7", "is owned by", nil, func(r *rogue) {
			_, err := r.w.o.Store.Acquire(context.Background(), ScopeName, "another", "", r.w.Now(), time.Minute)
			check(r.t, err)
			r.transmit(r.write(guard.ForStop, "r1", emr.Call{Op: emr.ModifyInstanceGroups, Group: r.task, Count: 3}))
		}},
		{"a call after the lease", "I7", "is owned by", nil, func(r *rogue) {
			_, err := r.w.o.Store.Acquire(context.Background(), ScopeName, r.p.name, "", r.w.Now(), time.Minute)
			check(r.t, err)
			r.wait(2 * time.Minute)
			r.transmit(r.write(guard.ForStop, "r1", emr.Call{Op: emr.ModifyInstanceGroups, Group: r.task, Count: 3}))
		}},
		{"a call that the history does not explain", "I8", "no record", nil, func(r *rogue) {
			c := emr.Call{Op: emr.ModifyInstanceGroups, Cluster: emr.ClusterID(r.cluster), Group: r.task, Count: 3}
			r.s.Pending = &guard.Call{ID: "c-99", Purpose: guard.ForStop, Call: c, Pool: r.task}
			r.save()
			r.send(c)
		}},
		{"a change that the history does not name", "I8", "does not name it", nil, func(r *rogue) {
			r.person(4)
			r.reads(3)
		}},
		{"a call that is not written down", "journal", "not written down", nil, func(r *rogue) {
			r.send(emr.Call{Op: emr.ModifyInstanceGroups, Cluster: emr.ClusterID(r.cluster), Group: r.task, Count: 3})
		}},
		{"a change where nothing may be changed", "R13", "in mode observe", observed, func(r *rogue) { r.modify(guard.ForStop, "r1", 3) }},
		{"a change of the CORE of a wrapped cluster", "R12", "CORE group", func(o *Options) { o.Wrapped = true }, func(r *rogue) {
			for _, g := range r.w.Truth("etl").Groups {
				if g.Name == "core" {
					r.send(r.write(guard.ForStop, "r1", emr.Call{Op: emr.ModifyInstanceGroups, Group: emr.GroupID(g.ID), Count: 2}))
				}
			}
		}},
		{"a change of a cluster that is scaled by EMR", "R12", "managed scaling", nil, func(r *rogue) {
			r.w.Act(emrsim.Action{Do: emrsim.DoManaged, Cluster: "etl", Count: 1, To: 20})
			r.ask(emr.Call{Op: emr.GetManagedScalingPolicy})
			r.s.ManagedAt = r.w.Now()
			r.save()
			r.wait(time.Minute)
			r.read()
			r.modify(guard.ForStop, "r1", 3)
		}},
		{"managed scaling in an answer that no saved decision used", "", "", nil, func(r *rogue) {
			r.w.Act(emrsim.Action{Do: emrsim.DoManaged, Cluster: "etl", Count: 1, To: 20})
			r.ask(emr.Call{Op: emr.GetManagedScalingPolicy})
			r.wait(time.Minute)
			r.read()
			r.modify(guard.ForStop, "r1", 3)
		}},
		{"calls beyond the budget", "budget", "beyond the budget", nil, func(r *rogue) {
			for range 7 {
				r.w.oracle.leaves(r.p, emr.Call{Op: emr.ListInstanceGroups, Cluster: emr.ClusterID(r.cluster)})
			}
		}},
		{"a suspension without an end", "R2", "nothing resizes", nil, func(r *rogue) {
			r.s.Suspended = &guard.Suspension{Since: r.w.Now(), Reasons: []string{"the test says so"}}
			r.save(r.record(store.Record{Kind: "scaling.suspended"}, nil))
			r.reads(6)
		}},
		{"a recovery that stays open", "liveness", "is open", nil, func(r *rogue) {
			r.open("r1", recovery.Stuck)
			r.w.Quiet("etl")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRogue(t, tt.options)
			tt.do(r)
			found := r.w.Violations()
			if tt.property == "" && len(found) > 0 {
				t.Errorf("nothing is wrong, and the oracle says %v", found)
			}
			if tt.property != "" && !slices.ContainsFunc(found, func(v Violation) bool { return v.Property == tt.property && strings.Contains(v.Text, tt.text) }) {
				t.Errorf("the oracle does not name %s: …%s…, but %v", tt.property, tt.text, found)
			}
		})
	}
}
