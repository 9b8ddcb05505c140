package collab

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Hub is the registry of live documents. All methods may be called from any
// goroutine.
type Hub struct{ config Config }

// NewHub makes a hub; Close ends it.
func NewHub(c Config) *Hub { return &Hub{config: c.withDefaults()} }

func randomBelow(n int) int { return rand.IntN(n) }

// Close stops in the order of law R7: attaching is refused, peers are told to
// come back (spread over Limits.Drain) while sequencing goes on, the rest is
// closed, what was sequenced is committed, snapshots are written. It returns
// when all of it has ended, or the context's error.
func (h *Hub) Close(ctx context.Context) error { return errors.ErrUnsupported }

// Renamed tells live peers a new title.
func (h *Hub) Renamed(document persistence.ID, title string) {}

// Removed tells live peers that the document is gone and ends their
// connections.
func (h *Hub) Removed(document persistence.ID, reason string) {}

// SetRole applies a user's new role to their live connections; RoleNone ends
// them.
func (h *Hub) SetRole(document persistence.ID, user string, role protocol.Role) {}

// People says who is in the document now, each person once; nil if nobody is.
func (h *Hub) People(document persistence.ID) []protocol.User { return nil }

// Stats are gauges of this moment.
func (h *Hub) Stats() Stats { return Stats{} }

// Limits are those in force.
func (h *Hub) Limits() Limits { return h.config.Limits }
