package transport

import "github.com/coscribe/coscribe/collab"

// Identity is who somebody is, and how far what they showed for it reaches. The
// engine keeps it for as long as somebody is connected, to ask for their role
// again.
type Identity = collab.Identity

// Kinds of identities.
const (
	KindGuest = collab.KindGuest
	KindUser  = collab.KindUser
	KindToken = collab.KindToken
	KindEmbed = collab.KindEmbed
)

// same tells whether two requests showed the same for the same user.
func same(a, b *Identity) bool {
	return a.User.ID == b.User.ID && a.Login == b.Login
}
