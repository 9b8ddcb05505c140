package server

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// hostApp is a host application in a test.
type hostApp struct {
	t      *testing.T
	issuer string
	file   string
	secret []byte
	ed     ed25519.PrivateKey
	es     *ecdsa.PrivateKey
	rs     *rsa.PrivateKey
}

func newHostApp(t *testing.T, issuer string) *hostApp {
	t.Helper()
	h := &hostApp{t: t, issuer: issuer, file: filepath.Join(t.TempDir(), "keys.json"), secret: freshSecret()}
	var err [3]error
	_, h.ed, err[0] = ed25519.GenerateKey(rand.Reader)
	h.es, err[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	h.rs, err[2] = rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(err[:]...); err != nil {
		t.Fatal(err)
	}
	h.write(h.keys())
	return h
}

func (h *hostApp) keys() []jose.JSONWebKey {
	return []jose.JSONWebKey{
		{Key: h.secret, KeyID: "hs"}, {Key: h.ed.Public(), KeyID: "ed"}, {Key: h.es.Public(), KeyID: "es"}, {Key: h.rs.Public(), KeyID: "rs"},
	}
}

// write puts the keys into the host's file.
func (h *hostApp) write(keys []jose.JSONWebKey) {
	h.t.Helper()
	content, err := json.Marshal(map[string]any{"issuer": h.issuer, "keys": keys})
	if err = errors.Join(err, os.WriteFile(h.file, content, 0o600)); err != nil {
		h.t.Fatal(err)
	}
}

// claims are those of a good token.
func (h *hostApp) claims(document persistence.ID, now time.Time) map[string]any {
	return map[string]any{
		"iss": h.issuer, "aud": "coscribe", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": persistence.NewID().String(),
		"document": document.String(), "role": "editor", "user": map[string]any{"id": "42", "name": "Ada", "color": "#aa0000"},
	}
}

// sign makes a token. kid "" sends none.
func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT")
	if kid != "" {
		options = options.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func with(claims map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(claims)
	if value == nil {
		delete(changed, name)
	} else {
		changed[name] = value
	}
	return changed
}

func TestEmbeds(t *testing.T) {
	store := persistence.NewMemory()
	now := time.Now()
	document, other := persistence.NewID(), persistence.NewID()
	for _, id := range []persistence.ID{document, other} {
		if err := store.Create(t.Context(), persistence.Document{ID: id, Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: now}, nil); err != nil {
			t.Fatal(err)
		}
	}
	wiki, shop := newHostApp(t, "https://wiki.example.org"), newHostApp(t, "https://shop.example.org")
	embeds, err := NewEmbeds([]string{wiki.file, shop.file}, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	clock := now
	embeds.now = func() time.Time { return clock }
	embeds.hosts.now, embeds.hosts.looked = embeds.now, now
	good := wiki.claims(document, now)
	read := func(token string) (transport.Identity, error) {
		who, ok, err := embeds.Read(t.Context(), token)
		if ok != (err == nil) {
			t.Errorf("ok is %v with error %v", ok, err)
		}
		return who, err
	}

	t.Run("a token by each kind of key is its user, for its document and role", func(t *testing.T) {
		for kid, token := range map[string]string{
			"hs": sign(t, jose.HS256, wiki.secret, "hs", good), "ed": sign(t, jose.EdDSA, wiki.ed, "ed", good),
			"es": sign(t, jose.ES256, wiki.es, "es", good), "rs": sign(t, jose.RS256, wiki.rs, "rs", good),
			"none sent": sign(t, jose.EdDSA, wiki.ed, "", good),
		} {
			who, err := read(token)
			if err != nil {
				t.Errorf("%s: %v", kid, err)
				continue
			}
			if who.User.Name != "Ada" || who.User.Color != "#aa0000" || who.Kind != collab.KindEmbed || who.Ceiling != protocol.RoleEditor ||
				who.Document != document || who.Standing != persistence.StandingGuest || !who.Expires.Equal(time.Unix(now.Unix(), 0).Add(5*time.Minute+embedSkew)) {
				t.Errorf("%s: %+v", kid, who)
			}
			if role, err := embeds.Role(t.Context(), who, document); err != nil || role != protocol.RoleEditor {
				t.Errorf("%s: role %s, %v", kid, role, err)
			}
			if role, err := embeds.Role(t.Context(), who, other); err != nil || role != protocol.RoleNone {
				t.Errorf("%s: in another document: %s, %v", kid, role, err)
			}
		}
	})
	t.Run("a user is the same person each time, and nobody else", func(t *testing.T) {
		seen := map[string]string{}
		for name, token := range map[string]string{
			"ada": sign(t, jose.HS256, wiki.secret, "hs", good), "ada by another key": sign(t, jose.RS256, wiki.rs, "rs", good),
			"ben":                sign(t, jose.HS256, wiki.secret, "hs", with(good, "user", map[string]any{"id": "43", "name": "Ada"})),
			"ada of the shop":    sign(t, jose.HS256, shop.secret, "hs", with(good, "iss", shop.issuer)),
			"a border moved":     sign(t, jose.HS256, wiki.secret, "hs", with(good, "user", map[string]any{"id": "4", "name": "Ada"})),
			"ada in another one": sign(t, jose.HS256, wiki.secret, "hs", with(good, "document", other.String())),
		} {
			who, err := read(token)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if who.User.ID[14] != '8' {
				t.Errorf("%s: the id %s may be an account's", name, who.User.ID)
			}
			seen[name] = who.User.ID
		}
		if seen["ada"] != seen["ada by another key"] || seen["ada"] != seen["ada in another one"] {
			t.Errorf("one user has several ids: %v", seen)
		}
		different := map[string]bool{seen["ada"]: true, seen["ben"]: true, seen["ada of the shop"]: true, seen["a border moved"]: true}
		if len(different) != 4 {
			t.Errorf("several users have one id: %v", seen)
		}
	})

	raw := func(header, claims map[string]any, sign func(text string) []byte) string {
		head, _ := json.Marshal(header)
		body, _ := json.Marshal(claims)
		text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
		return text + "." + base64.RawURLEncoding.EncodeToString(sign(text))
	}
	public, err := x509.MarshalPKIXPublicKey(wiki.rs.Public())
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, _ := ed25519.GenerateKey(rand.Reader)
	hs := func(claims map[string]any) string { return sign(t, jose.HS256, wiki.secret, "hs", claims) }
	signed := hs(good)
	parts := strings.Split(signed, ".")
	for name, token := range map[string]string{
		"[ASVS 9.1.2] alg none":                                raw(map[string]any{"alg": "none"}, good, func(string) []byte { return nil }),
		"[ASVS 9.1.2] alg None":                                raw(map[string]any{"alg": "None", "kid": "hs"}, good, func(string) []byte { return nil }),
		"[ASVS 9.1.2] an HMAC by the public RSA key":           raw(map[string]any{"alg": "HS256", "kid": "rs"}, good, func(text string) []byte { return signature(public, text) }),
		"[ASVS 9.1.2] an HMAC by the public Ed25519 key":       raw(map[string]any{"alg": "HS256", "kid": "ed"}, good, func(text string) []byte { return signature(wiki.ed.Public().(ed25519.PublicKey), text) }),
		"[ASVS 9.1.2] an algorithm that no key is for":         sign(t, jose.RS512, wiki.rs, "rs", good),
		"[ASVS 9.1.2] another PSS":                             sign(t, jose.PS256, wiki.rs, "rs", good),
		"[ASVS 9.1.1] signed by a stranger":                    sign(t, jose.EdDSA, stranger, "ed", good),
		"[ASVS 9.1.3] signed by a stranger who sends the key":  raw(map[string]any{"alg": "EdDSA", "jwk": jose.JSONWebKey{Key: stranger.Public()}}, good, func(text string) []byte { s, _ := stranger.Sign(nil, []byte(text), crypto.Hash(0)); return s }),
		"[ASVS 9.1.1] the kid of another key":                  sign(t, jose.HS256, wiki.secret, "ed", good),
		"[ASVS 9.1.3] an unknown kid":                          sign(t, jose.HS256, wiki.secret, "old", good),
		"[ASVS 9.1.3] of another issuer, by our key":           hs(with(good, "iss", shop.issuer)),
		"[ASVS 9.1.3] of an unknown issuer":                    hs(with(good, "iss", "https://evil.example.org")),
		"[ASVS 9.1.3] of no issuer":                            hs(with(good, "iss", nil)),
		"[ASVS 9.2.3] for another audience":                    hs(with(good, "aud", "somebody-else")),
		"[ASVS 9.2.3] for no audience":                         hs(with(good, "aud", nil)),
		"[ASVS 9.2.1] that never ends":                         hs(with(good, "exp", nil)),
		"[ASVS 9.2.1] without a time of issue":                 hs(with(good, "iat", nil)),
		"[ASVS 9.2.1] for longer than an hour":                 hs(with(good, "exp", now.Add(2*time.Hour).Unix())),
		"[ASVS 9.2.1] for longer than an hour, seen backwards": hs(with(with(good, "iat", now.Add(-3*time.Hour).Unix()), "exp", now.Add(time.Minute).Unix())),
		"[ASVS 9.2.1] not yet good":                            hs(with(good, "nbf", now.Add(2*time.Minute).Unix())),
		"[ASVS 9.2.1] issued in the future":                    hs(with(good, "iat", now.Add(2*time.Minute).Unix())),
		"[ASVS 9.2.1] an end that is text":                     hs(with(good, "exp", "tomorrow")),
		"an owner":                                             hs(with(good, "role", "owner")),
		"no role":                                              hs(with(good, "role", nil)),
		"role none":                                            hs(with(good, "role", "none")),
		"an unknown role":                                      hs(with(good, "role", "admin")),
		"no document":                                          hs(with(good, "document", nil)),
		"a document that is none":                              hs(with(good, "document", "*")),
		"the zero document":                                    hs(with(good, "document", persistence.ID{}.String())),
		"no user":                                              hs(with(good, "user", nil)),
		"a user without id":                                    hs(with(good, "user", map[string]any{"name": "Ada"})),
		"a user without name":                                  hs(with(good, "user", map[string]any{"id": "42"})),
		"a name that turns the text around":                    hs(with(good, "user", map[string]any{"id": "42", "name": "Ada\u202e"})),
		"[ASVS 9.1.1] a changed claim":                         parts[0] + "." + base64.RawURLEncoding.EncodeToString(bytes.Replace(decoded(t, parts[1]), []byte("editor"), []byte("viewer"), 1)) + "." + parts[2],
		"[ASVS 9.1.1] no signature":                            parts[0] + "." + parts[1] + ".",
		"too large":                                            hs(with(good, "padding", strings.Repeat("x", embedBytes))),
	} {
		t.Run("refused: "+name, func(t *testing.T) {
			if who, err := read(token); !errors.Is(err, transport.ErrUnauthorized) {
				t.Errorf("read as %+v, %v", who, err)
			}
		})
	}
	t.Run("what is no signed token is left to others", func(t *testing.T) {
		for _, token := range []string{"", "g1.abc.def", "cst_abc", "eyJhbGciOiJIUzI1NiJ9"} {
			if _, ok, err := embeds.Read(t.Context(), token); ok || err != nil {
				t.Errorf("%q: %v, %v", token, ok, err)
			}
		}
	})
	t.Run("an expired token says so, and its right has ended", func(t *testing.T) {
		who, err := read(signed)
		if err != nil {
			t.Fatal(err)
		}
		clock = now.Add(5*time.Minute + embedSkew + time.Second)
		defer func() { clock = now }()
		if _, err := read(signed); !errors.Is(err, transport.ErrTokenExpired) {
			t.Errorf("error %v", err)
		}
		if role, err := embeds.Role(t.Context(), who, document); !errors.Is(err, transport.ErrTokenExpired) || role != protocol.RoleNone {
			t.Errorf("role %s, %v", role, err)
		}
	})
	t.Run("a clock that is half a minute off is borne", func(t *testing.T) {
		ahead := now.Add(25 * time.Second).Unix()
		if _, err := read(hs(with(with(good, "iat", ahead), "nbf", ahead))); err != nil {
			t.Errorf("a host that is ahead: %v", err)
		}
		clock = now.Add(5*time.Minute + 25*time.Second)
		defer func() { clock = now }()
		if _, err := read(signed); err != nil {
			t.Errorf("a host that is behind: %v", err)
		}
	})
	t.Run("keys are rotated without a restart: a new one is good, and what came by one that left has ended", func(t *testing.T) {
		old, err := read(signed)
		if err != nil {
			t.Fatal(err)
		}
		fresh := freshSecret()
		wiki.write(append(wiki.keys(), jose.JSONWebKey{Key: fresh, KeyID: "hs-2"}))
		stamp(t, wiki.file, now.Add(time.Second))
		clock = clock.Add(hostsRead)
		who, err := read(sign(t, jose.HS256, fresh, "hs-2", good))
		if err != nil {
			t.Fatalf("by the new key: %v", err)
		}
		if _, err := read(signed); err != nil {
			t.Errorf("by the old key, still there: %v", err)
		}
		wiki.write([]jose.JSONWebKey{{Key: fresh, KeyID: "hs-2"}})
		stamp(t, wiki.file, now.Add(2*time.Second))
		clock = clock.Add(hostsRead)
		if _, err := read(signed); !errors.Is(err, transport.ErrUnauthorized) {
			t.Errorf("by a key that left: %v", err)
		}
		if role, err := embeds.Role(t.Context(), old, document); !errors.Is(err, transport.ErrUnauthorized) || role != protocol.RoleNone {
			t.Errorf("who came by it: %s, %v", role, err)
		}
		if role, err := embeds.Role(t.Context(), who, document); err != nil || role != protocol.RoleEditor {
			t.Errorf("who came by the new one: %s, %v", role, err)
		}
		// A file that was spoilt changes nothing.
		if err := os.WriteFile(wiki.file, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		stamp(t, wiki.file, now.Add(3*time.Second))
		clock = clock.Add(hostsRead)
		if role, err := embeds.Role(t.Context(), who, document); err != nil || role != protocol.RoleEditor {
			t.Errorf("after the file was spoilt: %s, %v", role, err)
		}
	})
	t.Run("a document that is not there is not found", func(t *testing.T) {
		missing := persistence.NewID()
		clock = now
		who, err := read(sign(t, jose.EdDSA, shop.ed, "ed", shop.claims(missing, now)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := embeds.Role(t.Context(), who, missing); !errors.Is(err, persistence.ErrNotFound) {
			t.Errorf("error %v", err)
		}
	})
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// stamp gives a file another time of change, whatever the file system's
// resolution.
func stamp(t *testing.T, file string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestHostKeysAreChecked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	host := newHostApp(t, "https://wiki.example.org")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := func(keys ...jose.JSONWebKey) string {
		text, err := json.Marshal(map[string]any{"issuer": "x", "keys": keys})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, c := range map[string]struct{ content, says string }{
		"not JSON":                 {`secret-value-here`, "is not JSON"},
		"no issuer":                {`{"keys":[{"kty":"oct","k":"AA"}]}`, "issuer"},
		"no keys":                  {`{"issuer":"x"}`, "keys"},
		"a short secret":           {set(jose.JSONWebKey{Key: []byte("sixteen bytes ok")}), "16 bytes"},
		"a small RSA key":          {set(jose.JSONWebKey{Key: small.Public()}), "1024 bits"},
		"another curve":            {set(jose.JSONWebKey{Key: p384.Public()}), "P-256"},
		"a private key":            {set(jose.JSONWebKey{Key: host.ed}), "private"},
		"a private RSA key":        {set(jose.JSONWebKey{Key: host.rs}), "private"},
		"an algorithm of another":  {set(jose.JSONWebKey{Key: host.rs.Public(), Algorithm: "HS256"}), "RS256"},
		"a larger HMAC":            {set(jose.JSONWebKey{Key: host.secret, Algorithm: "HS512"}), "HS256"},
		"two keys of the same kid": {set(jose.JSONWebKey{Key: host.secret, KeyID: "a"}, jose.JSONWebKey{Key: freshSecret(), KeyID: "a"}), "kid"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := NewEmbeds([]string{file}, persistence.NewMemory(), slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret-value") {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := NewEmbeds([]string{host.file, host.file}, persistence.NewMemory(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "issuer") {
		t.Errorf("two files of one issuer: %v", err)
	}
}
