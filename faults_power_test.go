package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/sqlite"
)

// The power goes: the real server's system calls are recorded while people
// write, and at thousands of moments the disk is rebuilt as it may have been
// then. What the server had told anybody by then must be in the log.
func TestFaultPowerCut(t *testing.T) {
	random, seed := seeded(t)
	strace := tool(t, "strace")
	mayTrace(t, strace)
	states := count(*faultStates, 5000, 60)
	run := record(t, strace, binary, seed, count(0, 600, 60))
	found := run.inspect(t, random, states, 0)
	for _, loss := range found.losses {
		t.Error(loss)
	}
	if found.states < states*9/10 || found.told == 0 {
		t.Errorf("the run was empty: %+v", found)
	}
	t.Logf("%d states of the disk (%d with a torn or partly kept write) at %d moments of a run with %d acknowledged changes and %d fsyncs: nothing acknowledged is missing",
		found.states, found.torn, found.moments, found.told, found.syncs)
}

// With synchronous=NORMAL a power cut takes acknowledged changes back. If that
// were not seen, the test above would see nothing.
func TestFaultPowerCutControl(t *testing.T) {
	random, seed := seeded(t)
	strace := tool(t, "strace")
	mayTrace(t, strace)
	if testing.Short() {
		t.Skip("the control run links a second program; not with -short")
	}
	program := filepath.Join(t.TempDir(), "coscribe-normal")
	link := exec.Command("go", "build", "-ldflags", "-X github.com/coscribe/coscribe/persistence/sqlite.synchronous=NORMAL", "-o", program, ".")
	link.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := link.CombinedOutput(); err != nil {
		t.Fatalf("linking the control program: %v\n%s", err, said)
	}
	run := record(t, strace, program, seed, 60)
	found := run.inspect(t, random, count(0, 200, 60), 1) // what was not told cannot be lost
	if len(found.losses) == 0 {
		t.Fatalf("a server that does not sync lost nothing: the power-cut test is blind (%+v)", found)
	}
	t.Logf("without an fsync at each commit %d of %d states lack acknowledged changes, as they must", len(found.losses), found.states)
}

// mayTrace ends the test where processes may not be traced.
func mayTrace(t *testing.T, strace string) {
	t.Helper()
	if said, err := exec.Command(strace, "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		lack(t, fmt.Sprintf("strace may not trace here (%v: %.200s): run as root, or allow ptrace", err, said))
	}
}

// recording is a run of the program, twice started, with its traces in order.
type recording struct {
	dir    string   // data directory of the run
	traces []string // of each life
	after  []string // copies of the directory, at the end of each life
}

// record runs the program under strace with writers until so many changes were
// acknowledged in each of its two lives. The first ends by kill -9.
func record(t *testing.T, strace, program string, seed uint64, changes int) recording {
	t.Helper()
	run := recording{dir: t.TempDir()}
	server := serveProcess(t, run.dir)
	server.program = program
	var people *crowd
	for life := range 2 {
		file := filepath.Join(t.TempDir(), "trace")
		run.traces = append(run.traces, file)
		server.before = traceUnder(strace, file)
		server.start()
		if life == 0 {
			people = gather(t, server, seed, 20*time.Millisecond, 3, server.document("One"), server.document("Two"), server.document("Three"))
			people.write()
		}
		want := people.acks() + changes
		for deadline := time.Now().Add(5 * time.Minute); people.acks() < want; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("only %d changes were acknowledged; the server says:\n%s", people.acks(), server.log)
			}
		}
		tracer, err := tracerOf(server.process.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if life == 0 {
			server.kill()
		} else {
			people.converge(patience)
			people.leave()
			server.stop()
		}
		if err := ended(tracer); err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "copy")
		// A power cut leaves no socket, and a killed server's cannot be copied.
		_ = os.Remove(filepath.Join(run.dir, controlFile))
		if err := os.CopyFS(copied, os.DirFS(run.dir)); err != nil {
			t.Fatal(err)
		}
		run.after = append(run.after, copied)
	}
	return run
}

// inspection is what was seen in a recording.
type inspection struct {
	states, moments, torn, told, syncs int
	losses                             []string
}

var errEnough = errors.New("enough was found")

// inspect replays the recording and looks at states of the disk at moments
// chosen at random, of those when so many changes had been told.
func (run recording) inspect(t *testing.T, random *rand.Rand, states, told int) (found inspection) {
	t.Helper()
	total, early := 0, 0
	run.replay(t, func(_ *call, _ *disk, so *promises) error {
		if total++; so.acks < told {
			early = total
		}
		return nil
	})
	sampled := map[int]bool{}
	for _, at := range random.Perm(total - early)[:min(total-early, max(1, states/int(fates)))] {
		sampled[early+at+1] = true
	}
	place := memoryDir(t)
	at := 0
	run.replay(t, func(c *call, d *disk, told *promises) error {
		if c.returned && (c.name == "fsync" || c.name == "fdatasync") {
			found.syncs++
		}
		at++
		found.told = told.acks
		if !sampled[at] {
			return nil
		}
		found.moments++
		for how := range fates {
			found.states++
			if how > kept {
				found.torn++
			}
			if err := examine(t.Context(), random, d, told, place, how); err != nil {
				found.losses = append(found.losses, fmt.Sprintf("power cut after call %d of %d, fate %d, %d changes told: %v", at, total, how, told.acks, err))
				if len(found.losses) >= 20 {
					return errEnough
				}
			}
		}
		return nil
	})
	return found
}

