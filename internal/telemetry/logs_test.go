package telemetry

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"emrguard/internal/view"
)

var update = flag.Bool("update", false, "rewrite docs/logs.md")

// line is one kind of log line as the code writes it: where a message comes with several levels, each is one.
type line struct {
	name, level string
	fields      []string
	where       string
}

// lineMeanings say what the lines mean that are no records.
var lineMeanings = map[string]string{
	"call":                "a call was handed out to be sent",
	"config.warning":      "the configuration is valid, and something in it may not be meant",
	"fault":               "a problem outside the rules, with the store, a lease or an API; the same one is written once a minute at most",
	"history.prune":       "old history was deleted, or could not be",
	"listen":              "the listener is open",
	"loop.failed":         "the run loop broke down and the process ends; this is a defect of emrguard",
	"notify.dropped":      "a message was given up: it was too old, or too many waited",
	"notify.failed":       "a sink could not be reached, or was busy; the message is tried again",
	"notify.fault":        "a problem of the notifier's own, with the store for example",
	"notify.refused":      "a sink refused a message; it is tried again after a while",
	"notify.sent":         "a message was delivered",
	"reload":              "another configuration is in force",
	"reload.change":       "one change of it",
	"reload.refused":      "the changed configuration has a mistake, or cannot be used; the old one stays in force",
	"scope.lost":          "the lease of a scope is not held any more; nothing is done there until it is held again",
	"scope.ready":         "a scope is owned and its clusters were listed: it is guarded",
	"scope.standby":       "another process owns a scope, or nobody can",
	"scope.taken":         "the lease of a scope was taken",
	"start":               "the daemon starts",
	"stop":                "the daemon ended",
	"systemd":             "systemd could not be told that the daemon is ready, well, reloads or stops; it may restart the daemon for that",
	"trace.dropped":       "the collector did not take spans; written once a minute at most",
	"trace.off":           "the environment asks for traces that cannot be made",
	"trace.on":            "traces go to a collector",
	"trace.resource":      "a part of OTEL_RESOURCE_ATTRIBUTES cannot be used",
	"web.certificate":     "a changed certificate is in use, or could not be read",
	"web.certificate.end": "the certificate in use has ended, has not begun, or ends soon",
	"web.export":          "an export of history broke off",
	"web.login.refused":   "somebody presented a wrong token; not all of many are written",
	"web.panic":           "a page broke down; this is a defect of emrguard",
}

// fieldMeanings say what the fields mean, whatever line they are on.
var fieldMeanings = map[string]string{
	"again_in": "until the next attempt", "message": "the notification's id", "sink": "the sink's name in the configuration",
	"address": "of the listener, or of the client", "at": "when it happened, by the guard's clock; the line's own time is the machine's",
	"author": "who asked for it; absent for emrguard itself", "call": "the call: its operation, cluster, group and count",
	"change": "one setting, before and after", "changes": "how many settings changed", "cluster": "the cluster's id, j-…",
	"clusters": "how many", "config": "the configuration file", "damage": "what is wrong with stored rows",
	"data": "the inputs of a decision and what came of them, by kind; emrguard explain shows the same", "dry_run": "nothing is changed at EMR",
	"endpoint": "of the collector", "error": "what went wrong, with the reason and the next step", "file": "the certificate's",
	"generation": "of the lease; it rises with each change of owner", "group": "the instance group's id, ig-…",
	"id": "of the history row; emrguard explain shows it", "next": "what to do",
	"open": "everybody who reaches the listener may read", "orders": "orders can be given there", "page": "URL of the dashboard",
	"panic": "what broke down", "path": "of the request", "pool": "the id of the pool's first group", "reason": "why, in a sentence",
	"recovery": "the id of the recovery or scaling operation", "repeated": "how often the fault happened unwritten since its last line",
	"rows": "of history", "scope": "the scope's name", "scopes": "how many", "spans": "how many", "speed": "of the guard's clock; 1 is real time",
	"stack": "where in the code", "state": "what systemd was to be told, in the words of sd_notify(3)", "store": "the store's file", "text": "the warning", "version": "emrguard's",
}

// recordFields are the fields of a record's line, in their order.
var recordFields = []string{"at", "scope", "cluster", "group", "pool", "recovery", "reason", "author", "id", "data"}

