package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a document's owners and administrators do by the page is done by commands
// beside a running server.
func TestSharingByCommand(t *testing.T) {
	program, ada := owned(t, func(c *Config) { c.PublicURL = "https://docs.example.org" })
	d := ada.create("Plan", "text")
	mara, is := ada.join(program, "Mara Member", "member")
	run := func(words string, args ...string) string {
		t.Helper()
		out, code := coscribe(t, append(args, "--data", program.Config.Data)...)
		if code != 0 || !strings.Contains(out, words) {
			t.Fatalf("coscribe %v: exit %d, without %q: %s", args, code, words, out)
		}
		return out
	}
	refused := func(words string, args ...string) {
		t.Helper()
		if out, code := coscribe(t, append(args, "--data", program.Config.Data)...); code == 0 || !strings.Contains(out, words) {
			t.Errorf("coscribe %v: exit %d, without %q: %s", args, code, words, out)
		}
	}
	sees := func(b *browser, role string) {
		t.Helper()
		var seen struct{ Role string }
		a := b.send("GET", "/api/documents/"+d.ID, nil)
		if a.status == http.StatusOK {
			b.want(http.StatusOK, a, &seen)
		}
		if seen.Role != role {
			t.Errorf("the role is %q, not %q", seen.Role, role)
		}
	}
	t.Run("roles of people and groups", func(t *testing.T) {
		run("Mara Member has the role commenter", "document", "share", d.ID, "mara@example.org", "commenter")
		sees(mara, "commenter")
		run("mara@example.org", "document", "access", d.ID)
		run("There is a group Writers", "group", "add", "Writers")
		run("The group Writers is changed", "group", "rename", "Writers", "Authors", "--external", "cn=authors")
		run("cn=authors", "group", "list")
		run("Mara Member is now in Authors", "group", "join", "Authors", is.ID)
		run("Authors has the role editor", "document", "share", d.ID, "Authors", "editor", "--group")
		sees(mara, "editor")
		run("Authors has no role", "document", "unshare", d.ID, "Authors", "--group")
		run("Mara Member has no role", "document", "unshare", d.ID, "mara@example.org")
		sees(mara, "")
		refused("A document keeps an owner", "document", "unshare", d.ID, "ada@example.org")
		refused("There is no such document", "document", "share", is.ID, "mara@example.org", "viewer")
		refused("coscribe group list", "document", "share", d.ID, "Nobody", "viewer", "--group")
	})
	t.Run("wishes for access", func(t *testing.T) {
		wish := func() {
			mara.want(http.StatusAccepted, mara.send("POST", "/api/documents/"+d.ID+"/requests", map[string]string{"role": "editor", "message": "for the\nplan"}), nil)
		}
		wish()
		run("for the plan", "request", "list", d.ID)
		run("is declined", "request", "decline", d.ID, "mara@example.org")
		refused("answered already", "request", "accept", d.ID, "mara@example.org")
		wish()
		run("Mara Member has access now", "request", "accept", d.ID, "mara@example.org", "--role", "viewer")
		sees(mara, "viewer")
		run("has no role", "document", "unshare", d.ID, "mara@example.org")
	})
	t.Run("[S8] share links, and a new address lets those go who came by the old one", func(t *testing.T) {
		password := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(password, []byte("knock\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		address := strings.TrimSpace(run("https://docs.example.org/s#", "link", "add", d.ID, "--role", "editor", "--life", "24h"))
		table := run(address, "link", "list", d.ID)
		id := lastWord(table)
		guest := browse(t, program)
		guest.want(http.StatusOK, guest.open(t, address), nil)
		sees(guest, "editor")
		run("is changed", "link", "change", d.ID, id, "--role", "commenter", "--forever")
		sees(guest, "commenter")
		ear := guest.socket(program, d.ID)
		ear.wait(`"welcome"`)
		fresh := strings.TrimSpace(run("https://docs.example.org/s#", "link", "rotate", d.ID, id))
		if code := ear.over(); code != 4503 {
			t.Errorf("the guest's connection closed with %d", code)
		}
		sees(guest, "")
		guest.problem(http.StatusNotFound, "invalid_link", guest.open(t, address))
		guest.want(http.StatusOK, guest.open(t, fresh), nil)
		sees(guest, "commenter")
		refused("ended already", "link", "rotate", d.ID, id)
		id = lastWord(run(fresh, "link", "list", d.ID))
		run("is changed", "link", "change", d.ID, id, "--password-file", password)
		sees(guest, "")
		guest.problem(http.StatusForbidden, "link_password", guest.open(t, fresh))
		run("is changed", "link", "change", d.ID, id, "--no-password")
		guest.want(http.StatusOK, guest.open(t, fresh), nil)
		run("signs from now on", "key", "rotate", "share-link-key", "--alone")
		guest.problem(http.StatusNotFound, "invalid_link", guest.open(t, fresh))
		id = lastWord(run("link rotate gives it another", "link", "list", d.ID))
		fresh = strings.TrimSpace(run("https://docs.example.org/s#", "link", "rotate", d.ID, id))
		guest.want(http.StatusOK, guest.open(t, fresh), nil)
		id = lastWord(run(fresh, "link", "list", d.ID))
		run("The link has ended", "link", "remove", d.ID, id)
		guest.problem(http.StatusNotFound, "invalid_link", guest.open(t, fresh))
		if out := run("ROLE", "link", "list", d.ID); strings.Contains(out, "/s#") {
			t.Errorf("there is %s", out)
		}
	})
	t.Run("accounts, the server, and what the audit log has of a person and of a document", func(t *testing.T) {
		run("is an administrator now", "user", "standing", "mara@example.org", "admin")
		run("is a member now", "user", "standing", "mara@example.org", "member")
		refused("last owner", "user", "standing", "ada@example.org", "admin")
		run("is changed", "user", "change", "mara@example.org", "--name", "Mara M.", "--mail", "mara.m@example.org")
		run("ISSUER", "user", "identities", "mara.m@example.org")
		refused("has no such identity", "user", "unlink", "mara.m@example.org", is.ID)
		mara.issue("/api/me/tokens", map[string]any{"name": "bot", "role": "viewer"})
		run("Their API tokens go on", "user", "signout", "mara.m@example.org")
		run("their API tokens have ended", "user", "signout", "mara.m@example.org", "--tokens")
		run("Hand over this link", "invite", "nils@example.org", "--group", "Authors")
		run("documents in memory", "overview")
		run("Plan", "document", "list", "pla", "--sort", "size")
		out := run("user.changed", "audit", "--person", "mara.m@example.org")
		if !strings.Contains(out, "request.created") || strings.Contains(out, "key.rotated") {
			t.Errorf("about her the audit log has %s", out)
		}
		out = run("link.rotated", "audit", "--document", d.ID)
		if strings.Contains(out, "user.changed") {
			t.Errorf("about the document the audit log has %s", out)
		}
		if got := run("", "audit", "--document", is.ID); got != "" {
			t.Errorf("about another: %s", got)
		}
		refused("person is an id", "audit", "--person", "mara")
		refused("no account has the mail address", "audit", "--person", "nobody@example.org")
	})
}
