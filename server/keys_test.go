package server

import (
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

func TestKeyRotation(t *testing.T) {
	store := persistence.NewMemory()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	open := func() *Keys {
		keys := NewKeys(store)
		keys.now = func() time.Time { return now }
		return keys
	}
	ring := func(keys *Keys) *Keyring {
		ring, err := keys.Ring(t.Context(), KeyGuests)
		if err != nil {
			t.Fatal(err)
		}
		return ring
	}
	keys := open()
	r := ring(keys)
	first := r.Sign("text")
	if _, err := keys.Rotate(t.Context(), KeyGuests, false); err != nil {
		t.Fatal(err)
	}
	second := r.Sign("text")
	for name, r := range map[string]*Keyring{"at once": r, "after a restart": ring(open())} {
		if string(first) == string(second) || string(r.Sign("text")) != string(second) {
			t.Errorf("%s: the new key does not sign", name)
		}
		if !r.Verify("text", first) || !r.Verify("text", second) || r.Verify("other", first) {
			t.Errorf("%s: the old key does not verify for its life", name)
		}
	}
	now = now.Add(guestLife + time.Hour)
	if r.Verify("text", first) || !r.Verify("text", second) {
		t.Error("the old key outlives its life")
	}
	now = now.Add(-guestLife)
	if key, err := keys.Rotate(t.Context(), KeyGuests, true); err != nil || key.ID != 3 {
		t.Fatal(key.ID, err)
	}
	if r.Verify("text", second) || ring(open()).Verify("text", first) {
		t.Error("a key that is known to others still verifies")
	}
	if _, err := keys.Rotate(t.Context(), "nonsense", false); err == nil {
		t.Error("there is a key of any name")
	}
}

func TestKeysAreTheServersOwn(t *testing.T) {
	t.Run("[ASVS 13.3.1] there is no default key", func(t *testing.T) {
		for _, name := range KeyNames() {
			one, err := NewKeys(persistence.NewMemory()).Ring(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			two, err := NewKeys(persistence.NewMemory()).Ring(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if two.Verify("text", one.Sign("text")) {
				t.Errorf("%s: another server has the same key", name)
			}
		}
	})
}
