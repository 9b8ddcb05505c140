package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

const (
	// tokenPrefix begins every API token, so that scanners of source code and
	// logs know a leaked one.
	tokenPrefix = "cst_"
	// maxTokens is how many an account may have.
	maxTokens = 50
)

// Tokens reads API tokens. Like accounts it remembers no right between two
// questions, so one that was revoked is gone at the next. Any goroutine.
type Tokens struct {
	access *Accounts

	mu   sync.Mutex
	used map[persistence.ID]time.Time // last uses, not yet in the store
}

var _ Credentials = (*Tokens)(nil)

// NewTokens makes the reader of the accounts' tokens; put it into their
// Credentials.
func NewTokens(access *Accounts) *Tokens {
	return &Tokens{access: access, used: map[persistence.ID]time.Time{}}
}

// Kind implements Credentials.
func (t *Tokens) Kind() collab.Kind { return collab.KindToken }

// Read implements Credentials.
func (t *Tokens) Read(ctx context.Context, secret string) (transport.Identity, bool, error) {
	if !strings.HasPrefix(secret, tokenPrefix) {
		return transport.Identity{}, false, nil
	}
	token, err := t.access.People.TokenByDigest(ctx, digestOf(secret))
	if err != nil {
		return transport.Identity{}, false, tokenError(err)
	}
	who, err := t.living(ctx, &token)
	if err != nil {
		return transport.Identity{}, false, err
	}
	t.use(&token)
	return who, true, nil
}

func tokenError(err error) error {
	if errors.Is(err, persistence.ErrNotFound) {
		return transport.ErrUnauthorized
	}
	return fmt.Errorf("reading a token: %w", err)
}

// living is whose token it is and how far it reaches, if it has not expired and
// they are active. On the whole server a token is a member, unless it is for
// administration; one for a single document is nobody there.
func (t *Tokens) living(ctx context.Context, token *persistence.Token) (transport.Identity, error) {
	if !token.ExpiresAt.IsZero() && !t.access.Now().Before(token.ExpiresAt) {
		return transport.Identity{}, transport.ErrTokenExpired
	}
	user, err := t.access.People.User(ctx, token.User)
	if err != nil {
		return transport.Identity{}, tokenError(err)
	}
	who, err := t.access.user(&user)
	if err != nil {
		return who, err
	}
	who.Kind, who.Login, who.Ceiling, who.Document, who.Expires = collab.KindToken, token.ID, protocol.Role(token.Ceiling), token.Document, token.ExpiresAt
	switch {
	case !token.Document.IsZero():
		who.Standing = persistence.StandingGuest
	case !token.Admin:
		who.Standing = min(who.Standing, persistence.StandingMember)
	}
	return who, nil
}

// Role implements Credentials.
func (t *Tokens) Role(ctx context.Context, who transport.Identity, document persistence.ID) (protocol.Role, error) {
	token, err := t.access.People.Token(ctx, who.Login)
	if err != nil {
		return protocol.RoleNone, tokenError(err)
	}
	now, err := t.living(ctx, &token)
	if err != nil {
		return protocol.RoleNone, err
	}
	role, err := t.access.RoleOf(ctx, token.User, document)
	return now.Bound(role, document), err
}

func (t *Tokens) use(token *persistence.Token) {
	now := persistence.Micro(t.access.Now())
	if now.Sub(token.UsedAt) < time.Minute {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used[token.ID] = now
}

// lastUse is a token's, whether it is written down or not.
func (t *Tokens) lastUse(token *persistence.Token) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at := t.used[token.ID]; at.After(token.UsedAt) {
		return at
	}
	return token.UsedAt
}

// Tidy writes down which tokens were used. The program calls it every minute
// and at its end.
func (t *Tokens) Tidy(ctx context.Context) error {
	t.mu.Lock()
	used := t.used
	t.used = map[persistence.ID]time.Time{}
	t.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	return t.access.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		for id, at := range used {
			token, err := edit.Token(ctx, id)
			if errors.Is(err, persistence.ErrNotFound) {
				continue // revoked since
			}
			if err != nil {
				return err
			}
			token.UsedAt = at
			if err := edit.PutToken(token); err != nil {
				return err
			}
		}
		return nil
	})
}

// TokenDraft is what a token is to be. Its name begins with a capital, or the
// description would not have what embeds it.
type TokenDraft struct {
	Name      string     `json:"name" doc:"What it is for, 1 to 80 characters"`
	Role      string     `json:"role" enum:"viewer,commenter,editor,owner" doc:"The highest role that it can use"`
	Document  string     `json:"document,omitempty" doc:"Only this document, by its id"`
	Admin     bool       `json:"admin,omitempty" doc:"It may also manage the server, as far as its account may"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"Never without"`
}

// token makes the record of a draft, of no account yet.
func (s *Server) token(ctx context.Context, draft *TokenDraft) (persistence.Token, error) {
	var token persistence.Token
	name, err := cleanName(draft.Name)
	if err != nil {
		return token, err
	}
	role, err := protocol.ParseRole(draft.Role)
	if err != nil || role == protocol.RoleNone {
		return token, newProblem(http.StatusBadRequest, "invalid_role", "Choose viewer, commenter, editor or owner.")
	}
	now := persistence.Micro(s.config.Now())
	token = persistence.Token{ID: persistence.NewID(), Name: name, Ceiling: persistence.Rank(role), Admin: draft.Admin, CreatedBy: s.actor(ctx), CreatedAt: now}
	if draft.Document != "" {
		if token.Document, err = persistence.ParseID(strings.ToLower(draft.Document)); err != nil || token.Document.IsZero() {
			return token, notFound()
		}
		if draft.Admin {
			return token, newProblem(http.StatusBadRequest, "invalid_token", "A token for one document cannot manage the server; leave out document or admin.")
		}
	}
	if draft.ExpiresAt != nil {
		if token.ExpiresAt = persistence.Micro(*draft.ExpiresAt); !token.ExpiresAt.After(now) {
			return token, newProblem(http.StatusBadRequest, "invalid_expiry", "expiresAt has passed already; choose a later time or leave it out.")
		}
	}
	return token, nil
}

