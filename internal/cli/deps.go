package cli

import (
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"
)

// Deps is what the commands take from the process they run in.
type Deps struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Env looks up an environment variable; an unset one is empty.
	Env func(name string) string
	// IsTTY says whether a stream is a terminal that a person reads.
	IsTTY func(stream any) bool
	// Hangups delivers SIGHUP, the request to read the configuration again, from its call until stop is called. Only commands
	// that can reload call it: for all others the signal keeps its usual meaning.
	Hangups func() (signals <-chan os.Signal, stop func())
	// Now is the present time for the commands that read and write the store; nil stands for the wall clock.
	Now func() time.Time
	// LeaseTerm is the real time after which the scopes of a guard that died are free; 0: 30 s. Tests of that do not wait so long.
	LeaseTerm time.Duration
	// Version is emrguard's own, for the version command, the metrics and the User-Agent.
	Version string
	// Command is how a person starts this program, for hints to try; empty stands for emrguard.
	Command string
}

// Process returns the dependencies of the present process.
func Process() *Deps {
	return &Deps{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Getenv, IsTTY: isTerminal, Hangups: hangups, Version: buildVersion(), Command: startedAs(os.Args[0], mainPackage()),
	}
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func hangups() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// buildVersion is the version the Go command stamped into the binary: a tag, a pseudo-version, or "devel" with the commit.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "devel-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return "devel"
}
