package app

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"emrguard/internal/awsapi"
	"emrguard/internal/config"
	"emrguard/internal/notify"
	"emrguard/internal/notify/sink"
)

// The longest that the end of a run waits for the notifier, in real time: in a daemon, which has to be gone in five seconds, and after one pass.
const (
	notifierFor = 2500 * time.Millisecond
	passForSink = 15 * time.Second
)

// SinkError is a sink of the configuration that cannot be made, because a secret of it is missing for example. Trying again does not mend it.
type SinkError struct{ err error }

// Error implements error.
func (e *SinkError) Error() string { return e.err.Error() }

// Unwrap returns what is wrong with the sink.
func (e *SinkError) Unwrap() error { return e.err }

// MakeSinks makes the sinks of a configuration, by name. The error lists what is wrong with all of them, a *SinkError each.
type MakeSinks func(ctx context.Context, cfg *config.Config) (map[string]notify.Sender, error)

// Sinks returns the MakeSinks that makes real ones. They read their secrets from files and, by env, from the environment, and send nothing yet.
func Sinks(env func(name string) string, version string) MakeSinks {
	return func(ctx context.Context, cfg *config.Config) (map[string]notify.Sender, error) {
		out := map[string]notify.Sender{}
		var errs []error
		o := SinkOptions(cfg, env, version)
		for _, c := range cfg.Notify.Sinks {
			s, err := sink.New(ctx, c, o)
			if err != nil {
				errs = append(errs, &SinkError{err})
				continue
			}
			out[c.Name] = s
		}
		return out, errors.Join(errs...)
	}
}

// SinkOptions are what the sinks of a configuration work with.
func SinkOptions(cfg *config.Config, env func(name string) string, version string) sink.Options {
	return sink.Options{
		Path: cfg.Path, Env: env, Version: version,
		AWS: func(ctx context.Context, o sink.AWSOptions) (sink.AWS, error) {
			return awsapi.New(ctx, awsapi.Options{
				Region: o.Region, RoleARN: o.RoleARN, ExternalID: o.ExternalID, Endpoint: o.Endpoint, Version: version, Timeout: callTimeout,
			})
		},
	}
}

// newNotifier makes the notifier of an App.
func (a *App) newNotifier(senders map[string]notify.Sender) *notify.Notifier {
	return notify.New(notify.Options{
		Store: a.store, Owner: a.o.Owner, Note: a.o.Note, Settings: a.cfg.Notify, Site: a.cfg.Web.PublicURL, Senders: senders, Watch: a.o.Notified, Chance: rand.Float64,
		Term: cmp.Or(a.o.LeaseTerm, LeaseTerm),
	})
}

// notifying runs the notifier beside the loop. The returned function ends it and waits for that, though not for ever; in a daemon the end of ctx
// begins it. After a pass, what the pass led to is sent first.
func (a *App) notifying(ctx context.Context, pass bool) (end func()) {
	limit := notifierFor
	if pass {
		limit = passForSink
		ctx = context.WithoutCancel(ctx) // a pass that ran out of time is told, too
	}
	ctx, cancel := context.WithCancel(ctx)
	a.notifier.Start(ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		a.notifier.Run(ctx, pass)
	}()
	return func() {
		cancel()
		timer := time.NewTimer(limit)
		defer timer.Stop()
		select {
		case <-gone:
		case <-timer.C:
		}
	}
}

// unnoticed is the Watcher of an App that was given none.
type unnoticed struct{}

func (unnoticed) Notified(notify.Outcome)             {}
func (unnoticed) Waiting([]notify.Waiting, time.Time) {}
