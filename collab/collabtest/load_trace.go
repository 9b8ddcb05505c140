package collabtest

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/coscribe/coscribe/ot"
)

// trace is a recorded editing history in the format of the editing-traces
// collection: positions count code points.
type trace struct {
	StartContent string        `json:"startContent"`
	EndContent   string        `json:"endContent"`
	NumAgents    int           `json:"numAgents"` // 0: one author
	Txns         []transaction `json:"txns"`

	astral bool // some character takes two UTF-16 units
}

// transaction is a batch of patches by one agent who had seen what its parents
// had led to.
type transaction struct {
	Parents []int   `json:"parents"`
	Agent   int     `json:"agent"`
	Patches []patch `json:"patches"`

	foreign int // transactions of the other agent that this one's author had seen
}

// patch replaces deleted code points at a position by a text.
type patch struct {
	position, deleted int
	inserted          string
}

// UnmarshalJSON reads [position, deleted, inserted].
func (p *patch) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.position, &p.deleted, &p.inserted})
}

func readTrace(path string) (*trace, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			return nil, fmt.Errorf("trace %s: %w", path, err)
		}
	}
	var t trace
	if err := json.NewDecoder(r).Decode(&t); err != nil {
		return nil, fmt.Errorf("trace %s: %w", path, err)
	}
	if err := t.prepare(); err != nil {
		return nil, fmt.Errorf("trace %s: %w", path, err)
	}
	return &t, nil
}

// prepare finds what every author had seen of the other.
func (t *trace) prepare() error {
	t.NumAgents = max(t.NumAgents, 1)
	if t.NumAgents > 2 {
		return errors.New("more than two agents")
	}
	if t.StartContent != "" {
		t.Txns = append([]transaction{{Patches: []patch{{0, 0, t.StartContent}}}}, t.Txns...)
		if t.NumAgents > 1 {
			return errors.New("two agents and content to start with")
		}
	}
	seen := make([][2]int, len(t.Txns)) // after each transaction, how many of each agent
	for i := range t.Txns {
		x := &t.Txns[i]
		if x.Agent < 0 || x.Agent >= t.NumAgents {
			return fmt.Errorf("transaction %d is by nobody", i)
		}
		for _, p := range x.Parents {
			if p < 0 || p >= i {
				return fmt.Errorf("transaction %d comes before its parent", i)
			}
			seen[i][0], seen[i][1] = max(seen[i][0], seen[p][0]), max(seen[i][1], seen[p][1])
		}
		x.foreign = seen[i][1-x.Agent]
		seen[i][x.Agent]++
		for _, p := range x.Patches {
			if p.position < 0 || p.deleted < 0 {
				return fmt.Errorf("transaction %d has a negative position or length", i)
			}
			t.astral = t.astral || strings.ContainsFunc(p.inserted, func(r rune) bool { return r > 0xffff })
		}
	}
	t.order()
	return nil
}

// order puts agent 0's transactions as early as what it had seen allows. They
// then come before all concurrent ones of agent 1 and keep the left place on a
// tie, as they did when the history was recorded; some ties arise only because
// the text between two inserts was deleted.
func (t *trace) order() {
	var by [2][]transaction
	for _, x := range t.Txns {
		by[x.Agent] = append(by[x.Agent], x)
	}
	ordered, made := make([]transaction, 0, len(t.Txns)), [2]int{}
	for len(ordered) < len(t.Txns) {
		agent := 1
		if i := made[0]; i < len(by[0]) && by[0][i].foreign <= made[1] {
			agent = 0
		}
		ordered = append(ordered, by[agent][made[agent]])
		made[agent]++
	}
	t.Txns = ordered
}

// delta says a patch in UTF-16 units of doc, whose final newline is not the
// trace's.
func (t *trace) delta(doc *ot.Document, p patch) (ot.Delta, error) {
	at, deleted, length := p.position, p.deleted, doc.Len()
	var text []rune
	if t.astral {
		text = []rune(doc.Text())
		length = len(text)
	}
	if at >= length || deleted > length-1-at {
		return nil, errors.New("a patch reaches past the end of the text")
	}
	if t.astral {
		at = len(utf16.Encode(text[:p.position]))
		deleted = len(utf16.Encode(text[p.position : p.position+p.deleted]))
	}
	b := ot.NewBuilder(3).Retain(at, ot.Attributes{})
	if p.inserted != "" {
		b.Insert(p.inserted, ot.Attributes{})
	}
	if deleted > 0 {
		b.Delete(deleted)
	}
	return b.Delta(), nil
}

