package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// What is done every minute once had a minute that began with the one before it:
// it was over when the work began, and rights were never looked at again.
func TestEveryMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left []time.Duration
		note := func(ctx context.Context) {
			until, _ := ctx.Deadline()
			left = append(left, time.Until(until))
		}
		ended := false
		minutes := every(time.Minute, note, func(ctx context.Context) { note(ctx); ended = true })
		time.Sleep(150 * time.Second)
		synctest.Wait()
		if len(left) != 2 {
			t.Errorf("[P2] after two and a half minutes it was done %d times", len(left))
		}
		minutes.end(t.Context())
		if len(left) != 3 || !ended {
			t.Errorf("at the end it was done %d times in all, last task done: %v", len(left), ended)
		}
		for n, wait := range left {
			if wait != time.Minute {
				t.Errorf("[P2] time %d had %v", n+1, wait)
			}
		}
	})
}

// A task whose disk hangs does not hold a stop up for longer than the stop has.
func TestEveryMinuteIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) { <-ctx.Done() }
		minutes := every(time.Minute, hang, hang)
		time.Sleep(61 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		minutes.end(ctx)
		if took := time.Since(begun); took != 10*time.Second {
			t.Errorf("[R7] the stop took %v", took)
		}
	})
}

// What is done every minute takes effect in the whole program: rights that were
// lost unheard end, what expired is deleted, what was used is written down.
func TestMinuteWork(t *testing.T) {
	config := memberConfig(t)
	config.Minute, config.AuditKeep, config.LoginIdle = 20*time.Millisecond, 1, 30*time.Minute
	program := start(t, config)
	owner, _ := setUp(t, program)
	mara, maraIs := owner.join(program, "Mara Member", "member")
	user, err := persistence.ParseID(maraIs.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := owner.create("Plans", "text")
	document, err := persistence.ParseID(d.ID)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(edit persistence.PeopleEdit) error) {
		t.Helper()
		if err := program.Store.EditPeople(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	until := func(what string, reached func() bool) {
		t.Helper()
		for late := time.Now().Add(patience); !reached(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("%s after 20 s", what)
			}
		}
	}
	login := func() persistence.Login {
		t.Helper()
		logins, err := program.Store.Logins(t.Context(), user)
		if err != nil || len(logins) != 1 {
			t.Fatalf("%d logins, %v", len(logins), err)
		}
		return logins[0]
	}
	t.Run("[S8] a grant that was taken out of the database", func(t *testing.T) {
		owner.give(d.ID, maraIs.ID, "viewer")
		ear := mara.socket(program, d.ID)
		ear.wait(`"welcome"`)
		edit(func(edit persistence.PeopleEdit) error {
			return edit.DeleteGrant(document, persistence.SubjectUser, user)
		})
		if code := ear.over(); code != 4503 {
			t.Errorf("closed with %d", code)
		}
	})
	t.Run("[S8] a link that ends sooner than it was said to", func(t *testing.T) {
		link := owner.link(d.ID, map[string]any{"role": "viewer", "expiresAt": time.Now().Add(time.Hour)})
		guest := browse(t, program)
		guest.want(http.StatusOK, guest.open(t, link.URL), nil)
		ear := guest.socket(program, d.ID)
		ear.wait(`"welcome"`)
		id, err := persistence.ParseID(link.ID)
		if err != nil {
			t.Fatal(err)
		}
		edit(func(edit persistence.PeopleEdit) error {
			link, err := edit.ShareLink(t.Context(), id)
			if err != nil {
				return err
			}
			link.ExpiresAt = persistence.Micro(time.Now().Add(100 * time.Millisecond))
			return edit.PutShareLink(link)
		})
		if code := ear.over(); code != 4503 {
			t.Errorf("closed with %d", code)
		}
	})
	t.Run("the use of a login is written down", func(t *testing.T) {
		before := login().SeenAt
		mara.want(http.StatusOK, mara.send("GET", "/api/me", nil), nil)
		until("a use is not in the store", func() bool { return login().SeenAt.After(before) })
	})
	t.Run("a login that has ended is deleted", func(t *testing.T) {
		over := login()
		over.ExpiresAt = persistence.Micro(time.Now().Add(-time.Second))
		edit(func(edit persistence.PeopleEdit) error { return edit.PutLogin(over) })
		until("an ended login is in the store", func() bool {
			_, err := program.Store.Login(t.Context(), over.ID)
			return errors.Is(err, persistence.ErrNotFound)
		})
	})
	t.Run("lines of the audit log are deleted after their time", func(t *testing.T) {
		until("the audit log has old lines", func() bool { return len(owner.audit("")) == 0 })
	})
}
