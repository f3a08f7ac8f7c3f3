package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"emrguard/internal/config"
)

// replaceConfig puts new contents in the place of a configuration file's, all or nothing: into a file beside it, which then takes its name.
// Mode bits and owner stay, and so does a symbolic link. It is refused when the file no longer holds what it held before.
func replaceConfig(path string, before, after []byte) error {
	if name, ok := strings.CutPrefix(path, fromEnv); ok {
		return usageError("write %s: the configuration is the text of the variable %s; put the rule in where that is set", path, name)
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	dir := filepath.Dir(target)
	temp, err := os.CreateTemp(dir, "."+filepath.Base(target)+".*")
	if err != nil {
		return fmt.Errorf("write %s: its folder does not let this user replace it: %w; put the rule into the file by hand, or run this as the folder's owner", path, err)
	}
	err = fill(temp, info, after)
	if err == nil {
		err = unchanged(target, before)
	}
	if err == nil {
		err = os.Rename(temp.Name(), target)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(temp.Name()))
	}
	return syncFolder(dir)
}

// fill writes a new file that is like an old one in all but its contents, and closes it.
func fill(f *os.File, old fs.FileInfo, data []byte) error {
	err := f.Chmod(old.Mode().Perm())
	if st, ok := old.Sys().(*syscall.Stat_t); ok && err == nil && (int(st.Uid) != os.Getuid() || int(st.Gid) != os.Getgid()) {
		if err = f.Chown(int(st.Uid), int(st.Gid)); err != nil {
			err = fmt.Errorf("the file belongs to somebody else (user %d, group %d): %w", st.Uid, st.Gid, err)
		}
	}
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// unchanged says whether a file still holds what it held.
func unchanged(path string, want []byte) error {
	now, err := config.Read(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, want) {
		return errors.New("somebody changed the file meanwhile; nothing was written, run the command again")
	}
	return nil
}

// syncFolder makes a rename last through a power cut.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
