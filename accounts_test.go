package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/server"
)

const goodPassword = "an old umbrella stand"

// memberConfig is a server where members sign in.
func memberConfig(t *testing.T) Config {
	config := testConfig(t)
	config.Access = string(server.ModeLink)
	return config
}

type meView struct {
	ID, Name, Color, Standing, Access, Mail, Picture string
	Password                                         bool
}

// secretIn is what stands behind the # of a one-time link.
func secretIn(t *testing.T, link string) string {
	t.Helper()
	_, secret, ok := strings.Cut(link, "#")
	if !ok || len(secret) < 40 {
		t.Fatalf("no secret in %q", link)
	}
	return secret
}

// setUp makes the first owner, signed in.
func setUp(t *testing.T, program *Program) (*browser, meView) {
	t.Helper()
	link, err := program.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := browse(t, program)
	var me meView
	b.want(http.StatusOK, b.send("POST", "/api/setup", map[string]string{
		"secret": secretIn(t, link), "name": "Olga Owner", "mail": "Olga@Example.org", "password": goodPassword}), &me)
	return b, me
}

// join makes a member by an invitation of somebody who may invite.
func (b *browser) join(program *Program, name, standing string) (*browser, meView) {
	b.t.Helper()
	var invitation struct{ ID, URL string }
	b.want(http.StatusCreated, b.send("POST", "/api/invitations", map[string]string{"standing": standing}), &invitation)
	other := browse(b.t, program)
	var me meView
	other.want(http.StatusOK, other.send("POST", "/api/invitations/accept", map[string]string{
		"secret": secretIn(b.t, invitation.URL), "name": name, "mail": strings.ToLower(strings.Fields(name)[0]) + "@example.org", "password": goodPassword}), &me)
	return other, me
}

func (b *browser) signIn(mail, password string) answer {
	b.t.Helper()
	return b.send("POST", "/api/signin", map[string]string{"mail": mail, "password": password})
}

type auditLine struct{ Action, Outcome, Actor, Name, Address, Subject, SubjectName, Document, Detail string }

// audit reads the audit log, newest first.
func (b *browser) audit(query string) []auditLine {
	b.t.Helper()
	var page struct{ Entries []auditLine }
	b.want(http.StatusOK, b.send("GET", "/api/admin/audit"+query, nil), &page)
	return page.Entries
}

func TestFirstStart(t *testing.T) {
	program := start(t, memberConfig(t))
	stranger := browse(t, program)
	var methods struct {
		Password, Guests, Setup bool
		Access                  string
	}
	stranger.want(http.StatusOK, stranger.send("GET", "/api/signin/methods", nil), &methods)
	if !methods.Setup || !methods.Password || !methods.Guests || methods.Access != "link" {
		t.Errorf("before the first owner: %+v", methods)
	}
	first, err := program.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first, program.URL()+"/setup#") {
		t.Errorf("[ASVS 14.2.1] the secret is sent to the server by the address: %s", first)
	}
	body := func(secret string) map[string]string {
		return map[string]string{"secret": secret, "name": "Olga", "mail": "olga@example.org", "password": goodPassword}
	}
	b, me := setUp(t, program)
	if me.Name != "Olga Owner" || me.Standing != "owner" || me.Mail != "olga@example.org" || !me.Password {
		t.Errorf("the first owner: %+v", me)
	}
	stranger.problem(http.StatusNotFound, "invalid_ticket", stranger.send("POST", "/api/setup", body(secretIn(t, first))))
	if again, err := program.SetupLink(t.Context()); err != nil || again != "" {
		t.Errorf("an owned server offers itself: %q, %v", again, err)
	}
	stranger.want(http.StatusOK, stranger.send("GET", "/api/signin/methods", nil), &methods)
	if methods.Setup {
		t.Error("an owned server still asks for its owner")
	}
	if d := b.create("First", "x"); d.Role != "owner" {
		t.Errorf("the creator's role is %s", d.Role)
	}
	var look struct{ Kind string }
	stranger.problem(http.StatusNotFound, "invalid_ticket", stranger.send("POST", "/api/tickets/look", map[string]string{"secret": secretIn(t, first), "kind": "setup"}))
	var invitation struct{ URL string }
	b.want(http.StatusCreated, b.send("POST", "/api/invitations", map[string]string{}), &invitation)
	for range 2 {
		stranger.want(http.StatusOK, stranger.send("POST", "/api/tickets/look", map[string]string{"secret": secretIn(t, invitation.URL), "kind": "invitation"}), &look)
	}
	stranger.problem(http.StatusNotFound, "invalid_ticket", stranger.send("POST", "/api/setup", body(secretIn(t, invitation.URL))))
}

