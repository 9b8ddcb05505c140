package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/gorilla/websocket"
)

const ownerPassword = "violin harbour quartz meadow"

// owned is a server with an owner, who is signed in at the browser.
func owned(t *testing.T, change func(*Config)) (*Program, *browser) {
	t.Helper()
	config := testConfig(t)
	config.Access, config.OwnerMail, config.OwnerName = "link", "ada@example.org", "Ada"
	config.OwnerPasswordFile = filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(config.OwnerPasswordFile, []byte(ownerPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&config)
	}
	program := start(t, config)
	ada := browse(t, program)
	ada.want(http.StatusOK, ada.send("POST", "/api/signin", map[string]string{"mail": config.OwnerMail, "password": ownerPassword}), nil)
	return program, ada
}

type tokenAnswer struct {
	ID, Token, User string
	UsedAt          *time.Time
}

// issue makes a token by a route.
func (b *browser) issue(path string, draft map[string]any) tokenAnswer {
	b.t.Helper()
	var made tokenAnswer
	b.want(http.StatusCreated, b.send("POST", path, draft), &made)
	if !strings.HasPrefix(made.Token, "cst_") || len(made.Token) < 40 {
		b.t.Fatalf("the token %q is not one that a scanner would find", made.Token)
	}
	return made
}

