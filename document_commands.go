package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// documentCommands look after documents, without their texts.
type documentCommands struct {
	List    documentList    `cmd:"" help:"List all documents, with sizes and owners."`
	Owner   documentOwner   `cmd:"" help:"Make somebody the owner of a document; who owned it becomes an editor."`
	Access  documentAccess  `cmd:"" help:"List who has a role in a document, by whatever they have it."`
	Share   documentShare   `cmd:"" help:"Give a person or a group a role in a document, or another one."`
	Unshare documentUnshare `cmd:"" help:"Take a role in a document away; it is gone at once."`
}

// requestCommands answer wishes for access.
type requestCommands struct {
	List    requestList    `cmd:"" help:"List who asks for access to a document."`
	Accept  requestAccept  `cmd:"" help:"Give somebody the role that they ask for, or another one."`
	Decline requestDecline `cmd:"" help:"Decline somebody's wish."`
}

type documentList struct {
	operatorOptions
	Query     string `arg:"" optional:"" help:"Part of the title; all without."`
	Ownerless bool   `help:"Only those without an owner."`
	Trashed   bool   `help:"The trash instead of the living."`
	Sort      string `default:"activity" enum:"activity,size" help:"activity or size (${default})."`
}

// Run prints a table.
func (c *documentList) Run(ctx context.Context) error {
	return c.table(ctx, "TITLE\tOWNER\tBYTES\tCHANGED\tID", func(o *operator, add func(cells ...string)) error {
		query := pages()
		for name, value := range map[string]string{"query": c.Query, "sort": c.Sort, "ownerless": fmt.Sprint(c.Ownerless), "trashed": fmt.Sprint(c.Trashed)} {
			query.Set(name, value)
		}
		documents, err := list[struct {
			ID, Title string
			Bytes     int64
			UpdatedAt time.Time
			Owner     struct{ Name string }
		}](ctx, o, "/api/admin/documents", "documents", query)
		for _, document := range documents {
			add(document.Title, either(document.Owner.Name, "nobody"), fmt.Sprint(document.Bytes), day(&document.UpdatedAt), document.ID)
		}
		return err
	})
}

// oneDocument is the argument of commands about one document.
type oneDocument struct {
	operatorOptions
	Document string `arg:"" help:"The document's id, from its address /d/ID or coscribe document list."`
}

// path is the document's in the API.
func (c *oneDocument) path(rest string) string {
	return "/api/documents/" + url.PathEscape(c.Document) + rest
}

type documentOwner struct {
	oneDocument
	User string `arg:"" help:"Mail address or id."`
}

// Run makes the owner.
func (c *documentOwner) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		user, err := o.user(ctx, c.User)
		if err != nil {
			return err
		}
		if err := o.call(ctx, http.MethodPost, "/api/admin/documents/"+url.PathEscape(c.Document)+"/owner", map[string]string{"user": user.ID}, nil); err != nil {
			return err
		}
		fmt.Printf("%s owns the document now.\n", user.Name)
		return nil
	})
}

// accessList is who has access to a document.
type accessList struct {
	Grants []struct{ Kind, Subject, Name, Mail, Role string }
	Links  []struct {
		ID, Role, URL string
		ExpiresAt     *time.Time
		Password      bool
	}
	Requests []struct{ User, Name, Mail, Role, Message string }
}

func (c *oneDocument) access(ctx context.Context, o *operator) (all accessList, err error) {
	return all, o.call(ctx, http.MethodGet, c.path("/access"), nil, &all)
}

type documentAccess struct{ oneDocument }

// Run prints a table.
func (c *documentAccess) Run(ctx context.Context) error {
	return c.table(ctx, "KIND\tWHO\tROLE\tID", func(o *operator, add func(cells ...string)) error {
		all, err := c.access(ctx, o)
		for _, grant := range all.Grants {
			add(grant.Kind, strings.TrimSpace(grant.Name+" "+grant.Mail), grant.Role, grant.Subject)
		}
		for _, link := range all.Links {
			add("link", "until "+day(link.ExpiresAt), link.Role, link.ID)
		}
		for _, request := range all.Requests {
			add("request", strings.TrimSpace(request.Name+" "+request.Mail), request.Role, request.User)
		}
		return err
	})
}

// subject is whom a role is given to.
type subject struct {
	oneDocument
	Who   string `arg:"" help:"Mail address or id; with --group a group's name or id."`
	Group bool   `help:"It is a group."`
}

// set asks for something about their role and says what was done.
func (c *subject) set(ctx context.Context, method string, body any, said string) error {
	return c.with(ctx, func(o *operator) error {
		kind, id, name := "user", "", ""
		if c.Group {
			group, err := o.group(ctx, c.Who)
			if err != nil {
				return err
			}
			kind, id, name = "group", group.ID, group.Name
		} else {
			user, err := o.user(ctx, c.Who)
			if err != nil {
				return err
			}
			id, name = user.ID, user.Name
		}
		if err := o.call(ctx, method, c.path("/grants/"+kind+"/"+id), body, nil); err != nil {
			return err
		}
		fmt.Printf(said+"\n", name)
		return nil
	})
}

type documentShare struct {
	subject
	Role string `arg:"" enum:"viewer,commenter,editor,owner" help:"viewer, commenter, editor or owner."`
}

// Run gives the role.
func (c *documentShare) Run(ctx context.Context) error {
	return c.set(ctx, http.MethodPut, map[string]string{"role": c.Role}, "%s has the role "+c.Role+" now.")
}

type documentUnshare struct{ subject }

// Run takes the role away.
func (c *documentUnshare) Run(ctx context.Context) error {
	return c.set(ctx, http.MethodDelete, nil, "%s has no role of their own any more.")
}

type requestList struct{ oneDocument }

// Run prints a table.
func (c *requestList) Run(ctx context.Context) error {
	return c.table(ctx, "MAIL\tNAME\tROLE\tMESSAGE\tID", func(o *operator, add func(cells ...string)) error {
		all, err := c.access(ctx, o)
		for _, request := range all.Requests {
			// What somebody wrote stays on its line.
			add(request.Mail, request.Name, request.Role, strings.Join(strings.Fields(request.Message), " "), request.User)
		}
		return err
	})
}

// oneRequest is the arguments of commands about somebody's wish.
type oneRequest struct {
	oneDocument
	User string `arg:"" help:"Mail address or id."`
}

func (c *oneRequest) answer(ctx context.Context, method, rest string, body any, said string) error {
	return c.with(ctx, func(o *operator) error {
		user, err := o.user(ctx, c.User)
		if err != nil {
			return err
		}
		if err := o.call(ctx, method, c.path("/requests/"+user.ID+rest), body, nil); err != nil {
			return err
		}
		fmt.Printf(said+"\n", user.Name)
		return nil
	})
}

type requestAccept struct {
	oneRequest
	Role string `default:"" enum:"viewer,commenter,editor," help:"Another role than they ask for: viewer, commenter or editor."`
}

// Run gives the role.
func (c *requestAccept) Run(ctx context.Context) error {
	body := map[string]string{}
	if c.Role != "" {
		body["role"] = c.Role
	}
	return c.answer(ctx, http.MethodPost, "/accept", body, "%s has access now.")
}

type requestDecline struct{ oneRequest }

// Run declines the wish.
func (c *requestDecline) Run(ctx context.Context) error {
	return c.answer(ctx, http.MethodDelete, "", nil, "The wish of %s is declined.")
}
