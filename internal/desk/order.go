package desk

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// How often an order's answer is looked for, and who holds its scope. The second reads all documents of the scope.
const (
	answerEvery = 100 * time.Millisecond
	holderEvery = 10 * answerEvery
)

// Target is where an order goes; an empty cluster is the whole scope.
type Target struct {
	Scope   string
	Cluster emr.ClusterID
}

// Receipt is an order's answer.
type Receipt struct {
	Order   string `json:"order" doc:"id of the order"`
	Scope   string `json:"scope" doc:"name of the scope"`
	Cluster string `json:"cluster,omitempty" doc:"id of the cluster; absent for the whole scope"`
	Kind    string `json:"kind" doc:"ban, unban, pause, resume, scale, return or adopt"`
	State   string `json:"state" doc:"done; refused: exit code 3; waiting: nobody answered in time, the order stays in the inbox, exit code 1"`
	Text    string `json:"text" doc:"what was done, or the reason of the refusal"`
	Next    string `json:"next,omitempty" doc:"what happens next"`
}

// The states of a receipt.
const (
	Done    = "done"
	Refused = "refused"
	Waiting = "waiting"
)

// NewOrderID makes up the id of an order.
func NewOrderID() string { return "o-" + rand.Text()[:16] }

// Errand is an order to hand in.
type Errand struct {
	ID    string // new, as NewOrderID makes them up, or made from what a sender chose
	To    Target
	Order guard.Order
	// Request stands for what was asked for, to tell a request that is sent again from another one with the same id (Repeated). Empty: it is not
	// sent again.
	Request string
	// Patience is how long the answer is waited for.
	Patience time.Duration
	// Alone is called, again and again, while nobody holds the scope, so that the order can be carried out without a guard; nil waits for one.
	Alone func(context.Context, time.Time) error
}

// submitted is an order as it lies in the store. The guard reads the first part alone.
type submitted struct {
	guard.Order
	Request string `json:"request,omitempty"`
}

// Submit puts an order into its scope's inbox and waits for the answer. An order that nobody answered in time stays in the inbox. An id that is
// not new is store.ErrExists; an order that no guard could accept is a RequestError.
func (d Desk) Submit(ctx context.Context, e Errand) (Receipt, error) {
	r := Receipt{Order: e.ID, Scope: e.To.Scope, Cluster: string(e.To.Cluster), Kind: string(e.Order.Kind)}
	if err := e.Order.Validate(); err != nil {
		return r, &RequestError{err}
	}
	body, err := json.Marshal(submitted{e.Order, e.Request})
	if err != nil {
		return r, err
	}
	if err := d.Store.Submit(ctx, store.Order{ID: e.ID, Scope: r.Scope, Cluster: r.Cluster, At: d.Now(ctx), Author: e.Order.Author, Body: body}); err != nil {
		return r, err
	}
	return d.await(ctx, r, e.Patience, e.Alone)
}

// ErrReused is the error of an id that stands for another request already.
var ErrReused = errors.New("another order was sent with it before")

// Repeated waits for the answer to an order that was submitted before, as Submit does. If there was none with this id, that is store.ErrNotFound;
// if that was for another request, ErrReused.
func (d Desk) Repeated(ctx context.Context, id, request string, patience time.Duration) (Receipt, error) {
	o, err := d.Store.Submitted(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	var body submitted
	if err := json.Unmarshal(o.Body, &body); err != nil {
		return Receipt{}, fmt.Errorf("order %s cannot be read: %w", id, err)
	}
	if body.Request != request {
		return Receipt{}, ErrReused
	}
	return d.await(ctx, Receipt{Order: id, Scope: o.Scope, Cluster: o.Cluster, Kind: string(body.Kind)}, patience, nil)
}

func (d Desk) await(ctx context.Context, r Receipt, patience time.Duration, alone func(context.Context, time.Time) error) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, max(patience, answerEvery))
	defer cancel()
	tick := time.NewTicker(answerEvery)
	defer tick.Stop()
	holder := ""
	for looks := 0; ; looks++ {
		if looks%int(holderEvery/answerEvery) == 0 {
			now, err := d.holder(ctx, r.Scope)
			if err != nil && ctx.Err() == nil {
				return r, err
			}
			if err == nil {
				holder = now
			}
		}
		answered, err := d.answered(ctx, &r, holder != "")
		if answered || err != nil && ctx.Err() == nil {
			return r, err
		}
		if holder == "" && alone != nil && ctx.Err() == nil {
			trouble := alone(ctx, d.Now(ctx))
			answered, err := d.answered(ctx, &r, false)
			if answered || err != nil && ctx.Err() == nil {
				return r, err
			}
			if trouble != nil && ctx.Err() == nil {
				return r, fmt.Errorf("%w; order %s stays in the store and is carried out by the next emrguard that runs", trouble, r.Order)
			}
		}
		select {
		case <-ctx.Done():
			r.State = Waiting
			if r.Text = fmt.Sprintf("order %s waits: nobody holds scope %s; it stays in the store and is carried out by the next emrguard that runs", r.Order, r.Scope); holder != "" {
				r.Text = fmt.Sprintf("order %s waits: %s holds scope %s and did not answer within %s; it stays in the store and is carried out as soon as that one, or its successor, looks",
					r.Order, holder, r.Scope, patience)
			}
			return r, nil
		case <-tick.C:
		}
	}
}

// answered completes the receipt if the order has been answered.
func (d Desk) answered(ctx context.Context, r *Receipt, running bool) (bool, error) {
	answer, err := d.Store.Answered(ctx, r.Order)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.State, r.Text, r.Next = Done, answer.Text, next(guard.OrderKind(r.Kind), running)
	if answer.Refused {
		r.State, r.Next = Refused, ""
	}
	return true, nil
}

// holder says who holds the scope's lease, and whether it is overdue to renew it, or "". Ages are told by the guard's time, which may be ahead of the wall clock.
func (d Desk) holder(ctx context.Context, scope string) (string, error) {
	w, err := d.World(ctx, scope)
	if err != nil {
		return "", err
	}
	for _, row := range w.Status().Scopes {
		if row.Owner != nil {
			who := row.Owner.Who()
			if seen := row.Owner.LastSeen; !seen.IsZero() {
				who += " (last seen " + view.Span(w.Now.Sub(seen)) + " ago)"
			}
			return who, nil
		}
	}
	return "", nil
}

// next says what happens after an accepted order.
func next(kind guard.OrderKind, running bool) string {
	switch kind {
	case guard.OrderBan:
		return "What runs there stays; launches go to other groups of its pool."
	case guard.OrderUnban:
		return "It is a candidate for the next launch again."
	case guard.OrderPause:
		return "Clocks go on; emrguard status shows what is missing, emrguard resume ends the pause."
	case guard.OrderAdopt:
		return "The groups are members of their pools from now on; emrguard pools shows them."
	}
	if !running {
		return "No emrguard runs at the moment: emrguard run or emrguard once carries on from here."
	}
	if kind == guard.OrderResume {
		return "What is due follows now."
	}
	return "The running emrguard carries it out; emrguard recoveries shows how far it is."
}
