package server

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestPasswords(t *testing.T) {
	passwords := newPasswords()
	hash, err := passwords.Hash(t.Context(), "an old umbrella stand")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("[ASVS 11.4.2] a password is kept as a salted argon2id hash", func(t *testing.T) {
		if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("the hash is %s", hash)
		}
		again, err := passwords.Hash(t.Context(), "an old umbrella stand")
		if err != nil || again == hash {
			t.Errorf("twice the same hash, or %v", err)
		}
	})
	for name, test := range map[string]struct {
		hash, password string
		good, stale    bool
	}{
		"right":                {hash, "an old umbrella stand", true, false},
		"[ASVS 6.2.8] no trim": {hash, "an old umbrella stand ", false, false},
		"[ASVS 6.2.8] no case": {hash, "An old umbrella stand", false, false},
		"empty":                {hash, "", false, false},
		"nobody":               {"", "an old umbrella stand", false, false},
		"nobody, zeroes":       {"", string(make([]byte, 32)), false, false},
		"too long":             {hash, strings.Repeat("x", maxPassword+1), false, false},
		"another cost":         {"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$ISNzIyfSGSGK+1/JNPqIYV7I0Rv/oJtXzl0jOoOBmFM", "x", false, false},
	} {
		good, stale, err := passwords.Check(t.Context(), test.hash, test.password)
		if err != nil || good != test.good || stale != test.stale {
			t.Errorf("%s: %v, %v, %v", name, good, stale, err)
		}
	}
	cheap := "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + strings.Split(hash, "$")[5]
	if _, _, err := passwords.Check(t.Context(), cheap, "x"); err != nil {
		t.Errorf("a hash of another cost: %v", err)
	}
	for _, broken := range []string{"x", "$argon2id$v=19$m=99999999,t=2,p=1$c2FsdA$aGFzaA", "$argon2i$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA", "$argon2id$v=19$m=64,t=0,p=1$c2FsdA$aGFzaA", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$"} {
		if good, _, err := passwords.Check(t.Context(), broken, "x"); err == nil || good {
			t.Errorf("%s: %v", broken, good)
		}
	}
}

func TestPasswordsAtOnce(t *testing.T) {
	t.Run("[R5] memory for passwords is bounded, and the wait", func(t *testing.T) {
		passwords := newPasswords()
		for range hashesAtOnce {
			passwords.turn <- struct{}{}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := passwords.Hash(ctx, "x"); !errors.Is(err, context.Canceled) {
			t.Errorf("while others are at work: %v", err)
		}
		for range hashesWaiting {
			passwords.waiting <- struct{}{}
		}
		if _, _, err := passwords.Check(t.Context(), "", "x"); !errors.Is(err, errBusy) {
			t.Errorf("with many waiting: %v", err)
		}
	})
}

func TestNewPasswords(t *testing.T) {
	for _, good := range []string{"an old umbrella stand", "träumende Wölfe im Schnee", "kq8vz2mw6txp", "窓の外に猫がいるけれど知らない", "marble kitten orbit", strings.Repeat("k8w ", 60) + "lampshade"} {
		if err := invalidPassword(good, "Ada Lovelace", "ada@example.org"); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for name, bad := range map[string]string{
		"[ASVS 6.2.1] short":           "k8vz2mw6txp",
		"[ASVS 6.2.9] too long":        strings.Repeat("ab7", 100),
		"[ASVS 6.2.4] common":          "password1234",
		"[ASVS 6.2.4] disguised":       "P@ssw0rd!!!1",
		"[ASVS 6.2.4] a row of keys":   "qwertyuiop[]",
		"[ASVS 6.2.4] counting":        "123456789012",
		"[ASVS 6.2.4] one letter":      "aaaaaaaaaaaaaaa",
		"[ASVS 6.2.4] two letters":     "abababababab",
		"[ASVS 6.2.4] common and more": "Welcome2026!",
		"[ASVS 6.2.4] famous":          "correct horse battery staple",
		"[ASVS 6.2.11] one's own name": "AdaLovelace1",
		"[ASVS 6.2.11] one's mail":     "ada@example.org",
		"[ASVS 6.2.11] this product":   "coscribe2026",
		"not text":                     "k8vz2mw6txp\xff\xfe",
	} {
		if invalidPassword(bad, "Ada Lovelace", "ada@example.org") == nil {
			t.Errorf("%s: %q passed", name, bad)
		}
	}
}
