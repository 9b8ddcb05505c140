package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// guestLife is how long a guest's credential is good after it was signed.
const guestLife = 365 * 24 * time.Hour

// guestPrefix begins a guest's credential: its kind and version.
const guestPrefix = "g1."

// Guests makes and reads the credentials of people without an account: a name
// and colour of their choice, signed so that only this server can make one.
// Nothing is stored per guest but the links that they opened. Any goroutine.
type Guests struct {
	log persistence.Log
	key *Keyring
	now func() time.Time
}

// NewGuests reads the signing key, so that credentials outlive restarts.
func NewGuests(ctx context.Context, keys *Keys, log persistence.Log) (*Guests, error) {
	key, err := keys.Ring(ctx, KeyGuests)
	if err != nil {
		return nil, err
	}
	return &Guests{log: log, key: key, now: time.Now}, nil
}

// guest is what a credential says.
type guest struct {
	ID    persistence.ID `json:"id"`
	Name  string         `json:"name"`
	Color string         `json:"color"`
	At    int64          `json:"at"` // signed, Unix seconds
}

// credential signs a user: version, claims and HMAC-SHA-256, parted by dots.
func (g *Guests) credential(user protocol.User) (string, error) {
	id, err := persistence.ParseID(user.ID)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(guest{ID: id, Name: user.Name, Color: user.Color, At: g.now().Unix()})
	if err != nil {
		return "", err
	}
	signed := guestPrefix + base64.RawURLEncoding.EncodeToString(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(g.key.Sign(signed)), nil
}

// read checks a credential. ErrUnauthorized, ErrTokenExpired.
func (g *Guests) read(credential string) (transport.Identity, error) {
	dot := strings.LastIndexByte(credential, '.')
	if dot < 0 || len(credential) > 2048 || !strings.HasPrefix(credential, guestPrefix) {
		return transport.Identity{}, transport.ErrUnauthorized
	}
	mac, err := base64.RawURLEncoding.DecodeString(credential[dot+1:])
	if err != nil || !g.key.Verify(credential[:dot], mac) {
		return transport.Identity{}, transport.ErrUnauthorized
	}
	claims, err := base64.RawURLEncoding.DecodeString(credential[len(guestPrefix):max(dot, len(guestPrefix))])
	var who guest
	if err != nil || json.Unmarshal(claims, &who) != nil {
		return transport.Identity{}, transport.ErrUnauthorized
	}
	signed := time.Unix(who.At, 0)
	if g.now().Sub(signed) > guestLife {
		return transport.Identity{}, transport.ErrTokenExpired
	}
	return g.identity(protocol.User{ID: who.ID.String(), Name: who.Name, Color: who.Color}, signed), nil
}

// identity is a guest whose credential was signed at a time. A name that they
// change is signed anew, so their right hangs on their id and not on the text.
func (g *Guests) identity(user protocol.User, signed time.Time) transport.Identity {
	id, _ := persistence.ParseID(user.ID)
	return transport.Identity{User: user, Kind: collab.KindGuest, Login: id, Ceiling: protocol.RoleEditor, Expires: signed.Add(guestLife)}
}

// welcome makes a new guest. A resume gets back the guest to whom its client id
// was issued, by the name its last change in the log carries: whoever shows
// that id needs no credential, so this is for a server that is open to all.
func (g *Guests) welcome(ctx context.Context, document persistence.ID, resume *protocol.Resume) (transport.Identity, string, error) {
	user, err := g.earlier(ctx, document, resume)
	if err != nil {
		return transport.Identity{}, "", err
	}
	if user.ID == "" {
		user = newGuest()
	}
	token, err := g.credential(user)
	return g.identity(user, g.now()), token, err
}

// earlier finds the guest of a resume; an empty user if there is none to find.
func (g *Guests) earlier(ctx context.Context, document persistence.ID, resume *protocol.Resume) (protocol.User, error) {
	if resume == nil {
		return protocol.User{}, nil
	}
	client, err := persistence.ParseID(resume.Client)
	if err != nil {
		return protocol.User{}, nil
	}
	row, err := g.log.Client(ctx, document, client)
	if errors.Is(err, persistence.ErrNotFound) {
		return protocol.User{}, nil
	}
	if err != nil {
		return protocol.User{}, err
	}
	user := newGuest()
	user.ID = row.User.String()
	err = g.log.Changes(ctx, document, row.Revision-1, row.Revision, func(change *persistence.Change) bool {
		if change.Author.ID == row.User {
			user.Name, user.Color = change.Author.Name, change.Author.Color
		}
		return false
	})
	return user, err
}
