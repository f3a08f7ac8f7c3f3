package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/notify"
	"emrguard/internal/notify/sink"
	"emrguard/internal/phrase"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

func newNotifyCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "Test the notifications and show what waits",
		Long: `notify is about the messages that the daemon sends to the sinks of the configuration; docs/notifications.md tells how to set them up.
"emrguard check" looks at the sinks without sending anything.`,
		Example: "  emrguard notify test\n  emrguard notify pending",
	}
	cmd.AddCommand(newNotifyTestCmd(d), newNotifyPendingCmd(d))
	return cmd
}

// tested is what became of one test message.
type tested struct {
	Sink  string `json:"sink" doc:"name of the sink"`
	Where string `json:"where" doc:"where its messages go, without secrets"`
	OK    bool   `json:"ok" doc:"the sink took the message"`
	Error string `json:"error,omitempty" doc:"why it did not"`
	Took  string `json:"took" doc:"how long that took"`
}

// testPage is the answer of `emrguard notify test --output json`.
type testPage struct {
	OK    bool     `json:"ok" doc:"every sink took its message"`
	Sinks []tested `json:"sinks" doc:"in the order of the configuration"`
}

// testTimeout bounds one test message, in real time.
const testTimeout = 20 * time.Second

func newNotifyTestCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Send a test message through each sink and say what became of it",
		Long: `test sends one message of its own through each sink, or the one that is named, once, without a daemon and past routes and outbox. A sink
that takes the message is fine; whether a person sees it is for that person to say.

The exit code is 4 if a sink did not take its message.

` + jsonHelp(testPage{}),
		Example: "  emrguard notify test -c emrguard.yaml\n  emrguard notify test --sink pager",
		Args:    noArgs,
	}
	file, out := addConfigFlag(cmd, d), addOutputFlag(cmd)
	only := cmd.Flags().String("sink", "", "only the sink of this `name` (default all)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := file.Load()
		if err != nil {
			return err
		}
		sinks, err := chosenSinks(cfg, *only)
		if err != nil {
			return err
		}
		page := testPage{OK: true}
		for _, s := range sinks {
			t := testSink(cmd.Context(), d, cfg, s)
			page.OK = page.OK && t.OK
			page.Sinks = append(page.Sinks, t)
		}
		return writeTest(d, out, page)
	}
	return cmd
}

// chosenSinks are the sinks to look at.
func chosenSinks(cfg *config.Config, only string) ([]notify.Sink, error) {
	all := cfg.Notify.Sinks
	if only == "" {
		if len(all) == 0 {
			return nil, usageError("%s has no sinks; docs/notifications.md tells how to give it some (notify.sinks)", cfg.Name())
		}
		return all, nil
	}
	var names []string
	for i := range all {
		if all[i].Name == only {
			return all[i : i+1], nil
		}
		names = append(names, all[i].Name)
	}
	return nil, usageError("%s has no sink %q; there are %s", cfg.Name(), only, strings.Join(names, ", "))
}

// testSink sends one message.
func testSink(ctx context.Context, d *Deps, cfg *config.Config, c notify.Sink) tested {
	out := tested{Sink: c.Name, Where: c.Type()}
	start := time.Now()
	s, err := sink.New(ctx, c, app.SinkOptions(cfg, d.Env, d.Version))
	if err == nil {
		out.Where = s.Where()
		limited, cancel := context.WithTimeout(ctx, testTimeout)
		defer cancel()
		err = s.Send(limited, notify.TestMessage("n-test-"+strings.ToLower(rand.Text()[:12]), start))
	}
	out.OK, out.Took = err == nil, time.Since(start).Round(time.Millisecond).String()
	if err != nil {
		out.Error = err.Error()
	}
	return out
}

func writeTest(d *Deps, out *output, page testPage) error {
	failed := 0
	rows := make([][]string, len(page.Sinks))
	for i, t := range page.Sinks {
		what := "sent"
		if !t.OK {
			failed++
			what = "failed: " + t.Error
		}
		rows[i] = []string{t.Sink, t.Where, what}
	}
	if out.JSON() {
		if err := writeJSON(d.Stdout, page); err != nil {
			return err
		}
	} else if err := writeTable(d.Stdout, []string{"SINK", "WHERE", "OUTCOME"}, rows); err != nil {
		return err
	}
	switch failed {
	case 0:
		return nil
	case 1:
		return findingsError("1 sink did not take its message")
	}
	return findingsError("%s did not take what was sent", phrase.Count(failed, "sink"))
}

func newNotifyPendingCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pending",
		Short: "Show the messages that were not delivered yet",
		Long: `pending shows the outbox of each sink: what waits, why, and when it is tried again. Open are events that wait for others of their
kind (group_wait, group_interval) before they become a message.

` + jsonHelp(notify.Pending{}),
		Example: "  emrguard notify pending\n  emrguard notify pending --output json",
		Args:    noArgs,
	}
	file, out := addConfigFlag(cmd, d), addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := file.Load()
		if err != nil {
			return err
		}
		s, err := app.OpenStore(cmd.Context(), cfg, true)
		if err != nil {
			return err
		}
		page, err := notify.ReadPending(cmd.Context(), s, cfg.Notify, d.now())
		if err = errors.Join(err, s.Close()); err != nil {
			return err
		}
		if out.JSON() {
			return writeJSON(d.Stdout, page)
		}
		return writePending(d, page)
	}
	return cmd
}

// writePending writes a line for each sink and one for each message.
func writePending(d *Deps, page notify.Pending) error {
	if len(page.Sinks) == 0 {
		_, err := fmt.Fprintln(d.Stdout, "The configuration has no sinks, and nothing waits.")
		return err
	}
	var rows [][]string
	for _, s := range page.Sinks {
		state := phrase.Count(len(s.Messages), "message") + " waiting, " + phrase.Count(s.Open, "event") + " open"
		if s.Unknown {
			state += "; not in the configuration"
		}
		if s.Dropped > 0 {
			state += "; " + phrase.Count(s.Dropped, "message") + " dropped"
		}
		if s.Error != "" {
			state += "; last: " + s.Error
		}
		next := ""
		if s.Until.After(page.Now) {
			next = view.Until(s.Until, page.Now)
		}
		rows = append(rows, []string{s.Sink, "", "", "", next, state})
		for _, m := range s.Messages {
			next := ""
			if m.Next.After(page.Now) {
				next = view.Until(m.Next, page.Now)
			}
			rows = append(rows, []string{s.Sink, m.ID, view.Since(m.Created, page.Now), strconv.Itoa(m.Tries), next, m.Title})
		}
	}
	return writeTable(d.Stdout, []string{"SINK", "MESSAGE", "MADE", "TRIES", "NEXT", "WHAT"}, slices.Clip(rows))
}

// checkSinks makes every sink, which reads its secrets, and looks as far as can be seen without sending anything.
func checkSinks(ctx context.Context, d *Deps, cfg *config.Config) []finding {
	list := make([]finding, len(cfg.Notify.Sinks))
	var group errgroup.Group
	for i, c := range cfg.Notify.Sinks {
		group.Go(func() error {
			list[i] = checkSink(ctx, d, cfg, c)
			return nil
		})
	}
	_ = group.Wait() // none fails
	return list
}

func checkSink(ctx context.Context, d *Deps, cfg *config.Config, c notify.Sink) finding {
	s, err := sink.New(ctx, c, app.SinkOptions(cfg, d.Env, d.Version))
	if err != nil {
		return finding{Status: statusProblem, Check: "notifications", Text: err.Error()}
	}
	limited, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	found, err := s.Reach(limited)
	if err != nil {
		return finding{Status: statusProblem, Check: "notifications", Text: fmt.Sprintf("sink %s: %s: %v", c.Name, s.Where(), err)}
	}
	return finding{Status: statusOK, Check: "notifications", Text: fmt.Sprintf("sink %s: %s: %s; emrguard notify test --sink %s sends a message there", c.Name, s.Where(), found, c.Name)}
}

// scopesOf leaves emrguard's own book-keeping out of leases.
func scopesOf(leases []store.Lease) []store.Lease {
	return slices.DeleteFunc(leases, func(l store.Lease) bool { return store.Reserved(l.Scope) })
}
