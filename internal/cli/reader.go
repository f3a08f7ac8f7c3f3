package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/desk"
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
func (r *reader) only(o *opened) error {
	if r.which == "" {
		return nil
	}
	found, err := o.world.FindCluster(r.which)
	if err != nil {
		return usageError("%w", err)
	}
	o.world = o.world.Only(found)
	return nil
}

// onlyOrEnded is only for what is also told of clusters that have ended.
func (r *reader) onlyOrEnded(ctx context.Context, o *opened) (view.Found, error) {
	if r.which == "" {
		return view.Found{Scope: r.scope}, nil
	}
	found, err := o.Cluster(ctx, o.world, r.scope, r.which)
	if err == nil {
		o.world = o.world.Only(found)
	}
	return found, err
}

// opened is the store as a command found it.
type opened struct {
	desk.Desk
	world view.World
}

// close releases the store.
func (o *opened) close() error { return o.Store.Close() }

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
	o := &opened{Desk: r.d.desk(cfg, s)}
	if o.world, err = o.World(ctx, r.scope); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return o, nil
}

// desk is a store as commands work with it.
func (d *Deps) desk(cfg *config.Config, s store.Store) desk.Desk {
	return desk.Desk{
		Store: s, Config: cfg, Term: cmp.Or(d.LeaseTerm, app.LeaseTerm),
		Now: func(ctx context.Context) time.Time { return d.present(ctx, cfg) },
	}
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
		if err := r.only(o); err != nil {
			return errors.Join(err, o.close())
		}
		return errors.Join(show(cmd.Context(), o, r, out.JSON()), o.close())
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
