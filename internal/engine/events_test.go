package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

const queueURL = "https://sqs.us-east-1.amazonaws.com/111122223333/emr-events"

// queueAWS is a queue of events in front of another AWS: what is received stays invisible for half a minute, until it is deleted.
type queueAWS struct {
	l        *lab
	next     func(scope string, c emr.Call) emr.Result
	bodies   []string
	visible  map[int]time.Duration
	deleted  []int
	receives int
}

// withQueue gives the lab's scopes a queue with the bodies.
func withQueue(l *lab, bodies ...string) *queueAWS {
	q := &queueAWS{l: l, next: l.aws, bodies: bodies, visible: map[int]time.Duration{}}
	l.aws = q.answer
	for _, s := range l.engine.scopes {
		s.Queue = queueURL
	}
	return q
}

func (q *queueAWS) answer(scope string, c emr.Call) emr.Result {
	switch c.Op {
	case emr.ReceiveMessage:
		if c.Queue.URL != queueURL {
			q.l.t.Errorf("received from %s", c.Queue.URL)
		}
		var out []emr.Message
		for i, body := range q.bodies {
			if q.l.now.Mono < q.visible[i] || slices.Contains(q.deleted, i) || len(out) == emr.MaxMessages {
				continue
			}
			q.receives++
			q.visible[i] = q.l.now.Mono + 30*time.Second
			out = append(out, emr.Message{ID: fmt.Sprintf("m%d", i), Receipt: fmt.Sprintf("%d/%d", i, q.receives), Body: body})
		}
		return emr.Result{Messages: out}
	case emr.DeleteMessageBatch:
		if n := len(c.Queue.Receipts); n == 0 || n > emr.MaxMessages {
			q.l.t.Errorf("%d messages deleted at once", n)
		}
		for _, r := range c.Queue.Receipts {
			var i, n int
			if _, err := fmt.Sscanf(r, "%d/%d", &i, &n); err != nil {
				q.l.t.Error(err)
			}
			q.deleted = append(q.deleted, i)
		}
		return emr.Result{}
	}
	return q.next(scope, c)
}

// eventOf is EMR's event of a group's state, as EventBridge writes it.
func eventOf(cluster string, at time.Time, state string, requested, running int) string {
	return fmt.Sprintf(`{"version":"0","id":"e-%d","detail-type":"EMR Instance Group State Change","source":"aws.emr","time":%q,"detail":{"severity":"INFO",`+
		`"requestedInstanceCount":"%d","instanceGroupId":"ig-T","clusterId":%q,"runningInstanceCount":"%d","state":%q}}`,
		at.Unix(), at.Format(time.RFC3339), requested, cluster, running, state)
}

func TestR11_EventsAreDecidedOnAndDeleted(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	a := &stuckAWS{requested: 6}
	l.aws = a.answer
	start := l.now.Wall.Add(10 * time.Second)
	bodies := []string{
		`{"detail-type":`, `[]`, `{"source":"aws.emr","detail-type":"EMR Instance Group State Change","time":"2026-01-05T08:00:00Z","detail":{}}`,
		eventOf("j-OTHER", start, "RESIZING", 9, 6), `{"source":"aws.s3","detail-type":"Object Created","detail":{}}`,
		eventOf("j-STUCK", start, "RESIZING", 9, 6), eventOf("j-STUCK", start, "RESIZING", 9, 6),
	}
	for range 20 {
		bodies = append(bodies, `{"source":"aws.emr","detail-type":"EMR Step Status Change","detail":{"clusterId":"j-STUCK"}}`)
	}
	l.run(15 * time.Second) // the cluster is known
	q := withQueue(l, bodies...)
	l.run(2 * time.Minute)
	slices.Sort(q.deleted)
	if len(slices.Compact(q.deleted)) != len(bodies) || q.receives != len(bodies) {
		t.Errorf("%d of %d messages were deleted after %d receipts", len(q.deleted), len(bodies), q.receives)
	}
	if n := slices.Index(l.kinds, "group.event"); n < 0 || slices.Contains(l.kinds[n+1:], "group.event") {
		t.Errorf("the start and its duplicate led to %v", l.kinds)
	}
	count := map[Fate]int{}
	for _, f := range l.fates {
		count[f]++
	}
	if count[Malformed] != 3 || count[Taken] != 2 || count[Unused] != 22 || count[Kept] != 0 {
		t.Errorf("fates: %v", count)
	}
	if n := len(l.faults); n != 3 || !errors.Is(l.faults[0].Err, ErrMessage) || !strings.Contains(l.faults[0].Err.Error(), "m0") {
		t.Errorf("the faults are %v", l.faults)
	}
	if n := l.count("", emr.DeleteMessageBatch); n != 3 {
		t.Errorf("%d calls to delete %d messages", n, len(bodies))
	}
}

