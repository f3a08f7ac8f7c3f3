package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/store"
	"emrguard/internal/view"
)

// reader is what the commands have in common that show or change what the store holds.
type reader struct {
	d     *Deps
	cfg   *configFile
	scope string
	which string // the only cluster; empty for all
}

// addReaderFlags gives a command -c and --scope.
func addReaderFlags(cmd *cobra.Command, d *Deps) *reader {
	r := &reader{d: d, cfg: addConfigFlag(cmd, d)}
	cmd.Flags().StringVar(&r.scope, "scope", "", "only this `scope` of the configuration (default all)")
	return r
}

// addClusterFlag gives a command --cluster.
func (r *reader) addClusterFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.which, "cluster", "", "only this `cluster`: id or name (default all)")
}

// only leaves the wanted cluster in the world, if one is wanted.
func (r *reader) only(o *opened) (view.Found, error) {
	if r.which == "" {
		return view.Found{}, nil
	}
	found, err := o.world.FindCluster(r.which)
	if err != nil {
		return found, usageError("%w", err)
	}
	o.world = o.world.Only(found)
	return found, nil
}

// opened is the store as a command found it.
type opened struct {
	cfg   *config.Config
	store store.Store
	world view.World
}

// open opens the store for reading, whether or not a daemon runs, and reads the present state. The caller closes the store.
func (r *reader) open(ctx context.Context) (*opened, error) {
	cfg, err := r.cfg.Load()
	if err != nil {
		return nil, err
	}
	s, err := app.OpenStore(ctx, cfg, true)
	if err != nil {
		return nil, err
	}
	world, err := r.load(ctx, cfg, s)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &opened{cfg, s, world}, nil
}

// load reads the documents and leases of the wanted scopes.
func (r *reader) load(ctx context.Context, cfg *config.Config, s store.Store) (view.World, error) {
	names, err := s.Scopes(ctx)
	if err != nil {
		return view.World{}, err
	}
	for _, c := range cfg.Scopes {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	if r.scope != "" {
		if !slices.Contains(names, r.scope) {
			return view.World{}, usageError("no scope %q; there are %s", r.scope, strings.Join(names, ", "))
		}
		names = []string{r.scope}
	}
	leases, err := s.Leases(ctx)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return view.World{}, err
	}
	var scopes []view.Scope
	for _, name := range names {
		docs, err := s.LoadScope(ctx, name)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return view.World{}, err
		}
		var lease store.Lease
		if i := slices.IndexFunc(leases, func(l store.Lease) bool { return l.Scope == name }); i >= 0 {
			lease = leases[i]
		}
		scope := view.NewScope(name, docs, lease, rulesOf(cfg))
		if err != nil {
			scope.Problems = append(scope.Problems, err.Error())
		}
		scopes = append(scopes, scope)
	}
	w := view.New(r.d.present(ctx, cfg), scopes)
	w.Term = cmp.Or(r.d.LeaseTerm, app.LeaseTerm)
	return w, nil
}

// rulesOf says what a configuration holds for a cluster.
func rulesOf(cfg *config.Config) view.Rules {
	return func(scope string, c emr.Cluster) view.Rule {
		e := cfg.For(scope, c)
		return view.Rule{Mode: string(e.Mode), Why: e.Why, How: e.Scaling}
	}
}

// query is a history query of the wanted scope.
func (r *reader) query(q store.Query) store.Query {
	q.Scope = r.scope
	return q
}

// showCmd is a command that reads the store and shows one thing.
func showCmd(d *Deps, cmd *cobra.Command, page any, show func(ctx context.Context, o *opened, r *reader, asJSON bool) error) *cobra.Command {
	r, out := addReaderFlags(cmd, d), addOutputFlag(cmd)
	r.addClusterFlag(cmd)
	cmd.Long = strings.TrimSpace(cmd.Long) + "\n\n" + jsonHelp(page)
	if cmd.Args == nil {
		cmd.Args = noArgs
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := r.open(cmd.Context())
		if err != nil {
			return err
		}
		if _, err := r.only(o); err != nil {
			return errors.Join(err, o.store.Close())
		}
		return errors.Join(show(cmd.Context(), o, r, out.JSON()), o.store.Close())
	}
	return cmd
}

// table writes rows for people, or a sentence when there are none.
func (r *reader) table(t view.Table, empty string) error {
	if len(t.Rows) == 0 {
		_, err := fmt.Fprintln(r.d.Stdout, empty)
		return err
	}
	return t.Write(r.d.Stdout)
}

// jsonHelp explains the fields of a command's JSON.
func jsonHelp(page any) string {
	var b strings.Builder
	b.WriteString("Fields of --output json (fields may be added, none is renamed; times are RFC 3339 in UTC):\n")
	fields := view.Fields(page)
	width := 0
	for _, f := range fields {
		width = max(width, len(f.Name))
	}
	for _, f := range fields {
		fmt.Fprintf(&b, "  %-*s  %s: %s\n", width, f.Name, f.Type, f.Doc)
	}
	return strings.TrimRight(b.String(), "\n")
}

// present is the present time of whoever acts on the store of a configuration: that of emrguard's simulator where all scopes are at one, since
// a guard that follows it has its time, and else now.
func (d *Deps) present(ctx context.Context, cfg *config.Config) time.Time {
	if d.Now == nil {
		if t, ok := app.SimulatorNow(ctx, cfg); ok {
			return t.UTC()
		}
	}
	return d.now()
}

// now is the present time; tests stop it.
func (d *Deps) now() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now().UTC()
}
