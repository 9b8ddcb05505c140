package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// tokenCommands manage API tokens.
type tokenCommands struct {
	Add    tokenAdd    `cmd:"" help:"Make a token of an integration, with an account of its own; prints it, this once."`
	List   tokenList   `cmd:"" help:"List all tokens, of people and of integrations."`
	Revoke tokenRevoke `cmd:"" help:"Revoke a token and end what is open by it."`
}

// groupCommands manage groups.
type groupCommands struct {
	Add    groupAdd    `cmd:"" help:"Make a group."`
	List   groupList   `cmd:"" help:"List groups, or who is in one."`
	Join   groupJoin   `cmd:"" help:"Put somebody into a group."`
	Leave  groupLeave  `cmd:"" help:"Take somebody out of a group; what they had by it ends at once."`
	Remove groupRemove `cmd:"" help:"Delete a group, with its roles in documents."`
}

// invitationCommands look after invitations that were made by invite.
type invitationCommands struct {
	List     invitationList     `cmd:"" help:"List invitations that are open."`
	Withdraw invitationWithdraw `cmd:"" help:"Withdraw an invitation."`
}

// documentCommands look after documents, without their texts.
type documentCommands struct {
	List  documentList  `cmd:"" help:"List all documents, with sizes and owners."`
	Owner documentOwner `cmd:"" help:"Make somebody the owner of a document; who owned it becomes an editor."`
}

// printTable asks for rows and prints them: add gets a row's cells.
func (o *operatorOptions) printTable(ctx context.Context, head string, rows func(o *operator, add func(cells ...string)) error) error {
	return o.with(ctx, func(o *operator) error {
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, head)
		err := rows(o, func(cells ...string) { fmt.Fprintln(table, strings.Join(cells, "\t")) })
		return errors.Join(err, table.Flush())
	})
}

// day says when, to the day; never without.
func day(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.Format(time.DateOnly)
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
	return c.printTable(ctx, "NAME\tOF\tROLE\tUSED\tENDS\tID", func(o *operator, add func(cells ...string)) error {
		var list struct {
			Tokens []struct {
				ID, Name, UserName, Role, Document string
				Admin                              bool
				UsedAt, ExpiresAt                  *time.Time
			}
		}
		err := o.call(ctx, http.MethodGet, "/api/tokens", nil, &list)
		for _, token := range list.Tokens {
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
	return c.with(ctx, func(o *operator) error {
		if err := o.call(ctx, http.MethodDelete, "/api/tokens/"+url.PathEscape(c.Token), nil, nil); err != nil {
			return err
		}
		fmt.Println("The token is revoked, and what was open by it has ended.")
		return nil
	})
}

type groupRow struct{ ID, Name, External string }

// group finds a group by its name or id.
func (o *operator) group(ctx context.Context, which string) (groupRow, error) {
	var list struct{ Groups []groupRow }
	if err := o.call(ctx, http.MethodGet, "/api/groups", nil, &list); err != nil {
		return groupRow{}, err
	}
	for _, group := range list.Groups {
		if group.Name == which || strings.EqualFold(group.ID, which) {
			return group, nil
		}
	}
	return groupRow{}, fmt.Errorf("no group is named %s: see coscribe group list", which)
}

type groupAdd struct {
	operatorOptions
	Name     string `arg:"" help:"Name that people see."`
	External string `placeholder:"NAME" help:"By which name a sign-in provider or proxy tells who is in it."`
}

// Run makes the group.
func (c *groupAdd) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		var made groupRow
		if err := o.call(ctx, http.MethodPost, "/api/groups", map[string]string{"name": c.Name, "external": c.External}, &made); err != nil {
			return err
		}
		fmt.Printf("There is a group %s now (%s).\n", made.Name, made.ID)
		return nil
	})
}

type groupList struct {
	operatorOptions
	Group string `arg:"" optional:"" help:"Name or id, for who is in it; all groups without."`
}

// Run prints a table.
func (c *groupList) Run(ctx context.Context) error {
	if c.Group == "" {
		return c.printTable(ctx, "NAME\tEXTERNAL\tID", func(o *operator, add func(cells ...string)) error {
			var list struct{ Groups []groupRow }
			err := o.call(ctx, http.MethodGet, "/api/groups", nil, &list)
			for _, group := range list.Groups {
				add(group.Name, group.External, group.ID)
			}
			return err
		})
	}
	return c.printTable(ctx, "MAIL\tNAME\tID", func(o *operator, add func(cells ...string)) error {
		group, err := o.group(ctx, c.Group)
		if err != nil {
			return err
		}
		var one struct{ Members []userRow }
		err = o.call(ctx, http.MethodGet, "/api/groups/"+group.ID, nil, &one)
		for _, user := range one.Members {
			add(user.Mail, user.Name, user.ID)
		}
		return err
	})
}

// membership is the arguments of commands about somebody in a group.
type membership struct {
	operatorOptions
	Group string `arg:"" help:"The group's name or id."`
	User  string `arg:"" help:"Mail address or id."`
}

func (c *membership) set(ctx context.Context, method, said string) error {
	return c.with(ctx, func(o *operator) error {
		group, err := o.group(ctx, c.Group)
		if err != nil {
			return err
		}
		user, err := o.find(ctx, c.User)
		if err != nil {
			return err
		}
		if err := o.call(ctx, method, "/api/groups/"+group.ID+"/members/"+user.ID, nil, nil); err != nil {
			return err
		}
		fmt.Printf("%s is %s %s.\n", user.Name, said, group.Name)
		return nil
	})
}

