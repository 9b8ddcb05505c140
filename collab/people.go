package collab

import (
	"sync"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// people counts who is here, each person once. Guarded by its own lock, since
// lists ask from other goroutines; held for map access only.
type people struct {
	mu    sync.Mutex
	here  map[string]*person
	order []*person
}

type person struct {
	user  protocol.User
	peers int
}

// enter reports whether the set of people changed.
func (c *people) enter(u protocol.User) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.here[u.ID]; p != nil {
		p.peers++
		p.user = u
		return false
	}
	if c.here == nil {
		c.here = map[string]*person{}
	}
	p := &person{user: u, peers: 1}
	c.here[u.ID] = p
	c.order = append(c.order, p)
	return true
}

func (c *people) leave(u protocol.User) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.here[u.ID]
	if p == nil {
		return false
	}
	if p.peers--; p.peers > 0 {
		return false
	}
	delete(c.here, u.ID)
	for i := range c.order {
		if c.order[i] == p {
			c.order = append(c.order[:i], c.order[i+1:]...)
			break
		}
	}
	return true
}

func (c *people) has(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.here[id] != nil
}

// rename reports whether somebody here is called otherwise now.
func (c *people) rename(u protocol.User) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.here[u.ID]
	if p == nil || p.user == u {
		return false
	}
	p.user = u
	return true
}

func (c *people) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.here, c.order = nil, nil
}

// list gives the first who came, at most so many, and how many are here.
func (c *people) list(most int) (first []protocol.User, all int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first = make([]protocol.User, min(most, len(c.order)))
	for i := range first {
		first[i] = c.order[i].user
	}
	return first, len(c.order)
}

// People says who is in the document now, each person once and in the order in
// which they came: the first of them, at most so many, and how many there are.
func (h *Hub) People(document persistence.ID, most int) (first []protocol.User, all int) {
	h.mu.Lock()
	s := h.sessions[document]
	h.mu.Unlock()
	if s == nil {
		return nil, 0
	}
	return s.people.list(most)
}
