package collab

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// roomy are rates that nobody meets; tests narrow the one they are about.
var roomy = Limits{
	ConnectionChanges: 1e9, ConnectionBytes: 1e9, ConnectionMessages: 1e9,
	UserChanges: 1e9, UserBytes: 1e9, DocumentChanges: 1e9, DocumentBytes: 1e9,
	RateBurst: 2 * time.Second, RateWait: 2 * time.Second,
}

// tenASecond narrows one rate: twenty at once, and then one each 100 ms.
func tenASecond(field func(*Limits) *int) func(*Config) {
	return func(c *Config) {
		c.Limits = roomy
		*field(&c.Limits) = 10
	}
}

// took is how much virtual time f takes.
func took(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

const aTenth = 100 * time.Millisecond

func TestRates(t *testing.T) {
	// Each sends one unit of what its rate counts, from the n-th place.
	submit := func(bytes int) func(t *testing.T, h *harness) func() {
		return func(t *testing.T, h *harness) func() {
			c, seq := h.join(1), int64(0)
			return func() {
				seq++
				if err := c.peer.Receive(t.Context(), protocol.Submit{Seq: seq, Delta: ot.Delta{text("x")}}, bytes); err != nil {
					t.Error(err)
				}
				synctest.Wait()
			}
		}
	}
	manyPlaces := func(sameUser, sameDocument bool) func(t *testing.T, h *harness) func() {
		return func(t *testing.T, h *harness) func() {
			n := 0
			return func() {
				n++
				u := user(1)
				if !sameUser {
					u = user(n)
				}
				if !sameDocument {
					h.doc = h.id()
					if err := h.store.Create(t.Context(), persistence.Document{ID: h.doc, Head: persistence.Head{Epoch: h.id()}}, nil); err != nil {
						t.Fatal(err)
					}
				}
				c, _, err := h.attach(u, protocol.RoleEditor, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := c.peer.Receive(t.Context(), protocol.Submit{Seq: 1, Delta: ot.Delta{text("x")}}, 1); err != nil {
					t.Error(err)
				}
				c.peer.Detach()
				synctest.Wait()
			}
		}
	}
	write := func(t *testing.T, h *harness) func() {
		return func() {
			if _, err := h.hub.Submit(t.Context(), Write{Document: h.doc, Who: as(user(1)), Role: protocol.RoleEditor, Delta: ot.Delta{text("w")}, Bytes: 1}); err != nil {
				t.Error(err)
			}
		}
	}
	chat := func(m protocol.ClientMessage) func(t *testing.T, h *harness) func() {
		return func(t *testing.T, h *harness) func() {
			c := h.join(1)
			return func() {
				if err := c.peer.Receive(t.Context(), m, 1); err != nil {
					t.Error(err)
				}
				synctest.Wait()
				c.hear()
			}
		}
	}
	for _, test := range []struct {
		name  string
		field func(*Limits) *int
		open  func(t *testing.T, h *harness) func()
	}{
		{"ConnectionChanges", func(l *Limits) *int { return &l.ConnectionChanges }, submit(1)},
		{"ConnectionBytes", func(l *Limits) *int { return &l.ConnectionBytes }, submit(1)},
		{"ConnectionBytes, of what is no change", func(l *Limits) *int { return &l.ConnectionBytes }, chat(protocol.Ping{})},
		{"ConnectionMessages, carets", func(l *Limits) *int { return &l.ConnectionMessages }, chat(protocol.Presence{Selection: &protocol.Selection{}})},
		{"ConnectionMessages, checks", func(l *Limits) *int { return &l.ConnectionMessages }, chat(protocol.Check{Hash: "00"})},
		{"ConnectionMessages, pings", func(l *Limits) *int { return &l.ConnectionMessages }, chat(protocol.Ping{})},
		{"UserChanges, over documents and connections", func(l *Limits) *int { return &l.UserChanges }, manyPlaces(true, false)},
		{"UserBytes, over documents and connections", func(l *Limits) *int { return &l.UserBytes }, manyPlaces(true, false)},
		{"DocumentChanges, over users", func(l *Limits) *int { return &l.DocumentChanges }, manyPlaces(false, true)},
		{"DocumentBytes, over users", func(l *Limits) *int { return &l.DocumentBytes }, manyPlaces(false, true)},
		{"UserChanges, by requests", func(l *Limits) *int { return &l.UserChanges }, write},
		{"UserBytes, by requests", func(l *Limits) *int { return &l.UserBytes }, write},
		{"DocumentChanges, by requests", func(l *Limits) *int { return &l.DocumentChanges }, write},
		{"DocumentBytes, by requests", func(l *Limits) *int { return &l.DocumentBytes }, write},
	} {
		in(t, "[R5] "+test.name+": what fits comes at once, one more waits its turn", tenASecond(test.field), func(t *testing.T, h *harness) {
			one := test.open(t, h)
			if waited := took(func() {
				for range 20 {
					one()
				}
			}); waited != 0 {
				t.Errorf("the first 20 took %v", waited)
			}
			if waited := took(one); waited != aTenth {
				t.Errorf("one above took %v", waited)
			}
			time.Sleep(10 * time.Second) // the bucket is full again, and not fuller
			if waited := took(func() {
				for range 21 {
					one()
				}
			}); waited != aTenth {
				t.Errorf("21 after a pause took %v", waited)
			}
		})
	}
}

func TestFloods(t *testing.T) {
	in(t, "[S9][R2][R5] a flood is read slowly, every change is in the log once, and others wait for nothing", tenASecond(func(l *Limits) *int { return &l.ConnectionChanges }), func(t *testing.T, h *harness) {
		const flood = 100
		fast, calm := h.join(1), h.join(2)
		var flooding sync.WaitGroup
		began := time.Now()
		var ended time.Duration
		flooding.Go(func() {
			for seq := range int64(flood) {
				if err := fast.peer.Receive(t.Context(), protocol.Submit{Seq: seq + 1, Delta: ot.Delta{text("f")}}, 100); err != nil {
					t.Error(err)
				}
			}
			ended = time.Since(began)
		})
		for seq := range int64(50) { // a turn of theirs each, while the flood goes on
			time.Sleep(150 * time.Millisecond)
			if waited := took(func() {
				calm.submit(seq+1, 0, text("c"))
				if acks := of[protocol.Ack](calm.hear()); len(acks) != 1 {
					t.Fatalf("turn %d: acks %v", seq, acks)
				}
			}); waited != 0 {
				t.Fatalf("turn %d waited %v", seq, waited)
			}
		}
		flooding.Wait()
		if want := (flood - 20) * aTenth; ended != want {
			t.Errorf("the flood was taken in %v, want %v", ended, want)
		}
		if acks := of[protocol.Ack](fast.hear()); len(acks) != flood {
			t.Errorf("%d acks", len(acks))
		}
		h.onceEach(flood + 50)
		if got := h.text(); strings.Count(got, "f") != flood || strings.Count(got, "c") != 50 {
			t.Errorf("text %q", got)
		}
	})
	for _, test := range []struct {
		name  string
		field func(*Limits) *int
		user  func(i int) int
	}{
		{"user", func(l *Limits) *int { return &l.UserChanges }, func(int) int { return 1 }},
		{"document", func(l *Limits) *int { return &l.DocumentChanges }, func(i int) int { return i + 1 }},
	} {
		in(t, "[S9][C8] a "+test.name+"'s changes that would wait too long are refused for now, and land when they are sent again", func(c *Config) {
			tenASecond(test.field)(c)
			c.Limits.RateWait = 500 * time.Millisecond
		}, func(t *testing.T, h *harness) {
			const writers = 40 // 20 at once, 5 more within the wait, 15 refused
			var all sync.WaitGroup
			refused := make([]int, writers)
			for i := range writers {
				c := h.join(test.user(i))
				all.Go(func() {
					for {
						if err := c.peer.Receive(t.Context(), protocol.Submit{Seq: 1, Delta: ot.Delta{text(fmt.Sprintf("<%d>", i))}}, 100); err != nil {
							t.Error(err)
						}
						time.Sleep(time.Millisecond) // virtual: until all is quiet
						rejects := of[protocol.Reject](c.arrived())
						if len(rejects) == 0 {
							return
						}
						if r := rejects[0]; r.Code != protocol.CodeRateLimited || !r.Retry || r.RetryAfter < 1 {
							t.Errorf("refused by %+v", r)
							return
						}
						refused[i]++
						time.Sleep(time.Duration(rejects[0].RetryAfter) * time.Millisecond)
					}
				})
			}
			all.Wait()
			some := 0
			for _, n := range refused {
				some += min(n, 1)
			}
			if some != writers-25 {
				t.Errorf("%d were refused at first", some)
			}
			h.onceEach(writers)
			for i := range writers {
				if got := h.text(); strings.Count(got, fmt.Sprintf("<%d>", i)) != 1 {
					t.Errorf("writer %d: %q", i, got)
				}
			}
		})
	}
	in(t, "[S9] a request is refused after the wait, with when to come back, and is not written", func(c *Config) {
		tenASecond(func(l *Limits) *int { return &l.UserChanges })(c)
		c.Limits.RateWait = aTenth
	}, func(t *testing.T, h *harness) {
		write := func() error {
			_, err := h.hub.Submit(t.Context(), Write{Document: h.doc, Who: as(user(1)), Role: protocol.RoleEditor, Delta: ot.Delta{text("w")}, IdempotencyKey: "k"})
			return err
		}
		var all sync.WaitGroup
		var at, above error
		for range 20 {
			if err := h.hub.Admit(t.Context(), user(1), 0); err != nil {
				t.Fatal(err)
			}
		}
		all.Go(func() { at = write() })
		synctest.Wait() // it has its place in 100 ms
		all.Go(func() { above = h.hub.Admit(t.Context(), user(1), 0) })
		all.Wait()
		if at != nil {
			t.Errorf("within the wait: %v", at)
		}
		refused, ok := errors.AsType[*RejectError](above)
		if !ok || refused.Code != protocol.CodeRateLimited || refused.RetryAfter != 100 {
			t.Errorf("above: %v", above)
		}
		if got := h.text(); got != "w\n" {
			t.Errorf("text %q", got)
		}
	})
	in(t, "[R5] what was refused is charged to nobody", func(c *Config) {
		tenASecond(func(l *Limits) *int { return &l.DocumentChanges })(c)
		c.Limits.RateWait = time.Nanosecond
	}, func(t *testing.T, h *harness) {
		on := meters{{}, {}, {}}
		for range 20 {
			if _, _, over := on.take(&h.hub.config, 1000); over {
				t.Fatal("refused what fits")
			}
		}
		before := [...]bucket{on[0].changes, on[0].bytes, on[1].changes, on[1].bytes}
		if wait, s, over := on.take(&h.hub.config, 1000); !over || s != overDocument || wait != aTenth {
			t.Errorf("wait %v for the %v, over %v", wait, s, over)
		}
		if after := [...]bucket{on[0].changes, on[0].bytes, on[1].changes, on[1].bytes}; after != before {
			t.Errorf("charged: %v, %v", before, after)
		}
	})
	in(t, "[R5] users who are gone are forgotten once that wins them nothing", tenASecond(func(l *Limits) *int { return &l.UserChanges }), func(t *testing.T, h *harness) {
		count := func() int { return len(h.hub.tallies.users) }
		stays := h.join(1)
		for n := range 3 * fewTallies {
			u := user(0)
			u.ID = persistence.ID{0: 0xbb, 14: byte(n >> 8), 15: byte(n)}.String()
			if err := h.hub.Admit(t.Context(), u, 0); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(); n <= 3*fewTallies {
			t.Errorf("%d are remembered, and some were forgotten whose bucket was not full", n)
		}
		time.Sleep(time.Minute)
		for n := range 4 * fewTallies {
			time.Sleep(time.Second)
			u := user(0)
			u.ID = persistence.ID{0: 0xcc, 14: byte(n >> 8), 15: byte(n)}.String()
			if err := h.hub.Admit(t.Context(), u, 0); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(); n > 2*fewTallies {
			t.Errorf("%d are remembered", n)
		}
		if stays.peer.tally.connections != 1 {
			t.Errorf("%d connections", stays.peer.tally.connections)
		}
	})
}

// arrived gives what came, without waiting: for use beside others who wait.
func (c *pipe) arrived() (all []protocol.ServerMessage) {
	for {
		frame, ok := c.peer.Next()
		if !ok {
			return all
		}
		messages, err := protocol.DecodeServer(frame)
		if err != nil {
			c.h.t.Error(err)
		}
		all = append(all, messages...)
	}
}

// onceEach checks that the log has so many changes, no (client, seq) twice.
func (h *harness) onceEach(want int) {
	h.t.Helper()
	head, err := h.store.Head(h.t.Context(), h.doc)
	if err != nil || head.Revision != int64(want) {
		h.t.Errorf("the log has %d changes, want %d; %v", head.Revision, want, err)
	}
	seen := map[string]bool{}
	err = h.store.Changes(h.t.Context(), h.doc, 0, head.Revision, func(c *persistence.Change) bool {
		id := fmt.Sprint(c.Client, c.Seq)
		if seen[id] {
			h.t.Errorf("revision %d repeats %s", c.Revision, id)
		}
		seen[id] = true
		return true
	})
	if err != nil {
		h.t.Error(err)
	}
}

// BenchmarkMeters: what the rates cost one change that does not wait.
func BenchmarkMeters(b *testing.B) {
	config := Config{Limits: roomy}.withDefaults()
	on := meters{{}, {}, {}}
	b.ReportAllocs()
	for b.Loop() {
		on.take(&config, 100)
	}
}
