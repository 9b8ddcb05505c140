package storetest

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// sharingTests are run by Run: what several callers, or a caller and the store,
// have in hand at once.
var sharingTests = []storeTest{
	{"[L1] of batches built on one head one is taken", testOneHead},
	{"[L1] a reader beside a writer sees whole batches", testReaderBesideWriter},
	{"[L1] append returns before it is answered, and is answered once", testAnswers},
	{"[S2] each client of a batch gets its row", testClientsOfABatch},
	{"[A6] what was handed in and what was read is the caller's", testOwnership},
}

// patience is how long a test waits for what must come: only what hangs meets it.
const patience = 2 * time.Minute

func testOneHead(t *testing.T, s persistence.Store) {
	const writers, rounds = 6, 20
	l := NewLog(t, s)
	for range rounds {
		var batches [writers]persistence.Batch
		var answers [writers]error
		var all sync.WaitGroup
		for i := range writers {
			batches[i] = l.Batch(1+i%3, persistence.NewID())
			all.Go(func() { answers[i] = Append(s, batches[i]) })
		}
		all.Wait()
		won := -1
		for i, err := range answers {
			switch {
			case err != nil:
				wantError(t, "a batch that came too late", err, persistence.ErrConflict)
			case won >= 0:
				t.Fatalf("two batches were taken at revision %d", l.Head.Revision)
			default:
				won = i
			}
		}
		if won < 0 {
			t.Fatalf("no batch was taken at revision %d", l.Head.Revision)
		}
		l.Took(batches[won])
		for i := range batches {
			_, err := s.Client(t.Context(), l.ID, batches[i].Clients[0].Client)
			if (err == nil) != (i == won) {
				t.Fatalf("the client of a batch that was taken (%v) has a row: %v", i == won, err)
			}
		}
	}
	l.Check(s)
}

func testReaderBesideWriter(t *testing.T, s persistence.Store) {
	const size, batches = 5, 60
	l := NewLog(t, s)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for range batches {
			b := l.Batch(size, persistence.NewID())
			if err := Append(s, b); err != nil {
				t.Errorf("append: %v", err)
				return
			}
			l.Took(b)
		}
	}()
	for over := false; !over; {
		select {
		case <-written:
			over = true
		default:
		}
		before := head(t, s, l.ID)
		found := Changes(t, s, l.ID, 0, -1)
		if n := int64(len(found)); n < before.Revision || n%size != 0 || before.Revision%size != 0 {
			t.Errorf("the head was %d, then %d changes were read, of batches of %d", before.Revision, n, size)
			break
		}
		prev := persistence.ChainStart(l.ID, before.Epoch)
		for i := range found {
			if found[i].Revision != int64(i)+1 || found[i].Hash != persistence.ChainHash(prev, l.ID, before.Epoch, &found[i]) {
				t.Fatalf("what was read as change %d is revision %d", i+1, found[i].Revision)
			}
			prev = found[i].Hash
		}
	}
	<-written
	l.Check(s)
}

func testAnswers(t *testing.T, s persistence.Store) {
	l := NewLog(t, s)
	good, stale := l.Batch(1, persistence.NewID()), l.Batch(1, persistence.NewID())
	stale.Base.Hash[0]++
	stale.Seal()
	unsealed := l.Batch(1, persistence.NewID())
	unsealed.Changes[0].Hash[0]++
	unknown := Batch(persistence.NewID(), l.Head, 1, persistence.NewID())
	returned, answers := make(chan struct{}), make(chan error, 100)
	for i, b := range []persistence.Batch{stale, unsealed, unknown, good} {
		s.Append(b, func(err error) {
			if i == 0 {
				select { // a store that answers within Append waits here for itself
				case <-returned:
				case <-time.After(patience):
					t.Error("a batch was answered before Append returned")
				}
			}
			answers <- err
		})
	}
	close(returned)
	for i, want := range []error{persistence.ErrConflict, persistence.ErrBatch, persistence.ErrNotFound, nil} {
		if err := <-answers; !errors.Is(err, want) {
			t.Errorf("answer %d is %v, not %v", i, err, want)
		}
	}
	l.Took(good)
	l.Grow(1, persistence.NewID()) // whatever would be answered again has been by now
	if len(answers) != 0 {
		t.Errorf("%d batches were answered again", len(answers))
	}
}

