package main

import (
	"net/http"
	"strings"
	"testing"
)

type identityLine struct {
	ID, Issuer, Subject string
	Usable              bool
}

func (b *browser) identities(path string) []identityLine {
	b.t.Helper()
	var list struct{ Identities []identityLine }
	b.want(http.StatusOK, b.send("GET", path, nil), &list)
	return list.Identities
}

func TestIdentities(t *testing.T) {
	p := startProvider(t)
	program, ada := federated(t, p, nil)
	federate := func(subject string) *browser {
		b := browse(t, program)
		p.person(subject, subject+"@example.org")
		b.federate("")
		return b
	}
	t.Run("one's own are listed, and the last way to sign in stays", func(t *testing.T) {
		ben := federate("ben")
		list := ben.identities("/api/me/identities")
		if len(list) != 1 || list[0].Issuer != p.Issuer() || list[0].Subject != "ben" || !list[0].Usable {
			t.Fatalf("they are %+v", list)
		}
		ben.problem(http.StatusConflict, "last_way_in", ben.send("DELETE", "/api/me/identities/"+list[0].ID, nil))
		if again := federate("ben"); again.me().ID != ben.me().ID {
			t.Error("the refusal unlinked it all the same")
		}
		ada.problem(http.StatusConflict, "last_way_in", ada.send("DELETE", "/api/users/"+ben.me().ID+"/identities/"+list[0].ID, nil))
	})
	t.Run("with a password it can be unlinked: its logins end, and it is somebody else's from then on", func(t *testing.T) {
		cleo := federate("cleo")
		me := cleo.me()
		var reset struct{ URL string }
		ada.want(http.StatusCreated, ada.send("POST", "/api/users/"+me.ID+"/reset", nil), &reset)
		cleo.want(http.StatusOK, cleo.send("POST", "/api/reset", map[string]string{"secret": secretIn(t, reset.URL), "password": goodPassword}), nil)
		elsewhere := federate("cleo")
		id := cleo.identities("/api/me/identities")[0].ID
		cleo.want(http.StatusNoContent, cleo.send("DELETE", "/api/me/identities/"+id, nil), nil)
		if cleo.me().ID != me.ID || elsewhere.me().ID != "" {
			t.Errorf("[S8] the browser that unlinked it is %+v, another is %+v", cleo.me(), elsewhere.me())
		}
		cleo.problem(http.StatusNotFound, "identity_not_found", cleo.send("DELETE", "/api/me/identities/"+id, nil))
		if lines := ada.audit("?action=identity.unlinked&person=" + me.ID); len(lines) != 1 || lines[0].Actor != me.ID || strings.Contains(lines[0].Detail, "cleo") {
			t.Errorf("the audit log has %+v", lines)
		}
		p.person("cleo", "another@example.org")
		fresh := browse(t, program)
		fresh.federate("")
		if is := fresh.me(); is.ID == me.ID || is.ID == "" {
			t.Errorf("the identity signs in as %+v", is)
		}
	})
	t.Run("[ASVS 8.2.2] an administrator unlinks a member's, nobody another's", func(t *testing.T) {
		dan, eve := federate("dan"), federate("eve")
		id := dan.identities("/api/me/identities")[0].ID
		eve.problem(http.StatusNotFound, "identity_not_found", eve.send("DELETE", "/api/me/identities/"+id, nil))
		eve.problem(http.StatusForbidden, "forbidden", eve.send("GET", "/api/users/"+dan.me().ID+"/identities", nil))
		if list := ada.identities("/api/users/" + dan.me().ID + "/identities"); len(list) != 1 || list[0].ID != id {
			t.Errorf("an administrator sees %+v", list)
		}
		var reset struct{ URL string }
		ada.want(http.StatusCreated, ada.send("POST", "/api/users/"+dan.me().ID+"/reset", nil), &reset)
		dan.want(http.StatusOK, dan.send("POST", "/api/reset", map[string]string{"secret": secretIn(t, reset.URL), "password": goodPassword}), nil)
		admin, _ := ada.join(program, "Adam Admin", "admin")
		ada.want(http.StatusOK, ada.send("PATCH", "/api/users/"+dan.me().ID, map[string]string{"standing": "owner"}), nil)
		admin.problem(http.StatusForbidden, "forbidden", admin.send("DELETE", "/api/users/"+dan.me().ID+"/identities/"+id, nil))
		ada.want(http.StatusNoContent, ada.send("DELETE", "/api/users/"+dan.me().ID+"/identities/"+id, nil), nil)
	})
}
