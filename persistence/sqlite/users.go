package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

const userColumns = "u.id, u.name, u.color, u.mail, u.standing, u.password, u.created_at, u.seen_at, u.suspended_at, u.erased_at"

func readUser(c *columns) persistence.User {
	return persistence.User{
		ID: c.id(), Name: c.text(), Color: c.text(), Mail: c.text(), Standing: persistence.Standing(c.number()), Password: c.text(),
		CreatedAt: c.time(), SeenAt: c.time(), SuspendedAt: c.time(), ErasedAt: c.time(),
	}
}

// User implements persistence.PeopleReader.
func (r peopleReader) User(ctx context.Context, id persistence.ID) (persistence.User, error) {
	return one(ctx, r, "user", readUser, "SELECT "+userColumns+" FROM users u WHERE u.id = ?", id[:])
}

// UserByMail implements persistence.PeopleReader.
func (r peopleReader) UserByMail(ctx context.Context, mail string) (persistence.User, error) {
	return one(ctx, r, "user of a mail address", readUser, "SELECT "+userColumns+" FROM users u WHERE u.mail = ? AND u.mail <> ''", mail)
}

// UserByIdentity implements persistence.PeopleReader.
func (r peopleReader) UserByIdentity(ctx context.Context, issuer, subject string) (persistence.User, error) {
	return one(ctx, r, "user of an identity", readUser,
		"SELECT "+userColumns+" FROM identities i JOIN users u ON u.id = i.user WHERE i.issuer = ? AND i.subject = ?", issuer, subject)
}

// Identities implements persistence.PeopleReader.
func (r peopleReader) Identities(ctx context.Context, user persistence.ID) ([]persistence.Identity, error) {
	read := func(c *columns) persistence.Identity {
		return persistence.Identity{Issuer: c.text(), Subject: c.text(), User: c.id()}
	}
	return all(ctx, r, "identities", read, "SELECT issuer, subject, user FROM identities WHERE user = ? ORDER BY issuer, subject", user[:])
}

// Users implements persistence.PeopleReader.
func (r peopleReader) Users(ctx context.Context, query persistence.UserQuery) ([]persistence.User, string, error) {
	after, err := persistence.ParseUserCursor(query.Cursor)
	if err != nil {
		return nil, "", err
	}
	text := "SELECT " + userColumns + " FROM users u WHERE u.erased_at = 0"
	var args []any
	if query.Cursor != "" {
		text += " AND (u.folded, u.id) > (?, ?)"
		args = append(args, after.Folded, after.ID[:])
	}
	if query.Search != "" {
		search := persistence.FoldTitle(query.Search)
		text += " AND (instr(u.folded, ?) > 0 OR instr(u.mail, ?) > 0)"
		args = append(args, search, search)
	}
	limit := query.PageSize()
	found, err := all(ctx, r, "users", readUser, text+" ORDER BY u.folded, u.id LIMIT ?", append(args, int64(limit+1))...)
	if err != nil || len(found) <= limit {
		return found, "", err
	}
	last := found[limit-1]
	return found[:limit], persistence.UserCursor{Folded: persistence.FoldTitle(last.Name), ID: last.ID}.String(), nil
}

// CountUsers implements persistence.PeopleReader.
func (r peopleReader) CountUsers(ctx context.Context) (int, error) {
	n, err := one(ctx, r, "number of users", (*columns).number, "SELECT count(*) FROM users WHERE erased_at = 0")
	return int(n), err
}

// Picture implements persistence.PeopleReader.
func (r peopleReader) Picture(ctx context.Context, user persistence.ID) ([]byte, error) {
	return one(ctx, r, "picture", (*columns).bytes, "SELECT png FROM pictures WHERE user = ?", user[:])
}