// kindMeanings say what the kinds of records mean.
var kindMeanings = map[string]string{
	"answer.add": "EMR answered the call that makes a group", "answer.keep": "EMR answered the call that keeps what arrived after a stop",
	"answer.launch": "EMR answered the call that raises a group", "answer.make": "EMR answered the call that makes a pool's group",
	"answer.release": "EMR answered the call that lowers a group", "answer.stop": "EMR answered the call that ends a resize",
	"answer.terminate": "EMR answered the call that ends the cluster", "api.throttled": "AWS refused a call for its rate; emrguard slows down",
	"ban.lifted": "a ban was taken back: its stop did not happen", "ban.over": "the time of a ban is over", "ban.set": "a group takes no launches for a while",
	"call.add": "a group will be made", "call.keep": "what arrived after a stop will be kept", "call.launch": "a group will be raised",
	"call.make": "a pool's group will be made", "call.release": "a group will be lowered", "call.stop": "a resize will be ended",
	"call.terminate": "the cluster will be ended", "clock.back": "the guard's clock was set back", "clock.skew": "the local clock and AWS's differ; no recovery begins",
	"clock.agrees": "that is over", "clock.follows": "the guard's clock was moved to AWS's, as after a machine's sleep",
	"events.unread": "the queue of events cannot be read", "events.read": "that is over", "scope.denied": "AWS refuses reads to the credentials", "scope.allowed": "that is over",
	"scope.unread": "EMR could not be read for five minutes", "scope.read": "that is over", "scope.broken": "clusters are left alone, since what is stored of them is broken",
	"scope.unwatched": "no emrguard ran for a scope from here on", "scope.watched": "emrguard watches it again",
	"scope.whole": "that is over", "sweep.late": "clusters were not read for half of recovery.after", "sweep.timely": "that is over",
	"cluster.back": "a cluster is listed again", "cluster.ended": "a cluster ended", "cluster.event": "EMR's event of a cluster's state",
	"cluster.state": "a cluster's state changed", "cluster.withheld": "somebody else is in charge of a cluster; it is only observed",
	"event.dropped": "an event of EMR cannot be used", "group.dated": "since when instances are missing became known more exactly",
	"group.event": "EMR's event of a group", "group.foreign": "a group was made by another emrguard store", "group.made": "a group of emrguard's was made",
	"group.ours": "a group in a read is one of emrguard's", "group.read": "a read shows that a group changed", "group.seen": "a group was seen for the first time",
	"group.settled": "a stopped group came to rest", "group.trouble": "EMR says why instances are missing", "group.twin": "a call made a group twice",
	"metrics.read": "CloudWatch can be read again", "metrics.unread": "CloudWatch cannot be read; policies are not judged",
	"order.adopt": "somebody had fallback groups adopted", "order.ban": "somebody banned a group", "order.pause": "somebody paused a cluster or a scope",
	"order.refused": "an order was not carried out", "order.resume": "somebody ended a pause", "order.return": "somebody sent a pool's instances back",
	"order.scale": "somebody scaled a pool", "order.unban": "somebody lifted a ban", "pool.blocked": "instances are missing that no group can take",
	"pool.contested": "somebody keeps growing a banned group", "pool.kept": "a stopped group keeps what arrived",
	"pool.late_call": "a call took effect after it was given up", "pool.outside_ban": "somebody grew a banned group", "pool.outside_fall": "somebody lowered a group",
	"pool.outside_grow": "somebody raised a group", "pool.outside_undone": "a raise that no second read showed is taken back",
	"pool.overrun": "more runs than is asked for, and somebody else asked for it",
	"pool.rebuilt": "a pool was rebuilt from the names of its groups", "pool.rest": "recoveries kept failing; a pool takes no launches for a while",
	"pool.rested": "a rest is over", "pool.return_failed": "instances could not be sent back", "pool.unblocked": "nothing is left to place",
	"pool.wanted": "what a pool wants changed", "pool.whole": "all that a pool wants runs", "read.unusable": "a read cannot be decided on",
	"read.usable": "reads can be decided on again", "recovery.blocked": "a recovery ended: no group takes the missing instances",
	"recovery.cause": "why a group is stuck", "recovery.chained": "a recovery ended: the next one took over", "recovery.cleared": "a recovery ended: it was not stuck after all",
	"recovery.cluster_end": "a recovery ended with its cluster", "recovery.completed": "a recovery ended: what was wanted runs",
	"recovery.open": "a recovery or scaling operation began", "recovery.overtaken": "a recovery ended: somebody lowered the pool",
	"recovery.reported": "a recovery ended: a person has to look", "recovery.rested": "a recovery ended: the pool rests", "recovery.step": "the next step of a recovery, or what it waits for",
	"recovery.withheld": "a recovery ended: somebody else is in charge of the cluster", "scaling.bound": "a configured pool found its group",
	"scaling.bounds": "the least or most of a pool changed", "scaling.decided": "what a policy or schedule asks for was decided",
	"scaling.deferred": "what a policy or schedule asks for waits", "scaling.dropped": "a schedule that waited is gone",
	"scaling.resumed": "scaling operations run again", "scaling.superseded": "a schedule gave way to another",
	"scaling.suspended": "no scaling operation runs while something is resizing", "scaling.unmade": "a configured pool has no group",
	"termination.held": "a termination waits", "termination.notice": "a cluster will be terminated", "termination.withdrawn": "it will not",
	"would.make": "with nothing to be changed: a group would be made", "would.recover": "with nothing to be changed: a recovery would begin",
	"would.scale": "with nothing to be changed: a pool would be scaled", "would.terminate": "with nothing to be changed: a cluster would be terminated",
}

