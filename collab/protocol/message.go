// Package protocol is the wire between clients and the engine: every message
// as a struct, its codec and the codes of law P5. It depends on ot alone and
// knows neither sockets nor sessions.
package protocol

import (
	"encoding/json"
	"time"

	"github.com/coscribe/coscribe/ot"
)

// Version is the protocol version spoken here; Subprotocol its WebSocket name.
const (
	Version     = 1
	Subprotocol = "coscribe.v1"
)

// Role is what a connection may do; roles are ordered.
type Role uint8

// Roles from least to most. RoleNone may do nothing.
const (
	RoleNone Role = iota
	RoleViewer
	RoleCommenter
	RoleEditor
	RoleOwner
)

// User is a person as shown to others.
type User struct {
	ID    string `json:"id"` // UUID
	Name  string `json:"name"`
	Color string `json:"color"` // "#rrggbb"
}

// Selection is a caret (Anchor == Head) or a range, in UTF-16 units.
type Selection struct {
	Anchor int `json:"anchor"`
	Head   int `json:"head"`
}

// ClientMessage is one of Hello, Submit, Presence, Check, Ping.
type ClientMessage interface{ clientMessage() }

// Hello opens a connection (law P2).
type Hello struct {
	Protocol int     `json:"protocol"`
	Token    string  `json:"token,omitempty"`
	Resume   *Resume `json:"resume,omitempty"`
}

// Resume asks to continue an earlier connection of the same client (law C2).
type Resume struct {
	Client   string `json:"client"`
	Epoch    string `json:"epoch"`
	Revision int64  `json:"revision"` // last applied
	Seq      int64  `json:"seq"`      // last sent
	// Attempt rises with each connection that the client opens (its clock in ms
	// will do), so that a hello which a slow network delivers late does not
	// replace the connection that came after it. 0: not told.
	Attempt int64 `json:"attempt,omitempty"`
}

// Submit offers one change. Delta is canonical and not empty; the codec checks
// its JSON (law D2), the sequencer everything else.
//
// A delta that cannot be read is the change's fault, not the connection's: the
// decoder then leaves Delta nil and says in Fault what the Reject must carry.
type Submit struct {
	Seq   int64    `json:"seq"`  // from 1
	Base  int64    `json:"base"` // from 0
	Delta ot.Delta `json:"delta"`
	Bytes int      `json:"-"` // bytes of the delta's JSON as received
	Fault *Fault   `json:"-"`
}

// Fault is why a decoded Submit can only be rejected.
type Fault struct {
	Code    Code // CodeInvalidChange or CodeChangeTooLarge
	Message string
}

// Presence tells where this client's person is (law V2). A nil Selection means
// no caret. State is the embedder's, at most 2 KiB of JSON.
type Presence struct {
	Base      int64           `json:"base"`
	Seq       int64           `json:"seq"`
	Selection *Selection      `json:"selection"`
	State     json.RawMessage `json:"state,omitempty"`
}

// Check asks the server to compare content hashes (law C6).
type Check struct {
	Revision int64  `json:"revision"`
	Hash     string `json:"hash"` // hex SHA-256
}

// Ping asks for a Pong.
type Ping struct{}

func (Hello) clientMessage()    {}
func (Submit) clientMessage()   {}
func (Presence) clientMessage() {}
func (Check) clientMessage()    {}
func (Ping) clientMessage()     {}

// ServerMessage is one of Welcome, Ack, Reject, Change, PeerPresence, Leave,
// Title, RoleChange, Reload, Removed, GoAway, Pong.
type ServerMessage interface{ serverMessage() }

// Welcome answers Hello. Exactly one of Document.Content and Document.Changes
// is set, except that large content may be left out (Content == nil and
// ContentOmitted), to be fetched by HTTP at Document.Revision.
type Welcome struct {
	Protocol     int             `json:"protocol"`
	Client       string          `json:"client"`
	Token        string          `json:"token,omitempty"`
	Peer         string          `json:"peer"`
	Role         Role            `json:"role"`
	User         User            `json:"user"`
	Document     WelcomeDocument `json:"document"`
	Acknowledged *Acknowledged   `json:"acknowledged"`
	Peers        []PeerPresence  `json:"peers"`
	Limits       Limits          `json:"limits"`
	Reset        string          `json:"reset,omitempty"` // "", "epoch", "too_old"
}

