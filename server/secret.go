package server

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/coscribe/coscribe/persistence"
)

// newSecret makes what a cookie or a link carries, 256 random bits in
// base64url, and the digest that the store keeps of it. The secret itself is
// shown once and is nowhere.
func newSecret() (secret string, digest persistence.Hash) {
	secret = base64.RawURLEncoding.EncodeToString(freshSecret())
	return secret, digestOf(secret)
}

// digestOf is how a secret is looked up. No salt and one round are enough for
// 256 random bits, and looking up by digest tells nothing by its time.
func digestOf(secret string) persistence.Hash { return sha256.Sum256([]byte(secret)) }
