package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"strings"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// Message is a mail to one person.
type Message struct {
	To      string // an address, from tidyMail
	Subject string
	Text    string
}

// Mailer sends mail. Any goroutine.
type Mailer interface {
	Send(ctx context.Context, m Message) error
}

// mailWait bounds sending one mail.
const mailWait = 20 * time.Second

// SMTP sends mail through a server. Any goroutine.
type SMTP struct {
	Address  string // host:port
	From     string // an address, or a name and an address
	User     string // "" is no sign-in
	Password string
	// TLS is "starttls" (the connection is encrypted before anything is said, or
	// given up), "tls" (encrypted from the start) or "none".
	TLS   string
	Roots *tls.Config // nil: the system's
}

// Check says what is wrong with the configuration.
func (m *SMTP) Check() error {
	if _, _, err := net.SplitHostPort(m.Address); err != nil {
		return fmt.Errorf("%q is no host and port, such as mail.example.org:587", m.Address)
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		return fmt.Errorf("%q is no mail address, such as Coscribe <coscribe@example.org>", m.From)
	}
	if m.TLS == "none" && m.User != "" {
		return errors.New("a password is not sent over a connection that is not encrypted")
	}
	return nil
}

// Send implements Mailer.
func (m *SMTP) Send(ctx context.Context, message Message) (err error) {
	host, _, err := net.SplitHostPort(m.Address)
	if err != nil {
		return err
	}
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailWait)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.Address)
	if err != nil {
		return err
	}
	// Whatever is being said or waited for ends with the context.
	open := conn
	defer context.AfterFunc(ctx, func() { _ = open.SetDeadline(time.Now()) })()
	defer func() {
		if ctx.Err() != nil && err != nil {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}()
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.Roots != nil {
		secure = m.Roots.Clone()
	}
	secure.ServerName = host
	if m.TLS == "tls" {
		conn = tls.Client(conn, secure)
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	defer func() {
		if quit := client.Quit(); quit != nil {
			_ = client.Close()
		}
	}()
	if m.TLS == "starttls" {
		if err := client.StartTLS(secure); err != nil {
			return fmt.Errorf("the mail server offers no encryption: %w", err)
		}
	}
	if m.User != "" {
		if err := client.Auth(smtp.PlainAuth("", m.User, m.Password, host)); err != nil {
			return err
		}
	}
	if err := client.Mail(from.Address); err != nil {
		return err
	}
	if err := client.Rcpt(message.To); err != nil {
		return err
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := body.Write(m.encode(from, message)); err != nil {
		return errors.Join(err, body.Close())
	}
	return body.Close()
}

// encode writes a message (RFC 5322). Whatever stands in a header is encoded or
// was checked to be an address: it cannot begin a header of its own.
func (m *SMTP) encode(from *mail.Address, message Message) []byte {
	var out bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&out, "%s: %s\r\n", name, value) }
	header("From", from.String())
	header("To", (&mail.Address{Address: message.To}).String())
	header("Subject", mime.QEncoding.Encode("utf-8", strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, message.Subject)))
	header("Date", time.Now().UTC().Format(time.RFC1123Z))
	header("Message-ID", "<"+persistence.NewID().String()+"@coscribe>")
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	header("Auto-Submitted", "auto-generated")
	out.WriteString("\r\n")
	text := quotedprintable.NewWriter(&out)
	_, _ = text.Write([]byte(strings.ReplaceAll(message.Text, "\n", "\r\n")))
	_ = text.Close()
	return out.Bytes()
}

func resetMail(user persistence.User, link string) Message {
	return Message{To: user.Mail, Subject: "Set a new password", Text: "Somebody, probably you, asked to set a new password for your Coscribe account.\n\n" +
		"Open this link within an hour:\n" + link + "\n\nIf it was not you, there is nothing to do: without the link nothing changes.\n"}
}

func invitationMail(to, by, link string) Message {
	return Message{To: to, Subject: by + " invites you to Coscribe", Text: by + " invites you to write together in Coscribe.\n\n" +
		"Open this link within a week to make your account:\n" + link + "\n"}
}
