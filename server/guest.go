package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// GuestCookie is the name of the cookie that keeps a guest's identity.
const GuestCookie = "coscribe_guest"

// guestLife is how long a guest's credential is good after it was signed.
const guestLife = 365 * 24 * time.Hour

// guestKey is the name under which the signing key is kept.
const guestKey = "guest-cookie-key"

// Guests is the Access of a server without accounts: everyone who reaches it
// is a guest with a name and colour of their choice, kept in a credential that
// only this server can sign, and may edit every document. Nothing is stored
// per guest. Any goroutine.
type Guests struct {
	documents persistence.Documents
	log       persistence.Log
	key       []byte
	now       func() time.Time
}

// NewGuests makes the guests' Access. The signing key is read from secrets, or
// made there at the first start, so credentials outlive restarts.
func NewGuests(ctx context.Context, secrets persistence.Secrets, documents persistence.Documents, log persistence.Log) (*Guests, error) {
	key, err := secrets.Secret(ctx, guestKey, func() ([]byte, error) {
		key := make([]byte, 32)
		rand.Read(key) // never fails since Go 1.24
		return key, nil
	})
	if err != nil {
		return nil, err
	}
	return &Guests{documents: documents, log: log, key: key, now: time.Now}, nil
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
	signed := "g1." + base64.RawURLEncoding.EncodeToString(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(g.sign(signed)), nil
}

func (g *Guests) sign(text string) []byte {
	mac := hmac.New(sha256.New, g.key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// read checks a credential. ErrUnauthorized, ErrTokenExpired.
func (g *Guests) read(credential string) (transport.Identity, error) {
	dot := strings.LastIndexByte(credential, '.')
	if dot < 0 || len(credential) > 2048 || !strings.HasPrefix(credential, "g1.") {
		return transport.Identity{}, transport.ErrUnauthorized
	}
	signature, err := base64.RawURLEncoding.DecodeString(credential[dot+1:])
	if err != nil || !hmac.Equal(signature, g.sign(credential[:dot])) {
		return transport.Identity{}, transport.ErrUnauthorized
	}
	claims, err := base64.RawURLEncoding.DecodeString(credential[len("g1."):max(dot, len("g1."))])
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
	return transport.Identity{User: user, Kind: transport.KindGuest, Login: id, Ceiling: protocol.RoleEditor, Expires: signed.Add(guestLife)}
}

// Identify implements transport.Access. A cookie that is no longer good counts
// as none: its browser gets a new guest instead of an error it cannot mend.
func (g *Guests) Identify(r *http.Request) (transport.Identity, bool, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return transport.Identity{}, false, transport.ErrUnauthorized
		}
		who, err := g.read(strings.TrimSpace(token))
		return who, err == nil, err
	}
	cookie, err := r.Cookie(GuestCookie)
	if err != nil {
		return transport.Identity{}, false, nil
	}
	who, err := g.read(cookie.Value)
	return who, err == nil, nil
}

// Token implements transport.Access.
func (g *Guests) Token(_ context.Context, token string) (transport.Identity, bool, error) {
	who, err := g.read(token)
	return who, err == nil, err
}

// Guest implements transport.Access. A resume gets back the guest to whom its
// client id was issued, by the name its last change in the log carries.
func (g *Guests) Guest(ctx context.Context, document persistence.ID, resume *protocol.Resume) (transport.Identity, string, error) {
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

// Role implements transport.Access: everyone edits what exists and is not in
// the trash.
func (g *Guests) Role(ctx context.Context, who transport.Identity, document persistence.ID) (protocol.Role, error) {
	if _, err := g.documents.Document(ctx, document); err != nil {
		return protocol.RoleNone, err
	}
	return who.Bound(protocol.RoleEditor, document), nil
}

// Changed implements Access: a guest is their credential, so it is signed anew.
func (g *Guests) Changed(_ context.Context, who transport.Identity) (string, error) {
	return g.credential(who.User)
}

// Cookie implements Access.
func (g *Guests) Cookie(r *http.Request, token string) *http.Cookie {
	return &http.Cookie{
		Name: GuestCookie, Value: token, Path: "/", MaxAge: int(guestLife / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
		// A proxy's word is enough here: the worst a lie does is a cookie that
		// the liar's own browser does not send back.
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
	}
}
