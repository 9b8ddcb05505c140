package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/frontend"
	"github.com/coscribe/coscribe/persistence/sqlite"
	"github.com/coscribe/coscribe/server"
)

// Config is everything an operator can choose; each field is a flag, an
// environment variable COSCRIBE_… and a line of help.
type Config struct {
	Listen        string   `default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Address to serve on (${default}); 0.0.0.0:8080 serves the network, port 0 takes a free one."`
	Data          string   `default:"./data" type:"path" placeholder:"DIR" help:"Data directory (${default}, made if absent)."`
	MetricsListen string   `default:"127.0.0.1:9090" placeholder:"ADDRESS" help:"Address of Prometheus metrics (${default}), or off. If it is taken the server runs without."`
	Access        string   `default:"link" enum:"open,link,members" help:"Who comes in: members and guests by share link (link), members only (members), or everybody who reaches the server, to edit everything (open), for a trusted network (${default})."`
	PublicURL     string   `placeholder:"URL" help:"Where people reach the server, such as https://docs.example.org: for links that are handed over or sent."`
	AllowedOrigin []string `placeholder:"ORIGIN" help:"Other web origins that may embed documents, such as https://wiki.example.org. Repeat the option, or part them by commas."`
	AllowedHost   []string `placeholder:"NAME" help:"Other names by which an open server may be reached without encryption, beside its address, names of this machine and network, and that of --public-url."`
	TrustedProxy  []string `placeholder:"ADDRESS" help:"Reverse proxies that are believed when they say for whom they ask, and the only ones from which the network is served without encryption: addresses or networks, such as 10.0.0.7 or 10.0.0.0/8."`
	ProxyHeaders  string   `default:"x-forwarded" enum:"x-forwarded,forwarded" help:"Which headers the trusted proxies write: X-Forwarded-For and X-Forwarded-Proto (x-forwarded), or the standard Forwarded of RFC 7239 (forwarded). The others are not read (${default})."`
	LogLevel      string   `default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error (${default})."`
	LogFormat     string   `default:"text" enum:"text,json" help:"text or json (${default})."`
	Limits        Limits   `embed:"" prefix:"limit-" group:"Limits, for those who need others (see docs/operations.md)"`
	TLS           TLS      `embed:"" group:"Encryption"`
	EmbedKeys     []string `type:"path" placeholder:"FILE" help:"Keys of an application that embeds documents by signed tokens; see docs/embedding.md. Repeat the option for more of them."`

	OIDCIssuer           string   `name:"oidc-issuer" env:"COSCRIBE_OIDC_ISSUER" placeholder:"URL" help:"Sign-in provider (OpenID Connect), such as https://id.example.org/realms/team; needs --public-url and --oidc-client-id."`
	OIDCClientID         string   `name:"oidc-client-id" env:"COSCRIBE_OIDC_CLIENT_ID" placeholder:"ID" help:"This server's name at the provider, where /api/signin/oidc/callback is to be registered."`
	OIDCClientSecretFile string   `name:"oidc-client-secret-file" env:"COSCRIBE_OIDC_CLIENT_SECRET_FILE" type:"path" placeholder:"FILE" help:"File with this server's secret at the provider, else COSCRIBE_OIDC_CLIENT_SECRET; none for a public client."`
	OIDCName             string   `name:"oidc-name" env:"COSCRIBE_OIDC_NAME" placeholder:"NAME" help:"What the sign-in page calls the provider (its host)."`
	OIDCScopes           []string `name:"oidc-scopes" env:"COSCRIBE_OIDC_SCOPES" default:"openid,profile,email" placeholder:"SCOPE" help:"What the provider is asked for (${default})."`
	OIDCCreate           bool     `name:"oidc-create" env:"COSCRIBE_OIDC_CREATE" default:"true" negatable:"" help:"Somebody who comes from the provider for the first time gets an account (${default})."`
	OIDCGroupsClaim      string   `name:"oidc-groups-claim" env:"COSCRIBE_OIDC_GROUPS_CLAIM" default:"groups" placeholder:"CLAIM" help:"Where the provider says somebody's groups: membership of groups with an external name follows it (${default})."`
	OIDCAdminGroup       string   `name:"oidc-admin-group" env:"COSCRIBE_OIDC_ADMIN_GROUP" placeholder:"GROUP" help:"The provider's group of administrators: who is one follows it, but for owners."`

	ProxyUserHeader   string `placeholder:"HEADER" help:"Header in which a trusted proxy says who somebody is, such as Remote-User: they are signed in by it. The proxy must remove it from what clients send; needs --trusted-proxy."`
	ProxyNameHeader   string `placeholder:"HEADER" help:"Header with their name, such as Remote-Name."`
	ProxyMailHeader   string `placeholder:"HEADER" help:"Header with their mail address, such as Remote-Email."`
	ProxyGroupsHeader string `placeholder:"HEADER" help:"Header with their groups, parted by commas, such as Remote-Groups: membership of groups with an external name follows it at each sign-in."`
	ProxyAdminGroup   string `placeholder:"GROUP" help:"The proxy's group of administrators: who is one follows it, but for owners."`
	ProxyCreate       bool   `default:"true" negatable:"" help:"Somebody whom the proxy names for the first time gets an account (${default})."`

	LoginIdle     time.Duration `default:"336h" placeholder:"TIME" help:"A login ends when it was not used for so long (${default})."`
	LoginAbsolute time.Duration `default:"2160h" placeholder:"TIME" help:"A login ends after so long in any case (${default})."`
	AuditKeep     time.Duration `default:"8760h" placeholder:"TIME" help:"Lines of the audit log are deleted after so long; 0 keeps them (${default})."`

	OwnerMail         string `placeholder:"MAIL" help:"Of the first owner, for an installation without a person; made at the first start, with the password of --owner-password-file or COSCRIBE_OWNER_PASSWORD."`
	OwnerName         string `default:"Owner" placeholder:"NAME" help:"The first owner's name (${default})."`
	OwnerPasswordFile string `type:"path" placeholder:"FILE" help:"File with the first owner's password."`

	SMTPAddress      string `name:"smtp-address" env:"COSCRIBE_SMTP_ADDRESS" placeholder:"HOST:PORT" help:"Mail server for invitations and forgotten passwords; needs --public-url. Without it their links are handed over by hand."`
	SMTPFrom         string `name:"smtp-from" env:"COSCRIBE_SMTP_FROM" placeholder:"MAIL" help:"Sender, such as Coscribe <coscribe@example.org>."`
	SMTPUser         string `name:"smtp-user" env:"COSCRIBE_SMTP_USER" placeholder:"NAME" help:"Name at the mail server, with the password of --smtp-password-file or COSCRIBE_SMTP_PASSWORD."`
	SMTPPasswordFile string `name:"smtp-password-file" env:"COSCRIBE_SMTP_PASSWORD_FILE" type:"path" placeholder:"FILE" help:"File with the password at the mail server."`
	SMTPTLS          string `name:"smtp-tls" env:"COSCRIBE_SMTP_TLS" default:"starttls" enum:"starttls,tls,none" help:"Encryption to the mail server: starttls, tls or none (${default})."`

	// Log is where the log goes; nil is standard error.
	Log io.Writer `kong:"-"`

	// Settings says which value each option has and where it came from; nil in
	// tests.
	Settings []server.Setting `kong:"-"`
	// Minute is how often a program does what it does every minute; zero: every
	// minute. Tests are in a hurry.
	Minute time.Duration `kong:"-"`
}