func TestR11_WhatIsNotSavedIsNotDeleted(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		saved bool // although the error says otherwise
	}{"a full store": {fmt.Errorf("save: %w", store.ErrFull), false}, "an error that says nothing": {errors.New("disk I/O error"), false},
		"one that is wrong": {errors.New("disk I/O error"), true}} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, memory.New("storeaaa"), "prod")
			a := &stuckAWS{requested: 6}
			l.aws = a.answer
			l.run(15 * time.Second)
			q := withQueue(l, eventOf("j-STUCK", l.now.Wall, "RESIZING", 9, 6), eventOf("j-STUCK", l.now.Wall.Add(time.Second), "RUNNING", 9, 9))
			failing := true
			l.store.fail = func(s store.Save) error {
				if failing && slices.ContainsFunc(s.Records, func(r store.Record) bool { return r.Kind == "group.event" }) {
					if c.saved {
						if err := l.store.Store.Save(t.Context(), s); err != nil {
							t.Fatal(err)
						}
					}
					return c.err
				}
				return nil
			}
			l.run(70 * time.Second)
			if !c.saved && len(q.deleted) > 0 {
				t.Fatalf("%v were deleted although nothing was saved", q.deleted)
			}
			failing = false
			l.run(70 * time.Second)
			if slices.Sort(q.deleted); !slices.Equal(slices.Compact(q.deleted), []int{0, 1}) {
				t.Errorf("after the store works again %v are deleted", q.deleted)
			}
			if rows, err := l.store.History(t.Context(), store.Query{Scope: "prod"}); err != nil || count(rows, "group.event") != 2 {
				t.Errorf("%d rows of the two events, %v", count(rows, "group.event"), err)
			}
		})
	}
}

func count(rows []store.Record, kind string) int {
	n := 0
	for _, r := range rows {
		if r.Kind == kind {
			n++
		}
	}
	return n
}

func TestOnlyTheOwnerReceives(t *testing.T) {
	s := memory.New("storeaaa")
	owner, other := newLab(t, s, "prod"), newLab(t, s, "prod")
	other.engine.o.Owner = "other"
	withQueue(owner)
	withQueue(other)
	for range 20 {
		owner.run(5 * time.Second)
		other.run(5 * time.Second)
	}
	if n := owner.count("", emr.ReceiveMessage); n == 0 {
		t.Error("the owner of the scope received nothing")
	}
	if n := other.count("", emr.ReceiveMessage); n > 0 {
		t.Errorf("a process without the lease received %d times", n)
	}
}

// TestAReceiptDoesNotBlock: SQS keeps a call open while it has nothing, and everything else goes on; a single pass ends all the same.
func TestAReceiptDoesNotBlock(t *testing.T) {
	l := newLab(t, memory.New("storeaaa"), "prod")
	withQueue(l)
	var waits []time.Duration
	l.hang = func(c emr.Call) bool {
		if c.Op == emr.ReceiveMessage {
			waits = append(waits, c.Queue.Wait)
		}
		return c.Op == emr.ReceiveMessage && c.Queue.Wait > 0
	}
	l.run(10 * time.Minute)
	if !slices.Equal(waits, []time.Duration{0, emr.MaxWait}) {
		t.Errorf("the calls wait for %v, want one at once and one that waits", waits)
	}
	if n := l.count("", emr.ListInstanceGroups); n < 5 {
		t.Errorf("%d reads in ten minutes", n)
	}
	idle := false
	for range 20 {
		l.run(700 * time.Millisecond)
		idle = idle || l.engine.Idle(l.now)
	}
	if !idle {
		t.Error("a pass would not end")
	}
}

func TestAQueueThatRefusesIsAskedRarely(t *testing.T) {
	for class, most := range map[emr.Class]int{emr.Denied: 11, emr.NotFound: 11, emr.Unavailable: 121} {
		l := newLab(t, memory.New("storeaaa"), "prod")
		withQueue(l)
		next := l.aws
		l.aws = func(scope string, c emr.Call) emr.Result {
			if c.Op == emr.ReceiveMessage {
				return emr.Result{Err: &emr.Error{Class: class, Message: "no"}}
			}
			return next(scope, c)
		}
		l.run(10 * time.Minute)
		if n := l.count("", emr.ReceiveMessage); n == 0 || n > most {
			t.Errorf("%s: %d calls in ten minutes, at most %d", class, n, most)
		}
		if reported := len(l.faults) > 0; reported != (class != emr.Unavailable) {
			t.Errorf("%s: faults %v", class, l.faults)
		}
	}
}
