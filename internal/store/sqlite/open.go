// Package sqlite keeps the store in one SQLite file.
//
// # Durability
//
// A save that returned nil survives the death of the process and a power cut: the file runs with a write-ahead log and
// synchronous=FULL, one fsync for each transaction. With synchronous=NORMAL a power cut may take the newest transactions
// with it, and emrguard would repeat a launch whose journal entry is gone. BenchmarkSave measures both; FULL is
// two to four times slower and still far above what the EMR API lets one account decide. A save that failed is not in the store;
// only after an I/O error of the device while it was committed can it come back with the next start: load again then.
//
// # Cost
//
// A Save is 4 statements (BEGIN, the version, the lease, COMMIT), 1 for each document, 1 for each record and 2 for each
// answer, and a stat of the file. A record is a row and up to 9 index entries. One writer connection takes the writes of
// this process one after the other; 4 reader connections never wait for it. Nothing is held open between calls.
//
// # Sharing
//
// Several processes on one machine may have the file open. It must be on a local file system: a write-ahead log needs
// shared memory. Every write finds out whether a newer emrguard has changed the schema meanwhile (store.ErrNewer) and
// whether the file is still the one that was opened: SQLite itself would go on writing to a file that was deleted.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"emrguard/internal/store"
)

// Options of Open; the zero value is right for a daemon.
type Options struct {
	// ReadOnly opens an existing store for reading, whether or not a daemon has it open. Everything that writes returns
	// store.ErrReadOnly.
	ReadOnly bool
	// BusyTimeout is how long a call waits for another process's transaction before it returns store.ErrBusy; 0 stands
	// for 5 s. A call's context can end the wait sooner.
	BusyTimeout time.Duration
	// MaxBytes limits the size of the file for the writes of this process, rounded up to whole pages of 4096 bytes;
	// beyond it they return store.ErrFull. 0 is no limit. The log next to the file is not counted.
	MaxBytes int64
}

// readers is how many reads run at once.
const readers = 4

const pageSize = 4096

// Store is a store.Store in a SQLite file. It is safe for concurrent use, by several processes too.
type Store struct {
	path  string
	file  os.FileInfo // of the writer's file when it was opened
	id    string
	all   []migration
	write *sql.DB // one connection; nil if opened for reading only
	read  *sql.DB
	saves statements
	once  sync.Once
	ended error
}

// Open opens the store in the file at path and, unless it is opened for reading only, creates it (mode 0600) or brings
// it to the newest schema.
//
// A file that is corrupt, of a newer version, of another program, not a file or that cannot be written to is refused with
// an error that wraps store.ErrCorrupt, ErrNewer, ErrReadOnly, ErrFull or ErrBusy where one fits, and is left as it is. A
// store that does not exist is store.ErrNotFound if it is opened for reading only.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	all, err := migrations(embedded)
	if err != nil {
		return nil, err
	}
	return open(ctx, path, o, all)
}

func open(ctx context.Context, path string, o Options, all []migration) (*Store, error) {
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	f, err := inspect(ctx, path, len(all))
	if err != nil {
		return nil, err
	}
	s := &Store{path: f.path, all: all}
	if o.ReadOnly {
		err = s.openReadOnly(ctx, f, o)
	} else {
		err = s.openWriter(ctx, f, o)
	}
	if err == nil {
		s.id, err = readID(ctx, s.read)
		err = explain(s.path, "open", err)
	}
	if err != nil {
		_ = s.Close() // the reason of the failure says more
		return nil, err
	}
	return s, nil
}

