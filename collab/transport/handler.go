package transport

import (
	"context"
	"errors"
	"net/http"
	"net/netip"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// caller is what the request that opened a pipe says.
type caller struct {
	document persistence.ID // zero: the path names none
	who      Identity
	known    bool       // who came with the request's credentials
	address  netip.Addr // see Config.Address
}

// documentID reads the id of a request's path; the zero ID if it is none.
func documentID(path string) persistence.ID {
	id, err := persistence.ParseID(path)
	if err != nil {
		return persistence.ID{}
	}
	return id
}

// recognise reads who opens a pipe, or answers the request with why not.
func (c *Config) recognise(w http.ResponseWriter, r *http.Request) (caller, bool) {
	who, known, err := c.Access.Identify(r)
	from := caller{document: documentID(r.PathValue("id")), who: who, known: known, address: c.address(r)}
	switch {
	case errors.Is(err, ErrUnauthorized), errors.Is(err, ErrTokenExpired):
		c.denied(from, Identity{}, err)
		w.Header().Set("WWW-Authenticate", "Bearer")
		problem(w, http.StatusUnauthorized, "unauthorized", "The credentials are not valid; come back without them or with new ones.")
	case err != nil:
		c.Logger.Error("identifying failed", "error", err)
		w.Header().Set("Retry-After", "2")
		problem(w, http.StatusServiceUnavailable, "unavailable", "Who you are cannot be looked up right now; try again.")
	}
	return from, err == nil
}

// join answers a pipe's first message: as whom they come, whether they may, and
// their peer in the document. It waits for the document to be loaded.
func (c *Config) join(ctx context.Context, from caller, m protocol.ClientMessage, conn collab.Conn) (peer *collab.Peer, who Identity, refused *collab.CloseError) {
	hello, ok := m.(protocol.Hello)
	if !ok {
		return nil, who, &collab.CloseError{Code: protocol.CloseProtocol, Reason: "the first message is hello"}
	}
	switch {
	case hello.Protocol < protocol.Version:
		return nil, who, &collab.CloseError{Code: protocol.CloseClientTooOld, Reason: "this client is too old for the server"}
	case hello.Protocol > protocol.Version:
		return nil, who, &collab.CloseError{Code: protocol.CloseServerTooOld, Reason: "this server is too old for the client"}
	case from.document == persistence.ID{}:
		return nil, who, c.refusal(persistence.ErrNotFound)
	}
	who, token, err := c.identify(ctx, from, hello)
	if err != nil {
		if hello.Token != "" || hello.Resume != nil {
			c.denied(from, Identity{}, err)
		}
		return nil, who, c.refusal(err)
	}
	shut := false // the document is there, and not for them
	err = c.Hub.Afresh(func(since collab.Generation) error {
		role, err := c.Access.Role(ctx, who, from.document)
		if shut = err == nil && role == protocol.RoleNone; shut {
			err = persistence.ErrNotFound
		}
		if err != nil {
			return err
		}
		peer, err = c.Hub.Attach(ctx, collab.Attach{
			Document: from.document, Who: who, Role: role, Since: since, Conn: conn, Resume: hello.Resume, Token: token,
		})
		return err
	})
	if err != nil {
		if shut || !errors.Is(err, persistence.ErrNotFound) {
			c.denied(from, who, err)
		}
		return nil, who, c.refusal(err)
	}
	return peer, who, nil
}

// identify takes the token of the hello, else the request's credentials, else
// makes a guest.
func (c *Config) identify(ctx context.Context, from caller, hello protocol.Hello) (who Identity, token string, err error) {
	switch {
	case hello.Token != "":
		who, ok, err := c.Access.Token(ctx, hello.Token)
		if err == nil && !ok {
			err = ErrUnauthorized
		}
		return who, "", err
	case from.known:
		return from.who, "", nil
	}
	return c.Access.Guest(ctx, from.document, hello.Resume)
}

// refusal says an error in a close code. What the client may not know it does
// not learn: a document that is not theirs is not found.
func (c *Config) refusal(err error) *collab.CloseError {
	if e, ok := errors.AsType[*collab.CloseError](err); ok {
		return e
	}
	switch {
	case errors.Is(err, persistence.ErrNotFound):
		return &collab.CloseError{Code: protocol.CloseNotFound, Reason: "no such document"}
	case errors.Is(err, ErrForbidden):
		return &collab.CloseError{Code: protocol.CloseForbidden, Reason: "forbidden"}
	case errors.Is(err, ErrTokenExpired):
		return &collab.CloseError{Code: protocol.CloseTokenExpired, Reason: "token expired"}
	case errors.Is(err, ErrUnauthorized):
		return &collab.CloseError{Code: protocol.CloseUnauthorized, Reason: "unauthorized"}
	case errors.Is(err, collab.ErrStopped):
		return &collab.CloseError{Code: protocol.CloseGoAway, Reason: "the server is stopping"}
	case errors.Is(err, context.Canceled), errors.Is(err, collab.ErrStale):
	default:
		c.Logger.Error("joining failed", "error", err)
	}
	return &collab.CloseError{Code: protocol.CloseGeneric, Reason: "try again"}
}
