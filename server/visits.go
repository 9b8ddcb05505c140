package server

import (
	"context"
	"net/http"

	"github.com/coscribe/coscribe/persistence"
)

// guestOf is the guest whose cookie a browser has; the zero ID for none.
func (a *Accounts) guestOf(r *http.Request) persistence.ID {
	credential := a.read(r, GuestCookie)
	if credential == "" || a.Mode == ModeMembers {
		return persistence.ID{}
	}
	who, err := a.Guests.read(credential)
	if err != nil {
		return persistence.ID{}
	}
	id, _ := persistence.ParseID(who.User.ID)
	return id
}

// carryVisits gives the links that a guest has opened to the account that they
// sign in to, within a transaction, and says so for the audit log: "" if there
// were none. What the guest has open goes on.
func (s *Server) carryVisits(ctx context.Context, edit persistence.PeopleEdit, guest, user persistence.ID) (said string, err error) {
	if guest.IsZero() || guest == user {
		return "", nil
	}
	visits, err := edit.Visits(ctx, guest)
	if err != nil || len(visits) == 0 {
		return "", err
	}
	for _, visit := range visits {
		visit.User = user
		if err := edit.PutVisit(visit); err != nil {
			return "", err
		}
	}
	return ", with " + plural(len(visits), "share link") + " that they had opened as a guest", nil
}
