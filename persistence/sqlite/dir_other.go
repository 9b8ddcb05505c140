//go:build !unix

package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockDir takes the data directory for this process. Where files cannot be
// locked by the standard library, a system that refuses to remove an open file
// (Windows) stands in: the file can be removed only if nobody has it open.
func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	file, err := createOwned(path)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	return file, nil
}

// createOwned makes a file of the data directory, which must not exist.
func createOwned(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}

// syncDir makes a rename in the directory durable; where directories cannot be
// opened, the file system's journal does.
func syncDir(string) error { return nil }
