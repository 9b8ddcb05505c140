package persistence

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// AuditStep is the number of old audit lines that one Expire deletes at most,
// so that it is never in others' way for long.
const AuditStep = 4096

// UserCursor is a user's place in the list of users. Its text is what Users
// returns; callers treat that as opaque.
type UserCursor struct {
	Folded string // name
	ID     ID
}

// String is the cursor's text: id and folded name in base64url.
func (c UserCursor) String() string {
	return base64.RawURLEncoding.EncodeToString(append(c.ID[:], c.Folded...))
}

// ParseUserCursor reads String's form; the empty text is the zero cursor. The
// error is ErrCursor.
func ParseUserCursor(text string) (UserCursor, error) {
	var c UserCursor
	if text == "" {
		return c, nil
	}
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(bytes) < len(c.ID) {
		return c, fmt.Errorf("%w: %q", ErrCursor, text)
	}
	c.Folded = string(bytes[copy(c.ID[:], bytes):])
	return c, nil
}

// Compare orders places: by folded name, equal ones by id.
func (c UserCursor) Compare(other UserCursor) int {
	return cmp.Or(strings.Compare(c.Folded, other.Folded), compareIDs(c.ID, other.ID))
}

// PageSize is the number of rows the query asks for, after defaults and bounds.
func (q *UserQuery) PageSize() int { return pageSize(q.Limit, 50, 200) }

// PageSize is the number of rows the query asks for, after defaults and bounds.
func (q *AuditQuery) PageSize() int { return pageSize(q.Limit, 100, 1000) }

func pageSize(limit, standard, most int) int {
	if limit <= 0 {
		return standard
	}
	return min(limit, most)
}

// Matches says whether the query selects a line.
func (q *AuditQuery) Matches(e *AuditEntry) bool {
	action := q.Action == "" || e.Action == q.Action || strings.HasSuffix(q.Action, ".") && strings.HasPrefix(e.Action, q.Action)
	return action && (q.Outcome == "" || e.Outcome == q.Outcome) &&
		(q.Actor.IsZero() || e.Actor == q.Actor) && (q.Document.IsZero() || e.Document == q.Document) && (q.Subject.IsZero() || e.Subject == q.Subject) &&
		(q.Person.IsZero() || e.Actor == q.Person || e.Subject == q.Person) &&
		(q.From.IsZero() || !e.At.Before(q.From)) && (q.To.IsZero() || e.At.Before(q.To)) && (q.Before == 0 || e.Seq < q.Before)
}

// Use is the ticket once used at the time. ErrUsed, ErrExpired.
func (t Ticket) Use(at time.Time) (Ticket, error) {
	switch {
	case !t.UsedAt.IsZero():
		return t, fmt.Errorf("ticket: %w", ErrUsed)
	case !t.ExpiresAt.After(at):
		return t, fmt.Errorf("ticket: %w", ErrExpired)
	}
	t.UsedAt = Micro(at)
	return t, nil
}

func compareIDs(a, b ID) int { return bytes.Compare(a[:], b[:]) }

func compareUsers(a, b User) int {
	return UserCursor{FoldTitle(a.Name), a.ID}.Compare(UserCursor{FoldTitle(b.Name), b.ID})
}

func compareIdentities(a, b Identity) int {
	return cmp.Or(strings.Compare(a.Issuer, b.Issuer), strings.Compare(a.Subject, b.Subject))
}

func compareLogins(a, b Login) int {
	return cmp.Or(b.SeenAt.Compare(a.SeenAt), compareIDs(a.ID, b.ID))
}

func compareTickets(a, b Ticket) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), compareIDs(a.ID, b.ID))
}

func compareGroups(a, b Group) int {
	return cmp.Or(strings.Compare(FoldTitle(a.Name), FoldTitle(b.Name)), compareIDs(a.ID, b.ID))
}

func compareGrants(a, b Grant) int {
	return cmp.Or(cmp.Compare(b.Rank, a.Rank), cmp.Compare(a.Kind, b.Kind), compareIDs(a.Subject, b.Subject), compareIDs(a.Document, b.Document))
}

func compareShareLinks(a, b ShareLink) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), compareIDs(a.ID, b.ID))
}

func compareAccessRequests(a, b AccessRequest) int {
	return cmp.Or(a.At.Compare(b.At), compareIDs(a.User, b.User))
}

func compareTokens(a, b Token) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), compareIDs(a.ID, b.ID))
}
