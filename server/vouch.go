package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/coscribe/coscribe/persistence"
)

// What the sign-in page is told when somebody else vouches for a person who does
// not come in all the same, as /signin?problem=….
const (
	problemUnknown   = "identity_unknown" // no account is linked to it, and none is made
	problemTaken     = "identity_taken"   // an account has the mail: sign in to that and link it
	problemSuspended = "account_suspended"
)

// stranger is whom somebody else vouches for: a sign-in provider, or a proxy.
type stranger struct {
	Subject string
	Name    string
	Mail    string // known to be theirs; "" otherwise
	Groups  []string
}

// voucher says who vouches, and what follows from it.
type voucher struct {
	issuer     string
	method     string // of the login
	create     bool   // who comes for the first time gets an account
	groups     bool   // membership of groups with an external name follows
	adminGroup string // of administrators; "" leaves standings alone
}

// failSignIn sends the browser to the sign-in page, which says what to do.
func (s *Server) failSignIn(w http.ResponseWriter, r *http.Request, problem, detail string) {
	s.denied(r.Context(), persistence.AuditEntry{Action: "login.denied", Detail: detail})
	http.Redirect(w, r, "/signin?problem="+url.QueryEscape(problem), http.StatusSeeOther)
}

// refusal is why somebody who is vouched for does not come in.
type refusal struct{ problem, detail string }

func (e *refusal) Error() string { return e.detail }

// enterVouched makes a login for whom somebody vouches. What they lose with it -
// a group, a standing - is gone at once, also where they came in before.
func (s *Server) enterVouched(ctx context.Context, by voucher, link persistence.ID, who *stranger) (*enteredOutput, error) {
	var known []persistence.ID
	switch user, err := s.config.People.UserByIdentity(ctx, by.issuer, who.Subject); {
	case err == nil:
		known = []persistence.ID{user.ID}
	case !errors.Is(err, persistence.ErrNotFound):
		return nil, err
	case !link.IsZero():
		known = []persistence.ID{link}
	}
	return s.enter(ctx, by.method, known, func(edit persistence.PeopleEdit) (persistence.User, error) {
		return s.vouched(ctx, edit, by, link, who)
	})
}

// vouched is the account of whom somebody vouches for, with the rights that they
// say. link, unless zero, is the account to link them to.
func (s *Server) vouched(ctx context.Context, edit persistence.PeopleEdit, by voucher, link persistence.ID, who *stranger) (persistence.User, error) {
	user, err := s.vouchedUser(ctx, edit, by, link, who)
	if err != nil {
		return user, err
	}
	return user, s.vouchedRights(ctx, edit, by, &user, who)
}

// vouchedUser finds the account of an identity, links it, or makes one. A mail
// address alone never finds an account: whoever can name any address at the
// provider would have it.
func (s *Server) vouchedUser(ctx context.Context, edit persistence.PeopleEdit, by voucher, link persistence.ID, who *stranger) (persistence.User, error) {
	user, err := edit.UserByIdentity(ctx, by.issuer, who.Subject)
	switch {
	case err == nil && !user.Active():
		return user, &refusal{problemSuspended, "The account is suspended."}
	case err == nil && !link.IsZero() && user.ID != link:
		return user, &refusal{problemTaken, "The identity is another account's."}
	case err == nil:
		return user, nil
	case !errors.Is(err, persistence.ErrNotFound):
		return user, err
	}
	identity := persistence.Identity{Issuer: by.issuer, Subject: who.Subject}
	entry := persistence.AuditEntry{Action: "identity.linked", Detail: "An identity, by " + by.method + "."}
	switch {
	case !link.IsZero():
		if user, err = edit.User(ctx, link); err != nil {
			return user, err
		}
	case !by.create:
		return user, &refusal{problemUnknown, "Nobody has an account by this identity, and none is made."}
	default:
		if user, err = s.vouchedAccount(ctx, edit, by, who); err != nil {
			return user, err
		}
		entry.Actor = user.ID
	}
	identity.User, entry.Subject = user.ID, user.ID
	if err := edit.PutIdentity(identity); err != nil {
		return user, err
	}
	return user, s.record(ctx, edit, entry)
}

// vouchedAccount makes an account for somebody's first sign-in.
func (s *Server) vouchedAccount(ctx context.Context, edit persistence.PeopleEdit, by voucher, who *stranger) (persistence.User, error) {
	user := persistence.User{
		ID: persistence.NewID(), Color: anyColor(), Mail: who.Mail, Standing: persistence.StandingMember, CreatedAt: persistence.Micro(s.config.Now()),
	}
	var err error
	if user.Name, err = cleanName(who.Name); err != nil {
		user.Name = newGuest().Name // they can change it
	}
	if err := edit.PutUser(user); errors.Is(err, persistence.ErrExists) {
		return user, &refusal{problemTaken, "An account with the mail address of the identity is there already."}
	} else if err != nil {
		return user, err
	}
	entry := persistence.AuditEntry{Action: "user.created", Subject: user.ID, Actor: user.ID, Name: user.Name, Detail: "By their first sign-in by " + by.method + "."}
	return user, s.record(ctx, edit, entry)
}

// vouchedRights makes groups and standing those that the provider says: membership
// of groups that have an external name, and, if a group of administrators is
// named, who is one. Owners stay owners.
func (s *Server) vouchedRights(ctx context.Context, edit persistence.PeopleEdit, by voucher, user *persistence.User, who *stranger) error {
	if !by.groups {
		return nil
	}
	groups, err := edit.Groups(ctx)
	if err != nil {
		return err
	}
	before, err := edit.GroupsOf(ctx, user.ID)
	if err != nil {
		return err
	}
	for _, group := range groups {
		if group.External == "" {
			continue
		}
		put, entry := edit.DeleteMember, persistence.AuditEntry{Action: "group.left", Subject: user.ID, Actor: user.ID, Detail: "No longer in the group " + group.Name + ", as " + by.method + " says."}
		said := slices.Contains(who.Groups, group.External)
		if said == slices.ContainsFunc(before, func(g persistence.Group) bool { return g.ID == group.ID }) {
			continue
		}
		if said {
			put, entry.Action, entry.Detail = edit.PutMember, "group.joined", "In the group "+group.Name+" now, as "+by.method+" says."
		}
		if err := errors.Join(put(group.ID, user.ID), s.record(ctx, edit, entry)); err != nil {
			return err
		}
	}
	if by.adminGroup == "" || user.Standing == persistence.StandingOwner {
		return nil
	}
	standing := persistence.StandingMember
	if slices.Contains(who.Groups, by.adminGroup) {
		standing = persistence.StandingAdmin
	}
	if standing == user.Standing {
		return nil
	}
	user.Standing = standing
	return s.record(ctx, edit, persistence.AuditEntry{Action: "user.standing", Subject: user.ID, Actor: user.ID, Detail: "Now " + standingWord(standing) + ", as " + by.method + " says."})
}
