package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// disk is what a disk may hold when the power goes, by the letter of POSIX:
// what was written before an fsync that returned is there; anything since may
// be there, or not, or in part, in any order. The names in a directory are
// files of their own, with the directory's fsync.
type disk struct {
	dir     string
	names   map[string]*inode // as running programs see them
	durable map[string]*inode // as the disk certainly has them
	pending []rename          // since the directory's last fsync
}

// inode is a file whatever it is called.
type inode struct {
	content []byte // certain
	pending []patch
}

// patch is a write or a truncation that was not followed by an fsync.
type patch struct {
	at   int64
	text []byte
	cut  bool  // the file ends at at
	by   *call // nil: not by a write
}

// rename is a change of the directory: to now names file, from names nothing.
// Either may be empty.
type rename struct {
	from, to string
	file     *inode
}

func newDisk(dir string) *disk {
	return &disk{dir: dir, names: map[string]*inode{}, durable: map[string]*inode{}}
}

// within gives the name of a path in the directory. The shared memory of the
// write-ahead log is not of the disk: SQLite makes it anew.
func (d *disk) within(path string) (string, bool) {
	name, ok := strings.CutPrefix(path, d.dir+"/")
	return name, ok && name != "" && !strings.HasSuffix(name, "-shm")
}

func (d *disk) file(path string) *inode {
	name, ok := d.within(path)
	if !ok {
		return nil
	}
	return d.names[name]
}

func (d *disk) change(r rename) {
	if r.from != "" {
		delete(d.names, r.from)
	}
	if r.to != "" {
		d.names[r.to] = r.file
	}
	d.pending = append(d.pending, r)
}

// syncing is an fsync under way: it settles what was pending at its start.
type syncing struct {
	file    *inode
	pending int
	names   int // of the directory; with file nil
}

// apply follows one call; syncs remembers those that were entered.
func (d *disk) apply(c *call, syncs map[*call]syncing) error {
	switch c.name {
	case "write", "pwrite64":
		f := d.file(c.path)
		if f == nil || c.returned {
			return nil // a write counts as begun when it is entered: all, part or none of it may be there
		}
		at := c.number
		if c.name == "write" {
			at = f.size()
		}
		f.pending = append(f.pending, patch{at: at, text: c.text, by: c})
	case "ftruncate":
		if f := d.file(c.path); f != nil && !c.returned {
			f.pending = append(f.pending, patch{at: c.number, cut: true})
		}
	case "fsync", "fdatasync":
		d.sync(c, syncs)
	case "open", "openat":
		if c.returned && c.result >= 0 {
			d.open(string(c.text), c.flags)
		}
	case "unlink", "unlinkat":
		if name, ok := d.within(string(c.text)); ok && c.returned && c.result == 0 {
			d.change(rename{from: name})
		}
	case "rename", "renameat", "renameat2":
		if !c.returned || c.result != 0 {
			return nil
		}
		if strings.HasSuffix(string(c.second), "/"+controlFile) {
			return nil // a socket has no content to lose
		}
		from, ok := d.within(string(c.text))
		to, ok2 := d.within(string(c.second))
		if !ok || !ok2 || d.names[from] == nil {
			return fmt.Errorf("renamed %q to %q, which is not followed here", c.text, c.second)
		}
		d.change(rename{from: from, to: to, file: d.names[from]})
	}
	return nil
}

func (d *disk) open(path, flags string) {
	name, ok := d.within(path)
	if !ok {
		return
	}
	f := d.names[name]
	switch {
	case f == nil && strings.Contains(flags, "O_CREAT"):
		d.change(rename{to: name, file: &inode{}})
	case f != nil && strings.Contains(flags, "O_TRUNC"):
		f.pending = append(f.pending, patch{cut: true})
	}
}

func (d *disk) sync(c *call, syncs map[*call]syncing) {
	if !c.returned {
		switch f := d.file(c.path); {
		case f != nil:
			syncs[c] = syncing{file: f, pending: len(f.pending)}
		case c.path == d.dir:
			syncs[c] = syncing{names: len(d.pending)}
		}
		return
	}
	s, ok := syncs[c]
	delete(syncs, c)
	switch {
	case !ok || c.result != 0:
	case s.file != nil:
		n := min(s.pending, len(s.file.pending))
		for _, p := range s.file.pending[:n] {
			s.file.content = p.on(s.file.content)
		}
		s.file.pending = append([]patch(nil), s.file.pending[n:]...)
	default:
		n := min(s.names, len(d.pending))
		for _, r := range d.pending[:n] {
			r.in(d.durable)
		}
		d.pending = append([]rename(nil), d.pending[n:]...)
	}
}

