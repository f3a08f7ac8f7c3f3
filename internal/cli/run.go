package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/desk"
	"emrguard/internal/telemetry"
	"emrguard/internal/telemetry/metrics"
	"emrguard/internal/telemetry/traces"
	"emrguard/internal/web"
)

func newRunCmd(d *Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Guard: watch the clusters and repair stuck groups until stopped",
		Long: `Run is the daemon. It writes its log to standard error, text on a terminal and JSON elsewhere, and serves the dashboard, the JSON API,
/metrics, /healthz and /readyz on the configuration's listener.

SIGHUP reads the configuration again: a file with a mistake is refused whole, and the old one stays in force. SIGTERM and SIGINT
end the daemon in under five seconds; what it was doing is in the store, and the next start goes on from there. A second daemon
on the same store waits until the first gives its scopes up.

Under systemd, with Type=notify, it says when it has started, reads its configuration again and stops; with WatchdogSec= it is restarted when
its loop stands still, as /healthz tells.

With --dry-run nothing is changed at EMR. Clocks, decisions and history are kept in the store all the same, and the lease is taken: to
leave the store of a daemon as it is, give the dry run a configuration with a store of its own.`,
		Example: `  emrguard run -c emrguard.yaml
  emrguard run -c emrguard.yaml --dry-run     decide, record and show; change no cluster
  emrguard run -c sim.yaml --speed 600        beside emrguard sim --speed 600`,
		Args: noArgs,
	}
	file, clock := addConfigFlag(cmd, d), addClockFlags(cmd, d)
	dryRun := cmd.Flags().Bool("dry-run", false, "decide, record and show what would be done, and change no cluster")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := file.Load()
		if err != nil {
			return err
		}
		c, err := clock.clock(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		return (&daemon{d: d, file: file, cfg: cfg, clock: c, dryRun: *dryRun}).run(cmd.Context())
	}
	return cmd
}

// daemon is one `emrguard run`.
type daemon struct {
	d      *Deps
	file   *configFile
	cfg    *config.Config
	clock  *app.Clock
	dryRun bool
	level  slog.LevelVar
	log    *slog.Logger
	system *supervisor
	access atomic.Pointer[web.Access] // to the listener
	secure bool                       // the listener speaks TLS, until the next start
	count  *metrics.Metrics
}

// run guards until ctx ends.
func (r *daemon) run(ctx context.Context) (err error) {
	r.log = logTo(r.d, r.cfg.Log, &r.level)
	for _, w := range r.cfg.WarningLines() {
		r.log.Warn("config.warning", slog.String("text", w))
	}
	if r.system, err = newSupervisor(r.log); err != nil {
		return err
	}
	counters, page := newMetrics(r.d.Version)
	r.count = counters
	health := telemetry.NewHealth(time.Now())
	listener, err := r.listen(ctx)
	if err != nil {
		return err
	}
	options := app.Options{
		Config: r.cfg, Clock: r.clock, DryRun: r.dryRun, Version: r.d.Version, LeaseTerm: r.d.LeaseTerm, Watch: telemetry.NewObserver(r.log, counters, health),
		Sinks: app.Sinks(r.d.Env, r.d.Version), Notified: telemetry.NewNotifications(r.log, counters),
	}
	if export := traces.Start(ctx, traces.Options{Env: r.d.Env, Version: r.d.Version, Log: r.log, Count: counters.Traced}); export != nil {
		options.Trace = export
		defer export.Close(ctx)
	}
	guard, err := app.New(ctx, options)
	if err != nil {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
		return err
	}
	defer func() { err = errors.Join(err, guard.Close()) }()
	r.log.Info("start", slog.String("version", r.d.Version), slog.String("config", r.cfg.Name()), slog.String("store", r.cfg.StorePath()),
		slog.Int("scopes", len(r.cfg.Scopes)), slog.Bool("dry_run", r.dryRun), slog.Float64("speed", r.clock.Speed()))
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	if listener != nil {
		if err := r.serve(running, group, listener, guard, telemetry.Handler(health, page)); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	group.Go(func() error {
		r.reloads(running, guard)
		return nil
	})
	group.Go(func() error {
		defer stop() // the others have nothing to do without the guard
		return guard.Run(running)
	})
	group.Go(func() error {
		r.system.watch(running, func() bool {
			ok, _ := health.Live(time.Now())
			return ok
		})
		return nil
	})
	r.system.ready()
	err = group.Wait()
	r.log.Info("stop")
	return err
}

// listen opens the configured listener, if any, and reads who may do what there.
func (r *daemon) listen(ctx context.Context) (net.Listener, error) {
	if !r.cfg.Listens() {
		return nil, nil
	}
	cert, _ := r.cfg.Certificate()
	r.secure = cert != ""
	access, err := newAccess(r.d, r.cfg, r.secure)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	r.access.Store(access)
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network(r.cfg.Listen), r.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; another process may use it: choose another address in listen, or \"none\"", r.cfg.Listen, err)
	}
	return ln, nil
}

