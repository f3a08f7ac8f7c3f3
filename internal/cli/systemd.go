package cli

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
)

// supervisor tells systemd how the daemon is, where the unit is of Type=notify. Without systemd it does nothing. Its errors are logged: a guard that works is
// not ended because nobody hears that; systemd itself restarts what it does not hear of.
type supervisor struct {
	log  *slog.Logger
	send func(state string) error // the protocol of sd_notify(3)
	// every is how often systemd wants to hear that the daemon is well, half of WatchdogSec= to be in time. 0: never.
	every time.Duration
}

// newSupervisor finds out from the environment of the process who wants to hear, and how often.
func newSupervisor(log *slog.Logger) (*supervisor, error) {
	limit, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		return nil, fmt.Errorf("systemd's watchdog: %w", err)
	}
	return &supervisor{log: log, every: limit / 2, send: func(state string) error {
		_, err := sd.SdNotify(false, state)
		return err
	}}, nil
}

// tell sends one state.
func (s *supervisor) tell(state string) {
	if err := s.send(state); err != nil {
		s.log.Error("systemd", slog.String("state", state), slog.String("error", err.Error()))
	}
}

// ready says that the daemon has started, or has its configuration again.
func (s *supervisor) ready() { s.tell(sd.SdNotifyReady) }

// reloading says that the configuration is being read; ready has to follow.
func (s *supervisor) reloading() {
	s.tell(sd.SdNotifyReloading + "\n" + sd.SdNotifyMonotonicUsec())
}

// watch feeds the watchdog for as long as live says that all is well, until ctx ends. Then it says that the daemon stops. A daemon that is not well is fed no more,
// and systemd kills and restarts it after WatchdogSec=.
func (s *supervisor) watch(ctx context.Context, live func() bool) {
	defer s.tell(sd.SdNotifyStopping)
	if s.every == 0 {
		<-ctx.Done()
		return
	}
	ticker := time.NewTicker(s.every)
	defer ticker.Stop()
	for {
		if live() {
			s.tell(sd.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
