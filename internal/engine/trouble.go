package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/phrase"
	"emrguard/internal/store"
)

// wholeScope is the stored state of a scope itself, beside that of its clusters.
type wholeScope struct {
	Paused   *guard.Pause `json:"paused,omitempty"` // by hand: holds all clusters
	Troubles []trouble    `json:"troubles,omitempty"`
}

// trouble is something that is wrong with the scope as a whole. It is stored with the record that tells its beginning, and goes with the one that tells
// its end: each is written once, however often it is met and whoever owns the scope meanwhile.
type trouble struct {
	Kind   string    `json:"kind"` // of the record of its beginning
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// The times of troubles, on the monotonic clock but for the last.
const (
	lookEvery   = time.Minute     // between two looks where nothing happened that may begin or end one
	silentAfter = 5 * time.Minute // without an answer from EMR, or from the queue of events, after a failure that passes by itself
	lateHolds   = time.Hour / 2   // after a look that found late clusters: a sweep that is just too slow is told once, not at each round
	denialHolds = 2 * time.Hour   // a read that was refused and is not needed any more counts for so long
)

// signs are what a scope noticed of troubles since its lease was taken.
type signs struct {
	stirred  bool // something happened that may begin or end one
	lookAt   time.Duration
	readable time.Time        // since when the scope can be read, as far as is known: at the earliest since the lease was taken
	answered bool             // EMR showed something
	dated    bool             // an answer had a date
	denials  map[denial]claim // reads that AWS refuses to the credentials, and did not answer since
	emr      silence
	queue    silence
	late     int           // clusters that were read too long ago, at the last look
	lateLast int           // and at the one before
	lateAt   time.Duration // Mono of the last look that found one
}

// denial names a read.
type denial struct {
	op      emr.Op
	cluster emr.ClusterID
	group   emr.GroupID
}

// claim is what was said of a denial, and when.
type claim struct {
	at   time.Time
	text string
}

// silence is a row of failures of one service.
type silence struct {
	failing bool
	since   time.Duration // Mono of its first
	refused bool          // the last one does not pass by itself
	text    string        // what the last one was
}

func (x *silence) failed(now Now, err *emr.Error) {
	if !x.failing {
		x.failing, x.since = true, now.Mono
	}
	x.refused, x.text = !passing(*err), err.Error()
}

// lasts says whether nothing was heard for so long.
func (x *silence) lasts(now Now) bool { return x.failing && now.Mono-x.since >= silentAfter }

// heard notes the answer to a read, and to a question for events.
func (s *scope) heardOf(now Now, f flight, err *emr.Error) {
	x := &s.signs
	switch op := f.call.Op; {
	case op == emr.ReceiveMessage:
		if err != nil {
			x.queue.failed(now, err)
		} else {
			x.queue = silence{}
		}
	case !op.EMR() || op.Writes():
		return
	default:
		d := denial{op, f.cluster, f.call.Group}
		switch {
		case err == nil:
			delete(x.denials, d)
		case err.Class == emr.Denied:
			x.denials[d] = claim{s.now(now), err.Error()}
		}
		if c := s.clusters[f.cluster]; c != nil && err != nil {
			c.failed = s.now(now)
		}
		if err != nil && passing(*err) {
			x.emr.failed(now, err)
		} else {
			x.emr, x.answered = silence{}, x.answered || err == nil
		}
	}
	x.stirred = true
}

// finding is what a look finds of one trouble.
type finding struct {
	holds  bool
	known  bool   // that it does not hold can be believed: enough was seen since the lease was taken
	reason string // a sentence, if it holds
}

// troubleKind is one of the troubles a scope may have.
type troubleKind struct {
	begins, ends string // kinds of the records
	over         string // what the second says
	find         func(s *scope, now Now) finding
}

// troubleKinds are all of them, in the order in which they are looked for.
var troubleKinds = []troubleKind{
	{"scope.denied", "scope.allowed", "AWS refuses none of the reads any more", (*scope).findDenied},
	{"scope.unread", "scope.read", "EMR can be read again", (*scope).findUnread},
	{"scope.broken", "scope.whole", "no cluster is left alone any more", (*scope).findBroken},
	{"clock.skew", "clock.agrees", "local time agrees with AWS's again", (*scope).findSkew},
	{"events.unread", "events.read", "the queue of events can be read again", (*scope).findQueue},
	{"sweep.late", "sweep.timely", "every cluster is read in time again", (*scope).findLate},
}

// watchTroubles looks for the beginnings and ends of troubles and writes them down, all in one transaction. What cannot be written is looked for again.
func (s *scope) watchTroubles(ctx context.Context, now Now) {
	x := &s.signs
	due := now.Mono >= x.lookAt
	if s.wholeBroken || !x.stirred && !due {
		return
	}
	x.stirred = false
	if due {
		x.lookAt, x.lateLast, x.late = now.Mono+lookEvery, x.late, s.countLate(s.now(now))
		if x.late > 0 {
			x.lateAt = now.Mono
		}
	}
	at, next := s.now(now), s.whole
	next.Troubles = nil
	var records []store.Record
	tell := func(kind, reason string) {
		records = append(records, store.Record{Key: store.Key{Scope: s.id}, ID: s.rowID(now.Wall), At: at, Kind: kind, Reason: reason})
	}
	for _, k := range troubleKinds {
		found := k.find(s, now)
		i := slices.IndexFunc(s.whole.Troubles, func(t trouble) bool { return t.Kind == k.begins })
		switch {
		case i < 0 && found.holds:
			next.Troubles = append(next.Troubles, trouble{Kind: k.begins, Since: at, Reason: found.reason})
			tell(k.begins, found.reason)
		case i >= 0 && !found.holds && found.known:
			text := k.over
			if lasted := at.Sub(s.whole.Troubles[i].Since); lasted > 0 { // the clock may have been set back meanwhile
				text += fmt.Sprintf(", after %s", phrase.Duration(lasted.Round(time.Second)))
			}
			tell(k.ends, text)
		case i >= 0:
			next.Troubles = append(next.Troubles, s.whole.Troubles[i])
		}
	}
	if len(records) > 0 {
		s.saveWhole(ctx, now, next, records, nil)
	}
}

// saveWhole writes the scope's own state, with what tells of the change, and says whether that worked.
func (s *scope) saveWhole(ctx context.Context, now Now, next wholeScope, records []store.Record, answers []store.Answer) bool {
	body, err := store.Encode(next)
	if err != nil {
		s.e.fault(s, "", err)
		return false
	}
	doc := store.Document{Key: store.Key{Scope: s.id, Cluster: scopeDoc}, Version: s.wholeV, Body: body, Saved: s.now(now)}
	if err := s.e.o.Store.Save(ctx, store.Save{Lease: s.lease, Docs: []store.Document{doc}, Records: records, Orders: answers}); err != nil {
		s.failed(err)
		return false
	}
	s.whole, s.wholeV, s.wholeBroken = next, s.wholeV+1, false
	s.e.out.Records = append(s.e.out.Records, records...)
	for _, r := range records {
		s.e.counts[r.Kind]++
	}
	return true
}

// findDenied: AWS refuses reads to the credentials. A refusal stands until the same read is answered; after a change of owner all of the clusters have to be
// read before there is none.
func (s *scope) findDenied(now Now) finding {
	at := s.now(now)
	maps.DeleteFunc(s.signs.denials, func(d denial, c claim) bool {
		return at.Sub(c.at) > denialHolds || d.cluster != "" && s.clusters[d.cluster] == nil
	})
	if len(s.signs.denials) == 0 {
		return finding{known: s.seenAll("scope.denied")}
	}
	list := slices.SortedFunc(maps.Keys(s.signs.denials), func(a, b denial) int {
		return cmp.Or(cmp.Compare(slices.Index(emr.Ops, a.op), slices.Index(emr.Ops, b.op)), cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.group, b.group))
	})
	text := string(list[0].op)
	if list[0].cluster != "" {
		text += " of " + string(list[0].cluster)
	}
	if more := len(list) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more reads", more)
	}
	return finding{holds: true, reason: fmt.Sprintf("AWS refuses %s, so what it would show is not guarded: %s; emrguard check names the permission that is missing", text, s.signs.denials[list[0]].text)}
}

