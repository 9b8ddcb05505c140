package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// operatorOptions are shared by the commands that ask the server of a data
// directory, or are it for as long as they take.
type operatorOptions struct {
	dataOption
	PublicURL string `placeholder:"URL" help:"Where people reach the server; links begin with it. A running server knows."`
}

// userCommands manage accounts.
type userCommands struct {
	Add     userAdd     `cmd:"" help:"Create an account; prints a one-time link to set the password, unless one is given."`
	List    userList    `cmd:"" help:"List accounts."`
	Suspend userSuspend `cmd:"" help:"End all that somebody has open, and keep them out."`
	Resume  userResume  `cmd:"" help:"Let somebody in again."`
	Reset   userReset   `cmd:"" help:"Print a one-time link to set a new password."`
	Owner   userOwner   `cmd:"" help:"Make somebody an owner of the server."`
	Signout userSignout `cmd:"" help:"Sign somebody out everywhere."`
	Erase   userErase   `cmd:"" help:"Erase a person: their name leaves the history, their texts stay. It cannot be undone."`
}

// with asks the server, and says its own address where links need one.
func (o *operatorOptions) with(ctx context.Context, ask func(o *operator) error) error {
	server, err := operate(ctx, o.Data)
	if err != nil {
		return err
	}
	err = ask(server)
	return errors.Join(err, server.Close())
}

// link completes a link of a server that does not know where it is reached.
func (o *operatorOptions) link(path string) string {
	if !strings.HasPrefix(path, "/") {
		return path
	}
	base := strings.TrimRight(o.PublicURL, "/")
	if base == "" {
		base = "http://127.0.0.1:8080"
	}
	return base + path
}

type userRow struct {
	ID, Name, Mail, Standing string
	SeenAt, SuspendedAt      *time.Time
}

// find finds an account by its mail address or id.
func (o *operator) find(ctx context.Context, who string) (userRow, error) {
	var page struct {
		Users []userRow
		Next  *string
	}
	search := url.Values{"query": {who}, "limit": {"200"}}
	if !strings.Contains(who, "@") {
		var one userRow
		err := o.call(ctx, http.MethodGet, "/api/users/"+url.PathEscape(who), nil, &one)
		return one, err
	}
	if err := o.call(ctx, http.MethodGet, "/api/users?"+search.Encode(), nil, &page); err != nil {
		return userRow{}, err
	}
	for _, user := range page.Users {
		if strings.EqualFold(user.Mail, who) {
			return user, nil
		}
	}
	return userRow{}, fmt.Errorf("no account has the mail address %s: see coscribe user list", who)
}

type userAdd struct {
	operatorOptions
	Mail         string `arg:"" help:"Mail address to sign in with."`
	Name         string `required:"" help:"Name that others see."`
	Standing     string `default:"member" enum:"member,admin,owner" help:"member, admin or owner (${default})."`
	PasswordFile string `type:"existingfile" placeholder:"FILE" help:"File with the password, else COSCRIBE_PASSWORD; without one a link is printed by which they set it."`
}

// Run creates the account.
func (c *userAdd) Run(ctx context.Context) error {
	password, err := secretOf(c.PasswordFile, "COSCRIBE_PASSWORD")
	if err != nil {
		return err
	}
	return c.with(ctx, func(o *operator) error {
		var made struct {
			User userRow
			URL  string
		}
		body := map[string]string{"name": c.Name, "mail": c.Mail, "standing": c.Standing}
		if password != "" {
			body["password"] = password
		}
		if err := o.call(ctx, http.MethodPost, "/api/users", body, &made); err != nil {
			return err
		}
		fmt.Printf("%s has an account now, as %s (%s).\n", made.User.Name, made.User.Standing, made.User.ID)
		if made.URL != "" {
			fmt.Printf("Hand over this link, good once and for a week, to set the password:\n%s\n", c.link(made.URL))
		}
		return nil
	})
}

type userList struct{ operatorOptions }

// Run prints a table.
func (c *userList) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "MAIL\tNAME\tSTANDING\tSEEN\tID")
		query := url.Values{"limit": {"200"}}
		for {
			var page struct {
				Users []userRow
				Next  *string
			}
			if err := o.call(ctx, http.MethodGet, "/api/users?"+query.Encode(), nil, &page); err != nil {
				return err
			}
			for _, user := range page.Users {
				seen := "never"
				if user.SeenAt != nil {
					seen = user.SeenAt.Format(time.DateOnly)
				}
				if user.SuspendedAt != nil {
					user.Standing += ", suspended"
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", user.Mail, user.Name, user.Standing, seen, user.ID)
			}
			if page.Next == nil {
				return table.Flush()
			}
			query.Set("cursor", *page.Next)
		}
	})
}

// oneUser is the argument of commands about one account.
type oneUser struct {
	operatorOptions
	User string `arg:"" help:"Mail address or id."`
}

