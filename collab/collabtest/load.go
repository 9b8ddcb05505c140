package collabtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// Errors of Load.
var (
	// ErrDiverged: replicas of one document differ.
	ErrDiverged = errors.New("replicas differ")
	// ErrRefused: the server refused changes for good, so what was measured is not
	// what was asked for.
	ErrRefused = errors.New("changes were refused")
)

// LoadConfig says what load to make. Zero numbers get the values named.
type LoadConfig struct {
	URL       string        // of the server, http or https, without a path
	Documents int           // new ones are made; 1
	Writers   int           // per document; 1 if there are no readers either
	Readers   int           // per document
	Rate      float64       // edits per second and writer; 5, and of a trace as fast as they are acknowledged
	Duration  time.Duration // of the writing; 10 s
	Trace     string        // a recorded editing history to replay instead (json or json.gz)
	Seed      uint64        // of what is typed where and when; 0: a fresh one
	Token     string        // for hello; "": guests
	Transport string        // WebSocket or LongPoll; "": WebSocket
}

func (c LoadConfig) withDefaults() LoadConfig {
	c.Documents = max(c.Documents, 1)
	if c.Writers == 0 && c.Readers == 0 {
		c.Writers = 1
	}
	if c.Rate == 0 {
		c.Rate = 5
	}
	if c.Duration == 0 {
		c.Duration = 10 * time.Second
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	return c
}

// Bounds of LoadConfig.Rate: below, a writer would wait for hours; above, it
// would do nothing but type.
const (
	rateLeast = 0.001
	rateMost  = 100_000
)

// check says what of a config makes no load.
func (c LoadConfig) check() error {
	server, err := url.Parse(c.URL)
	switch {
	case err != nil || server.Host == "" || server.Scheme != "http" && server.Scheme != "https":
		return fmt.Errorf("%q is not the address of a server; name one like http://127.0.0.1:8080", c.URL)
	case c.Documents < 0 || c.Writers < 0 || c.Readers < 0:
		return errors.New("documents, writers and readers are numbers from 0")
	case c.Rate != 0 && !(c.Rate >= rateLeast && c.Rate <= rateMost):
		return fmt.Errorf("a rate is a number of edits per second from %v to %v", rateLeast, rateMost)
	case c.Duration < 0:
		return errors.New("a duration is a time like 30s or 5m")
	}
	return nil
}

// LoadGCPercent is the GOGC that a process which only makes load should have:
// its replicas are small, and collecting takes from the server beside it.
const LoadGCPercent = 400

const (
	dialAtOnce = 16               // connections being made at one time
	dialWait   = 60 * time.Second // for each, and for each document to be made
	settleWait = 60 * time.Second // for all replicas to meet after the writing
)

// Load runs clients against a server and measures what they see. progress (may
// be nil) gets a line each second. The error is ErrDiverged if replicas differ or
// ErrRefused, and the report is filled as far as things went.
func Load(ctx context.Context, config LoadConfig, progress io.Writer) (Report, error) {
	if err := config.check(); err != nil {
		return Report{Config: config}, err
	}
	config.URL = strings.TrimRight(config.URL, "/")
	if config.Trace != "" {
		return loadTrace(ctx, config, progress)
	}
	l := &load{config: config.withDefaults()}
	return l.run(ctx, progress, l.write)
}

// run connects, works, and waits for all replicas to meet.
func (l *load) run(ctx context.Context, progress io.Writer, work func(context.Context) error) (Report, error) {
	defer l.close()
	if err := l.connect(ctx); err != nil {
		return l.report(), err
	}
	stop := l.narrate(progress)
	l.start()
	err := work(ctx)
	l.end()
	stop()
	if err == nil {
		err = l.settle(ctx)
	}
	report := l.report()
	report.Converged = err == nil
	if first := l.refusal.Load(); first != nil {
		err = errors.Join(err, fmt.Errorf("%w for good, %d of them; the first (%s): %s", ErrRefused, report.Rejected, first.Code, first.Message))
	}
	return report, err
}

// start begins what is measured; joining is not.
func (l *load) start() {
	l.bytesDown.Store(0)
	l.frames.Store(0)
	l.began = time.Now()
}

// end says that nothing more is written. What comes after is counted, but is of no
// rate: a server that is behind may take as long again for it.
func (l *load) end() {
	l.took = time.Since(l.began)
	l.ackedBy, l.deliveredBy = l.acked.Load(), l.delivered.Load()
}

// load is one run.
type load struct {
	config    LoadConfig
	documents []*loadDocument
	names     protocol.Names
	began     time.Time
	took      time.Duration

	ackedBy, deliveredBy int64                     // when the writing ended
	refusal              atomic.Pointer[Rejection] // the first

	edits, acked, delivered      atomic.Int64 // edits made; changes acknowledged; changes seen by others
	bytesUp, bytesDown, frames   atomic.Int64 // submits; server frames
	reconnects, rejected, failed atomic.Int64
	putOff                       atomic.Int64 // changes refused for now
}

type loadDocument struct {
	id      string
	moments moments
	clients []*loadClient
}

// loadClient is one replica. Its measures are written under its socket's lock.
type loadClient struct {
	load     *load
	document *loadDocument
	socket   *Socket
	caret    int
	replica  *replica // of a trace being replayed, else nil

	buffer, flight []time.Time // when the edits there were made
	seq            int64       // of flight
	fresh          []seen      // revisions of the frame being handled
	waiting        []seen      // seen before their author's ack
	ack, visible   histogram
}

func (l *load) connect(ctx context.Context) error {
	for range l.config.Documents {
		id, err := createDocument(ctx, l.config.URL, l.config.Token, "Load")
		if err != nil {
			return err
		}
		l.documents = append(l.documents, &loadDocument{id: id})
	}
	ctx, cancel := context.WithCancel(ctx) // one that does not come in is enough
	defer cancel()
	gate := make(chan struct{}, dialAtOnce)
	failures := make(chan error, 1)
	var wait sync.WaitGroup
	for _, d := range l.documents {
		for range l.config.Writers + l.config.Readers {
			gate <- struct{}{}
			if ctx.Err() != nil {
				break
			}
			c := &loadClient{load: l, document: d}
			d.clients = append(d.clients, c)
			wait.Go(func() {
				defer func() { <-gate }()
				if err := c.dial(ctx); err != nil {
					select {
					case failures <- err:
						cancel()
					default:
					}
				}
			})
		}
	}
	wait.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return ctx.Err()
	}
}