// memoryDir is a directory that costs no disk, if there is one: what is rebuilt
// there is read at once and thrown away.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "coscribe-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// replay follows the calls of all lives and what they told the world.
func (run recording) replay(t *testing.T, moment func(*call, *disk, *promises) error) {
	t.Helper()
	d, told := newDisk(run.dir), newPromises()
	for life, file := range run.traces {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		syncs := map[*call]syncing{}
		err = readTrace(f, func(c *call) error {
			if err := d.apply(c, syncs); err != nil {
				return err
			}
			if c.peer != "" && c.name == "write" && !c.returned {
				told.hear(c.peer, c.text)
			}
			return moment(c, d, told)
		})
		_ = f.Close()
		if errors.Is(err, errEnough) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := d.ended(run.after[life]); err != nil {
			t.Fatalf("the disk is not followed correctly: %v", err)
		}
	}
}

// promises are what the server has told its clients, read off its sockets when
// the bytes are handed to the kernel.
type promises struct {
	acks      int
	documents map[string]*promised
	sockets   map[string]*listening
}

// promised is what was told of one document.
type promised struct {
	epoch string
	head  int64
	acks  map[int64]submitted // by revision
}

type submitted struct {
	client string
	seq    int64
}

// listening is one connection: whose, and the end of what was heard.
type listening struct {
	document *promised
	client   string
	tail     []byte
}

var (
	toldWelcome  = regexp.MustCompile(`"type":"welcome","protocol":1,"client":"([0-9a-f-]{36})"`)
	toldDocument = regexp.MustCompile(`"document":\{"id":"([0-9a-f-]{36})"`)
	toldEpoch    = regexp.MustCompile(`"epoch":"([0-9a-f-]{36})","revision":(\d+)`)
	toldAck      = regexp.MustCompile(`\{"type":"ack","seq":(\d+),"revision":(\d+),`)
	toldChange   = regexp.MustCompile(`\{"type":"change","revision":(\d+),`)
)

func newPromises() *promises {
	return &promises{documents: map[string]*promised{}, sockets: map[string]*listening{}}
}

// hear reads what goes out on a socket. A message may be parted between two
// writes: its beginning is kept.
func (p *promises) hear(peer string, text []byte) {
	l := p.sockets[peer]
	if l == nil {
		l = &listening{}
		p.sockets[peer] = l
	}
	heard := append(l.tail, text...)
	fresh := len(l.tail)
	if l.document == nil {
		welcome, document, epoch := toldWelcome.FindSubmatch(heard), toldDocument.FindSubmatch(heard), toldEpoch.FindSubmatch(heard)
		if welcome != nil && document != nil && epoch != nil {
			l.client = string(welcome[1])
			l.document = p.documents[string(document[1])]
			if l.document == nil {
				l.document = &promised{epoch: string(epoch[1]), acks: map[int64]submitted{}}
				p.documents[string(document[1])] = l.document
			}
			l.document.head = max(l.document.head, integer(epoch[2]))
		}
	}
	if l.document != nil {
		for _, m := range toldAck.FindAllSubmatchIndex(heard, -1) {
			if m[1] > fresh {
				revision := integer(heard[m[4]:m[5]])
				l.document.acks[revision] = submitted{l.client, integer(heard[m[2]:m[3]])}
				l.document.head = max(l.document.head, revision)
				p.acks++
			}
		}
		for _, m := range toldChange.FindAllSubmatchIndex(heard, -1) {
			if m[1] > fresh {
				l.document.head = max(l.document.head, integer(heard[m[2]:m[3]]))
			}
		}
	}
	keep := min(len(heard), 512)
	l.tail = append([]byte(nil), heard[len(heard)-keep:]...)
}

func integer(text []byte) int64 {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// examine rebuilds one state of the disk, opens it as a server would and looks
// for everything that was told.
func examine(ctx context.Context, random *rand.Rand, d *disk, told *promises, place string, how fate) (err error) {
	dir := filepath.Join(place, "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := d.cut(random, dir, how); err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, sqlite.Config{Dir: dir})
	if err != nil {
		return fmt.Errorf("the store does not open: %w", err)
	}
	for id, want := range told.documents {
		if err := compareTold(ctx, store, id, want); err != nil {
			return errors.Join(err, store.Close())
		}
	}
	if err := store.Close(); err != nil {
		return err
	}
	var damage error
	err = sqlite.Verify(ctx, dir, func(persistence.ID) sqlite.Content { return collab.NewReplay() }, func(f sqlite.Finding) {
		damage = errors.Join(damage, fmt.Errorf("verify: %s", f))
	})
	return errors.Join(err, damage)
}

func compareTold(ctx context.Context, store *sqlite.Store, document string, want *promised) error {
	id, err := persistence.ParseID(document)
	if err != nil {
		return err
	}
	row, err := store.Document(ctx, id)
	if err != nil {
		return fmt.Errorf("[S5] document %s: %w", document, err)
	}
	if row.Head.Epoch.String() != want.epoch {
		return fmt.Errorf("[S7] document %s has another epoch", document)
	}
	if row.Head.Revision < want.head {
		return fmt.Errorf("[S5] document %s ends at revision %d, %d was told", document, row.Head.Revision, want.head)
	}
	matched := 0
	err = store.Changes(ctx, id, 0, -1, func(c *persistence.Change) bool {
		if want.acks[c.Revision] == (submitted{c.Client.String(), c.Seq}) {
			matched++
		}
		return true
	})
	if err == nil && matched != len(want.acks) {
		err = fmt.Errorf("[S2] document %s: %d of %d acknowledged changes are at their revision", document, matched, len(want.acks))
	}
	return err
}