// change asks for something about the account and says what was done.
func (c *oneUser) change(ctx context.Context, method, path string, body, out any, said string) error {
	return c.with(ctx, func(o *operator) error {
		user, err := o.find(ctx, c.User)
		if err != nil {
			return err
		}
		if err := o.call(ctx, method, "/api/users/"+user.ID+path, body, out); err != nil {
			return err
		}
		fmt.Printf(said+"\n", user.Name)
		return nil
	})
}

type userSuspend struct{ oneUser }

// Run suspends the account.
func (c *userSuspend) Run(ctx context.Context) error {
	return c.change(ctx, http.MethodPatch, "", map[string]bool{"suspended": true}, nil, "%s is suspended: signed out everywhere and kept out.")
}

type userResume struct{ oneUser }

// Run lets the account in again.
func (c *userResume) Run(ctx context.Context) error {
	return c.change(ctx, http.MethodPatch, "", map[string]bool{"suspended": false}, nil, "%s may sign in again.")
}

type userOwner struct{ oneUser }

// Run makes an owner.
func (c *userOwner) Run(ctx context.Context) error {
	return c.change(ctx, http.MethodPatch, "", map[string]string{"standing": "owner"}, nil, "%s owns the server now.")
}

type userSignout struct{ oneUser }

// Run ends all logins.
func (c *userSignout) Run(ctx context.Context) error {
	return c.change(ctx, http.MethodDelete, "/logins", nil, nil, "%s is signed out everywhere.")
}

type userErase struct{ oneUser }

// Run erases the person.
func (c *userErase) Run(ctx context.Context) error {
	return c.change(ctx, http.MethodDelete, "", nil, nil, "%s is erased. Their texts stay.")
}

type userReset struct{ oneUser }

// Run prints the link.
func (c *userReset) Run(ctx context.Context) error {
	var made struct{ URL string }
	err := c.change(ctx, http.MethodPost, "/reset", nil, &made, "%s can set a new password by this link, good once and for a day:")
	if err == nil {
		fmt.Println(c.link(made.URL))
	}
	return err
}

type inviteCommand struct {
	operatorOptions
	Mail     string `arg:"" optional:"" help:"Whom it is for; without one whoever opens the link gives theirs."`
	Standing string `default:"member" enum:"member,admin,owner" help:"member, admin or owner (${default})."`
}

// Run prints the invitation's link.
func (c *inviteCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		var made struct {
			URL    string
			Mailed bool
		}
		if err := o.call(ctx, http.MethodPost, "/api/invitations", map[string]string{"mail": c.Mail, "standing": c.Standing}, &made); err != nil {
			return err
		}
		fmt.Println("Hand over this link, good once and for a week:")
		fmt.Println(c.link(made.URL))
		if made.Mailed {
			fmt.Println("It was also sent by mail.")
		}
		return nil
	})
}

type auditCommand struct {
	operatorOptions
	Action  string    `placeholder:"NOUN.VERB" help:"Only this action, or with a dot at the end all that begin so, such as login."`
	Outcome string    `enum:"done,denied," default:"" help:"done or denied."`
	From    time.Time `placeholder:"TIME" help:"Since then, such as 2026-01-31T08:00:00Z."`
	To      time.Time `placeholder:"TIME" help:"Before then."`
	Format  string    `default:"jsonl" enum:"jsonl,csv" help:"jsonl or csv (${default})."`
}

// Run prints the audit log, newest first.
func (c *auditCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		query := url.Values{"format": {c.Format}, "action": {c.Action}, "outcome": {c.Outcome}}
		for name, at := range map[string]time.Time{"from": c.From, "to": c.To} {
			if !at.IsZero() {
				query.Set(name, at.Format(time.RFC3339Nano))
			}
		}
		return o.copy(ctx, "/api/admin/audit/export?"+query.Encode(), os.Stdout)
	})
}

// copy writes an answer's body as it is.
func (o *operator) copy(ctx context.Context, path string, to io.Writer) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://coscribe"+path, nil)
	if err != nil {
		return err
	}
	answer, err := o.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the server: %s", answer.Status)
	}
	_, err = io.Copy(to, answer.Body)
	return err
}

// keyCommands look after the server's own keys.
type keyCommands struct {
	Rotate keyRotate `cmd:"" help:"Put a new key in place of one: guest-cookie-key, share-link-key, browser-key or round-trip-key."`
}

type keyRotate struct {
	operatorOptions
	Name  string `arg:"" help:"The key's name."`
	Alone bool   `help:"End at once what earlier keys signed: for a key that others know."`
}

// Run rotates the key.
func (c *keyRotate) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		var made struct{ ID int }
		if err := o.call(ctx, http.MethodPost, "/api/admin/keys/"+url.PathEscape(c.Name)+"/rotate", map[string]bool{"alone": c.Alone}, &made); err != nil {
			return err
		}
		fmt.Printf("%s number %d signs from now on.\n", c.Name, made.ID)
		return nil
	})
}
