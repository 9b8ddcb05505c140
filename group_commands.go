package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// groupCommands manage groups.
type groupCommands struct {
	Add    groupAdd    `cmd:"" help:"Make a group."`
	List   groupList   `cmd:"" help:"List groups, or who is in one."`
	Rename groupRename `cmd:"" help:"Give a group another name, here or at the sign-in provider."`
	Join   groupJoin   `cmd:"" help:"Put somebody into a group."`
	Leave  groupLeave  `cmd:"" help:"Take somebody out of a group; what they had by it ends at once."`
	Remove groupRemove `cmd:"" help:"Delete a group, with its roles in documents."`
}

type groupRow struct{ ID, Name, External string }

// group finds a group by its name or id.
func (o *operator) group(ctx context.Context, which string) (groupRow, error) {
	groups, err := list[groupRow](ctx, o, "/api/groups", "groups", url.Values{})
	if err != nil {
		return groupRow{}, err
	}
	for _, group := range groups {
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
		return c.table(ctx, "NAME\tEXTERNAL\tID", func(o *operator, add func(cells ...string)) error {
			groups, err := list[groupRow](ctx, o, "/api/groups", "groups", url.Values{})
			for _, group := range groups {
				add(group.Name, group.External, group.ID)
			}
			return err
		})
	}
	return c.table(ctx, "MAIL\tNAME\tID", func(o *operator, add func(cells ...string)) error {
		group, err := o.group(ctx, c.Group)
		if err != nil {
			return err
		}
		members, err := list[userRow](ctx, o, "/api/groups/"+group.ID, "members", url.Values{})
		for _, user := range members {
			add(user.Mail, user.Name, user.ID)
		}
		return err
	})
}

// oneGroup is the argument of commands about one group.
type oneGroup struct {
	operatorOptions
	Group string `arg:"" help:"The group's name or id."`
}

// change asks for something about the group and says what was done.
func (c *oneGroup) change(ctx context.Context, method string, body any, said string) error {
	return c.with(ctx, func(o *operator) error {
		group, err := o.group(ctx, c.Group)
		if err != nil {
			return err
		}
		if err := o.call(ctx, method, "/api/groups/"+group.ID, body, nil); err != nil {
			return err
		}
		fmt.Printf(said+"\n", group.Name)
		return nil
	})
}

type groupRename struct {
	oneGroup
	Name     string  `arg:"" optional:"" help:"Name that people see; without one that stays."`
	External *string `placeholder:"NAME" help:"By which name a sign-in provider or proxy tells who is in it; an empty one has the group kept here."`
}

// Run renames the group.
func (c *groupRename) Run(ctx context.Context) error {
	body := map[string]string{}
	if c.Name != "" {
		body["name"] = c.Name
	}
	if c.External != nil {
		body["external"] = *c.External
	}
	return c.change(ctx, http.MethodPatch, body, "The group %s is changed.")
}

type groupRemove struct{ oneGroup }

// Run deletes the group.
func (c *groupRemove) Run(ctx context.Context) error {
	return c.change(ctx, http.MethodDelete, nil, "The group %s is deleted.")
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
		user, err := o.user(ctx, c.User)
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
func (c *groupJoin) Run(ctx context.Context) error { return c.set(ctx, http.MethodPut, "now in") }

type groupLeave struct{ membership }

// Run takes somebody out of the group.
func (c *groupLeave) Run(ctx context.Context) error {
	return c.set(ctx, http.MethodDelete, "no longer in")
}
