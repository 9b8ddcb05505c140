package sqlite

import (
	"context"

	"github.com/coscribe/coscribe/persistence"
)

const tokenColumns = "id, kind, user, name, digest, ceiling, admin, document, created_by, created_at, used_at, expires_at"

func readToken(c *columns) persistence.Token {
	return persistence.Token{
		ID: c.id(), Kind: persistence.TokenKind(c.text()), User: c.id(), Name: c.text(), Digest: c.hash(), Ceiling: persistence.Rank(c.number()),
		Admin: c.number() != 0, Document: c.id(), CreatedBy: c.id(), CreatedAt: c.time(), UsedAt: c.time(), ExpiresAt: c.time(),
	}
}

// TokenByDigest implements persistence.PeopleReader.
func (r peopleReader) TokenByDigest(ctx context.Context, digest persistence.Hash) (persistence.Token, error) {
	return one(ctx, r, "token", readToken, "SELECT "+tokenColumns+" FROM tokens WHERE digest = ?", digest[:])
}

// Token implements persistence.PeopleReader.
func (r peopleReader) Token(ctx context.Context, id persistence.ID) (persistence.Token, error) {
	return one(ctx, r, "token", readToken, "SELECT "+tokenColumns+" FROM tokens WHERE id = ?", id[:])
}

// Tokens implements persistence.PeopleReader.
func (r peopleReader) Tokens(ctx context.Context, user persistence.ID) ([]persistence.Token, error) {
	if user.IsZero() {
		return all(ctx, r, "tokens", readToken, "SELECT "+tokenColumns+" FROM tokens ORDER BY created_at DESC, id")
	}
	return all(ctx, r, "tokens", readToken, "SELECT "+tokenColumns+" FROM tokens WHERE user = ? ORDER BY created_at DESC, id", user[:])
}

func (e *peopleEdit) PutToken(t persistence.Token) error {
	if err := e.needUser(t.User); err != nil {
		return err
	}
	if err := e.free("token", "SELECT 1 FROM tokens WHERE digest = ? AND id <> ?", t.Digest[:], t.ID[:]); err != nil {
		return err
	}
	admin := int64(0)
	if t.Admin {
		admin = 1
	}
	return e.run("INSERT OR REPLACE INTO tokens ("+tokenColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		t.ID[:], string(t.Kind), t.User[:], t.Name, t.Digest[:], int64(t.Ceiling), admin, optional(t.Document),
		optional(t.CreatedBy), micros(t.CreatedAt), micros(t.UsedAt), micros(t.ExpiresAt))
}

func (e *peopleEdit) DeleteToken(id persistence.ID) error {
	return e.run("DELETE FROM tokens WHERE id = ?", id[:])
}
