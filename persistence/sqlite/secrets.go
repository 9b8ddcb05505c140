package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Secret implements persistence.Secrets. Of values made at the same time the
// first to be written is everyone's.
func (s *Store) Secret(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	value, err := s.readSecret(ctx, name)
	if !errors.Is(err, sql.ErrNoRows) {
		return value, err
	}
	made, err := create()
	if err != nil {
		return nil, fmt.Errorf("make secret %q: %w", name, err)
	}
	if err := s.writer.edit(ctx, func(t *tables) error { return t.insertSecret.exec(name, made) }); err != nil {
		return nil, fmt.Errorf("keep secret %q: %w", name, err)
	}
	return s.readSecret(ctx, name)
}

func (r *Reader) readSecret(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	if err := r.queries.secret.QueryRowContext(ctx, name).Scan(&value); err != nil {
		return nil, fmt.Errorf("read secret %q: %w", name, err)
	}
	return value, nil
}
