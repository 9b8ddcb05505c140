//go:build unix

package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

// A crash test runs this test binary again as a child that appends and says on
// its output what it was answered, until it is killed.
const (
	childRole = "COSCRIBE_STORE_CHILD" // what the child does
	childDir  = "COSCRIBE_STORE_DIR"   // in which data directory
)

func TestMain(m *testing.M) {
	switch role := os.Getenv(childRole); role {
	case "":
		os.Exit(m.Run())
	case "append":
		exitWith(childAppend(os.Getenv(childDir), os.Stdout))
	case "append-until-error":
		exitWith(childUntilError(os.Getenv(childDir), os.Stdout))
	case "open":
		exitWith(childOpen(os.Getenv(childDir)))
	default:
		exitWith(fmt.Errorf("unknown role %q", role))
	}
}

func exitWith(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(t testing.TB, role, dir string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(executable)
	command.Env = append(os.Environ(), childRole+"="+role, childDir+"="+dir)
	command.Stderr = os.Stderr
	return command
}

// childAppend appends to every document, several batches of each under way,
// until it is killed. A line "document revision" is written when a batch was
// answered.
func childAppend(dir string, out io.Writer) error {
	ctx := context.Background()
	s, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		return err
	}
	documents, _, err := s.List(ctx, persistence.ListQuery{})
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	fail := func(err error) {
		select {
		case failed <- err:
		default:
		}
	}
	var turn sync.Mutex // lines are whole
	for _, d := range documents {
		go func() {
			head := d.Head
			underWay := make(chan struct{}, 3)
			for {
				underWay <- struct{}{}
				b := storetest.Batch(d.ID, head, 1+rand.IntN(6), d.ID)
				head = b.Head()
				s.Append(b, func(err error) {
					if err != nil {
						fail(err)
						return
					}
					turn.Lock()
					_, err = fmt.Fprintln(out, b.Document, b.Head().Revision)
					turn.Unlock()
					if err != nil {
						fail(err)
					}
					<-underWay
				})
				if head.Revision%50 == 0 {
					snapshot := persistence.Snapshot{Revision: head.Revision, Hash: head.Hash, Content: []byte("content")}
					if err := s.PutSnapshot(ctx, d.ID, snapshot); err != nil {
						fail(err)
					}
				}
			}
		}()
	}
	return <-failed
}

func TestKilledServer(t *testing.T) {
	random := storetest.Seed(t)
	dir := t.TempDir()
	const documents, rounds = 5, 6
	s := openDir(t, dir)
	var ids []persistence.ID
	for range documents {
		ids = append(ids, storetest.NewLog(t, s).ID)
	}
	answered := map[persistence.ID]int64{}
	acks := 0
	for round := range rounds {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		acks += killedRun(t, dir, answered, 1+random.IntN(400), time.Duration(random.IntN(3000))*time.Microsecond)
		s = openDir(t, dir)
		t.Run(fmt.Sprintf("[S5] what was answered is there exactly once, round %d", round+1), func(t *testing.T) {
			for _, id := range ids {
				checkAnswered(t, s, id, answered[id])
			}
			if found := findings(t, dir, nil); len(found) != 0 {
				t.Errorf("verify: %v", found)
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if acks < rounds {
		t.Errorf("only %d batches were answered: nothing was tested", acks)
	}
}

// killedRun kills a child at a moment after it has answered the given number of
// batches, and notes what it answered.
func killedRun(t *testing.T, dir string, answered map[persistence.ID]int64, after int, pause time.Duration) (acks int) {
	t.Helper()
	command := child(t, "append", dir)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var text string
		var revision int64
		if n, err := fmt.Sscan(lines.Text(), &text, &revision); n != 2 {
			t.Logf("last line %q: %v", lines.Text(), err) // cut off by the kill
			continue
		}
		id, err := persistence.ParseID(text)
		if err != nil {
			t.Fatal(err)
		}
		answered[id] = max(answered[id], revision)
		if acks++; acks == after {
			time.Sleep(pause)
			if err := command.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); command.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child was not killed but ended: %v", err)
	}
	return acks
}

func checkAnswered(t *testing.T, s *Store, id persistence.ID, answered int64) {
	t.Helper()
	head, err := s.Head(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if head.Revision < answered {
		t.Errorf("document %s ends at revision %d, %d was answered", id, head.Revision, answered)
	}
	start := persistence.Head{Epoch: head.Epoch, Hash: persistence.ChainStart(id, head.Epoch)}
	want := storetest.Batch(id, start, int(head.Revision), id)
	got := storetest.Changes(t, s, id, 0, -1)
	if int64(len(got)) != head.Revision || want.Head() != head {
		t.Fatalf("document %s has %d changes, head %v instead of %v", id, len(got), head, want.Head())
	}
	for i := range got {
		if got[i].Seq != want.Changes[i].Seq || string(got[i].Delta) != string(want.Changes[i].Delta) {
			t.Fatalf("revision %d is %+v", i+1, got[i])
		}
	}
	row, err := s.Client(t.Context(), id, id)
	if head.Revision > 0 && (err != nil || row.Revision != head.Revision || row.Seq != got[len(got)-1].Seq) {
		t.Errorf("[S2] the client's row is %+v, %v, at head %d", row, err, head.Revision)
	}
}

// A backup and a verification by another process than the one that serves.
func TestBesideServer(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.db")
	s := openDir(t, dir)
	id := storetest.NewLog(t, s).ID
	storetest.NewLog(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	command := child(t, "append", dir)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range 20 {
		lines.Scan()
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if err := Backup(t.Context(), dir, file); err != nil {
		t.Error(err)
	}
	if found := findings(t, dir, nil); len(found) != 0 {
		t.Errorf("verify beside a server: %v", found)
	}
	r, err := OpenReader(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := r.Document(t.Context(), id); err != nil || d.ID != id {
		t.Errorf("read beside a server: %+v, %v", d, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); command.ProcessState.ExitCode() != -1 {
		t.Errorf("the server ended: %v", err)
	}
	restored := t.TempDir()
	if _, err := Restore(t.Context(), restored, file, RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if found := findings(t, restored, nil); len(found) != 0 {
		t.Errorf("verify the restored: %v", found)
	}
}

func childOpen(dir string) error {
	s, err := Open(context.Background(), Config{Dir: dir})
	if err != nil {
		return err
	}
	return s.Close()
}

func TestDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	if _, err := Open(t.Context(), Config{Dir: dir}); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice in one process: %v", err)
	}
	command := child(t, "open", dir)
	command.Stderr = nil
	if err := command.Run(); err == nil {
		t.Error("opened twice by two processes")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := child(t, "open", dir).Run(); err != nil {
		t.Errorf("not opened after Close: %v", err)
	}
}
