package collabtest

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// Local is an engine on a Memory store behind real sockets, where everybody is
// a guest who may edit. Any goroutine.
type Local struct {
	URL    string // http://127.0.0.1:port
	Store  *persistence.Memory
	Hub    *collab.Hub
	Socket *transport.WebSocket
	Poll   *transport.LongPoll

	server *http.Server
	guests atomic.Int64
}

// LocalConfig changes what Local is made of; every field may be zero.
type LocalConfig struct {
	Engine    collab.Config // Log and Documents are set by Local
	Transport transport.Config
	Access    transport.Access // nil: everybody is a guest who may edit
	Listener  net.Listener     // nil: a free port
}

// NewLocal starts a server on a free port; Close ends it.
func NewLocal(config LocalConfig) (*Local, error) {
	l := &Local{Store: persistence.NewMemory()}
	config.Engine.Log, config.Engine.Documents = l.Store, l.Store
	l.Hub = collab.NewHub(config.Engine)
	config.Transport.Hub, config.Transport.Engine = l.Hub, l.Hub.Limits()
	config.Transport.Access = config.Access
	if config.Access == nil {
		config.Transport.Access = openAccess{&l.guests}
	}
	l.Socket, l.Poll = transport.NewWebSocket(config.Transport), transport.NewLongPoll(config.Transport)
	listener := config.Listener
	if listener == nil {
		var err error
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
	}
	l.URL = "http://" + listener.Addr().String()
	mux := http.NewServeMux()
	mux.Handle("GET /api/documents/{id}/socket", l.Socket)
	mux.Handle("POST /api/documents/{id}/poll", l.Poll)
	mux.HandleFunc("GET /api/documents/{id}/content", l.content)
	mux.HandleFunc("POST /api/documents", l.create)
	l.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = l.server.Serve(listener) }()
	go func() { _ = l.server.Serve(l.Poll.Returned()) }()
	return l, nil
}

// NewDocument makes an empty one and returns its id.
func (l *Local) NewDocument() persistence.ID {
	id := persistence.NewID()
	// A Memory store that is open refuses only an id that exists.
	_ = l.Store.Create(context.Background(), persistence.Document{ID: id, Title: "A title", Head: persistence.Head{Epoch: persistence.NewID()}}, nil)
	return id
}

// Close stops the engine, then what is left of the connections.
func (l *Local) Close(ctx context.Context) error {
	l.Socket.Drain()
	l.Poll.Drain()
	err := l.Hub.Close(ctx)
	return errors.Join(err, l.Socket.Shutdown(ctx), l.Poll.Shutdown(ctx), l.server.Close(), l.Store.Close())
}

func (l *Local) create(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]string{"id": l.NewDocument().String()})
}

func (l *Local) content(w http.ResponseWriter, r *http.Request) {
	id, err := persistence.ParseID(r.PathValue("id"))
	if err != nil {
		http.Error(w, "no such document", http.StatusNotFound)
		return
	}
	var content collab.Content
	if revision, bad := strconv.ParseInt(r.FormValue("revision"), 10, 64); bad == nil {
		content, err = l.Hub.ReadAt(r.Context(), id, revision)
	} else {
		content, err = l.Hub.Read(r.Context(), id)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	body := append([]byte(`{"revision":`), strconv.FormatInt(content.Revision, 10)...)
	body = content.Document.AppendJSON(append(body, `,"content":`...))
	_, _ = w.Write(append(body, '}'))
}

// openAccess lets everybody in; the token of a guest is the guest's id.
type openAccess struct{ guests *atomic.Int64 }

func (openAccess) Identify(*http.Request) (transport.Identity, bool, error) {
	return transport.Identity{}, false, nil
}

func (openAccess) Token(_ context.Context, token string) (transport.Identity, bool, error) {
	_, err := persistence.ParseID(token)
	return transport.Identity{User: protocol.User{ID: token, Name: "Guest", Color: "#3366ff"}}, err == nil, nil
}

func (a openAccess) Guest(context.Context, persistence.ID, *protocol.Resume) (transport.Identity, string, error) {
	id := persistence.NewID().String()
	user := protocol.User{ID: id, Name: "Guest " + strconv.FormatInt(a.guests.Add(1), 10), Color: "#3366ff"}
	return transport.Identity{User: user}, id, nil
}

func (openAccess) Role(context.Context, transport.Identity, persistence.ID) (protocol.Role, error) {
	return protocol.RoleEditor, nil
}
