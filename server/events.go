package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	// eventPace is the least time between two looks at what changed, so that a
	// document being typed in is one event a second and not one per letter.
	eventPace = time.Second
	// eventQueue is how many events wait for one reader before it is ended.
	eventQueue = 256
)

// Events tells readers of the document list what changed. Whatever happens to
// a document marks it; a goroutine looks the marked ones up together and sends
// each reader what they may see. Nothing is looked up while nobody reads. Any
// goroutine.
type Events struct {
	documents persistence.Documents
	people    func(document persistence.ID, most int) (first []protocol.User, all int)
	logger    *slog.Logger

	mu      sync.Mutex
	marked  map[persistence.ID]bool
	readers map[*eventReader]bool
	wake    chan struct{}
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
}

type eventReader struct {
	who   transport.Identity
	queue chan documentEvent // closed when the reader was too slow
}

// documentEvent is a document as it is now; gone if it is in the trash. rights
// says instead that the reader's own rights may have changed, access that it is
// who has access to the document, of which the id alone is there.
type documentEvent struct {
	rights   bool
	access   bool
	document persistence.Document
	people   []protocol.User // the first of them
	here     int             // how many they are
	gone     bool
}

// NewEvents starts the live list; Close ends it. people is collab.Hub.People.
func NewEvents(documents persistence.Documents, people func(document persistence.ID, most int) (first []protocol.User, all int), logger *slog.Logger) *Events {
	e := &Events{
		documents: documents, people: people, logger: logger,
		marked: map[persistence.ID]bool{}, readers: map[*eventReader]bool{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go e.run()
	return e
}

// Touch says that something about a document changed. It never blocks.
func (e *Events) Touch(document persistence.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.readers) == 0 {
		return
	}
	e.marked[document] = true
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Rights says to some readers that they may see more or less than before. It
// never blocks.
func (e *Events) Rights(concerns func(who *transport.Identity) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for reader := range e.readers {
		if concerns(&reader.who) {
			e.put(reader, documentEvent{rights: true})
		}
	}
}

// Access says that who has access to a document, or asks for it, was changed.
// It never blocks.
func (e *Events) Access(document persistence.ID) {
	e.send(documentEvent{access: true, document: persistence.Document{ID: document}})
}

// Close ends the goroutine; readers get nothing more.
func (e *Events) Close() {
	e.once.Do(func() { close(e.stop) })
	<-e.done
}

func (e *Events) run() {
	defer close(e.done)
	pace := time.NewTimer(0)
	defer pace.Stop()
	for {
		select {
		case <-e.wake:
		case <-e.stop:
			return
		}
		e.tell()
		// The first change is told at once, those after it together.
		pace.Reset(eventPace)
		select {
		case <-pace.C:
		case <-e.stop:
			return
		}
	}
}

func (e *Events) tell() {
	e.mu.Lock()
	marked := e.marked
	e.marked = map[persistence.ID]bool{}
	e.mu.Unlock()
	for id := range marked {
		d, err := e.documents.Document(context.Background(), id)
		event := documentEvent{document: d}
		switch {
		case errors.Is(err, persistence.ErrNotFound):
			event.document.ID, event.gone = id, true
		case err != nil:
			e.logger.Warn("the live list tells a change later", "error", err)
			if !errors.Is(err, persistence.ErrDamaged) {
				e.Touch(id)
			}
			continue
		default:
			event.gone = !d.TrashedAt.IsZero()
			event.people, event.here = e.people(id, shownPeople)
		}
		e.send(event)
	}
}

func (e *Events) send(event documentEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for reader := range e.readers {
		e.put(reader, event)
	}
}

// put is called with the lock held.
func (e *Events) put(reader *eventReader, event documentEvent) {
	select {
	case reader.queue <- event:
	default:
		delete(e.readers, reader)
		close(reader.queue)
	}
}

func (e *Events) join(who transport.Identity) *eventReader {
	reader := &eventReader{who: who, queue: make(chan documentEvent, eventQueue)}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.readers[reader] = true
	return reader
}

func (e *Events) leave(reader *eventReader) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.readers, reader)
}

func (s *Server) eventRoutes(api huma.API) {
	register(api, huma.Operation{
		OperationID: "follow-documents", Method: http.MethodGet, Path: "/api/documents/events", Tags: []string{"Documents"}, DefaultStatus: http.StatusOK,
		Summary: "Changes of the list, live", Errors: []int{http.StatusTooManyRequests},
		Description: "Server-sent events: document carries a document as get-document shows it, after it was created, renamed, changed, restored, " +
			"or somebody came or went; removed carries an object with its id, and so does access, for members who edit: who has access was changed. " +
			"After reload - one may see more or less than before - and after a reconnect read the list again. " +
			"The stream ends with the login that opened it.",
		Responses:   map[string]*huma.Response{"200": {Description: "An event stream", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
		Middlewares: huma.Middlewares{func(ctx huma.Context, _ func(huma.Context)) { r, w := humago.Unwrap(ctx); s.followDocuments(w, r) }},
	}, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
}

func (s *Server) followDocuments(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	setRoute(ctx, routeStream)
	if !s.origins.allow(r) {
		refuseForeign(w, r)
		return
	}
	leave, err := s.streams.enter(callerOf(ctx).User.ID)
	if err != nil {
		s.writeProblem(w, r, err)
		return
	}
	defer leave()
	reader := s.config.Events.join(callerOf(ctx))
	defer s.config.Events.leave(reader)
	stream, err := startEvents(w)
	if err != nil {
		return
	}
	defer stream.rest()
	if r.Method == http.MethodHead {
		return // the headers are all of its answer
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	ends := s.ends(&reader.who)
	for {
		select {
		case event, open := <-reader.queue:
			if !open {
				return
			}
			err = s.sendEvent(ctx, stream, event)
		case <-beat.C:
			if _, err = s.config.Access.Alive(ctx, reader.who); err == nil {
				err = stream.beat()
			}
		case <-ends:
			return
		case <-ctx.Done():
			return
		case <-s.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// ends fires when a credential ends by itself.
func (s *Server) ends(who *transport.Identity) <-chan time.Time {
	if who.Expires.IsZero() {
		return nil
	}
	return time.After(who.Expires.Sub(s.config.Now()))
}

// sendEvent shows one reader what they may see of an event.
func (s *Server) sendEvent(ctx context.Context, stream *eventStream, event documentEvent) error {
	if event.rights {
		if _, err := s.config.Access.Alive(ctx, callerOf(ctx)); err != nil {
			return err
		}
		stream.add("", "reload", []byte(`{"reason":"rights"}`))
		return stream.flush()
	}
	role, err := s.config.Access.Role(ctx, callerOf(ctx), event.document.ID)
	switch {
	case errors.Is(err, transport.ErrUnauthorized), errors.Is(err, transport.ErrTokenExpired):
		return err
	case err != nil, role == protocol.RoleNone:
		return nil // not theirs to know
	case event.access && !s.seesAccess(ctx, role):
		return nil
	}
	if event.access || event.gone {
		data, err := json.Marshal(map[string]string{"id": event.document.ID.String()})
		if err != nil {
			return err
		}
		stream.add("", map[bool]string{true: "access", false: "removed"}[event.access], data)
		return stream.flush()
	}
	data, err := json.Marshal(viewOf(event.document, role, event.people, event.here))
	if err != nil {
		return err
	}
	stream.add("", "document", data)
	return stream.flush()
}