// issue keeps a token of a user, within a transaction, and returns its secret,
// which is shown once.
func (s *Server) issue(ctx context.Context, edit persistence.PeopleEdit, token *persistence.Token) (string, error) {
	others, err := edit.Tokens(ctx, token.User)
	if err != nil {
		return "", err
	}
	if len(others) >= maxTokens {
		return "", newProblem(http.StatusConflict, "too_many_tokens", "An account has at most %d tokens; revoke one first.", maxTokens)
	}
	secret, _ := newSecret()
	secret = tokenPrefix + secret
	token.Digest = digestOf(secret)
	if err := edit.PutToken(*token); err != nil {
		return "", err
	}
	return secret, s.record(ctx, edit, persistence.AuditEntry{
		Action: "token.created", Subject: token.ID, Document: token.Document,
		Detail: fmt.Sprintf("A %s token with the role %s%s.", token.Kind, protocol.Role(token.Ceiling), map[bool]string{true: " that manages the server"}[token.Admin]),
	})
}

// revoke ends a token and what is open by it (law S8). mine, unless zero, is the
// account whose token it must be.
func (s *Server) revoke(ctx context.Context, id string, mine persistence.ID) error {
	none := newProblem(http.StatusNotFound, "token_not_found", "There is no such token; it may have been revoked already.")
	parsed, err := persistence.ParseID(strings.ToLower(id))
	if err != nil {
		return none
	}
	return s.revise(ctx, revision{logins: []persistence.ID{parsed}}, func(edit persistence.PeopleEdit) error {
		token, err := edit.Token(ctx, parsed)
		if errors.Is(err, persistence.ErrNotFound) || err == nil && !mine.IsZero() && token.User != mine {
			return none
		}
		if err != nil {
			return err
		}
		if err := edit.DeleteToken(token.ID); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "token.revoked", Subject: token.ID, Document: token.Document})
	})
}

// dropTokens ends a user's personal tokens within a transaction, and says so for
// the audit log: "" if there were none. Those of integrations are accounts of
// their own.
func (s *Server) dropTokens(ctx context.Context, edit persistence.PeopleEdit, user persistence.ID) (said string, err error) {
	tokens, err := edit.Tokens(ctx, user)
	if err != nil {
		return "", err
	}
	ended := 0
	for i := range tokens {
		if tokens[i].Kind != persistence.TokenPersonal {
			continue
		}
		if err := edit.DeleteToken(tokens[i].ID); err != nil {
			return "", err
		}
		ended++
	}
	if ended == 0 {
		return "", nil
	}
	return ", and " + plural(ended, "API token") + " ended", nil
}

// TokenView is a token without its secret; see TokenDraft for its name.
type TokenView struct {
	ID        string     `json:"id" format:"uuid"`
	Kind      string     `json:"kind" enum:"personal,service"`
	Name      string     `json:"name"`
	Role      string     `json:"role" enum:"viewer,commenter,editor,owner"`
	Document  string     `json:"document,omitempty" format:"uuid"`
	Admin     bool       `json:"admin"`
	User      string     `json:"user" format:"uuid" doc:"The account whose rights it has"`
	UserName  string     `json:"userName,omitempty"`
	CreatedAt time.Time  `json:"createdAt"`
	UsedAt    *time.Time `json:"usedAt,omitempty" doc:"Last use, to the minute"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
}

func (s *Server) TokenView(token *persistence.Token) TokenView {
	view := TokenView{
		ID: token.ID.String(), Kind: string(token.Kind), Name: token.Name, Role: protocol.Role(token.Ceiling).String(), Admin: token.Admin,
		User: token.User.String(), CreatedAt: token.CreatedAt.UTC(),
	}
	if !token.Document.IsZero() {
		view.Document = token.Document.String()
	}
	used := token.UsedAt
	for _, c := range s.config.Access.Credentials {
		if tokens, ok := c.(*Tokens); ok {
			used = tokens.lastUse(token)
		}
	}
	if !used.IsZero() {
		used = used.UTC().Truncate(time.Minute)
		view.UsedAt = &used
	}
	if !token.ExpiresAt.IsZero() {
		expires := token.ExpiresAt.UTC()
		view.ExpiresAt = &expires
	}
	return view
}

// tokenViews are a user's; the zero ID is everybody's.
func (s *Server) tokenViews(ctx context.Context, user persistence.ID) ([]TokenView, error) {
	tokens, err := s.config.People.Tokens(ctx, user)
	if err != nil {
		return nil, err
	}
	views := []TokenView{}
	for i := range tokens {
		view := s.TokenView(&tokens[i])
		if user.IsZero() {
			owner, err := s.config.People.User(ctx, tokens[i].User)
			if err != nil {
				return nil, err
			}
			view.UserName = owner.Name
		}
		views = append(views, view)
	}
	return slices.Clip(views), nil
}
