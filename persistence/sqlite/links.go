package sqlite

import (
	"context"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

const linkColumns = "id, document, digest, rank, password, created_by, created_at, expires_at"

func readLink(c *columns) persistence.ShareLink {
	return persistence.ShareLink{
		ID: c.id(), Document: c.id(), Digest: c.hash(), Rank: persistence.Rank(c.number()), Password: c.text(),
		CreatedBy: c.id(), CreatedAt: c.time(), ExpiresAt: c.time(),
	}
}

// ShareLink implements persistence.PeopleReader.
func (r peopleReader) ShareLink(ctx context.Context, id persistence.ID) (persistence.ShareLink, error) {
	return one(ctx, r, "share link", readLink, "SELECT "+linkColumns+" FROM links WHERE id = ?", id[:])
}

// ShareLinkByDigest implements persistence.PeopleReader.
func (r peopleReader) ShareLinkByDigest(ctx context.Context, digest persistence.Hash) (persistence.ShareLink, error) {
	return one(ctx, r, "share link", readLink, "SELECT "+linkColumns+" FROM links WHERE digest = ?", digest[:])
}

// ShareLinks implements persistence.PeopleReader.
func (r peopleReader) ShareLinks(ctx context.Context, document persistence.ID) ([]persistence.ShareLink, error) {
	return all(ctx, r, "share links", readLink, "SELECT "+linkColumns+" FROM links WHERE document = ? ORDER BY created_at, id", document[:])
}

// LinksEnding implements persistence.PeopleReader.
func (r peopleReader) LinksEnding(ctx context.Context, after, through time.Time) ([]persistence.ShareLink, error) {
	return all(ctx, r, "share links", readLink, "SELECT "+linkColumns+" FROM links WHERE expires_at > ? AND expires_at <= ? ORDER BY created_at, id", micros(after), micros(through))
}

// Visits implements persistence.PeopleReader.
func (r peopleReader) Visits(ctx context.Context, user persistence.ID) ([]persistence.Visit, error) {
	read := func(c *columns) persistence.Visit { return persistence.Visit{User: c.id(), Link: c.id(), At: c.time()} }
	return all(ctx, r, "visits", read, "SELECT user, link, at FROM visits WHERE user = ? ORDER BY link", user[:])
}

func (e *peopleEdit) PutShareLink(l persistence.ShareLink) error {
	if err := e.free("share link", "SELECT 1 FROM links WHERE digest = ? AND id <> ?", l.Digest[:], l.ID[:]); err != nil {
		return err
	}
	return e.run("INSERT OR REPLACE INTO links ("+linkColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		l.ID[:], l.Document[:], l.Digest[:], int64(l.Rank), l.Password, optional(l.CreatedBy), micros(l.CreatedAt), micros(l.ExpiresAt))
}

func (e *peopleEdit) DeleteShareLink(id persistence.ID) error {
	if err := e.run("DELETE FROM visits WHERE link = ?", id[:]); err != nil {
		return err
	}
	return e.run("DELETE FROM links WHERE id = ?", id[:])
}

func (e *peopleEdit) PutVisit(v persistence.Visit) error {
	if err := e.need("share link", "SELECT 1 FROM links WHERE id = ?", v.Link[:]); err != nil {
		return err
	}
	return e.run("INSERT OR REPLACE INTO visits (user, link, at) VALUES (?, ?, ?)", v.User[:], v.Link[:], micros(v.At))
}
