package persistence

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestID(t *testing.T) {
	id := NewID()
	back, err := ParseID(id.String())
	if err != nil || back != id {
		t.Fatalf("%s parsed as %s, %v", id, back, err)
	}
	var upper ID
	if err := json.Unmarshal([]byte(`"0190F5FE-7C00-7A00-8000-00000000ABCD"`), &upper); err != nil || upper.String() != "0190f5fe-7c00-7a00-8000-00000000abcd" {
		t.Fatalf("%s, %v", upper, err)
	}
	for _, text := range []string{"", "x", "0190f5fe7c007a00800000000000abcd", "0190f5fe-7c00-7a00-8000-00000000abcg", "{190f5fe-7c00-7a00-8000-00000000abcd}"} {
		if _, err := ParseID(text); !errors.Is(err, ErrID) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for i := range id.String() {
		text := []byte(id.String())
		if text[i]++; text[i] == '9'+1 {
			text[i] = 'x'
		}
		if back, err := ParseID(string(text)); back == id || (text[i] == '-'+1 || text[i] > 'f') != errors.Is(err, ErrID) {
			t.Errorf("%s, changed at %d, parsed as %s, %v", text, i, back, err)
		}
	}
}

func TestChain(t *testing.T) {
	document, epoch := ID{1}, ID{2}
	change := func() Change {
		return Change{Revision: 1, Client: ID{3}, Seq: 4, Author: Author{ID{5}, "Ada", "#010203"}, At: time.UnixMicro(6), Delta: []byte("[]")}
	}
	start := ChainStart(document, epoch)
	base := change()
	hash := ChainHash(start, document, epoch, &base)
	t.Run("[L4] the encoding is fixed", func(t *testing.T) {
		const want = "50e2bb736e78c255dc3db4100e20919ee1d25c3126883383e903d02dec2601ce"
		if hash.String() != want {
			t.Errorf("the chain hash became %s: every existing log would be called damaged", hash)
		}
	})
	t.Run("[L4] every field counts", func(t *testing.T) {
		for name, edit := range map[string]func(*Change){
			"revision": func(c *Change) { c.Revision++ }, "client": func(c *Change) { c.Client[0]++ }, "seq": func(c *Change) { c.Seq++ },
			"author": func(c *Change) { c.Author.ID[0]++ }, "time": func(c *Change) { c.At = c.At.Add(time.Microsecond) }, "delta": func(c *Change) { c.Delta = []byte("[ ]") },
		} {
			edited := change()
			edit(&edited)
			if ChainHash(start, document, epoch, &edited) == hash {
				t.Errorf("%s does not change the hash", name)
			}
		}
		if ChainHash(Hash{}, document, epoch, &base) == hash || ChainHash(start, epoch, epoch, &base) == hash || ChainHash(start, document, document, &base) == hash {
			t.Error("hash before, document or epoch does not change the hash")
		}
	})
	t.Run("[L4] a name can leave the chain, but does not change unnoticed", func(t *testing.T) {
		erased := change()
		erased.Author.Name, erased.Author.Color = "Somebody", "#000000"
		if ChainHash(start, document, epoch, &erased) != hash {
			t.Error("the hash depends on the author's name or color")
		}
		of := func(id byte, name, color string) Hash { return AuthorDigest(&Author{ID{id}, name, color}) }
		seen := map[Hash]bool{of(5, "Ada", "#010203"): true, of(6, "Ada", "#010203"): true, of(5, "Adb", "#010203"): true, of(5, "Ada#", "010203"): true}
		if len(seen) != 4 {
			t.Error("id, name or color, or where one ends, does not change the author's digest")
		}
	})
}

func TestRetainSnapshots(t *testing.T) {
	var kept []int64
	for r := int64(100); r <= 100_000; r += 100 {
		kept = RetainSnapshots(append(kept, r))
		if len(kept) > 24 {
			t.Fatalf("%d snapshots at revision %d", len(kept), r)
		}
	}
	if newest := kept[len(kept)-2:]; !slices.Equal(newest, []int64{99_900, 100_000}) {
		t.Errorf("the newest two are %v", newest)
	}
	for i := 1; i < len(kept)-1; i++ {
		if gap, age := kept[i]-kept[i-1], 100_000-kept[i-1]; gap > age {
			t.Errorf("gap of %d below revision %d", gap, kept[i])
		}
	}
	if kept[0] != 100 {
		t.Errorf("the oldest is %d", kept[0])
	}
}

func TestFoldTitle(t *testing.T) {
	for _, pair := range [][2]string{{"Straße ÄÖ", "sTRAẞE äö"}, {"ΣΊΣΥΦΟΣ", "σίσυφος"}, {"\u212Aelvin", "KELVIN"}, {"Привет", "ПРИВЕТ"}} {
		if a, b := FoldTitle(pair[0]), FoldTitle(pair[1]); a != b {
			t.Errorf("%q and %q fold to %q and %q", pair[0], pair[1], a, b)
		}
	}
}

func TestMemoryFaults(t *testing.T) {
	m := NewMemory()
	document := Document{ID: NewID(), Head: Head{Epoch: NewID()}, CreatedAt: time.UnixMicro(1)}
	if err := m.Create(t.Context(), document, nil); err != nil {
		t.Fatal(err)
	}
	head, _ := m.Head(t.Context(), document.ID)
	done := make(chan error, 1)
	try := func() error {
		batch := Batch{Document: document.ID, Base: head, Changes: []Change{{Client: ID{1}, Seq: 1, Delta: []byte("[]"), At: time.UnixMicro(2)}}}
		batch.Seal()
		m.Append(batch, func(err error) { done <- err })
		return <-done
	}
	boom := errors.New("boom")
	m.FailNext(boom)
	if err := try(); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	m.LoseNext(boom)
	if err := try(); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if err := try(); !errors.Is(err, ErrConflict) {
		t.Fatalf("[L3] what was committed without an answer is not there: %v", err)
	}
	m.Hold()
	m.Append(Batch{Document: document.ID, Base: head}, func(err error) { done <- err })
	m.mu.Lock()
	commits := m.writing || m.open()
	m.mu.Unlock()
	if m.Queued() != 1 || len(done) != 0 || commits {
		t.Fatal("a held store commits")
	}
	m.Step(1)
	if err := <-done; !errors.Is(err, ErrConflict) {
		t.Fatal(err)
	}
	m.Stop(boom)
	m.Release()
	if err := try(); !errors.Is(err, ErrStopped) || !errors.Is(m.Ready(t.Context()), boom) {
		t.Fatal(err)
	}
}
