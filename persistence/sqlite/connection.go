package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	sqlite "modernc.org/sqlite"
)

// connection is the writer's own, below database/sql, whose locking and
// conversions cost as much as an insert. It belongs to one goroutine.
type connection struct {
	conn   driver.Conn
	opened []*statement
}

func connect(ctx context.Context, path string, pragmas []string) (*connection, error) {
	connector, err := sqlite.NewConnector(source(path, pragmas))
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn}, nil
}

func (c *connection) prepare(text string) (*statement, error) {
	prepared, err := c.conn.Prepare(text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	s := &statement{stmt: prepared}
	var executes, queries bool
	s.executor, executes = prepared.(driver.StmtExecContext)
	s.querier, queries = prepared.(driver.StmtQueryContext)
	if !executes || !queries {
		return nil, errors.Join(fmt.Errorf("the SQLite driver's statement is a %T", prepared), prepared.Close())
	}
	c.opened = append(c.opened, s)
	return s, nil
}

// exec runs a statement that is not worth preparing.
func (c *connection) exec(text string) error {
	executor, ok := c.conn.(driver.ExecerContext)
	if !ok {
		return fmt.Errorf("the SQLite driver's connection is a %T", c.conn)
	}
	_, err := executor.ExecContext(context.Background(), text, nil)
	return err
}

func (c *connection) close() error {
	var err error
	for _, s := range c.opened {
		err = errors.Join(err, s.stmt.Close())
	}
	return errors.Join(err, c.conn.Close())
}

// statement is a prepared statement with its argument slots.
type statement struct {
	stmt     driver.Stmt
	executor driver.StmtExecContext
	querier  driver.StmtQueryContext
	args     []driver.NamedValue
}

func (s *statement) bind(values []driver.Value) []driver.NamedValue {
	if len(s.args) != len(values) {
		s.args = make([]driver.NamedValue, len(values))
		for i := range s.args {
			s.args[i].Ordinal = i + 1
		}
	}
	for i, v := range values {
		s.args[i].Value = v
	}
	return s.args
}

// exec runs the statement. No context of a request reaches the writer: a
// cancelled one would interrupt the transaction of others.
func (s *statement) exec(values ...driver.Value) error {
	_, err := s.executor.ExecContext(context.Background(), s.bind(values))
	return err
}

// insert runs the statement and returns the new row's id.
func (s *statement) insert(values ...driver.Value) (int64, error) {
	result, err := s.executor.ExecContext(context.Background(), s.bind(values))
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// row reads the first row into dest and says whether there was one.
func (s *statement) row(dest []driver.Value, values ...driver.Value) (bool, error) {
	rows, err := s.querier.QueryContext(context.Background(), s.bind(values))
	if err != nil {
		return false, err
	}
	err = rows.Next(dest)
	closed := rows.Close()
	if errors.Is(err, io.EOF) {
		return false, closed
	}
	return err == nil, errors.Join(err, closed)
}
