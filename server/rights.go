package server

import (
	"context"
	"slices"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// revision is a change of rights: whom it may concern, and where. It says for
// the store and for live documents what is to happen together (law S8).
type revision struct {
	documents []persistence.ID // nil: wherever they are
	users     []persistence.ID
	logins    []persistence.ID
	reason    string // told to whoever has to leave; "" is that access was taken away
}

// revise changes rights in one transaction. Every change of rights goes through
// it, also upwards.
func (s *Server) revise(ctx context.Context, what revision, change func(edit persistence.PeopleEdit) error) error {
	return s.reviseBy(ctx, what, func(ctx context.Context) error { return s.config.People.EditPeople(ctx, change) })
}

func (s *Server) reviseBy(ctx context.Context, what revision, commit func(context.Context) error) error {
	err := s.config.Hub.Revoke(ctx, collab.Revocation{
		Documents: what.documents, Users: what.users, Logins: what.logins, Role: s.config.Access.Role, Reason: what.reason,
	}, commit)
	if err != nil {
		return err
	}
	s.config.Events.Rights(func(who *transport.Identity) bool { return what.concerns(who) })
	return nil
}

// concerns says whether a revision may have changed what somebody can do.
func (what *revision) concerns(who *transport.Identity) bool {
	if what.users == nil && what.logins == nil {
		return true
	}
	id, _ := persistence.ParseID(who.User.ID)
	return slices.Contains(what.users, id) || !who.Login.IsZero() && slices.Contains(what.logins, who.Login)
}

// profileChanged shows a person's new name and colour to whoever sees them.
func (s *Server) profileChanged(ctx context.Context, user persistence.ID) {
	s.config.Hub.Profile(ctx, user, func(ctx context.Context) (protocol.User, error) {
		now, err := s.config.People.User(ctx, user)
		if err == nil && !now.ErasedAt.IsZero() {
			now.Name, now.Color = erasedName, erasedColor
		}
		return protocol.User{ID: user.String(), Name: now.Name, Color: now.Color}, err
	})
}