// Bounds of connections and of stopping.
const (
	headerWait  = 10 * time.Second // for a request's headers
	idleWait    = 2 * time.Minute  // between two requests of a kept connection
	headerBytes = 64 << 10
	// stopWait is how long stopping may take in all, below the 30 s after which
	// most supervisors kill; drainWait of it is for people to leave.
	stopWait  = 25 * time.Second
	drainWait = 10 * time.Second
)

// Program is a whole server: what serve runs and whole-program tests reuse.
type Program struct {
	Config Config
	Store  *sqlite.Store
	Hub    *collab.Hub
	Server *server.Server

	logger    *slog.Logger
	events    *server.Events
	access    *server.Accounts
	tokens    *server.Tokens
	minutes   *minutes // what is done every minute
	sockets   *transport.WebSocket
	polls     *transport.LongPoll
	listener  net.Listener // nil: a command's own, without a network
	control   *control
	http      *http.Server
	returned  *http.Server // the same for network connections that a parked poll gave back
	metrics   *http.Server // nil: off
	metricsAt net.Listener
	tls       *tls.Config  // nil: plain HTTP
	plain     *http.Server // sends people on to HTTPS; nil: none
	plainAt   net.Listener
	failed    chan error // of a listener that stopped by itself
}

// Open opens the store, takes the ports and starts serving. Close ends it; the
// error says what to do.
func Open(ctx context.Context, config Config) (*Program, error) {
	if err := checkConfig(&config); err != nil {
		return nil, err
	}
	p := &Program{Config: config, logger: newLogger(config), failed: make(chan error, 4)}
	// The port first: a second start on the same machine should say that the
	// port is taken, and not wait for the store.
	if err := p.listen(ctx); err != nil {
		return nil, err
	}
	var err error
	if p.Store, err = sqlite.Open(ctx, sqlite.Config{Dir: config.Data, Logger: p.logger}); err != nil {
		return nil, errors.Join(err, p.unlisten())
	}
	if err := p.assemble(ctx); err != nil {
		return nil, errors.Join(err, p.Store.Close(), p.unlisten())
	}
	if err := p.firstOwner(ctx); err != nil {
		return nil, errors.Join(err, p.abandon(), p.unlisten())
	}
	p.endLinks(ctx)
	p.minutes = every(p.between(), p.minute, p.tidy)
	p.serve()
	return p, nil
}

