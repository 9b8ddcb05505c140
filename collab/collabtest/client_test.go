package collabtest

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

var seedFlag = flag.Uint64("seed", 0, "replay one random run (0: a fresh one)")

func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("replay with: go test ./collab/collabtest -run '^%s$' -seed %d", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, seed))
}

// origin is the least a server can be: it orders changes, answers resends and
// catches up whoever comes back. It stands in for the engine so that the client
// is tested against the protocol alone.
type origin struct {
	t     *testing.T
	epoch int
	doc   *ot.Document
	log   []logged
	next  int
}

type logged struct {
	client string
	seq    int64
	delta  ot.Delta
}

func newOrigin(t *testing.T) *origin { return &origin{t: t, doc: ot.NewDocument()} }

// site is one client with its two queues.
type site struct {
	*Client
	up   []protocol.ClientMessage
	down []protocol.ServerMessage
	live bool
	told []Rejection
}

func (o *origin) restore() {
	o.epoch++
	keep := len(o.log) / 2
	o.log, o.doc = o.log[:keep], ot.NewDocument()
	for i := range o.log {
		if err := o.doc.Apply(o.log[i].delta); err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *origin) connect(s *site, hello protocol.Hello) {
	w := protocol.Welcome{Protocol: 1, Role: protocol.RoleEditor}
	w.Document.Epoch = fmt.Sprint(o.epoch)
	w.Document.Revision = int64(len(o.log))
	if r := hello.Resume; r != nil {
		for i, l := range o.log {
			if l.client == r.Client {
				w.Acknowledged = &protocol.Acknowledged{Seq: l.seq, Revision: int64(i + 1)}
			}
		}
		if r.Epoch == w.Document.Epoch {
			w.Client = r.Client
			w.Document.Resumed = true
			for i := r.Revision; i < int64(len(o.log)); i++ {
				c := o.change(i)
				if o.log[i].client == r.Client {
					c.Seq = o.log[i].seq
				}
				if i < r.Revision+3 {
					w.Document.Changes = append(w.Document.Changes, c)
				} else {
					w.Document.More = true
					s.down = append(s.down, c)
				}
			}
			s.down = append([]protocol.ServerMessage{w}, s.down...)
			s.live = true
			return
		}
		w.Reset = "epoch"
	}
	o.next++
	w.Client = fmt.Sprintf("c%d", o.next)
	w.Document.Content = o.doc.AppendJSON(nil)
	s.down = append(s.down, w)
	s.live = true
}

func (o *origin) change(i int64) protocol.Change {
	return protocol.Change{Revision: i + 1, Delta: o.log[i].delta}
}

// submit sequences, or answers a resend; refuse makes it a final reject.
func (o *origin) submit(s *site, all []*site, m protocol.Submit, refuse, later bool) {
	for i, l := range o.log {
		if l.client == s.ID() && l.seq == m.Seq {
			s.down = append(s.down, protocol.Ack{Seq: m.Seq, Revision: int64(i + 1)})
			return
		}
	}
	if later || refuse {
		s.down = append(s.down, protocol.Reject{Seq: m.Seq, Code: protocol.CodeInvalidChange, Retry: !refuse})
		return
	}
	d := m.Delta
	for _, l := range o.log[m.Base:] {
		d = ot.Transform(l.delta, d, true)
	}
	if err := o.doc.Apply(d); err != nil {
		o.t.Fatalf("client %s seq %d: %v", s.ID(), m.Seq, err)
	}
	o.log = append(o.log, logged{s.ID(), m.Seq, d})
	revision := int64(len(o.log))
	for _, to := range all {
		switch {
		case to == s:
			to.down = append(to.down, protocol.Ack{Seq: m.Seq, Revision: revision})
		case to.live:
			to.down = append(to.down, o.change(revision-1))
		}
	}
}

func (s *site) pump() {
	if !s.live {
		return
	}
	if m, ok := s.Next(); ok {
		s.up = append(s.up, m)
	}
}

func (s *site) drop() {
	s.live, s.up, s.down = false, nil, nil
	s.Lost()
}

func (s *site) hear(t *testing.T) {
	m := s.down[0]
	s.down = s.down[1:]
	switch err := s.Handle(m); {
	case errors.Is(err, ErrGap), errors.Is(err, ErrReload):
		s.drop()
	case err != nil:
		t.Fatal(err)
	default:
		s.pump()
	}
}

func randomEdit(r *rand.Rand, length int) ot.Delta {
	at := r.IntN(length)
	b := ot.NewBuilder(3)
	b.Retain(at, ot.Attributes{})
	switch n := length - 1 - at; {
	case n > 0 && r.IntN(3) == 0:
		b.Delete(1 + r.IntN(min(n, 4)))
	case n > 0 && r.IntN(3) == 0:
		b.Retain(1+r.IntN(min(n, 4)), ot.Attrs("bold", true))
	default:
		b.Insert(strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(3)), ot.Attributes{})
	}
	return b.Delta()
}

