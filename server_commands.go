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
	"time"
)

type auditCommand struct {
	operatorOptions
	Action   string  `placeholder:"NOUN.VERB" help:"Only this action, such as login.denied, or all of a noun (login)."`
	Outcome  string  `enum:"done,denied," default:"" help:"done or denied."`
	Person   string  `placeholder:"WHO" help:"What somebody did, and what was done to them: mail address or id."`
	Document string  `placeholder:"ID" help:"Only about this document."`
	From     *moment `placeholder:"TIME" help:"Since then, such as 2026-01-31T08:00:00Z."`
	To       *moment `placeholder:"TIME" help:"Before then."`
	Format   string  `default:"jsonl" enum:"jsonl,csv" help:"jsonl or csv (${default})."`
}

// Run prints the audit log, newest first.
func (c *auditCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		query := url.Values{"format": {c.Format}, "action": {c.Action}, "outcome": {c.Outcome}, "document": {c.Document}, "person": {c.Person}}
		if strings.Contains(c.Person, "@") { // an id may be that of a guest, or of somebody erased
			user, err := o.user(ctx, c.Person)
			if err != nil {
				return err
			}
			query.Set("person", user.ID)
		}
		for name, at := range map[string]*moment{"from": c.From, "to": c.To} {
			if at != nil {
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
		text, err := io.ReadAll(answer.Body)
		return errors.Join(refusedBy(answer.StatusCode, text), err)
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

type overviewCommand struct{ operatorOptions }

// Run prints how the server does.
func (c *overviewCommand) Run(ctx context.Context) error {
	return c.table(ctx, "WHAT\tIS", func(o *operator, add func(cells ...string)) error {
		if o.own != nil {
			return errNoServer
		}
		var view struct {
			Version, Access, Storage  string
			StartedAt                 time.Time
			People, Live, Connections int
			Mail                      bool
		}
		err := o.call(ctx, http.MethodGet, "/api/admin/overview", nil, &view)
		add("version", view.Version)
		add("since", view.StartedAt.Format(time.RFC3339))
		add("access", view.Access)
		add("people", fmt.Sprint(view.People))
		add("documents in memory", fmt.Sprint(view.Live))
		add("connections", fmt.Sprint(view.Connections))
		add("mail", map[bool]string{true: "is sent", false: "is not configured"}[view.Mail])
		add("storage", view.Storage)
		return err
	})
}

type connectionsCommand struct{ operatorOptions }

// Run prints a table.
func (c *connectionsCommand) Run(ctx context.Context) error {
	return c.table(ctx, "WHO\tAS\tROLE\tBY\tSINCE\tDOCUMENT", func(o *operator, add func(cells ...string)) error {
		if o.own != nil {
			return errNoServer
		}
		connections, err := list[struct {
			Document             struct{ ID, Title string }
			User                 struct{ Name string }
			Identity, Role, Kind string
			Since                time.Time
		}](ctx, o, "/api/admin/connections", "connections", url.Values{})
		for _, one := range connections {
			add(one.User.Name, one.Identity, one.Role, one.Kind, one.Since.Format(time.RFC3339), one.Document.Title+" ("+one.Document.ID+")")
		}
		return err
	})
}

type settingsCommand struct{ operatorOptions }

// Run prints a table.
func (c *settingsCommand) Run(ctx context.Context) error {
	return c.table(ctx, "OPTION\tVALUE\tFROM", func(o *operator, add func(cells ...string)) error {
		if o.own != nil {
			return errNoServer
		}
		settings, err := list[struct{ Name, Value, Source string }](ctx, o, "/api/admin/settings", "settings", url.Values{})
		for _, one := range settings {
			add(one.Name, one.Value, one.Source)
		}
		return err
	})
}
