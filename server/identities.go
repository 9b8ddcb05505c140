package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

// identityView is by whom somebody else vouches for an account.
type identityView struct {
	ID      string `json:"id" format:"uuid"`
	Issuer  string `json:"issuer" doc:"Who vouches: the sign-in provider's address, or proxy"`
	Subject string `json:"subject" doc:"The account's name there"`
	Usable  bool   `json:"usable" doc:"One can sign in by it: this server is set up with who vouches"`
}

type identitiesOutput struct {
	Body struct {
		Identities []identityView `json:"identities"`
	}
}

// IdentityPath is an identity's id in a route.
type IdentityPath struct {
	Identity string `path:"identity" doc:"The identity's id, a UUID"`
}

type userIdentityInput struct {
	UserPath
	IdentityPath
}

func (s *Server) identityRoutes(api huma.API) {
	tags, admin := []string{"Administration"}, needs(needAdmin)
	mine, atBrowser := []string{"People"}, needs(needLogin)
	const description = "Its logins end. The last way to sign in stays: set a password or link another identity first."
	register(api, huma.Operation{
		OperationID: "list-my-identities", Method: http.MethodGet, Path: "/api/me/identities", Tags: mine, Metadata: atBrowser,
		Summary: "Identities at a sign-in provider that sign in to my account",
	}, func(ctx context.Context, _ *struct{}) (*identitiesOutput, error) {
		user, err := s.account(ctx, callerOf(ctx))
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return s.listIdentities(ctx, user.ID)
	})
	register(api, huma.Operation{
		OperationID: "unlink-my-identity", Method: http.MethodDelete, Path: "/api/me/identities/{identity}", Tags: mine, Metadata: atBrowser, DefaultStatus: http.StatusNoContent,
		Summary: "Unlink one of my identities", Description: description + " This browser stays signed in.", Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *IdentityPath) (*struct{}, error) {
		user, err := s.account(ctx, callerOf(ctx))
		if err == nil {
			err = s.unlink(ctx, user.ID, in.Identity, callerOf(ctx).Login, func(persistence.PeopleEdit) error { return nil })
		}
		return nil, s.problem(ctx, err)
	})
	register(api, huma.Operation{
		OperationID: "list-identities", Method: http.MethodGet, Path: "/api/users/{id}/identities", Tags: tags, Metadata: admin,
		Summary: "Identities at a sign-in provider that sign in to an account", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, func(ctx context.Context, in *UserPath) (*identitiesOutput, error) {
		user, err := s.managed(ctx, s.config.People, in.ID)
		if err != nil {
			return nil, s.denyUser(ctx, user.ID, err)
		}
		return s.listIdentities(ctx, user.ID)
	})
	register(api, huma.Operation{
		OperationID: "unlink-identity", Method: http.MethodDelete, Path: "/api/users/{id}/identities/{identity}", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary: "Unlink an identity from an account", Description: description, Errors: []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *userIdentityInput) (*struct{}, error) {
		user, err := s.managed(ctx, s.config.People, in.ID)
		if err == nil {
			err = s.unlink(ctx, user.ID, in.Identity, persistence.ID{}, func(edit persistence.PeopleEdit) error {
				_, err := s.managed(ctx, edit, in.ID)
				return err
			})
		}
		return nil, s.denyUser(ctx, user.ID, err)
	})
}

// identityID is what an identity is called in the API: its subject may be
// somebody's mail address, which does not belong into an address.
func identityID(identity *persistence.Identity) persistence.ID {
	return derivedID("identity", identity.Issuer, identity.Subject)
}

// voucherOf is who vouches for an identity; ok is false if this server is not
// set up with them any more.
func (s *Server) voucherOf(identity *persistence.Identity) (by voucher, ok bool) {
	switch {
	case s.config.OIDC != nil && identity.Issuer == s.config.OIDC.Issuer:
		return s.config.OIDC.voucher(), true
	case s.config.Proxy != nil && identity.Issuer == proxyIssuer:
		return s.config.Proxy.voucher(), true
	}
	return by, false
}

func (s *Server) listIdentities(ctx context.Context, user persistence.ID) (*identitiesOutput, error) {
	identities, err := s.config.People.Identities(ctx, user)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &identitiesOutput{}
	out.Body.Identities = []identityView{}
	for i := range identities {
		_, usable := s.voucherOf(&identities[i])
		out.Body.Identities = append(out.Body.Identities, identityView{
			ID: identityID(&identities[i]).String(), Issuer: identities[i].Issuer, Subject: identities[i].Subject, Usable: usable,
		})
	}
	return out, nil
}

// unlink takes an identity from an account and ends the logins that were made by
// who vouched for it, but for the one to spare. may is asked within the
// transaction.
func (s *Server) unlink(ctx context.Context, user persistence.ID, text string, spare persistence.ID, may func(persistence.PeopleEdit) error) error {
	none := newProblem(http.StatusNotFound, "identity_not_found", "The account has no such identity; it may have been unlinked already.")
	id, err := persistence.ParseID(strings.ToLower(text))
	if err != nil {
		return none
	}
	return s.revise(ctx, revision{users: []persistence.ID{user}, reason: "signed out"}, func(edit persistence.PeopleEdit) error {
		if err := may(edit); err != nil {
			return err
		}
		identities, err := edit.Identities(ctx, user)
		if err != nil {
			return err
		}
		var gone *persistence.Identity
		others := 0
		for i := range identities {
			if identityID(&identities[i]) == id {
				gone = &identities[i]
			} else if _, usable := s.voucherOf(&identities[i]); usable {
				others++
			}
		}
		if gone == nil {
			return none
		}
		by, usable := s.voucherOf(gone)
		account, err := edit.User(ctx, user)
		if err != nil {
			return err
		}
		if usable && others == 0 && account.Password == "" {
			return newProblem(http.StatusConflict, "last_way_in", "Nothing else signs in to this account. Set a password or link another identity first; an administrator can make a link to set a password.")
		}
		if err := edit.DeleteIdentity(gone.Issuer, gone.Subject); err != nil {
			return err
		}
		if usable {
			if err := endLoginsBy(ctx, edit, user, by.method, spare); err != nil {
				return err
			}
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "identity.unlinked", Subject: user, Detail: "An identity of " + gone.Issuer + "."})
	})
}

// endLoginsBy ends a user's logins of a method, but for one.
func endLoginsBy(ctx context.Context, edit persistence.PeopleEdit, user persistence.ID, method string, spare persistence.ID) error {
	logins, err := edit.Logins(ctx, user)
	for i := range logins {
		if logins[i].Method == method && logins[i].ID != spare {
			err = errors.Join(err, edit.DeleteLogin(logins[i].ID))
		}
	}
	return err
}