func (r rename) in(names map[string]*inode) {
	if r.from != "" {
		delete(names, r.from)
	}
	if r.to != "" {
		names[r.to] = r.file
	}
}

// size is the file's length as running programs see it.
func (f *inode) size() int64 {
	n := int64(len(f.content))
	for _, p := range f.pending {
		if p.cut {
			n = p.at
		} else {
			n = max(n, p.at+int64(len(p.text)))
		}
	}
	return n
}

// on applies the patch; a gap before it reads as zeros.
func (p patch) on(content []byte) []byte {
	end := p.at + int64(len(p.text))
	if grow := end - int64(len(content)); grow > 0 {
		content = append(content, make([]byte, grow)...)
	}
	if p.cut {
		return content[:p.at]
	}
	copy(content[p.at:], p.text)
	return content
}

// ended settles what a process left behind: a kill may have come between the
// entry of a write and the write itself. Otherwise the directory must be what
// programs see on this disk.
func (d *disk) ended(dir string) error {
	if d.same(dir) == nil {
		return nil
	}
	for _, f := range d.names {
		f.pending = slices.DeleteFunc(f.pending, func(p patch) bool { return p.by != nil && (!p.by.returned || p.by.result < int64(len(p.text))) })
	}
	return d.same(dir)
}

// same says whether the directory is what programs see on this disk.
func (d *disk) same(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	seen := 0
	for _, entry := range entries {
		name, ok := d.within(filepath.Join(d.dir, entry.Name()))
		if !ok {
			continue
		}
		seen++
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		f := d.names[name]
		if f == nil {
			return fmt.Errorf("%s is not on it", name)
		}
		if got := f.cut(nil, kept); !bytes.Equal(got, content) {
			at := 0
			for at < min(len(got), len(content)) && got[at] == content[at] {
				at++
			}
			return fmt.Errorf("%s has %d bytes instead of %d and differs from byte %d on", name, len(got), len(content), at)
		}
	}
	if seen != len(d.names) {
		return fmt.Errorf("it has %d files instead of %d", len(d.names), seen)
	}
	return nil
}

// fate is how a power cut treats what was not synced.
type fate int

const (
	dropped  fate = iota // nothing of it is there
	kept                 // all of it
	chosen               // whole writes at random
	torn512              // sectors of 512 bytes at random
	torn4096             // sectors of 4096 bytes at random
	fates
)

// cut writes into a directory what the disk may hold if the power goes now.
func (d *disk) cut(random *rand.Rand, to string, how fate) error {
	names := map[string]*inode{}
	for name, f := range d.durable {
		names[name] = f
	}
	// Names change in order, as far as they got.
	through := 0
	switch how {
	case dropped:
	case kept:
		through = len(d.pending)
	default:
		through = random.IntN(len(d.pending) + 1)
	}
	for _, r := range d.pending[:through] {
		r.in(names)
	}
	for name, f := range names {
		if err := os.WriteFile(filepath.Join(to, name), f.cut(random, how), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (f *inode) cut(random *rand.Rand, how fate) []byte {
	content := append(make([]byte, 0, len(f.content)+1<<16), f.content...)
	for _, p := range f.pending {
		switch how {
		case dropped:
		case kept:
			content = p.on(content)
		case chosen:
			if random.IntN(2) == 0 {
				content = p.on(content)
			}
		default:
			sector := int64(512)
			if how == torn4096 {
				sector = 4096
			}
			for _, piece := range p.sectors(sector) {
				if random.IntN(2) == 0 {
					content = piece.on(content)
				}
			}
		}
	}
	return content
}

// sectors cuts a write where the sectors of a disk end.
func (p patch) sectors(size int64) []patch {
	if p.cut {
		return []patch{p}
	}
	var pieces []patch
	for at, text := p.at, p.text; len(text) > 0; {
		n := min(int64(len(text)), size-at%size)
		pieces = append(pieces, patch{at: at, text: text[:n]})
		at, text = at+n, text[n:]
	}
	return pieces
}
