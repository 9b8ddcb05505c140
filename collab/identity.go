package collab

import (
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Kind is by what somebody is known.
type Kind uint8

// Kinds of identities.
const (
	KindGuest Kind = iota // no account: a name and a colour, and what was opened to them
	KindUser              // an account, signed in by a browser
	KindToken             // an account, by one of its API tokens
	KindEmbed             // whoever a host application vouches for by a signed token
)

// String is the kind's word in the API.
func (k Kind) String() string {
	return [...]string{"guest", "user", "token", "embed"}[min(k, KindEmbed)]
}

// Identity is who somebody is, and how far what they showed for it reaches. A
// value: whoever asks later asks for their role again.
type Identity struct {
	User protocol.User
	Kind Kind
	// Standing is what they may do on the whole server by this credential: at
	// most that of their account.
	Standing persistence.Standing
	// Login is what the right hangs on and ends with: a browser's login, an API
	// token, a signed token's key and id, a guest's credential.
	Login persistence.ID
	// Ceiling is the highest role that can be used with it, in any document.
	// The zero value allows none.
	Ceiling protocol.Role
	// Document is the only one that it is good for; the zero ID is any.
	Document persistence.ID
	// Expires is when it ends by itself; the zero time is never.
	Expires time.Time
}

// Bound is as much of a role in a document as the identity can use.
func (i *Identity) Bound(role protocol.Role, document persistence.ID) protocol.Role {
	if !i.Document.IsZero() && i.Document != document {
		return protocol.RoleNone
	}
	return min(role, i.Ceiling)
}

// expired says whether the identity has ended by itself.
func (i *Identity) expired(now time.Time) bool { return !i.Expires.IsZero() && !now.Before(i.Expires) }
