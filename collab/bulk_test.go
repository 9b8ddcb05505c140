package collab

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

func TestBulk(t *testing.T) {
	t.Run("[D5] what a change adds to a document's JSON is never counted too low", func(t *testing.T) {
		for seed := range uint64(300) {
			r := ottest.Rand(seed)
			document, b := ottest.Document(r), bulk{}
			for step := range 30 {
				d := ottest.Change(r, document)
				if !b.take(document, d, leastDocumentBytes) {
					t.Fatalf("seed %d step %d: %v does not fit", seed, step, d)
				}
				if err := document.Apply(d); err != nil {
					t.Fatal(err)
				}
				if size, _ := document.JSONLen(); leastDocumentBytes-size < b.room {
					t.Fatalf("seed %d step %d: after %s room is %d, of which the document of %d bytes leaves %d", seed, step, d.AppendJSON(nil), b.room, size, leastDocumentBytes-size)
				}
			}
		}
	})
	t.Run("[D5][R5] in a document that is too large, such as one of a larger limit, a delete is not measured, nor charged for that", func(t *testing.T) {
		document, b := ot.NewDocument(), bulk{}
		if err := document.Apply(ot.Delta{ot.InsertText(strings.Repeat("x", 1000), ot.Attributes{})}); err != nil {
			t.Fatal(err)
		}
		const most = 1
		if b.take(document, ot.Delta{text("x")}, most) {
			t.Error("an insert fits")
		}
		if !b.take(document, ot.Delta{ot.Delete(1)}, most) || b.walked != 0 {
			t.Errorf("a delete looked at %d pieces", b.walked)
		}
	})
	t.Run("[D5] what was not written leaves no room behind when it is forgotten", func(t *testing.T) {
		q := newSequencer(ot.NewDocument(), 0, Limits{}.withDefaults())
		alice := named("alice")
		q.know(alice, alice, nil)
		submit := func(seq int64, ops ...ot.Op) {
			if e := q.step(&submission{client: alice, seq: seq, base: q.durable, delta: ops, author: &author{}, at: time.UnixMicro(0)}); e.kind != sequenced {
				t.Fatal(e.reject)
			}
		}
		submit(1, ot.InsertText(strings.Repeat("x", 1000), ot.Attributes{}))
		q.commit(1)
		durable := q.document.Clone()
		submit(2, ot.Delete(1000))
		q.bulk = bulk{} // measured anew at the next insert
		submit(3, text("y"))
		q.rollback(durable)
		if size, _ := q.document.JSONLen(); q.limits.documentBytes()-size < q.bulk.room {
			t.Errorf("room is %d, of which the document of %d bytes leaves %d", q.bulk.room, size, q.limits.documentBytes()-size)
		}
	})
	t.Run("[D5][R5] formatting that a document would have to say too often is refused; deletes go on", func(t *testing.T) {
		q := newSequencer(ot.NewDocument(), 0, Limits{}.withDefaults())
		alice, seq, base := named("alice"), int64(0), int64(0)
		q.know(alice, alice, nil)
		submit := func(ops ...ot.Op) effect {
			seq++
			return q.step(&submission{client: alice, seq: seq, base: base, delta: ops, author: &author{}, at: time.UnixMicro(0)})
		}
		const pieces = 40_000
		for range pieces / DefaultChangeOps {
			part := ot.NewBuilder(DefaultChangeOps)
			for range DefaultChangeOps / 2 {
				part.Insert("x", ot.Attributes{})
				part.Insert("y", ot.Attrs("bold", true))
			}
			if e := submit(part.Delta()...); e.kind != sequenced {
				t.Fatal(e.reject)
			}
		}
		q.commit(seq)
		base = seq
		link := ot.Attrs("link", "https://"+strings.Repeat("x", 2000))
		if e := submit(ot.Retain(pieces, link)); e.kind != rejected || e.reject.Code != protocol.CodeDocumentTooLarge {
			t.Fatalf("effect %+v", e)
		}
		if e := submit(ot.Retain(pieces/4, link)); e.kind != sequenced {
			t.Errorf("a quarter was refused: %v", e.reject)
		}
		if e := submit(ot.Delete(pieces / 2)); e.kind != sequenced {
			t.Errorf("a delete was refused: %v", e.reject)
		}
	})
}

