package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/app"
	"emrguard/internal/desk"
	"emrguard/internal/guard"
	"emrguard/internal/view"
)

// orderer is what the commands have in common that change something by hand.
type orderer struct {
	*reader
	out     *output
	author  string
	reason  string
	timeout time.Duration
}

// addOrderFlags gives a command the flags of an order and explains how orders are carried out.
func addOrderFlags(cmd *cobra.Command, d *Deps) *orderer {
	o := &orderer{reader: addReaderFlags(cmd, d), out: addOutputFlag(cmd)}
	o.completeNames(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.reason, "reason", "", "why, for the history")
	flags.StringVar(&o.author, "author", "", "who, for the history (default USER@HOST of this process)")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long to wait for a running emrguard's answer")
	cmd.Long = strings.TrimSpace(cmd.Long) + `

The order goes into the store. A running emrguard answers it within a second; if none runs, this command carries it out itself, without
calling AWS. An order that nobody answered in time stays in the store and is carried out later.

` + jsonHelp(desk.Receipt{})
	return o
}

// send gives an order to whoever owns the scope, waits for the answer and writes it.
func (o *orderer) send(ctx context.Context, to desk.Target, order guard.Order) error {
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
	table := o.d.desk(cfg, s)
	receipt, err := table.Submit(ctx, desk.Errand{ID: desk.NewOrderID(), To: to, Order: order, Patience: o.timeout, Alone: func(ctx context.Context, now time.Time) error {
		return carryOut(ctx, s, cfg, to, now)
	}})
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	return o.write(receipt)
}

// write tells the answer. A refusal and a missing answer are errors with their exit codes.
func (o *orderer) write(page desk.Receipt) error {
	if o.out.JSON() {
		if err := writeJSON(o.d.Stdout, page); err != nil {
			return err
		}
	}
	switch page.State {
	case desk.Refused:
		return refusedError("refused: %s", page.Text)
	case desk.Waiting:
		return errors.New(page.Text)
	}
	if o.out.JSON() {
		return nil
	}
	_, err := fmt.Fprintf(o.d.Stdout, "%s\n%s\n", printable(page.Text), page.Next)
	return err
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
	if err := o.only(opened); err != nil {
		return view.Found{}, errors.Join(err, opened.close())
	}
	found, err := f(opened.world)
	if err != nil {
		err = &exitError{exitUsage, err}
	}
	return found, errors.Join(err, opened.close())
}
