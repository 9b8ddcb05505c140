package collab

import (
	"context"
	"errors"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Conn is a network pipe, given by a transport.
type Conn interface {
	// Kind is "websocket" or "longpoll".
	Kind() string
	// Wake says that the peer's Next may have a frame. Called from any
	// goroutine, also from inside a document's loop: it never blocks.
	Wake()
	// Close ends the pipe after the frames already taken. Called from any
	// goroutine; never blocks; later calls change nothing.
	Close(code protocol.CloseCode, reason string)
}

// Attach is a request to connect a pipe to a document.
type Attach struct {
	Document persistence.ID
	User     protocol.User
	Role     protocol.Role
	Conn     Conn
	Resume   *protocol.Resume // nil: a new client
	Token    string           // to put into welcome.token
}

// Attach connects a pipe in one turn of the document's loop, so that what the
// peer is given and what it hears afterwards have no gap and no overlap. The
// welcome is the first frame of Peer.Next. Refusals are a *CloseError. Any
// goroutine.
func (h *Hub) Attach(ctx context.Context, a Attach) (*Peer, error) {
	return nil, errors.ErrUnsupported
}
