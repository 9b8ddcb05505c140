package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// crowd is writers at live connections who note what they typed and what they
// were told is saved. Each edit inserts one word that no other edit inserts.
type crowd struct {
	t       *testing.T
	server  *served
	writers []*scribe
	logs    map[string]*ledger // by document
	pause   time.Duration      // between two edits of a writer, at most
	probes  int                // words written by the API
	stop    chan struct{}
	typing  sync.WaitGroup
}

// scribe is one writer.
type scribe struct {
	name     string
	document string
	socket   *collabtest.Socket
	random   *rand.Rand
	via      string // the address to connect to
	// How it connects: the transport, "" for WebSocket, and the longest wait
	// between two attempts, 0 for a browser's.
	transport string
	backoff   time.Duration

	mu       sync.Mutex
	typed    int              // words
	sent     map[int64]string // what each seq inserts, until it is acknowledged
	saved    []saving         // acknowledged, not yet compared with the log
	acks     int
	rejected []collabtest.Rejection
	drops    []string
	joins    []time.Time // when it was welcomed, each time
}

// saving is what a writer was told: at this revision is its text.
type saving struct {
	revision int64
	text     string
}

// ledger is a document's log as far as it was read and checked.
type ledger struct {
	epoch string
	head  int64
	text  []string       // inserted by each revision
	words map[string]int // how often each word is in the log
}

// gather connects so many writers to each document.
func gather(t *testing.T, server *served, seed uint64, pause time.Duration, each int, documents ...string) *crowd {
	t.Helper()
	return gatherVia(t, server, server.url, seed, pause, each, documents...)
}

// gatherVia asks for an address for each writer.
func gatherVia(t *testing.T, server *served, via func() string, seed uint64, pause time.Duration, each int, documents ...string) *crowd {
	t.Helper()
	c := assemble(t, server, via, seed, pause, each, documents...)
	for _, w := range c.writers {
		if err := w.connect(); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// assemble is a crowd that is not connected yet.
func assemble(t *testing.T, server *served, via func() string, seed uint64, pause time.Duration, each int, documents ...string) *crowd {
	t.Helper()
	c := &crowd{t: t, server: server, logs: map[string]*ledger{}, pause: pause, stop: make(chan struct{})}
	for d, document := range documents {
		c.logs[document] = &ledger{text: []string{""}, words: map[string]int{}}
		for i := range each {
			c.writers = append(c.writers, &scribe{
				name: fmt.Sprintf("d%dw%d", d, i), document: document, via: via(), backoff: 500 * time.Millisecond, sent: map[int64]string{},
				random: rand.New(rand.NewPCG(seed, uint64(d*each+i+1))),
			})
		}
	}
	t.Cleanup(c.leave)
	return c
}

func (w *scribe) connect() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	socket, err := collabtest.Dial(ctx, collabtest.SocketConfig{
		URL: w.via, Document: w.document, Transport: w.transport, Backoff: w.backoff,
		Sent: func(m protocol.Submit, _ int) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.sent[m.Seq] = inserted(m.Delta)
		},
		Landed: func(seq, revision int64) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.saved = append(w.saved, saving{revision, w.sent[seq]})
			w.acks++
			delete(w.sent, seq)
		},
		Refused: func(r collabtest.Rejection) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.rejected = append(w.rejected, r)
		},
		Joined: func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.joins = append(w.joins, time.Now())
		},
		Dropped: func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if len(w.drops) < 1000 {
				w.drops = append(w.drops, fmt.Sprint(err))
			}
		},
	})
	if err != nil {
		return err
	}
	w.socket = socket
	return nil
}

// mix lets every second writer use long-poll.
func (c *crowd) mix() {
	for i, w := range c.writers {
		w.socket.Use([]string{collabtest.WebSocket, collabtest.LongPoll}[i%2])
	}
}

// inserted is all the text that a delta inserts.
func inserted(d ot.Delta) string {
	var text strings.Builder
	for _, op := range d {
		if op.Kind() == ot.KindInsert {
			text.WriteString(op.Text())
		}
	}
	return text.String()
}

// write lets everybody type until the crowd is told to rest.
func (c *crowd) write() {
	for _, w := range c.writers {
		c.typing.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				case <-time.After(time.Duration(1 + w.random.Int64N(int64(c.pause)))):
				}
				if err := w.edit(); err != nil {
					c.t.Errorf("writer %s: %v", w.name, err)
					return
				}
			}
		})
	}
}

// edit types the next word, at the start or the end of the document: there no
// other word is torn apart, and many writers want the same place.
func (w *scribe) edit() error {
	w.mu.Lock()
	word := fmt.Sprintf("%s.%d ", w.name, w.typed)
	w.typed++
	w.mu.Unlock()
	atEnd := w.random.IntN(2) == 0
	return w.socket.Edit(func(length int) ot.Delta {
		at := 0
		if atEnd {
			at = length - 1
		}
		b := ot.NewBuilder(2)
		b.Retain(at, ot.Attributes{})
		b.Insert(word, ot.Attributes{})
		return b.Delta()
	})
}

