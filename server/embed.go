package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/server/convert"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// embedLife is how long before its end a signed token may be made: what a
	// host application takes away is gone when its last token ends.
	embedLife = time.Hour
	// embedSkew is how far the host's clock may be off.
	embedSkew = 30 * time.Second
	// embedBytes bounds a token.
	embedBytes = 8 << 10
	// embedUserID bounds a host's id for its user, in bytes.
	embedUserID = 200
)

// embedAudience is the aud of tokens for a host whose file names none.
const embedAudience = "coscribe"

// embedAlgorithms are those that a token may be signed with at all; its key
// says with which.
var embedAlgorithms = []jose.SignatureAlgorithm{jose.HS256, jose.EdDSA, jose.ES256, jose.RS256}

// Embeds reads the signed tokens (JWT) by which host applications let their
// users into single documents. Nothing is stored: what a token says holds until
// it ends or its key leaves the file. Any goroutine.
type Embeds struct {
	hosts     *hosts
	documents persistence.Documents
	now       func() time.Time
}

var _ Credentials = (*Embeds)(nil)

// NewEmbeds reads the host applications' files of keys; see readHost.
func NewEmbeds(files []string, documents persistence.Documents, logger *slog.Logger) (*Embeds, error) {
	hosts, err := newHosts(files, logger, time.Now)
	return &Embeds{hosts: hosts, documents: documents, now: time.Now}, err
}

// embedClaims are what a token says.
type embedClaims struct {
	jwt.Claims
	Document persistence.ID `json:"document"`
	Role     protocol.Role  `json:"role"`
	User     struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Color string `json:"color"`
	} `json:"user"`
}

// Kind implements Credentials.
func (e *Embeds) Kind() collab.Kind { return collab.KindEmbed }

// Read implements Credentials. Whatever is wrong with a token is one answer,
// but for one that was good and has ended: its page fetches a new one.
func (e *Embeds) Read(_ context.Context, token string) (transport.Identity, bool, error) {
	if strings.Count(token, ".") != 2 || !strings.HasPrefix(token, "eyJ") { // {" in base64url
		return transport.Identity{}, false, nil
	}
	who, err := e.read(token)
	return who, err == nil, err
}

func (e *Embeds) read(token string) (who transport.Identity, err error) {
	if len(token) > embedBytes {
		return who, transport.ErrUnauthorized
	}
	parsed, err := jwt.ParseSigned(token, embedAlgorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return who, transport.ErrUnauthorized
	}
	var unsure jwt.Claims // says only whose keys to try
	if err := parsed.UnsafeClaimsWithoutVerification(&unsure); err != nil {
		return who, transport.ErrUnauthorized
	}
	from := e.hosts.current()[unsure.Issuer]
	if from == nil {
		return who, transport.ErrUnauthorized
	}
	var claims embedClaims
	key := from.verify(parsed, &claims)
	if key == nil {
		return who, transport.ErrUnauthorized
	}
	if err := e.check(from, &claims); err != nil {
		return who, err
	}
	return e.identity(from, key, token, &claims)
}

// verify reads the claims by the key that the token names, or, if it names
// none, by any that is made for its algorithm. nil: it is signed by none.
func (h *host) verify(token *jwt.JSONWebToken, claims *embedClaims) *jose.JSONWebKey {
	header := token.Headers[0]
	for i := range h.keys {
		key := &h.keys[i]
		if key.Algorithm != header.Algorithm || header.KeyID != "" && key.KeyID != header.KeyID {
			continue
		}
		*claims = embedClaims{}
		if err := token.Claims(key.Key, claims); err == nil {
			return key
		}
	}
	return nil
}

// check holds a verified token to its times and its audience.
func (e *Embeds) check(from *host, claims *embedClaims) error {
	if claims.Expiry == nil || claims.IssuedAt == nil {
		return transport.ErrUnauthorized
	}
	audience := from.Audience
	if audience == "" {
		audience = embedAudience
	}
	expected := jwt.Expected{Issuer: from.Issuer, AnyAudience: jwt.Audience{audience}, Time: e.now()}
	switch err := claims.ValidateWithLeeway(expected, embedSkew); {
	case errors.Is(err, jwt.ErrExpired):
		return transport.ErrTokenExpired
	case err != nil:
		return transport.ErrUnauthorized
	}
	if claims.Expiry.Time().Sub(claims.IssuedAt.Time()) > embedLife {
		return fmt.Errorf("a signed token is for longer than %s: %w", embedLife, transport.ErrUnauthorized)
	}
	return nil
}

func (e *Embeds) identity(from *host, key *jose.JSONWebKey, token string, claims *embedClaims) (who transport.Identity, err error) {
	name, err := cleanName(claims.User.Name)
	if err != nil || claims.User.ID == "" || len(claims.User.ID) > embedUserID || claims.Document.IsZero() {
		return who, transport.ErrUnauthorized
	}
	// Owning a document is for accounts, which someone can ask.
	if claims.Role == protocol.RoleNone || claims.Role > protocol.RoleEditor {
		return who, transport.ErrUnauthorized
	}
	id := derivedID("embed user", from.Issuer, claims.User.ID)
	color, ok := convert.Color(claims.User.Color)
	if !ok {
		color = palette[int(id[0])%len(palette)]
	}
	unique := claims.ID
	if unique == "" {
		unique = token
	}
	return transport.Identity{
		User: protocol.User{ID: id.String(), Name: name, Color: color},
		Kind: collab.KindEmbed, Login: embedLogin(from, key, unique),
		Ceiling: claims.Role, Document: claims.Document, Expires: claims.Expiry.Time().Add(embedSkew),
	}, nil
}

// derivedID is a UUID of version 8 that always is the same for the same words.
// Accounts and guests have random ones, of version 4, so none can be made that
// is somebody's.
func derivedID(what string, words ...string) persistence.ID {
	digest := sha256.New()
	for _, word := range append([]string{"coscribe " + what}, words...) {
		fmt.Fprintf(digest, "%d:%s", len(word), word)
	}
	id := persistence.ID(digest.Sum(nil)[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// embedLogin is what an embedded user's right hangs on: the first half says by
// which key, so that a key that left the file ends what came by it; the second
// by which token.
func embedLogin(from *host, key *jose.JSONWebKey, token string) persistence.ID {
	login, half := derivedID("embed key", from.Issuer, key.KeyID, key.Algorithm), derivedID("embed token", token)
	copy(login[8:], half[8:])
	return login
}

// Role implements Credentials: what the token says, in its document, for as long
// as its key is in the file.
func (e *Embeds) Role(ctx context.Context, who transport.Identity, document persistence.ID) (protocol.Role, error) {
	switch {
	case !e.now().Before(who.Expires):
		return protocol.RoleNone, transport.ErrTokenExpired
	case !e.signed(who.Login):
		return protocol.RoleNone, transport.ErrUnauthorized
	case who.Document != document:
		return protocol.RoleNone, nil
	}
	if _, err := e.documents.Document(ctx, document); err != nil {
		return protocol.RoleNone, err
	}
	return who.Ceiling, nil
}

// signed says whether the key of a token's login is still in force.
func (e *Embeds) signed(login persistence.ID) bool {
	for _, from := range e.hosts.current() {
		for i := range from.keys {
			if key := embedLogin(from, &from.keys[i], ""); [8]byte(key[:8]) == [8]byte(login[:8]) {
				return true
			}
		}
	}
	return false
}