func TestInvitations(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, _ := setUp(t, program)
	var open struct {
		Invitations []struct{ ID, Mail, Standing string }
	}
	var invitation struct {
		ID, URL string
		Mailed  bool
	}
	owner.want(http.StatusCreated, owner.send("POST", "/api/invitations", map[string]string{"mail": "Mara@Example.org"}), &invitation)
	if a := owner.want(http.StatusOK, owner.send("GET", "/api/invitations", nil), &open); len(open.Invitations) != 1 || open.Invitations[0].Mail != "mara@example.org" || strings.Contains(string(a.body), secretIn(t, invitation.URL)) {
		t.Errorf("open invitations: %s", a.body)
	}
	body := map[string]string{"secret": secretIn(t, invitation.URL), "name": "Mara", "mail": "other@example.org", "password": goodPassword}
	mara := browse(t, program)
	for code, change := range map[string]map[string]string{"invalid_password": {"password": "short"}, "invalid_name": {"name": " \u200b"}} {
		bad := map[string]string{}
		for _, from := range []map[string]string{body, change} {
			for key, value := range from {
				bad[key] = value
			}
		}
		mara.problem(http.StatusBadRequest, code, mara.send("POST", "/api/invitations/accept", bad))
	}
	var me meView
	mara.want(http.StatusOK, mara.send("POST", "/api/invitations/accept", body), &me)
	if me.Mail != "mara@example.org" || me.Standing != "member" {
		t.Errorf("invited: %+v", me)
	}
	t.Run("an invitation is used once", func(t *testing.T) {
		second := browse(t, program)
		second.problem(http.StatusNotFound, "invalid_ticket", second.send("POST", "/api/invitations/accept", body))
	})
	t.Run("an invitation whose acceptance fails can be used still", func(t *testing.T) {
		owner.want(http.StatusCreated, owner.send("POST", "/api/invitations", map[string]string{}), &invitation)
		again := map[string]string{"secret": secretIn(t, invitation.URL), "name": "Mara", "mail": "mara@example.org", "password": goodPassword}
		second := browse(t, program)
		second.problem(http.StatusConflict, "mail_taken", second.send("POST", "/api/invitations/accept", again))
		again["mail"] = "mara2@example.org"
		second.want(http.StatusOK, second.send("POST", "/api/invitations/accept", again), nil)
	})
	t.Run("an invitation that was withdrawn", func(t *testing.T) {
		owner.want(http.StatusCreated, owner.send("POST", "/api/invitations", map[string]string{}), &invitation)
		owner.want(http.StatusNoContent, owner.send("DELETE", "/api/invitations/"+invitation.ID, nil), nil)
		owner.problem(http.StatusNotFound, "invitation_not_found", owner.send("DELETE", "/api/invitations/"+invitation.ID, nil))
		second := browse(t, program)
		second.problem(http.StatusNotFound, "invalid_ticket", second.send("POST", "/api/invitations/accept",
			map[string]string{"secret": secretIn(t, invitation.URL), "name": "Mara", "mail": "mara3@example.org", "password": goodPassword}))
	})
	t.Run("[ASVS 8.2.1] a member invites nobody, an administrator no owner", func(t *testing.T) {
		mara.problem(http.StatusForbidden, "forbidden", mara.send("POST", "/api/invitations", map[string]string{}))
		admin, _ := owner.join(program, "Adam Admin", "admin")
		for _, standing := range []string{"admin", "owner"} {
			admin.problem(http.StatusForbidden, "forbidden", admin.send("POST", "/api/invitations", map[string]string{"standing": standing}))
		}
	})
	if lines := owner.audit("?action=invitation."); len(lines) < 4 {
		t.Errorf("the audit log: %+v", lines)
	}
}

