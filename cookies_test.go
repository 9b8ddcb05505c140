package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/gorilla/websocket"
)

func TestCookies(t *testing.T) {
	config := memberConfig(t)
	config.TrustedProxy = []string{"127.0.0.1"}
	program := start(t, config)
	owner, _ := setUp(t, program)
	d := owner.create("Linked", "x")
	var made struct{ URL string }
	owner.want(http.StatusCreated, owner.send("POST", "/api/documents/"+d.ID+"/links", map[string]any{"role": "viewer"}), &made)
	// given are the cookies of every way in, over a connection of this kind.
	given := func(header ...string) (all []*http.Cookie) {
		for _, enter := range []func(b *browser) answer{
			func(b *browser) answer {
				return b.send("POST", "/api/signin", map[string]string{"mail": "olga@example.org", "password": goodPassword}, header...)
			},
			func(b *browser) answer {
				return b.send("POST", "/api/links/open", map[string]string{"secret": secretIn(t, made.URL)}, header...)
			},
			func(b *browser) answer { return b.send("POST", "/api/signout", nil, header...) },
		} {
			a := enter(browse(t, program))
			cookies := (&http.Response{Header: a.header}).Cookies()
			if a.status >= 300 || len(cookies) == 0 {
				t.Fatalf("%d %s, %d cookies", a.status, a.body, len(cookies))
			}
			all = append(all, cookies...)
		}
		return all
	}
	for _, c := range given("X-Forwarded-Proto", "https") {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("[ASVS 3.3.1][ASVS 3.3.2][ASVS 3.3.3][ASVS 3.3.4] encrypted: %s", c)
		}
	}
	for _, c := range given() {
		if strings.HasPrefix(c.Name, "__") || c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("[ASVS 3.3.2][ASVS 3.3.4] plain: %s", c)
		}
	}
}

// A login that ends by its time takes its open connections along.
func TestLoginsEnd(t *testing.T) {
	for name, limit := range map[string]func(c *Config, wait time.Duration){
		"[ASVS 7.3.1] not used":    func(c *Config, wait time.Duration) { c.LoginIdle = wait },
		"[ASVS 7.3.2] in any case": func(c *Config, wait time.Duration) { c.LoginAbsolute = wait },
	} {
		t.Run(name, func(t *testing.T) {
			// The time that a login has must do for this machine to come in by it.
			for wait := time.Second; ; wait *= 2 {
				config := memberConfig(t)
				limit(&config, wait)
				program := start(t, config)
				owner, _ := setUp(t, program)
				made := owner.send("POST", "/api/documents", map[string]string{"title": "Open"})
				if made.status == http.StatusUnauthorized && wait < patience {
					continue
				}
				var d documentView
				owner.want(http.StatusCreated, made, &d)
				welcomed, code := untilClosed(t, (&stage{t: t, program: program}).dialAs(t, &actor{b: owner}, d.ID))
				if !welcomed && wait < patience {
					continue
				}
				if !welcomed || code != int(protocol.CloseTokenExpired) {
					t.Errorf("closed with %d, welcomed is %v", code, welcomed)
				}
				if config.LoginAbsolute == 0 {
					return // asking would be another use
				}
				owner.problem(http.StatusUnauthorized, "unauthorized", owner.send("GET", "/api/me", nil))
				owner.problem(http.StatusUnauthorized, "unauthorized", owner.send("GET", "/api/documents/"+d.ID, nil))
				return
			}
		})
	}
}

// untilClosed reads until a connection is closed with a code.
func untilClosed(t *testing.T, conn *websocket.Conn) (welcomed bool, code int) {
	t.Helper()
	for {
		_, frame, err := conn.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			return welcomed, closed.Code
		}
		if err != nil {
			t.Fatal(err)
		}
		welcomed = welcomed || strings.Contains(string(frame), `"welcome"`)
	}
}
