// Package store is the port to emrguard's durable state: one versioned document per cluster, its history, leases and orders.
//
// It is the one interface that does not live at its consumer, because every adapter has to pass the same suite
// (storetest). Adapters: store/sqlite and, for tests, store/memory. All methods are safe for concurrent use and honour
// their context. Times are stored in UTC with microseconds; an adapter never reads a clock, the caller passes the time.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// The errors callers act on. Adapters wrap them with the thing and the reason.
var (
	// ErrNotFound: no such document or order.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the document's version is not the expected one; somebody else saved first.
	ErrConflict = errors.New("version conflict")
	// ErrExists: a record or an order with this id is there already. Nothing was written.
	ErrExists = errors.New("exists already")
	// ErrFenced: the lease is held by another owner or has another generation. Nothing was written.
	ErrFenced = errors.New("lease lost")
	// ErrNewer: the store was written by a newer emrguard; nothing was changed.
	ErrNewer = errors.New("store is from a newer version")
	// ErrCorrupt: the store or a document in it cannot be read; nothing was changed.
	ErrCorrupt = errors.New("store is corrupt")
	// ErrReadOnly: the store cannot be written to.
	ErrReadOnly = errors.New("store is read-only")
	// ErrFull: no space left on the device or the store's size limit is reached.
	ErrFull = errors.New("store is full")
	// ErrBusy: another process holds the store's lock for longer than the adapter waits.
	ErrBusy = errors.New("store is locked")
)

// Key names one aggregate: a cluster in a scope. An EMR cluster id is unique within an account and region only.
type Key struct {
	Scope   string
	Cluster string
}

// String is scope/cluster.
func (k Key) String() string { return k.Scope + "/" + k.Cluster }

// RecoveryKey names one recovery. Its id alone is unique on its cluster only: when a region runs dry, many clusters begin a recovery in the same second.
type RecoveryKey struct {
	Key
	Recovery string
}

// String is scope/cluster/recovery, which ParseRecoveryKey reads.
func (k RecoveryKey) String() string { return k.Key.String() + "/" + k.Recovery }

// Query finds the records of the recovery.
func (k RecoveryKey) Query() Query {
	return Query{Scope: k.Scope, Cluster: k.Cluster, Recovery: k.Recovery}
}

// ParseRecoveryKey reads scope/cluster/recovery; none of the three holds a slash.
func ParseRecoveryKey(text string) (k RecoveryKey, ok bool) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || slices.Contains(parts, "") {
		return RecoveryKey{}, false
	}
	return RecoveryKey{Key{parts[0], parts[1]}, parts[2]}, true
}

// Document is the stored state of one cluster.
type Document struct {
	Key
	Version int64 // counts saves, from 1
	Body    Body  // the guard's state, opaque here
	Ended   bool  // the cluster is gone: kept for history, left out of LoadScope
	Saved   time.Time
}

// Record is one row of the history: a decision, a call, an answer, an observation. Records are never changed.
type Record struct {
	Key
	ID       string // unique in the store, for example "d-7K2M…"; chosen by the caller
	At       time.Time
	Kind     string          // a stable word, for example "recovery.stop"
	Group    string          // the group, empty when it concerns the cluster
	Pool     string          // the pool's origin group, likewise
	Recovery string          // the recovery, likewise
	Reason   string          // one sentence
	Author   string          // who asked for it; empty for emrguard itself
	Data     json.RawMessage // inputs and outcome, opaque here
	Seq      int64           // set by the store: the order of writing, ascending
}

// Save is everything one decision changes, written in one transaction or not at all.
type Save struct {
	Lease   Lease      // must be held, or ErrFenced
	Docs    []Document // Version is the expected present version, 0 for a new document; the store writes Version+1
	Records []Record
	Orders  []Answer // orders that were carried out
}

// Query selects history. Zero fields do not restrict.
type Query struct {
	Scope, Cluster, Group, Pool, Recovery string
	Kinds                                 []string  // exact, or a prefix that ends in "."
	From, To                              time.Time // From <= At < To
	Before                                int64     // only Seq < Before; for paging
	After                                 int64     // only Seq > After; for following
	Oldest                                bool      // oldest first; default newest first
	Limit                                 int       // 1 to 10000; 0 stands for 100
}

