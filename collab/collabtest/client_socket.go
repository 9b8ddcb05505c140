package collabtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// SocketConfig says where a Socket connects, and who listens.
type SocketConfig struct {
	URL      string // of the server, http or https, without a path
	Document string // its id
	Token    string // for hello; "": a guest
	HTTP     *http.Client
	Names    *protocol.Names // shared by the sockets of one load; nil: this one's own
	// Transport is WebSocket or LongPoll; "": WebSocket. Use changes it later.
	Transport string
	Backoff   time.Duration // longest wait between two attempts to connect; 0: 30 s

	// Observers, any may be nil. They run under the socket's lock and must
	// neither block nor call the socket.
	Sent    func(m protocol.Submit, bytes int)  // about to be written
	Landed  func(seq, revision int64)           // this client's change is durable
	Changed func(*protocol.Change)              // another's change was applied; not to be kept
	Frame   func(bytes int, received time.Time) // a whole frame was handled
	Refused func(Rejection)
	PutOff  func(protocol.Reject) // the change is to be sent again later
	Joined  func()                // welcomed, on the first connection and every later one
	Dropped func(error)           // the connection was lost and is made again
}

// Socket keeps a Client connected, over a WebSocket or by long-poll: it reconnects with backoff
// (law C5), resumes, and sends what the client has to send. Any goroutine.
type Socket struct {
	config SocketConfig
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex // of all below
	client  *Client
	pipe    pipe       // nil while there is none
	kind    string     // of the next connection
	failure error      // final
	lost    error      // why the last connection ended; nil: there was none
	quiet   time.Time  // nothing is submitted before: a reject asked for patience
	soon    time.Time  // until then a server that said goodbye is expected back
	changed *sync.Cond // anything may have changed

	write sync.Mutex // one frame at a time; never taken under mu
	buf   []byte     // of the writer
}

const (
	backoffLeast = 500 * time.Millisecond
	backoffMost  = 30 * time.Second
	retryLeast   = 100 * time.Millisecond
	// stable is how long a connection lives that was a good one: the backoff
	// begins anew.
	stable = 10 * time.Second
	// backSoon is how long after a goodbye attempts stay frequent.
	backSoon = 10 * time.Second
	// readQuiet is how long the server may be silent: it pings more often.
	readQuiet = 35 * time.Second
)

// Dial connects and returns once the document is there. The context bounds
// this; Close ends the socket.
func Dial(ctx context.Context, config SocketConfig) (*Socket, error) {
	if config.HTTP == nil {
		config.HTTP = http.DefaultClient
	}
	if config.Backoff == 0 {
		config.Backoff = backoffMost
	}
	running, cancel := context.WithCancel(context.Background())
	s := &Socket{config: config, cancel: cancel, done: make(chan struct{}), client: NewClient(), kind: config.Transport}
	s.changed = sync.NewCond(&s.mu)
	s.client.SetToken(config.Token)
	s.client.Rejected = config.Refused
	go s.run(running)
	if err := s.Wait(ctx, func(c *Client) bool { return c.ID() != "" }); err != nil {
		s.Close()
		return nil, fmt.Errorf("connecting to document %s: %w", config.Document, err)
	}
	return s, nil
}

// Close ends the connection and waits for its goroutine.
func (s *Socket) Close() {
	s.cancel()
	<-s.done
}

// Drop cuts the connection, as a network would; the socket makes a new one.
func (s *Socket) Drop() {
	s.mu.Lock()
	pipe := s.pipe
	s.mu.Unlock()
	if pipe != nil {
		pipe.cut()
	}
}

// Use changes to a transport in mid-session: the connection is cut and the next
// one, which resumes, is of that kind.
func (s *Socket) Use(transport string) {
	s.mu.Lock()
	s.kind = transport
	s.mu.Unlock()
	s.Drop()
}

// Look calls f with the client, which f must not keep.
func (s *Socket) Look(f func(*Client)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.client)
}

// Edit makes a local change, built by f from the view's length (nil: none), and
// sends it unless one is in flight.
func (s *Socket) Edit(f func(length int) ot.Delta) error {
	s.mu.Lock()
	d := f(s.client.Len())
	var err error
	if d != nil {
		err = s.client.Edit(d)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.send()
	return nil
}

// Wait returns when ready holds, looked at after every frame.
func (s *Socket) Wait(ctx context.Context, ready func(*Client) bool) error {
	stop := context.AfterFunc(ctx, s.changed.Broadcast)
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !ready(s.client) {
		if s.failure != nil {
			return s.failure
		}
		if ctx.Err() != nil {
			err := fmt.Errorf("at revision %d with %d pending: %w", s.client.Revision(), s.client.Pending(), ctx.Err())
			if s.pipe == nil && s.lost != nil {
				err = fmt.Errorf("%w; the last attempt: %w", err, s.lost)
			}
			return err
		}
		s.changed.Wait()
	}
	return nil
}

func (s *Socket) run(ctx context.Context) {
	defer close(s.done)
	least := min(backoffLeast, s.config.Backoff)
	wait := least
	for {
		began := time.Now()
		err := s.connection(ctx)
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		final := ctx.Err() != nil || !closedWith(err).Reconnect()
		s.mu.Lock()
		s.client.Lost()
		s.pipe = nil
		if final {
			s.failure = err
		} else {
			s.lost = err
		}
		soon := began.Before(s.soon)
		s.changed.Broadcast()
		s.mu.Unlock()
		if final {
			return
		}
		if s.config.Dropped != nil {
			s.config.Dropped(err)
		}
		if time.Since(began) > stable {
			wait = least
		}
		if soon {
			wait = min(wait, 2*least)
		}
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(wait)):
		}
		wait = min(2*wait, s.config.Backoff)
	}
}

