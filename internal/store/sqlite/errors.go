package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"emrguard/internal/store"
)

// sentinels are the errors a caller tells apart; an error that wraps one is complete already.
var sentinels = []error{
	store.ErrNotFound, store.ErrConflict, store.ErrExists, store.ErrFenced, store.ErrNewer, store.ErrCorrupt,
	store.ErrReadOnly, store.ErrFull, store.ErrBusy,
}

// explain puts the file, what was tried, the reason and the next step into an error of the driver and wraps the port's
// error that fits. What the port has no error for keeps its cause.
func explain(path, what string, err error) error {
	if err == nil {
		return nil
	}
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return fmt.Errorf("%s: cannot %s: %w", path, what, err)
		}
	}
	var e *driver.Error
	if !errors.As(err, &e) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: cannot %s: %w", path, what, err)
	}
	next, sentinel := meaning(e.Code())
	if sentinel == nil {
		return fmt.Errorf("%s: cannot %s: %w; %s", path, what, err, next)
	}
	return fmt.Errorf("%s: cannot %s: %w: %v; %s", path, what, sentinel, err, next)
}

// The next steps of the errors that more than one place reports.
const (
	nextCorrupt  = "keep the file, restore a backup, or move it away to start with an empty store"
	nextReadOnly = "make the file and its directory writable for this user"
	nextFull     = "free space on its device or raise the size limit; nothing was written"
)

// meaning maps an extended result code of SQLite to the next step and an error of the port, nil if there is none.
func meaning(code int) (next string, sentinel error) {
	switch code {
	case lib.SQLITE_IOERR_CORRUPTFS, lib.SQLITE_IOERR_SHORT_READ, lib.SQLITE_IOERR_DATA:
		return nextCorrupt, store.ErrCorrupt
	case lib.SQLITE_IOERR_SHMSIZE: // the index of the write-ahead log could not grow
		return nextFull, store.ErrFull
	}
	switch code & 0xff {
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_FORMAT:
		return nextCorrupt, store.ErrCorrupt
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return nextReadOnly, store.ErrReadOnly
	case lib.SQLITE_FULL:
		return nextFull, store.ErrFull
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_PROTOCOL:
		return "find the process that holds it (fuser names it) and try again; nothing was written", store.ErrBusy
	case lib.SQLITE_CANTOPEN:
		return "check that the directory exists and is writable for this user", nil
	default:
		return "check the device and the system log; nothing was written", nil
	}
}

// explainFile does for errors of the operating system what explain does for those of SQLite.
func explainFile(path, what string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s: cannot %s: %w: %v; %s", path, what, store.ErrReadOnly, err, nextReadOnly)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s: cannot %s: %w: %v; %s", path, what, store.ErrFull, err, nextFull)
	}
	return fmt.Errorf("%s: cannot %s: %w", path, what, err)
}

// tryDirectory makes and removes a file next to path to find out why SQLite could not: it says no more than that it
// cannot open a file.
func tryDirectory(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-try-*")
	if err != nil {
		return explainFile(path, "open", err)
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// damaged is the error of one row that cannot be trusted.
func damaged(path, what string, err error) error {
	return fmt.Errorf("%s: %s: %w: %v; %s", path, what, store.ErrCorrupt, err, nextCorrupt)
}
