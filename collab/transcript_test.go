package collab

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

var update = flag.Bool("update", false, "write the answers of this run into testdata")

// TestTranscripts plays the stories in testdata against a sequencer. A line is
// a command; the indented lines after it are what came of it; # is a remark.
//
//	submit NAME SEQ BASE DELTA   a client's change
//	commit N                     everything through revision N is durable
//	shrink N                     the window keeps N changes
//	rollback                     what is not durable is taken back
//	forget                       clients that have gone are forgotten
//	expire                       the same, and their rows lost their digest
//	limit NAME N                 sets a limit: length, ops, bytes
//	show                         the sequenced document
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		story, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(strings.SplitN(string(story), "\n", 2)[0], "# ")
		t.Run(name, func(t *testing.T) {
			played := play(t, string(story))
			if *update {
				if err := os.WriteFile(file, []byte(played), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if played != string(story) {
				t.Errorf("%s went otherwise:\n%s", file, played)
			}
		})
	}
}

// stage is a sequencer and the log that a store would have.
type stage struct {
	persistence.Log
	t       *testing.T
	seq     *sequencer
	log     []entry
	durable *ot.Document
	out     strings.Builder
}

func newStage(t *testing.T) *stage {
	return &stage{t: t, seq: newSequencer(ot.NewDocument(), 0, Limits{}.withDefaults()), durable: ot.NewDocument()}
}

func play(t *testing.T, story string) string {
	s := newStage(t)
	for line := range strings.Lines(story) {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		s.out.WriteString(line)
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			s.command(strings.Fields(line), line)
		}
	}
	return s.out.String()
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(&s.out, "  "+format+"\n", args...) }

func (s *stage) command(words []string, line string) {
	s.t.Helper()
	switch words[0] {
	case "submit":
		a := &attempt{submission: submission{client: named(words[1]), author: &author{}, at: time.UnixMicro(int64(s.out.Len()))}}
		if _, err := fmt.Sscan(words[2]+" "+words[3], &a.seq, &a.base); err != nil {
			s.t.Fatalf("%s: %v", line, err)
		}
		delta, err := ot.ParseDelta([]byte(words[4]))
		if err != nil {
			s.t.Fatalf("%s: %v", line, err)
		}
		a.delta = delta
		s.seq.know(a.client, persistence.ID{}, nil)
		s.step(a)
	case "commit":
		n := s.number(words[1])
		for _, e := range s.seq.window.span(s.seq.durable, n) {
			if err := s.durable.Apply(e.delta); err != nil {
				s.t.Fatal(err)
			}
			s.log = append(s.log, e)
		}
		s.seq.commit(n)
	case "shrink":
		s.seq.window.shrink(s.seq.durable, int(s.number(words[1])), 1<<20)
		s.say("window after r=%d", s.seq.window.base)
	case "rollback":
		s.seq.rollback(s.durable.Clone())
	case "forget", "expire":
		rows := map[persistence.ID]persistence.ClientRow{}
		for id, c := range s.seq.clients {
			row := persistence.ClientRow{Seq: c.seq, Revision: c.revision, Digest: c.digest, SeenAt: c.at}
			if words[0] == "expire" {
				row.Digest = persistence.Hash{}
			}
			rows[id] = row
		}
		s.say("%d forgotten", s.seq.forget())
		for id, row := range rows { // they come back with what the log knows
			s.seq.know(id, persistence.ID{}, &row)
		}
	case "limit":
		for name, field := range map[string]*int{
			"length": &s.seq.limits.DocumentLength, "ops": &s.seq.limits.ChangeOps, "bytes": &s.seq.limits.ChangeBytes,
		} {
			if name == words[1] {
				*field = int(s.number(words[2]))
			}
		}
	case "show":
		s.say("%s", s.seq.document.AppendJSON(nil))
	default:
		s.t.Fatalf("unknown command %q", line)
	}
}