func (e *peopleEdit) PutUser(u persistence.User) error {
	if err := e.beforeUsers(); err != nil {
		return err
	}
	if err := e.free("mail address", "SELECT 1 FROM users WHERE mail = ? AND mail <> '' AND id <> ?", u.Mail, u.ID[:]); err != nil {
		return err
	}
	return e.run(`INSERT INTO users (id, name, folded, color, mail, standing, password, created_at, seen_at, suspended_at, erased_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, folded = excluded.folded, color = excluded.color,
		mail = excluded.mail, standing = excluded.standing, password = excluded.password, created_at = excluded.created_at,
		seen_at = excluded.seen_at, suspended_at = excluded.suspended_at, erased_at = excluded.erased_at`,
		u.ID[:], u.Name, persistence.FoldTitle(u.Name), u.Color, u.Mail, int64(u.Standing), u.Password,
		micros(u.CreatedAt), micros(u.SeenAt), micros(u.SuspendedAt), micros(u.ErasedAt))
}

func (e *peopleEdit) SetPicture(user persistence.ID, png []byte) error {
	if len(png) == 0 {
		return e.run("DELETE FROM pictures WHERE user = ?", user[:])
	}
	if err := e.needUser(user); err != nil {
		return err
	}
	return e.run("INSERT OR REPLACE INTO pictures (user, png) VALUES (?, ?)", user[:], png)
}

func (e *peopleEdit) PutIdentity(i persistence.Identity) error {
	if err := e.free("identity", "SELECT 1 FROM identities WHERE issuer = ? AND subject = ? AND user <> ?", i.Issuer, i.Subject, i.User[:]); err != nil {
		return err
	}
	if err := e.needUser(i.User); err != nil {
		return err
	}
	return e.run("INSERT OR REPLACE INTO identities (issuer, subject, user) VALUES (?, ?, ?)", i.Issuer, i.Subject, i.User[:])
}

func (e *peopleEdit) DeleteIdentity(issuer, subject string) error {
	return e.run("DELETE FROM identities WHERE issuer = ? AND subject = ?", issuer, subject)
}

// Erase implements persistence.PeopleEdit. What it overwrites and deletes is
// zeroed in the database's pages too; copies made before, such as backups, keep
// it.
func (e *peopleEdit) Erase(user persistence.ID, name, color string, at time.Time) error {
	if err := e.beforeUsers(); err != nil {
		return err
	}
	before, err := e.User(context.Background(), user)
	if err != nil && !errors.Is(err, persistence.ErrNotFound) {
		return err
	}
	for _, s := range []struct {
		text string
		args []any
	}{
		{"UPDATE users SET name = '', folded = '', color = '', mail = '', standing = 0, password = '', seen_at = 0, suspended_at = 0, erased_at = ? WHERE id = ?", []any{micros(at), user[:]}},
		{"DELETE FROM pictures WHERE user = ?", []any{user[:]}},
		{"DELETE FROM identities WHERE user = ?", []any{user[:]}},
		{"DELETE FROM logins WHERE user = ?", []any{user[:]}},
		{"DELETE FROM tickets WHERE user = ? OR mail = ? AND mail <> ''", []any{user[:], before.Mail}},
		{"DELETE FROM members WHERE user = ?", []any{user[:]}},
		{"DELETE FROM grants WHERE kind = 1 AND subject = ?", []any{user[:]}},
		{"DELETE FROM visits WHERE user = ?", []any{user[:]}},
		{"DELETE FROM requests WHERE user = ?", []any{user[:]}},
		{"DELETE FROM tokens WHERE user = ?", []any{user[:]}},
		{"UPDATE audit SET name = ?, address = '' WHERE actor = ?", []any{name, user[:]}},
		{"UPDATE audit SET detail = replace(replace(detail, ?, ?), ?, ?) WHERE actor = ? OR subject = ?", []any{before.Name, name, before.Mail, name, user[:], user[:]}},
	} {
		if err := e.run(s.text, s.args...); err != nil {
			return err
		}
	}
	author := persistence.Author{ID: user, Name: name, Color: color}
	digest := persistence.AuthorDigest(&author)
	clear(e.t.authors)
	e.t.erased = true
	return e.run("UPDATE authors SET name = ?, color = ?, digest = ? WHERE user = ?", name, color, digest[:], user[:])
}
