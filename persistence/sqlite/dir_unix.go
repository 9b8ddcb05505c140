//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// lockDir takes the data directory for this process. The kernel gives the lock
// back when the file is closed, however the process ends.
func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	file, err := createOwned(path)
	if errors.Is(err, fs.ErrExist) {
		file, err = os.OpenFile(path, os.O_RDWR, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return file, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	return nil, fmt.Errorf("lock data directory: %w", err)
}

// createOwned makes a file of the data directory, which must not exist and which
// only its owner can read. Made by root it is given to whom the directory
// belongs to: an administrator's command while no server runs must leave nothing
// that the server's own user cannot open. Only a new file is given away, never
// one that was put there, or what a link there leads to; and where root may not,
// as on some network file systems, it stays as it is.
func createOwned(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil || os.Geteuid() != 0 {
		return file, err
	}
	var dir syscall.Stat_t
	if err = syscall.Stat(filepath.Dir(path), &dir); err == nil {
		err = file.Chown(int(dir.Uid), int(dir.Gid))
	}
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return nil, errors.Join(fmt.Errorf("give %s to the directory's owner: %w", path, err), file.Close(), os.Remove(path))
	}
	return file, nil
}

// syncDir makes a rename in the directory durable.
func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
