package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/coscribe/coscribe/persistence"
)

// peopleReader implements persistence.PeopleReader on whatever can ask: the
// pool of readers, and the writer within an edit.
type peopleReader struct{ asker }

var _ persistence.People = (*Store)(nil)

// one asks for a single record. ErrNotFound.
func one[T any](ctx context.Context, r asker, what string, read func(*columns) T, query string, args ...any) (T, error) {
	var record T
	found := false
	err := r.ask(ctx, query, args, func(c *columns) { record, found = read(c), true })
	if err != nil {
		return record, fmt.Errorf("read %s: %w", what, err)
	}
	if !found {
		return record, fmt.Errorf("%s: %w", what, persistence.ErrNotFound)
	}
	return record, nil
}

// all asks for records.
func all[T any](ctx context.Context, r asker, what string, read func(*columns) T, query string, args ...any) ([]T, error) {
	var records []T
	err := r.ask(ctx, query, args, func(c *columns) { records = append(records, read(c)) })
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return records, nil
}

// refusal is an edit's own error: it rolls back that edit and nothing else.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// EditPeople implements persistence.People. The edit shares the writer's
// transaction with whatever else is queued, inside a savepoint.
func (s *Store) EditPeople(ctx context.Context, change func(persistence.PeopleEdit) error) error {
	err := s.writer.edit(ctx, func(t *tables) error { return t.editPeople(change) })
	if own, ok := errors.AsType[refusal](err); ok {
		return own.error
	}
	return err
}

// peopleEdit is a transaction of people and rights. It belongs to the writer's
// goroutine and is good until the edit ends.
type peopleEdit struct {
	peopleReader
	t        *tables
	failed   error // of SQLite: nothing more can be said about this edit
	ownerAsk bool  // users were written, so that the last owner may be gone
	hadOwner bool
	ended    bool
}

var errEnded = errors.New("an edit of people was used after its end")

func (t *tables) editPeople(change func(persistence.PeopleEdit) error) error {
	if err := t.run("SAVEPOINT people"); err != nil {
		return err
	}
	e := &peopleEdit{t: t}
	e.peopleReader = peopleReader{e}
	defer func() { e.ended = true }()
	err := change(e)
	if err == nil {
		err = e.checkOwner()
	}
	if e.failed != nil {
		return e.failed // even if change made nothing of it
	}
	if err != nil {
		clear(t.authors) // Erase may have changed them
		if undo := t.run("ROLLBACK TO people"); undo != nil {
			return undo
		}
		err = refusal{err}
	}
	if release := t.run("RELEASE people"); release != nil {
		return release
	}
	return err
}

// ask implements asker, remembering failures.
func (e *peopleEdit) ask(ctx context.Context, query string, args []any, found func(*columns)) error {
	return e.note(func() error { return e.t.ask(ctx, query, args, found) })
}

// run executes a statement.
func (e *peopleEdit) run(text string, args ...any) error {
	return e.note(func() error { return e.t.run(text, args...) })
}

func (e *peopleEdit) note(step func() error) error {
	if e.ended {
		return errEnded
	}
	if e.failed == nil {
		e.failed = step()
	}
	return e.failed
}

// exists says whether the query has a row.
func (e *peopleEdit) exists(query string, args ...any) (bool, error) {
	found := false
	err := e.ask(context.Background(), query, args, func(*columns) { found = true })
	return found, err
}

// need is ErrNotFound when the query has no row.
func (e *peopleEdit) need(what, query string, args ...any) error {
	found, err := e.exists(query, args...)
	if err == nil && !found {
		err = fmt.Errorf("%s: %w", what, persistence.ErrNotFound)
	}
	return err
}

// free is ErrExists when the query has a row.
func (e *peopleEdit) free(what, query string, args ...any) error {
	found, err := e.exists(query, args...)
	if err == nil && found {
		err = fmt.Errorf("%s: %w", what, persistence.ErrExists)
	}
	return err
}

// needUser is ErrNotFound for who is not there or was erased.
func (e *peopleEdit) needUser(id persistence.ID) error {
	return e.need("user", "SELECT 1 FROM users WHERE id = ? AND erased_at = 0", id[:])
}

const ownerQuery = "SELECT 1 FROM users WHERE standing = 3 AND suspended_at = 0 AND erased_at = 0 LIMIT 1"

// beforeUsers notes, before users are written, whether there is an owner.
func (e *peopleEdit) beforeUsers() (err error) {
	if !e.ownerAsk {
		e.ownerAsk = true
		e.hadOwner, err = e.exists(ownerQuery)
	}
	return err
}

func (e *peopleEdit) checkOwner() error {
	if !e.hadOwner {
		return nil
	}
	has, err := e.exists(ownerQuery)
	if err == nil && !has {
		err = persistence.ErrLastOwner
	}
	return err
}

// run executes a statement of the writer's connection.
func (t *tables) run(text string, args ...any) error {
	s, err := t.statement(text)
	if err != nil {
		return err
	}
	return s.exec(values(args)...)
}
