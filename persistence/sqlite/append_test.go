package sqlite

import (
	"database/sql/driver"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

// The writer's page cache grows with the documents that are written to, and
// shrinks when they have been forgotten.
func TestWriterCacheFollowsItsDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openDir(t, t.TempDir())
		defer s.Close()
		grow := func(documents int) {
			t.Helper()
			for range documents {
				if err := storetest.Append(s, storetest.NewLog(t, s).Batch(1, persistence.NewID())); err != nil {
					t.Fatal(err)
				}
			}
		}
		size := func() int64 {
			t.Helper()
			column := make([]driver.Value, 1)
			if err := s.writer.edit(t.Context(), func(tables *tables) error {
				asks, err := tables.connection.prepare("PRAGMA cache_size")
				if err != nil {
					return err
				}
				_, err = asks.row(column)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return column[0].(int64)
		}
		grow(10)
		if got := size(); got != -writerCache {
			t.Errorf("the cache has %d with ten documents", got)
		}
		grow(manyDocuments)
		if got := size(); got != -busyWriterCache {
			t.Errorf("the cache has %d with many documents", got)
		}
		time.Sleep(2 * restAfter)
		grow(1)
		if got := size(); got != -writerCache {
			t.Errorf("the cache has %d after a rest", got)
		}
	})
}
