package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// scopeDoc is the name of the document that holds what concerns a whole scope; no cluster is called so.
const scopeDoc = "*"

// takeOrders carries out what people asked for.
func (s *scope) takeOrders(ctx context.Context, now Now) {
	if now.Mono < s.orderAt {
		s.e.next(Now{Mono: s.orderAt})
		return
	}
	every := s.e.o.LeaseTTL / 30
	s.orderAt = now.Mono + every
	s.e.next(Now{Mono: s.orderAt})
	orders, err := s.e.o.Store.Orders(ctx, s.id)
	if err != nil {
		s.e.fault(s, "", fmt.Errorf("read orders: %w", err))
		return
	}
	for _, o := range orders {
		s.order(ctx, now, o)
		if !s.held {
			return
		}
	}
}

func (s *scope) order(ctx context.Context, now Now, o store.Order) {
	var order guard.Order
	err := json.Unmarshal(o.Body, &order)
	c := s.clusters[emr.ClusterID(o.Cluster)]
	switch {
	case err != nil:
		s.answer(ctx, now, o, true, "the order cannot be read: "+err.Error())
	case o.Cluster == "" && (order.Kind == guard.OrderPause || order.Kind == guard.OrderResume):
		s.pauseAll(ctx, now, o, order)
	case c == nil:
		s.answer(ctx, now, o, true, fmt.Sprintf("cluster %q is not watched in scope %s", o.Cluster, s.id))
	default:
		c.decide(ctx, now, guard.Input{Order: &order}, &o)
	}
}

// pauseAll holds or frees every cluster of the scope, those included that are yet to come.
func (s *scope) pauseAll(ctx context.Context, now Now, o store.Order, order guard.Order) {
	paused, reply := guard.OfScope(s.whole.Paused, order, s.now(now))
	if reply.Refused {
		s.answer(ctx, now, o, true, reply.Text)
		return
	}
	next := wholeScope{Paused: paused, Troubles: s.whole.Troubles}
	rec := store.Record{Key: store.Key{Scope: s.id}, ID: s.rowID(now.Wall), At: s.now(now), Kind: "order." + string(order.Kind), Reason: order.Because(reply.Text), Author: order.Author}
	if !s.saveWhole(ctx, now, next, []store.Record{rec}, []store.Answer{{ID: o.ID, At: s.now(now), Text: reply.Text}}) {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
		if c := s.clusters[id]; c != nil {
			c.decide(ctx, now, guard.Input{}, nil)
		}
	}
}

func (s *scope) answer(ctx context.Context, now Now, o store.Order, refused bool, text string) {
	err := s.e.o.Store.Save(ctx, store.Save{Lease: s.lease, Orders: []store.Answer{{ID: o.ID, At: s.now(now), Refused: refused, Text: text}}})
	if err != nil {
		s.failed(err)
	}
}
