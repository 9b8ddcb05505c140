package server

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// hostSecretBytes is the least length of a shared secret: as long as the
	// HMAC's output (RFC 7518, 3.2).
	hostSecretBytes = 32
	// hostRSABits is the least size of an RSA key (RFC 7518, 3.3).
	hostRSABits = 2048
	// hostsRead is how often a changed file of keys is looked for.
	hostsRead = 10 * time.Second
)

// host is an application that embeds documents, and its keys.
type host struct {
	Issuer   string // its tokens' iss
	Audience string // its tokens' aud
	keys     []jose.JSONWebKey
}

// readHost reads a file of keys: a JSON Web Key Set (RFC 7517) with the further
// members issuer and audience. Each key is good for the one algorithm that it is
// made for, whatever a token says of itself.
func readHost(file string) (*host, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var set struct {
		Issuer   string            `json:"issuer"`
		Audience string            `json:"audience"`
		Keys     []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(content, &set); err != nil {
		return nil, fmt.Errorf("%s is not JSON", file) // an error's text might hold a secret
	}
	if set.Issuer == "" || len(set.Keys) == 0 {
		return nil, fmt.Errorf("%s needs issuer, the host application's name in iss, and keys, a list of JSON Web Keys", file)
	}
	h := &host{Issuer: set.Issuer, Audience: set.Audience}
	for i, text := range set.Keys {
		var key jose.JSONWebKey
		if err := json.Unmarshal(text, &key); err != nil {
			return nil, fmt.Errorf("%s: key %d is not a JSON Web Key", file, i+1)
		}
		if err := checkHostKey(&key); err != nil {
			return nil, fmt.Errorf("%s: key %d (kid %q): %w", file, i+1, key.KeyID, err)
		}
		if slices.ContainsFunc(h.keys, func(other jose.JSONWebKey) bool { return other.KeyID == key.KeyID }) {
			return nil, fmt.Errorf("%s: two keys have the kid %q: give each its own", file, key.KeyID)
		}
		h.keys = append(h.keys, key)
	}
	return h, nil
}

// checkHostKey holds a key to its rules and fills in its algorithm.
func checkHostKey(key *jose.JSONWebKey) error {
	var algorithm jose.SignatureAlgorithm
	switch k := key.Key.(type) {
	case []byte:
		algorithm = jose.HS256
		if len(k) < hostSecretBytes {
			return fmt.Errorf("the secret has %d bytes: use at least %d random ones", len(k), hostSecretBytes)
		}
	case ed25519.PublicKey:
		algorithm = jose.EdDSA
	case *rsa.PublicKey:
		algorithm = jose.RS256
		if k.N.BitLen() < hostRSABits {
			return fmt.Errorf("the RSA key has %d bits: use at least %d", k.N.BitLen(), hostRSABits)
		}
	case *ecdsa.PublicKey:
		algorithm = jose.ES256
		if k.Curve != elliptic.P256() {
			return fmt.Errorf("the curve is not P-256")
		}
	case ed25519.PrivateKey, *rsa.PrivateKey, *ecdsa.PrivateKey:
		return fmt.Errorf("it is a private key: keep that in the host application and put its public half here")
	default:
		return fmt.Errorf("use a secret (HS256), or a public Ed25519 (EdDSA), P-256 (ES256) or RSA (RS256) key")
	}
	if key.Algorithm != "" && key.Algorithm != string(algorithm) {
		return fmt.Errorf("alg is %s where this kind of key is used with %s", key.Algorithm, algorithm)
	}
	key.Algorithm = string(algorithm)
	return nil
}

// hosts are the host applications, read from their files and again when those
// change: a key is rotated without a restart. Any goroutine.
type hosts struct {
	files  []string
	logger *slog.Logger
	now    func() time.Time

	mu     sync.Mutex
	byName map[string]*host
	stamps []time.Time
	looked time.Time
}

// newHosts reads the files; what is wrong with one is an error now, and later a
// line in the log while the keys before stay in force.
func newHosts(files []string, logger *slog.Logger, now func() time.Time) (*hosts, error) {
	h := &hosts{files: files, logger: logger, now: now, looked: now()}
	var err error
	h.stamps = h.modified()
	h.byName, err = readHosts(files)
	return h, err
}

func readHosts(files []string) (map[string]*host, error) {
	byName := map[string]*host{}
	for _, file := range files {
		one, err := readHost(file)
		if err != nil {
			return nil, err
		}
		if byName[one.Issuer] != nil {
			return nil, fmt.Errorf("%s: another file has the issuer %q: put its keys into one", file, one.Issuer)
		}
		byName[one.Issuer] = one
	}
	return byName, nil
}

func (h *hosts) modified() []time.Time {
	stamps := make([]time.Time, len(h.files))
	for i, file := range h.files {
		if seen, err := os.Stat(file); err == nil {
			stamps[i] = seen.ModTime()
		}
	}
	return stamps
}

// current are the hosts by issuer.
func (h *hosts) current() map[string]*host {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if since := now.Sub(h.looked); since >= hostsRead || since < 0 { // the clock was set back
		h.looked = now
		if stamps := h.modified(); !slices.EqualFunc(stamps, h.stamps, time.Time.Equal) {
			h.stamps = stamps
			if read, err := readHosts(h.files); err == nil {
				h.byName = read
			} else {
				h.logger.Warn("the keys of host applications were not read again: those before stay in force", "error", err)
			}
		}
	}
	return h.byName
}