func TestClientsConverge(t *testing.T) {
	r := seeded(t)
	var resets, resends, retries, rejected, catchups int
	for run := range 150 {
		o := newOrigin(t)
		sites := make([]*site, 2+r.IntN(3))
		for i := range sites {
			s := &site{Client: NewClient()}
			s.Rejected = func(x Rejection) { s.told = append(s.told, x) }
			sites[i] = s
		}
		faults := run%3 > 0
		for range 200 {
			s := sites[r.IntN(len(sites))]
			switch k := r.IntN(100); {
			case !s.live && k < 60:
				if h := s.Hello(); h.Resume != nil {
					catchups++
					if s.InFlight() > 0 {
						resends++
					}
				}
				o.connect(s, s.Hello())
			case s.ID() != "" && k < 50:
				if err := s.Edit(randomEdit(r, s.Len())); err != nil {
					t.Fatal(err)
				}
				s.pump()
			case k < 70 && len(s.up) > 0:
				m := s.up[0].(protocol.Submit)
				s.up = s.up[1:]
				refuse, later := faults && r.IntN(20) == 0, faults && r.IntN(20) == 0
				if refuse {
					rejected++
				} else if later {
					retries++
				}
				o.submit(s, sites, m, refuse, later)
			case k < 95 && len(s.down) > 0:
				s.hear(t)
			case k < 97 && s.live:
				s.drop()
			case k == 99 && faults && r.IntN(8) == 0:
				resets++
				o.restore()
				for _, s := range sites {
					s.drop()
				}
			}
		}
		settle(t, o, sites)
		want := o.doc.Hash()
		for i, s := range sites {
			if got := s.Document().Hash(); got != want || s.Revision() != int64(len(o.log)) {
				t.Fatalf("run %d: client %d ends on another document at revision %d of %d", run, i, s.Revision(), len(o.log))
			}
			if s.Pending() != 0 {
				t.Fatalf("run %d: client %d still counts %d pending edits", run, i, s.Pending())
			}
		}
		seen := map[string]bool{}
		for _, l := range o.log {
			key := fmt.Sprint(l.client, l.seq)
			if seen[key] {
				t.Fatalf("[C2] run %d: %s is in the log twice", run, key)
			}
			seen[key] = true
		}
	}
	if resets == 0 || resends == 0 || retries == 0 || rejected == 0 || catchups == 0 {
		t.Errorf("the run was vacuous: %d resets, %d resends, %d retries, %d rejects, %d catch-ups", resets, resends, retries, rejected, catchups)
	}
}

func settle(t *testing.T, o *origin, sites []*site) {
	for busy := true; busy; {
		busy = false
		for _, s := range sites {
			if !s.live {
				o.connect(s, s.Hello())
			}
			s.pump()
			for len(s.up) > 0 {
				m := s.up[0].(protocol.Submit)
				s.up = s.up[1:]
				o.submit(s, sites, m, false, false)
				busy = true
			}
			for len(s.down) > 0 {
				s.hear(t)
				busy = true
			}
		}
	}
}

func connected(t *testing.T) (*origin, *site) {
	o, s := newOrigin(t), &site{Client: NewClient()}
	s.Rejected = func(x Rejection) { s.told = append(s.told, x) }
	o.connect(s, s.Hello())
	s.hear(t)
	return o, s
}

func insert(at int, text string) ot.Delta {
	return ot.NewBuilder(2).Retain(at, ot.Attributes{}).Insert(text, ot.Attributes{}).Delta()
}

