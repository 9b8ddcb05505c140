package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

// tokenCommands manage API tokens.
type tokenCommands struct {
	Add    tokenAdd    `cmd:"" help:"Make a token of an integration, with an account of its own; prints it, this once."`
	List   tokenList   `cmd:"" help:"List all tokens, of people and of integrations."`
	Revoke tokenRevoke `cmd:"" help:"Revoke a token and end what is open by it."`
}

type tokenAdd struct {
	operatorOptions
	Name     string        `arg:"" help:"What it is for."`
	Role     string        `default:"editor" enum:"viewer,commenter,editor,owner" help:"Highest role that it can use (${default})."`
	Document string        `placeholder:"ID" help:"Only this document."`
	Admin    bool          `help:"It may also manage the server."`
	Life     time.Duration `placeholder:"TIME" help:"Until it ends, such as 2160h for 90 days; it does not end by itself without."`
	User     string        `placeholder:"ID" help:"Account of an integration that is there already: a second token, to change over."`
}

// Run makes the token. It alone is on standard output, to go into a file.
func (c *tokenAdd) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		body := map[string]any{"name": c.Name, "role": c.Role, "document": c.Document, "admin": c.Admin, "user": c.User}
		if c.Life != 0 {
			body["expiresAt"] = time.Now().Add(c.Life)
		}
		var made struct{ ID, User, Token string }
		if err := o.call(ctx, http.MethodPost, "/api/tokens", body, &made); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "Token %s of the account %s, with which documents are shared as with a person. It is shown this once:\n", made.ID, made.User)
		fmt.Println(made.Token)
		return nil
	})
}

type tokenList struct{ operatorOptions }

// Run prints a table.
func (c *tokenList) Run(ctx context.Context) error {
	return c.table(ctx, "NAME\tOF\tROLE\tUSED\tENDS\tID", func(o *operator, add func(cells ...string)) error {
		tokens, err := list[struct {
			ID, Name, UserName, Role, Document string
			Admin                              bool
			UsedAt, ExpiresAt                  *time.Time
		}](ctx, o, "/api/tokens", "tokens", url.Values{})
		for _, token := range tokens {
			if token.Document != "" {
				token.Role += " of " + token.Document
			}
			if token.Admin {
				token.Role += ", manages the server"
			}
			add(token.Name, token.UserName, token.Role, day(token.UsedAt), day(token.ExpiresAt), token.ID)
		}
		return err
	})
}

type tokenRevoke struct {
	operatorOptions
	Token string `arg:"" help:"The token's id; see coscribe token list."`
}

// Run revokes the token.
func (c *tokenRevoke) Run(ctx context.Context) error {
	return c.say(ctx, "The token is revoked, and what was open by it has ended.", http.MethodDelete, "/api/tokens/"+url.PathEscape(c.Token), nil)
}
