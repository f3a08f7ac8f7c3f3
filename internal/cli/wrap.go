package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/store"
)

// wrapper is `emrguard wrap` with its flags.
type wrapper struct {
	d        *Deps
	file     *configFile
	out      *output
	scope    string
	mode     string
	min, max int
	write    bool
}

func newWrapCmd(d *Deps) *cobra.Command {
	w := &wrapper{d: d}
	cmd := &cobra.Command{
		Use:   "wrap CLUSTER",
		Short: "Manage the task capacity of a running cluster",
		Long: `Wrap proposes a rule that manages the task capacity of one running cluster: each TASK group becomes a pool with a fewest and a most,
and MASTER and CORE stay as they are. It reads the cluster from AWS, says first what emrguard will do with each group and what will be
launched or released at once, and prints the rule.

It changes nothing unless --write is given. Then the rule becomes the first of the configuration file, all else in the file stays as it is,
and the result is checked before it replaces the file. The cluster itself is never changed by this command.

Without --min and --max a pool may want 0 to twice what it is asked for today, and at least ` + strconv.Itoa(leastMax) + `. Policies and schedules are
added to the rule by hand: docs/config.md, or emrguard import-policies.

` + jsonHelp(wrapPage{}),
		Example: `  emrguard wrap j-2AXXXXXXGAPLF                                what would be done, and the rule
  emrguard wrap j-2AXXXXXXGAPLF --min 2 --max 40 --write       put it into emrguard.yaml
  emrguard wrap nightly-etl --scope prod --mode enforce --write`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want the id or the name of one cluster")
			}
			return nil
		},
	}
	w.file, w.out = addConfigFlag(cmd, d), addOutputFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&w.scope, "scope", "", "only this `scope` of the configuration (default all)")
	flags.StringVar(&w.mode, "mode", string(config.Observe), "`mode` of the rule: observe or enforce")
	flags.IntVar(&w.min, "min", 0, "fewest instances of each pool")
	flags.IntVar(&w.max, "max", 0, "most instances of each pool (default from today's count)")
	flags.BoolVar(&w.write, "write", false, "insert the rule into the configuration file")
	_ = cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{string(config.Observe), string(config.Enforce)}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		wish, err := w.wish(cmd)
		if err != nil {
			return err
		}
		return w.run(cmd.Context(), args[0], wish)
	}
	return cmd
}

// wish reads the flags.
func (w *wrapper) wish(cmd *cobra.Command) (wrapWish, error) {
	wish := wrapWish{mode: config.Mode(w.mode)}
	if wish.mode != config.Observe && wish.mode != config.Enforce {
		return wish, usageError("--mode %q is neither observe nor enforce", w.mode)
	}
	if cmd.Flags().Changed("min") {
		wish.min = &w.min
	}
	if cmd.Flags().Changed("max") {
		wish.max = &w.max
	}
	switch {
	case w.min < 0 || w.min > mostMax:
		return wish, usageError("--min %d is outside 0 to %d", w.min, mostMax)
	case wish.max != nil && (w.max < 1 || w.max > mostMax):
		return wish, usageError("--max %d is outside 1 to %d", w.max, mostMax)
	case wish.max != nil && w.max < w.min:
		return wish, usageError("--max %d is below --min %d", w.max, w.min)
	}
	return wish, nil
}

// scopes are those of the configuration that may hold the cluster.
func (w *wrapper) scopes(cfg *config.Config) ([]config.Scope, error) {
	if w.scope == "" {
		return cfg.Scopes, nil
	}
	var names []string
	for _, s := range cfg.Scopes {
		if s.Name == w.scope {
			return []config.Scope{s}, nil
		}
		names = append(names, s.Name)
	}
	return nil, usageError("--scope: there is no scope %q; there are %s", w.scope, strings.Join(names, ", "))
}

