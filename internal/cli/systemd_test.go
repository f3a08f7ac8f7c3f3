package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// notifySocket makes the process one that systemd hears, with a watchdog of ten seconds, and returns what is told, a message each.
func notifySocket(t *testing.T) <-chan string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	ln, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "10000000")
	told := make(chan string, 100)
	go func() {
		defer close(told)
		buf := make([]byte, 4096)
		for {
			n, err := ln.Read(buf)
			if err != nil {
				return // closed at the end of the test
			}
			told <- string(buf[:n])
		}
	}()
	return told
}

// hear waits for a message that begins with a text; others may come before.
func hear(t *testing.T, told <-chan string, text string) {
	t.Helper()
	limit := time.After(time.Minute) // only a hang gets here
	var before []string
	for {
		select {
		case m := <-told:
			if strings.HasPrefix(m, text) {
				return
			}
			before = append(before, m)
		case <-limit:
			t.Fatalf("systemd never heard %s, but %q", text, before)
		}
	}
}

func TestSystemdHearsHowTheDaemonIs(t *testing.T) {
	told := notifySocket(t)
	file := filepath.Join(t.TempDir(), "emrguard.yaml")
	const good = "listen: none\nscopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: observe}]\n"
	writeFile(t, file, good)
	d := startDaemon(t, file, noEnv)
	var first []string
	for range 2 { // in either order
		first = append(first, <-told)
	}
	slices.Sort(first)
	if want := []string{"READY=1", "WATCHDOG=1"}; !slices.Equal(first, want) {
		t.Errorf("systemd hears %q, want %q", first, want)
	}

	d.hangUp(`"msg":"reload"`)
	hear(t, told, "RELOADING=1\nMONOTONIC_USEC=")
	hear(t, told, "READY=1")
	writeFile(t, file, good+"scopez: []\n") // a refused reload is over, too
	d.hangUp(`"msg":"reload.refused"`)
	hear(t, told, "RELOADING=1\nMONOTONIC_USEC=")
	hear(t, told, "READY=1")

	d.stop()
	hear(t, told, "STOPPING=1")
}

// Systemd restarts a daemon that it does not hear of for WatchdogSec=.
func TestSystemdHearsNothingOfAStalledDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []time.Duration // when the watchdog was fed
		began, stopping := time.Now(), false
		s := &supervisor{log: slog.New(slog.DiscardHandler), every: 30 * time.Second, send: func(state string) error {
			switch state {
			case "WATCHDOG=1":
				told = append(told, time.Since(began))
			case "STOPPING=1":
				stopping = true
			}
			return errors.New("nobody hears") // which ends nothing
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute-time.Second)
		defer cancel()
		s.watch(ctx, func() bool { // ill from the second minute to the fourth
			d := time.Since(began)
			return d < 2*time.Minute || d >= 4*time.Minute
		})
		var want []time.Duration
		for d := time.Duration(0); d < 10*time.Minute; d += 30 * time.Second {
			if d < 2*time.Minute || d >= 4*time.Minute {
				want = append(want, d)
			}
		}
		if !slices.Equal(told, want) || !stopping {
			t.Errorf("systemd hears at %v, want %v; stopping is %v", told, want, stopping)
		}
	})
}

func TestASinkThatCannotBeMadeIsAConfigurationThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "emrguard.yaml")
	writeFile(t, file, "listen: none\nscopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: observe}]\nnotify: {sinks: [{name: chat, slack: {url_env: SLACK_URL}}]}\n")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9") // nobody listens there
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, command := range []string{"run", "once"} {
		var out strings.Builder
		d := &Deps{
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Version: "v1", Env: noEnv, IsTTY: func(any) bool { return false }, Hangups: func() (<-chan os.Signal, func()) { return nil, func() {} },
		}
		if code := Run(t.Context(), d, []string{command, "-c", file}); code != exitUsage || !strings.Contains(out.String(), "sink chat: the environment variable SLACK_URL is not set") {
			t.Errorf("%s: exit code %d: %s", command, code, out.String())
		}
	}
}
