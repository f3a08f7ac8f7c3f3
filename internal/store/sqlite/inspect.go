package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"emrguard/internal/store"
)

// applicationID marks a SQLite file as an emrguard store: "EMRG" at byte 68 of the file.
const applicationID = 0x454d5247

// smallest is the size of the smallest SQLite file that is not empty: one page.
const smallest = 512

// finding is what a look at a file says before it is opened for good.
type finding struct {
	path    string // absolute, symbolic links resolved: SQLite puts the -wal file next to it
	fresh   bool   // there is nothing in it yet
	version int    // its user_version: the newest migration in it
}

// inspect looks at the file without changing it. It must not read the file except through SQLite: closing a file drops
// all POSIX locks that this process holds on it, another open store's too.
func inspect(ctx context.Context, path string, newest int) (finding, error) {
	if path == "" {
		return finding{}, errors.New("the store has no path; write store: sqlite:FILE")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return finding{}, fmt.Errorf("%s: cannot open: %w", path, err)
	}
	if target, err := filepath.EvalSymlinks(abs); err == nil {
		abs = target
	}
	f := finding{path: abs}

	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if dir, err := os.Stat(filepath.Dir(abs)); err != nil || !dir.IsDir() {
			return f, fmt.Errorf("%s: cannot open: no directory %s; create it", abs, filepath.Dir(abs))
		}
		f.fresh = true
	case err != nil:
		return f, fmt.Errorf("%s: cannot open: %w", abs, err)
	case info.IsDir():
		return f, fmt.Errorf("%s: cannot open: it is a directory; name a file in it", abs)
	case !info.Mode().IsRegular():
		return f, fmt.Errorf("%s: cannot open: it is not a regular file (%s)", abs, info.Mode().Type())
	case info.Size() == 0:
		f.fresh = true
	case info.Size() < smallest: // SQLite would take a file of one byte for an empty one
		return f, fmt.Errorf("%s: cannot open: %w: it has %d bytes, too few for a SQLite file; %s",
			abs, store.ErrCorrupt, info.Size(), nextCorrupt)
	}
	log, err := os.Stat(abs + "-wal")
	if f.fresh {
		if err == nil && log.Size() > 0 {
			return f, fmt.Errorf("%s: cannot open: %w: it is missing or empty, but its log %s-wal is not; "+
				"restore the file, or move the log away to start with an empty store", abs, store.ErrCorrupt, filepath.Base(abs))
		}
		return f, nil
	}
	return f, f.look(ctx, err == nil, newest)
}

// look reads the marks of an existing file. Without a log nobody has it open and it is read as it lies there, which
// leaves no files next to it.
func (f *finding) look(ctx context.Context, hasLog bool, newest int) (err error) {
	db, err := sql.Open("sqlite", dsn(f.path, "mode=ro", immutable(!hasLog), "_pragma=busy_timeout(5000)"))
	if err != nil {
		return explain(f.path, "open", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var application, tables int64
	err = db.QueryRowContext(ctx, "SELECT (SELECT application_id FROM pragma_application_id), "+
		"(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)").
		Scan(&application, &f.version, &tables)
	if err != nil {
		return explain(f.path, "open", err)
	}
	if application == 0 && f.version == 0 && tables == 0 {
		f.fresh = true // a creation that was cut short
		return nil
	}
	return explain(f.path, "open", judge(application, f.version, newest))
}

// judge refuses files of others and of newer versions.
func judge(application int64, version, newest int) error {
	if application != applicationID {
		return fmt.Errorf("it is a SQLite file of another program (application_id %#x); nothing was changed, name another file",
			application)
	}
	if version > newest {
		return fmt.Errorf("%w: it has schema version %d, this emrguard knows up to %d; "+
			"run the newer emrguard, or restore a backup from before the upgrade", store.ErrNewer, version, newest)
	}
	if version < 1 {
		return fmt.Errorf("%w: it has schema version %d; %s", store.ErrCorrupt, version, nextCorrupt)
	}
	return nil
}

// immutable is the setting that reads a file without locks, log or shared memory, or nothing.
func immutable(on bool) string {
	if on {
		return "immutable=1"
	}
	return ""
}

// dsn names the file to the driver. Settings go here because a PRAGMA run on a pool reaches one connection only.
func dsn(path string, settings ...string) string {
	u := url.URL{Path: path}
	settings = append(settings, "_defensive=1", "_dqs=0", "_error_rc=1", "_pragma=trusted_schema(0)")
	var given []string
	for _, s := range settings {
		if s != "" {
			given = append(given, s)
		}
	}
	return "file://" + u.EscapedPath() + "?" + strings.Join(given, "&")
}