func (s *stage) number(word string) (n int64) {
	if _, err := fmt.Sscan(word, &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *stage) step(a *attempt) {
	switch e := s.seq.step(&a.submission); e.kind {
	case sequenced:
		s.say("sequenced r=%d %s", e.revision, s.seq.window.at(e.revision).delta.AppendJSON(nil))
	case repeated:
		if first := s.original(e.revision); !e.at.Equal(first.at) {
			s.t.Errorf("a resend of revision %d is told %v, the first was told %v", e.revision, e.at, first.at)
		}
		s.say("repeated r=%d", e.revision)
	case rejected:
		s.say("rejected %s: %s", e.reject.Code, e.reject.Reason)
	case catchUp, search:
		s.say("read the log through r=%d", e.revision)
		reader := &session{config: &Config{Log: s}}
		if err := reader.readFor(a, e); err != nil {
			s.t.Fatal(err)
		}
		s.step(a)
	}
}

// original is the entry of a revision, durable or not.
func (s *stage) original(revision int64) *entry {
	if revision <= int64(len(s.log)) {
		return &s.log[revision-1]
	}
	return s.seq.window.at(revision)
}

// Changes implements the part of persistence.Log that catching up reads.
func (s *stage) Changes(_ context.Context, _ persistence.ID, after, through int64, yield func(*persistence.Change) bool) error {
	for _, e := range s.log[after:through] {
		if !yield(&persistence.Change{Revision: e.revision, Client: e.client, Seq: e.seq, At: e.at, Delta: e.delta.AppendJSON(nil)}) {
			break
		}
	}
	return nil
}

func named(name string) (id persistence.ID) {
	copy(id[:], name)
	return id
}

func TestMinimumRole(t *testing.T) {
	t.Run("[P3] every message has one minimum role, an unknown one nobody's", func(t *testing.T) {
		if minimumRole(protocol.Submit{}) != protocol.RoleEditor || minimumRole(protocol.Presence{}) != protocol.RoleViewer {
			t.Error("the table is not what the protocol says")
		}
		if minimumRole(nil) <= protocol.RoleOwner {
			t.Error("an unknown message is open to somebody")
		}
	})
}

func TestOutboxFrames(t *testing.T) {
	limits := Limits{OutboxBytes: 40, OutboxFrames: 3}.withDefaults()
	shared := fragment{bytes: []byte(`{"a":1}`)}
	t.Run("[R5] a single message is handed out as it is, several as an array", func(t *testing.T) {
		var o outbox
		o.push(&limits, shared)
		frame, _ := o.next(1000)
		if &frame[0] != &shared.bytes[0] {
			t.Error("it was copied")
		}
		var b broadcast
		b.reset(64)
		for range 3 {
			b.start()
			b.bytes = append(b.bytes, shared.bytes...)
			b.end()
		}
		b.close()
		o.push(&limits, b.part(0, 2), shared)
		if frame, _ = o.next(1000); string(frame) != `[{"a":1},{"a":1},{"a":1}]` {
			t.Errorf("joined: %s", frame)
		}
		o.push(&limits, b.whole())
		if frame, _ = o.next(1000); !bytes.Equal(frame, b.bytes) || &frame[0] != &b.bytes[0] {
			t.Errorf("whole: %s", frame)
		}
		o.push(&limits, b.part(1, 3))
		if frame, _ = o.next(1000); string(frame) != `[{"a":1},{"a":1}]` {
			t.Errorf("part: %s", frame)
		}
		if _, ok := o.next(1000); ok {
			t.Error("there is more")
		}
	})
	t.Run("[S4] what gathers before the welcome stays behind it", func(t *testing.T) {
		o := outbox{held: true}
		if wake, _ := o.push(&limits, shared); wake {
			t.Error("the transport is woken for nothing")
		}
		if frame, ok := o.next(1000); ok {
			t.Errorf("%s went first", frame)
		}
		o.open([]byte(`{"w":1}`))
		if frame, _ := o.next(1000); string(frame) != `[{"w":1},{"a":1}]` {
			t.Errorf("then %s", frame)
		}
	})
	t.Run("[R5] an outbox that would grow beyond its bounds takes nothing", func(t *testing.T) {
		var o outbox
		for range 3 {
			if _, over := o.push(&limits, shared); over {
				t.Fatal("too early")
			}
		}
		if _, over := o.push(&limits, shared); !over {
			t.Error("a fourth message went in")
		}
	})
	t.Run("[V1] presence is dropped first, and owed", func(t *testing.T) {
		var o outbox
		o.push(&limits, fragment{bytes: make([]byte, presenceRoom+1)})
		if _, took := o.pushPresence(shared); took {
			t.Error("presence went in")
		}
		if again, still := o.refresh(); again || !still {
			t.Error("there is no room yet")
		}
		o.next(1)
		if again, _ := o.refresh(); !again {
			t.Error("now there is")
		}
	})
}