// Lease is the ownership of one scope. Generation rises whenever the owner changes and fences every save. A released
// lease has no owner and keeps its generation.
type Lease struct {
	Scope      string
	Owner      string // unique per process start
	Generation int64
	Expires    time.Time
	Note       string // who and where, for people: host, pid
}

// Held says whether the lease stands at now.
func (l Lease) Held(now time.Time) bool { return l.Owner != "" && now.Before(l.Expires) }

// Order is a change asked for by hand (ban, pause, scale …) that waits for the owner of its scope.
type Order struct {
	ID      string // chosen by the sender, unique
	Scope   string
	Cluster string // empty for an order to the whole scope
	At      time.Time
	Author  string
	Body    json.RawMessage // what desk makes of a guard.Order, opaque here
}

// Answer is what became of an order.
type Answer struct {
	ID      string
	At      time.Time
	Refused bool
	Text    string // the reason, or what was done
}

// Store is the port.
type Store interface {
	// ID is the identity of this store, chosen at random when it was created: 8 characters of a-z2-7. It is part of the
	// names of the groups emrguard makes.
	ID() string

	// Load returns one document, or ErrNotFound.
	Load(ctx context.Context, key Key) (Document, error)
	// LoadScope returns the documents of a scope that have not ended, ordered by cluster. One unreadable document is
	// returned as an error that wraps ErrCorrupt together with all the readable ones.
	LoadScope(ctx context.Context, scope string) ([]Document, error)
	// Scopes lists the scopes that have documents, leases or orders, ordered.
	Scopes(ctx context.Context) ([]string, error)

	// Save writes one decision. ErrFenced, ErrConflict (a document, or an order answered before), ErrExists (a record's
	// id) or ErrNotFound (an order of this scope): nothing was written. It compares the lease's owner and generation; it
	// knows no time, so a lapsed lease that nobody took still saves.
	Save(ctx context.Context, s Save) error
	// History returns records by query; Limit bounds them. Unreadable records are returned as an error that wraps
	// ErrCorrupt together with the readable ones.
	History(ctx context.Context, q Query) ([]Record, error)
	// Record returns one record by id, or ErrNotFound.
	Record(ctx context.Context, id string) (Record, error)
	// Prune deletes records, ended documents and answered orders older than before, at most limit rows, and says how many
	// went. A document that has not ended and an unanswered order are never deleted.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)

	// Acquire takes or renews the lease of a scope for ttl from now. If another owner's lease stands at now, it returns
	// that lease and ErrFenced. A renewal keeps the generation, a change of owner raises it.
	Acquire(ctx context.Context, scope, owner, note string, now time.Time, ttl time.Duration) (Lease, error)
	// Release gives the lease up at once if it is still this one; otherwise it does nothing.
	Release(ctx context.Context, l Lease) error
	// Leases lists all leases, ordered by scope, lapsed ones too.
	Leases(ctx context.Context) ([]Lease, error)

	// Submit puts an order into the inbox of its scope. It needs no lease. ErrExists: an order with this id was submitted
	// before.
	Submit(ctx context.Context, o Order) error
	// Orders returns the unanswered orders of a scope, in the order of their arrival. Unreadable ones are returned as an
	// error that wraps ErrCorrupt together with the readable ones.
	Orders(ctx context.Context, scope string) ([]Order, error)
	// Submitted returns an order as it was submitted, answered or not, or ErrNotFound.
	Submitted(ctx context.Context, id string) (Order, error)
	// Answered returns the answer to an order, or ErrNotFound while there is none.
	Answered(ctx context.Context, id string) (Answer, error)

	// Check reads every document and record and verifies the store's own integrity; it returns all problems joined.
	Check(ctx context.Context) error
	// Close releases the store. Calls under way may fail.
	Close() error
}

// NotifyScope is the scope of the documents and of the lease of the notifications. It is no AWS account: Reserved says so of it.
const NotifyScope = ".notify"

// Reserved says whether a scope is emrguard's own book-keeping. Configurations cannot name such a scope, since they begin with a dot.
func Reserved(scope string) bool { return strings.HasPrefix(scope, ".") }
