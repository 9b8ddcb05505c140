package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/server"
)

func TestAdministration(t *testing.T) {
	config := memberConfig(t)
	config.Settings = []server.Setting{{Name: "--listen", Value: "127.0.0.1:0", Source: "flag"}}
	program := start(t, config)
	owner, _ := setUp(t, program)
	admin, adminIs := owner.join(program, "Adam Admin", "admin")
	mara, maraIs := owner.join(program, "Mara Member", "member")
	small, large := mara.create("Small", "x"), mara.create("Large", strings.Repeat("long ", 1000))

	var overview struct {
		People, Connections int
		Access, Storage     string
	}
	admin.want(http.StatusOK, admin.send("GET", "/api/admin/overview", nil), &overview)
	if overview.People != 3 || overview.Access != "link" || overview.Storage != "ready" {
		t.Errorf("overview: %+v", overview)
	}
	var settings struct{ Settings []server.Setting }
	admin.want(http.StatusOK, admin.send("GET", "/api/admin/settings", nil), &settings)
	if len(settings.Settings) != 1 || settings.Settings[0] != config.Settings[0] {
		t.Errorf("settings: %+v", settings)
	}
	var connections struct{ Connections []struct{ Kind string } }
	admin.want(http.StatusOK, admin.send("GET", "/api/admin/connections", nil), &connections)
	if connections.Connections == nil || len(connections.Connections) != 0 {
		t.Errorf("connections: %+v", connections)
	}

	type row struct {
		ID, Title string
		Bytes     int64
		Owner     *person
	}
	var list struct{ Documents []row }
	titles := func(query string) string {
		t.Helper()
		list.Documents = nil
		admin.want(http.StatusOK, admin.send("GET", "/api/admin/documents"+query, nil), &list)
		var all []string
		for _, d := range list.Documents {
			all = append(all, d.Title)
		}
		return strings.Join(all, ",")
	}
	if got := titles("?sort=size"); got != "Large,Small" || list.Documents[0].Bytes < 5000 || list.Documents[0].Owner == nil || list.Documents[0].Owner.ID != maraIs.ID {
		t.Errorf("by size: %s, %+v", got, list.Documents)
	}
	mara.insert(small.ID, "newer ")
	if got := titles("?sort=activity"); got != "Small,Large" {
		t.Errorf("by activity: %s", got)
	}
	take := func(b *browser, id string, body any) answer {
		return b.send("POST", "/api/admin/documents/"+id+"/owner", body)
	}
	t.Run("an administrator takes over what nobody owns, an owner also the rest", func(t *testing.T) {
		admin.problem(http.StatusConflict, "owned", take(admin, small.ID, nil))
		mara.problem(http.StatusForbidden, "forbidden", take(mara, small.ID, nil))
		owner.want(http.StatusNoContent, take(owner, small.ID, nil), nil)
		var d documentView
		owner.want(http.StatusOK, owner.send("GET", "/api/documents/"+small.ID, nil), &d)
		if d.Role != "owner" {
			t.Errorf("the new owner is %s", d.Role)
		}
		mara.want(http.StatusOK, mara.send("GET", "/api/documents/"+small.ID, nil), &d)
		if d.Role != "editor" {
			t.Errorf("who owned it is %s", d.Role)
		}
		if got := titles("?ownerless=true"); got != "" {
			t.Errorf("without owner: %s", got)
		}
		owner.want(http.StatusNoContent, owner.send("DELETE", "/api/users/"+maraIs.ID, nil), nil)
		if got := titles("?ownerless=true"); got != "Large" {
			t.Errorf("without owner: %s", got)
		}
		admin.problem(http.StatusNotFound, "user_not_found", take(admin, large.ID, map[string]string{"user": maraIs.ID}))
		admin.want(http.StatusNoContent, take(admin, large.ID, map[string]string{"user": adminIs.ID}), nil)
		if lines := owner.audit("?action=document.taken&actor=" + adminIs.ID); len(lines) != 1 || lines[0].Document != large.ID || lines[0].Name != "Adam Admin" {
			t.Errorf("the audit log: %+v", lines)
		}
	})
	t.Run("the audit log filters, pages and is exported", func(t *testing.T) {
		if lines := owner.audit("?outcome=denied&action=route."); len(lines) == 0 || lines[0].Outcome != "denied" {
			t.Errorf("denials: %+v", lines)
		}
		var page struct {
			Entries []auditLine
			Next    *int64
		}
		owner.want(http.StatusOK, owner.send("GET", "/api/admin/audit?limit=2", nil), &page)
		if len(page.Entries) != 2 || page.Next == nil {
			t.Errorf("a page: %+v", page)
		}
		owner.problem(http.StatusBadRequest, "invalid_request", owner.send("GET", "/api/admin/audit?actor=x", nil))
		owner.problem(http.StatusBadRequest, "invalid_request", owner.send("GET", "/api/admin/audit?from=yesterday", nil))
		lines := strings.Split(strings.TrimSpace(string(owner.send("GET", "/api/admin/audit/export", nil).body)), "\n")
		for _, line := range lines {
			if !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
		a := owner.send("GET", "/api/admin/audit/export?format=csv", nil)
		rows, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
		if err != nil || len(rows) < len(lines) || rows[0][0] != "seq" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") {
			t.Errorf("%d rows, %d lines, %v", len(rows), len(lines), err)
		}
	})
	t.Run("the server's own keys are an owner's to rotate", func(t *testing.T) {
		owner.want(http.StatusOK, owner.send("POST", "/api/admin/keys/guest-cookie-key/rotate", nil), nil)
		owner.problem(http.StatusNotFound, "key_not_found", owner.send("POST", "/api/admin/keys/nonsense/rotate", nil))
		admin.problem(http.StatusForbidden, "forbidden", admin.send("POST", "/api/admin/keys/guest-cookie-key/rotate", nil))
	})
	t.Run("a name is no formula in a spreadsheet", func(t *testing.T) {
		owner.want(http.StatusOK, owner.send("PATCH", "/api/me", map[string]string{"name": "=HYPERLINK(1)"}), nil)
		if body := string(owner.send("GET", "/api/admin/audit/export?format=csv", nil).body); strings.Contains(body, ",=HYPER") || !strings.Contains(body, "'=HYPER") {
			t.Error("the export has a formula")
		}
	})
}