// listen takes the port. A command that works on the data directory itself has
// none.
func (p *Program) listen(ctx context.Context) (err error) {
	if p.Config.Listen == "" {
		return nil
	}
	var answer func(http.Handler) http.Handler // the ACME authority
	if p.tls, answer, err = p.Config.TLS.config(p.Config.Data, p.logger); err != nil {
		return err
	}
	if p.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", p.Config.Listen); err != nil {
		return err
	}
	if err := p.listenRedirect(ctx, answer); err != nil {
		return errors.Join(err, p.unlisten())
	}
	return nil
}

func (p *Program) unlisten() error {
	if p.listener == nil {
		return nil
	}
	err := p.listener.Close()
	if p.plainAt != nil {
		err = errors.Join(err, p.plainAt.Close())
	}
	return err
}

// abandon undoes assemble.
func (p *Program) abandon() error {
	p.Server.Close(context.Background())
	err := p.Hub.Close(context.Background())
	p.events.Close()
	if p.metricsAt != nil {
		err = errors.Join(err, p.metricsAt.Close())
	}
	return errors.Join(err, p.Store.Close())
}

// assemble builds what serves: engine, people, routes, metrics.
func (p *Program) assemble(ctx context.Context) error {
	var metrics *server.Metrics
	if p.Config.MetricsListen != "off" && p.Config.MetricsListen != "" {
		metrics = p.listenMetrics(ctx)
	}
	p.Hub = collab.NewHub(collab.Config{
		Log: p.Store, Documents: p.Store, Logger: p.logger, Metrics: metrics.Hub(), Limits: p.Config.Limits.engine(),
		Activity: func(a collab.Activity) { p.events.Touch(a.Document) },
	})
	p.events = server.NewEvents(p.Store, p.Hub.People, p.logger)
	keys := server.NewKeys(p.Store)
	guests, err := server.NewGuests(ctx, keys, p.Store)
	if err != nil {
		return err
	}
	peers, err := newPeers(&p.Config)
	if err != nil {
		return err
	}
	p.access = server.NewAccounts(server.AccessConfig{
		Mode: server.Mode(p.Config.Access), People: p.Store, Documents: p.Store, Guests: guests, Peers: peers,
		Idle: p.Config.LoginIdle, Absolute: p.Config.LoginAbsolute,
	})
	p.tokens = server.NewTokens(p.access)
	embeds, err := server.NewEmbeds(p.Config.EmbedKeys, p.Store, p.logger)
	if err != nil {
		return inOption("--embed-keys", err)
	}
	p.access.Credentials = append(p.access.Credentials, p.tokens, embeds)
	provider, err := newOIDC(&p.Config)
	if err != nil {
		return err
	}
	mail, err := newMailer(&p.Config)
	if err != nil {
		return err
	}
	limits := p.Config.Limits.connections()
	// The transports' Origin check is the server's, which needs them first.
	pipes := transport.Config{
		Hub: p.Hub, Access: p.access, Engine: p.Hub.Limits(), Logger: p.logger,
		Limits: limits, Door: transport.NewDoor(limits, &peers.Forwarding, metrics.Refused),
		CheckOrigin: func(r *http.Request) bool { return p.Server.CheckOrigin(r) },
		Denied:      func(d transport.Denial) { p.Server.Denied(d) }, Address: peers.Address,
	}
	p.sockets, p.polls = transport.NewWebSocket(pipes), transport.NewLongPoll(pipes)
	var ui fs.FS
	if built, ok := frontend.UI(); ok {
		ui = built
	}
	p.Server, err = server.New(ctx, server.Config{
		Hub: p.Hub, Store: p.Store, People: p.Store, Access: p.access, Keys: keys, OIDC: provider, Proxy: newProxySignIn(&p.Config), Mail: mail, PublicURL: p.Config.PublicURL, URL: p.URL(),
		Settings: p.Config.Settings, Socket: p.sockets, Poll: p.polls, Events: p.events, UI: ui,
		Hosts: p.Config.AllowedHost, Encrypted: p.tls == nil && !p.Config.TLS.AllowPlainHTTP,
		Origins: p.Config.AllowedOrigin, Limits: p.Config.Limits.requests(), Metrics: metrics, Logger: p.logger, Version: programVersion(),
	})
	if err != nil {
		return err
	}
	if metrics != nil {
		metrics.Watch(p.Hub.Stats, p.Store.Ready)
		metrics.WatchConnections("websocket", p.sockets.Connections)
		metrics.WatchConnections("longpoll", p.polls.Connections)
		p.metrics = &http.Server{Handler: metrics.Handler(), ReadHeaderTimeout: headerWait, WriteTimeout: time.Minute}
	}
	p.http = &http.Server{
		Handler: p.Server, ReadHeaderTimeout: headerWait, IdleTimeout: idleWait, MaxHeaderBytes: headerBytes,
		// No write timeout: event streams last. They bound each event, and
		// sockets their own frames.
		ErrorLog: slog.NewLogLogger(p.logger.Handler(), slog.LevelDebug),
	}
	// To net/http they are new, and a new one has headerWait for its first
	// request. But they are kept ones: a proxy that sees the server close them
	// before it does itself would lose what it is just sending.
	p.returned = &http.Server{Handler: p.Server, ReadHeaderTimeout: idleWait, IdleTimeout: idleWait, MaxHeaderBytes: headerBytes, ErrorLog: p.http.ErrorLog}
	return nil
}

