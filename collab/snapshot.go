package collab

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// Snapshots are paid for by bytes appended since the last one (law L5): one is
// due when the log has grown by Limits.SnapshotBytes and by snapshotRatio times
// the size of the last one. So a big document's tail stays short enough to open it
// quickly, and its snapshots cost less per change than a log row.
const (
	snapshotRatio = 2
	// changeBytes is roughly what a log row has beside its delta; bytes.
	changeBytes = 128
	// leaveShare of that tail is worth a snapshot when a document leaves memory
	// anyway.
	leaveShare = 4
)

// snapshotMagic begins a snapshot: a format of ours, version 1. Then follow
// the document's length in UTF-16 units (8 bytes, big endian) and its
// canonical JSON, compressed.
var snapshotMagic = []byte("csn1")

// saver decides when a session stores snapshots.
type saver struct {
	bytes int   // appended to the log since the last snapshot, roughly
	size  int   // of the last snapshot, bytes
	last  int64 // its revision
	busy  bool
}

type snapshotStored struct {
	revision int64
	size     int // 0: it failed
	paid     int
	memory   int // of the document, bytes
}

func (v *saver) due(floor int) bool { return v.bytes >= max(floor, snapshotRatio*v.size) }

// stored is the event of a snapshot having been stored, or not.
func (v *saver) stored(r snapshotStored) {
	v.busy = false
	if r.size > 0 {
		v.last, v.size = r.revision, r.size
	}
	// A failed one is not tried again before as much has been appended.
	v.bytes -= r.paid
}

// saveIfPaid stores a snapshot outside the loop, if it is due.
func (s *session) saveIfPaid(state *state) {
	if s.saver.busy || !s.saver.due(s.config.Limits.SnapshotBytes) {
		return
	}
	s.saver.busy = true
	paid := s.saver.bytes
	s.hub.running.Go(func() { s.tell(s.save(state, paid)) })
}

// saveNow stores a snapshot of a document that leaves memory, if its tail is
// worth it.
func (s *session) saveNow() {
	state := s.state.Load()
	if s.saver.bytes >= max(s.config.Limits.SnapshotBytes, snapshotRatio*s.saver.size)/leaveShare && state.revision > s.saver.last {
		s.saver.stored(s.save(state, s.saver.bytes))
	}
}

func (s *session) save(state *state, paid int) (r snapshotStored) {
	r = snapshotStored{revision: state.revision, paid: paid}
	defer func() {
		if p := recover(); p != nil {
			s.config.Logger.Error("snapshot panicked", "document", s.id, "revision", state.revision, "panic", fmt.Sprint(p))
		}
	}()
	r.memory = state.document.Memory()
	content := s.hub.codec.encode(state.document)
	err := s.config.Log.PutSnapshot(context.Background(), s.id, persistence.Snapshot{
		Revision: state.revision, Hash: state.chain, Content: content,
	})
	if err != nil {
		s.config.Logger.Warn("snapshot was not stored", "document", s.id, "revision", state.revision, "error", err)
		return r
	}
	s.config.Metrics.Snapshot(len(content))
	r.size = len(content)
	return r
}

// snapshotCodec is shared by all documents of a hub: encoding is rare, and an
// encoder is big. It is made at first use. Any goroutine.
type snapshotCodec struct {
	made    sync.Once
	mu      sync.Mutex // one encoding at a time
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// maxSnapshot bounds what a damaged snapshot may unpack to; bytes.
const maxSnapshot = 1 << 30

func (c *snapshotCodec) open() {
	c.made.Do(func() {
		// The options are constants that the library accepts. The fastest level
		// makes snapshots 5 to 8 % larger than the default; that takes 1.3 MB for
		// as long as the server runs, where this takes 0.3.
		c.encoder, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(512<<10))
		c.decoder, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxSnapshot))
	})
}

func (c *snapshotCodec) encode(document *ot.Document) []byte {
	c.open()
	json := document.AppendJSON(nil)
	head := binary.BigEndian.AppendUint64(bytes.Clone(snapshotMagic), uint64(document.Len()))
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.encoder.EncodeAll(json, head)
}

var errSnapshot = errors.New("snapshot cannot be used")

// decode reads and verifies what encode wrote.
func (c *snapshotCodec) decode(content []byte) (*ot.Document, error) {
	c.open()
	rest, ok := bytes.CutPrefix(content, snapshotMagic)
	if !ok || len(rest) < 8 {
		return nil, fmt.Errorf("%w: unknown format", errSnapshot)
	}
	length := binary.BigEndian.Uint64(rest)
	json, err := c.decoder.DecodeAll(rest[8:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	d, err := ot.ParseDelta(json)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	document, err := ot.FromDelta(d)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	if uint64(document.Len()) != length {
		return nil, fmt.Errorf("%w: length is %d, was %d", errSnapshot, document.Len(), length)
	}
	return document, nil
}
