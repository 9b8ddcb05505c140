package server

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

type openLinkInput struct {
	Body struct {
		Secret   string  `json:"secret" maxLength:"200" doc:"What stands behind the # of the link"`
		Password *string `json:"password,omitempty" maxLength:"1024"`
	}
}

type openedOutput struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      struct {
		Document string `json:"document" format:"uuid"`
		Role     string `json:"role" enum:"viewer,commenter,editor,owner" doc:"What the caller may do in it now"`
		Guest    bool   `json:"guest" doc:"The caller has no account"`
	}
}

// linkSecret is what a link's address carries. It is derived, so that an owner
// can copy it again though the store keeps its digest alone; "" when the key
// it was made with has been withdrawn.
func (s *Server) linkSecret(link *persistence.ShareLink) string {
	for _, key := range s.links.Live() {
		secret := linkSecretBy(key.Secret, link.ID)
		if digestOf(secret) == link.Digest {
			return secret
		}
	}
	return ""
}

func linkSecretBy(key []byte, link persistence.ID) string {
	return base64.RawURLEncoding.EncodeToString(append(link[:], signature(key, link.String())...))
}

// readLink tells whether a secret was made here: one that was guessed is not
// looked up.
func (s *Server) readLink(secret string) (link persistence.ID, ok bool) {
	bytes, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(bytes) != len(link)+32 {
		return link, false
	}
	mac := bytes[copy(link[:], bytes):]
	return link, s.links.Verify(link.String(), mac)
}

// invalidLink is the one answer to everything that is wrong with a link.
func invalidLink() *Problem {
	return newProblem(http.StatusNotFound, "invalid_link", "This link does not open anything: it is not whole, has ended, or the password is wrong. Ask whoever gave it to you for a new one.")
}

// denyLink writes down why a link did not open; the caller is not told.
func (s *Server) denyLink(ctx context.Context, link *persistence.ShareLink, why string) error {
	s.denied(ctx, persistence.AuditEntry{Action: "link.denied", Document: link.Document, Subject: link.ID, Detail: why})
	return invalidLink()
}

func (s *Server) openLink(ctx context.Context, in *openLinkInput) (*openedOutput, error) {
	from := whole(ctx)
	member := from.known && from.who.Standing >= persistence.StandingMember
	if s.config.Access.Mode == ModeMembers && !member {
		return nil, newProblem(http.StatusUnauthorized, "unauthorized", "Sign in first; then open the link again.")
	}
	if from.known && from.who.Kind != transport.KindUser && from.who.Kind != transport.KindGuest {
		return nil, newProblem(http.StatusForbidden, "forbidden", "A program's token does not open links; give its account a role instead.")
	}
	link, keys, err := s.checkLink(ctx, in)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &openedOutput{}
	if !from.known {
		// Each is a guest more in the store: a script must not make them without end.
		if err := s.begin(ctx, guestKeys(s.config.Access.Peers.Address(requestOf(ctx))), "link.limited", link.ID); err != nil {
			s.attempts.forgive(keys) // the link was right
			return nil, err
		}
		var token string
		if from.who, token, err = s.config.Access.Guests.welcome(ctx, link.Document, nil); err != nil {
			return nil, s.problem(ctx, err)
		}
		from.known = true
		out.SetCookie = s.config.Access.cookie(requestOf(ctx), GuestCookie, token, guestLife)
		ctx = context.WithValue(ctx, callerKey{}, from)
	}
	user := s.actor(ctx)
	what := revision{documents: []persistence.ID{link.Document}, users: []persistence.ID{user}}
	err = s.revise(ctx, what, func(edit persistence.PeopleEdit) error {
		now, err := edit.ShareLink(ctx, link.ID)
		if errors.Is(err, persistence.ErrNotFound) || err == nil && (s.ended(&now) || now.Password != link.Password) {
			return invalidLink() // changed while its password was checked
		}
		if err != nil {
			return err
		}
		if err := edit.PutVisit(persistence.Visit{User: user, Link: link.ID, At: persistence.Micro(s.config.Now())}); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "link.opened", Document: link.Document, Subject: link.ID, Detail: linkDetail(&now)})
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	s.attempts.forgive(keys)
	s.endInTime(&link)
	role, err := s.config.Access.Role(ctx, from.who, link.Document)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out.Body.Document, out.Body.Role, out.Body.Guest = link.Document.String(), role.String(), !member
	return out, nil
}

// checkLink finds the link of a secret, if it opens something by the password.
// The attempt counts as failed until it is forgiven.
func (s *Server) checkLink(ctx context.Context, in *openLinkInput) (link persistence.ShareLink, keys []attemptKey, err error) {
	id, ours := s.readLink(in.Body.Secret)
	account := ""
	if ours {
		account = id.String()
	}
	keys = attemptKeys("link", account, s.config.Access.Peers.Address(requestOf(ctx)), "")
	if err := s.begin(ctx, keys, "link.limited", id); err != nil {
		return link, keys, err
	}
	if !ours {
		return link, keys, s.denyLink(ctx, &link, "A link that was not made here.")
	}
	link, err = s.config.People.ShareLinkByDigest(ctx, digestOf(in.Body.Secret))
	switch {
	case errors.Is(err, persistence.ErrNotFound):
		return link, keys, s.denyLink(ctx, &persistence.ShareLink{ID: id}, "A link that was ended.")
	case err != nil:
		return link, keys, err
	case s.ended(&link):
		return link, keys, s.denyLink(ctx, &link, "A link that has expired.")
	}
	d, err := s.config.Store.Document(ctx, link.Document)
	if errors.Is(err, persistence.ErrNotFound) || err == nil && !d.TrashedAt.IsZero() {
		return link, keys, s.denyLink(ctx, &link, "The document is in the trash.")
	}
	if err != nil || link.Password == "" {
		return link, keys, err
	}
	if in.Body.Password == nil {
		s.attempts.forgive(keys) // nothing was tried
		return link, keys, newProblem(http.StatusForbidden, "link_password", "This link asks for a password; whoever gave it to you knows it.")
	}
	good, _, err := s.passwords.Check(ctx, link.Password, *in.Body.Password)
	if err == nil && !good {
		err = s.denyLink(ctx, &link, "Wrong password.")
	}
	return link, keys, err
}
