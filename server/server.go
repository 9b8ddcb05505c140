package server

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Engine is the part of collab.Hub that routes need.
type Engine interface {
	Read(ctx context.Context, document persistence.ID) (collab.Content, error)
	ReadAt(ctx context.Context, document persistence.ID, revision int64) (collab.Content, error)
	Whole(ctx context.Context, document persistence.ID) (int64, error)
	Submit(ctx context.Context, w collab.Write) (collab.WriteResult, error)
	Admit(ctx context.Context, user protocol.User, bytes int) error
	Follow(ctx context.Context, f collab.Follow) (*collab.Follower, error)
	Afresh(try func(since collab.Generation) error) error
	Use(ctx context.Context, u collab.Use, act func(context.Context) error) error
	Revoke(ctx context.Context, r collab.Revocation, commit func(context.Context) error) error
	Recheck(ctx context.Context, role collab.RoleOf) error
	People(document persistence.ID, most int) (first []protocol.User, all int)
	Connections(ctx context.Context) ([]collab.Connection, error)
	Renamed(ctx context.Context, document persistence.ID)
	Profile(ctx context.Context, user persistence.ID, read func(context.Context) (protocol.User, error))
	Stats() collab.Stats
	Limits() collab.Limits
}

// Store is the part of a store that routes need.
type Store interface {
	persistence.Documents
	Changes(ctx context.Context, document persistence.ID, after, through int64, yield func(*persistence.Change) bool) error
	Ready(ctx context.Context) error
}

// Config is what a Server is made of. Hub, Store, People, Access, Keys and
// Events are required.
type Config struct {
	Hub    Engine
	Store  Store
	People persistence.People
	Access *Accounts
	Keys   *Keys
	Socket http.Handler // answers GET /api/documents/{id}/socket; nil: no such route
	Poll   http.Handler // answers POST /api/documents/{id}/poll; nil: no such route
	Events *Events      // the live list; required, see NewEvents
	UI     fs.FS        // the built front end; nil: a page that says how to build it
	// Origins may use the API and open sockets from a browser beside the
	// server's own; scheme, host and port, such as "https://wiki.example.org".
	Origins []string
	Limits  Limits // zero fields get their defaults
	// Hosts are further names by which an open server may be reached, see
	// CheckHosts. Encrypted refuses the network's plain HTTP, but from the trusted
	// proxies.
	Hosts     []string
	Encrypted bool
	// PublicURL is where people reach the server, such as
	// "https://docs.example.org"; "" if the operator has not said. URL is where
	// it listens.
	PublicURL, URL string
	OIDC           *OIDC            // nil: no sign-in by a provider
	Proxy          *ProxySignIn     // nil: no sign-in by a reverse proxy
	Mail           Mailer           // nil: no mail is sent
	Settings       []Setting        // in force, for administrators to see
	Metrics        *Metrics         // nil: nothing is counted
	Logger         *slog.Logger     // nil: silent. Never given content or credentials
	Now            func() time.Time // nil: time.Now
	Version        string           // of the software, shown in the API's description
}

// Server answers HTTP. Make it with New; ServeHTTP may be called from any
// goroutine.
type Server struct {
	config  Config
	handler http.Handler
	origins *origins
	streams streams
	reads   reads

	passwords *passwords
	attempts  *attempts
	browsers  *Keyring
	links     *Keyring
	endings   endings
	// roundTrips signs what travels to a sign-in provider and back.
	roundTrips *Keyring
	denials    *denials
	drawing    chan struct{} // full while a picture is drawn anew
	hasOwner   atomic.Bool
	started    time.Time
	asides     *asides
	answers    *answers

	draining atomic.Bool
	stop     chan struct{} // closed by Drain: event streams end
	stopOnce sync.Once
}

// New makes a server. It panics on an origin that is none, so check them with
// CheckOrigins first. Close it at the end.
func New(ctx context.Context, config Config) (*Server, error) {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	config.Limits = config.Limits.withDefaults()
	browsers, err := config.Keys.Ring(ctx, KeyBrowsers)
	if err != nil {
		return nil, err
	}
	roundTrips, err := config.Keys.Ring(ctx, KeyRoundTrip)
	if err != nil {
		return nil, err
	}
	links, err := config.Keys.Ring(ctx, KeyLinks)
	if err != nil {
		return nil, err
	}
	s := &Server{
		roundTrips: roundTrips, links: links,
		config: config, stop: make(chan struct{}), passwords: newPasswords(), attempts: newAttempts(), browsers: browsers,
		drawing: make(chan struct{}, 1), started: config.Now(), asides: newAsides(),
		answers: newAnswers(allAnswers, userAnswers, roomWait),
	}
	s.streams = streams{limits: config.Limits, refused: config.Metrics.Refused}
	s.denials = newDenials(s.writeDenials)
	s.origins = newOrigins(config.Origins, config.Access.Peers.Secure)
	api := http.NewServeMux()
	s.routes(api)
	protected := s.origins.protect(s.identified(s.limited(api)))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	if config.Socket != nil {
		// The socket identifies its caller itself, since a hello may carry the
		// credentials, and checks the Origin, which a browser's cross-site
		// protection does not cover for upgrades.
		mux.HandleFunc("GET "+routeSocket, func(w http.ResponseWriter, r *http.Request) {
			setRoute(r.Context(), routeSocket)
			config.Socket.ServeHTTP(w, r)
		})
		mux.HandleFunc(routeSocket, func(w http.ResponseWriter, _ *http.Request) { otherMethod(w, http.MethodGet) })
	}
	if config.Poll != nil {
		mux.Handle("POST "+routePoll, s.origins.protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			setRoute(r.Context(), routePoll)
			config.Poll.ServeHTTP(w, r)
		})))
		mux.HandleFunc(routePoll, func(w http.ResponseWriter, _ *http.Request) { otherMethod(w, http.MethodPost) })
	}
	mux.Handle("/api/", bounded(protected))
	mux.Handle("/", bounded(newPages(config.UI, s.config.Access)))
	s.handler = s.observed(s.recovered(s.strict(securityHeaders(s.encrypted(s.named(s.origins.shared(s.byProxy(mux))))))))
	return s, nil
}

// aside runs a task after the answer, so that how long it takes tells nothing.
func (s *Server) aside(task func(ctx context.Context)) { s.asides.start(task) }

// Close waits for what still goes on, until the context ends. No request may be
// running any more.
func (s *Server) Close(ctx context.Context) {
	s.asides.close(ctx)
	s.denials.close()
}

// base is where links lead that are handed over: where the operator has said
// that the server is, else where the caller reached it.
func (s *Server) base(ctx context.Context) string {
	r := requestOf(ctx)
	switch {
	case s.config.PublicURL != "":
		return s.config.PublicURL
	case r == nil || whole(ctx).operator:
		return s.config.URL
	case s.config.Access.Peers.Secure(r):
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// CheckOrigin says whether a socket may be opened by this request: from the
// server's own host, a configured origin, or no browser at all.
func (s *Server) CheckOrigin(r *http.Request) bool { return s.origins.allow(r) }

// Drain is the first step of stopping (law R7): readiness goes down and event
// streams end, so that their readers go elsewhere or come back. Other requests
// are still answered. Any goroutine, more than once.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.stopOnce.Do(func() { close(s.stop) })
}
