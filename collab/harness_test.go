package collab

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// harness is a hub on a Memory store with one document, to be used inside a
// synctest bubble.
type harness struct {
	t     testing.TB
	store *persistence.Memory
	hub   *Hub
	doc   persistence.ID
	ids   int
}

func newHarness(t testing.TB, tune func(*Config)) *harness {
	h := &harness{t: t, store: persistence.NewMemory()}
	h.doc = h.id()
	if err := h.store.Create(t.Context(), persistence.Document{ID: h.doc, Title: "A title", Head: persistence.Head{Epoch: h.id()}}, nil); err != nil {
		t.Fatal(err)
	}
	h.start(tune)
	return h
}

// start makes a new hub on the same store.
func (h *harness) start(tune func(*Config)) {
	c := Config{Log: h.store, Documents: h.store, NewID: h.id, Spread: func(n int) int { return n / 2 }}
	if tune != nil {
		tune(&c)
	}
	h.hub = NewHub(c)
}

// id gives ids in a fixed order.
func (h *harness) id() persistence.ID {
	h.ids++
	id := persistence.ID{6: 0x40, 8: 0x80}
	id[14], id[15] = byte(h.ids>>8), byte(h.ids)
	return id
}

func (h *harness) close() {
	h.t.Helper()
	if err := h.hub.Close(context.Background()); err != nil {
		h.t.Errorf("close: %v", err)
	}
}

func user(n int) protocol.User {
	return protocol.User{ID: persistence.ID{0: 0xaa, 15: byte(n)}.String(), Name: fmt.Sprintf("User %d", n), Color: "#336699"}
}

// as is somebody who may use every role that they have.
func as(u protocol.User) Identity { return Identity{User: u, Ceiling: protocol.RoleOwner} }

func userID(n int) persistence.ID {
	id, err := persistence.ParseID(user(n).ID)
	if err != nil {
		panic(err)
	}
	return id
}

// setRole changes what a user may do in the document.
func (h *harness) setRole(n int, role protocol.Role) error {
	return h.hub.Revoke(h.t.Context(), Revocation{
		Documents: []persistence.ID{h.doc}, Users: []persistence.ID{userID(n)},
		Role: func(context.Context, Identity, persistence.ID) (protocol.Role, error) { return role, nil },
	}, func(context.Context) error { return nil })
}

// trashed tells that the document is gone.
func (h *harness) trashed() {
	h.t.Helper()
	gone := Revocation{Documents: []persistence.ID{h.doc}, Reason: "trashed"}
	if err := h.hub.Revoke(context.Background(), gone, func(context.Context) error { return nil }); err != nil {
		h.t.Error(err)
	}
}

// pipe is a connection whose frames are taken by the test.
type pipe struct {
	h        *harness
	peer     *Peer
	user     protocol.User
	client   string
	epoch    string
	revision int64
	frames   int
	early    []protocol.ServerMessage // came in the welcome's frame

	mu    sync.Mutex
	end   CloseError
	woken func() // in the session's goroutine; may be nil
}

func (c *pipe) Kind() string { return "websocket" }
func (c *pipe) Wake() {
	if c.woken != nil {
		c.woken()
	}
}
func (c *pipe) Close(code protocol.CloseCode, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end.Code == 0 {
		c.end = CloseError{code, reason}
	}
}

// closed is how the connection was ended, 0 if it was not.
func (c *pipe) closed() protocol.CloseCode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end.Code
}

func (h *harness) attach(u protocol.User, role protocol.Role, resume *protocol.Resume) (*pipe, protocol.Welcome, error) {
	h.t.Helper()
	c := &pipe{h: h, user: u}
	err := h.hub.Afresh(func(since Generation) (err error) {
		c.peer, err = h.hub.Attach(h.t.Context(), Attach{Document: h.doc, Who: as(u), Role: role, Since: since, Conn: c, Resume: resume})
		return err
	})
	if err != nil {
		return nil, protocol.Welcome{}, err
	}
	frame, ok := c.peer.Next()
	if c.closed() != 0 {
		return c, protocol.Welcome{}, nil // let go before it was welcomed
	}
	if !ok {
		h.t.Fatal("no welcome")
	}
	messages, err := protocol.DecodeServer(frame)
	if err != nil || len(messages) == 0 {
		h.t.Fatalf("welcome: %v", err)
	}
	w, ok := messages[0].(protocol.Welcome)
	if !ok {
		h.t.Fatalf("first message is %T", messages[0])
	}
	c.early = messages[1:]
	c.client, c.epoch, c.revision = w.Client, w.Document.Epoch, w.Document.Revision
	return c, w, nil
}

func (h *harness) join(n int) *pipe {
	h.t.Helper()
	c, _, err := h.attach(user(n), protocol.RoleEditor, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (c *pipe) say(m protocol.ClientMessage) {
	c.h.t.Helper()
	if err := c.peer.Receive(c.h.t.Context(), m, 100); err != nil {
		c.h.t.Fatal(err)
	}
}

func (c *pipe) submit(seq, base int64, ops ...ot.Op) {
	c.h.t.Helper()
	c.say(protocol.Submit{Seq: seq, Base: base, Delta: ops})
}

// hear waits until all is quiet and gives what came since.
func (c *pipe) hear() []protocol.ServerMessage {
	c.h.t.Helper()
	synctest.Wait()
	all := c.early
	c.early = nil
	for {
		frame, ok := c.peer.Next()
		if !ok {
			synctest.Wait()
			if frame, ok = c.peer.Next(); !ok {
				return all
			}
		}
		c.frames++
		messages, err := protocol.DecodeServer(frame)
		if err != nil {
			c.h.t.Fatalf("frame %s: %v", frame, err)
		}
		all = append(all, messages...)
	}
}

// of picks the messages of one type.
func of[M protocol.ServerMessage](messages []protocol.ServerMessage) (found []M) {
	for _, m := range messages {
		if m, ok := m.(M); ok {
			found = append(found, m)
		}
	}
	return found
}

func (h *harness) text() string {
	h.t.Helper()
	c, err := h.hub.Read(h.t.Context(), h.doc)
	if err != nil {
		h.t.Fatal(err)
	}
	return c.Document.Text()
}

func text(s string) ot.Op { return ot.InsertText(s, ot.Attributes{}) }
func keep(n int) ot.Op    { return ot.Retain(n, ot.Attributes{}) }