// seenAll says whether the clusters were listed, and each described and read, since the lease was taken. The clusters are looked at only while a trouble of
// the kind waits for its end.
func (s *scope) seenAll(kind string) bool {
	if !s.listed || !slices.ContainsFunc(s.whole.Troubles, func(t trouble) bool { return t.Kind == kind }) {
		return false
	}
	for _, c := range s.clusters { //archtest:sorted all are asked
		if c.unread() || c.state.Described.IsZero() {
			return false
		}
	}
	return true
}

// findUnread: EMR does not answer, or has no rate left for emrguard. A refusal is an answer.
func (s *scope) findUnread(now Now) finding {
	if s.signs.emr.lasts(now) {
		return finding{holds: true, reason: fmt.Sprintf("EMR could not be read for %s, so nothing is decided: %s", silentAfter, s.signs.emr.text)}
	}
	return finding{known: s.signs.answered && !s.signs.emr.failing}
}

// findBroken: clusters are left alone, because what is stored of them cannot be read or deciding on them broke down. Both last until the next start.
func (s *scope) findBroken(Now) finding {
	if len(s.broken) == 0 {
		return finding{known: true}
	}
	ids := slices.Sorted(maps.Keys(s.broken))
	why, _, _ := strings.Cut(s.broken[ids[0]].Error(), "\n") // the rest is a stack
	const shown = 3
	text := strings.Join(ids[:min(shown, len(ids))], ", ")
	if more := len(ids) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return finding{holds: true, reason: fmt.Sprintf("%s is not guarded, since its stored state or a decision on it is broken: %s", text, why)}
}