// connection lives from dialling to the end of one connection.
func (s *Socket) connection(ctx context.Context) error {
	s.mu.Lock()
	kind := s.kind
	s.mu.Unlock()
	pipe, err := s.open(ctx, kind)
	if err != nil {
		return err
	}
	defer pipe.close()
	defer context.AfterFunc(ctx, pipe.interrupt)()
	s.mu.Lock()
	hello := protocol.AppendClient(nil, s.client.Hello())
	s.pipe = pipe
	s.mu.Unlock()
	if err := pipe.write(hello); err != nil {
		return err
	}
	return s.read(ctx, pipe)
}

func (s *Socket) read(ctx context.Context, pipe pipe) error {
	reader := protocol.Reader{Change: s.change, Ack: s.ack, Names: s.config.Names}
	reader.Message = func(m protocol.ServerMessage) error { return s.handle(ctx, m) }
	for {
		frame, err := pipe.read()
		if err != nil {
			return err
		}
		s.mu.Lock()
		err = reader.Read(frame)
		if s.config.Frame != nil {
			s.config.Frame(len(frame), time.Now())
		}
		s.changed.Broadcast()
		s.mu.Unlock()
		if err != nil {
			return err
		}
		s.send()
	}
}

// change, ack and handle run under the lock.

func (s *Socket) change(m *protocol.Change) error {
	own := m.Seq != 0 && m.Seq == s.client.InFlight()
	before := s.client.Revision()
	if err := s.client.Change(m); err != nil {
		return err
	}
	switch {
	case own && s.config.Landed != nil:
		s.config.Landed(m.Seq, m.Revision)
	case !own && s.config.Changed != nil && s.client.Revision() > before:
		s.config.Changed(m)
	}
	return nil
}

func (s *Socket) ack(m protocol.Ack) error {
	own := m.Seq == s.client.InFlight()
	if err := s.client.Ack(m); err != nil {
		return err
	}
	if own && s.config.Landed != nil {
		s.config.Landed(m.Seq, m.Revision)
	}
	return nil
}

func (s *Socket) handle(ctx context.Context, m protocol.ServerMessage) error {
	if w, ok := m.(protocol.Welcome); ok {
		return s.welcome(ctx, w)
	}
	err := s.client.Handle(m)
	if r, ok := m.(protocol.Reject); ok && r.Retry && err == nil {
		if s.config.PutOff != nil {
			s.config.PutOff(r)
		}
		wait := max(time.Duration(r.RetryAfter)*time.Millisecond, retryLeast)
		s.quiet = time.Now().Add(wait)
		time.AfterFunc(wait, s.send)
	}
	if g, ok := m.(protocol.GoAway); ok && s.pipe != nil {
		wait := time.Duration(g.RetryAfter) * time.Millisecond
		s.soon = time.Now().Add(wait + backSoon)
		time.AfterFunc(wait, s.pipe.interrupt)
	}
	return err
}

// welcome takes the changes of a catch-up one by one, so that they are observed
// like others, and fetches content that was left out.
func (s *Socket) welcome(ctx context.Context, w protocol.Welcome) error {
	missed := w.Document.Changes
	w.Document.Changes = nil
	err := s.client.Welcome(w)
	if errors.Is(err, ErrContent) {
		if w.Document.Content, err = s.fetch(ctx, w.Document.Revision); err == nil {
			err = s.client.Welcome(w)
		}
	}
	for i := 0; i < len(missed) && err == nil; i++ {
		err = s.change(&missed[i])
	}
	if err == nil && s.config.Joined != nil {
		s.config.Joined()
	}
	return err
}

// fetch gets the content at a revision by HTTP.
func (s *Socket) fetch(ctx context.Context, revision int64) ([]byte, error) {
	return fetchContent(ctx, s.config.HTTP, s.config.URL, s.config.Token, s.config.Document, revision)
}

// authorize shows a token; guests have none.
func authorize(request *http.Request, token string) {
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
}

func fetchContent(ctx context.Context, client *http.Client, server, token, document string, revision int64) ([]byte, error) {
	target := server + "/api/documents/" + url.PathEscape(document) + "/content?format=delta"
	if revision >= 0 {
		target += fmt.Sprintf("&revision=%d", revision)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	authorize(request, token)
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("content of document %s: %s", document, response.Status)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("content of document %s: %w", document, err)
	}
	return answer.Content, nil
}

// send writes what the client has to send, if anything.
func (s *Socket) send() {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	if time.Now().Before(s.quiet) {
		s.mu.Unlock()
		return
	}
	m, ok := s.client.Next()
	pipe := s.pipe
	if ok {
		s.buf = protocol.AppendClient(s.buf[:0], m)
		if s.config.Sent != nil {
			s.config.Sent(m, len(s.buf))
		}
	}
	s.mu.Unlock()
	if ok && pipe != nil {
		// A failure shows in the reader; what was not sent is resent.
		_ = pipe.write(s.buf)
	}
}