// loggers are the methods of a logger and the levels they write at; empty: the second argument says it.
var loggers = map[string]string{
	"Debug": "debug", "DebugContext": "debug", "Info": "info", "InfoContext": "info", "Warn": "warn", "WarnContext": "warn",
	"Error": "error", "ErrorContext": "error", "LogAttrs": "", "Log": "",
}

// slogLevels are the names of the levels in package slog.
var slogLevels = map[string]string{"LevelDebug": "debug", "LevelInfo": "info", "LevelWarn": "warn", "LevelError": "error"}

// lines finds what the code of the daemon logs. The simulator has a log of its own.
func lines(t *testing.T) []line {
	t.Helper()
	const root = "../.."
	var out []line
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "emrsim"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
				out = append(out, linesOf(set, f.Body)...)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// linesOf finds what one function logs.
func linesOf(set *token.FileSet, body *ast.BlockStmt) []line {
	named := map[string][]string{} // variables that hold fields
	ast.Inspect(body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for i, left := range a.Lhs {
			if id, ok := left.(*ast.Ident); ok {
				named[id.Name] = append(named[id.Name], keys(a.Rhs[min(i, len(a.Rhs)-1)], named)...)
			}
		}
		return true
	})
	var out []line
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !isLogger(method.X) {
			return true
		}
		level, logs := loggers[method.Sel.Name]
		if !logs {
			return true
		}
		l := line{level: level, where: set.Position(call.Pos()).String()}
		args := call.Args
		if level == "" { // a context and a level come first
			if s, ok := args[1].(*ast.SelectorExpr); ok {
				l.level = slogLevels[s.Sel.Name]
			}
			args = args[2:]
		} else if strings.HasSuffix(method.Sel.Name, "Context") {
			args = args[1:]
		}
		if name, ok := args[0].(*ast.BasicLit); ok {
			l.name, _ = strconv.Unquote(name.Value)
		}
		for _, a := range args[1:] {
			l.fields = append(l.fields, keys(a, named)...)
		}
		slices.Sort(l.fields)
		l.fields = slices.Compact(l.fields)
		out = append(out, l)
		return true
	})
	return out
}

// isLogger says whether an expression is a logger by its name, or package slog itself.
func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return strings.EqualFold(x.Name, "log") || x.Name == "slog" || strings.EqualFold(x.Name, "logger")
	case *ast.SelectorExpr:
		return isLogger(x.Sel)
	}
	return false
}

// keys are the names of the fields that an expression makes, those that variables hold included.
func keys(x ast.Expr, named map[string][]string) (out []string) {
	ast.Inspect(x, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			out = append(out, named[n.Name]...)
		case *ast.CallExpr:
			s, ok := n.Fun.(*ast.SelectorExpr)
			if ok && len(n.Args) == 2 && isLogger(s.X) {
				if key, ok := n.Args[0].(*ast.BasicLit); ok && key.Kind == token.STRING {
					name, _ := strconv.Unquote(key.Value)
					out = append(out, name)
					return false
				}
			}
		}
		return true
	})
	return out
}