// text is the document as the writer sees it.
func (w *scribe) text() (text string) {
	w.socket.Look(func(client *collabtest.Client) { text = client.Document().Text() })
	return text
}

// rest ends the typing.
func (c *crowd) rest() {
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.typing.Wait()
}

func (c *crowd) leave() {
	c.rest()
	for _, w := range c.writers {
		if w.socket != nil {
			w.socket.Close()
		}
	}
}

// acks is how many changes were acknowledged so far.
func (c *crowd) acks() (n int) {
	for _, w := range c.writers {
		w.mu.Lock()
		n += w.acks
		w.mu.Unlock()
	}
	return n
}

// compare reads what is new in every log: each word is there at most once, the
// epoch is the one it was, and whatever was acknowledged stands at the revision
// that the acknowledgement named.
func (c *crowd) compare() {
	c.t.Helper()
	told := make([][]saving, len(c.writers))
	for i, w := range c.writers {
		w.mu.Lock()
		told[i], w.saved = w.saved, nil
		w.mu.Unlock()
	}
	for document, l := range c.logs {
		epoch, changes, err := c.server.changes(document, l.head)
		if err != nil {
			c.t.Fatal(err)
		}
		if l.epoch != "" && epoch != l.epoch {
			c.t.Errorf("[S7] document %s has another epoch", document)
		}
		l.epoch = epoch
		for _, change := range changes {
			if l.head++; change.Revision != l.head {
				c.t.Fatalf("[S1] document %s: revision %d follows %d", document, change.Revision, l.head-1)
			}
			text := inserted(change.Delta)
			l.text = append(l.text, text)
			for _, word := range strings.Fields(text) {
				if l.words[word]++; l.words[word] > 1 {
					c.t.Errorf("[S2] %q is in the log of %s %d times, again at revision %d", word, document, l.words[word], change.Revision)
				}
			}
		}
	}
	for i, w := range c.writers {
		l := c.logs[w.document]
		for _, s := range told[i] {
			if s.revision > l.head || l.text[s.revision] != s.text {
				c.t.Errorf("[S5] %s was told that revision %d of %s is its %q; the log has %d revisions", w.name, s.revision, w.document, s.text, l.head)
			}
		}
	}
}

// converge waits until everything typed is saved and all have the same
// document, and checks that every word is in it exactly once.
func (c *crowd) converge(most time.Duration) (took time.Duration) {
	c.t.Helper()
	c.rest()
	began := time.Now()
	ctx, cancel := context.WithTimeout(c.t.Context(), most)
	defer cancel()
	for _, w := range c.writers {
		if err := w.socket.Wait(ctx, func(client *collabtest.Client) bool { return client.Pending() == 0 }); err != nil {
			c.t.Fatalf("writer %s: not all is saved after %v: %v; %s", w.name, most, err, c.server.log)
		}
	}
	c.compare()
	hashes := map[string]string{}
	for _, w := range c.writers {
		head := c.logs[w.document].head
		if err := w.socket.Wait(ctx, func(client *collabtest.Client) bool { return client.Revision() >= head }); err != nil {
			c.t.Fatalf("writer %s: not at the head after %v: %v", w.name, most, err)
		}
		var hash [32]byte
		w.socket.Look(func(client *collabtest.Client) { hash = client.Document().Hash() })
		if first := hashes[w.document]; first == "" {
			hashes[w.document] = hex.EncodeToString(hash[:])
		} else if first != hex.EncodeToString(hash[:]) {
			c.t.Errorf("[C6] writer %s has another document than the others", w.name)
		}
		w.mu.Lock()
		typed, rejected := w.typed, w.rejected
		w.mu.Unlock()
		if len(rejected) > 0 {
			c.t.Errorf("writer %s was refused: %+v", w.name, rejected[0])
		}
		for n := range typed {
			if word := fmt.Sprintf("%s.%d", w.name, n); c.logs[w.document].words[word] != 1 {
				c.t.Errorf("[S9] %q is in the log %d times", word, c.logs[w.document].words[word])
			}
		}
	}
	took = time.Since(began)
	for document, hash := range hashes {
		content := c.contentHash(document)
		if content != hash {
			c.t.Errorf("[C6] the server's document %s differs from its clients'", document)
		}
	}
	return took
}

func (c *crowd) contentHash(document string) string {
	c.t.Helper()
	output, code := c.server.run("hash", document)
	if code != 0 {
		c.t.Fatalf("hash: exit %d: %s", code, output)
	}
	hash, _, _ := strings.Cut(output, " ")
	return hash
}
