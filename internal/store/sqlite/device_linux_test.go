package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

// linuxRoles are the children that need Linux.
var linuxRoles = map[string]func(out io.Writer, args []string) error{
	"fill":  childFillsDevice,
	"mount": childOnReadOnlyDevice,
}

// inNamespace runs a child that can mount file systems that nobody else sees, or skips the test.
func inNamespace(t *testing.T, role ...string) string {
	t.Helper()
	cmd := child(t.Context(), role...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || bytes.Contains(out, []byte("error: mount:")) {
		t.Skipf("this machine does not let tests mount: %v %s", err, out)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func mount(dir string, flags uintptr, options string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	if err := syscall.Mount("none", dir, "tmpfs", flags, options); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	return nil
}

// childFillsDevice saves on a device of 1 MiB until it is full, prints the error, and looks at what is there.
func childFillsDevice(out io.Writer, args []string) error {
	ctx := context.Background()
	if err := mount(args[0], 0, "size=1m"); err != nil {
		return err
	}
	path := filepath.Join(args[0], "store.db")
	s, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	l, err := s.Acquire(ctx, "prod", "owner", "", t0, 1e9)
	if err != nil {
		return err
	}
	version := int64(0)
	for ; err == nil; version++ {
		d := document(fmt.Sprintf("j-%d", version), 0)
		d.Body = store.Text(`"` + strings.Repeat("x", 20_000) + `"`)
		err = s.Save(ctx, store.Save{Lease: l, Docs: []store.Document{d}})
	}
	fmt.Fprintln(out, errors.Is(err, store.ErrFull), err)
	saved := version - 1
	_ = s.Close() // may not be able to merge the log
	s, err = sqlite.Open(ctx, path, sqlite.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	docs, err := s.LoadScope(ctx, "prod")
	if err := errors.Join(err, s.Check(ctx)); err != nil || int64(len(docs)) != saved {
		return fmt.Errorf("%d documents, %d were saved: %w", len(docs), saved, err)
	}
	return s.Close()
}

func TestFullDevice(t *testing.T) {
	out := inNamespace(t, "fill", t.TempDir())
	if !strings.HasPrefix(out, "true ") || !strings.Contains(out, "free space") {
		t.Fatalf("a full device: %s", out)
	}
}

// childOnReadOnlyDevice opens a store on a device that is then mounted read-only.
func childOnReadOnlyDevice(out io.Writer, args []string) error {
	ctx := context.Background()
	if err := mount(args[0], 0, "size=4m"); err != nil {
		return err
	}
	path := filepath.Join(args[0], "store.db")
	s, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if err := syscall.Mount("none", args[0], "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=4m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	_, err = sqlite.Open(ctx, path, sqlite.Options{})
	fmt.Fprintln(out, errors.Is(err, store.ErrReadOnly), err)
	_, err = sqlite.Open(ctx, filepath.Join(args[0], "new.db"), sqlite.Options{})
	fmt.Fprintln(out, errors.Is(err, store.ErrReadOnly), err)
	s, err = sqlite.Open(ctx, path, sqlite.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	docs, err := s.LoadScope(ctx, "prod")
	fmt.Fprintln(out, true, len(docs), "documents make the file writable", err)
	return s.Close()
}

func TestReadOnlyDevice(t *testing.T) {
	out := inNamespace(t, "mount", t.TempDir())
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "true ") || !strings.Contains(line, "make the file") {
			t.Errorf("a read-only device: %s", line)
		}
	}
}

// TestUnwritableFile opens a store that this user may read but not write.
func TestUnwritableFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	newStore(t, path)
	binary := filepath.Join(dir, "binary")
	body, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.WriteFile(binary, body, 0o755), os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(path, 0o444), os.Chmod(dir, 0o555), //nolint:gosec // meant
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) }) //nolint:gosec // so that it can be removed
	before := contents(t, dir)
	for how, says := range map[string]string{"write": "store is read-only", "read": " 1\n"} {
		cmd := child(t.Context(), "open", how, path)
		cmd.Path = binary
		if os.Getuid() == 0 { // root writes to everything
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, _ := cmd.Output()
		if !strings.Contains(string(out), says) {
			t.Errorf("open to %s: %s", how, out)
		}
	}
	sameContents(t, before, contents(t, dir))
}
