package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// schema compares the definitions of tables and indexes with those that this
// program makes. They are text in the file like any other: a flipped bit there
// gives a column another name, which SQLite's own check takes as it is.
func (v *verification) schema(ctx context.Context) (err error) {
	fresh, err := openPool(":memory:", nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	fresh.SetMaxOpenConns(1) // each connection to :memory: is a database of its own
	steps, _, _, err := schemaVersions(ctx, fresh, migrations())
	if err != nil {
		return err
	}
	if _, err := steps.Up(ctx); err != nil {
		return fmt.Errorf("make a schema to compare with: %w", err)
	}
	want, err := definitions(ctx, fresh)
	if err != nil {
		return err
	}
	found, err := definitions(ctx, v.reader.pool)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if found[name] != want[name] {
			v.report(Finding{Problem: fmt.Sprintf("the definition of %s is not this program's: %q", name, found[name])})
		}
		delete(found, name)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		v.report(Finding{Problem: fmt.Sprintf("%q is no part of this program's schema", name)})
	}
	return nil
}

// definitions are the texts that made a database's tables and indexes, by name.
func definitions(ctx context.Context, db *sql.DB) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE tbl_name <> 'goose_db_version' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		found[name] = text
	}
	return found, errors.Join(rows.Err(), rows.Close())
}
