package transport_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// A reader that stops reading is cut; the others never notice, and when it
// reads again nothing is missing.
func TestStalledReader(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{Engine: collab.Config{Limits: collab.Limits{OutboxBytes: 256 << 10}}})
	document := l.NewDocument()
	writer := dial(t, l, document)
	var readers []*collabtest.Socket
	for range 20 {
		readers = append(readers, dial(t, l, document))
	}
	stalled := dialRaw(t, l, document.String())
	welcome := stalled.hello()
	network := stalled.NetConn().(*net.TCPConn)
	_ = network.SetReadBuffer(128 << 10)

	// Each change replaces all there is by another piece.
	piece, head := "", int64(0)
	for l.Socket.Connections() == 22 {
		head++
		if head == 4000 {
			t.Fatal("64 MB later the stalled reader is still there")
		}
		next := fmt.Sprintf("%04d", head) + strings.Repeat("x", 16<<10)
		b := ot.NewBuilder(2).Insert(next, ot.Attributes{})
		if piece != "" {
			b.Delete(len(piece))
		}
		if err := writer.Edit(func(int) ot.Delta { return b.Delta() }); err != nil {
			t.Fatal(err)
		}
		piece = next
		// The author's ack and the others do not wait for the stalled one.
		waitRevision(t, writer, head)
		for _, r := range readers {
			waitRevision(t, r, head)
		}
	}
	for _, r := range readers {
		r.Look(func(c *collabtest.Client) {
			if c.Welcomed().Document.Revision != 0 {
				t.Error("a reader had to come back")
			}
			if c.Document().Text() != piece+"\n" {
				t.Error("a reader shows something else")
			}
		})
	}
	// What reached it before the cut is whole and in order; then it resumes.
	revision := int64(0)
	follow := func(c protocol.Change) {
		t.Helper()
		if c.Revision != revision+1 {
			t.Fatalf("[S4] revision %d after %d", c.Revision, revision)
		}
		revision = c.Revision
	}
	for {
		m, err := stalled.next()
		if err != nil {
			break
		}
		if c, ok := m.(protocol.Change); ok {
			follow(c)
		}
	}
	if revision >= head {
		t.Fatalf("[R5] the stalled reader was given all %d changes", revision)
	}
	back := dialRaw(t, l, document.String())
	back.send(fmt.Sprintf(`{"type":"hello","protocol":1,"token":%q,"resume":{"client":%q,"epoch":%q,"revision":%d,"seq":0}}`,
		welcome.Token, welcome.Client, welcome.Document.Epoch, revision))
	again := wait[protocol.Welcome](back)
	if !again.Document.Resumed {
		t.Fatalf("resumed with %+v", again)
	}
	for _, c := range again.Document.Changes {
		follow(c)
	}
	for revision < head {
		follow(wait[protocol.Change](back))
	}
}

func waitRevision(t *testing.T, s *collabtest.Socket, revision int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Wait(ctx, func(c *collabtest.Client) bool { return c.Revision() >= revision }); err != nil {
		t.Fatal(err)
	}
}
