package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// TLS is how connections are encrypted; each field is an option.
type TLS struct {
	Cert           string   `name:"tls-cert" env:"COSCRIBE_TLS_CERT" type:"path" placeholder:"FILE" help:"Certificate and its chain (PEM), read again when it changes; with --tls-key."`
	Key            string   `name:"tls-key" env:"COSCRIBE_TLS_KEY" type:"path" placeholder:"FILE" help:"The certificate's private key (PEM)."`
	ACMEHost       []string `name:"acme-host" env:"COSCRIBE_ACME_HOST" placeholder:"NAME" help:"Get a certificate for this name from an ACME authority, whose terms you thereby accept; --listen must be reached on port 443."`
	ACMEMail       string   `name:"acme-mail" env:"COSCRIBE_ACME_MAIL" placeholder:"MAIL" help:"Where the authority can write to."`
	ACMEDirectory  string   `name:"acme-directory" env:"COSCRIBE_ACME_DIRECTORY" placeholder:"URL" help:"The authority (Let's Encrypt)."`
	RedirectListen string   `placeholder:"ADDRESS" help:"Address on which plain HTTP is sent on to HTTPS, such as 0.0.0.0:80; answers the ACME authority too."`
	AllowPlainHTTP bool     `name:"allow-plain-http" env:"COSCRIBE_ALLOW_PLAIN_HTTP" help:"Serve a network without encryption: passwords and texts can be read on their way. For networks that you trust."`
}

// on says whether the server encrypts by itself.
func (t *TLS) on() bool { return t.Cert != "" || len(t.ACMEHost) > 0 }

// errPlain says what to type instead of serving a network without encryption.
var errPlain = errors.New("passwords and texts could be read on their way there. Give a certificate with --tls-cert and --tls-key, " +
	"or get one with --acme-host NAME, or say with --trusted-proxy ADDRESS which reverse proxy encrypts, or allow it with --allow-plain-http on a network that you trust")

// check says what is wrong with the options, and refuses plain HTTP but on this
// machine, behind a declared proxy, or where it is allowed.
func (t *TLS) check(listen string, proxied bool) error {
	if _, _, err := net.SplitHostPort(listen); listen != "" && err != nil {
		return fmt.Errorf("--listen: %q is no address to serve on: write address and port, such as 127.0.0.1:8080, or 0.0.0.0:8080 for the network", listen)
	}
	switch {
	case (t.Cert == "") != (t.Key == ""):
		return errors.New("--tls-cert and --tls-key go together: give both")
	case t.Cert != "" && len(t.ACMEHost) > 0:
		return errors.New("--tls-cert and --acme-host exclude each other: choose one")
	case t.RedirectListen != "" && !t.on():
		return errors.New("--redirect-listen sends people on to HTTPS: give --tls-cert or --acme-host too")
	case t.on() || proxied || t.AllowPlainHTTP || listen == "" || onThisMachine(listen):
		return nil
	}
	return fmt.Errorf("refusing to serve %s without encryption: %w", listen, errPlain)
}

// onThisMachine says whether only this machine can reach a listening address.
func onThisMachine(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// config makes what TLS listeners need, and how the ACME authority is answered
// over plain HTTP (nil without it). nil: plain HTTP.
func (t *TLS) config(data string, logger *slog.Logger) (*tls.Config, func(http.Handler) http.Handler, error) {
	if len(t.ACMEHost) > 0 {
		authority := &autocert.Manager{
			Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(t.ACMEHost...), Email: t.ACMEMail,
			Cache: autocert.DirCache(filepath.Join(data, "acme")), // made with mode 0700
		}
		if t.ACMEDirectory != "" {
			authority.Client = &acme.Client{DirectoryURL: t.ACMEDirectory}
		}
		config := authority.TLSConfig()
		config.MinVersion = tls.VersionTLS12
		return config, authority.HTTPHandler, nil
	}
	if t.Cert == "" {
		return nil, nil, nil
	}
	kept := &certificate{cert: t.Cert, key: t.Key, logger: logger, now: time.Now}
	if err := kept.read(); err != nil {
		return nil, nil, inOption("--tls-cert", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: kept.get}, nil, nil
}

// certificateRead is how often changed files are looked for.
const certificateRead = 10 * time.Second

// certificate is a pair of files, read again when they change, so that a renewed
// one is used without a restart. Any goroutine.
type certificate struct {
	cert, key string
	logger    *slog.Logger
	now       func() time.Time

	mu     sync.Mutex
	pair   *tls.Certificate
	stamp  [2]time.Time
	looked time.Time
}

func (c *certificate) modified() (stamp [2]time.Time) {
	for i, file := range []string{c.cert, c.key} {
		if seen, err := os.Stat(file); err == nil {
			stamp[i] = seen.ModTime()
		}
	}
	return stamp
}

func (c *certificate) read() error {
	c.stamp, c.looked = c.modified(), c.now()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err == nil {
		c.pair = &pair
	}
	return err
}

// get implements tls.Config.GetCertificate. Files that do not fit together, as
// between the writing of one and the other, leave the pair before in force.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	since := c.now().Sub(c.looked)
	if since >= certificateRead || since < 0 {
		c.looked = c.now()
		if stamp := c.modified(); stamp != c.stamp {
			if err := c.read(); err != nil {
				c.stamp = [2]time.Time{} // look again
				c.logger.Warn("the renewed certificate cannot be used; the one before stays in force", "error", err)
			} else {
				c.logger.Info("the certificate was renewed")
			}
		}
	}
	return c.pair, nil
}

// redirect sends plain HTTP on to the same address by HTTPS. Only what a browser
// opens is sent on: a body that came in the clear should be noticed.
func redirect(public string, listener net.Addr) http.Handler {
	port := ""
	if address, ok := listener.(*net.TCPAddr); ok && address.Port != 443 {
		port = fmt.Sprint(address.Port)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "Use https://; nothing is taken without encryption.", http.StatusBadRequest)
			return
		}
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if port != "" {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		base := "https://" + host
		if public != "" {
			base = public
		}
		target := url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, base+target.RequestURI(), http.StatusPermanentRedirect)
	})
}

// listenRedirect takes the address for plain HTTP.
func (p *Program) listenRedirect(ctx context.Context, answer func(http.Handler) http.Handler) error {
	if p.Config.TLS.RedirectListen == "" || p.listener == nil {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.Config.TLS.RedirectListen)
	if err != nil {
		return err
	}
	handler := redirect(p.Config.PublicURL, p.listener.Addr())
	if answer != nil {
		handler = answer(handler)
	}
	p.plainAt = listener
	p.plain = &http.Server{Handler: handler, ReadTimeout: headerWait, WriteTimeout: headerWait, IdleTimeout: headerWait, MaxHeaderBytes: headerBytes}
	return nil
}