// replica is what one agent of a trace has in front of it. Its client hears of
// the other agent's changes as they come; the agent sees them only when its
// history says so, and what it does before is moved over them.
type replica struct {
	trace   *trace
	seen    *ot.Document // what the agent sees
	foreign int          // the other agent's transactions in seen
	unseen  []ot.Delta   // that come after seen, in order; client's view = seen·unseen
}

func newReplica(t *trace) *replica { return &replica{trace: t, seen: ot.NewDocument()} }

// hear takes a change of the other agent.
func (r *replica) hear(d ot.Delta) { r.unseen = append(r.unseen, d) }

// lacks says whether x's author had seen more than has been heard of.
func (r *replica) lacks(x *transaction) bool { return r.foreign+len(r.unseen) < x.foreign }

// edit sees what x's author had seen, makes its patches there, and returns them
// as a change to the client's view.
func (r *replica) edit(x *transaction) (ot.Delta, error) {
	for ; r.foreign < x.foreign; r.foreign++ {
		if err := r.seen.Apply(r.unseen[0]); err != nil {
			return nil, err
		}
		r.unseen = r.unseen[1:]
	}
	var edit ot.Delta
	for i, p := range x.Patches {
		d, err := r.trace.delta(r.seen, p)
		if err == nil {
			err = r.seen.Apply(d)
		}
		if err != nil {
			return nil, err
		}
		if i == 0 {
			edit = d
		} else {
			edit = ot.Compose(edit, d)
		}
	}
	for i, u := range r.unseen { // one by one (law A5); they were sequenced before
		r.unseen[i] = ot.Transform(edit, u, false)
		edit = ot.Transform(u, edit, true)
	}
	return edit, nil
}

// aheadEdits is how many edits a lone author may be ahead of its acks, so that
// they leave in changes of moderate size.
const aheadEdits = 64

// loadTrace replays a trace with one client per agent. Two agents take turns:
// each transaction is one change, made when its author's client has heard of
// all that the author had seen.
func loadTrace(ctx context.Context, config LoadConfig, progress io.Writer) (Report, error) {
	t, err := readTrace(config.Trace)
	if err != nil {
		return Report{}, err
	}
	config.Documents, config.Writers, config.Readers = 1, t.NumAgents, max(config.Readers, 0)
	l := &load{config: config}
	report, err := l.run(ctx, progress, func(ctx context.Context) error { return l.replay(ctx, t) })
	if err != nil {
		return report, err
	}
	want := ot.NewDocument()
	if t.EndContent != "" {
		if err := want.Apply(ot.NewBuilder(1).Insert(t.EndContent, ot.Attributes{}).Delta()); err != nil {
			return report, fmt.Errorf("end content: %w", err)
		}
	}
	var got [32]byte
	l.documents[0].clients[0].socket.Look(func(c *Client) { got = c.Document().Hash() })
	if got != want.Hash() {
		report.Converged = false
		return report, fmt.Errorf("the trace ends on another text than it should: %w", ErrDiverged)
	}
	return report, nil
}

func (l *load) replay(ctx context.Context, t *trace) error {
	clients := l.documents[0].clients[:t.NumAgents]
	for _, c := range clients {
		c.socket.Look(func(*Client) { c.replica = newReplica(t) })
	}
	ahead := aheadEdits
	if t.NumAgents > 1 {
		ahead = 0
	}
	for i := range t.Txns {
		x := &t.Txns[i]
		c := clients[x.Agent]
		if err := l.pace(ctx, i); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
		var failure error
		if err := c.waitUnless(ctx, func(*Client) bool { return !c.replica.lacks(x) }); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
		err := c.socket.Edit(func(int) ot.Delta {
			var d ot.Delta
			if d, failure = c.replica.edit(x); len(d) > 0 {
				c.buffer = append(c.buffer, time.Now())
			}
			return d
		})
		if err = errors.Join(failure, err); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
		l.edits.Add(1)
		if err := c.waitUnless(ctx, func(k *Client) bool { return k.Pending() <= ahead }); err != nil {
			return fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return nil
}

// pace waits until a transaction is due.
func (l *load) pace(ctx context.Context, transaction int) error {
	if l.config.Rate > 0 {
		due := l.began.Add(time.Duration(float64(transaction) / l.config.Rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
	}
	return ctx.Err()
}

// waitUnless is Wait that costs little when there is nothing to wait for.
func (c *loadClient) waitUnless(ctx context.Context, ready func(*Client) bool) error {
	now := false
	c.socket.Look(func(k *Client) { now = ready(k) })
	if now {
		return nil
	}
	return c.socket.Wait(ctx, ready)
}
