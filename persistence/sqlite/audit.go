package sqlite

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

const auditColumns = "at, action, outcome, actor, name, address, document, subject, detail"

func readAudit(c *columns) persistence.AuditEntry {
	return persistence.AuditEntry{
		Seq: c.number(), At: c.time(), Action: c.text(), Outcome: c.text(), Actor: c.id(), Name: c.text(), Address: c.text(),
		Document: c.id(), Subject: c.id(), Detail: c.text(),
	}
}

// Audit implements persistence.PeopleReader.
func (r peopleReader) Audit(ctx context.Context, q persistence.AuditQuery) ([]persistence.AuditEntry, error) {
	text := ""
	var args []any
	where := func(wanted bool, condition string, values ...any) {
		if wanted {
			text += " AND " + condition
			args = append(args, values...)
		}
	}
	if beginning, ok := strings.CutSuffix(q.Action, "."); ok {
		where(true, "action >= ? AND action < ?", q.Action, beginning+"/") // the sign after the dot
	} else {
		where(q.Action != "", "action = ?", q.Action)
	}
	where(q.Outcome != "", "outcome = ?", q.Outcome)
	where(!q.Actor.IsZero(), "actor = ?", q.Actor[:])
	where(!q.Document.IsZero(), "document = ?", q.Document[:])
	where(!q.Subject.IsZero(), "subject = ?", q.Subject[:])
	where(!q.From.IsZero(), "at >= ?", micros(q.From))
	where(!q.To.IsZero(), "at < ?", micros(q.To))
	where(q.Before != 0, "seq < ?", q.Before)
	const columns, order = "SELECT seq, " + auditColumns + " FROM audit WHERE ", " ORDER BY seq DESC LIMIT ?"
	limit := int64(q.PageSize())
	if q.Person.IsZero() {
		return all(ctx, r, "audit log", readAudit, columns+"true"+text+order, append(args, limit)...)
	}
	// Each half goes by an index of its own, which is in the order of seq.
	person := q.Person[:]
	half := func(by string) string { return "SELECT * FROM (" + columns + by + " = ?" + text + order + ")" }
	both := slices.Concat([]any{person}, args, []any{limit, person}, args, []any{limit, limit})
	return all(ctx, r, "audit log", readAudit, half("actor")+" UNION "+half("subject")+order, both...)
}

func (e *peopleEdit) Record(a persistence.AuditEntry) error {
	return e.run("INSERT INTO audit ("+auditColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		micros(a.At), a.Action, a.Outcome, optional(a.Actor), a.Name, a.Address, optional(a.Document), optional(a.Subject), a.Detail)
}

func (e *peopleEdit) Expire(before, auditBefore time.Time) error {
	const expired = " WHERE expires_at > 0 AND expires_at < ?"
	for _, text := range []string{
		"DELETE FROM logins" + expired,
		"DELETE FROM tickets" + expired,
		"DELETE FROM tokens" + expired,
		"DELETE FROM visits WHERE link IN (SELECT id FROM links" + expired + ")",
		"DELETE FROM links" + expired,
	} {
		if err := e.run(text, micros(before)); err != nil {
			return err
		}
	}
	if auditBefore.IsZero() {
		return nil
	}
	return e.run("DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < ? ORDER BY seq LIMIT ?)", micros(auditBefore), int64(persistence.AuditStep))
}