// openWriter opens the one connection that writes, migrates, and opens the readers.
func (s *Store) openWriter(ctx context.Context, f finding, o Options) error {
	if f.fresh {
		if err := create(s.path); err != nil {
			return err
		}
	}
	settings := []string{
		"mode=rw", "_txlock=immediate", busy(o), "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=foreign_keys(1)", "_pragma=cell_size_check(1)", "_pragma=journal_size_limit(67108864)",
	}
	if o.MaxBytes > 0 {
		settings = append(settings, fmt.Sprintf("_pragma=max_page_count(%d)", (o.MaxBytes+pageSize-1)/pageSize))
	}
	var err error
	if s.write, err = pool(s.path, 1, settings...); err != nil {
		return explain(s.path, "open", err)
	}
	if err := s.firstUse(ctx, o.BusyTimeout); err != nil {
		if unwritable := tryDirectory(s.path); unwritable != nil {
			return unwritable
		}
		return err
	}
	if err := migrate(ctx, s.write, s.path, s.all); err != nil {
		return err
	}
	if s.file, err = os.Stat(s.path); err != nil {
		return explainFile(s.path, "open", err)
	}
	if s.read, err = pool(s.path, readers, "mode=ro", busy(o), "_pragma=cell_size_check(1)"); err != nil {
		return explain(s.path, "open", err)
	}
	return explain(s.path, "open", s.saves.prepare(ctx, s.write))
}

// create makes the file readable for its owner only; SQLite gives its log the same mode.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) { // empty, or somebody else was faster
		return nil
	}
	if err != nil {
		return explainFile(path, "create", err)
	}
	return file.Close()
}

// firstUse makes the writer's connection. Two processes that make the same store at once get in each other's way while
// they switch the log on, where SQLite does not wait.
func (s *Store) firstUse(ctx context.Context, wait time.Duration) error {
	const pause = 5 * time.Millisecond
	for left := wait; ; left -= pause {
		err := explain(s.path, "open", s.write.PingContext(ctx))
		if !errors.Is(err, store.ErrBusy) || left <= 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// openReadOnly opens the readers alone. Where this user can make neither log nor shared memory, which reading beside a
// daemon needs, and there is no log, it reads the file as it lies there.
func (s *Store) openReadOnly(ctx context.Context, f finding, o Options) (err error) {
	if f.fresh {
		return fmt.Errorf("%s: cannot open: %w: there is no store yet; start emrguard run, or name another file",
			s.path, store.ErrNotFound)
	}
	if s.read, err = pool(s.path, readers, "mode=ro", busy(o), "_pragma=cell_size_check(1)"); err != nil {
		return explain(s.path, "open", err)
	}
	version, err := compare(ctx, s.read, s.all)
	if err != nil {
		if _, stat := os.Stat(s.path + "-wal"); !errors.Is(stat, os.ErrNotExist) {
			return explain(s.path, "open", err)
		}
		_ = s.read.Close() // it could not open anything
		if s.read, err = pool(s.path, readers, "mode=ro", immutable(true), "_pragma=cell_size_check(1)"); err != nil {
			return explain(s.path, "open", err)
		}
		if version, err = compare(ctx, s.read, s.all); err != nil {
			return explain(s.path, "open", err)
		}
	}
	if version < len(s.all) {
		return fmt.Errorf("%s: cannot open: it has schema version %d, this emrguard reads %d; start emrguard run once to upgrade it",
			s.path, version, len(s.all))
	}
	return nil
}

func busy(o Options) string {
	return fmt.Sprintf("_pragma=busy_timeout(%d)", max(o.BusyTimeout.Milliseconds(), 1))
}

// pool keeps its connections for as long as the store is open.
func pool(path string, size int, settings ...string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, settings...))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// ID implements store.Store.
func (s *Store) ID() string { return s.id }

// Path is the absolute path of the file, symbolic links resolved.
func (s *Store) Path() string { return s.path }

// Close implements store.Store. The last process that closes the file merges the log into it. A second call returns
// what the first did.
func (s *Store) Close() error {
	s.once.Do(func() {
		var errs []error
		if s.read != nil {
			errs = append(errs, s.read.Close())
		}
		if s.write != nil {
			errs = append(errs, s.saves.close(), s.write.Close())
		}
		s.ended = explain(s.path, "close", errors.Join(errs...))
	})
	return s.ended
}
