package server

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

const (
	// maxLinks bounds a document's share links.
	maxLinks = 50
	// minLinkPassword is the least of a link's password in characters: the
	// link itself cannot be guessed, and tries are limited.
	minLinkPassword = 4
	// endAhead is how long before its end a link is given a timer; longer than
	// the minute between two looks.
	endAhead = 2 * time.Minute
	// linkPath is the page that reads the secret from its fragment.
	linkPath = "/s#"
)

// linkView is a share link.
type linkView struct {
	ID        string     `json:"id" format:"uuid"`
	Role      string     `json:"role" enum:"viewer,commenter,editor"`
	CreatedAt time.Time  `json:"createdAt"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	Password  bool       `json:"password" doc:"It asks for one"`
	URL       string     `json:"url,omitempty" doc:"To hand over; for owners"`
}

type linkViewOutput struct{ Body linkView }

type createLinkInput struct {
	DocumentPath
	Body struct {
		Role      string     `json:"role" enum:"viewer,commenter,editor"`
		ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"When it ends; never without"`
		Password  string     `json:"password,omitempty" maxLength:"1024" doc:"To be told by another way than the link"`
	}
}

// LinkPath names a share link in a route.
type LinkPath struct {
	DocumentPath
	Link string `path:"link" doc:"The link's id, a UUID"`
}