// network is what listens at an address: 0.0.0.0 is every address of IPv4, as it says, which Go takes for those of IPv6, too.
func network(listen string) string {
	host, _, _ := net.SplitHostPort(listen) // the configuration is valid
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is4() {
		return "tcp4"
	}
	return "tcp"
}

// pageURL is where people open the page: under the name that the configuration gives, or on this machine.
func pageURL(scheme string, cfg *config.Config, at net.Addr) string {
	if cfg.Web.PublicURL != "" {
		return cfg.Web.PublicURL
	}
	host, port, _ := net.SplitHostPort(at.String()) // an address of TCP
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/"
}

// serve shows the guard on the listener until ctx ends.
func (r *daemon) serve(ctx context.Context, group *errgroup.Group, ln net.Listener, guard *app.App, health http.Handler) error {
	var cert *web.Certificate
	scheme := "http"
	if r.secure {
		var err error
		if cert, err = web.NewCertificate(func() (string, string) { return guard.Config().Certificate() }, r.log); err != nil {
			return &exitError{exitUsage, err}
		}
		scheme = "https"
		r.count.Certificate(cert.NotAfter)
	}
	access := r.access.Load()
	r.log.Info("listen", slog.String("address", ln.Addr().String()), slog.String("page", pageURL(scheme, r.cfg, ln.Addr())),
		slog.Bool("open", access.Anybody()), slog.Bool("orders", access.Orders()))
	server := web.New(web.Options{
		Desk:   func() desk.Desk { return guardDesk(r.d, guard) },
		Access: r.access.Load, Health: health, Log: r.log, Version: r.d.Version, DryRun: r.dryRun, Speed: r.clock.Speed(),
	})
	group.Go(func() error {
		server.Run(ctx)
		return nil
	})
	group.Go(func() error { return web.Serve(ctx, ln, server, cert, r.log) })
	return nil
}

// guardDesk is the store of a guard in this process, at its clock.
func guardDesk(d *Deps, guard *app.App) desk.Desk {
	return desk.Desk{
		Store: guard.Store(), Config: guard.Config(), Term: cmp.Or(d.LeaseTerm, app.LeaseTerm),
		Now:    func(context.Context) time.Time { return guard.Clock().Now().Wall.UTC() },
		DryRun: guard.DryRun(),
	}
}

// newAccess says who may do what at the listener of a configuration. Secure says whether it speaks TLS.
func newAccess(d *Deps, cfg *config.Config, secure bool) (*web.Access, error) {
	read, admin, err := cfg.Tokens(d.Env)
	if err != nil {
		return nil, err
	}
	a := &web.Access{ReadToken: read, AdminToken: admin, Open: cfg.Web.OpenOrders, Secure: secure, Now: time.Now}
	if cfg.Web.ProxyHeader != "" {
		a.Proxy = &web.Proxy{Header: cfg.Web.ProxyHeader, From: cfg.Web.ProxyNetworks(), Admins: cfg.Web.ProxyAdmins}
	}
	if u, err := url.Parse(cfg.Web.PublicURL); err == nil && u.Host != "" {
		a.Hosts = append(a.Hosts, strings.ToLower(u.Hostname()))
	}
	return a, nil
}

// reloads reads the configuration again whenever the process is asked to, until ctx ends.
func (r *daemon) reloads(ctx context.Context, guard *app.App) {
	hangups, stop := r.d.Hangups()
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			r.reload(ctx, guard)
		}
	}
}

// reload takes the file as it is now, or refuses it whole.
func (r *daemon) reload(ctx context.Context, guard *app.App) {
	r.system.reloading()
	defer r.system.ready()
	refuse := func(err error) {
		r.log.Error("reload.refused", slog.String("config", r.file.Path()), slog.String("error", err.Error()),
			slog.String("next", "the old configuration stays in force; mend the file and send SIGHUP again"))
	}
	cfg, err := r.file.Load()
	if err != nil {
		refuse(err)
		return
	}
	access, err := newAccess(r.d, cfg, r.secure)
	if err != nil {
		refuse(err)
		return
	}
	changes, err := guard.Reload(ctx, cfg)
	if err != nil {
		refuse(err)
		return
	}
	r.access.Store(access)
	setLevel(&r.level, cfg.Log.Level)
	for _, w := range cfg.WarningLines() {
		r.log.Warn("config.warning", slog.String("text", w))
	}
	for _, c := range changes {
		r.log.Info("reload.change", slog.String("change", c))
	}
	r.log.Info("reload", slog.String("config", cfg.Name()), slog.Int("changes", len(changes)))
}
