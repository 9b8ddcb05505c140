package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// Mode is who comes in at all.
type Mode string

// Modes of access.
const (
	// ModeOpen lets everybody who reaches the server edit everything, as a
	// guest: for a network that is trusted.
	ModeOpen Mode = "open"
	// ModeLink lets members in, and guests by a share link.
	ModeLink Mode = "link"
	// ModeMembers lets members in and nobody else.
	ModeMembers Mode = "members"
)

// Credentials reads one kind of bearer token beside those of guests. Any
// goroutine.
type Credentials interface {
	// Read says who a token is; ok is false for tokens of another kind.
	// ErrUnauthorized and ErrTokenExpired for one of this kind that is not good.
	Read(ctx context.Context, token string) (who transport.Identity, ok bool, err error)
	// Role is what an identity that Read gave may do in a document now.
	Role(ctx context.Context, who transport.Identity, document persistence.ID) (protocol.Role, error)
	// Kind is that of the identities.
	Kind() collab.Kind
}

// AccessConfig is what Accounts are made of. Mode, People, Documents and
// Guests are required.
type AccessConfig struct {
	Mode        Mode
	People      persistence.People
	Documents   persistence.Documents
	Guests      *Guests
	Peers       *Peers // nil: no proxy is trusted
	Credentials []Credentials
	// Idle and Absolute end a login: so long after its last use, and after it
	// was made. Zero: 14 and 90 days.
	Idle, Absolute time.Duration
	Now            func() time.Time // nil: time.Now
}

// Defaults of a login's life.
const (
	DefaultIdle     = 14 * 24 * time.Hour
	DefaultAbsolute = 90 * 24 * time.Hour
)

// Accounts says who a caller is and what they may do. Nothing is remembered
// between two questions, so a right that was taken away is gone at the next.
// Any goroutine.
type Accounts struct {
	AccessConfig

	mu   sync.Mutex
	used map[persistence.ID]time.Time // logins' last uses, not yet in the store
}

var _ transport.Access = (*Accounts)(nil)

// NewAccounts makes the access of a server.
func NewAccounts(config AccessConfig) *Accounts {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Idle == 0 {
		config.Idle = DefaultIdle
	}
	if config.Absolute == 0 {
		config.Absolute = DefaultAbsolute
	}
	return &Accounts{AccessConfig: config, used: map[persistence.ID]time.Time{}}
}

// Identify implements transport.Access. Cookies that are no longer good count
// as none: their browser could not mend that, and is asked to sign in, or gets
// a new guest where everybody may come in.
func (a *Accounts) Identify(r *http.Request) (transport.Identity, bool, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return transport.Identity{}, false, transport.ErrUnauthorized
		}
		return a.Token(r.Context(), strings.TrimSpace(token))
	}
	if secret := a.read(r, LoginCookie); secret != "" {
		who, err := a.login(r.Context(), secret)
		switch {
		case err == nil:
			return who, true, nil
		case !errors.Is(err, transport.ErrUnauthorized) && !errors.Is(err, transport.ErrTokenExpired):
			return who, false, err
		}
	}
	if credential := a.read(r, GuestCookie); credential != "" && a.Mode != ModeMembers {
		who, err := a.Guests.read(credential)
		return who, err == nil, nil
	}
	return transport.Identity{}, false, nil
}

// Token implements transport.Access.
func (a *Accounts) Token(ctx context.Context, token string) (transport.Identity, bool, error) {
	if strings.HasPrefix(token, guestPrefix) && a.Mode != ModeMembers {
		who, err := a.Guests.read(token)
		return who, err == nil, err
	}
	for _, credentials := range a.Credentials {
		who, ok, err := credentials.Read(ctx, token)
		if ok || err != nil {
			return who, ok && err == nil, err
		}
	}
	return transport.Identity{}, false, transport.ErrUnauthorized
}

// Guest implements transport.Access: somebody without credentials is a guest
// where the door is open, and nobody elsewhere.
func (a *Accounts) Guest(ctx context.Context, document persistence.ID, resume *protocol.Resume) (transport.Identity, string, error) {
	if a.Mode != ModeOpen {
		return transport.Identity{}, "", transport.ErrUnauthorized
	}
	who, token, err := a.Guests.welcome(ctx, document, resume)
	if err != nil || resume == nil {
		return who, token, err
	}
	// What a member began, nobody goes on with as a guest of the same id.
	id, err := persistence.ParseID(who.User.ID)
	if err == nil {
		_, err = a.People.User(ctx, id)
	}
	switch {
	case err == nil:
		return transport.Identity{}, "", transport.ErrForbidden
	case !errors.Is(err, persistence.ErrNotFound):
		return transport.Identity{}, "", err
	}
	return who, token, nil
}

// Role implements transport.Access. A document in the trash has its roles
// still: it can be read and restored.
func (a *Accounts) Role(ctx context.Context, who transport.Identity, document persistence.ID) (protocol.Role, error) {
	role, err := a.role(ctx, who, document)
	if err != nil {
		return protocol.RoleNone, err
	}
	return who.Bound(role, document), nil
}