// WelcomeDocument is the document part of a Welcome. On the wire `content` is
// an array of ops, or null when omitted for its size; `changes` appears only
// when a resume was honoured.
type WelcomeDocument struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Epoch    string   `json:"epoch"`
	Revision int64    `json:"revision"` // durable head at the join
	Content  []byte   `json:"-"`        // canonical JSON of the delta, spliced in as is
	Changes  []Change `json:"changes,omitempty"`
	Resumed  bool     `json:"-"` // true: send changes (may be empty), not content
	More     bool     `json:"more,omitempty"`
}

// Acknowledged is the client's highest committed seq in this log.
type Acknowledged struct {
	Seq      int64 `json:"seq"`
	Revision int64 `json:"revision"`
}

// Limits are the bounds a client should keep to; see collab/limits.go.
type Limits struct {
	ChangeBytes    int `json:"changeBytes"`    // bytes of one delta's JSON
	ChangeOps      int `json:"changeOps"`      // ops in one delta
	DocumentLength int `json:"documentLength"` // UTF-16 units
	PresenceBytes  int `json:"presenceBytes"`  // bytes of presence state
	// What this connection may send in a second before it is read more slowly;
	// MessagesPerSecond are those that are no changes.
	ChangesPerSecond  int `json:"changesPerSecond"`
	BytesPerSecond    int `json:"bytesPerSecond"`
	MessagesPerSecond int `json:"messagesPerSecond"`
}

// Ack: the change is committed with fsync (law S5).
type Ack struct {
	Seq      int64     `json:"seq"`
	Revision int64     `json:"revision"`
	At       time.Time `json:"at"`
}

// Reject: the change is not in the log.
type Reject struct {
	Seq        int64  `json:"seq"`
	Code       Code   `json:"code"`
	Message    string `json:"message"`
	Retry      bool   `json:"retry"`
	RetryAfter int    `json:"retryAfter,omitempty"` // ms
}

// Change is another client's committed change; on a resume's catch-up Seq is
// set on the requester's own.
type Change struct {
	Revision int64     `json:"revision"`
	Peer     string    `json:"peer,omitempty"`
	Author   User      `json:"author"`
	At       time.Time `json:"at"`
	Delta    ot.Delta  `json:"delta"`
	Seq      int64     `json:"seq,omitempty"`
}

// PeerPresence is a peer's caret at a durable revision.
type PeerPresence struct {
	Peer      string          `json:"peer"`
	User      User            `json:"user"`
	Revision  int64           `json:"revision"`
	Selection *Selection      `json:"selection"`
	State     json.RawMessage `json:"state,omitempty"`
}

// Leave: a peer has gone.
type Leave struct {
	Peer string `json:"peer"`
}

// Title: the document was renamed.
type Title struct {
	Title string `json:"title"`
}

// RoleChange: this peer's role changed, applied in place.
type RoleChange struct {
	Role Role `json:"role"`
}

// Reload: fetch the document again and keep pending edits.
type Reload struct {
	Reason string `json:"reason"`
}

// Removed: the document was trashed or access was taken away.
type Removed struct {
	Reason string `json:"reason"`
}

// GoAway: the server is stopping; come back after RetryAfter ms.
type GoAway struct {
	RetryAfter int `json:"retryAfter"`
}

// Pong answers Ping with the durable revision.
type Pong struct {
	Revision int64 `json:"revision"`
}

func (Welcome) serverMessage()      {}
func (Ack) serverMessage()          {}
func (Reject) serverMessage()       {}
func (Change) serverMessage()       {}
func (PeerPresence) serverMessage() {}
func (Leave) serverMessage()        {}
func (Title) serverMessage()        {}
func (RoleChange) serverMessage()   {}
func (Reload) serverMessage()       {}
func (Removed) serverMessage()      {}
func (GoAway) serverMessage()       {}
func (Pong) serverMessage()         {}