// reference renders docs/logs.md and finds what has no meaning, and the meanings of nothing.
func reference(t *testing.T) string {
	t.Helper()
	rows := map[[2]string][]string{} // fields by name and level
	for _, l := range lines(t) {
		if l.name == "" {
			if !strings.HasPrefix(filepath.Base(l.where), "observer.go:") { // the line of a record
				t.Errorf("%s: the message is no constant, so nobody can look it up in docs/logs.md", l.where)
			}
			continue
		}
		if lineMeanings[l.name] == "" {
			t.Errorf("%s: the line %q has no meaning; say it in lineMeanings", l.where, l.name)
		}
		key := [2]string{l.name, l.level}
		for _, f := range l.fields {
			if fieldMeanings[f] == "" {
				t.Errorf("%s: the field %q has no meaning; say it in fieldMeanings", l.where, f)
			}
			if !slices.Contains(rows[key], f) {
				rows[key] = append(rows[key], f)
			}
		}
		if rows[key] == nil {
			rows[key] = []string{}
		}
	}
	names := slices.SortedFunc(maps.Keys(rows), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	used := map[string]bool{}
	for _, f := range recordFields {
		used[f] = true
	}
	var b strings.Builder
	b.WriteString("# Log\n\nGenerated from the code; `go test ./internal/telemetry -update` writes it.\n\n" +
		"`emrguard run` and `emrguard once` write one line for each thing that happens to standard error: JSON, or text where `log.format` says so. `msg` names what\n" +
		"happened by a word of the lists below and nothing else, so that it can be searched for; the rest is in fields. `time` and `level` are on\n" +
		"every line. At level debug the listener adds lines of Go's HTTP server about broken connections, whose message is a sentence.\n\n" +
		"No line holds a credential.\n\n## The daemon\n\n| message | level | fields | means |\n|---|---|---|---|\n")
	for _, key := range names {
		for _, f := range rows[key] {
			used[f] = true
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", key[0], key[1], quoted(rows[key]), lineMeanings[key[0]])
	}
	for _, name := range slices.Sorted(maps.Keys(lineMeanings)) {
		if !slices.ContainsFunc(names, func(k [2]string) bool { return k[0] == name }) {
			t.Errorf("nothing logs %q", name)
		}
	}
	fmt.Fprintf(&b, "\n## What is decided and seen\n\nEach row of the history is a line, too: `msg` is its kind. Fields: %s; those that a row has not are absent.\n"+
		"`emrguard history` shows the same rows, and [recovery.md](recovery.md) and [scaling.md](scaling.md) have the rules behind them.\n\n| message | level | means |\n|---|---|---|\n", quoted(recordFields))
	kinds := view.Kinds()
	for _, k := range kinds {
		if kindMeanings[k] == "" {
			t.Errorf("the kind %q has no meaning; say it in kindMeanings", k)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k, strings.ToLower(levelOf(k).String()), kindMeanings[k])
	}
	for _, k := range slices.Sorted(maps.Keys(kindMeanings)) {
		if !slices.Contains(kinds, k) {
			t.Errorf("there is no kind %q", k)
		}
	}
	b.WriteString("\n## Fields\n\n| field | is |\n|---|---|\n")
	for _, f := range slices.Sorted(maps.Keys(fieldMeanings)) {
		if !used[f] {
			t.Errorf("no line has the field %q", f)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", f, fieldMeanings[f])
	}
	return b.String()
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = "`" + n + "`"
	}
	return strings.Join(out, ", ")
}

// No line has a name or a field that docs/logs.md does not explain.
func TestLogReferenceIsCurrent(t *testing.T) {
	const file = "../../docs/logs.md"
	got := reference(t)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	has, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := gocmp.Diff(string(has), got); d != "" {
		t.Errorf("%s is not current (-want +got); go test ./internal/telemetry -update rewrites it\n%s", file, d)
	}
}

func TestFieldsOfRecords(t *testing.T) {
	r := decision
	r.Author = "ann"
	var got []string
	for _, a := range recordAttrs(r) {
		got = append(got, a.Key)
	}
	if !slices.Equal(got, recordFields) {
		t.Errorf("a record's line has %v, documented are %v", got, recordFields)
	}
}

// What the scan would overlook could be logged without being documented.
func TestLinesAreFound(t *testing.T) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, "a.go", `package a
func (o *O) f() {
	scope := slog.String("scope", "x")
	attrs := []slog.Attr{scope, slog.Int("rows", 1)}
	if true {
		attrs = append(attrs, slog.Any("error", err))
	}
	o.log.LogAttrs(ctx, slog.LevelError, "one", attrs...)
	s.o.Log.WarnContext(ctx, "two", scope, slog.String("path", name(x)))
	slog.Info("three")
	log.Debug(name, slog.Bool("open", true))
	other.Info("no logger")
}`, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range linesOf(set, parsed.Decls[0].(*ast.FuncDecl).Body) {
		got = append(got, fmt.Sprintf("%s %s %v", l.level, l.name, l.fields))
	}
	want := []string{"error one [error rows scope]", "warn two [path scope]", "info three []", "debug  [open]"}
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