func TestPasswordChange(t *testing.T) {
	program := start(t, memberConfig(t))
	b, _ := setUp(t, program)
	other := browse(t, program)
	other.want(http.StatusOK, other.signIn("olga@example.org", goodPassword), nil)
	change := func(current, next string) answer {
		return b.send("POST", "/api/me/password", map[string]string{"current": current, "new": next})
	}
	b.problem(http.StatusForbidden, "wrong_password", change("not it at all", "another umbrella stand"))
	b.problem(http.StatusBadRequest, "invalid_password", change(goodPassword, "password12345"))
	b.want(http.StatusNoContent, change(goodPassword, "another umbrella stand"), nil)
	t.Run("[ASVS 7.4.3] a new password ends all other logins", func(t *testing.T) {
		other.problem(http.StatusUnauthorized, "unauthorized", other.send("GET", "/api/me", nil))
		b.want(http.StatusOK, b.send("GET", "/api/me", nil), nil)
	})
	other.problem(http.StatusForbidden, "wrong_credentials", other.signIn("olga@example.org", goodPassword))
	other.want(http.StatusOK, other.signIn("olga@example.org", "another umbrella stand"), nil)

	var list struct {
		Logins []struct {
			ID, Method, Address string
			Current             bool
		}
	}
	b.want(http.StatusOK, b.send("GET", "/api/me/logins", nil), &list)
	if len(list.Logins) != 2 {
		t.Fatalf("logins: %+v", list)
	}
	t.Run("[ASVS 7.5.2] one sees and ends one's logins", func(t *testing.T) {
		for _, login := range list.Logins {
			if !login.Current {
				b.want(http.StatusNoContent, b.send("DELETE", "/api/me/logins/"+login.ID, nil), nil)
				b.problem(http.StatusNotFound, "login_not_found", b.send("DELETE", "/api/me/logins/"+login.ID, nil))
			}
		}
		other.problem(http.StatusUnauthorized, "unauthorized", other.send("GET", "/api/me", nil))
		other.want(http.StatusOK, other.signIn("olga@example.org", "another umbrella stand"), nil)
		b.want(http.StatusNoContent, b.send("DELETE", "/api/me/logins", nil), nil)
		other.problem(http.StatusUnauthorized, "unauthorized", other.send("GET", "/api/me", nil))
		b.want(http.StatusNoContent, b.send("DELETE", "/api/me/logins?all=true", nil), nil)
		b.problem(http.StatusUnauthorized, "unauthorized", b.send("GET", "/api/me", nil))
	})
}

