package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// linkCommands manage a document's share links.
type linkCommands struct {
	Add    linkAdd    `cmd:"" help:"Make a share link; prints its address."`
	List   linkList   `cmd:"" help:"List a document's share links."`
	Change linkChange `cmd:"" help:"Change a share link; it holds at once for those who came by it."`
	Rotate linkRotate `cmd:"" help:"Give a share link a new address; those who came by the old one are let go at once."`
	Remove linkRemove `cmd:"" help:"End a share link; those who came by it are let go at once."`
}

type linkAdd struct {
	oneDocument
	Role         string        `default:"viewer" enum:"viewer,commenter,editor" help:"viewer, commenter or editor (${default})."`
	Life         time.Duration `placeholder:"TIME" help:"Until it ends, such as 168h for a week; it does not end by itself without."`
	PasswordFile string        `type:"existingfile" placeholder:"FILE" help:"File with a password that it asks for, else COSCRIBE_PASSWORD; none without."`
}

// Run makes the link. It alone is on standard output.
func (c *linkAdd) Run(ctx context.Context) error {
	password, err := secretOf("--password-file", c.PasswordFile, "COSCRIBE_PASSWORD")
	if err != nil {
		return err
	}
	body := map[string]any{"role": c.Role, "password": password}
	if c.Life != 0 {
		body["expiresAt"] = time.Now().Add(c.Life)
	}
	return c.print(ctx, http.MethodPost, "/links", body)
}

// print asks for a link and prints its address.
func (c *oneDocument) print(ctx context.Context, method, rest string, body any) error {
	return c.with(ctx, func(o *operator) error {
		var link struct{ URL string }
		if err := o.call(ctx, method, c.path(rest), body, &link); err != nil {
			return err
		}
		fmt.Println(c.link(link.URL))
		return nil
	})
}

type linkList struct{ oneDocument }

// Run prints a table.
func (c *linkList) Run(ctx context.Context) error {
	return c.table(ctx, "ROLE\tENDS\tPASSWORD\tADDRESS\tID", func(o *operator, add func(cells ...string)) error {
		all, err := c.access(ctx, o)
		for _, link := range all.Links {
			add(link.Role, day(link.ExpiresAt), map[bool]string{true: "yes", false: "no"}[link.Password], either(c.link(link.URL), "ended with its key: link rotate gives it another"), link.ID)
		}
		return err
	})
}

// oneLink is the arguments of commands about one link.
type oneLink struct {
	oneDocument
	Link string `arg:"" help:"The link's id; see coscribe link list."`
}

func (c *oneLink) rest(more string) string { return "/links/" + url.PathEscape(c.Link) + more }

type linkChange struct {
	oneLink
	Role         string        `default:"" enum:"viewer,commenter,editor," help:"viewer, commenter or editor."`
	Life         time.Duration `placeholder:"TIME" help:"Until it ends, from now."`
	Forever      bool          `help:"It does not end by itself."`
	PasswordFile string        `type:"existingfile" placeholder:"FILE" help:"File with another password; those who came open it again."`
	NoPassword   bool          `help:"It asks for no password any more."`
}

// Run changes the link.
func (c *linkChange) Run(ctx context.Context) error {
	body := map[string]any{"forever": c.Forever}
	if c.Role != "" {
		body["role"] = c.Role
	}
	if c.Life != 0 {
		body["expiresAt"] = time.Now().Add(c.Life)
	}
	if c.PasswordFile != "" || c.NoPassword {
		password, err := "", error(nil)
		if c.PasswordFile != "" {
			password, err = secretOf("--password-file", c.PasswordFile, "")
		}
		if err != nil {
			return err
		}
		body["password"] = password
	}
	return c.say(ctx, "The link is changed.", http.MethodPatch, c.path(c.rest("")), body)
}

type linkRotate struct{ oneLink }

// Run prints the new address.
func (c *linkRotate) Run(ctx context.Context) error {
	return c.print(ctx, http.MethodPost, c.rest("/rotate"), nil)
}

type linkRemove struct{ oneLink }

// Run ends the link.
func (c *linkRemove) Run(ctx context.Context) error {
	return c.say(ctx, "The link has ended.", http.MethodDelete, c.path(c.rest("")), nil)
}
