//go:build !linux

package sqlite_test

import "io"

var linuxRoles map[string]func(out io.Writer, args []string) error