func (c *loadClient) dial(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	socket, err := Dial(ctx, SocketConfig{
		URL: c.load.config.URL, Document: c.document.id, Token: c.load.config.Token, Transport: c.load.config.Transport,
		Names: &c.load.names, Sent: c.sent, Landed: c.landed, Changed: c.changed, Frame: c.frame,
		Refused: c.refused,
		PutOff:  func(protocol.Reject) { c.load.putOff.Add(1) },
		Dropped: func(error) { c.load.reconnects.Add(1) },
	})
	c.socket = socket
	return err
}

func (c *loadClient) sent(m protocol.Submit, bytes int) {
	c.load.bytesUp.Add(int64(bytes))
	if m.Seq != c.seq { // not a resend
		c.seq, c.flight, c.buffer = m.Seq, c.buffer, nil
	}
}

func (c *loadClient) landed(_, revision int64) {
	now := time.Now()
	for _, made := range c.flight {
		c.ack.record(now.Sub(made))
	}
	c.document.moments.publish(revision, c.flight)
	c.flight = nil
	c.load.acked.Add(1)
}

func (c *loadClient) refused(r Rejection) {
	c.load.rejected.Add(1)
	c.load.refusal.CompareAndSwap(nil, &r)
	c.flight = nil
}

func (c *loadClient) changed(m *protocol.Change) {
	c.fresh = append(c.fresh, seen{revision: m.Revision})
	if c.replica != nil {
		c.replica.hear(m.Delta)
	}
}

// frame closes the books of one frame: what it brought is visible now.
func (c *loadClient) frame(bytes int, now time.Time) {
	c.load.bytesDown.Add(int64(bytes))
	c.load.frames.Add(1)
	if len(c.fresh) == 0 {
		return
	}
	c.load.delivered.Add(int64(len(c.fresh)))
	for i := range c.fresh {
		c.fresh[i].at = now
	}
	c.waiting = c.document.moments.settle(append(c.waiting, c.fresh...), &c.visible)
	c.fresh = c.fresh[:0]
}

