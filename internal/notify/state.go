package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"emrguard/internal/store"
)

// schema is the version of the documents' form.
const schema = 1

// The names of the documents.
const (
	bookDocument = "book"
	boxDocuments = "sink."
)

// state is everything that is kept between two steps.
type state struct {
	book
	version int64
	saved   time.Time // of the book, when it was loaded
	dirty   bool
	boxes   map[string]*boxed
}

// book is the document that is not about one sink.
type book struct {
	Schema int   `json:"schema"`
	Cursor int64 `json:"cursor"` // the last record that was read
	Last   int64 `json:"last"`   // number of the last message
}

// boxed is a sink's document.
type boxed struct {
	box
	version int64
	dirty   bool
}

// load reads the state. Where there is none, or nobody looked since before a time, it begins after the newest record; missed says since when
// nobody looked.
func load(ctx context.Context, s store.Store, before time.Time) (out *state, missed time.Time, err error) {
	docs, err := s.LoadScope(ctx, store.NotifyScope)
	if err != nil {
		return nil, missed, fmt.Errorf("load the notifications: %w", err)
	}
	out, found := &state{book: book{Schema: schema}, boxes: map[string]*boxed{}}, false
	for _, d := range docs {
		var form struct {
			Schema int `json:"schema"`
		}
		if err := d.Body.Decode(&form); err != nil {
			return nil, missed, fmt.Errorf("the document %s cannot be read: %w", d.Key, err)
		}
		if form.Schema > schema {
			return nil, missed, fmt.Errorf("the document %s has schema %d, this emrguard reads up to %d; use the newer one", d.Key, form.Schema, schema)
		}
		if d.Cluster == bookDocument {
			found, out.version, out.saved = true, d.Version, d.Saved
			if d.Saved.Before(before) {
				missed = d.Saved
			}
			err = d.Body.Decode(&out.book)
		} else {
			b := &boxed{version: d.Version}
			if err = d.Body.Decode(&b.box); err == nil && boxDocuments+b.Sink != d.Cluster {
				err = fmt.Errorf("it is of sink %q", b.Sink)
			}
			out.boxes[b.Sink] = b
		}
		if err != nil {
			return nil, missed, fmt.Errorf("the document %s cannot be read: %w", d.Key, err)
		}
	}
	if found && missed.IsZero() {
		return out, missed, nil
	}
	newest, err := s.History(ctx, store.Query{Limit: 1})
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return nil, missed, fmt.Errorf("find the end of the history: %w", err)
	}
	if len(newest) > 0 {
		out.Cursor = newest[0].Seq
	}
	out.dirty = true
	return out, missed, nil
}

// box returns the box of a sink, a new one if there is none.
func (s *state) box(name string) *boxed {
	if b := s.boxes[name]; b != nil {
		return b
	}
	b := &boxed{box: box{Schema: schema, Sink: name}}
	s.boxes[name] = b
	return b
}

// names are the sinks that have a box, in order.
func (s *state) names() []string { return slices.Sorted(maps.Keys(s.boxes)) }

// number gives out the ids of messages.
func (s *state) number(storeID string) func() string {
	return func() string {
		s.Last++
		return messageID(storeID, s.Last)
	}
}

// encode is a document's body. It is no HTML, and escaping it as such could double its size.
func encode(body any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		panic("notify: " + err.Error()) // plain values
	}
	return b.Bytes()
}

// changed are the documents to save, and what to do when they are.
func (s *state) changed(now time.Time) ([]store.Document, func()) {
	var docs []store.Document
	var after []func()
	add := func(name string, version *int64, dirty *bool, body any) {
		if !*dirty {
			return
		}
		docs = append(docs, store.Document{Key: store.Key{Scope: store.NotifyScope, Cluster: name}, Version: *version, Body: store.Text(string(encode(body))), Saved: now.UTC()})
		after = append(after, func() { *version, *dirty = *version+1, false })
	}
	add(bookDocument, &s.version, &s.dirty, s.book)
	for _, name := range s.names() {
		b := s.boxes[name]
		add(boxDocuments+name, &b.version, &b.dirty, b.box)
	}
	return docs, func() {
		for _, f := range after {
			f()
		}
	}
}
