package collab

import "github.com/coscribe/coscribe/persistence"

// issued remembers to whom client ids were issued that the log does not know
// yet (law S3), the newest so many.
type issued struct {
	limit  int
	users  map[persistence.ID]issue
	recent []persistence.ID // ring
	next   int
}

type issue struct{ user, document persistence.ID }

// issue remembers a new client id.
func (h *Hub) issue(client, user, document persistence.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &h.issued
	if r.users == nil {
		r.users = map[persistence.ID]issue{}
	}
	if len(r.recent) < r.limit {
		r.recent = append(r.recent, client)
	} else {
		delete(r.users, r.recent[r.next])
		r.recent[r.next] = client
		r.next = (r.next + 1) % r.limit
	}
	r.users[client] = issue{user, document}
}

func (h *Hub) issuedTo(client persistence.ID) (issue, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, ok := h.issued.users[client]
	return i, ok
}