// findSkew: the clocks disagree (rule R11).
func (s *scope) findSkew(Now) finding {
	if s.clock.trusted() {
		return finding{known: s.signs.dated}
	}
	return finding{holds: true, reason: fmt.Sprintf("local time is %s from AWS's; no recovery starts until an answer agrees", s.clock.skewed.Round(time.Second))}
}

// findQueue: the queue of events cannot be read. A refusal counts at once.
func (s *scope) findQueue(now Now) finding {
	q := &s.signs.queue
	switch {
	case s.Queue == "":
		return finding{known: true}
	case q.failing && (q.refused || q.lasts(now)):
		return finding{holds: true, reason: "EMR's events do not come, so changes are seen by reading alone, at worst a sweep later: " + q.text}
	}
	return finding{known: s.heard && !q.failing}
}

// findLate: the sweep is slower than half of recovery.after, at two looks in a row. It says nothing while EMR does not answer.
func (s *scope) findLate(now Now) finding {
	x := &s.signs
	if x.emr.lasts(now) {
		x.readable = s.now(now)
		return finding{}
	}
	if x.late == 0 {
		return finding{known: now.Mono-x.lateAt >= lateHolds && s.seenAll("sweep.late")}
	}
	return finding{holds: x.lateLast > 0, reason: fmt.Sprintf(
		"%d clusters were not read for half of recovery.after: raise api_share, or api_rates where AWS raised yours, or watch fewer clusters", x.late)}
}

// countLate counts the clusters that are read as a routine and were not for half of their recovery.after, nor for one and a half sweeps, nor tried to be. What is wrong with a read that
// failed, or was unusable, is told by itself.
func (s *scope) countLate(at time.Time) int {
	n := 0
	for _, c := range s.clusters { //archtest:sorted they are counted
		last := c.state.Read
		if last.IsZero() || c.state.Unusable != nil || c.state.Cluster.Collection == emr.Fleets {
			continue
		}
		for _, t := range []time.Time{s.signs.readable, c.failed} {
			if t.After(last) {
				last = t
			}
		}
		if eff := c.effective(); eff.Mode != guard.Off && at.Sub(last) > max(eff.Settings.After/2, s.Sweep+s.Sweep/2) {
			n++
		}
	}
	return n
}
