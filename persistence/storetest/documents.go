package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

func testCreate(t *testing.T, s persistence.Store) {
	empty := NewLog(t, s)
	got, err := s.Document(t.Context(), empty.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Head != empty.Head || got.CreatedBy != Ada || got.UpdatedBy != Ada || !got.CreatedAt.Equal(Start) || !got.UpdatedAt.Equal(Start) || !got.TrashedAt.IsZero() {
		t.Errorf("new document: %+v", got)
	}
	document := persistence.Document{ID: persistence.NewID(), Title: "With content", Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: Start, CreatedBy: Ben}
	first := persistence.Change{Client: persistence.NewID(), Seq: 1, Author: Ben, At: Start, Delta: []byte(`[{"insert":"x"}]`)}
	if err := s.Create(t.Context(), document, &first); err != nil {
		t.Fatal(err)
	}
	changes := Changes(t, s, document.ID, 0, -1)
	if len(changes) != 1 || changes[0].Revision != 1 || string(changes[0].Delta) != string(first.Delta) || changes[0].Author != Ben {
		t.Fatalf("log of a document created with content: %+v", changes)
	}
	want := persistence.ChainHash(persistence.ChainStart(document.ID, document.Head.Epoch), document.ID, document.Head.Epoch, &changes[0])
	if h := head(t, s, document.ID); h.Revision != 1 || h.Hash != want || h.Epoch != document.Head.Epoch || changes[0].Hash != want {
		t.Errorf("its head is %+v", h)
	}
	wantError(t, "the same id again", s.Create(t.Context(), document, nil), persistence.ErrExists)
	if got := Changes(t, s, document.ID, 0, -1); len(got) != 1 {
		t.Error("a refused creation changed the log")
	}
	wantError(t, "no epoch", s.Create(t.Context(), persistence.Document{ID: persistence.NewID()}, nil), persistence.ErrBatch)
	// Of many creations of one id one wins.
	id := persistence.NewID()
	var made int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := s.Create(t.Context(), persistence.Document{ID: id, Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: Start}, nil)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if !errors.Is(err, persistence.ErrExists) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("one id was created %d times", made)
	}
}

