package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// asker runs queries of people and rights: the pool of readers does, and the
// writer inside its transaction, so that each query is written once. found is
// called for each row; it must not ask in turn.
type asker interface {
	ask(ctx context.Context, query string, args []any, found func(*columns)) error
}

// maxPrepared bounds the statements that a poolAsker keeps: queries with many
// optional conditions have many texts. Others are prepared for one use.
const maxPrepared = 96

// poolAsker asks on the pool. Its statements are prepared at their first use.
type poolAsker struct {
	pool     *sql.DB
	mu       sync.Mutex
	prepared map[string]*sql.Stmt // closed with the pool
}

func (p *poolAsker) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	p.mu.Lock()
	s, full := p.prepared[query], len(p.prepared) >= maxPrepared
	p.mu.Unlock()
	if s == nil && full {
		return p.pool.QueryContext(ctx, query, args...)
	}
	if s == nil {
		made, err := p.pool.PrepareContext(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("prepare %q: %w", query, err)
		}
		if s = p.keep(query, made); s != made {
			_ = made.Close() // another goroutine was first
		}
	}
	return s.QueryContext(ctx, args...)
}

func (p *poolAsker) keep(query string, made *sql.Stmt) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.prepared[query]; s != nil {
		return s
	}
	p.prepared[query] = made
	return made
}

func (p *poolAsker) ask(ctx context.Context, query string, args []any, found func(*columns)) error {
	rows, err := p.query(ctx, query, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	c := columns{values: make([]any, len(names))}
	into := make([]any, len(names))
	for i := range into {
		into[i] = &c.values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		c.next = 0
		found(&c)
	}
	return errors.Join(c.err, rows.Err(), rows.Close())
}

// ask implements asker in the writer's goroutine.
func (t *tables) ask(_ context.Context, query string, args []any, found func(*columns)) (err error) {
	s, err := t.statement(query)
	if err != nil {
		return err
	}
	rows, err := s.querier.QueryContext(context.Background(), s.bind(values(args)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	c := columns{values: make([]any, len(row))}
	for {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return c.err
		} else if err != nil {
			return err
		}
		for i, v := range row {
			c.values[i] = v
		}
		c.next = 0
		found(&c)
	}
}

// statement returns a prepared statement of the writer's connection, preparing
// it at its first use.
func (t *tables) statement(text string) (*statement, error) {
	if s := t.others[text]; s != nil {
		return s, nil
	}
	s, err := t.connection.prepare(text)
	if err == nil {
		t.others[text] = s
	}
	return s, err
}

func values(args []any) []driver.Value {
	converted := make([]driver.Value, len(args))
	for i, a := range args {
		converted[i] = a
	}
	return converted
}

// columns reads a row of a STRICT table from left to right. Of what does not
// fit the first error is kept.
type columns struct {
	values []any
	next   int
	err    error
}

func (c *columns) take() any {
	c.next++
	return c.values[c.next-1]
}

func (c *columns) number() int64 {
	n, ok := c.take().(int64)
	c.check(ok)
	return n
}

func (c *columns) text() string {
	s, ok := c.take().(string)
	c.check(ok)
	return s
}

func (c *columns) bytes() []byte {
	b, ok := c.take().([]byte)
	c.check(ok)
	return append([]byte(nil), b...)
}

// id is a UUID; NULL is the zero ID.
func (c *columns) id() (id persistence.ID) {
	switch v := c.take().(type) {
	case nil:
	case []byte:
		c.check(copy(id[:], v) == len(id) && len(v) == len(id))
	default:
		c.check(false)
	}
	return id
}

func (c *columns) hash() (hash persistence.Hash) {
	v, _ := c.take().([]byte)
	c.check(copy(hash[:], v) == len(hash) && len(v) == len(hash))
	return hash
}

// time is a moment in µs; 0 is the zero time.
func (c *columns) time() time.Time {
	if n := c.number(); n != 0 {
		return moment(n)
	}
	return time.Time{}
}

func (c *columns) check(ok bool) {
	if !ok && c.err == nil {
		c.err = fmt.Errorf("column %d of a row of people: %w", c.next, persistence.ErrDamaged)
	}
}

// micros is a time as a column holds it.
func micros(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}

// optional is an id as a column holds it: NULL for the zero ID.
func optional(id persistence.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}