func TestTokens(t *testing.T) {
	program, ada := owned(t, nil)
	one, two := ada.create("One", "first text"), ada.create("Two", "second text")
	anyone := browse(t, program)
	as := func(token string) []string { return []string{"Authorization", "Bearer " + token} }

	t.Run("a personal token has its account's rights, at most with its role", func(t *testing.T) {
		reader := ada.issue("/api/me/tokens", map[string]any{"name": "reader", "role": "viewer"})
		var seen struct{ Role string }
		anyone.want(http.StatusOK, anyone.send("GET", "/api/documents/"+one.ID, nil, as(reader.Token)...), &seen)
		if seen.Role != "viewer" {
			t.Errorf("the role is %q", seen.Role)
		}
		anyone.want(http.StatusForbidden, anyone.send("PATCH", "/api/documents/"+one.ID, map[string]string{"title": "x"}, as(reader.Token)...), nil)
		anyone.want(http.StatusForbidden, anyone.send("POST", "/api/documents", map[string]string{"title": "x"}, as(reader.Token)...), nil)
		writer := ada.issue("/api/me/tokens", map[string]any{"name": "writer", "role": "editor"})
		anyone.want(http.StatusOK, anyone.send("PATCH", "/api/documents/"+one.ID, map[string]string{"title": "Renamed"}, as(writer.Token)...), nil)
		anyone.want(http.StatusCreated, anyone.send("POST", "/api/documents", map[string]string{"title": "By token"}, as(writer.Token)...), nil)
	})
	t.Run("a token for one document knows no other, and nothing of the server", func(t *testing.T) {
		narrow := ada.issue("/api/me/tokens", map[string]any{"name": "narrow", "role": "owner", "document": two.ID})
		anyone.want(http.StatusOK, anyone.send("GET", "/api/documents/"+two.ID, nil, as(narrow.Token)...), nil)
		anyone.want(http.StatusNotFound, anyone.send("GET", "/api/documents/"+one.ID, nil, as(narrow.Token)...), nil)
		var list struct{ Documents []struct{ ID string } }
		anyone.want(http.StatusOK, anyone.send("GET", "/api/documents", nil, as(narrow.Token)...), &list)
		if len(list.Documents) != 1 || list.Documents[0].ID != two.ID {
			t.Errorf("it lists %+v", list.Documents)
		}
		for _, path := range []string{"/api/people?query=a", "/api/users", "/api/tokens", "/api/me/tokens", "/api/me/logins"} {
			if a := anyone.send("GET", path, nil, as(narrow.Token)...); a.status != http.StatusForbidden {
				t.Errorf("GET %s: %d", path, a.status)
			}
		}
		anyone.want(http.StatusForbidden, anyone.send("POST", "/api/documents", map[string]string{"title": "x"}, as(narrow.Token)...), nil)
	})
	t.Run("[ASVS 8.2.1] a token cannot make tokens, nor change what an account hangs on", func(t *testing.T) {
		strong := ada.issue("/api/me/tokens", map[string]any{"name": "strong", "role": "owner", "admin": true})
		anyone.want(http.StatusOK, anyone.send("GET", "/api/users", nil, as(strong.Token)...), nil)
		for path, body := range map[string]any{
			"/api/me/tokens": map[string]any{"name": "more", "role": "owner"}, "/api/tokens": map[string]any{"name": "more", "role": "owner"},
			"/api/me/password": map[string]any{"current": ownerPassword, "new": "another long password"},
		} {
			anyone.problem(http.StatusForbidden, "login_needed", anyone.send("POST", path, body, as(strong.Token)...))
		}
		anyone.problem(http.StatusForbidden, "login_needed", anyone.send("PATCH", "/api/me", map[string]any{"mail": "evil@example.org"}, as(strong.Token)...))
		plain := ada.issue("/api/me/tokens", map[string]any{"name": "plain", "role": "owner"})
		anyone.want(http.StatusForbidden, anyone.send("GET", "/api/users", nil, as(plain.Token)...), nil)
	})
	t.Run("a service token has an account of its own, with which documents are shared", func(t *testing.T) {
		service := ada.issue("/api/tokens", map[string]any{"name": "Wiki", "role": "editor"})
		anyone.want(http.StatusNotFound, anyone.send("GET", "/api/documents/"+one.ID, nil, as(service.Token)...), nil)
		second := ada.issue("/api/tokens", map[string]any{"name": "Wiki, new", "role": "editor", "user": service.User})
		if second.User != service.User {
			t.Error("the second token is another account's")
		}
		var me struct{ ID string }
		ada.want(http.StatusOK, ada.send("GET", "/api/me", nil), &me)
		ada.problem(http.StatusNotFound, "integration_not_found", ada.send("POST", "/api/tokens", map[string]any{"name": "thief", "role": "owner", "user": me.ID}))
	})
	t.Run("a token is shown once, and its uses to the minute", func(t *testing.T) {
		made := ada.issue("/api/me/tokens", map[string]any{"name": "seen", "role": "viewer"})
		anyone.want(http.StatusOK, anyone.send("GET", "/api/me", nil, as(made.Token)...), nil)
		list := ada.send("GET", "/api/me/tokens", nil)
		if strings.Contains(string(list.body), made.Token[4:20]) {
			t.Error("the list shows the token")
		}
		var tokens struct{ Tokens []tokenAnswer }
		ada.want(http.StatusOK, list, &tokens)
		for _, token := range tokens.Tokens {
			if token.ID == made.ID && (token.UsedAt == nil || token.UsedAt.Second() != 0) {
				t.Errorf("used at %v", token.UsedAt)
			}
		}
	})
	t.Run("[S8] a revoked token is worth nothing", func(t *testing.T) {
		made := ada.issue("/api/me/tokens", map[string]any{"name": "gone", "role": "owner"})
		anyone.want(http.StatusOK, anyone.send("GET", "/api/documents/"+one.ID, nil, as(made.Token)...), nil)
		ada.want(http.StatusNoContent, ada.send("DELETE", "/api/me/tokens/"+made.ID, nil), nil)
		anyone.want(http.StatusUnauthorized, anyone.send("GET", "/api/documents/"+one.ID, nil, as(made.Token)...), nil)
		ada.problem(http.StatusNotFound, "token_not_found", ada.send("DELETE", "/api/me/tokens/"+made.ID, nil))
		if lines := ada.audit("?action=token.denied"); len(lines) == 0 || lines[0].Outcome != "denied" || lines[0].Address == "" {
			t.Errorf("the audit log has %+v", lines)
		}
	})
	t.Run("drafts that make no sense are refused", func(t *testing.T) {
		for _, draft := range []map[string]any{
			{"name": "", "role": "viewer"}, {"name": "x", "role": "none"}, {"name": "x", "role": "king"}, {"name": "x", "role": "viewer", "expiresAt": "2020-01-01T00:00:00Z"},
			{"name": "x", "role": "viewer", "document": one.ID, "admin": true}, {"name": "x"},
		} {
			if a := ada.send("POST", "/api/me/tokens", draft); a.status != http.StatusBadRequest {
				t.Errorf("%v: %d", draft, a.status)
			}
		}
		ada.want(http.StatusNotFound, ada.send("POST", "/api/me/tokens", map[string]any{"name": "x", "role": "viewer", "document": "0190f5fe-7c00-7a00-8000-00000000abcd"}), nil)
	})
	t.Run("[ASVS 7.2.1] what only looks like a token is none", func(t *testing.T) {
		for _, token := range []string{"cst_", "cst_x", "cst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "CST_x"} {
			anyone.want(http.StatusUnauthorized, anyone.send("GET", "/api/documents", nil, as(token)...), nil)
		}
	})
}