func TestPeopleByCommand(t *testing.T) {
	dir := t.TempDir()
	passwordFile := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(passwordFile, []byte(goodPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(words string, args ...string) string {
		t.Helper()
		out, code := coscribe(t, append(args, "--data", dir)...)
		if code != 0 || !strings.Contains(out, words) {
			t.Fatalf("coscribe %v: exit %d, without %q: %s", args, code, words, out)
		}
		return out
	}
	// Before the first start: without a server.
	run("Olga has an account now, as owner", "user", "add", "olga@example.org", "--name", "Olga", "--standing", "owner", "--password-file", passwordFile)
	if out, code := coscribe(t, "user", "add", "olga@example.org", "--name", "Olga", "--data", dir); code == 0 || !strings.Contains(out, "Another account has this mail address") {
		t.Errorf("twice: %d %s", code, out)
	}
	config := memberConfig(t)
	config.Data = dir
	program := start(t, config)
	if link, err := program.SetupLink(t.Context()); err != nil || link != "" {
		t.Errorf("a setup link beside an owner: %q, %v", link, err)
	}
	olga := browse(t, program)
	olga.want(http.StatusOK, olga.signIn("olga@example.org", goodPassword), nil)
	// And while it runs.
	out := run("Hand over this link", "invite", "mara@example.org")
	link := out[strings.Index(out, "http"):]
	mara := browse(t, program)
	mara.want(http.StatusOK, mara.send("POST", "/api/invitations/accept", map[string]string{"secret": secretIn(t, strings.TrimSpace(link)), "name": "Mara", "password": goodPassword}), nil)
	run("mara@example.org", "user", "list")
	run("is suspended", "user", "suspend", "mara@example.org")
	mara.problem(http.StatusUnauthorized, "unauthorized", mara.send("GET", "/api/me", nil))
	run("may sign in again", "user", "resume", "mara@example.org")
	run("/reset#", "user", "reset", "mara@example.org")
	run("owns the server", "user", "owner", "mara@example.org")
	t.Run("groups, invitations, tokens, documents, connections and settings", func(t *testing.T) {
		run("There is a group Writers", "group", "add", "Writers", "--external", "team-writers")
		run("team-writers", "group", "list")
		run("Mara is now in Writers", "group", "join", "Writers", "mara@example.org")
		run("mara@example.org", "group", "list", "Writers")
		run("Mara is no longer in Writers", "group", "leave", "Writers", "mara@example.org")
		run("is deleted", "group", "remove", "Writers")
		run("Hand over this link", "invite", "nils@example.org")
		run("The invitation is withdrawn", "invitation", "withdraw", lastWord(run("nils@example.org", "invitation", "list")))
		if out := run("MAIL", "invitation", "list"); strings.Contains(out, "nils") {
			t.Errorf("after it was withdrawn: %s", out)
		}
		token := lastWord(run("cst_", "token", "add", "Importer", "--role", "viewer", "--life", "1h"))
		bearer := []string{"Authorization", "Bearer " + token}
		importer := browse(t, program)
		importer.want(http.StatusOK, importer.send("GET", "/api/documents", nil, bearer...), nil)
		run("is revoked", "token", "revoke", lastWord(run("Importer", "token", "list")))
		importer.problem(http.StatusUnauthorized, "unauthorized", importer.send("GET", "/api/documents", nil, bearer...))
		id := olga.create("Plan", "text").ID
		run("Plan", "document", "list", "--sort", "size")
		if out := run("TITLE", "document", "list", "--ownerless"); strings.Contains(out, "Plan") {
			t.Errorf("without an owner: %s", out)
		}
		run("Mara owns the document", "document", "owner", id, "mara@example.org")
		var access struct{ Mine string }
		olga.want(http.StatusOK, olga.send("GET", "/api/documents/"+id+"/access", nil), &access)
		if access.Mine != "editor" {
			t.Errorf("who owned it is %q", access.Mine)
		}
		run("document.taken", "audit", "--action", "document.taken")
		run("WHO", "connections")
		run("OPTION", "settings")
		stopped := t.TempDir()
		if out, code := coscribe(t, "user", "add", "olga@example.org", "--name", "Olga", "--data", stopped); code != 0 {
			t.Fatalf("exit %d: %s", code, out)
		}
		for _, command := range []string{"connections", "settings"} {
			if out, code := coscribe(t, command, "--data", stopped); code == 0 || !strings.Contains(out, "no server runs") {
				t.Errorf("%s without a server: %d %s", command, code, out)
			}
		}
	})
	run("is erased", "user", "erase", "mara@example.org")
	if out, code := coscribe(t, "user", "suspend", "olga@example.org", "--data", dir); code == 0 || !strings.Contains(out, "last owner") {
		t.Errorf("the last owner: %d %s", code, out)
	}
	run("number 2 signs", "key", "rotate", "guest-cookie-key")
	if out := run("user.erased", "audit"); strings.Contains(out, "mara@example.org") {
		t.Errorf("the audit log names who was erased: %s", out)
	}
	run("action,outcome", "audit", "--format", "csv", "--action", "login.")
	if out := run("user.created", "audit", "--action", "user"); out != run("user.created", "audit", "--action", "user.") {
		t.Errorf("a noun without its dot: %s", out)
	}
	if out, code := coscribe(t, "user", "suspend", "nobody@example.org", "--data", dir); code == 0 || !strings.Contains(out, "coscribe user list") {
		t.Errorf("nobody: %d %s", code, out)
	}
}

func lastWord(text string) string {
	words := strings.Fields(text)
	return words[len(words)-1]
}

func TestCommandsMakeNoDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mistyped")
	for _, args := range [][]string{{"user", "list"}, {"overview"}, {"audit"}, {"invite"}, {"token", "add", "Importer"}, {"key", "rotate", "browser-key"}} {
		out, code := coscribe(t, append(args, "--data", dir)...)
		if code != 1 || !strings.Contains(out, "name the server's data directory with --data") || strings.Contains(out, "WHAT") {
			t.Errorf("coscribe %v: exit %d: %s", args, code, out)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory was made, %v", err)
	}
}
