package collab

import (
	"context"
	"errors"

	"github.com/coscribe/coscribe/collab/protocol"
)

// Peer is one connection in one document.
type Peer struct{}

// Receive hands in one message from the connection's reader goroutine. It
// blocks at most while the document's inbox is full. A *CloseError means that
// the connection is to be ended with it.
func (p *Peer) Receive(ctx context.Context, m protocol.ClientMessage) error {
	return errors.ErrUnsupported
}

// Next gives the next frame to send: one message, or several as a JSON array.
// The bytes are shared and must not be changed. It never blocks; ok is false
// when there is nothing to say. One goroutine at a time, any one.
func (p *Peer) Next() (frame []byte, ok bool) { return nil, false }

// Detach says that the pipe is gone. Any goroutine, more than once.
func (p *Peer) Detach() {}

// ID is what others know this peer by.
func (p *Peer) ID() string { return "" }
