package transport

import (
	"errors"
	"net/http"
	"net/netip"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Denial is somebody who was turned away for what they showed, or in spite of
// it. Who shows nothing is turned away without one.
type Denial struct {
	// Err says why: ErrUnauthorized or ErrTokenExpired of what they showed,
	// ErrForbidden of a client that is somebody else's, persistence.ErrNotFound
	// of a document that is there, but not for them.
	Err      error
	Who      Identity       // zero: nobody that is known
	Document persistence.ID // zero: the path names none
	Address  netip.Addr     // zero: not known
}

// denied tells of a denial, if err is one.
func (c *Config) denied(from caller, who Identity, err error) {
	if c.Denied == nil {
		return
	}
	if closed, ok := errors.AsType[*collab.CloseError](err); ok && closed.Code == protocol.CloseForbidden {
		err = ErrForbidden
	}
	for _, known := range []error{ErrUnauthorized, ErrTokenExpired, ErrForbidden, persistence.ErrNotFound} {
		if errors.Is(err, known) {
			c.Denied(Denial{Err: known, Who: who, Document: from.document, Address: from.address})
			return
		}
	}
}

func (c *Config) address(r *http.Request) netip.Addr {
	if c.Address == nil {
		return netip.Addr{}
	}
	return c.Address(r)
}
