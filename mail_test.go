package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/server"
)

// mailServer takes mails and hands out each as it came.
type mailServer struct {
	address string
	mails   chan string
	said    chan string // what clients said before the connection was encrypted, or at all

	tls      *tls.Config // nil: it offers no encryption
	implicit bool        // encrypted from the start
	secret   string      // what AUTH PLAIN must be; "" asks for none
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	return (&mailServer{}).serving(t)
}

func (m *mailServer) serving(t *testing.T) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	m.address, m.mails, m.said = listener.Addr().String(), make(chan string, 10), make(chan string, 100)
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
	clear := !m.implicit
	if m.implicit {
		conn = tls.Server(conn, m.tls)
	}
	lines := bufio.NewReader(conn)
	say := func(text string) { _, _ = fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 test")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		if clear {
			m.said <- strings.TrimSpace(line)
		}
		switch command := strings.ToUpper(line[:min(4, len(line))]); command {
		case "EHLO":
			say("250-test")
			if m.tls != nil && clear {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STAR":
			if m.tls == nil {
				say("502 no")
				continue
			}
			say("220 go on")
			conn, clear = tls.Server(conn, m.tls), false
			lines = bufio.NewReader(conn)
		case "AUTH":
			if strings.TrimSpace(line) != "AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte(m.secret)) {
				say("535 no")
				continue
			}
			say("235 welcome")
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

// Passwords and one-time links go to a mail server over a connection that is
// encrypted, to the server that was named, or not at all.
func TestMailIsEncrypted(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	believes := writeCertificate(t, cert, key, 7)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	has := &tls.Config{Certificates: []tls.Certificate{pair}}
	const secret, link = "\x00coscribe\x00umbrella stand", "https://docs.example.org/reset#a-secret"
	for _, test := range []struct {
		name     string
		server   mailServer
		mode     string
		password string
		roots    *x509.CertPool
		sent     bool
		clear    []string // all that is said before it is encrypted
	}{
		{"STARTTLS, and signing in after it", mailServer{tls: has, secret: secret}, "starttls", "umbrella stand", believes, true, []string{"EHLO localhost", "STARTTLS"}},
		{"TLS from the start", mailServer{tls: has, implicit: true, secret: secret}, "tls", "umbrella stand", believes, true, nil},
		{"a wrong password", mailServer{tls: has, secret: secret}, "starttls", "parasol", believes, false, []string{"EHLO localhost", "STARTTLS"}},
		{"no encryption is offered", mailServer{secret: secret}, "starttls", "umbrella stand", believes, false, []string{"EHLO localhost", "STARTTLS", "QUIT"}},
		{"another's certificate", mailServer{tls: has, secret: secret}, "starttls", "umbrella stand", x509.NewCertPool(), false, []string{"EHLO localhost", "STARTTLS"}},
		{"another's certificate from the start", mailServer{tls: has, implicit: true, secret: secret}, "tls", "umbrella stand", x509.NewCertPool(), false, nil},
	} {
		t.Run("[ASVS 12.3.1] "+test.name, func(t *testing.T) {
			mails := test.server.serving(t)
			mailer := &server.SMTP{Address: mails.address, From: "coscribe@example.org", User: "coscribe", Password: test.password, TLS: test.mode, Roots: &tls.Config{RootCAs: test.roots}}
			if err := mailer.Check(); err != nil {
				t.Fatal(err)
			}
			err := mailer.Send(t.Context(), server.Message{To: "mara@example.org", Subject: "Set a new password", Text: link})
			if (err == nil) != test.sent {
				t.Fatalf("sent: %v", err)
			}
			if test.sent {
				if head, text := mails.next(t); !strings.Contains(head, "To: <mara@example.org>") || !strings.Contains(text, link) {
					t.Errorf("%s\n%s", head, text)
				}
			}
			var clear []string
			for len(mails.said) > 0 {
				clear = append(clear, <-mails.said)
			}
			if !slices.Equal(clear, test.clear) {
				t.Errorf("in the clear it says %q", clear)
			}
			if err != nil && strings.Contains(err.Error(), test.password) {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}