func testMetadata(t *testing.T, s persistence.Store) {
	l := NewLog(t, s)
	l.Grow(2, persistence.NewID())
	read := func() persistence.Document {
		d, err := s.Document(t.Context(), l.ID)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	last := l.Changes[1]
	if d := read(); !d.UpdatedAt.Equal(last.At) || d.UpdatedBy != last.Author || d.Head != l.Head || !d.CreatedAt.Equal(Start) {
		t.Errorf("after changes: %+v", d)
	}
	renamed := Start.Add(3 * time.Hour)
	if err := s.Rename(t.Context(), l.ID, "Ünïcode \U0001F980", Ben, renamed); err != nil {
		t.Fatal(err)
	}
	if d := read(); d.Title != "Ünïcode \U0001F980" || !d.UpdatedAt.Equal(renamed) || d.UpdatedBy != Ben || d.Head != l.Head {
		t.Errorf("after the renaming: %+v", d)
	}
	renamedAuthor := persistence.Author{ID: Ben.ID, Name: "Benjamin", Color: Ben.Color}
	if err := s.Rename(t.Context(), l.ID, "x", renamedAuthor, renamed); err != nil {
		t.Fatal(err)
	}
	if d := read(); d.UpdatedBy != renamedAuthor {
		t.Errorf("an author who is called differently now: %+v", d.UpdatedBy)
	}
	l.Check(s)                                                        // the log keeps the names of then
	for _, at := range []time.Time{renamed, renamed.Add(time.Hour)} { // once there, it came when it came
		if err := s.Trash(t.Context(), l.ID, Ada, at); err != nil {
			t.Fatal(err)
		}
	}
	if d := read(); !d.TrashedAt.Equal(renamed) || !d.UpdatedAt.Equal(renamed) {
		t.Errorf("in the trash: %+v", d)
	}
	if err := s.Trash(t.Context(), l.ID, Ada, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if d := read(); !d.TrashedAt.IsZero() {
		t.Errorf("out of the trash: %+v", d)
	}
	l.Grow(1, persistence.NewID())
	l.Check(s)
}

// create adds a document that was updated at minutes after Start.
func create(t *testing.T, s persistence.Store, title string, minutes float64) persistence.ID {
	t.Helper()
	id := persistence.NewID()
	at := Start.Add(time.Duration(minutes * float64(time.Minute)))
	if err := s.Create(t.Context(), persistence.Document{ID: id, Title: title, Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: at, CreatedBy: Ada}, nil); err != nil {
		t.Fatal(err)
	}
	return id
}

func list(t *testing.T, s persistence.Store, query persistence.ListQuery) ([]persistence.ID, string) {
	t.Helper()
	found, next, err := s.List(t.Context(), query)
	if err != nil {
		t.Fatalf("list %+v: %v", query, err)
	}
	var ids []persistence.ID
	for _, d := range found {
		ids = append(ids, d.ID)
	}
	return ids, next
}

func listAll(t *testing.T, s persistence.Store, query persistence.ListQuery) []persistence.ID {
	t.Helper()
	var all []persistence.ID
	for {
		page, next := list(t, s, query)
		all = append(all, page...)
		if next == "" {
			return all
		}
		if len(page) != query.PageSize() {
			t.Fatalf("a page of %d that is not the last has %d", query.PageSize(), len(page))
		}
		query.Cursor = next
	}
}

func testList(t *testing.T, s persistence.Store) {
	if ids, next := list(t, s, persistence.ListQuery{}); len(ids) != 0 || next != "" {
		t.Errorf("an empty store lists %v, %q", ids, next)
	}
	var want []persistence.ID // newest first
	for i := range 25 {       // several in a minute, and minutes apart
		want = slices.Insert(want, 0, create(t, s, fmt.Sprintf("Document %d", i), float64(i)*0.3))
	}
	// Equal times are ordered by id.
	var equal []persistence.ID
	for range 5 {
		equal = append(equal, create(t, s, "Equal", 60))
	}
	slices.SortFunc(equal, func(a, b persistence.ID) int { return bytes.Compare(a[:], b[:]) })
	want = append(equal, want...)
	for _, limit := range []int{0, 1, 3, 10, 30, 31, 1000} {
		if got := listAll(t, s, persistence.ListQuery{Limit: limit}); !slices.Equal(got, want) {
			t.Errorf("in pages of %d the order differs", limit)
		}
	}
	// A change brings a document to the front, a renaming too.
	l := &Log{t: t, store: s, ID: want[20], Head: head(t, s, want[20])}
	b := l.Batch(1, persistence.NewID())
	b.Changes[0].At = Start.Add(2 * time.Hour)
	b.Seal()
	if err := Append(s, b); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename(t.Context(), want[10], "Grüße aus ÅRHUS", Ben, Start.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	first := []persistence.ID{want[10], want[20]}
	want = append(first, slices.DeleteFunc(slices.Clone(want), func(id persistence.ID) bool { return slices.Contains(first, id) })...)
	if got := listAll(t, s, persistence.ListQuery{Limit: 7}); !slices.Equal(got, want) {
		t.Error("the order after a change and a renaming differs")
	}
	for _, search := range []string{"GRÜSSE AUS", "grüße", "århus", "S ÅR", "Grüße aus århus"} {
		got, _ := list(t, s, persistence.ListQuery{Search: search})
		if matches := search != "GRÜSSE AUS"; matches != slices.Equal(got, want[:1]) {
			t.Errorf("search for %q finds %d", search, len(got))
		}
	}
	if got := listAll(t, s, persistence.ListQuery{Search: "document 1", Limit: 4}); len(got) != 11 && len(got) != 10 {
		t.Errorf("search in pages finds %d", len(got))
	}
	if got, _ := list(t, s, persistence.ListQuery{Search: "%_"}); len(got) != 0 {
		t.Error("the search takes signs for patterns")
	}
	trashed := want[3]
	if err := s.Trash(t.Context(), trashed, Ada, Start.Add(4*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := listAll(t, s, persistence.ListQuery{Trashed: true}); !slices.Equal(got, []persistence.ID{trashed}) {
		t.Errorf("the trash lists %v", got)
	}
	living := slices.Delete(slices.Clone(want), 3, 4)
	if got := listAll(t, s, persistence.ListQuery{Limit: 6}); !slices.Equal(got, living) {
		t.Error("a trashed document is still listed")
	}
	if err := s.Trash(t.Context(), trashed, Ada, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := listAll(t, s, persistence.ListQuery{}); !slices.Equal(got, want) {
		t.Error("a document out of the trash has lost its place")
	}
	_, _, err := s.List(t.Context(), persistence.ListQuery{Cursor: "nonsense"})
	wantError(t, "cursor", err, persistence.ErrCursor)
}

func testListUnderWrites(t *testing.T, s persistence.Store) {
	const documents = 40
	var ids []persistence.ID
	for i := range documents {
		ids = append(ids, create(t, s, "Document", float64(i)/5))
	}
	seen := map[persistence.ID]int{}
	var cursor string
	for step := 0; ; step++ {
		page, next := list(t, s, persistence.ListQuery{Limit: 5, Cursor: cursor})
		for _, id := range page {
			seen[id]++
		}
		if next == "" {
			break
		}
		cursor = next
		// One that was seen is changed, and a new one appears: neither may show again.
		if err := s.Rename(t.Context(), page[0], "Changed", Ada, Start.Add(time.Hour+time.Duration(step)*time.Second)); err != nil {
			t.Fatal(err)
		}
		create(t, s, "New", 100+float64(step))
	}
	for _, id := range ids {
		if seen[id] != 1 {
			t.Errorf("a document was seen %d times", seen[id])
		}
	}
}

func testSecrets(t *testing.T, s persistence.Store) {
	const callers = 16
	values := make([][]byte, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			var err error
			values[i], err = s.Secret(t.Context(), "cookie", func() ([]byte, error) { return []byte{byte(i), 1, 2}, nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, v := range values {
		if !bytes.Equal(v, values[0]) || len(v) != 3 {
			t.Fatalf("callers got different values: %v", values)
		}
	}
	boom := errors.New("no entropy")
	_, err := s.Secret(t.Context(), "other", func() ([]byte, error) { return nil, boom })
	wantError(t, "a failing maker", err, boom)
	other, err := s.Secret(t.Context(), "other", func() ([]byte, error) { return []byte("second try"), nil })
	if err != nil || string(other) != "second try" {
		t.Errorf("after a failure: %q, %v", other, err)
	}
}
