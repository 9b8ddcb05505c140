package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

type inviteCommand struct {
	operatorOptions
	Mail     string   `arg:"" optional:"" help:"Whom it is for; without one whoever opens the link gives theirs."`
	Standing string   `default:"member" enum:"member,admin,owner" help:"member, admin or owner (${default})."`
	Group    []string `placeholder:"GROUP" help:"A group that they come into, by name or id. Repeat the option for more of them."`
}

// Run prints the invitation's link.
func (c *inviteCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(o *operator) error {
		groups := []string{}
		for _, which := range c.Group {
			group, err := o.group(ctx, which)
			if err != nil {
				return err
			}
			groups = append(groups, group.ID)
		}
		var made struct {
			URL    string
			Mailed bool
		}
		body := map[string]any{"mail": c.Mail, "standing": c.Standing, "groups": groups}
		if err := o.call(ctx, http.MethodPost, "/api/invitations", body, &made); err != nil {
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

// invitationCommands look after invitations that were made by invite.
type invitationCommands struct {
	List     invitationList     `cmd:"" help:"List invitations that are open."`
	Withdraw invitationWithdraw `cmd:"" help:"Withdraw an invitation."`
}

type invitationList struct{ operatorOptions }

// Run prints a table.
func (c *invitationList) Run(ctx context.Context) error {
	return c.table(ctx, "MAIL\tSTANDING\tENDS\tID", func(o *operator, add func(cells ...string)) error {
		invitations, err := list[struct {
			ID, Mail, Standing string
			ExpiresAt          *time.Time
		}](ctx, o, "/api/invitations", "invitations", url.Values{})
		for _, one := range invitations {
			add(either(one.Mail, "whoever opens it"), one.Standing, day(one.ExpiresAt), one.ID)
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
	return c.say(ctx, "The invitation is withdrawn; its link opens nothing any more.", http.MethodDelete, "/api/invitations/"+url.PathEscape(c.Invitation), nil)
}
