package collabtest

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// laws reads the log beside the engine and holds everything against it.
type laws struct {
	store     *persistence.Memory
	document  persistence.ID
	revision  int64
	documents []*ot.Document // by revision
	changes   map[saying]int64
	authors   []saying // by revision; [0] is nobody
	marked    map[string]int64
	acks      map[saying]int64        // what clients were told
	barred    map[persistence.ID]bool // users whose right to write was taken
	lowered   map[*Client]bool        // whose role was ever changed: they may be refused
	marks     int                     // embeds handed out
	reset     int
}

// saying is a change's identity.
type saying struct {
	client string
	seq    int64
}

func newLaws(store *persistence.Memory, document persistence.ID) *laws {
	return &laws{
		store: store, document: document,
		documents: []*ot.Document{ot.NewDocument()}, authors: []saying{{}},
		changes: map[saying]int64{}, marked: map[string]int64{}, acks: map[saying]int64{},
		barred: map[persistence.ID]bool{}, lowered: map[*Client]bool{},
	}
}

func (l *laws) head() *ot.Document { return l.documents[l.revision] }

// advance reads what was committed since (laws S1, S2).
func (l *laws) advance(ctx context.Context) error {
	var bad error
	err := l.store.Changes(ctx, l.document, l.revision, -1, func(c *persistence.Change) bool {
		bad = l.take(c)
		return bad == nil
	})
	if err != nil {
		return err
	}
	return bad
}

func (l *laws) take(c *persistence.Change) error {
	if c.Revision != l.revision+1 {
		return fmt.Errorf("[S1] revision %d after %d", c.Revision, l.revision)
	}
	who := saying{c.Client.String(), c.Seq}
	if first, ok := l.changes[who]; ok {
		return fmt.Errorf("[S2] seq %d of a client is in the log at %d and at %d", c.Seq, first, c.Revision)
	}
	if l.barred[c.Author.ID] {
		return fmt.Errorf("[S8] revision %d is by somebody whose right was taken before", c.Revision)
	}
	d, err := ot.ParseDelta(c.Delta)
	if err != nil {
		return fmt.Errorf("revision %d: %w", c.Revision, err)
	}
	for _, op := range d {
		if !op.IsEmbed() {
			continue
		}
		mark := string(op.Embed().Value)
		if first, ok := l.marked[mark]; ok {
			return fmt.Errorf("[S2] what was inserted once is in the log at %d and at %d", first, c.Revision)
		}
		l.marked[mark] = c.Revision
	}
	next := l.head().Clone()
	if err := next.Apply(d); err != nil {
		return fmt.Errorf("revision %d: %w", c.Revision, err)
	}
	l.revision = c.Revision
	l.documents, l.authors = append(l.documents, next), append(l.authors, who)
	l.changes[who] = c.Revision
	return nil
}

// hears checks a frame before its client does (laws S4, S5, S6).
func (l *laws) hears(c *Client, frame []byte) error {
	if err := l.advance(context.Background()); err != nil {
		return err
	}
	messages, err := protocol.DecodeServer(frame)
	if err != nil {
		return err
	}
	id := c.ID()
	for _, m := range messages {
		switch m := m.(type) {
		case protocol.Welcome:
			if m.Reset != "" {
				l.reset++
			}
			id = m.Client
		case protocol.Ack:
			if at := l.changes[saying{id, m.Seq}]; at != m.Revision {
				return fmt.Errorf("[S5] seq %d was acknowledged at %d, the log has it at %d", m.Seq, m.Revision, at)
			}
			l.acks[saying{id, m.Seq}] = m.Revision
		case protocol.Change:
			if m.Revision > l.revision {
				return fmt.Errorf("[S5] revision %d was told of, the log ends at %d", m.Revision, l.revision)
			}
			if author := l.authors[m.Revision]; author.client == id && m.Seq != author.seq {
				return fmt.Errorf("[S6] a client was told of its own change %d as of another's", m.Revision)
			}
		case protocol.PeerPresence:
			if err := l.caret(m); err != nil {
				return err
			}
		case protocol.Reject:
			if !m.Retry && !(m.Code == protocol.CodeReadOnly && l.lowered[c]) {
				return fmt.Errorf("[S9] an honest change was refused: %s %s: base %d, %s", m.Code, m.Message, c.sent.Base, c.sent.Delta.AppendJSON(nil))
			}
		}
	}
	return nil
}

// caret checks that a caret stands within the document it belongs to (law V2).
func (l *laws) caret(m protocol.PeerPresence) error {
	if m.Revision > l.revision {
		return fmt.Errorf("[S5] a caret at revision %d, the log ends at %d", m.Revision, l.revision)
	}
	if s := m.Selection; s != nil && (s.Head < 0 || s.Head > l.documents[m.Revision].Len()) {
		return fmt.Errorf("[V2] a caret at %d in a document of %d", s.Head, l.documents[m.Revision].Len())
	}
	return nil
}

// replica checks that a client holds what the log holds at its revision.
func (l *laws) replica(c *Client) error {
	if c.ID() == "" {
		return nil
	}
	if c.Revision() > l.revision {
		return fmt.Errorf("[S5] it is at revision %d, the log at %d", c.Revision(), l.revision)
	}
	if !c.Document().Delta().Equal(l.documents[c.Revision()].Delta()) {
		return fmt.Errorf("[S4] it holds another document at revision %d", c.Revision())
	}
	return nil
}

// acknowledgedOnce reads the whole log again: what clients were told is saved is
// where they were told it is, and nothing that was ever in it has gone.
func (l *laws) acknowledgedOnce(ctx context.Context) error {
	kept := map[saying]int64{}
	err := l.store.Changes(ctx, l.document, 0, -1, func(c *persistence.Change) bool {
		kept[saying{c.Client.String(), c.Seq}] = c.Revision
		return true
	})
	if err != nil {
		return err
	}
	var missing []string
	for who, at := range l.acks {
		if kept[who] != at {
			missing = append(missing, fmt.Sprintf("seq %d at %d", who.seq, at))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("[S5] acknowledged and not in the log: %s", strings.Join(missing, ", "))
	}
	if !maps.Equal(kept, l.changes) {
		return fmt.Errorf("[S5] the log had %d changes, and has %d or others", len(l.changes), len(kept))
	}
	return nil
}