func testClientsOfABatch(t *testing.T, s persistence.Store) {
	l := NewLog(t, s)
	clients := []persistence.ID{persistence.NewID(), persistence.NewID(), persistence.NewID()}
	l.Grow(1, clients[2])
	for range 2 { // first the rows of two are new, then all are there
		b := l.Batch(7, persistence.NewID())
		rows := map[persistence.ID]persistence.ClientRow{}
		for i := range b.Changes {
			c := &b.Changes[i]
			c.Client = clients[i%3]
			rows[c.Client] = persistence.ClientRow{Client: c.Client, User: persistence.ID{byte(1 + i%3)}, Seq: c.Seq, Revision: c.Revision, Digest: digest(c.Client.String()[:20]), SeenAt: c.At}
		}
		b.Seal()
		b.Clients = nil
		for _, client := range clients {
			b.Clients = append(b.Clients, rows[client])
		}
		if err := Append(s, b); err != nil {
			t.Fatal(err)
		}
		l.Took(b)
		for _, client := range clients {
			got, err := s.Client(t.Context(), l.ID, client)
			same(t, "the row of one of three clients", got, err, rows[client])
		}
	}
	l.Check(s)
}

// overwrite is what a caller may do to bytes that are its own.
func overwrite(b []byte) { copy(b, bytes.Repeat([]byte{'#'}, len(b))) }

func testOwnership(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	l := NewLog(t, s)
	b := l.Batch(3, persistence.NewID())
	want, row := slices.Clone(b.Changes), b.Clients[0]
	for i := range want {
		want[i].Delta = bytes.Clone(want[i].Delta)
	}
	if err := Append(s, b); err != nil {
		t.Fatal(err)
	}
	for i := range b.Changes {
		overwrite(b.Changes[i].Delta)
		b.Changes[i] = persistence.Change{}
	}
	b.Clients[0] = persistence.ClientRow{}
	l.Head, l.Changes = persistence.Head{Epoch: l.Head.Epoch, Revision: 3, Hash: want[2].Hash}, want
	l.Check(s)
	got, err := s.Client(ctx, l.ID, row.Client)
	same(t, "the row of a batch that was overwritten", got, err, row)

	first := persistence.Change{Client: persistence.NewID(), Seq: 1, Author: Ada, At: Start, Delta: []byte("first")}
	made := persistence.Document{ID: persistence.NewID(), Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: Start, CreatedBy: Ada}
	if err := s.Create(ctx, made, &first); err != nil {
		t.Fatal(err)
	}
	overwrite(first.Delta)
	if changes := Changes(t, s, made.ID, 0, -1); len(changes) != 1 || string(changes[0].Delta) != "first" {
		t.Errorf("a first change became %+v", changes)
	}

	user := NewUser(t, s, "Ada", 1)
	ticket := persistence.Ticket{ID: persistence.NewID(), Kind: persistence.TicketInvitation, Digest: digest("x"), Groups: []persistence.ID{{1}, {2}}, CreatedAt: Start, ExpiresAt: Start.Add(time.Hour)}
	kept := ticket
	kept.Groups = slices.Clone(ticket.Groups)
	content, picture := []byte("content"), []byte("picture")
	if err := s.PutSnapshot(ctx, l.ID, persistence.Snapshot{Revision: 3, Hash: l.Head.Hash, Content: content}); err != nil {
		t.Fatal(err)
	}
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutTicket(ticket), e.SetPicture(user.ID, picture))
	})
	secret := []byte("secret")
	if _, err := s.Secret(ctx, "key", func() ([]byte, error) { return secret, nil }); err != nil {
		t.Fatal(err)
	}
	overwrite(content)
	overwrite(picture)
	overwrite(secret)
	ticket.Groups[0][0] = '#'
	for range 2 { // what is read is overwritten too
		snapshot, err := s.Snapshot(ctx, l.ID, -1)
		same(t, "the snapshot", string(snapshot.Content), err, "content")
		overwrite(snapshot.Content)
		png, err := s.Picture(ctx, user.ID)
		same(t, "the picture", string(png), err, "picture")
		overwrite(png)
		value, err := s.Secret(ctx, "key", nil)
		same(t, "the secret", string(value), err, "secret")
		overwrite(value)
		one, err := s.Ticket(ctx, ticket.Digest)
		same(t, "the ticket", one, err, kept)
		one.Groups[0][0] = '#'
		open, err := s.Tickets(ctx, ticket.Kind, Start)
		same(t, "the open tickets", open, err, []persistence.Ticket{kept})
		open[0].Groups[0][0] = '#'
	}
	err = s.EditPeople(ctx, func(e persistence.PeopleEdit) error {
		used, err := e.UseTicket(ticket.Digest, ticket.Kind, Start)
		used.Groups[0][0] = '#'
		return err
	})
	one, readErr := s.Ticket(ctx, ticket.Digest)
	kept.UsedAt = Start
	same(t, "the used ticket", one, errors.Join(err, readErr), kept)
}
