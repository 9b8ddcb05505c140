package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

const (
	// maxLinks bounds a document's share links.
	maxLinks = 50
	// minLinkPassword is the least of a link's password in characters: the
	// link itself cannot be guessed, and tries are limited.
	minLinkPassword = 4
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

func (s *Server) linkRoutes(api huma.API) {
	tags, member := []string{"Sharing"}, needs(needMember)
	register(api, huma.Operation{
		OperationID: "create-link", Method: http.MethodPost, Path: "/api/documents/{id}/links", Tags: tags, Metadata: member, DefaultStatus: http.StatusCreated,
		Summary: "Make a share link", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "For owners. Whoever has the address comes in with the role, without an account where the server lets guests in.",
		Errors:      []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.createLink)
	register(api, huma.Operation{
		OperationID: "change-link", Method: http.MethodPatch, Path: "/api/documents/{id}/links/{link}", Tags: tags, Metadata: member,
		Summary: "Change a share link", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "For owners. It holds at once for those who came by it. Another password has them open it again.",
		Errors:      []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound},
	}, s.changeLink)
	register(api, huma.Operation{
		OperationID: "rotate-link", Method: http.MethodPost, Path: "/api/documents/{id}/links/{link}/rotate", Tags: tags, Metadata: member, DefaultStatus: http.StatusOK,
		Summary: "Give a share link a new address", Description: "For owners. It is another link with the same role, end and password: those who came by the old address are let go at once, and that opens nothing any more.",
		Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, s.rotateLink)
	register(api, huma.Operation{
		OperationID: "delete-link", Method: http.MethodDelete, Path: "/api/documents/{id}/links/{link}", Tags: tags, Metadata: member, DefaultStatus: http.StatusNoContent,
		Summary: "End a share link", Description: "For owners. Those who came by it are let go at once.", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, s.deleteLink)
	register(api, huma.Operation{
		OperationID: "open-link", Method: http.MethodPost, Path: "/api/links/open", Tags: tags, Metadata: needs(needNobody), DefaultStatus: http.StatusOK,
		Summary: "Come in by a share link", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "Whoever is signed in stays who they are; others become a guest with a cookie. A link that is wrong, has ended or whose document is gone, and a wrong password, " +
			"all answer invalid_link; link_password says that the link asks for one.",
		Errors: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests},
	}, s.openLink)
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
	document, _, err := s.share(ctx, in.ID, protocol.RoleOwner)
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
	document, _, err := s.share(ctx, in.ID, protocol.RoleOwner)
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

func (s *Server) rotateLink(ctx context.Context, in *LinkPath) (*linkViewOutput, error) {
	document, _, err := s.share(ctx, in.ID, protocol.RoleOwner)
	if err != nil {
		return nil, err
	}
	var link persistence.ShareLink
	err = s.revise(ctx, revision{documents: []persistence.ID{document}}, func(edit persistence.PeopleEdit) (err error) {
		if link, err = s.linkIn(ctx, edit, document, in.Link); err != nil {
			return err
		}
		if s.ended(&link) {
			return noLink()
		}
		old := link.ID
		if err := edit.DeleteShareLink(old); err != nil {
			return err
		}
		link.ID, link.CreatedBy, link.CreatedAt = persistence.NewID(), s.actor(ctx), persistence.Micro(s.config.Now())
		link.Digest = digestOf(linkSecretBy(s.links.Current().Secret, link.ID))
		if err := edit.PutShareLink(link); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "link.rotated", Document: document, Subject: link.ID, Detail: "Instead of " + old.String() + ". " + linkDetail(&link)})
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	s.endInTime(&link)
	s.config.Events.Access(document)
	return &linkViewOutput{Body: s.linkOf(ctx, &link, true)}, nil
}

func (s *Server) deleteLink(ctx context.Context, in *LinkPath) (*struct{}, error) {
	document, _, err := s.share(ctx, in.ID, protocol.RoleOwner)
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