func (w *wrapper) run(ctx context.Context, ref string, wish wrapWish) error {
	cfg, text, err := w.file.LoadText()
	if err != nil {
		return err
	}
	scopes, err := w.scopes(cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	got, err := readCluster(ctx, w.d, scopes, ref)
	if err != nil {
		return err
	}
	storeID, leases, err := storeFacts(ctx, cfg)
	if err != nil {
		return err
	}
	if why := refusals(cfg, got, storeID); len(why) > 0 {
		return refusedError("cluster %s (%s) cannot be wrapped:\n  - %s", got.cluster.ID, printable(got.cluster.Name), strings.Join(why, "\n  - "))
	}
	p := planWrap(cfg, got, wish)
	inserted, line, err := config.InsertRule(cfg.Name(), text, p.rule, p.comments)
	byHand := errors.Is(err, config.ErrInsert)
	switch {
	case byHand && w.write:
		return fmt.Errorf("%w\n\n%s", err, p.Rule)
	case byHand:
		p.warn("--write would not work: %v", err)
	case err != nil:
		return err
	default:
		after, err := config.Parse(cfg.Name(), inserted)
		if err != nil {
			return err
		}
		p.Permissions = addedPermissions(cfg, after, got.scope)
		p.newWarnings(cfg, after)
	}
	if w.write {
		if err := replaceConfig(cfg.Name(), text, inserted); err != nil {
			return err
		}
		p.Written = fmt.Sprintf("%s:%d", cfg.Name(), line)
	}
	return w.show(p.wrapPage, cfg, leases, w.d.present(ctx, cfg))
}

// newWarnings adds what the file's author would be warned of for the first time.
func (p *wrapPlan) newWarnings(before, after *config.Config) {
	var had []string
	for _, w := range before.Warnings() {
		had = append(had, w.Text)
	}
	for _, w := range after.Warnings() {
		if !slices.Contains(had, w.Text) {
			p.warn("%s", w)
		}
	}
}

// storeFacts are the id of the configuration's store and its leases, if there is one.
func storeFacts(ctx context.Context, cfg *config.Config) (id string, leases []store.Lease, err error) {
	s, err := app.OpenStore(ctx, cfg, true)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", nil, nil
	case err != nil:
		return "", nil, err
	}
	leases, err = s.Leases(ctx)
	if errors.Is(err, store.ErrCorrupt) {
		err = nil // they only help to say who runs
	}
	return s.ID(), leases, errors.Join(err, s.Close())
}

// show writes the page.
func (w *wrapper) show(p wrapPage, cfg *config.Config, leases []store.Lease, now time.Time) error {
	if w.out.JSON() {
		return writeJSON(w.d.Stdout, p)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Cluster %s (%s) in scope %s, %s\n\n", p.Cluster, printable(p.Name), p.Scope, p.State)
	rows := make([][]string, len(p.Groups))
	for i, g := range p.Groups {
		rows[i] = []string{g.ID, g.Role, g.Name, g.Type, g.Market, g.State, fmt.Sprintf("%d of %d", g.Running, g.Requested), g.Does}
	}
	if err := writeTable(&b, []string{"GROUP", "ROLE", "NAME", "TYPE", "MARKET", "STATE", "RUNS", "WHAT EMRGUARD DOES"}, rows); err != nil {
		return err
	}
	b.WriteByte('\n')
	rows = make([][]string, len(p.Pools))
	for i, pool := range p.Pools {
		rows[i] = []string{pool.Name, strconv.Itoa(pool.Wanted), strconv.Itoa(pool.Min), strconv.Itoa(pool.Max), atOnce(pool, p.Mode)}
	}
	if err := writeTable(&b, []string{"POOL", "TODAY", "MIN", "MAX", "AT ONCE"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\nBetween min and max a pool keeps what it is asked for, until a policy, a schedule, a person or another tool changes it.\nToday: %s.\n", p.Today)
	if len(p.Permissions) == 0 {
		b.WriteString("Permissions: those the file needs already.\n")
	} else {
		fmt.Fprintf(&b, "Permissions: %s in addition; emrguard iam-policy prints all.\n", strings.Join(p.Permissions, ", "))
	}
	for _, text := range p.Warnings {
		fmt.Fprintf(&b, "Warning: %s.\n", text)
	}
	fmt.Fprintf(&b, "\n%s\n", p.Rule)
	if p.Written == "" {
		fmt.Fprintf(&b, "Nothing was changed. --write makes this the first rule of %s; by hand it belongs there, too.\n", cfg.Name())
	} else {
		fmt.Fprintf(&b, "Written to %s; the file is valid. %s\n", p.Written, reloadHint(p.Scope, leases, now))
	}
	_, err := w.d.Stdout.Write(b.Bytes())
	return err
}

// atOnce is what a pool's bounds lead to as soon as the rule holds.
func atOnce(p wrapPool, mode string) string {
	text := "nothing"
	switch {
	case p.Launched > 0:
		text = fmt.Sprintf("%d launched", p.Launched)
	case p.Released > 0:
		text = fmt.Sprintf("%d released", p.Released)
	}
	if mode != string(config.Enforce) && text != "nothing" {
		text += ", once the mode is enforce"
	}
	return text
}

// reloadHint says how a changed file takes effect.
func reloadHint(scope string, leases []store.Lease, now time.Time) string {
	for _, l := range leases {
		if l.Scope == scope && l.Held(now) {
			return fmt.Sprintf("An emrguard runs (%s) and reads it on SIGHUP: kill -HUP with its pid.", l.Note)
		}
	}
	return "No emrguard holds the scope at the moment; the next emrguard run or once reads it. One that runs elsewhere reads it on SIGHUP or at its next start."
}
