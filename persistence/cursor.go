package persistence

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrCursor: a list cursor is not one that List returned.
var ErrCursor = errors.New("not a list cursor")

// Cursor is a document's place in a list that is ordered by newest change. Its
// text is what List returns; callers treat that as opaque. A document that is
// changed while someone pages moves before their cursor: it is not seen twice,
// and shows at the top when they start again.
type Cursor struct {
	UpdatedAt time.Time
	ID        ID
}

// String is the cursor's text: time in µs (base 36), a dot, the id.
func (c Cursor) String() string {
	return strconv.FormatInt(c.UpdatedAt.UnixMicro(), 36) + "." + c.ID.String()
}

// ParseCursor reads String's form; the empty text is the zero Cursor. The
// error is ErrCursor.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	micros, id, _ := strings.Cut(text, ".")
	at, err := strconv.ParseInt(micros, 36, 64)
	if err != nil {
		return Cursor{}, fmt.Errorf("%w: %q", ErrCursor, text)
	}
	parsed, err := ParseID(id)
	if err != nil {
		return Cursor{}, fmt.Errorf("%w: %q", ErrCursor, text)
	}
	return Cursor{time.UnixMicro(at).UTC(), parsed}, nil
}

// PageSize is the number of rows the query asks for, after defaults and bounds.
func (q ListQuery) PageSize() int {
	const standard, most = 50, 200
	if q.Limit <= 0 {
		return standard
	}
	return min(q.Limit, most)
}
