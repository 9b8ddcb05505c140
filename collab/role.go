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
