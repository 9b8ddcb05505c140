package collab

import (
	"context"
	"sync"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// latest has values read and told by whoever changed them, for each key one at
// a time: who comes meanwhile has it done once more. So what is told last is
// the newest, in whichever order those come who tell. Any goroutine.
type latest struct {
	mu    sync.Mutex
	again map[persistence.ID]bool // keys being told; true: once more
}

func (l *latest) tell(key persistence.ID, tell func()) {
	for again := l.enter(key); again; again = l.leave(key) {
		tell()
	}
}

// enter reports whether the caller is to tell.
func (l *latest) enter(key persistence.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.again == nil {
		l.again = map[persistence.ID]bool{}
	}
	_, runs := l.again[key]
	l.again[key] = runs
	return !runs
}

// leave reports whether the caller is to tell once more.
func (l *latest) leave(key persistence.ID) (again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if again = l.again[key]; again {
		l.again[key] = false
	} else {
		delete(l.again, key)
	}
	return again
}

// Renamed tells live peers a document's title as the store has it now: call it
// after renaming. Any goroutine.
func (h *Hub) Renamed(ctx context.Context, document persistence.ID) {
	ctx = context.WithoutCancel(ctx) // others may count on this one to tell their title
	h.titles.tell(document, func() {
		s := h.live(document)
		if s == nil {
			return
		}
		d, err := h.config.Documents.Document(ctx, document)
		if err != nil {
			h.config.Logger.Warn("a new title is not told", "document", document, "error", err)
			return
		}
		s.tell(renamed{d.Title})
	})
}

// Profile gives a user's open connections the name and colour that read says
// they have now, and tells everybody who sees them: call it after changing
// them. Any goroutine.
func (h *Hub) Profile(ctx context.Context, user persistence.ID, read func(context.Context) (protocol.User, error)) {
	ctx = context.WithoutCancel(ctx)
	h.faces.tell(user, func() {
		now, err := read(ctx)
		if err != nil {
			h.config.Logger.Warn("a new name is not told", "user", user, "error", err)
			return
		}
		who, err := newAuthor(now)
		if err != nil {
			return
		}
		for _, s := range h.loaded(nil) {
			if s.people.has(now.ID) {
				s.tell(profiled{who})
			}
		}
	})
}

type profiled struct{ author *author }

// profile is a user's new name and colour: changes from now on carry it.
func (s *session) profile(who *author) {
	found := false
	for _, p := range s.peers {
		if p.author.row.ID == who.row.ID {
			p.author, found = who, true
			s.announce(p)
		}
	}
	if found && s.people.rename(who.user) {
		s.peopleChanged()
	}
}