// write types until the duration is over. The schedule is open: a writer that
// is late types what it missed at once. Phases and jitter keep writers apart.
func (l *load) write(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.config.Duration)
	defer cancel()
	var wait sync.WaitGroup
	for i, d := range l.documents {
		for j := range l.config.Writers {
			random := rand.New(rand.NewPCG(l.config.Seed, uint64(i)<<32|uint64(j)))
			wait.Go(func() { d.clients[j].write(ctx, random) })
		}
	}
	<-ctx.Done()
	wait.Wait()
	if n := l.failed.Load(); n > 0 {
		return fmt.Errorf("%d writers could not edit their replica", n)
	}
	return nil
}

func (c *loadClient) write(ctx context.Context, random *rand.Rand) {
	period := float64(time.Second) / c.load.config.Rate
	phase := random.Float64() * period
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		jitter := (random.Float64() - 0.5) * period / 2
		due := c.load.began.Add(time.Duration(phase + float64(n)*period + jitter))
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
		}
		if ctx.Err() != nil {
			return
		}
		if err := c.socket.Edit(func(length int) ot.Delta { return c.edit(random, length) }); err != nil {
			c.load.failed.Add(1)
			return
		}
		c.load.edits.Add(1)
	}
}

// edit types one character where this writer is, now and then deletes one or
// goes elsewhere.
func (c *loadClient) edit(random *rand.Rand, length int) ot.Delta {
	if c.socket.client.Pending() == 0 {
		c.buffer = nil // what was there came to nothing and was never sent
	}
	c.buffer = append(c.buffer, time.Now())
	if random.IntN(40) == 0 {
		c.caret = random.IntN(length)
	}
	c.caret = min(c.caret, length-1)
	b := ot.NewBuilder(2).Retain(c.caret, ot.Attributes{})
	if c.caret < length-1 && random.IntN(8) == 0 {
		return b.Delete(1).Delta()
	}
	c.caret++
	return b.Insert(string(rune('a'+random.IntN(26))), ot.Attributes{}).Delta()
}

// settle waits until nothing is pending and all replicas of a document stand at
// its last revision, then compares them with each other and the server.
func (l *load) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	for _, d := range l.documents {
		head := int64(0)
		for _, c := range d.clients {
			if err := c.socket.Wait(ctx, func(k *Client) bool { return k.Pending() == 0 }); err != nil {
				return fmt.Errorf("document %s does not settle: %w", d.id, err)
			}
			c.socket.Look(func(k *Client) { head = max(head, k.Revision()) })
		}
		var want [32]byte
		for i, c := range d.clients {
			if err := c.socket.Wait(ctx, func(k *Client) bool { return k.Revision() >= head }); err != nil {
				return fmt.Errorf("document %s does not settle at revision %d: %w", d.id, head, err)
			}
			var got [32]byte
			c.socket.Look(func(k *Client) {
				got = k.Document().Hash()
				c.waiting = d.moments.settle(c.waiting, &c.visible)
			})
			if i == 0 {
				want = got
			}
			if got != want {
				return fmt.Errorf("document %s at revision %d, replica %d: %w", d.id, head, i, ErrDiverged)
			}
		}
		if err := compareWithServer(ctx, l.config.URL, l.config.Token, d.id, want); err != nil {
			return err
		}
	}
	return nil
}

func compareWithServer(ctx context.Context, server, token, document string, want [32]byte) error {
	content, err := fetchContent(ctx, http.DefaultClient, server, token, document, -1)
	if err != nil {
		return err
	}
	delta, err := ot.ParseDelta(content)
	if err != nil {
		return fmt.Errorf("content of document %s: %w", document, err)
	}
	doc, err := ot.FromDelta(delta)
	if err != nil {
		return fmt.Errorf("content of document %s: %w", document, err)
	}
	if doc.Hash() != want {
		return fmt.Errorf("document %s on the server: %w", document, ErrDiverged)
	}
	return nil
}

func (l *load) close() {
	var wait sync.WaitGroup
	for _, d := range l.documents {
		for _, c := range d.clients {
			if c.socket != nil {
				wait.Go(c.socket.Close)
			}
		}
	}
	wait.Wait()
}

// createDocument makes an empty document and returns its id.
func createDocument(ctx context.Context, server, token, title string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWait)
	defer cancel()
	body, err := json.Marshal(map[string]string{"title": title})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server+"/api/documents", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	authorize(request, token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("creating a document: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden {
		return "", errors.New("the server lets nobody in without an account: make an API token that may edit, and give it with --token-file")
	}
	if response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("creating a document: %s", response.Status)
	}
	var answer struct {
		ID string `json:"id"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("creating a document: %w", err)
	}
	return answer.ID, nil
}
