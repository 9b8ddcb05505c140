package sqlite

import (
	"context"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

const (
	grantColumns   = "document, kind, subject, rank, granted_by, granted_at"
	requestColumns = "document, user, rank, message, at"
)

func readGrant(c *columns) persistence.Grant {
	return persistence.Grant{
		Document: c.id(), Kind: persistence.SubjectKind(c.number()), Subject: c.id(), Rank: persistence.Rank(c.number()),
		GrantedBy: c.id(), GrantedAt: c.time(),
	}
}

// Rank implements persistence.PeopleReader.
func (r peopleReader) Rank(ctx context.Context, document, user persistence.ID, at time.Time) (persistence.Rank, error) {
	rank, err := one(ctx, r, "rank", (*columns).number, `SELECT coalesce(max(rank), 0) FROM (
		SELECT rank FROM grants WHERE document = ? AND kind = 1 AND subject = ?
		UNION ALL SELECT g.rank FROM grants g JOIN members m ON m.team = g.subject WHERE g.document = ? AND g.kind = 2 AND m.user = ?
		UNION ALL SELECT l.rank FROM links l JOIN visits v ON v.link = l.id WHERE l.document = ? AND v.user = ? AND (l.expires_at = 0 OR l.expires_at > ?))`,
		document[:], user[:], document[:], user[:], document[:], user[:], micros(at))
	return persistence.Rank(rank), err
}

// Grants implements persistence.PeopleReader.
func (r peopleReader) Grants(ctx context.Context, document persistence.ID) ([]persistence.Grant, error) {
	return all(ctx, r, "grants", readGrant, "SELECT "+grantColumns+" FROM grants WHERE document = ? ORDER BY rank DESC, kind, subject", document[:])
}

// GrantsOf implements persistence.PeopleReader.
func (r peopleReader) GrantsOf(ctx context.Context, kind persistence.SubjectKind, subject persistence.ID) ([]persistence.Grant, error) {
	return all(ctx, r, "grants", readGrant, "SELECT "+grantColumns+" FROM grants WHERE kind = ? AND subject = ? ORDER BY rank DESC, document", int64(kind), subject[:])
}

// AccessRequests implements persistence.PeopleReader.
func (r peopleReader) AccessRequests(ctx context.Context, document persistence.ID) ([]persistence.AccessRequest, error) {
	read := func(c *columns) persistence.AccessRequest {
		return persistence.AccessRequest{Document: c.id(), User: c.id(), Rank: persistence.Rank(c.number()), Message: c.text(), At: c.time()}
	}
	return all(ctx, r, "access requests", read, "SELECT "+requestColumns+" FROM requests WHERE document = ? ORDER BY at, user", document[:])
}

func (e *peopleEdit) PutGrant(g persistence.Grant) error {
	needed := e.needUser
	if g.Kind == persistence.SubjectGroup {
		needed = e.needGroup
	}
	if err := needed(g.Subject); err != nil {
		return err
	}
	return e.run("INSERT OR REPLACE INTO grants ("+grantColumns+") VALUES (?, ?, ?, ?, ?, ?)",
		g.Document[:], int64(g.Kind), g.Subject[:], int64(g.Rank), optional(g.GrantedBy), micros(g.GrantedAt))
}

func (e *peopleEdit) DeleteGrant(document persistence.ID, kind persistence.SubjectKind, subject persistence.ID) error {
	return e.run("DELETE FROM grants WHERE document = ? AND kind = ? AND subject = ?", document[:], int64(kind), subject[:])
}

func (e *peopleEdit) PutAccessRequest(a persistence.AccessRequest) error {
	return e.run("INSERT OR REPLACE INTO requests ("+requestColumns+") VALUES (?, ?, ?, ?, ?)", a.Document[:], a.User[:], int64(a.Rank), a.Message, micros(a.At))
}

func (e *peopleEdit) DeleteAccessRequest(document, user persistence.ID) error {
	return e.run("DELETE FROM requests WHERE document = ? AND user = ?", document[:], user[:])
}
