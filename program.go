package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
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
