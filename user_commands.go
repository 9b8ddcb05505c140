package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// userCommands manage accounts.
type userCommands struct {
	Add        userAdd        `cmd:"" help:"Create an account; prints a one-time link to set the password, unless one is given."`
	List       userList       `cmd:"" help:"List accounts."`
	Change     userChange     `cmd:"" help:"Give an account another name or mail address."`
	Standing   userStanding   `cmd:"" help:"Make somebody a member, an administrator or an owner of the server."`
	Suspend    userSuspend    `cmd:"" help:"End all that somebody has open, and keep them out."`
	Resume     userResume     `cmd:"" help:"Let somebody in again."`
	Reset      userReset      `cmd:"" help:"Print a one-time link to set a new password."`
	Owner      userOwner      `cmd:"" help:"Make somebody an owner of the server."`
	Signout    userSignout    `cmd:"" help:"Sign somebody out everywhere."`
	Identities userIdentities `cmd:"" help:"List by whom else somebody is signed in: a provider, or a proxy."`
	Unlink     userUnlink     `cmd:"" help:"Unlink such an identity; its logins end."`
	Erase      userErase      `cmd:"" help:"Erase a person: their name leaves the history, their texts stay. It cannot be undone."`
}

type userRow struct {
	ID, Name, Mail, Standing string
	SeenAt, SuspendedAt      *time.Time
}

// user finds an account by its mail address or id.
func (o *operator) user(ctx context.Context, who string) (userRow, error) {
	if !strings.Contains(who, "@") {
		var one userRow
		err := o.call(ctx, http.MethodGet, "/api/users/"+url.PathEscape(who), nil, &one)
		return one, err
	}
	query := pages()
	query.Set("query", who)
	found, err := list[userRow](ctx, o, "/api/users", "users", query)
	for _, user := range found {
		if strings.EqualFold(user.Mail, who) {
			return user, nil
		}
	}
	if err != nil {
		return userRow{}, err
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
	password, err := secretOf("--password-file", c.PasswordFile, "COSCRIBE_PASSWORD")
	if err != nil {
		return err
	}
	return c.begin(ctx, func(o *operator) error {
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
	return c.table(ctx, "MAIL\tNAME\tSTANDING\tSEEN\tID", func(o *operator, add func(cells ...string)) error {
		users, err := list[userRow](ctx, o, "/api/users", "users", pages())
		for _, user := range users {
			if user.SuspendedAt != nil {
				user.Standing += ", suspended"
			}
			add(user.Mail, user.Name, user.Standing, day(user.SeenAt), user.ID)
		}
		return err
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
		user, err := o.user(ctx, c.User)
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

type userChange struct {
	oneUser
	Name *string `placeholder:"NAME" help:"Name that others see."`
	Mail *string `placeholder:"MAIL" help:"Mail address to sign in with."`
}

// Run changes the account.
func (c *userChange) Run(ctx context.Context) error {
	body := map[string]string{}
	for key, value := range map[string]*string{"name": c.Name, "mail": c.Mail} {
		if value != nil {
			body[key] = *value
		}
	}
	return c.change(ctx, http.MethodPatch, "", body, nil, "The account of %s is changed.")
}

type userStanding struct {
	oneUser
	Standing string `arg:"" enum:"member,admin,owner" help:"member, admin or owner."`
}

// Run changes the standing.
func (c *userStanding) Run(ctx context.Context) error {
	said := map[string]string{"member": "%s is a member now.", "admin": "%s is an administrator now.", "owner": "%s owns the server now."}[c.Standing]
	return c.change(ctx, http.MethodPatch, "", map[string]string{"standing": c.Standing}, nil, said)
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

type userSignout struct {
	oneUser
	Tokens bool `help:"End their API tokens too."`
}

// Run ends all logins.
func (c *userSignout) Run(ctx context.Context) error {
	if c.Tokens {
		return c.change(ctx, http.MethodDelete, "/logins?tokens=true", nil, nil, "%s is signed out everywhere, and their API tokens have ended.")
	}
	return c.change(ctx, http.MethodDelete, "/logins", nil, nil, "%s is signed out everywhere. Their API tokens go on.")
}

type userIdentities struct{ oneUser }

// Run prints a table.
func (c *userIdentities) Run(ctx context.Context) error {
	return c.table(ctx, "ISSUER\tSUBJECT\tUSABLE\tID", func(o *operator, add func(cells ...string)) error {
		user, err := o.user(ctx, c.User)
		if err != nil {
			return err
		}
		identities, err := list[struct {
			ID, Issuer, Subject string
			Usable              bool
		}](ctx, o, "/api/users/"+user.ID+"/identities", "identities", url.Values{})
		for _, one := range identities {
			add(one.Issuer, one.Subject, map[bool]string{true: "yes", false: "no"}[one.Usable], one.ID)
		}
		return err
	})
}

type userUnlink struct {
	oneUser
	Identity string `arg:"" help:"The identity's id; see coscribe user identities."`
}

// Run unlinks the identity.
func (c *userUnlink) Run(ctx context.Context) error {
	return c.change(ctx, http.MethodDelete, "/identities/"+url.PathEscape(c.Identity), nil, nil, "The identity does not sign in to the account of %s any more.")
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
