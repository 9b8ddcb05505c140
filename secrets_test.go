package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Every kind of secret goes through every route, where it belongs and where it
// does not; none comes out of a log, a metric or an error, and none is in the
// files of the data directory.
func TestSecretsStayInside(t *testing.T) {
	log := new(logbook)
	config := memberConfig(t)
	config.Log, config.LogLevel = log, "debug"
	program, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceValue(program.Close)
	defer func() { _ = stop() }()

	// What must stay inside, by what it is.
	secrets := map[string]string{"a password": goodPassword, "a wrong password": "wrong horse battery", "a link's password": "hunter2-of-link", "a new password": "another umbrella stand"}
	setup, err := program.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	secrets["a setup link"] = secretIn(t, setup)
	owner := browse(t, program)
	owner.want(http.StatusOK, owner.send("POST", "/api/setup", map[string]string{"secret": secrets["a setup link"], "name": "Olga Owner", "mail": "olga.canary@example.org", "password": goodPassword}), nil)
	secrets["a login"] = loginCookie(t, owner)
	var made struct{ ID, URL string }
	owner.want(http.StatusCreated, owner.send("POST", "/api/invitations", map[string]string{"mail": "mara.canary@example.org"}), &made)
	secrets["an invitation"] = secretIn(t, made.URL)
	mara := browse(t, program)
	var is meView
	mara.want(http.StatusOK, mara.send("POST", "/api/invitations/accept", map[string]string{"secret": secrets["an invitation"], "name": "Mara", "mail": "mara.canary@example.org", "password": goodPassword}), &is)
	owner.want(http.StatusCreated, owner.send("POST", "/api/users/"+is.ID+"/reset", nil), &made)
	secrets["a reset"] = secretIn(t, made.URL)
	owner.want(http.StatusCreated, owner.send("POST", "/api/invitations", map[string]string{}), &made)
	secrets["an invitation nobody took"] = secretIn(t, made.URL)
	personal, service := owner.issue("/api/me/tokens", map[string]any{"name": "mine", "role": "owner", "admin": true}), owner.issue("/api/tokens", map[string]any{"name": "wiki", "role": "viewer"})
	secrets["a personal token"], secrets["a service token"] = personal.Token, service.Token
	d := owner.create("Canary", "text")
	link := owner.link(d.ID, map[string]any{"role": "editor", "password": secrets["a link's password"]})
	secrets["a share link"] = secretIn(t, link.URL)
	guest := browse(t, program)
	guest.want(http.StatusOK, guest.send("POST", "/api/links/open", map[string]string{"secret": secrets["a share link"], "password": secrets["a link's password"]}), nil)
	at, err := url.Parse(program.URL())
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range append(guest.http.Jar.Cookies(at), owner.http.Jar.Cookies(at)...) {
		if cookie.Value != secrets["a login"] {
			secrets["the cookie "+cookie.Name] = cookie.Value
		}
	}
	secrets["a signed token"] = "eyJhbGciOiJIUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"canary"}`)) + ".Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"
	if len(secrets) < 15 {
		t.Fatalf("only %d secrets", len(secrets))
	}
	mails := map[string]string{"the owner's mail": "olga.canary@example.org", "a member's mail": "mara.canary@example.org"}

	var description struct {
		Paths map[string]map[string]json.RawMessage
	}
	owner.want(http.StatusOK, owner.send("GET", "/api/openapi.json", nil), &description)
	for path, methods := range description.Paths {
		for method := range methods {
			for what, secret := range secrets {
				route := path
				for strings.Contains(route, "{") {
					before, rest, _ := strings.Cut(route, "{")
					_, after, _ := strings.Cut(rest, "}")
					route = before + url.PathEscape(secret) + after
				}
				body := map[string]any{"secret": secret, "password": secret, "current": secret, "new": secret, "token": secret, "mail": secret, "kind": "reset", "role": secret, "title": 7, "name": secret, "user": secret}
				stranger := browse(t, program)
				answers := []answer{
					stranger.send(strings.ToUpper(method), route+"?token="+url.QueryEscape(secret), body, "Authorization", "Bearer "+secret+"x"),
					stranger.send(strings.ToUpper(method), route, nil, "Authorization", "Basic "+secret, "Cookie", "coscribe="+secret+"x; coscribe_guest="+secret+"x; coscribe_known="+secret),
				}
				if method == "get" && !strings.HasSuffix(path, "/events") {
					answers = append(answers, mara.send("GET", route+"?cursor="+url.QueryEscape(secret)+"&revision=x&limit="+url.QueryEscape(secret), nil))
				}
				for _, a := range answers {
					if a.status >= 400 && (bytes.Contains(a.body, []byte(secret)) || strings.Contains(strings.Join(a.header.Values("Location"), ""), secret)) {
						t.Errorf("[ASVS 16.5.1] %s %s tells %s: %s", method, path, what, a.body)
					}
				}
			}
		}
	}
	mara.signIn("mara.canary@example.org", secrets["a wrong password"])
	mara.want(http.StatusNoContent, mara.send("POST", "/api/me/password", map[string]string{"current": goodPassword, "new": secrets["a new password"]}), nil)

	response, err := http.Get("http://" + program.metricsAt.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	var audit bytes.Buffer
	for _, line := range owner.audit("?limit=1000") {
		audit.WriteString(jsonText(t, line))
	}
	if audit.Len() == 0 {
		t.Fatal("the audit log is empty")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	logged := log.bytes()
	if !bytes.Contains(logged, []byte("DEBUG")) {
		t.Fatalf("no log at the level debug: %d bytes", len(logged))
	}
	var files bytes.Buffer
	_ = filepath.WalkDir(config.Data, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
			}
			files.Write(content)
		}
		return nil
	})
	digest := sha256.Sum256([]byte(secrets["an invitation nobody took"]))
	if !bytes.Contains(files.Bytes(), digest[:]) || !bytes.Contains(files.Bytes(), []byte("olga.canary@example.org")) {
		t.Fatal("the files are not those of this server")
	}
	for what, secret := range secrets {
		for place, content := range map[string][]byte{"[ASVS 16.2.5] the log": logged, "[ASVS 16.2.5] the metrics": metrics, "[ASVS 16.2.5] the audit log": audit.Bytes(), "[ASVS 11.4.2] the data directory": files.Bytes()} {
			if found := bytes.Index(content, []byte(secret)); found >= 0 {
				t.Errorf("%s holds %s: …%q", place, what, content[max(0, found-100):min(len(content), found+len(secret)+20)])
			}
		}
		if raw, err := base64.RawURLEncoding.DecodeString(secret); err == nil && len(raw) >= 16 && bytes.Contains(files.Bytes(), raw) {
			t.Errorf("[ASVS 11.4.2] the data directory holds %s as bytes", what)
		}
	}
	for what, mail := range mails {
		for place, content := range map[string][]byte{"the log": logged, "the metrics": metrics, "the audit log": audit.Bytes()} {
			if bytes.Contains(content, []byte(mail)) {
				t.Errorf("[ASVS 16.2.5] %s holds %s", place, what)
			}
		}
	}
}
