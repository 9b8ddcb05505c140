package sqlite

import (
	"context"
	"errors"
	"testing"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

func openDir(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) persistence.Store { return openDir(t, t.TempDir()) })
}

func TestStoreReopened(t *testing.T) {
	dir := t.TempDir()
	storetest.RunReopen(t, func(t *testing.T) persistence.Store { return openDir(t, dir) })
}

// A search reads every document. Whoever reads one does not wait behind those who
// search.
func TestSearchesTakeTurns(t *testing.T) {
	s := openDir(t, t.TempDir())
	defer s.Close()
	l := storetest.NewLog(t, s)
	for range maxScans { // somebody's searches
		s.scans <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	searched := make(chan error, 20)
	for i := range cap(searched) {
		go func() {
			_, _, err := s.List(ctx, persistence.ListQuery{Search: "x", Largest: i%2 == 0})
			searched <- err
		}()
	}
	if _, err := s.Document(t.Context(), l.ID); err != nil {
		t.Error(err)
	}
	if found, _, err := s.List(t.Context(), persistence.ListQuery{}); err != nil || len(found) != 1 {
		t.Errorf("%d are listed, %v", len(found), err)
	}
	cancel()
	for range cap(searched) {
		if err := <-searched; !errors.Is(err, context.Canceled) {
			t.Errorf("a search was answered beside another: %v", err)
		}
	}
	<-s.scans
	if _, _, err := s.List(t.Context(), persistence.ListQuery{Search: "x"}); err != nil {
		t.Error(err)
	}
}
