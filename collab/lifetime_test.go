package collab

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

func TestLifetime(t *testing.T) {
	in(t, "[R8] a document that somebody follows stays in memory, and leaves after", nil, func(t *testing.T, h *harness) {
		f, err := h.hub.Follow(t.Context(), Follow{Document: h.doc, After: -1, Who: Identity{User: user(1)}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * DefaultIdle)
		if h.hub.Stats().Documents != 1 {
			t.Error("it left under its follower")
		}
		f.Close()
		time.Sleep(3 * DefaultIdle)
		if h.hub.Stats().Documents != 0 {
			t.Error("it is still in memory")
		}
	})
	in(t, "[R7] a document that tells its peers to come back lets nobody in", nil, func(t *testing.T, h *harness) {
		c := h.join(1)
		h.hub.live(h.doc).tell(goAway{})
		synctest.Wait()
		var closing *CloseError
		if _, _, err := h.attach(user(2), protocol.RoleEditor, nil); !errors.As(err, &closing) || closing.Code != protocol.CloseGoAway {
			t.Errorf("%v", err)
		}
		c.submit(1, 0, text("x"))
		if got := c.hear(); len(of[protocol.GoAway](got)) != 1 || len(of[protocol.Ack](got)) != 1 {
			t.Errorf("who is there heard %v", got)
		}
	})
	in(t, "[L2] a snapshot that is not of this log is passed over", func(c *Config) { c.Log = foreignSnapshot{c.Log} }, func(t *testing.T, h *harness) {
		h.writeAndLeave(5)
		if h.hub.Stats().Documents != 0 {
			t.Fatal("it is still in memory: the test shows nothing")
		}
		if got := h.text(); got != "xxxxx\n" {
			t.Errorf("text %q", got)
		}
	})
	from := &readFrom{}
	in(t, "[L2] a document is loaded from its snapshot and the log after it", func(c *Config) {
		c.Limits.SnapshotBytes = 1
		from.Log, c.Log = c.Log, from
	}, func(t *testing.T, h *harness) {
		h.writeAndLeave(5)
		snapshot, err := h.store.Snapshot(t.Context(), h.doc, 5)
		if err != nil || snapshot.Revision < 3 || h.hub.Stats().Documents != 0 {
			t.Fatalf("snapshot of revision %d, %v, %d documents in memory: the test shows nothing", snapshot.Revision, err, h.hub.Stats().Documents)
		}
		from.least = 5
		if got := h.text(); got != "xxxxx\n" || from.least != snapshot.Revision-1 {
			t.Errorf("text %q, the log was read after revision %d", got, from.least)
		}
	})
	in(t, "[L3] what a failed commit leaves in memory is not stored as a snapshot", func(c *Config) { c.Limits.SnapshotBytes = 10 * changeBytes }, func(t *testing.T, h *harness) {
		c := h.join(1)
		for i := range int64(4) {
			c.submit(i+1, i, text("x"))
			c.hear()
		}
		h.store.FailNext(errors.New("disk"))
		h.store.Hold()
		c.submit(5, 4, text("x"))
		closed := make(chan error)
		go func() { closed <- h.hub.Close(context.Background()) }()
		time.Sleep(2 * DefaultDrain) // its last turn waits for this commit
		h.store.Release()
		<-closed
		if h.snapshots(t) {
			t.Error("a snapshot is stored")
		}
		h.start(nil)
	})
	in(t, "[L4] a document whose head has another hash than its log does not open", nil, func(t *testing.T, h *harness) {
		c := h.join(1)
		c.submit(1, 0, text("x"))
		c.hear()
		h.close()
		h.start(func(c *Config) { c.Documents = otherHead{c.Documents} })
		if _, err := h.hub.Read(t.Context(), h.doc); !errors.Is(err, persistence.ErrDamaged) {
			t.Errorf("%v", err)
		}
	})
}

// otherHead shows heads with another hash than the log's.
type otherHead struct{ persistence.Documents }

func (o otherHead) Document(ctx context.Context, id persistence.ID) (persistence.Document, error) {
	d, err := o.Documents.Document(ctx, id)
	d.Head.Hash[0]++
	return d, err
}

// writeAndLeave has somebody write so many changes and go, and the document leave memory.
func (h *harness) writeAndLeave(changes int64) {
	c := h.join(1)
	for i := range changes {
		c.submit(i+1, i, text("x"))
		c.hear()
	}
	c.peer.Detach()
	time.Sleep(3 * DefaultIdle)
}

// readFrom notes after which revision the log was read.
type readFrom struct {
	persistence.Log
	least int64
}

func (r *readFrom) Changes(ctx context.Context, document persistence.ID, after, through int64, yield func(*persistence.Change) bool) error {
	r.least = min(r.least, after)
	return r.Log.Changes(ctx, document, after, through, yield)
}

// foreignSnapshot answers with another document's snapshot of revision 3.
type foreignSnapshot struct{ persistence.Log }

func (foreignSnapshot) Snapshot(_ context.Context, _ persistence.ID, revision int64) (persistence.Snapshot, error) {
	if revision < 3 {
		return persistence.Snapshot{}, persistence.ErrNotFound
	}
	document := ot.NewDocument()
	if err := document.Apply(ot.Delta{text("yyy")}); err != nil {
		return persistence.Snapshot{}, err
	}
	codec := snapshotCodec{}
	return persistence.Snapshot{Revision: 3, Hash: persistence.Hash{1}, Content: codec.encode(document)}, nil
}

func TestWindow(t *testing.T) {
	t.Run("[R5][S5] a window lets go of what is durable only, whatever its bounds", func(t *testing.T) {
		w := window{length: 1}
		for r := range int64(10) {
			w.push(entry{revision: r + 1, delta: ot.Delta{text("x")}, length: int(r) + 2})
		}
		w.shrink(6, 0, 0)
		if w.base != 6 || w.head() != 10 || w.lengthAt(6) != 7 || w.at(7).revision != 7 {
			t.Errorf("after %d, head %d, length %d", w.base, w.head(), w.lengthAt(6))
		}
		w.shrink(10, 0, 0)
		if w.base != 10 || w.bytes != 0 || w.lengthAt(10) != 11 {
			t.Errorf("after %d, %d bytes, length %d", w.base, w.bytes, w.lengthAt(10))
		}
	})
}