type changeLinkInput struct {
	LinkPath
	Body struct {
		Role      *string    `json:"role,omitempty" enum:"viewer,commenter,editor"`
		ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"Another end"`
		Forever   bool       `json:"forever,omitempty" doc:"It does not end by itself"`
		Password  *string    `json:"password,omitempty" maxLength:"1024" doc:"Another one; an empty one takes it off"`
	}
}

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

func (s *Server) linkRoutes(api huma.API) {
	tags, member := []string{"Sharing"}, needs(needMember)
	huma.Register(api, huma.Operation{
		OperationID: "create-link", Method: http.MethodPost, Path: "/api/documents/{id}/links", Tags: tags, Metadata: member, DefaultStatus: http.StatusCreated,
		Summary: "Make a share link", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "For owners. Whoever has the address comes in with the role, without an account where the server lets guests in.",
		Errors:      []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.createLink)
	huma.Register(api, huma.Operation{
		OperationID: "change-link", Method: http.MethodPatch, Path: "/api/documents/{id}/links/{link}", Tags: tags, Metadata: member,
		Summary: "Change a share link", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "For owners. It holds at once for those who came by it. Another password has them open it again.",
		Errors:      []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound},
	}, s.changeLink)
	huma.Register(api, huma.Operation{
		OperationID: "delete-link", Method: http.MethodDelete, Path: "/api/documents/{id}/links/{link}", Tags: tags, Metadata: member, DefaultStatus: http.StatusNoContent,
		Summary: "End a share link", Description: "For owners. Those who came by it are let go at once.", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, s.deleteLink)
	huma.Register(api, huma.Operation{
		OperationID: "open-link", Method: http.MethodPost, Path: "/api/links/open", Tags: tags, Metadata: needs(needNobody), DefaultStatus: http.StatusOK,
		Summary: "Come in by a share link", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "Whoever is signed in stays who they are; others become a guest with a cookie. A link that is wrong, has ended or whose document is gone, and a wrong password, " +
			"all answer invalid_link; link_password says that the link asks for one.",
		Errors: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests},
	}, s.openLink)
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

func (s *Server) linkOf(ctx context.Context, link *persistence.ShareLink, owner bool) linkView {
	view := linkView{
		ID: link.ID.String(), Role: protocol.Role(link.Rank).String(), CreatedAt: link.CreatedAt.UTC(),
		ExpiresAt: timeOf(link.ExpiresAt), Password: link.Password != "",
	}
	if secret := s.linkSecret(link); owner && secret != "" {
		view.URL = s.base(ctx) + linkPath + secret
	}
	return view
}

// linksOf are a document's links that have not ended.
func (s *Server) linksOf(ctx context.Context, document persistence.ID, owner bool) ([]linkView, error) {
	links, err := s.config.People.ShareLinks(ctx, document)
	views := []linkView{}
	for i := range links {
		if !s.ended(&links[i]) {
			views = append(views, s.linkOf(ctx, &links[i], owner))
		}
	}
	return views, err
}

func (s *Server) ended(link *persistence.ShareLink) bool {
	return !link.ExpiresAt.IsZero() && !s.config.Now().Before(link.ExpiresAt)
}

// linkRole reads the role of a link.
func linkRole(word string) (persistence.Rank, error) {
	role, err := protocol.ParseRole(word)
	if err != nil || role == protocol.RoleNone || role == protocol.RoleOwner {
		return 0, newProblem(http.StatusBadRequest, "invalid_role", "A link's role is viewer, commenter or editor.")
	}
	return persistence.Rank(role), nil
}

func (s *Server) linkExpiry(at *time.Time) (time.Time, error) {
	if at == nil {
		return time.Time{}, nil
	}
	if !at.After(s.config.Now()) {
		return time.Time{}, newProblem(http.StatusBadRequest, "invalid_expiry", "Let the link end at a time to come.")
	}
	return persistence.Micro(*at), nil
}

func (s *Server) linkPassword(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	if n := utf8.RuneCountInString(password); !utf8.ValidString(password) || n < minLinkPassword || n > maxPassword {
		return "", newProblem(http.StatusBadRequest, "invalid_password", "A link's password has %d to %d characters.", minLinkPassword, maxPassword)
	}
	return s.passwords.Hash(ctx, password)
}

func (s *Server) createLink(ctx context.Context, in *createLinkInput) (*linkViewOutput, error) {
	document, _, err := s.allow(ctx, in.ID, protocol.RoleOwner)
	if err != nil {
		return nil, err
	}
	link := persistence.ShareLink{ID: persistence.NewID(), Document: document, CreatedBy: s.actor(ctx), CreatedAt: persistence.Micro(s.config.Now())}
	if link.Rank, err = linkRole(in.Body.Role); err != nil {
		return nil, err
	}
	if link.ExpiresAt, err = s.linkExpiry(in.Body.ExpiresAt); err != nil {
		return nil, err
	}
	if link.Password, err = s.linkPassword(ctx, in.Body.Password); err != nil {
		return nil, s.problem(ctx, err)
	}
	link.Digest = digestOf(linkSecretBy(s.links.Current().Secret, link.ID))
	// A new link takes nothing from anybody.
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		if err := s.owns(ctx, edit, document); err != nil {
			return err
		}
		links, err := edit.ShareLinks(ctx, document)
		if err != nil {
			return err
		}
		if len(links) >= maxLinks {
			return newProblem(http.StatusConflict, "too_many_links", "The document has %d links already; end one first.", maxLinks)
		}
		if err := edit.PutShareLink(link); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "link.created", Document: document, Subject: link.ID, Detail: linkDetail(&link)})
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	s.endInTime(&link)
	s.config.Events.Access(document)
	return &linkViewOutput{Body: s.linkOf(ctx, &link, true)}, nil
}

func linkDetail(link *persistence.ShareLink) string {
	detail := "For " + withArticle(protocol.Role(link.Rank))
	if !link.ExpiresAt.IsZero() {
		detail += ", until " + link.ExpiresAt.UTC().Format(time.RFC3339)
	}
	if link.Password != "" {
		detail += ", with a password"
	}
	return detail + "."
}

func noLink() *Problem {
	return newProblem(http.StatusNotFound, "link_not_found", "The document has no such link; it may have ended already.")
}

// linkIn finds a document's link in a transaction of one of its owners.
func (s *Server) linkIn(ctx context.Context, edit persistence.PeopleEdit, document persistence.ID, text string) (persistence.ShareLink, error) {
	if err := s.owns(ctx, edit, document); err != nil {
		return persistence.ShareLink{}, err
	}
	id, err := persistence.ParseID(strings.ToLower(text))
	if err != nil {
		return persistence.ShareLink{}, noLink()
	}
	link, err := edit.ShareLink(ctx, id)
	if errors.Is(err, persistence.ErrNotFound) || err == nil && link.Document != document {
		return link, noLink()
	}
	return link, err
}

func (s *Server) changeLink(ctx context.Context, in *changeLinkInput) (*linkViewOutput, error) {
	document, _, err := s.allow(ctx, in.ID, protocol.RoleOwner)
	if err != nil {
		return nil, err
	}
	rank, password := persistence.Rank(0), ""
	if in.Body.Role != nil {
		if rank, err = linkRole(*in.Body.Role); err != nil {
			return nil, err
		}
	}
	expires, err := s.linkExpiry(in.Body.ExpiresAt)
	if err != nil {
		return nil, err
	}
	if in.Body.Password != nil {
		if password, err = s.linkPassword(ctx, *in.Body.Password); err != nil {
			return nil, s.problem(ctx, err)
		}
	}
	var link persistence.ShareLink
	err = s.revise(ctx, revision{documents: []persistence.ID{document}}, func(edit persistence.PeopleEdit) error {
		if link, err = s.linkIn(ctx, edit, document, in.Link); err != nil {
			return err
		}
		if rank != 0 {
			link.Rank = rank
		}
		switch {
		case in.Body.Forever:
			link.ExpiresAt = time.Time{}
		case !expires.IsZero():
			link.ExpiresAt = expires
		}
		if in.Body.Password != nil {
			if link.Password = password; password != "" {
				// Those who came without it, or by another, open it again.
				if err := edit.DeleteShareLink(link.ID); err != nil {
					return err
				}
			}
		}
		if err := edit.PutShareLink(link); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "link.changed", Document: document, Subject: link.ID, Detail: linkDetail(&link)})
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	s.endInTime(&link)
	s.config.Events.Access(document)
	return &linkViewOutput{Body: s.linkOf(ctx, &link, true)}, nil
}

func (s *Server) deleteLink(ctx context.Context, in *LinkPath) (*struct{}, error) {
	document, _, err := s.allow(ctx, in.ID, protocol.RoleOwner)
	if err != nil {
		return nil, err
	}
	err = s.revise(ctx, revision{documents: []persistence.ID{document}}, func(edit persistence.PeopleEdit) error {
		link, err := s.linkIn(ctx, edit, document, in.Link)
		if err != nil {
			return err
		}
		if err := edit.DeleteShareLink(link.ID); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "link.removed", Document: document, Subject: link.ID})
	})
	if err == nil {
		s.config.Events.Access(document)
	}
	return nil, s.problem(ctx, err)
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
			s.attempts.Forgive(keys) // the link was right
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
	s.attempts.Forgive(keys)
	s.endInTime(&link)
	role, err := s.config.Access.Role(ctx, from.who, link.Document)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out.Body.Document, out.Body.Role, out.Body.Guest = link.Document.String(), role.String(), !member
	return out, nil
}

// endings are the timers of links that end soon. Any goroutine.
type endings struct {
	mu   sync.Mutex
	ends map[persistence.ID]time.Time // by link
}

// enter reports whether a timer for this end is still to be set.
func (e *endings) enter(link persistence.ID, at time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ends == nil {
		e.ends = map[persistence.ID]time.Time{}
	}
	fresh := !e.ends[link].Equal(at)
	e.ends[link] = at
	return fresh
}

func (e *endings) leave(link persistence.ID, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ends[link].Equal(at) {
		delete(e.ends, link)
	}
}

// EndLinks sets timers for the links that end before it is called again, of
// documents that somebody is in: whoever is there by one leaves when it ends.
// The program calls it every minute. Any goroutine.
func (s *Server) EndLinks(ctx context.Context) error {
	connections, err := s.config.Hub.Connections(ctx)
	if err != nil {
		return err
	}
	looked := map[persistence.ID]bool{}
	for _, c := range connections {
		if looked[c.Document] {
			continue
		}
		looked[c.Document] = true
		links, err := s.config.People.ShareLinks(ctx, c.Document)
		if err != nil {
			return err
		}
		for i := range links {
			s.endInTime(&links[i])
		}
	}
	return nil
}

// endInTime has a link's end take effect on open connections, if it is near.
func (s *Server) endInTime(link *persistence.ShareLink) {
	at, document, id := link.ExpiresAt, link.Document, link.ID
	left := at.Sub(s.config.Now())
	if at.IsZero() || left <= 0 || left > endAhead || !s.endings.enter(id, at) {
		return
	}
	time.AfterFunc(left, func() {
		s.endings.leave(id, at)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		// Nothing is to be written: a rank is read as of now.
		what := revision{documents: []persistence.ID{document}}
		if err := s.reviseBy(ctx, what, func(context.Context) error { return nil }); err != nil && !errors.Is(err, collab.ErrStopped) {
			s.config.Logger.Warn("a link has ended, and open connections were not looked at", "document", document, "error", err)
		}
		s.config.Events.Access(document)
	})
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
		s.attempts.Forgive(keys) // nothing was tried
		return link, keys, newProblem(http.StatusForbidden, "link_password", "This link asks for a password; whoever gave it to you knows it.")
	}
	good, _, err := s.passwords.Check(ctx, link.Password, *in.Body.Password)
	if err == nil && !good {
		err = s.denyLink(ctx, &link, "Wrong password.")
	}
	return link, keys, err
}