// listenMetrics takes the metrics' port; without it the server runs on.
func (p *Program) listenMetrics(ctx context.Context) *server.Metrics {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.Config.MetricsListen)
	if err != nil {
		p.logger.Warn("no metrics: the address cannot be used; choose another with --metrics-listen, or off", "address", p.Config.MetricsListen, "error", err)
		return nil
	}
	p.metricsAt = listener
	return server.NewMetrics()
}

func (p *Program) serve() {
	var err error
	if p.control, err = listenControl(p.Config.Data, p.Server.Operator()); err != nil {
		p.logger.Warn("no control socket: commands such as coscribe user work only while the server is stopped", "error", err)
	}
	switch {
	case p.listener == nil:
	case p.tls == nil:
		go func() { p.failed <- p.http.Serve(p.listener) }()
	default:
		p.http.TLSConfig = p.tls
		go func() { p.failed <- p.http.ServeTLS(p.listener, "", "") }()
	}
	if p.listener != nil {
		go func() { p.failed <- p.returned.Serve(p.polls.Returned()) }() // encrypted if they came so
	}
	if p.plain != nil {
		go func() { p.failed <- p.plain.Serve(p.plainAt) }()
	}
	if p.metrics != nil {
		go func() { p.failed <- p.metrics.Serve(p.metricsAt) }()
	}
}

// URL is where the program serves, with the port that it took.
func (p *Program) URL() string {
	if p.listener == nil {
		return ""
	}
	scheme := "http://"
	if p.tls != nil {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(p.listener.Addr().String())
	if err != nil {
		return scheme + p.listener.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port)
}

// Run waits until the context ends, or a listener fails.
func (p *Program) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.failed:
		return fmt.Errorf("serving stopped: %w", err)
	}
}

// Close stops in the order of law R7 and returns within stopWait.
func (p *Program) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWait)
	defer cancel()
	// Readiness down, event streams ended, joins refused.
	p.Server.Drain()
	p.sockets.Drain()
	p.polls.Drain()
	// Peers told to come back; sequencing goes on until they left or the
	// deadline; the rest closed; what was sequenced committed; snapshots.
	drain, drained := context.WithTimeout(ctx, drainWait+stopWait/2)
	err := p.Hub.Close(drain)
	drained()
	err = errors.Join(err, p.control.close(ctx))
	// A deadline here is a slow client's, not an error of stopping.
	_ = p.sockets.Shutdown(ctx)
	_ = p.polls.Shutdown(ctx)
	if p.plain != nil {
		err = errors.Join(err, p.plain.Close())
	}
	for _, served := range []*http.Server{p.http, p.returned} {
		if served.Shutdown(ctx) != nil {
			err = errors.Join(err, served.Close())
		}
	}
	if p.metrics != nil {
		err = errors.Join(err, p.metrics.Close())
	}
	p.Server.Close(ctx)
	p.minutes.end(ctx)
	p.events.Close()
	return errors.Join(err, p.Store.Close())
}

func newLogger(config Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(strings.ToUpper(config.LogLevel))); err != nil {
		level = slog.LevelInfo
	}
	options, to := &slog.HandlerOptions{Level: level}, config.Log
	if to == nil {
		to = os.Stderr
	}
	if config.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}
