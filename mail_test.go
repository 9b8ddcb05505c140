package main

import (
	"bufio"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// mailServer takes mails and hands out each as it came.
type mailServer struct {
	address string
	mails   chan string
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	m := &mailServer{address: listener.Addr().String(), mails: make(chan string, 10)}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go m.serve(conn)
		}
	}()
	return m
}

// serve speaks as much SMTP as a client needs.
func (m *mailServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	lines := bufio.NewReader(conn)
	say := func(text string) { _, _ = fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 test")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch command := strings.ToUpper(line[:min(4, len(line))]); command {
		case "DATA":
			say("354 go on")
			var mail strings.Builder
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				mail.WriteString(line)
			}
			m.mails <- mail.String()
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// next is the text of the next mail, with its head.
func (m *mailServer) next(t *testing.T) (head, text string) {
	t.Helper()
	select {
	case mail := <-m.mails:
		head, body, _ := strings.Cut(mail, "\r\n\r\n")
		decoded, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		return head, string(decoded)
	case <-time.After(patience):
		t.Fatal("no mail came")
		return "", ""
	}
}

func TestMail(t *testing.T) {
	mails := newMailServer(t)
	config := memberConfig(t)
	config.SMTPAddress, config.SMTPFrom, config.SMTPTLS, config.PublicURL = mails.address, "Coscribe <coscribe@example.org>", "none", "https://docs.example.org/"
	program := start(t, config)
	owner, _ := setUp(t, program)
	owner.want(http.StatusOK, owner.send("PATCH", "/api/me", map[string]string{"name": "Olga\u00e9 Owner"}), nil)

	var made struct {
		URL    string
		Mailed bool
	}
	owner.want(http.StatusCreated, owner.send("POST", "/api/invitations", map[string]string{"mail": "mara@example.org"}), &made)
	head, text := mails.next(t)
	if !made.Mailed || !strings.Contains(head, "To: <mara@example.org>") || !strings.Contains(text, "https://docs.example.org/invite#"+secretIn(t, made.URL)) {
		t.Errorf("mailed %v: %s\n%s", made.Mailed, head, text)
	}
	mara := browse(t, program)
	mara.want(http.StatusOK, mara.send("POST", "/api/invitations/accept", map[string]string{"secret": secretIn(t, made.URL), "name": "Mara", "password": goodPassword}), nil)

	t.Run("a forgotten password is set anew by a mailed link", func(t *testing.T) {
		stranger := browse(t, program)
		stranger.want(http.StatusAccepted, stranger.send("POST", "/api/reset/request", map[string]string{"mail": "nobody@example.org"}), nil)
		stranger.want(http.StatusAccepted, stranger.send("POST", "/api/reset/request", map[string]string{"mail": "mara@example.org"}, "Host", "evil.example", "X-Forwarded-Host", "evil.example"), nil)
		head, text := mails.next(t)
		if !strings.Contains(head, "To: <mara@example.org>") || strings.Contains(text, "evil.example") {
			t.Fatalf("%s\n%s", head, text)
		}
		_, rest, _ := strings.Cut(text, "https://docs.example.org/reset")
		link, _, _ := strings.Cut(rest, "\r\n")
		stranger.want(http.StatusOK, stranger.send("POST", "/api/reset", map[string]string{"secret": secretIn(t, link), "password": "another umbrella stand"}), nil)
		mara.problem(http.StatusUnauthorized, "unauthorized", mara.send("GET", "/api/me", nil))
	})
	t.Run("a mail server that is gone keeps nobody from inviting", func(t *testing.T) {
		gone := memberConfig(t)
		gone.SMTPAddress, gone.SMTPFrom, gone.SMTPTLS, gone.PublicURL = "127.0.0.1:1", "coscribe@example.org", "none", "https://docs.example.org"
		other, _ := setUp(t, start(t, gone))
		other.want(http.StatusCreated, other.send("POST", "/api/invitations", map[string]string{"mail": "mara@example.org"}), &made)
		if made.Mailed || made.URL == "" {
			t.Errorf("%+v", made)
		}
	})
	t.Run("what cannot work is said at the start", func(t *testing.T) {
		for name, change := range map[string]func(*Config){
			"--public-url": func(c *Config) { c.PublicURL = "" },
			"host and":     func(c *Config) { c.SMTPAddress = "nonsense" },
			"mail address": func(c *Config) { c.SMTPFrom = "nonsense" },
			"encrypted":    func(c *Config) { c.SMTPUser = "me" },
		} {
			bad := config
			bad.Data = t.TempDir()
			change(&bad)
			if other, err := Open(t.Context(), bad); err == nil {
				_ = other.Close()
				t.Errorf("%s: it opened", name)
			} else if !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
