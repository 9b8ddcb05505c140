package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/sqlite"
)

// explain says an error to a person, with what to do where that is known.
func explain(err error) string {
	_, named := errors.AsType[*optionError](err) // an option's file, not the data directory's
	if path, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(err, fs.ErrPermission) {
		if named {
			return err.Error() + ": give the user who runs this the right to read it"
		}
		return fmt.Sprintf("no permission to use %s: give this user the right to write there, or choose another directory with --data", path.Path)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "listen" {
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			return fmt.Sprintf("%s is taken by another program: stop it, or choose another address with --listen", op.Addr)
		case errors.Is(err, syscall.EACCES):
			return fmt.Sprintf("no permission to listen on %s: choose a port above 1023 with --listen, or give the right to take those below (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)", op.Addr)
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			return fmt.Sprintf("this machine has no address %s: choose one it has with --listen, such as 127.0.0.1:8080", op.Addr)
		}
	}
	switch {
	case errors.Is(err, sqlite.ErrInUse):
		return err.Error() + ": stop it, or choose another directory with --data"
	case errors.Is(err, sqlite.ErrNewerSchema):
		return err.Error() + ": run the newer version, or restore a backup made by this one"
	case errors.Is(err, sqlite.ErrEarlySchema):
		return err.Error() + ": nothing was changed. Run that build, export the documents as Markdown, and import them here into a new directory with --data"
	case errors.Is(err, sqlite.ErrForeign):
		return err.Error() + ": choose the data directory with --data; one that was never served holds none yet. If it is ours and damaged, restore a backup into a new directory"
	case errors.Is(err, sqlite.ErrNotEmpty):
		return err.Error() + ": restore into a new one with --data, and keep this one until you know that it is not needed"
	case errors.Is(err, syscall.ENOTDIR):
		return err.Error() + ": name a directory with --data"
	case errors.Is(err, sqlite.ErrNoBackup):
		return err.Error() + ": name the file that \"coscribe backup FILE\" wrote"
	case errors.Is(err, sqlite.ErrOutside):
		return err.Error() + ": choose another moment with --until, or another backup"
	case errors.Is(err, persistence.ErrExists):
		return err.Error() + ": choose another file"
	case errors.Is(err, persistence.ErrFull), errors.Is(err, syscall.ENOSPC):
		return err.Error() + ": make room on that disk"
	case errors.Is(err, fs.ErrNotExist) && named:
		return err.Error() + ": check the path"
	case errors.Is(err, fs.ErrNotExist):
		return err.Error() + ": check the path, and --data"
	}
	return err.Error()
}