func TestReset(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, me := setUp(t, program)
	mara, maraIs := owner.join(program, "Mara Member", "member")
	admin, _ := owner.join(program, "Adam Admin", "admin")
	t.Run("[ASVS 8.2.2] an administrator cannot make an owner's link", func(t *testing.T) {
		admin.problem(http.StatusForbidden, "forbidden", admin.send("POST", "/api/users/"+me.ID+"/reset", nil))
	})
	var link struct{ URL string }
	admin.want(http.StatusCreated, admin.send("POST", "/api/users/"+maraIs.ID+"/reset", nil), &link)
	b := browse(t, program)
	var look struct{ Name, Mail, Kind string }
	b.want(http.StatusOK, b.send("POST", "/api/tickets/look", map[string]string{"secret": secretIn(t, link.URL), "kind": "reset"}), &look)
	if look.Name != "Mara Member" || look.Kind != "reset" {
		t.Errorf("the link is for %+v", look)
	}
	body := map[string]string{"secret": secretIn(t, link.URL), "password": "a third umbrella stand"}
	b.want(http.StatusOK, b.send("POST", "/api/reset", body), nil)
	mara.problem(http.StatusUnauthorized, "unauthorized", mara.send("GET", "/api/me", nil))
	b.problem(http.StatusNotFound, "invalid_ticket", b.send("POST", "/api/reset", body))
	mara.want(http.StatusOK, mara.signIn("mara@example.org", "a third umbrella stand"), nil)

	t.Run("[ASVS 6.3.8] asking for a link tells nothing", func(t *testing.T) {
		known := b.send("POST", "/api/reset/request", map[string]string{"mail": "mara@example.org"})
		unknown := b.send("POST", "/api/reset/request", map[string]string{"mail": "nobody@example.org"})
		none := b.send("POST", "/api/reset/request", map[string]string{"mail": "nonsense"})
		for _, a := range []answer{known, unknown, none} {
			if a.status != http.StatusAccepted || string(a.body) != string(known.body) {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
	})
}

func TestUsers(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, me := setUp(t, program)
	mara, maraIs := owner.join(program, "Mara Member", "member")
	admin, adminIs := owner.join(program, "Adam Admin", "admin")
	d := mara.create("Hers", "x")

	t.Run("[ASVS 8.2.1] members and guests administer nothing", func(t *testing.T) {
		for _, call := range [][2]string{{"GET", "/api/users"}, {"POST", "/api/users"}, {"GET", "/api/users/" + me.ID}, {"PATCH", "/api/users/" + me.ID}, {"DELETE", "/api/users/" + me.ID},
			{"POST", "/api/users/" + me.ID + "/reset"}, {"DELETE", "/api/users/" + me.ID + "/logins"}, {"GET", "/api/invitations"}, {"GET", "/api/admin/audit"}} {
			mara.problem(http.StatusForbidden, "forbidden", mara.send(call[0], call[1], map[string]string{}))
			stranger := browse(t, program)
			stranger.problem(http.StatusUnauthorized, "unauthorized", stranger.send(call[0], call[1], map[string]string{}))
		}
	})
	t.Run("[ASVS 8.2.2] an administrator manages members and nobody else", func(t *testing.T) {
		for _, change := range []map[string]any{{"standing": "member"}, {"suspended": true}, {"name": "x"}} {
			admin.problem(http.StatusForbidden, "forbidden", admin.send("PATCH", "/api/users/"+me.ID, change))
		}
		admin.problem(http.StatusForbidden, "forbidden", admin.send("PATCH", "/api/users/"+maraIs.ID, map[string]any{"standing": "admin"}))
		admin.problem(http.StatusForbidden, "forbidden", admin.send("PATCH", "/api/users/"+adminIs.ID, map[string]any{"standing": "owner"}))
		admin.problem(http.StatusForbidden, "forbidden", admin.send("DELETE", "/api/users/"+me.ID, nil))
		admin.problem(http.StatusForbidden, "forbidden", admin.send("DELETE", "/api/users/"+me.ID+"/logins", nil))
	})
	t.Run("an administrator reads no documents", func(t *testing.T) {
		admin.problem(http.StatusNotFound, "not_found", admin.send("GET", "/api/documents/"+d.ID, nil))
		owner.problem(http.StatusNotFound, "not_found", owner.send("GET", "/api/documents/"+d.ID+"/content", nil))
		var list struct{ Documents []documentView }
		owner.want(http.StatusOK, owner.send("GET", "/api/documents", nil), &list)
		if len(list.Documents) != 0 {
			t.Errorf("the owner's list has %+v", list.Documents)
		}
	})
	t.Run("the last owner stays", func(t *testing.T) {
		owner.problem(http.StatusConflict, "last_owner", owner.send("PATCH", "/api/users/"+me.ID, map[string]any{"standing": "member"}))
		owner.problem(http.StatusConflict, "yourself", owner.send("PATCH", "/api/users/"+me.ID, map[string]any{"suspended": true}))
		owner.problem(http.StatusConflict, "yourself", owner.send("DELETE", "/api/users/"+me.ID, nil))
	})
	t.Run("two owners who demote each other leave one", func(t *testing.T) {
		second, secondIs := owner.join(program, "Otto Owner", "owner")
		answers := make(chan answer, 2)
		go func() {
			answers <- owner.send("PATCH", "/api/users/"+secondIs.ID, map[string]any{"standing": "member"})
		}()
		go func() { answers <- second.send("PATCH", "/api/users/"+me.ID, map[string]any{"standing": "member"}) }()
		one, two := <-answers, <-answers
		if one.status == http.StatusOK && two.status == http.StatusOK || one.status != http.StatusOK && two.status != http.StatusOK {
			t.Fatalf("%d %s, %d %s", one.status, one.body, two.status, two.body)
		}
		var is meView
		owner.want(http.StatusOK, owner.send("GET", "/api/me", nil), &is)
		if is.Standing != "owner" { // hers was the one that lost
			second.want(http.StatusOK, second.send("PATCH", "/api/users/"+me.ID, map[string]any{"standing": "owner"}), nil)
		}
	})
	t.Run("[S8][ASVS 7.4.2] who is suspended is out at once, and comes back with the same rights", func(t *testing.T) {
		admin.want(http.StatusOK, admin.send("PATCH", "/api/users/"+maraIs.ID, map[string]any{"suspended": true}), nil)
		mara.problem(http.StatusUnauthorized, "unauthorized", mara.send("GET", "/api/documents/"+d.ID, nil))
		mara.problem(http.StatusForbidden, "wrong_credentials", mara.signIn("mara@example.org", goodPassword))
		admin.want(http.StatusOK, admin.send("PATCH", "/api/users/"+maraIs.ID, map[string]any{"suspended": false}), nil)
		mara.want(http.StatusOK, mara.signIn("mara@example.org", goodPassword), nil)
		mara.want(http.StatusOK, mara.send("GET", "/api/documents/"+d.ID, nil), nil)
	})
	t.Run("[D4] invisible differences are none, a word of two alphabets is refused, and what looks alike in one is told apart by mail", func(t *testing.T) {
		owner.problem(http.StatusConflict, "mail_taken", owner.send("POST", "/api/users", map[string]string{"name": "Mara", "mail": "MARA@example.org"}))
		owner.problem(http.StatusBadRequest, "invalid_mail", owner.send("POST", "/api/users", map[string]string{"name": "Mara", "mail": "mara\u200b@example.org"}))
		var made struct {
			User struct{ Name string }
			URL  string
		}
		owner.want(http.StatusCreated, owner.send("POST", "/api/users", map[string]string{"name": "Ma\u200bra  Member", "mail": "other@example.org"}), &made)
		if made.User.Name != "Mara Member" || made.URL == "" {
			t.Errorf("made %+v", made)
		}
		owner.problem(http.StatusBadRequest, "invalid_name", owner.send("POST", "/api/users", map[string]string{"name": "M\u0430ra", "mail": "third@example.org"}))
		owner.problem(http.StatusBadRequest, "invalid_mail", owner.send("POST", "/api/users", map[string]string{"name": "Mara", "mail": "m\u0430ra@example.org"}))
		for _, name := range []string{"\u0420\u043e\u0440\u0430", "Popa"} { // all of one alphabet each
			owner.want(http.StatusCreated, owner.send("POST", "/api/users", map[string]string{"name": name, "mail": fmt.Sprintf("popa%d@example.org", len(name))}), &made)
			if made.User.Name != name {
				t.Errorf("made %+v", made)
			}
		}
	})
	t.Run("members find each other, with mail to tell them apart", func(t *testing.T) {
		var found struct {
			People []struct{ ID, Name, Mail string }
		}
		mara.want(http.StatusOK, mara.send("GET", "/api/people?query=mara", nil), &found)
		if len(found.People) != 2 || found.People[0].Mail == found.People[1].Mail {
			t.Errorf("found %+v", found)
		}
	})
	t.Run("an erased person's name leaves the history, their text stays", func(t *testing.T) {
		mara.insert(d.ID, "written by Mara ")
		admin.want(http.StatusNoContent, admin.send("DELETE", "/api/users/"+maraIs.ID, nil), nil)
		mara.problem(http.StatusUnauthorized, "unauthorized", mara.send("GET", "/api/me", nil))
		mara.problem(http.StatusForbidden, "wrong_credentials", mara.signIn("mara@example.org", goodPassword))
		admin.problem(http.StatusNotFound, "user_not_found", admin.send("GET", "/api/users/"+maraIs.ID, nil))
		for _, line := range admin.audit("") {
			if strings.Contains(line.Name, "Mara") || strings.Contains(line.Detail, "mara") {
				t.Errorf("the audit log still names her: %+v", line)
			}
		}
	})
}

func TestProfile(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, first := setUp(t, program)
	mara, me := owner.join(program, "Mara Member", "member")
	var is meView
	mara.want(http.StatusOK, mara.send("PATCH", "/api/me", map[string]string{"name": "Mara M.", "color": "#1565c0", "mail": "m@example.org"}), &is)
	if is.Name != "Mara M." || is.Color != "#1565c0" || is.Mail != "m@example.org" || is.ID != me.ID {
		t.Errorf("changed: %+v", is)
	}
	mara.problem(http.StatusConflict, "mail_taken", mara.send("PATCH", "/api/me", map[string]string{"mail": "olga@example.org"}))
	mara.problem(http.StatusForbidden, "wrong_password", mara.send("PATCH", "/api/me", map[string]string{"mail": "x@example.org", "password": "not it at all"}))
	mara.want(http.StatusNoContent, mara.send("PUT", "/api/me/picture", string(testPicture(t)), "Content-Type", "image/png"), nil)
	mara.want(http.StatusOK, mara.send("GET", "/api/me", nil), &is)
	a := owner.want(http.StatusOK, owner.send("GET", is.Picture, nil), nil)
	if a.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(string(a.body), "\x89PNG") {
		t.Errorf("the picture is %s", a.header)
	}
	stranger := browse(t, program)
	var faces struct{ Pictures map[string]string }
	owner.want(http.StatusOK, owner.send("GET", "/api/pictures?users="+is.ID+","+first.ID+",nobody", nil), &faces)
	if len(faces.Pictures) != 1 || faces.Pictures[is.ID] != is.Picture {
		t.Errorf("the pictures of both are %v", faces.Pictures)
	}
	stranger.problem(http.StatusUnauthorized, "unauthorized", stranger.send("GET", is.Picture, nil))
	mara.problem(http.StatusBadRequest, "invalid_picture", mara.send("PUT", "/api/me/picture", "<svg/>", "Content-Type", "image/png"))
	mara.want(http.StatusNoContent, mara.send("DELETE", "/api/me/picture", nil), nil)
	owner.problem(http.StatusNotFound, "no_picture", owner.send("GET", is.Picture, nil))
}

// testPicture is a small PNG.
func testPicture(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewNRGBA(image.Rect(0, 0, 20, 30))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestUnattended(t *testing.T) {
	t.Setenv("COSCRIBE_OWNER_PASSWORD", goodPassword)
	config := memberConfig(t)
	config.OwnerMail, config.OwnerName = "ops@example.org", "Operations"
	program := start(t, config)
	if link, err := program.SetupLink(t.Context()); err != nil || link != "" {
		t.Errorf("a setup link beside the owner: %q, %v", link, err)
	}
	b := browse(t, program)
	var me meView
	b.want(http.StatusOK, b.signIn("ops@example.org", goodPassword), &me)
	if me.Standing != "owner" || me.Name != "Operations" {
		t.Errorf("%+v", me)
	}
	for name, password := range map[string]string{"none": "", "common": "password1234"} {
		t.Setenv("COSCRIBE_OWNER_PASSWORD", password)
		config := memberConfig(t)
		config.OwnerMail, config.OwnerName = "ops@example.org", "Operations"
		if other, err := Open(t.Context(), config); err == nil {
			_ = other.Close()
			t.Errorf("%s: it opened", name)
		} else if !strings.Contains(err.Error(), "--owner") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