type groupJoin struct{ membership }

// Run puts somebody into the group.
func (c *groupJoin) Run(ctx context.Context) error {
	return c.set(ctx, http.MethodPut, "now in")
}

type groupLeave struct{ membership }

// Run takes somebody out of the group.
func (c *groupLeave) Run(ctx context.Context) error {
	return c.set(ctx, http.MethodDelete, "no longer in")
}

type groupRemove struct {
	operatorOptions
	Group string `arg:"" help:"The group's name or id."`
}

// Run deletes the group.
func (c *groupRemove) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		group, err := o.group(ctx, c.Group)
		if err != nil {
			return err
		}
		if err := o.call(ctx, http.MethodDelete, "/api/groups/"+group.ID, nil, nil); err != nil {
			return err
		}
		fmt.Printf("The group %s is deleted.\n", group.Name)
		return nil
	})
}

type invitationList struct{ operatorOptions }

// Run prints a table.
func (c *invitationList) Run(ctx context.Context) error {
	return c.printTable(ctx, "MAIL\tSTANDING\tENDS\tID", func(o *operator, add func(cells ...string)) error {
		var list struct {
			Invitations []struct {
				ID, Mail, Standing string
				ExpiresAt          *time.Time
			}
		}
		err := o.call(ctx, http.MethodGet, "/api/invitations", nil, &list)
		for _, invitation := range list.Invitations {
			if invitation.Mail == "" {
				invitation.Mail = "whoever opens it"
			}
			add(invitation.Mail, invitation.Standing, day(invitation.ExpiresAt), invitation.ID)
		}
		return err
	})
}

type invitationWithdraw struct {
	operatorOptions
	Invitation string `arg:"" help:"The invitation's id; see coscribe invitation list."`
}

// Run withdraws the invitation.
func (c *invitationWithdraw) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		if err := o.call(ctx, http.MethodDelete, "/api/invitations/"+url.PathEscape(c.Invitation), nil, nil); err != nil {
			return err
		}
		fmt.Println("The invitation is withdrawn; its link opens nothing any more.")
		return nil
	})
}

type documentList struct {
	operatorOptions
	Ownerless bool   `help:"Only those without an owner."`
	Trashed   bool   `help:"The trash instead of the living."`
	Sort      string `default:"activity" enum:"activity,size" help:"activity or size (${default})."`
}

// Run prints a table.
func (c *documentList) Run(ctx context.Context) error {
	return c.printTable(ctx, "TITLE\tOWNER\tBYTES\tCHANGED\tID", func(o *operator, add func(cells ...string)) error {
		query := url.Values{"limit": {"200"}, "sort": {c.Sort}, "ownerless": {fmt.Sprint(c.Ownerless)}, "trashed": {fmt.Sprint(c.Trashed)}}
		for {
			var page struct {
				Documents []struct {
					ID, Title string
					Bytes     int64
					UpdatedAt time.Time
					Owner     *struct{ Name string }
				}
				Next *string
			}
			if err := o.call(ctx, http.MethodGet, "/api/admin/documents?"+query.Encode(), nil, &page); err != nil {
				return err
			}
			for _, document := range page.Documents {
				owner := "nobody"
				if document.Owner != nil {
					owner = document.Owner.Name
				}
				add(document.Title, owner, fmt.Sprint(document.Bytes), day(&document.UpdatedAt), document.ID)
			}
			if page.Next == nil {
				return nil
			}
			query.Set("cursor", *page.Next)
		}
	})
}

type documentOwner struct {
	operatorOptions
	Document string `arg:"" help:"The document's id, from its address /d/ID or coscribe document list."`
	User     string `arg:"" help:"Mail address or id."`
}

// Run makes the owner.
func (c *documentOwner) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		user, err := o.find(ctx, c.User)
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

// errNoServer is returned where only a running server has an answer.
var errNoServer = errors.New("no server runs on this data directory: start it, or name another with --data")

type connectionsCommand struct{ operatorOptions }

// Run prints a table.
func (c *connectionsCommand) Run(ctx context.Context) error {
	return c.printTable(ctx, "WHO\tAS\tROLE\tBY\tSINCE\tDOCUMENT", func(o *operator, add func(cells ...string)) error {
		if o.own != nil {
			return errNoServer
		}
		var list struct {
			Connections []struct {
				Document             struct{ ID, Title string }
				User                 struct{ Name string }
				Identity, Role, Kind string
				Since                time.Time
			}
		}
		err := o.call(ctx, http.MethodGet, "/api/admin/connections", nil, &list)
		for _, one := range list.Connections {
			add(one.User.Name, one.Identity, one.Role, one.Kind, one.Since.Format(time.RFC3339), one.Document.Title+" ("+one.Document.ID+")")
		}
		return err
	})
}

type settingsCommand struct{ operatorOptions }

// Run prints a table.
func (c *settingsCommand) Run(ctx context.Context) error {
	return c.printTable(ctx, "OPTION\tVALUE\tFROM", func(o *operator, add func(cells ...string)) error {
		if o.own != nil {
			return errNoServer
		}
		var list struct {
			Settings []struct{ Name, Value, Source string }
		}
		err := o.call(ctx, http.MethodGet, "/api/admin/settings", nil, &list)
		for _, one := range list.Settings {
			add(one.Name, one.Value, one.Source)
		}
		return err
	})
}
