package simtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// submit puts an order into the inbox.
func (w *World) submit(o guard.Order, cluster string) {
	o.Author = "an operator"
	body, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	id := fmt.Sprintf("by-hand-%s-%d-%d", o.Kind, w.Now().UnixNano(), len(w.Records))
	if err := w.o.Store.Submit(context.Background(), store.Order{ID: id, Scope: ScopeName, Cluster: cluster, At: w.Now(), Author: o.Author, Body: body}); err != nil && !errors.Is(err, store.ErrExists) {
		panic(err)
	}
}
