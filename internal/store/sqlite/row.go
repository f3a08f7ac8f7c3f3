package sqlite

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"emrguard/internal/store"
)

// castagnoli is CRC-32C, which processors compute themselves.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum is the checksum of a row's columns, each with its length in front.
func sum(columns ...any) int64 {
	var head [binary.MaxVarintLen64]byte
	var crc uint32
	for _, c := range columns {
		var b []byte
		switch c := c.(type) {
		case int64:
			b = binary.BigEndian.AppendUint64(nil, uint64(c))
		case string:
			b = []byte(c)
		case []byte:
			b = c
		case json.RawMessage:
			b = c
		}
		crc = crc32.Update(crc, castagnoli, head[:binary.PutUvarint(head[:], uint64(len(b)))])
		crc = crc32.Update(crc, castagnoli, b)
	}
	return int64(crc)
}

func sumDocument(d store.Document) int64 {
	return sum(d.Scope, d.Cluster, d.Version, number(d.Ended), d.Saved.UnixMicro(), d.Body.String())
}

// sumRecord leaves Seq out: SQLite gives it while it writes the row.
func sumRecord(r store.Record) int64 {
	return sum(r.ID, r.Scope, r.Cluster, r.At.UnixMicro(), r.Kind, r.Group, r.Pool, r.Recovery, r.Author, r.Reason, r.Data)
}

func sumLease(l store.Lease) int64 {
	return sum(l.Scope, l.Owner, l.Generation, l.Expires.UnixMicro(), l.Note)
}

// sumOrder covers the answer too; answered is nil while there is none.
func sumOrder(o store.Order, answered *store.Answer) int64 {
	columns := []any{o.ID, o.Scope, o.Cluster, o.At.UnixMicro(), o.Author, o.Body}
	if answered != nil {
		columns = append(columns, answered.At.UnixMicro(), number(answered.Refused), answered.Text)
	}
	return sum(columns...)
}

// row takes a scanned row apart. The columns were scanned as they are stored, because a damaged file can hold any type
// in any column; the first one that does not fit is remembered.
type row struct {
	columns []any
	next    int
	err     error
}

// newRow makes room for n columns.
func newRow(n int) *row { return &row{columns: make([]any, n)} }

// scan is what rows.Scan takes.
func (r *row) scan() []any {
	to := make([]any, len(r.columns))
	for i := range r.columns {
		to[i] = &r.columns[i]
	}
	return to
}

func (r *row) take() any {
	c := r.columns[r.next]
	r.next++
	return c
}

func (r *row) fail(want string, have any) {
	if r.err == nil {
		r.err = fmt.Errorf("column %d is a %T, not %s", r.next, have, want)
	}
}

func (r *row) integer() int64 {
	c := r.take()
	v, ok := c.(int64)
	if !ok {
		r.fail("an integer", c)
	}
	return v
}

// text returns the empty string for NULL.
func (r *row) text() string {
	c := r.take()
	if c == nil {
		return ""
	}
	v, ok := c.(string)
	if !ok {
		r.fail("a text", c)
	}
	return v
}

// json returns nil for no bytes, as for NULL.
func (r *row) json() json.RawMessage {
	c := r.take()
	v, ok := c.([]byte)
	if !ok && c != nil {
		r.fail("bytes", c)
	}
	if len(v) == 0 {
		return nil
	}
	return v
}

func (r *row) flag() bool { return r.integer() != 0 }

func (r *row) time() time.Time { return time.UnixMicro(r.integer()).UTC() }

// errSum is why a row that could be read is not trusted.
var errSum = errors.New("its checksum does not match its content")

// verify compares the stored checksum with that of what was read.
func (r *row) verify(stored, computed int64) error {
	if r.err == nil && stored != computed {
		return errSum
	}
	return r.err
}

// The columns of each table in the order that the functions below take them.
const (
	documentColumns = "scope, cluster, version, ended, saved, sum, body"
	recordColumns   = "seq, id, scope, cluster, at, kind, grp, pool, recovery, sum, author, reason, data"
	leaseColumns    = "scope, owner, generation, expires, note, sum"
	leaseWidth      = 6
	orderColumns    = "id, scope, cluster, at, author, body, answered, refused, answer, sum"
	orderWidth      = 10
)

func (r *row) document() (store.Document, error) {
	d := store.Document{Key: store.Key{Scope: r.text(), Cluster: r.text()}, Version: r.integer(), Ended: r.flag(), Saved: r.time()}
	stored := r.integer()
	d.Body = store.Text(string(r.json()))
	return d, r.verify(stored, sumDocument(d))
}

func (r *row) record() (store.Record, error) {
	h := store.Record{
		Seq: r.integer(), ID: r.text(), Key: store.Key{Scope: r.text(), Cluster: r.text()}, At: r.time(), Kind: r.text(),
		Group: r.text(), Pool: r.text(), Recovery: r.text(),
	}
	stored := r.integer()
	h.Author, h.Reason, h.Data = r.text(), r.text(), r.json()
	return h, r.verify(stored, sumRecord(h))
}

func (r *row) lease() (store.Lease, error) {
	l := store.Lease{Scope: r.text(), Owner: r.text(), Generation: r.integer(), Expires: r.time(), Note: r.text()}
	return l, r.verify(r.integer(), sumLease(l))
}

// order returns the answer too, nil while there is none.
func (r *row) order() (store.Order, *store.Answer, error) {
	o := store.Order{ID: r.text(), Scope: r.text(), Cluster: r.text(), At: r.time(), Author: r.text(), Body: r.json()}
	var a *store.Answer
	if open := r.columns[r.next] == nil; open {
		r.next += 3
	} else {
		a = &store.Answer{ID: o.ID, At: r.time(), Refused: r.flag(), Text: r.text()}
	}
	return o, a, r.verify(r.integer(), sumOrder(o, a))
}

// number is how SQLite stores a flag.
func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// optional is NULL for the empty string, which keeps a row out of a partial index.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// bytes is never NULL.
func bytes(b json.RawMessage) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