func TestWorkIsCharged(t *testing.T) {
	const pieces = 40_000
	build := func(t *testing.T, h *harness) int64 {
		c := h.join(1)
		for i := range int64(pieces / DefaultChangeOps) {
			part := ot.NewBuilder(DefaultChangeOps)
			for range DefaultChangeOps / 2 {
				part.Insert("x", ot.Attributes{})
				part.Insert("y", ot.Attrs("bold", true))
			}
			c.submit(i+1, i, part.Delta()...)
			c.hear()
		}
		return pieces / DefaultChangeOps
	}
	narrow := func(c *Config) {
		c.Limits = roomy
		c.Limits.ConnectionBytes = 64 << 10
	}
	in(t, "[R5] a change of sixty bytes that formats very many pieces counts as what that takes", narrow, func(t *testing.T, h *harness) {
		head := build(t, h)
		bob, carol := h.join(2), h.join(3)
		bob.submit(1, head, ot.Retain(pieces, ot.Attrs("italic", true)))
		bob.hear()
		bob.submit(2, head+1, text("b"))
		carol.submit(1, head+1, text("c"))
		if got := of[protocol.Reject](bob.hear()); len(got) != 1 || got[0].Code != protocol.CodeRateLimited {
			t.Errorf("bob was refused %v", got)
		}
		if got := of[protocol.Ack](carol.hear()); len(got) != 1 {
			t.Errorf("carol was acknowledged %v", got)
		}
	})
	both := func(c *Config) {
		narrow(c)
		c.Limits.DocumentBytes = c.Limits.ConnectionBytes
	}
	in(t, "[R5] so does one whose base is long ago, for its author alone", both, func(t *testing.T, h *harness) {
		alice, bob, carol := h.join(1), h.join(2), h.join(3)
		for i := range int64(40) {
			alice.submit(i+1, i, text("x"))
			alice.hear()
		}
		time.Sleep(10 * time.Second) // the window shrinks
		part := ot.NewBuilder(DefaultChangeOps)
		for range DefaultChangeOps / 2 {
			part.Insert("x", ot.Attributes{})
			part.Insert("y", ot.Attrs("bold", true))
		}
		bob.submit(1, 0, part.Delta()...)
		if got := of[protocol.Ack](bob.hear()); len(got) != 1 {
			t.Fatalf("bob was acknowledged %v", got)
		}
		bob.submit(2, 41, text("b"))
		if got := of[protocol.Reject](bob.hear()); len(got) != 1 || got[0].Code != protocol.CodeRateLimited {
			t.Errorf("bob was refused %v", got)
		}
		carol.submit(1, 41, text("c"))
		if got := of[protocol.Ack](carol.hear()); len(got) != 1 {
			t.Errorf("carol was acknowledged %v", got)
		}
	})
	in(t, "[R5] so does one that comes by request, for its user", func(c *Config) {
		c.Limits = roomy
		c.Limits.UserBytes = 64 << 10
	}, func(t *testing.T, h *harness) {
		build(t, h)
		write := func(n int, d ot.Delta) error {
			_, err := h.hub.Submit(t.Context(), Write{Document: h.doc, Who: as(user(n)), Role: protocol.RoleEditor, Delta: d})
			return err
		}
		if err := write(2, ot.Delta{ot.Retain(pieces, ot.Attrs("italic", true))}); err != nil {
			t.Fatal(err)
		}
		if refused, ok := errors.AsType[*RejectError](write(2, ot.Delta{text("b")})); !ok || refused.Code != protocol.CodeRateLimited {
			t.Errorf("the second was refused by %v", refused)
		}
		if err := write(3, ot.Delta{text("c")}); err != nil {
			t.Errorf("somebody else: %v", err)
		}
	})
	in(t, "[R5][C6] so does a check of the content of a large document", narrow, func(t *testing.T, h *harness) {
		alice, bob, carol := h.join(1), h.join(2), h.join(3)
		alice.submit(1, 0, text(strings.Repeat("x", 500_000)))
		alice.hear()
		check := protocol.Check{Revision: 1, Hash: strings.Repeat("0", 64)}
		took10 := took(func() {
			for range 10 { // of 61 KiB each, where 64 may come in a second
				bob.say(check)
			}
		})
		if took10 < 5*time.Second {
			t.Errorf("ten were read in %v", took10)
		}
		if took := took(func() { carol.say(check) }); took != 0 {
			t.Errorf("carol waited for %v", took)
		}
	})
}
