package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// Names of the server's own keys. Each is made at its first use: there is no
// default one.
const (
	KeyGuests    = "guest-cookie-key" // signs guests' credentials
	KeyLinks     = "share-link-key"   // derives share links' secrets, so that an owner can copy one again
	KeyBrowsers  = "browser-key"      // signs the mark of a browser that has signed in before
	KeyRoundTrip = "round-trip-key"   // signs what travels to a sign-in provider and back
)

// keyLives is for how long what an earlier key signed stays good after another
// took its place; 0 is for ever. Where nothing old need be read, a day.
var keyLives = map[string]time.Duration{
	KeyGuests:    guestLife,
	KeyLinks:     0,
	KeyBrowsers:  knownLife,
	KeyRoundTrip: time.Hour,
}

// Key is one of a ring's keys.
type Key struct {
	ID     int // from 1, rising
	Secret []byte
	MadeAt time.Time // zero for the first
	// alone: those before it end with it.
	alone bool
}

// Keyring is the keys of one name: the newest signs, and those before it are
// still read for their life. Any goroutine.
type Keyring struct {
	name string
	life time.Duration
	now  func() time.Time
	keys atomic.Pointer[[]Key] // oldest first
}

// Keys are all of the server's own keys, kept in the store. Any goroutine.
type Keys struct {
	secrets persistence.Secrets
	now     func() time.Time
	mu      sync.Mutex // held while a ring is read or rotated
	rings   map[string]*Keyring
}

// NewKeys makes the key store.
func NewKeys(secrets persistence.Secrets) *Keys {
	return &Keys{secrets: secrets, now: time.Now, rings: map[string]*Keyring{}}
}

// KeyNames are those that can be rotated.
func KeyNames() []string {
	return slices.Sorted(maps.Keys(keyLives))
}

// errNoKey ends the reading of a ring.
var errNoKey = errors.New("no such key")

// Ring reads a name's keys, and makes the first.
func (k *Keys) Ring(ctx context.Context, name string) (*Keyring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if ring := k.rings[name]; ring != nil {
		return ring, nil
	}
	life, known := keyLives[name]
	if !known {
		return nil, fmt.Errorf("there is no key %q", name)
	}
	first, err := k.secrets.Secret(ctx, name, func() ([]byte, error) { return freshSecret(), nil })
	if err != nil {
		return nil, err
	}
	keys := []Key{{ID: 1, Secret: first}}
	for {
		key, err := k.read(ctx, name, len(keys)+1, func() ([]byte, error) { return nil, errNoKey })
		if errors.Is(err, errNoKey) {
			break
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	ring := &Keyring{name: name, life: life, now: func() time.Time { return k.now() }}
	ring.keys.Store(&keys)
	k.rings[name] = ring
	return ring, nil
}

// keyBytes are a key's after the first as it is kept: whether it stands alone,
// Unix seconds, and the secret.
const keyBytes = 1 + 8 + 32

func (k *Keys) read(ctx context.Context, name string, id int, fresh func() ([]byte, error)) (Key, error) {
	kept, err := k.secrets.Secret(ctx, fmt.Sprintf("%s.%d", name, id), fresh)
	if err != nil {
		return Key{}, err
	}
	if len(kept) != keyBytes {
		return Key{}, fmt.Errorf("key %s.%d: %w", name, id, persistence.ErrDamaged)
	}
	return Key{ID: id, alone: kept[0] == 1, MadeAt: time.Unix(int64(binary.BigEndian.Uint64(kept[1:])), 0), Secret: kept[9:]}, nil
}

// Rotate puts a new key in the place of the newest. What earlier ones signed
// stays good for its life; alone ends them at once, for a key that is known to
// others.
func (k *Keys) Rotate(ctx context.Context, name string, alone bool) (Key, error) {
	ring, err := k.Ring(ctx, name)
	if err != nil {
		return Key{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := *ring.keys.Load()
	kept := make([]byte, 9, keyBytes)
	if alone {
		kept[0] = 1
	}
	binary.BigEndian.PutUint64(kept[1:], uint64(k.now().Unix()))
	kept = append(kept, freshSecret()...)
	key, err := k.read(ctx, name, len(keys)+1, func() ([]byte, error) { return kept, nil })
	if err != nil {
		return Key{}, err
	}
	keys = append(slices.Clone(keys), key)
	ring.keys.Store(&keys)
	return key, nil
}

// Current is the key that signs.
func (r *Keyring) Current() Key {
	keys := *r.keys.Load()
	return keys[len(keys)-1]
}

// Live are the keys whose signatures are good, newest first.
func (r *Keyring) Live() []Key {
	keys := *r.keys.Load()
	var live []Key
	for i := len(keys) - 1; i >= 0; i-- {
		live = append(live, keys[i])
		if keys[i].alone || r.life > 0 && i > 0 && r.now().Sub(keys[i].MadeAt) > r.life {
			break
		}
	}
	return live
}

// Sign is an HMAC-SHA-256 by the current key.
func (r *Keyring) Sign(text string) []byte { return signature(r.Current().Secret, text) }

// Verify tells whether a live key has signed text.
func (r *Keyring) Verify(text string, mac []byte) bool {
	for _, key := range r.Live() {
		if hmac.Equal(mac, signature(key.Secret, text)) {
			return true
		}
	}
	return false
}

func signature(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// freshSecret is 256 random bits.
func freshSecret() []byte {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails since Go 1.24
	return secret
}