// attach opens a document's socket, with a token in its hello, or as bearer.
func attach(t *testing.T, program *Program, document, token string, bearer bool) (*websocket.Conn, protocol.Welcome, error) {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{protocol.Subprotocol}, HandshakeTimeout: patience}
	header, hello := http.Header{}, protocol.Hello{Protocol: 1, Token: token}
	if bearer {
		header.Set("Authorization", "Bearer "+token)
		hello.Token = ""
	}
	conn, _, err := dialer.DialContext(t.Context(), strings.Replace(program.URL(), "http", "ws", 1)+"/api/documents/"+document+"/socket", header)
	if err != nil {
		return nil, protocol.Welcome{}, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.WriteMessage(websocket.TextMessage, protocol.AppendClient(nil, hello)); err != nil {
		return nil, protocol.Welcome{}, err
	}
	messages, err := receive(conn)
	if err != nil {
		return nil, protocol.Welcome{}, err
	}
	welcome, ok := messages[0].(protocol.Welcome)
	if !ok {
		return nil, welcome, errors.New("the first message is no welcome")
	}
	return conn, welcome, nil
}

// ends reads until the connection closes, and returns the code.
func ends(t *testing.T, conn *websocket.Conn) int {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for {
		_, _, err := conn.ReadMessage()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			return closed.Code
		}
		if err != nil {
			t.Fatalf("it ended by %v", err)
		}
	}
}

func TestTokensOnSockets(t *testing.T) {
	secret := make([]byte, 32)
	keys := filepath.Join(t.TempDir(), "keys.json")
	program, ada := owned(t, func(c *Config) {
		content, err := json.Marshal(map[string]any{"issuer": "wiki", "keys": []map[string]string{{"kid": "1", "kty": "oct", "k": base64.RawURLEncoding.EncodeToString(secret)}}})
		if err = errors.Join(err, os.WriteFile(keys, content, 0o600)); err != nil {
			t.Fatal(err)
		}
		c.EmbedKeys = []string{keys}
	})
	document, other := ada.create("One", "first text"), ada.create("Two", "second text")
	embed := func(id string, life time.Duration) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, nil)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		token, err := jwt.Signed(signer).Claims(map[string]any{
			"iss": "wiki", "aud": "coscribe", "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(life).Unix(), "document": id, "role": "viewer", "user": map[string]string{"id": "7", "name": "Guest of the wiki"},
		}).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for _, bearer := range []bool{false, true} {
		t.Run(map[bool]string{false: "in hello", true: "as bearer"}[bearer], func(t *testing.T) {
			t.Run("[S8] what is open by a token ends when that is revoked", func(t *testing.T) {
				made := ada.issue("/api/me/tokens", map[string]any{"name": "bot", "role": "commenter"})
				conn, welcome, err := attach(t, program, document.ID, made.Token, bearer)
				if err != nil || welcome.Role != protocol.RoleCommenter || welcome.User.Name != "Ada" {
					t.Fatalf("%+v, %v", welcome, err)
				}
				ada.want(http.StatusNoContent, ada.send("DELETE", "/api/me/tokens/"+made.ID, nil), nil)
				if code := ends(t, conn); code != 4501 {
					t.Errorf("it closed with %d", code)
				}
				if _, _, err := attach(t, program, document.ID, made.Token, bearer); err == nil {
					t.Error("it opens again")
				}
			})
			t.Run("[S8] what is open by a signed token ends with that, as one to be renewed", func(t *testing.T) {
				// Two seconds, with the skew; more on a machine that does not come in within them.
				life := -28 * time.Second
				conn, welcome, err := attach(t, program, document.ID, embed(document.ID, life), bearer)
				for ; err != nil && life < patience; life += 5 * time.Second {
					conn, welcome, err = attach(t, program, document.ID, embed(document.ID, life), bearer)
				}
				if err != nil || welcome.Role != protocol.RoleViewer || welcome.User.Name != "Guest of the wiki" {
					t.Fatalf("%+v, %v", welcome, err)
				}
				if code := ends(t, conn); code != 4006 {
					t.Errorf("it closed with %d", code)
				}
			})
			t.Run("[S3] a token for one document opens no other", func(t *testing.T) {
				narrow := ada.issue("/api/me/tokens", map[string]any{"name": "narrow", "role": "owner", "document": document.ID})
				for _, token := range []string{narrow.Token, embed(document.ID, time.Minute)} {
					if _, _, err := attach(t, program, document.ID, token, bearer); err != nil {
						t.Errorf("its own: %v", err)
					}
					if _, welcome, err := attach(t, program, other.ID, token, bearer); err == nil {
						t.Errorf("another: %+v", welcome)
					}
				}
			})
		})
	}
}
