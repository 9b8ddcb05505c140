package collab

import (
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
)

// Defaults of Limits, each with its unit and reason.
const (
	// DefaultChangeBytes bounds the JSON of one change: a pasted book chapter
	// with formatting fits; bytes.
	DefaultChangeBytes = 512 << 10
	// DefaultChangeOps bounds the work of one transform; ops.
	DefaultChangeOps = 5_000
	// DefaultDocumentLength is some 5,000 printed pages; UTF-16 units.
	DefaultDocumentLength = 10_000_000
	// DefaultPresenceBytes bounds an embedder's presence state; bytes of JSON.
	DefaultPresenceBytes = 2 << 10
	// DefaultInbox is how many messages wait for a session before readers of
	// connections are held back; messages. Kept small: it is paid per document.
	DefaultInbox = 32
	// DefaultOutboxBytes and DefaultOutboxFrames bound what one peer has not
	// been sent, catch-up not counted (law R5); bytes and messages.
	DefaultOutboxBytes  = 1 << 20
	DefaultOutboxFrames = 1024
	// DefaultFrameBytes is where joining messages into one frame stops; bytes.
	DefaultFrameBytes = 256 << 10
	// DefaultPeers bounds connections to one document.
	DefaultPeers = 4096
	// DefaultPending bounds one peer's changes that are not yet durable; an
	// honest client has one in flight.
	DefaultPending = 64
	// DefaultWindowChanges and DefaultWindowBytes bound the recent changes kept
	// to catch others up without reading the log; changes and bytes (roughly).
	DefaultWindowChanges = 2048
	DefaultWindowBytes   = 1 << 20
	// DefaultDocuments and DefaultDocumentsBytes bound live documents in this
	// process: their number and, about, the memory they take; bytes. A hundred of
	// the largest texts fit, or a hundred thousand letters in each of five thousand.
	DefaultDocuments      = 20_000
	DefaultDocumentsBytes = 1 << 30
	// DefaultInvalid is how many invalid changes in a row end a connection.
	DefaultInvalid = 10
	// DefaultIdle is how long a document without peers stays in memory (law R8).
	DefaultIdle = time.Minute
	// DefaultDrain is over how long peers are spread when the server stops.
	DefaultDrain = 2 * time.Second
	// DefaultPresencePace is the least time between two presence broadcasts of
	// a document; the newest caret wins.
	DefaultPresencePace = 50 * time.Millisecond
	// DefaultIssuedClients bounds the client ids remembered that have not yet
	// made a change; 64 bytes each.
	DefaultIssuedClients = 16_384
	// DefaultConnectionChanges and DefaultConnectionBytes are what one connection
	// may send without being read more slowly; per second. An honest client has
	// one change under way and stays far below, a recorded history replayed at
	// full speed comes close; 4 MiB/s is a pasted book in a second.
	DefaultConnectionChanges = 2_000
	DefaultConnectionBytes   = 4 << 20
	// DefaultConnectionMessages is the same for all that is no change: carets,
	// hash checks, pings; per second. The client library sends 20 carets.
	DefaultConnectionMessages = 100
	// DefaultUserChanges and DefaultUserBytes are for all of a user's connections
	// and requests together: a script with 200 connections that write five times
	// a second has room; per second.
	DefaultUserChanges = 5_000
	DefaultUserBytes   = 16 << 20
	// DefaultDocumentChanges and DefaultDocumentBytes are for all who write in one
	// document: a hundred people typing 64 letters a second have room; per second.
	DefaultDocumentChanges = 10_000
	DefaultDocumentBytes   = 16 << 20
	// DefaultRateBurst is how much of each rate may come at once after a pause:
	// two seconds' worth, some 8 MiB from one connection.
	DefaultRateBurst = 2 * time.Second
	// DefaultRateWait is the longest that a change is held back before it is
	// refused with rate_limited, to be sent again: less than anybody waits for an
	// answer before giving a connection up.
	DefaultRateWait = 2 * time.Second
	// DefaultUserConnections bounds one user's connections in this process: many
	// tabs, and a script that opens each of a few hundred documents.
	DefaultUserConnections = 1000
	// DefaultSnapshotBytes is the least that is appended to a document's log
	// between two snapshots; bytes.
	DefaultSnapshotBytes = 64 << 10
)

