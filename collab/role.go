package collab

import "github.com/coscribe/coscribe/collab/protocol"

// minimumRole is the one table of law P3: what a client must at least be to
// send a message.
func minimumRole(m protocol.ClientMessage) protocol.Role {
	switch m.(type) {
	case protocol.Submit:
		return protocol.RoleEditor
	case protocol.Hello, protocol.Presence, protocol.Check, protocol.Ping:
		return protocol.RoleViewer
	}
	return protocol.RoleOwner + 1 // a message nobody has thought about is nobody's
}

// heldRetry is when a change may come again that was refused while its author's
// rights were being changed: some commits later; ms.
const heldRetry = 200

var (
	errReadOnly = reject(protocol.CodeReadOnly, "this document is read-only for you")
	errHeld     = &RejectError{protocol.CodeUnavailable, "your rights are being changed", heldRetry}
)

// mayNot says why a peer's message is not heard now, nil if it is.
func (p *Peer) mayNot(m protocol.ClientMessage) *RejectError {
	if p.role < minimumRole(m) {
		return errReadOnly
	}
	if _, ok := m.(protocol.Submit); ok && p.holds > 0 {
		return errHeld
	}
	return nil
}
