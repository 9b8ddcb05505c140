package transport

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Errors an Access may return, bare or wrapped. Others count as the server's
// own trouble: logged, and the client comes back later.
var (
	// ErrUnauthorized: the credentials are wrong, or none came and guests are
	// not welcome (401, or close 4501).
	ErrUnauthorized = collab.ErrUnauthorized
	// ErrTokenExpired: the token was good once (close 4006).
	ErrTokenExpired = collab.ErrTokenExpired
	// ErrForbidden: not theirs, for instance a resume of somebody else's client
	// (close 4503).
	ErrForbidden = errors.New("forbidden")
)

// Access says who someone is and what they may do. Called from many goroutines.
type Access interface {
	// Identify looks at the request's cookie or Authorization header.
	// ok is false when there are no credentials there; then hello decides.
	Identify(r *http.Request) (who Identity, ok bool, err error)
	// Token reads the token of a hello.
	Token(ctx context.Context, token string) (who Identity, ok bool, err error)
	// Guest makes a new guest, or gives back the one to whom the client id of
	// resume was issued (resume may be nil). token is for welcome.token.
	// ErrUnauthorized where nobody may come without credentials.
	Guest(ctx context.Context, document persistence.ID, resume *protocol.Resume) (who Identity, token string, err error)
	// Role is what they may do in document, within what their credential can
	// use. RoleNone and persistence.ErrNotFound look the same to the client.
	// ErrUnauthorized when the credential has ended since.
	Role(ctx context.Context, who Identity, document persistence.ID) (protocol.Role, error)
}

// Engine is the part of collab.Hub that a transport needs.
type Engine interface {
	Attach(ctx context.Context, a collab.Attach) (*collab.Peer, error)
	Afresh(try func(since collab.Generation) error) error
}

// Config is what a transport is made of. Hub and Access are required.
type Config struct {
	Hub    Engine
	Access Access
	// CheckOrigin allows or refuses an upgrade or a poll by its Origin header; nil allows
	// the request's own host and requests without Origin. Any goroutine.
	CheckOrigin func(r *http.Request) bool
	// Denied is told of whoever shows something that lets them in nowhere, or
	// not here; nil: nobody asks. Any goroutine; it must not block.
	Denied func(Denial)
	// Address is where a request comes from, for Denied; nil: it is not known.
	Address func(r *http.Request) netip.Addr
	Engine  collab.Limits // bounds told to the codec, zero: none; and how many messages come in a second
	Limits  Limits        // zero fields get their defaults
	Door    *Door         // shared by the transports of a process; nil: one of its own
	// ParkAfter is how long a poll waits inside net/http, see LongPoll.Returned;
	// zero: DefaultParkAfter.
	ParkAfter time.Duration
	Logger    *slog.Logger // nil: silent. Never given content or tokens
}

// Limits bounds connections (law R5).
type Limits struct {
	Connections        int // open in this process
	AddressConnections int // of those, from one address
	Strangers          int // of those, that have not said who they are

	HelloWait  time.Duration // from the upgrade to a whole hello, whatever the traffic
	HelloBytes int           // bytes of the first frame
	FrameBytes int           // bytes of any later frame
	PingPeriod time.Duration // between two of our pings
	PongWait   time.Duration // from the last that came in, a pong or a part of a frame, to giving the peer up
	WriteWait  time.Duration // for one frame to leave
	CloseWait  time.Duration // for a close to be flushed, and again to be answered
	PollHold   time.Duration // that a poll waits for something to say
	PollExpiry time.Duration // from the last poll to giving its connection up
}

// Defaults of Limits, each with its unit and reason.
const (
	// DefaultConnections is some 300 MB of memory; connections.
	DefaultConnections = 10_000
	// DefaultAddressConnections is for a building behind one address, or for a
	// proxy that does not say for whom it asks; connections.
	DefaultAddressConnections = 5_000
	// DefaultStrangers lets everybody come back at once after a restart: a hello
	// takes a round trip; connections, and polls whose body is being read.
	DefaultStrangers = 2_000

	DefaultHelloWait  = 10 * time.Second // law P2
	DefaultHelloBytes = 16 << 10         // law P2
	// DefaultFrameBytes leaves room above the largest change, so that one of
	// 1 MiB is told change_too_large instead of losing its connection (1009).
	DefaultFrameBytes = 1<<20 + 64<<10
	// DefaultPingPeriod and DefaultPongWait let one ping be lost and still
	// notice a dead peer within 35 s (laws C5, V1).
	DefaultPingPeriod = 15 * time.Second
	DefaultPongWait   = 33 * time.Second
	DefaultWriteWait  = 10 * time.Second
	DefaultCloseWait  = time.Second
	// DefaultPollHold is below the 30 s after which common proxies give an idle
	// request up, and far enough below DefaultPollExpiry (law V1), which counts
	// from a poll's arrival, for the next one to arrive.
	DefaultPollHold   = 25 * time.Second
	DefaultPollExpiry = 35 * time.Second
)

// DefaultParkAfter leaves requests in a document that lives where they are:
// parking one costs more than what it saves is worth for a moment.
const DefaultParkAfter = time.Second

// DefaultLimits are those of a zero Limits.
func DefaultLimits() Limits { return Limits{}.withDefaults() }

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&l.HelloWait, DefaultHelloWait},
		{&l.PingPeriod, DefaultPingPeriod},
		{&l.PongWait, DefaultPongWait},
		{&l.WriteWait, DefaultWriteWait},
		{&l.CloseWait, DefaultCloseWait},
		{&l.PollHold, DefaultPollHold},
		{&l.PollExpiry, DefaultPollExpiry},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	for _, f := range []struct {
		field *int
		value int
	}{
		{&l.Connections, DefaultConnections},
		{&l.AddressConnections, DefaultAddressConnections},
		{&l.Strangers, DefaultStrangers},
		{&l.HelloBytes, DefaultHelloBytes},
		{&l.FrameBytes, DefaultFrameBytes},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Limits = c.Limits.withDefaults()
	if c.ParkAfter == 0 {
		c.ParkAfter = DefaultParkAfter
	}
	if c.Door == nil {
		c.Door = NewDoor(c.Limits, nil, nil)
	}
	return c
}

func (c Config) decoder() protocol.Decoder {
	return protocol.Decoder{ChangeBytes: c.Engine.ChangeBytes, PresenceBytes: c.Engine.PresenceBytes}
}