// welcomeBytes is the largest content or first page of missed changes put into
// a welcome, and the size of the pages after it; bytes (protocol.md).
const welcomeBytes = 256 << 10

// Limits bounds memory, queues and work (law R5). Zero fields mean the default.
type Limits struct {
	ChangeBytes    int // bytes of one change's JSON
	ChangeOps      int // ops of one change
	DocumentLength int // UTF-16 units
	PresenceBytes  int // bytes of presence state
	Inbox          int // messages waiting for one document
	OutboxBytes    int // bytes not yet sent to one peer
	OutboxFrames   int // messages not yet sent to one peer
	FrameBytes     int // bytes of one joined frame
	Peers          int // per document
	Pending        int // changes of one peer not yet durable
	WindowChanges  int // recent changes kept per document
	WindowBytes    int // and their size in bytes, roughly
	Documents      int // live in this process
	DocumentsBytes int // and what they take in memory, about
	Invalid        int // invalid changes in a row
	IssuedClients  int // client ids issued and not yet used
	SnapshotBytes  int // of log between two snapshots of a document
	Idle           time.Duration
	Drain          time.Duration
	PresencePace   time.Duration

	UserConnections int // of one user in this process

	// What comes in faster than these rates is read more slowly: per second, over
	// one connection, all of a user's, and all in a document.
	ConnectionChanges  int
	ConnectionBytes    int
	ConnectionMessages int // that are no changes
	UserChanges        int
	UserBytes          int
	DocumentChanges    int
	DocumentBytes      int
	RateBurst          time.Duration // worth of a rate that may come at once
	RateWait           time.Duration // that a change is held back before it is refused
}

// wire is the part of the limits that clients are told in the welcome.
func (l Limits) wire() protocol.Limits {
	return protocol.Limits{
		ChangeBytes:    l.ChangeBytes,
		ChangeOps:      l.ChangeOps,
		DocumentLength: l.DocumentLength,
		PresenceBytes:  l.PresenceBytes,

		ChangesPerSecond:  l.ConnectionChanges,
		BytesPerSecond:    l.ConnectionBytes,
		MessagesPerSecond: l.ConnectionMessages,
	}
}

// DefaultLimits are those of a zero Limits.
func DefaultLimits() Limits { return Limits{}.withDefaults() }

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&l.ChangeBytes, DefaultChangeBytes},
		{&l.ChangeOps, DefaultChangeOps},
		{&l.DocumentLength, DefaultDocumentLength},
		{&l.PresenceBytes, DefaultPresenceBytes},
		{&l.Inbox, DefaultInbox},
		{&l.OutboxBytes, DefaultOutboxBytes},
		{&l.OutboxFrames, DefaultOutboxFrames},
		{&l.FrameBytes, DefaultFrameBytes},
		{&l.Peers, DefaultPeers},
		{&l.Pending, DefaultPending},
		{&l.WindowChanges, DefaultWindowChanges},
		{&l.WindowBytes, DefaultWindowBytes},
		{&l.Documents, DefaultDocuments},
		{&l.DocumentsBytes, DefaultDocumentsBytes},
		{&l.Invalid, DefaultInvalid},
		{&l.IssuedClients, DefaultIssuedClients},
		{&l.SnapshotBytes, DefaultSnapshotBytes},
		{&l.UserConnections, DefaultUserConnections},
		{&l.ConnectionChanges, DefaultConnectionChanges},
		{&l.ConnectionBytes, DefaultConnectionBytes},
		{&l.ConnectionMessages, DefaultConnectionMessages},
		{&l.UserChanges, DefaultUserChanges},
		{&l.UserBytes, DefaultUserBytes},
		{&l.DocumentChanges, DefaultDocumentChanges},
		{&l.DocumentBytes, DefaultDocumentBytes},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&l.Idle, DefaultIdle},
		{&l.Drain, DefaultDrain},
		{&l.PresencePace, DefaultPresencePace},
		{&l.RateBurst, DefaultRateBurst},
		{&l.RateWait, DefaultRateWait},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}
