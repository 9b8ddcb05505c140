package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// traced are the system calls by which the program changes its files, and write
// by which it answers.
const traced = "open,openat,write,pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2"

// traceUnder is the command that records the calls of the program started under
// it. The program stays the direct child, so that a kill is the program's.
func traceUnder(strace, file string) []string {
	return []string{strace, "--daemonize=grandchild", "--seccomp-bpf", "-f", "-yy", "-xx", "-s", "8388608", "-o", file, "-e", "trace=" + traced}
}

// call is one system call of a trace. It is told twice: when it is entered and,
// with its result, when it returns.
type call struct {
	name     string
	returned bool
	result   int64
	path     string // of the descriptor it is about
	peer     string // of a socket: both addresses
	text     []byte // first string argument
	second   []byte // second string argument
	number   int64  // last number: offset of pwrite64, length of ftruncate
	flags    string // of openat
}

var (
	// A descriptor with what it is: 3</a/path>, 7<TCP:[…]>; paths are hex.
	descriptor = regexp.MustCompile(`^(?:\d+|AT_FDCWD)<(TCP.*?\]|[^>]*)>(\(deleted\))?`)
	quoted     = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?`)
)

// readTrace calls yield for every entry and return in a trace, in the order in
// which the kernel let them pass.
func readTrace(in io.Reader, yield func(*call) error) error {
	unfinished := map[string]*call{} // by thread
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := readCall(strings.TrimSuffix(line, "\n"), unfinished, yield); err != nil {
			return err
		}
	}
}

func readCall(line string, unfinished map[string]*call, yield func(*call) error) error {
	thread, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimLeft(rest, " ")
	if strings.HasPrefix(rest, "---") || strings.HasPrefix(rest, "+++") {
		return nil
	}
	if strings.HasPrefix(rest, "<... ") {
		c := unfinished[thread]
		if c == nil {
			return nil // a call that was under way when tracing began
		}
		delete(unfinished, thread)
		return finish(c, rest, yield)
	}
	name, arguments, ok := strings.Cut(rest, "(")
	if !ok {
		return fmt.Errorf("trace: what is %.80q", rest)
	}
	c := &call{name: name}
	if err := c.parse(arguments); err != nil {
		return fmt.Errorf("trace: %w in %.200q", err, rest)
	}
	if err := yield(c); err != nil {
		return err
	}
	if strings.HasSuffix(rest, "<unfinished ...>") {
		unfinished[thread] = c
		return nil
	}
	return finish(c, rest, yield)
}

// finish reads the result at the end of a line.
func finish(c *call, rest string, yield func(*call) error) error {
	at := strings.LastIndex(rest, ") = ")
	if padded := strings.LastIndex(rest, " = "); at < 0 || padded > at {
		at = padded - 1
	}
	if at < 0 {
		return nil // killed in the middle of it
	}
	text := rest[at+4:]
	if end := strings.IndexAny(text, " <"); end >= 0 {
		text = text[:end]
	}
	c.returned = true
	if text == "?" {
		c.result = -1
	} else if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		c.result = n
	} else {
		return fmt.Errorf("trace: result %q", text)
	}
	return yield(c)
}

func (c *call) parse(arguments string) error {
	if d := descriptor.FindStringSubmatch(arguments); d != nil {
		switch {
		case strings.HasPrefix(d[1], "TCP"):
			c.peer = d[1]
		case d[2] == "": // not deleted
			c.path = string(unhex(d[1]))
		}
	}
	strings_ := quoted.FindAllStringSubmatch(arguments, 2)
	for i, s := range strings_ {
		if s[2] != "" {
			return fmt.Errorf("a string was cut short")
		}
		if i == 0 {
			c.text = unhex(s[1])
		} else {
			c.second = unhex(s[1])
		}
	}
	switch c.name {
	case "open", "openat":
		c.flags = arguments[strings.LastIndex(arguments, `"`)+1:]
	case "pwrite64", "ftruncate":
		tail := strings.TrimSuffix(arguments, " <unfinished ...>")
		if end := strings.LastIndex(tail, ") = "); end >= 0 {
			tail = tail[:end]
		} else if end := strings.LastIndex(tail, ")"); end >= 0 && !strings.HasSuffix(arguments, "<unfinished ...>") {
			tail = tail[:end]
		}
		n, err := strconv.ParseInt(strings.TrimSpace(tail[strings.LastIndex(tail, ",")+1:]), 0, 64)
		if err != nil {
			return err
		}
		c.number = n
	}
	return nil
}

// unhex decodes \x2f\x74…
func unhex(text string) []byte {
	out := make([]byte, 0, len(text)/4)
	for i := 0; i+4 <= len(text); i += 4 {
		out = append(out, nibble(text[i+2])<<4|nibble(text[i+3]))
	}
	return out
}

func nibble(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

// tracerOf is the process that traces another.
func tracerOf(process int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		return 0, err
	}
	var tracer int
	_, rest, _ := strings.Cut(string(status), "TracerPid:")
	if _, err := fmt.Sscan(rest, &tracer); err != nil || tracer == 0 {
		return 0, fmt.Errorf("process %d is not traced: %w", process, err)
	}
	return tracer, nil
}

// ended waits until a process that is not our child has ended.
func ended(process int) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			return nil
		}
		if err != nil {
			return err
		}
		if end := strings.LastIndex(string(stat), ") "); end >= 0 && strings.HasPrefix(string(stat[end+2:]), "Z") {
			return nil // nobody has asked for its exit code yet
		}
	}
	return fmt.Errorf("process %d does not end", process)
}
