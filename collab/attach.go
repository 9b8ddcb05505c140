package collab

import (
	"context"
	"errors"
	"fmt"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Conn is a network pipe, given by a transport.
type Conn interface {
	// Kind is "websocket" or "longpoll".
	Kind() string
	// Wake says that the peer's Next may have a frame, or something to end.
	// Called from any goroutine, also from inside a document's loop and before
	// Attach has returned: it never blocks.
	Wake()
	// Close ends the pipe after the frames already taken. Called from any
	// goroutine; never blocks; later calls change nothing.
	Close(code protocol.CloseCode, reason string)
}

// Attach is a request to connect a pipe to a document.
type Attach struct {
	Document persistence.ID
	Who      Identity
	Role     protocol.Role
	Since    Generation // read before the role was
	Conn     Conn
	Resume   *protocol.Resume // nil: a new client
	Token    string           // to put into welcome.token
}

// errQuarantine: the document's session panicked again and again.
var errQuarantine = fmt.Errorf("%w: it failed repeatedly and rests for a minute", ErrUnavailable)

// askAgain bounds how often a request goes to a next session when the one it
// went to has ended.
const askAgain = 5

// Attach connects a pipe in one turn of the document's loop, so that what the
// peer is given and what it hears afterwards have no gap and no overlap. The
// welcome is the first frame of Peer.Next. Refusals are a *CloseError, or
// ErrStale. Any goroutine.
func (h *Hub) Attach(ctx context.Context, a Attach) (*Peer, error) {
	if a.Role < protocol.RoleViewer {
		return nil, &CloseError{protocol.CloseForbidden, "no access"}
	}
	who, err := newAuthor(a.Who.User)
	if err != nil {
		return nil, &CloseError{protocol.CloseForbidden, "no access"}
	}
	if a.Who.expired(h.config.Now()) {
		return nil, errExpired
	}
	if _, err := h.living(ctx, a.Document); err != nil {
		return nil, err
	}
	r := &joinRequest{
		attach: a, author: who,
		peer: h.config.NewID(), fresh: h.config.NewID(),
		reply: make(chan joinReply, 1),
	}
	if a.Resume != nil {
		r.resume = &resume{revision: a.Resume.Revision, attempt: a.Resume.Attempt}
		r.resume.client, _ = persistence.ParseID(a.Resume.Client)
		r.resume.epoch, _ = persistence.ParseID(a.Resume.Epoch)
	}
	reply, err := h.join(ctx, r)
	if errors.Is(err, ErrStale) {
		h.rights.await(ctx, a.Document, who.row.ID, a.Who.Login)
		return nil, ErrStale
	}
	if err != nil {
		return nil, h.refusal(a.Document, err)
	}
	// Again, since the session tells its peers of what comes after this look.
	document, err := h.living(ctx, a.Document)
	if err != nil {
		reply.peer.Detach()
		return nil, err
	}
	if !reply.resumed {
		h.issue(r.fresh, who.row.ID, a.Document)
	}
	reply.peer.outbox.open(protocol.AppendServer(nil, h.welcome(a, document.Title, reply)))
	a.Conn.Wake()
	return reply.peer, nil
}

// living reads the row of a document that is not in the trash.
func (h *Hub) living(ctx context.Context, id persistence.ID) (persistence.Document, error) {
	d, err := h.config.Documents.Document(ctx, id)
	if err != nil {
		return d, h.refusal(id, err)
	}
	if !d.TrashedAt.IsZero() {
		return d, &CloseError{protocol.CloseNotFound, "no such document"}
	}
	return d, nil
}

// join asks sessions until one has answered for good.
func (h *Hub) join(ctx context.Context, r *joinRequest) (joinReply, error) {
	for range askAgain {
		s, err := h.open(ctx, r.attach.Document)
		if err != nil {
			return joinReply{}, err
		}
		if err := h.known(ctx, s, r); err != nil {
			return joinReply{}, err
		}
		reply, err := ask(ctx, s, r, r.reply)
		switch {
		case errors.Is(err, errGone):
			r.page, r.reply = nil, make(chan joinReply, 1)
		case err != nil:
			if !r.claimed.CompareAndSwap(false, true) {
				undo(s, r.reply)
			}
			return joinReply{}, err
		case reply.needPage:
			r.page, err = readPage(h.config.Log, r.attach.Document, r.resume.client, reply.readFrom, reply.state.revision)
			if err != nil {
				return joinReply{}, err
			}
		case !reply.again:
			return reply, reply.err
		}
		r.claimed.Store(false)
	}
	return joinReply{}, ErrUnavailable
}

// undo lets a peer go whose asker went away while the session was answering;
// the answer comes in the same turn of the loop.
func undo(s *session, replies <-chan joinReply) {
	select {
	case r := <-replies:
		if r.peer != nil {
			r.peer.Detach()
		}
	case <-s.done:
	}
}

// known reads what the log and the registry know of a resuming client.
func (h *Hub) known(ctx context.Context, s *session, r *joinRequest) error {
	in := r.resume
	if in == nil {
		return nil
	}
	r.forgotten = s.forgotten.Load()
	if in.client.IsZero() {
		return nil
	}
	row, err := h.config.Log.Client(ctx, r.attach.Document, in.client)
	switch {
	case err == nil:
		in.row = &row
	case !errors.Is(err, persistence.ErrNotFound):
		return err
	}
	if i, ok := h.issuedTo(in.client); ok {
		if i.document != r.attach.Document {
			return &CloseError{protocol.CloseForbidden, "not yours"}
		}
		in.issued = i.user
	}
	return nil
}

func (h *Hub) welcome(a Attach, title string, r joinReply) protocol.Welcome {
	w := protocol.Welcome{
		Protocol: protocol.Version, Client: r.peer.client.String(), Token: a.Token, Peer: r.peer.id,
		Role: r.role, User: a.Who.User, Acknowledged: r.acknowledged, Peers: r.peers,
		Limits: h.config.Limits.wire(), Reset: r.reset,
		Document: protocol.WelcomeDocument{
			ID: a.Document.String(), Title: title, Epoch: r.state.epoch.String(), Revision: r.state.revision,
			Changes: r.changes, Resumed: r.resumed, More: r.more,
		},
	}
	if !r.resumed && r.state.document.Len() <= welcomeBytes {
		if content, ok := r.state.document.AppendJSONWithin(nil, welcomeBytes); ok {
			w.Document.Content = content
		}
	}
	return w
}

// refusal says why nobody could attach, without telling more than that.
func (h *Hub) refusal(document persistence.ID, err error) error {
	var closing *CloseError
	switch {
	case errors.As(err, &closing):
		return closing
	case errors.Is(err, persistence.ErrNotFound):
		return &CloseError{protocol.CloseNotFound, "no such document"}
	case errors.Is(err, ErrStopped):
		return &CloseError{protocol.CloseGoAway, "server is stopping"}
	case errors.Is(err, errQuarantine):
		return &CloseError{protocol.CloseGeneric, "document failed repeatedly; try again in a minute"}
	case errors.Is(err, errNoRoom):
		return &CloseError{protocol.CloseGeneric, "too many documents are open on this server; try again later"}
	case errors.Is(err, persistence.ErrDamaged):
		h.config.Logger.Error("document is damaged and cannot be opened; coscribe verify names the revision", "document", document, "error", err)
		return &CloseError{protocol.CloseDamaged, "document is damaged; its earlier revisions can still be read"}
	case errors.Is(err, ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &CloseError{protocol.CloseGeneric, "document is unavailable"}
	}
	h.config.Logger.Error("document cannot be opened", "document", document, "error", err)
	return &CloseError{protocol.CloseGeneric, "document cannot be opened"}
}

func newAuthor(u protocol.User) (*author, error) {
	id, err := persistence.ParseID(u.ID)
	if err != nil {
		return nil, fmt.Errorf("user %q: %w", u.ID, err)
	}
	return &author{user: u, row: persistence.Author{ID: id, Name: u.Name, Color: u.Color}}, nil
}
