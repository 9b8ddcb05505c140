package sqlite

import (
	"context"

	"github.com/coscribe/coscribe/persistence"
)

const groupColumns = "g.id, g.name, g.external, g.created_at"

func readGroup(c *columns) persistence.Group {
	return persistence.Group{ID: c.id(), Name: c.text(), External: c.text(), CreatedAt: c.time()}
}

// Group implements persistence.PeopleReader.
func (r peopleReader) Group(ctx context.Context, id persistence.ID) (persistence.Group, error) {
	return one(ctx, r, "group", readGroup, "SELECT "+groupColumns+" FROM groups g WHERE g.id = ?", id[:])
}

// Groups implements persistence.PeopleReader.
func (r peopleReader) Groups(ctx context.Context) ([]persistence.Group, error) {
	return all(ctx, r, "groups", readGroup, "SELECT "+groupColumns+" FROM groups g ORDER BY g.folded")
}

// Members implements persistence.PeopleReader.
func (r peopleReader) Members(ctx context.Context, group persistence.ID) ([]persistence.User, error) {
	return all(ctx, r, "members", readUser, "SELECT "+userColumns+" FROM members m JOIN users u ON u.id = m.user WHERE m.team = ? ORDER BY u.folded, u.id", group[:])
}

// GroupsOf implements persistence.PeopleReader.
func (r peopleReader) GroupsOf(ctx context.Context, user persistence.ID) ([]persistence.Group, error) {
	return all(ctx, r, "groups", readGroup, "SELECT "+groupColumns+" FROM members m JOIN groups g ON g.id = m.team WHERE m.user = ? ORDER BY g.folded", user[:])
}

func (e *peopleEdit) needGroup(id persistence.ID) error {
	return e.need("group", "SELECT 1 FROM groups WHERE id = ?", id[:])
}

func (e *peopleEdit) PutGroup(g persistence.Group) error {
	folded := persistence.FoldTitle(g.Name)
	if err := e.free("group", "SELECT 1 FROM groups WHERE folded = ? AND id <> ?", folded, g.ID[:]); err != nil {
		return err
	}
	return e.run("INSERT OR REPLACE INTO groups (id, name, folded, external, created_at) VALUES (?, ?, ?, ?, ?)", g.ID[:], g.Name, folded, g.External, micros(g.CreatedAt))
}

func (e *peopleEdit) DeleteGroup(id persistence.ID) error {
	for _, text := range []string{
		"DELETE FROM groups WHERE id = ?",
		"DELETE FROM members WHERE team = ?",
		"DELETE FROM grants WHERE kind = 2 AND subject = ?",
	} {
		if err := e.run(text, id[:]); err != nil {
			return err
		}
	}
	return nil
}

func (e *peopleEdit) PutMember(group, user persistence.ID) error {
	if err := e.needGroup(group); err != nil {
		return err
	}
	if err := e.needUser(user); err != nil {
		return err
	}
	return e.run("INSERT OR REPLACE INTO members (user, team) VALUES (?, ?)", user[:], group[:])
}

func (e *peopleEdit) DeleteMember(group, user persistence.ID) error {
	return e.run("DELETE FROM members WHERE user = ? AND team = ?", user[:], group[:])
}