func TestClientRules(t *testing.T) {
	t.Run("[C1] one change in flight, frozen; later edits gather", func(t *testing.T) {
		_, s := connected(t)
		for i, text := range []string{"a", "b", "c"} {
			if err := s.Edit(insert(i, text)); err != nil {
				t.Fatal(err)
			}
			s.pump()
		}
		if len(s.up) != 1 || len(s.up[0].(protocol.Submit).Delta) != 1 || s.Pending() != 3 {
			t.Fatalf("sent %v with %d pending", s.up, s.Pending())
		}
		if err := s.Ack(protocol.Ack{Seq: 1, Revision: 1}); err != nil {
			t.Fatal(err)
		}
		m, ok := s.Next()
		if !ok || m.Seq != 2 || m.Base != 1 || m.Delta[1].Text() != "bc" {
			t.Errorf("then sent %v", m)
		}
	})
	t.Run("[C1] a buffer that composes to nothing is not sent", func(t *testing.T) {
		_, s := connected(t)
		_ = s.Edit(insert(0, "x"))
		_ = s.Edit(ot.NewBuilder(1).Delete(1).Delta())
		if m, ok := s.Next(); ok || s.Pending() != 0 {
			t.Errorf("sent %v", m)
		}
	})
	t.Run("[C2] a resend is the first submit, byte for byte", func(t *testing.T) {
		o, s := connected(t)
		_ = s.Edit(insert(0, "mine"))
		first, _ := s.Next()
		o.log = append(o.log, logged{"other", 1, insert(0, "theirs")})
		_ = o.doc.Apply(insert(0, "theirs"))
		if err := s.Handle(o.change(0)); err != nil {
			t.Fatal(err)
		}
		s.drop()
		o.connect(s, s.Hello())
		s.hear(t)
		again := s.up[0]
		if string(protocol.AppendClient(nil, first)) != string(protocol.AppendClient(nil, again)) {
			t.Errorf("first %v, then %v", first, again)
		}
	})
	t.Run("[C4] a gap asks for a resume and loses nothing", func(t *testing.T) {
		_, s := connected(t)
		err := s.Handle(protocol.Change{Revision: 5, Delta: insert(0, "x")})
		if !errors.Is(err, ErrGap) || s.Hello().Resume.Revision != 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("[C8] a final reject leaves the view without it and offers the text", func(t *testing.T) {
		_, s := connected(t)
		_ = s.Edit(insert(0, "bad"))
		s.pump()
		_ = s.Edit(insert(3, " good"))
		if err := s.Handle(protocol.Reject{Seq: 1, Code: protocol.CodeInvalidChange, Message: "no"}); err != nil {
			t.Fatal(err)
		}
		view, err := s.View()
		if err != nil || view.Text() != " good\n" || len(s.told) != 1 || s.told[0].Text != "bad" {
			t.Errorf("view %q, offered %v, %v", view.Text(), s.told, err)
		}
		if m, ok := s.Next(); !ok || m.Seq != 2 {
			t.Errorf("then sent %v", m)
		}
	})
	t.Run("[C8] what may be retried is sent again unchanged", func(t *testing.T) {
		_, s := connected(t)
		_ = s.Edit(insert(0, "x"))
		first, _ := s.Next()
		_ = s.Handle(protocol.Reject{Seq: 1, Code: protocol.CodeRateLimited, Retry: true, RetryAfter: 10})
		again, ok := s.Next()
		if !ok || again.Seq != first.Seq || again.Base != first.Base || !again.Delta.Equal(first.Delta) {
			t.Errorf("first %v, then %v %v", first, again, ok)
		}
	})
	t.Run("[S7] a reset keeps what is pending under a new id", func(t *testing.T) {
		o, s := connected(t)
		_ = s.Edit(insert(0, "flight"))
		s.pump()
		_ = s.Edit(insert(6, " buffer"))
		o.epoch++
		s.drop()
		o.connect(s, s.Hello())
		s.hear(t)
		view, err := s.View()
		if err != nil || view.Text() != "flight buffer\n" || s.ID() != "c2" {
			t.Errorf("client %s sees %q, %v", s.ID(), view.Text(), err)
		}
		if m := s.up[0].(protocol.Submit); m.Seq != 1 || m.Delta[0].Text() != "flight buffer" {
			t.Errorf("sent %v", m)
		}
	})
	t.Run("[C2] content left out of the welcome is asked for", func(t *testing.T) {
		s := NewClient()
		if err := s.Handle(protocol.Welcome{Client: "c"}); !errors.Is(err, ErrContent) {
			t.Errorf("got %v", err)
		}
	})
}
