package persistence

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Create implements Documents.
func (m *Memory) Create(_ context.Context, document Document, first *Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped != nil {
		return m.stopped
	}
	if m.documents[document.ID] != nil {
		return fmt.Errorf("document %s: %w", document.ID, ErrExists)
	}
	if document.Head.Epoch.IsZero() {
		return fmt.Errorf("%w: document %s is created without an epoch", ErrBatch, document.ID)
	}
	document.Head = Head{Epoch: document.Head.Epoch, Hash: ChainStart(document.ID, document.Head.Epoch)}
	document.CreatedAt = Micro(document.CreatedAt)
	document.UpdatedAt, document.UpdatedBy = document.CreatedAt, document.CreatedBy
	document.TrashedAt = time.Time{}
	d := &memoryDocument{Document: document, clients: map[ID]ClientRow{}}
	if first != nil {
		batch := Batch{Document: document.ID, Base: document.Head, Changes: []Change{*first}}
		d.Head = batch.Seal()
		d.append(batch.Changes[0])
	}
	m.documents[document.ID] = d
	return nil
}

// Document implements Documents.
func (m *Memory) Document(_ context.Context, id ID) (Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(id)
	if err != nil {
		return Document{}, err
	}
	return d.Document, nil
}

// List implements Documents.
func (m *Memory) List(_ context.Context, query ListQuery) ([]Document, string, error) {
	after, err := ParseCursor(query.Cursor)
	if err != nil {
		return nil, "", err
	}
	search := FoldTitle(query.Search)
	m.mu.Lock()
	defer m.mu.Unlock()
	people := m.people.Load()
	var found []Document
	for _, d := range m.documents {
		if query.Trashed == d.TrashedAt.IsZero() || !strings.Contains(FoldTitle(d.Title), search) ||
			!query.Visible.IsZero() && people.rank(d.ID, query.Visible, query.At) == 0 ||
			query.Unowned != 0 && people.granted(d.ID, query.Unowned) {
			continue
		}
		if query.Cursor == "" || query.Place(&d.Document).Compare(after) > 0 {
			found = append(found, d.Document)
		}
	}
	slices.SortFunc(found, func(a, b Document) int { return query.Place(&a).Compare(query.Place(&b)) })
	limit := query.PageSize()
	if len(found) <= limit {
		return found, "", nil
	}
	return found[:limit], query.Place(&found[limit-1]).String(), nil
}

// Rename implements Documents.
func (m *Memory) Rename(_ context.Context, id ID, title string, by Author, at time.Time) error {
	return m.edit(id, func(d *memoryDocument) {
		d.Title, d.UpdatedBy, d.UpdatedAt = title, by, Micro(at)
	})
}

// Trash implements Documents.
func (m *Memory) Trash(_ context.Context, id ID, _ Author, at time.Time) error {
	return m.edit(id, func(d *memoryDocument) {
		if at.IsZero() || d.TrashedAt.IsZero() {
			d.TrashedAt = Micro(at)
		}
	})
}

func (m *Memory) edit(id ID, change func(*memoryDocument)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped != nil {
		return m.stopped
	}
	d, err := m.find(id)
	if err != nil {
		return err
	}
	change(d)
	return nil
}

// Secret implements Secrets.
func (m *Memory) Secret(_ context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value, ok := m.secrets[name]; ok {
		return bytes.Clone(value), nil
	}
	if m.stopped != nil {
		return nil, m.stopped
	}
	value, err := create()
	if err != nil {
		return nil, fmt.Errorf("make secret %q: %w", name, err)
	}
	m.secrets[name] = bytes.Clone(value)
	return bytes.Clone(value), nil
}
