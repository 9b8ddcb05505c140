package persistence

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrCursor: a list cursor is not one that List returned.
var ErrCursor = errors.New("not a list cursor")

// Cursor is a document's place in a list. Its text is what List returns;
// callers treat that as opaque. A document that is changed while someone pages
// moves before their cursor: it is not seen twice, and shows at the top when they
// start again.
type Cursor struct {
	Place int64 // by which the list is ordered, descending: last change in µs, or bytes
	ID    ID
}

// Place is where a document is in the list that the query selects.
func (q *ListQuery) Place(d *Document) Cursor {
	if q.Largest {
		return Cursor{d.Bytes, d.ID}
	}
	return Cursor{d.UpdatedAt.UnixMicro(), d.ID}
}

// Compare orders places as List does: the highest first, equal ones by id.
func (c Cursor) Compare(other Cursor) int {
	return cmp.Or(cmp.Compare(other.Place, c.Place), compareIDs(c.ID, other.ID))
}

// String is the cursor's text: place (base 36), a dot, the id.
func (c Cursor) String() string {
	return strconv.FormatInt(c.Place, 36) + "." + c.ID.String()
}

// ParseCursor reads String's form; the empty text is the zero Cursor. The
// error is ErrCursor.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	number, id, _ := strings.Cut(text, ".")
	place, err := strconv.ParseInt(number, 36, 64)
	if err != nil {
		return Cursor{}, fmt.Errorf("%w: %q", ErrCursor, text)
	}
	parsed, err := ParseID(id)
	if err != nil {
		return Cursor{}, fmt.Errorf("%w: %q", ErrCursor, text)
	}
	return Cursor{place, parsed}, nil
}

// PageSize is the number of rows the query asks for, after defaults and bounds.
func (q ListQuery) PageSize() int { return pageSize(q.Limit, 50, 200) }
