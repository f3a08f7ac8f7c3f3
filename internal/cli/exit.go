package cli

import (
	"errors"
	"fmt"

	"emrguard/internal/app"
	"emrguard/internal/config"
	"emrguard/internal/desk"
)

// The exit codes. They are part of the interface: scripts act on them.
const (
	exitOK       = 0
	exitFailure  = 1 // something that should work did not: the network, the store, AWS
	exitUsage    = 2 // wrong arguments, or a configuration that cannot be used
	exitRefused  = 3 // the guard refused an order, with the reason
	exitFindings = 4 // a check ran and found problems
)

// exitCodes explains the codes, for the root's help and docs/cli.md.
const exitCodes = `Exit codes:
  0  done
  1  failed: the network, the store or AWS
  2  wrong arguments, or a configuration that cannot be used
  3  refused by the guard, with the reason
  4  the check ran and found problems`

// exitError is an error that ends the process with a code of its own.
type exitError struct {
	code int
	err  error
}

// Error implements error.
func (e *exitError) Error() string { return e.err.Error() }

// Unwrap returns the error itself.
func (e *exitError) Unwrap() error { return e.err }

// usageError is a mistake in the arguments: exit code 2.
func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// refusedError is the guard's no to an order: exit code 3.
func refusedError(format string, args ...any) error {
	return &exitError{exitRefused, fmt.Errorf(format, args...)}
}

// findingsError says that a check found problems, which were written already: exit code 4.
func findingsError(format string, args ...any) error {
	return &exitError{exitFindings, fmt.Errorf(format, args...)}
}

// exitCode is the code that an error of a command stands for.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if e := (*exitError)(nil); errors.As(err, &e) {
		return e.code
	}
	if e := (*config.Error)(nil); errors.As(err, &e) {
		return exitUsage
	}
	if e := (*app.SinkError)(nil); errors.As(err, &e) {
		return exitUsage
	}
	if e := (*desk.RequestError)(nil); errors.As(err, &e) {
		return exitUsage
	}
	if e := (*desk.SetupError)(nil); errors.As(err, &e) {
		return exitUsage
	}
	return exitFailure
}
