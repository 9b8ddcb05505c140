package server

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// signedIn is an account with a login, and the cookie's secret.
func signedIn(t *testing.T, access *Accounts) (persistence.User, persistence.Login, string) {
	t.Helper()
	user := persistence.User{ID: persistence.NewID(), Name: "Ada", Color: "#1565c0", Mail: "ada@example.org", Standing: persistence.StandingOwner, CreatedAt: persistence.Micro(access.Now())}
	var login persistence.Login
	var secret string
	err := access.People.EditPeople(t.Context(), func(edit persistence.PeopleEdit) (err error) {
		if err := edit.PutUser(user); err != nil {
			return err
		}
		login, secret, err = access.newLogin(edit, httptest.NewRequest("POST", "/api/signin", nil), user.ID, methodPassword)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return user, login, secret
}

func TestLoginLife(t *testing.T) {
	access, _ := testAccess(t, ModeLink)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	access.Now = func() time.Time { return now }
	user, login, secret := signedIn(t, access)
	t.Run("[ASVS 7.3.1] use puts the idle end off, and only so far", func(t *testing.T) {
		for now.Before(login.ExpiresAt.Add(-DefaultIdle)) {
			who, err := access.login(t.Context(), secret)
			if err != nil || who.User.ID != user.ID.String() || who.Login != login.ID || !who.Expires.Equal(login.ExpiresAt) {
				t.Fatalf("at %s: %+v, %v", now, who, err)
			}
			if now.Day()%2 == 0 { // written down now and then
				if err := access.Tidy(t.Context(), time.Time{}); err != nil {
					t.Fatal(err)
				}
			}
			now = now.Add(DefaultIdle - time.Hour)
		}
		now = login.ExpiresAt
		if _, err := access.login(t.Context(), secret); !errors.Is(err, transport.ErrTokenExpired) {
			t.Errorf("at its longest: %v", err)
		}
	})
	t.Run("[S8][ASVS 7.3.1] what is open by a login lives on while that is used elsewhere, and no longer", func(t *testing.T) {
		access, store := testAccess(t, ModeOpen)
		access.Now = func() time.Time { return now }
		_, _, secret := signedIn(t, access)
		connected, err := access.login(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		document := persistence.NewID()
		if err := store.Create(t.Context(), persistence.Document{ID: document, Title: "x", Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: persistence.Micro(now), CreatedBy: persistence.Author{ID: persistence.NewID(), Name: "x", Color: "#000000"}}, nil); err != nil {
			t.Fatal(err)
		}
		now = now.Add(DefaultIdle - time.Minute)
		if _, err := access.login(t.Context(), secret); err != nil { // another tab
			t.Fatal(err)
		}
		now = now.Add(2 * time.Minute)
		if role, err := access.Role(t.Context(), connected, document); err != nil || role != protocol.RoleEditor || !connected.Expires.After(now) {
			t.Errorf("used elsewhere: %s until %s, %v", role, connected.Expires, err)
		}
		now = now.Add(DefaultIdle)
		if role, err := access.Role(t.Context(), connected, document); !errors.Is(err, transport.ErrTokenExpired) {
			t.Errorf("not used any more: %s, %v", role, err)
		}
	})
	t.Run("[ASVS 7.3.1] without use it ends", func(t *testing.T) {
		access, _ := testAccess(t, ModeLink)
		access.Now = func() time.Time { return now }
		_, login, secret := signedIn(t, access)
		now = now.Add(DefaultIdle)
		if _, err := access.login(t.Context(), secret); !errors.Is(err, transport.ErrTokenExpired) {
			t.Errorf("after %s: %v", DefaultIdle, err)
		}
		if err := access.Tidy(t.Context(), time.Time{}); err != nil {
			t.Fatal(err)
		}
		if _, err := access.People.Login(t.Context(), login.ID); err != nil {
			t.Errorf("a login is deleted before its longest: %v", err)
		}
	})
}

func TestRolesByMode(t *testing.T) {
	for _, mode := range []Mode{ModeOpen, ModeLink, ModeMembers} {
		access, store := testAccess(t, mode)
		user, login, secret := signedIn(t, access)
		document := persistence.NewID()
		err := store.Create(t.Context(), persistence.Document{ID: document, Title: "x", Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: persistence.Micro(time.Now()), CreatedBy: persistence.Author{ID: persistence.NewID(), Name: "x", Color: "#000000"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		member, err := access.login(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		guest := access.Guests.identity(newGuest(), time.Now())
		role := func(who transport.Identity) (protocol.Role, error) {
			t.Helper()
			return access.Role(t.Context(), who, document)
		}
		want := func(name string, who transport.Identity, most protocol.Role, failure error) {
			t.Helper()
			if got, err := role(who); got != most || !errors.Is(err, failure) {
				t.Errorf("%s: %s is %s, %v; want %s, %v", mode, name, got, err, most, failure)
			}
		}
		anybody := map[Mode]protocol.Role{ModeOpen: protocol.RoleEditor}[mode]
		guests := map[Mode]error{ModeMembers: transport.ErrUnauthorized}[mode]
		want("a member without a grant", member, anybody, nil)
		want("a guest", guest, anybody, guests)
		err = store.EditPeople(t.Context(), func(edit persistence.PeopleEdit) error {
			return edit.PutGrant(persistence.Grant{Document: document, Kind: persistence.SubjectUser, Subject: user.ID, Rank: persistence.Rank(protocol.RoleOwner), GrantedBy: user.ID, GrantedAt: persistence.Micro(time.Now())})
		})
		if err != nil {
			t.Fatal(err)
		}
		want("an owner", member, protocol.RoleOwner, nil)
		narrow := member
		narrow.Ceiling = protocol.RoleViewer
		want("an owner by what may only read", narrow, protocol.RoleViewer, nil)
		narrow.Ceiling, narrow.Document = protocol.RoleOwner, persistence.NewID()
		want("an owner by what is for another document", narrow, protocol.RoleNone, nil)
		narrow.Document, narrow.Ceiling = document, protocol.RoleNone
		want("[ASVS 8.2.1] an owner by what allows nothing", narrow, protocol.RoleNone, nil)
		t.Run("[S8] a role hangs on the login in mode "+string(mode), func(t *testing.T) {
			if err := store.EditPeople(t.Context(), func(edit persistence.PeopleEdit) error { return edit.DeleteLogin(login.ID) }); err != nil {
				t.Fatal(err)
			}
			want("who signed out", member, protocol.RoleNone, transport.ErrUnauthorized)
		})
	}
}

func TestGuestsByMode(t *testing.T) {
	for _, mode := range []Mode{ModeOpen, ModeLink, ModeMembers} {
		access, store := testAccess(t, mode)
		if _, _, err := access.Guest(t.Context(), persistence.ID{}, nil); errors.Is(err, transport.ErrUnauthorized) != (mode != ModeOpen) {
			t.Errorf("%s: somebody without credentials: %v", mode, err)
		}
		credential, err := access.Guests.credential(newGuest())
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := access.Token(t.Context(), credential); ok != (mode != ModeMembers) {
			t.Errorf("%s: a guest's credential is good: %v", mode, ok)
		}
		if mode != ModeOpen {
			continue
		}
		t.Run("[S3] nobody goes on as a guest with what a member began", func(t *testing.T) {
			user, _, _ := signedIn(t, access)
			document, client, epoch := persistence.NewID(), persistence.NewID(), persistence.NewID()
			author := persistence.Author{ID: user.ID, Name: user.Name, Color: user.Color}
			at := persistence.Micro(time.Now())
			if err := store.Create(t.Context(), persistence.Document{ID: document, Title: "x", Head: persistence.Head{Epoch: epoch}, CreatedAt: at, CreatedBy: author}, nil); err != nil {
				t.Fatal(err)
			}
			change := persistence.Change{Revision: 1, Client: client, Seq: 1, Author: author, At: at, Delta: []byte(`[{"insert":"x"}]`)}
			head := persistence.Head{Epoch: epoch, Hash: persistence.ChainStart(document, epoch)}
			change.Hash = persistence.ChainHash(head.Hash, document, epoch, &change)
			done := make(chan error, 1)
			store.Append(persistence.Batch{Document: document, Base: head, Changes: []persistence.Change{change},
				Clients: []persistence.ClientRow{{Client: client, User: user.ID, Seq: 1, Revision: 1, SeenAt: at}}}, func(err error) { done <- err })
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if who, _, err := access.Guest(t.Context(), document, &protocol.Resume{Client: client.String()}); !errors.Is(err, transport.ErrForbidden) {
				t.Errorf("came in as %+v, %v", who.User, err)
			}
		})
	}
}
