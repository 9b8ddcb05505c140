package collab

import (
	"log/slog"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Config is what a Hub is made of. Log and Documents are required; the rest
// has a default. Time and ids come from here alone, so that a run replays from
// a seed (law R4); waiting uses the time package, which testing/synctest
// replaces.
type Config struct {
	Log       persistence.Log
	Documents persistence.Documents

	Now    func() time.Time      // nil: time.Now. Any goroutine
	NewID  func() persistence.ID // nil: persistence.NewID, 122 random bits or more (law S3). Any goroutine
	Spread func(n int) int       // nil: random; a number in [0, n) that spreads reconnections. Any goroutine
	Logger *slog.Logger          // nil: silent. Never given content, tokens or names
	Limits Limits                // zero fields get their defaults

	Metrics  Metrics        // nil functions are not called
	Activity func(Activity) // nil: nobody asks. Called from session goroutines; must not block

	began time.Time // what elapsed counts from
	rates rates     // of Limits
}

// Activity says that something happened in a document which lists may show.
type Activity struct {
	Document persistence.ID
	Revision int64              // durable head
	Author   persistence.Author // of the last change; zero if only people changed
	At       time.Time          // of the last change; zero if only people changed
	// PeopleChanged: somebody came or went; see Hub.People.
	PeopleChanged bool
}

// Metrics are counters to be told as things happen. Every function may be nil,
// is called from any goroutine and must not block.
type Metrics struct {
	Committed    func(changes int, took time.Duration) // one durable batch, from Append to its answer
	CommitFailed func(error)
	Rejected     func(protocol.Code)
	Closed       func(protocol.CloseCode) // the engine ended a connection
	HashMismatch func()                   // a client's document differs (law C6)
	Panicked     func()
	Opened       func(took time.Duration) // a document was loaded
	Snapshot     func(bytes int)          // a snapshot of so many compressed bytes was stored
	// Delayed: what came in was held back by the rate of a "connection", "user"
	// or "document". Refused: a bound turned something away; its name.
	Delayed func(scope string, wait time.Duration)
	Refused func(bound string)
}

// Stats are gauges of this moment.
type Stats struct {
	Documents int   // live documents
	Bytes     int64 // that they take in memory, about
	Peers     int   // attached connections
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = persistence.NewID
	}
	if c.Spread == nil {
		c.Spread = randomBelow
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Activity == nil {
		c.Activity = func(Activity) {}
	}
	c.Metrics = c.Metrics.withDefaults()
	c.Limits = c.Limits.withDefaults()
	c.began, c.rates = c.Now(), c.Limits.rates()
	return c
}

// elapsed is the time since the hub was made.
func (c *Config) elapsed() time.Duration { return c.Now().Sub(c.began) }

func (m Metrics) withDefaults() Metrics {
	if m.Committed == nil {
		m.Committed = func(int, time.Duration) {}
	}
	if m.CommitFailed == nil {
		m.CommitFailed = func(error) {}
	}
	if m.Rejected == nil {
		m.Rejected = func(protocol.Code) {}
	}
	if m.Closed == nil {
		m.Closed = func(protocol.CloseCode) {}
	}
	if m.HashMismatch == nil {
		m.HashMismatch = func() {}
	}
	if m.Panicked == nil {
		m.Panicked = func() {}
	}
	if m.Opened == nil {
		m.Opened = func(time.Duration) {}
	}
	if m.Snapshot == nil {
		m.Snapshot = func(int) {}
	}
	if m.Delayed == nil {
		m.Delayed = func(string, time.Duration) {}
	}
	if m.Refused == nil {
		m.Refused = func(string) {}
	}
	return m
}
