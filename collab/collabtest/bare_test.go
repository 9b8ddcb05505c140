package collabtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/olahol/melody"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// The bare server is the baseline of the figures: melody, tuned as well as it
// goes, that hands every frame to all connections of the same path. It keeps,
// orders and checks nothing. It runs as a child process, so that its CPU and
// memory are read from the operating system like the real server's.

// bareEnvironment, when set, turns the test binary into the bare server; the
// value is unused.
const bareEnvironment = "COSCRIBE_BARE_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(bareEnvironment) != "" {
		serveBare()
		return
	}
	if url := os.Getenv(besideEnvironment); url != "" {
		if err := loadBeside(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveBare prints its URL and serves until it is killed.
func serveBare() {
	m := melody.New()
	m.Config.MaxMessageSize = 1 << 20
	m.Config.MessageBufferSize = 64
	m.Config.PingPeriod = 15 * time.Second
	m.Upgrader = &websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	var mu sync.RWMutex
	rooms := map[string][]*melody.Session{}
	m.HandleConnect(func(s *melody.Session) {
		mu.Lock()
		defer mu.Unlock()
		rooms[s.Request.URL.Path] = append(rooms[s.Request.URL.Path], s)
	})
	m.HandleMessage(func(s *melody.Session, frame []byte) {
		mu.RLock()
		defer mu.RUnlock()
		for _, to := range rooms[s.Request.URL.Path] {
			_ = to.Write(frame)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = m.HandleRequest(w, r)
	})}
	panic(server.Serve(listener))
}

// bareLoad is traffic through the bare server, shaped like a load's.
type bareLoad struct {
	url       string
	documents int
	writers   int // per document
	readers   int // per document
	rate      float64
	duration  time.Duration
	size      int // bytes of a frame
	changes   int // that a frame holds for its readers to apply, see bareReplica; 0: it means nothing

	clients   []*bareClient
	edits     atomic.Int64
	delivered atomic.Int64
	failed    atomic.Pointer[error] // why a reader gave up, if one did
	took      time.Duration
}

type bareClient struct {
	conn         *websocket.Conn
	number       uint32
	made         []atomic.Int64 // by frame number, nanoseconds since began
	authors      []*bareClient  // of the same document, by number
	write        sync.Mutex
	ack, visible histogram
	began        *time.Time
	load         *bareLoad
	replica      *bareReplica // nil: frames mean nothing
}

// bareHeader is the writer's number and the frame's, in hexadecimal, so that
// the frame is text.
const bareHeader = 16

func (l *bareLoad) run(ctx context.Context, during func(func())) error {
	began := new(time.Time)
	defer func() {
		for _, c := range l.clients {
			_ = c.conn.Close()
		}
	}()
	ready := make(chan struct{})
	for d := range l.documents {
		var room []*bareClient
		for i := range l.writers + l.readers {
			conn, _, err := websocket.DefaultDialer.DialContext(ctx, strings.Replace(l.url, "http", "ws", 1)+fmt.Sprintf("/%d", d), nil)
			if err != nil {
				return err
			}
			c := &bareClient{conn: conn, number: uint32(i), load: l, began: began}
			if l.changes > 0 {
				c.replica = newBareReplica()
			}
			if i < l.writers {
				c.made = make([]atomic.Int64, int(l.rate*l.duration.Seconds())*2+16)
			}
			room = append(room, c)
		}
		for _, c := range room {
			c.authors = room[:l.writers]
			go func() { <-ready; c.read() }()
		}
		l.clients = append(l.clients, room...)
	}
	close(ready)
	during(func() {
		*began = time.Now()
		ctx, cancel := context.WithTimeout(ctx, l.duration)
		defer cancel()
		var wait sync.WaitGroup
		for i, c := range l.clients {
			if c.made != nil {
				wait.Go(func() { c.typing(ctx, rand.New(rand.NewPCG(7, uint64(i)))) })
			}
		}
		wait.Wait()
		l.took = time.Since(*began)
	})
	time.Sleep(200 * time.Millisecond) // what is on its way still counts
	if err := l.failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (c *bareClient) typing(ctx context.Context, random *rand.Rand) {
	period := float64(time.Second) / c.load.rate
	phase := random.Float64() * period
	frame := c.load.frame()
	for n := range len(c.made) {
		due := c.began.Add(time.Duration(phase + (float64(n)+(random.Float64()-0.5)/2)*period))
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		var header [8]byte
		binary.BigEndian.PutUint32(header[:], c.number)
		binary.BigEndian.PutUint32(header[4:], uint32(n))
		hex.Encode(frame, header[:])
		c.made[n].Store(int64(time.Since(*c.began)))
		c.write.Lock()
		err := c.conn.WriteMessage(websocket.TextMessage, frame)
		c.write.Unlock()
		if err != nil {
			return
		}
		c.load.edits.Add(1)
	}
}

func (c *bareClient) read() {
	var frame bytes.Buffer
	for {
		_, r, err := c.conn.NextReader()
		if err != nil {
			return
		}
		frame.Reset()
		if _, err := frame.ReadFrom(r); err != nil || frame.Len() < bareHeader {
			return
		}
		var header [8]byte
		if _, err := hex.Decode(header[:], frame.Bytes()[:bareHeader]); err != nil {
			return
		}
		if c.replica != nil {
			if err := c.replica.reader.Read(frame.Bytes()[bareHeader:]); err != nil {
				c.load.failed.Store(&err)
				return
			}
		}
		author, n := binary.BigEndian.Uint32(header[:]), binary.BigEndian.Uint32(header[4:])
		took := time.Since(*c.began) - time.Duration(c.authors[author].made[n].Load())
		c.write.Lock()
		if author == c.number {
			c.ack.record(took)
		} else {
			c.visible.record(took)
		}
		c.write.Unlock()
		if author != c.number {
			c.load.delivered.Add(1)
		}
	}
}

// frame is what a writer sends, but for its header.
func (l *bareLoad) frame() []byte {
	frame := bytes.Repeat([]byte("x"), bareHeader)
	if l.changes > 0 {
		delta := ot.NewBuilder(2).Retain(20, ot.Attributes{}).Insert("abc", ot.Attributes{}).Delta()
		change := protocol.Change{Revision: 1, Peer: uuid.NewString(), Author: protocol.User{ID: uuid.NewString(), Name: "Guest", Color: "#3366cc"}, At: time.Now(), Delta: delta}
		for i := range l.changes {
			frame = append(frame, "[,"[min(i, 1)])
			frame = protocol.AppendChange(frame, change)
		}
		frame = append(frame, ']')
	}
	return append(frame, bytes.Repeat([]byte(" "), max(0, l.size-len(frame)))...)
}

// bareReplica does with each frame what a client of the real server does: it
// reads the changes in it, applies them to its document and moves edits of its
// own over them. Where a server is judged by what is left beside it, the
// clients of both have to take the same.
type bareReplica struct {
	client *Client
	reader protocol.Reader
}

func newBareReplica() *bareReplica {
	r := &bareReplica{client: NewClient()}
	own := ot.NewBuilder(2).Insert("own", ot.Attributes{}).Delta()
	r.client.doc = ot.NewDocument()
	if err := r.client.doc.Apply(ot.NewBuilder(1).Insert(strings.Repeat("text ", 20), ot.Attributes{}).Delta()); err != nil {
		panic(err)
	}
	r.client.sent.Seq, r.client.flight, r.client.buffer = 1, own, own
	r.reader.Change = func(m *protocol.Change) error {
		m.Revision = r.client.Revision() + 1 // each frame tells of the same ones
		return r.client.Change(m)
	}
	return r
}

func (l *bareLoad) latencies() (ack, visible Latency) {
	var a, v histogram
	for _, c := range l.clients {
		c.write.Lock()
		a.add(&c.ack)
		v.add(&c.visible)
		c.write.Unlock()
	}
	return a.latency(), v.latency()
}
