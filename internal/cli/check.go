package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/phrase"
	"emrguard/internal/store"
)

// finding is one thing that `emrguard check` looked at.
type finding struct {
	Status string `json:"status"` // ok, warning or problem
	Check  string `json:"check"`  // configuration, listener, prices, store, notifications, credentials, network, permission, events, clock
	Scope  string `json:"scope,omitempty"`
	Text   string `json:"text"`
	Next   string `json:"next,omitempty"` // what to do about it, in one or more lines
}

// The statuses of a finding.
const (
	statusOK      = "ok"
	statusWarning = "warning"
	statusProblem = "problem"
)

// checkPage is the answer of `emrguard check --output json`.
type checkPage struct {
	OK       bool      `json:"ok"` // no problem; there may be warnings
	Findings []finding `json:"findings"`
	Next     string    `json:"next,omitempty"` // the next command, where there is no problem
}

// checkTimeout bounds all questions to AWS, in real time.
const checkTimeout = time.Minute

// scopesAtOnce is how many scopes are asked at once.
const scopesAtOnce = 8

func newCheckCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check configuration, credentials, permissions, store and clock, all at once",
		Long: `Check looks at everything a daemon needs and reports all problems at once: the configuration with its warnings, the listener's token, the
store and every row in it, the sinks of notifications with their secrets, and for each scope the credentials, the permission for each call of EMR and CloudWatch that the rules need, and
the clock. What is missing comes with what to do about it: a configuration to begin with, where credentials come from, the statement that a
policy lacks, the clusters that there are.

With --prices it also tries what "emrguard prices" asks: the price list, and EC2's dry run for Spot prices. Both are optional, so a refusal is a warning.

It changes nothing and sends no notification; "emrguard notify test" does. A permission to write is tried with a request that EMR must refuse: a group or cluster that cannot exist. AWS does
not document that it checks permissions first, so "allowed" is a strong hint and no proof. TerminateJobFlows is not tried at all: it
takes nothing but a cluster. Each question takes an API token.

The exit code is 4 if there is a problem; warnings alone leave it at 0.`,
		Example: `  emrguard check -c emrguard.yaml
  emrguard check -c emrguard.yaml --output json`,
		Args: noArgs,
	}
	file, out := addConfigFlag(cmd, d), addOutputFlag(cmd)
	prices := cmd.Flags().Bool("prices", false, "also try what emrguard prices asks of AWS")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := file.Load()
		if e := (*config.Error)(nil); errors.As(err, &e) {
			return writeCheck(d, out, checkPage{Findings: configFindings(e)})
		} else if e := (*noConfigError)(nil); errors.As(err, &e) {
			return writeCheck(d, out, checkPage{Findings: []finding{firstConfig(d, file.Path())}})
		} else if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), checkTimeout)
		defer cancel()
		list := []finding{fine("configuration", fmt.Sprintf("%s: %s, %s", cfg.Name(), phrase.Count(len(cfg.Scopes), "scope"), phrase.Count(len(cfg.Clusters), "rule")))}
		for _, w := range cfg.WarningLines() {
			list = append(list, finding{Status: statusWarning, Check: "configuration", Text: w})
		}
		list = append(list, checkListener(d, cfg)...)
		list = append(list, checkPrices(ctx, d, cfg)...)
		list = append(list, checkStore(ctx, d, cfg)...)
		list = append(list, checkSinks(ctx, d, cfg)...)
		list = append(list, checkScopes(ctx, d, cfg, *prices)...)
		return writeCheck(d, out, checkPage{Findings: list, Next: afterCheck(cfg)})
	}
	return cmd
}

// configFindings are the problems of a configuration that cannot be used; nothing else can be looked at then.
func configFindings(e *config.Error) []finding {
	return fileFindings("configuration", e)
}

// fileFindings are the problems of a file, one each.
func fileFindings(check string, e *config.Error) []finding {
	var list []finding
	for _, p := range e.Problems {
		where := e.File
		if p.Line > 0 {
			where = fmt.Sprintf("%s:%d:%d", e.File, p.Line, p.Column)
		}
		list = append(list, problem(check, where+": "+p.String()))
	}
	return list
}

func writeCheck(d *Deps, out *output, page checkPage) error {
	problems := 0
	rows := make([][]string, len(page.Findings))
	for i, f := range page.Findings {
		if f.Status == statusProblem {
			problems++
		}
		rows[i] = []string{f.Status, f.Check, f.Scope, f.Text}
	}
	if page.OK = problems == 0; !page.OK {
		page.Next = ""
	}
	if out.JSON() {
		if err := writeJSON(d.Stdout, page); err != nil {
			return err
		}
	} else {
		if err := writeTable(d.Stdout, []string{"STATUS", "CHECK", "SCOPE", "WHAT"}, rows); err != nil {
			return err
		}
		fmt.Fprint(d.Stdout, nextSteps(page))
	}
	if problems == 0 {
		return nil
	}
	return findingsError("%s %s found", phrase.Count(problems, "problem"), phrase.Was(problems))
}

// checkStore reads the store if there is one, without creating it.
func checkStore(ctx context.Context, d *Deps, cfg *config.Config) []finding {
	path := cfg.StorePath()
	s, err := app.OpenStore(ctx, cfg, true)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return []finding{checkFolder(path)}
	case err != nil:
		return []finding{problem("store", err.Error())}
	}
	list := []finding{fine("store", fmt.Sprintf("%s: store %s, every row can be read", path, s.ID()))}
	if err := s.Check(ctx); err != nil {
		list[0] = problem("store", err.Error())
	}
	leases, err := s.Leases(ctx)
	if err == nil {
		for _, l := range scopesOf(leases) {
			if l.Held(d.present(ctx, cfg)) {
				list = append(list, finding{Status: statusOK, Check: "store", Scope: l.Scope, Text: "a daemon is at work: " + l.Note})
			}
		}
	}
	if err := s.Close(); err != nil {
		list = append(list, problem("store", err.Error()))
	}
	return list
}

// checkFolder looks whether a store could be created.
func checkFolder(path string) finding {
	dir := filepath.Dir(path)
	probe, err := os.CreateTemp(dir, ".emrguard-check-*")
	if err != nil {
		return problem("store", fmt.Sprintf("%s: there is no store yet, and it cannot be created: %v", path, err))
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return problem("store", fmt.Sprintf("%s: %v", dir, err))
	}
	return fine("store", path+": there is none yet; emrguard run creates it")
}

// checkScopes asks AWS about every scope; the findings come in the order of the scopes.
func checkScopes(ctx context.Context, d *Deps, cfg *config.Config, prices bool) []finding {
	began := time.Now()
	lists := make([][]finding, len(cfg.Scopes))
	var group errgroup.Group
	group.SetLimit(scopesAtOnce)
	for i, s := range cfg.Scopes {
		group.Go(func() error {
			lists[i] = checkScope(ctx, d, cfg, s, prices)
			if took := time.Since(began); took > time.Second {
				fmt.Fprintf(d.Stderr, "%s: scope %s is checked\n", took.Round(time.Second), s.Name)
			}
			return nil
		})
	}
	_ = group.Wait() // no function returns an error: what is wrong is a finding
	return slices.Concat(lists...)
}
