package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// answerEvery is how often an order's answer is looked for.
const answerEvery = 100 * time.Millisecond

// orderer is what the commands have in common that change something by hand.
type orderer struct {
	*reader
	out     *output
	author  string
	reason  string
	timeout time.Duration
}

// orderPage is the JSON of an order's answer.
type orderPage struct {
	Order   string `json:"order" doc:"id of the order"`
	Scope   string `json:"scope" doc:"name of the scope"`
	Cluster string `json:"cluster,omitempty" doc:"id of the cluster; absent for the whole scope"`
	Kind    string `json:"kind" doc:"ban, unban, pause, resume, scale, return or adopt"`
	State   string `json:"state" doc:"done; refused: exit code 3; waiting: nobody answered in time, the order stays in the inbox, exit code 1"`
	Text    string `json:"text" doc:"what was done, or the reason of the refusal"`
	Next    string `json:"next,omitempty" doc:"what happens next"`

	running bool // somebody else holds the scope
}

// The states of an answer.
const (
	orderDone    = "done"
	orderRefused = "refused"
	orderWaiting = "waiting"
)

// addOrderFlags gives a command the flags of an order and explains how orders are carried out.
func addOrderFlags(cmd *cobra.Command, d *Deps) *orderer {
	o := &orderer{reader: addReaderFlags(cmd, d), out: addOutputFlag(cmd)}
	flags := cmd.Flags()
	flags.StringVar(&o.reason, "reason", "", "why, for the history")
	flags.StringVar(&o.author, "author", "", "who, for the history (default USER@HOST of this process)")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long to wait for a running emrguard's answer")
	cmd.Long = strings.TrimSpace(cmd.Long) + `

The order goes into the store. A running emrguard answers it within a second; if none runs, this command carries it out itself, without
calling AWS. An order that nobody answered in time stays in the store and is carried out later.

` + jsonHelp(orderPage{})
	return o
}

// target is where an order goes; an empty cluster is the whole scope.
type target struct {
	scope   string
	cluster emr.ClusterID
}

// send gives an order to whoever owns the scope, waits for the answer and writes it.
func (o *orderer) send(ctx context.Context, to target, order guard.Order) error {
	order.Author, order.Reason = cmp.Or(o.author, osAuthor(o.d)), o.reason
	if err := order.Validate(); err != nil {
		return usageError("%w", err)
	}
	cfg, err := o.cfg.Load()
	if err != nil {
		return err
	}
	s, err := app.OpenStore(ctx, cfg, false)
	if err != nil {
		return err
	}
	page, err := o.submit(ctx, cfg, s, to, order)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	return o.write(page)
}

// submit puts the order into the inbox and sees to its answer.
func (o *orderer) submit(ctx context.Context, cfg *config.Config, s store.Store, to target, order guard.Order) (orderPage, error) {
	page := orderPage{Order: "o-" + rand.Text()[:16], Scope: to.scope, Cluster: string(to.cluster), Kind: string(order.Kind)}
	body, err := json.Marshal(order)
	if err != nil {
		return page, err
	}
	if err := s.Submit(ctx, store.Order{ID: page.Order, Scope: to.scope, Cluster: page.Cluster, At: o.d.present(ctx, cfg), Author: order.Author, Body: body}); err != nil {
		return page, err
	}
	ctx, cancel := context.WithTimeout(ctx, max(o.timeout, answerEvery))
	defer cancel()
	tick := time.NewTicker(answerEvery)
	defer tick.Stop()
	holder := "somebody"
	for {
		answered, err := o.answered(ctx, s, &page)
		if answered || err != nil && ctx.Err() == nil {
			return page, err
		}
		owner, err := o.holder(ctx, cfg, s, to.scope)
		if err != nil && ctx.Err() == nil {
			return page, err
		}
		if owner == "" && ctx.Err() == nil {
			trouble := carryOut(ctx, s, cfg, to, o.d.present(ctx, cfg))
			answered, err := o.answered(ctx, s, &page)
			if answered || err != nil && ctx.Err() == nil {
				return page, err
			}
			if trouble != nil && ctx.Err() == nil {
				return page, fmt.Errorf("%w; order %s stays in the store and is carried out by the next emrguard that runs", trouble, page.Order)
			}
		}
		if page.running = owner != ""; page.running {
			holder = owner
		}
		select {
		case <-ctx.Done():
			page.State = orderWaiting
			page.Text = fmt.Sprintf("order %s waits: %s holds scope %s and did not answer within %s; it stays in the store and is carried out as soon as that one, or its successor, looks",
				page.Order, holder, to.scope, o.timeout)
			return page, nil
		case <-tick.C:
		}
	}
}

// answered completes the page if the order has been answered.
func (o *orderer) answered(ctx context.Context, s store.Store, page *orderPage) (bool, error) {
	answer, err := s.Answered(ctx, page.Order)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	page.State, page.Text, page.Next = orderDone, answer.Text, next(guard.OrderKind(page.Kind), page.running)
	if answer.Refused {
		page.State, page.Next = orderRefused, ""
	}
	return true, nil
}

// holder says who holds the scope's lease, and whether it is overdue to renew it, or "". Ages are told by the guard's time, which may be ahead of the wall clock.
func (o *orderer) holder(ctx context.Context, cfg *config.Config, s store.Store, scope string) (string, error) {
	r := *o.reader
	r.scope = scope
	w, err := r.load(ctx, cfg, s)
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

// write tells the answer. A refusal and a missing answer are errors with their exit codes.
func (o *orderer) write(page orderPage) error {
	if o.out.JSON() {
		if err := writeJSON(o.d.Stdout, page); err != nil {
			return err
		}
	}
	switch page.State {
	case orderRefused:
		return refusedError("refused: %s", page.Text)
	case orderWaiting:
		return errors.New(page.Text)
	}
	if o.out.JSON() {
		return nil
	}
	_, err := fmt.Fprintf(o.d.Stdout, "%s\n%s\n", printable(page.Text), page.Next)
	return err
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

// osAuthor is who runs this process, as far as the system tells.
func osAuthor(d *Deps) string {
	name := d.Env("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		return cmp.Or(name, "unknown")
	}
	return cmp.Or(name, "unknown") + "@" + host
}

// onCluster, onGroup and onPool find what an argument names.
func (o *orderer) onCluster(ctx context.Context, ref string) (view.Found, error) {
	return o.find(ctx, func(w view.World) (view.Found, error) { return w.FindCluster(ref) })
}

func (o *orderer) onGroup(ctx context.Context, ref string) (view.Found, error) {
	return o.find(ctx, func(w view.World) (view.Found, error) { return w.FindGroup(ref) })
}

// onPool takes a fallback, too: the guard then refuses the order and names the pool.
func (o *orderer) onPool(ctx context.Context, ref string) (view.Found, error) {
	return o.find(ctx, func(w view.World) (view.Found, error) {
		found, err := w.FindPool(ref)
		if unknown := (*view.UnknownError)(nil); errors.As(err, &unknown) {
			if group, groupErr := w.FindGroup(ref); groupErr == nil {
				return group, nil
			}
		}
		return found, err
	})
}

func (o *orderer) find(ctx context.Context, f func(view.World) (view.Found, error)) (view.Found, error) {
	opened, err := o.open(ctx)
	if err != nil {
		return view.Found{}, err
	}
	if _, err := o.only(opened); err != nil {
		return view.Found{}, errors.Join(err, opened.store.Close())
	}
	found, err := f(opened.world)
	if err != nil {
		err = &exitError{exitUsage, err}
	}
	return found, errors.Join(err, opened.store.Close())
}