func (a *Accounts) role(ctx context.Context, who transport.Identity, document persistence.ID) (protocol.Role, error) {
	for _, credentials := range a.Credentials {
		if credentials.Kind() != who.Kind {
			continue
		}
		return credentials.Role(ctx, who, document)
	}
	switch {
	case who.Kind == collab.KindGuest && a.Mode == ModeMembers:
		return protocol.RoleNone, transport.ErrUnauthorized
	case who.Kind == collab.KindUser:
		if _, err := a.Alive(ctx, who); err != nil {
			return protocol.RoleNone, err
		}
	}
	id, err := persistence.ParseID(who.User.ID)
	if err != nil {
		return protocol.RoleNone, nil
	}
	return a.RoleOf(ctx, id, document)
}

// RoleOf is what a user or guest may do in a document, by whatever they came:
// the highest of their grants, their groups' and the links that they opened.
func (a *Accounts) RoleOf(ctx context.Context, user, document persistence.ID) (protocol.Role, error) {
	if _, err := a.Documents.Document(ctx, document); err != nil {
		return protocol.RoleNone, err
	}
	rank, err := a.People.Rank(ctx, document, user, a.Now())
	if err != nil {
		return protocol.RoleNone, err
	}
	role := protocol.Role(rank)
	if a.Mode == ModeOpen {
		role = max(role, protocol.RoleEditor)
	}
	return role, nil
}

// user is an account as an identity, as far as it may be used at all.
func (a *Accounts) user(user *persistence.User) (transport.Identity, error) {
	if !user.Active() {
		return transport.Identity{}, transport.ErrUnauthorized
	}
	return transport.Identity{
		User: protocol.User{ID: user.ID.String(), Name: user.Name, Color: user.Color},
		Kind: collab.KindUser, Standing: user.Standing, Ceiling: protocol.RoleOwner,
	}, nil
}

// login reads the secret of a browser's cookie, and marks its login as used.
func (a *Accounts) login(ctx context.Context, secret string) (transport.Identity, error) {
	login, err := a.People.LoginByDigest(ctx, digestOf(secret))
	if errors.Is(err, persistence.ErrNotFound) {
		return transport.Identity{}, transport.ErrUnauthorized
	}
	if err != nil {
		return transport.Identity{}, fmt.Errorf("reading a login: %w", err)
	}
	who, err := a.living(ctx, &login)
	if err == nil {
		a.use(&login)
	}
	return who, err
}

// Alive asks again whether what an identity came by is still good; a guest's
// credential always is until it expires.
func (a *Accounts) Alive(ctx context.Context, who transport.Identity) (transport.Identity, error) {
	if who.Kind != collab.KindUser || who.Login.IsZero() {
		return who, nil
	}
	login, err := a.People.Login(ctx, who.Login)
	if errors.Is(err, persistence.ErrNotFound) {
		return transport.Identity{}, transport.ErrUnauthorized
	}
	if err != nil {
		return transport.Identity{}, fmt.Errorf("reading a login: %w", err)
	}
	return a.living(ctx, &login)
}

// living is whose login it is, if it has not ended and they are active.
func (a *Accounts) living(ctx context.Context, login *persistence.Login) (transport.Identity, error) {
	if !a.Now().Before(a.expiry(login)) {
		return transport.Identity{}, transport.ErrTokenExpired
	}
	user, err := a.People.User(ctx, login.User)
	if errors.Is(err, persistence.ErrNotFound) {
		return transport.Identity{}, transport.ErrUnauthorized
	}
	if err != nil {
		return transport.Identity{}, fmt.Errorf("reading an account: %w", err)
	}
	// Its use elsewhere puts off the end of one that is not used, so whoever is
	// connected by it is asked about again every minute; see collab.Hub.Recheck.
	who, err := a.user(&user)
	who.Login, who.Expires = login.ID, login.ExpiresAt
	return who, err
}

// expiry is when a login ends if it is not used again.
func (a *Accounts) expiry(login *persistence.Login) time.Time {
	a.mu.Lock()
	seen := a.used[login.ID]
	a.mu.Unlock()
	if seen.Before(login.SeenAt) {
		seen = login.SeenAt
	}
	expires := seen.Add(a.Idle)
	if expires.After(login.ExpiresAt) {
		return login.ExpiresAt
	}
	return expires
}

// use notes that a login was used; Tidy writes it down.
func (a *Accounts) use(login *persistence.Login) {
	now := persistence.Micro(a.Now())
	if now.Sub(login.SeenAt) < time.Minute && a.Idle > time.Hour {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used[login.ID] = now
}

// Tidy writes down which logins were used, and deletes what has expired and
// audit lines older than the time (zero: none). The program calls it every
// minute and at its end.
func (a *Accounts) Tidy(ctx context.Context, auditBefore time.Time) error {
	a.mu.Lock()
	used := a.used
	a.used = map[persistence.ID]time.Time{}
	a.mu.Unlock()
	return a.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		for id, at := range used {
			login, err := edit.Login(ctx, id)
			if errors.Is(err, persistence.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			login.SeenAt = at
			if err := edit.PutLogin(login); err != nil {
				return err
			}
			user, err := edit.User(ctx, login.User)
			if err != nil {
				return err
			}
			if user.SeenAt.Before(at) {
				user.SeenAt = at
				if err := edit.PutUser(user); err != nil {
					return err
				}
			}
		}
		return edit.Expire(persistence.Micro(a.Now()), auditBefore)
	})
}
