package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/coscribe/coscribe/persistence"
)

// visibleFew is the number of documents up to which a user's list starts from
// what they may see. With more it walks the list and asks of each document, of
// which a page then meets enough soon.
const visibleFew = 5000

// The parts of a query that selects the ids of documents in which a user has a
// rank; the arguments are user, user, user, time.
const (
	visibleGrants = "SELECT document FROM grants WHERE kind = 1 AND subject = ?"
	visibleGroups = "SELECT g.document FROM members m JOIN grants g ON g.kind = 2 AND g.subject = m.team WHERE m.user = ?"
	visibleLinks  = "SELECT l.document FROM visits v JOIN links l ON l.id = v.link WHERE v.user = ? AND (l.expires_at = 0 OR l.expires_at > ?)"

	visibleSet  = visibleGrants + " UNION " + visibleGroups + " UNION " + visibleLinks
	visibleRows = visibleGrants + " UNION ALL " + visibleGroups + " UNION ALL " + visibleLinks // stops at a limit
)

// visibleCondition says the same of one document d.
const visibleCondition = `(EXISTS (SELECT 1 FROM grants WHERE document = d.uuid AND kind = 1 AND subject = ?)
	OR EXISTS (SELECT 1 FROM grants g JOIN members m ON m.team = g.subject WHERE g.document = d.uuid AND g.kind = 2 AND m.user = ?)
	OR EXISTS (SELECT 1 FROM links l JOIN visits v ON v.link = l.id WHERE l.document = d.uuid AND v.user = ? AND (l.expires_at = 0 OR l.expires_at > ?)))`

// List implements persistence.Documents. It walks the minutes backwards by an
// index and sorts within each, so that a page costs what it shows; a search, and
// the order by bytes, read every document. For someone who sees few documents it
// reads and sorts those.
func (r *Reader) List(ctx context.Context, query persistence.ListQuery) ([]persistence.Document, string, error) {
	after, err := persistence.ParseCursor(query.Cursor)
	if err != nil {
		return nil, "", err
	}
	from, where, args, err := r.visible(ctx, &query)
	if err != nil {
		return nil, "", err
	}
	text := "SELECT " + documentColumns + " FROM " + from + " WHERE " + where
	if query.Trashed {
		text += " AND trashed_at > 0"
	} else {
		text += " AND trashed_at = 0"
	}
	if query.Unowned != 0 {
		text += " AND NOT EXISTS (SELECT 1 FROM grants WHERE document = d.uuid AND rank = ?)"
		args = append(args, int64(query.Unowned))
	}
	if query.Search != "" {
		text += " AND instr(folded, ?) > 0"
		args = append(args, persistence.FoldTitle(query.Search))
	}
	order := "listed DESC, updated_at DESC, uuid"
	if query.Largest {
		order = "bytes DESC, uuid"
	}
	switch {
	case query.Cursor == "":
	case query.Largest:
		text += " AND (bytes < ? OR bytes = ? AND uuid > ?)"
		args = append(args, after.Place, after.Place, after.ID[:])
	default:
		text += " AND listed <= ? AND (updated_at < ? OR updated_at = ? AND uuid > ?)"
		args = append(args, after.Place/listedUnit, after.Place, after.Place, after.ID[:])
	}
	if query.Search != "" || query.Largest {
		select {
		case r.scans <- struct{}{}:
			defer func() { <-r.scans }()
		case <-ctx.Done():
			return nil, "", fmt.Errorf("list documents: %w", ctx.Err())
		}
	}
	limit := query.PageSize()
	rows, err := r.pool.QueryContext(ctx, text+" ORDER BY "+order+" LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("list documents: %w", err)
	}
	found, _, err := r.readDocuments(ctx, rows) // opening one says what is damaged
	if err != nil {
		return nil, "", fmt.Errorf("list documents: %w", err)
	}
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = query.Place(&found[limit-1]).String()
	}
	return slices.DeleteFunc(found, func(d persistence.Document) bool { return d.ID.IsZero() }), next, nil
}

// visible is the part of the list's query that says which documents its reader
// sees.
func (r *Reader) visible(ctx context.Context, query *persistence.ListQuery) (from, where string, args []any, err error) {
	if query.Visible.IsZero() {
		return "documents d", "true", nil, nil
	}
	user := query.Visible[:]
	args = []any{user, user, user, micros(query.At)}
	many, err := one(ctx, r, "number of visible documents", (*columns).number,
		"SELECT count(*) FROM (SELECT * FROM ("+visibleRows+") LIMIT ?)", append(args[:len(args):len(args)], int64(visibleFew+1))...)
	if err != nil || many > visibleFew {
		return "documents d", visibleCondition, args, err
	}
	return "(" + visibleSet + ") v CROSS JOIN documents d ON d.uuid = v.document", "true", args, nil
}
