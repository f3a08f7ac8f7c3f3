package cli

import (
	"cmp"
	"regexp"
	"runtime/debug"
	"strings"
)

// cached is where the go command puts the program that go run starts: a directory of its own, or since Go 1.24 its build cache.
var cached = regexp.MustCompile(`[/\\]go-build[0-9]*[/\\]|[/\\][0-9a-f]{2}[/\\][0-9a-f]{64}-d[/\\][^/\\]+$`)

// startedAs is what a person writes to start this program again from the same place: the path that was written for it, "emrguard" if that came from PATH,
// and for go run the same of its package, since its program is nowhere to be found. Arg is the program as it was started, pkg the path of its main package.
func startedAs(arg, pkg string) string {
	switch {
	case cached.MatchString(arg) && pkg != "":
		return "go run " + pkg
	case arg == "" || strings.ContainsAny(arg, " '\"\\$`"):
		return "emrguard"
	}
	return arg
}

// mainPackage is the path of this program's main package, empty if it was not built as a module.
func mainPackage() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Path == "command-line-arguments" {
		return ""
	}
	return info.Path
}

// command is how this program is started, for hints.
func (d *Deps) command() string { return cmp.Or(d.Command, "emrguard") }
