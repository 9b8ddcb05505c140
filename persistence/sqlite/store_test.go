package sqlite

import (
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
