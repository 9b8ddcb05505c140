package protocol

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Names remembers who speaks: the peers and users that nearly every message
// repeats, so that reading them again costs a look and no allocation. Any
// goroutine; Readers of one program may share one. The zero value is empty.
type Names struct {
	known atomic.Pointer[map[string]*voice] // by peer; never changed once stored

	mu    sync.Mutex
	fresh map[string]*voice // not yet in known
	asked int               // looks into fresh since known was last replaced
}

// voice is a peer and the user it was last seen with. Immutable.
type voice struct {
	peer string
	user User
	json string // of user, as it was sent
}

// maxKept bounds what Names remembers, to about twice as many; then it starts anew.
const maxKept = 4096

func (n *Names) of(peer []byte) *voice {
	if known := n.known.Load(); known != nil {
		if v := (*known)[string(peer)]; v != nil {
			return v
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	v := n.fresh[string(peer)]
	if n.asked++; v != nil {
		n.settle()
	}
	return v
}

func (n *Names) learn(v *voice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fresh == nil {
		n.fresh = map[string]*voice{}
	}
	n.fresh[v.peer] = v
	n.settle()
}

// settle makes what is fresh known once it was looked for as often as there are
// names to copy, so that a name costs the same however many there are.
func (n *Names) settle() {
	var known map[string]*voice
	if old := n.known.Load(); old != nil && len(*old) < maxKept {
		known = *old
	}
	if n.asked < len(known)+len(n.fresh) && len(n.fresh) < maxKept {
		return
	}
	all := make(map[string]*voice, len(known)+len(n.fresh))
	maps.Copy(all, known)
	maps.Copy(all, n.fresh)
	n.known.Store(&all)
	n.fresh, n.asked = nil, 0
}

// peer reads a peer's name. v is the voice it is known by, if it is.
func (n *Names) peer(s *scanner) (name string, v *voice) {
	text, plain := s.raw()
	if !plain {
		return string(unescape(text)), nil
	}
	if v = n.of(text); v != nil {
		return v.peer, v
	}
	return string(text), nil
}

// user reads the user of a peer whose name was just read.
func (n *Names) user(s *scanner, peer string, v *voice) User {
	s.peek()
	start := s.i
	if rest := s.b[start:]; v != nil && len(rest) >= len(v.json) && string(rest[:len(v.json)]) == v.json {
		s.i += len(v.json) // an object that begins alike ends alike
		return v.user
	}
	u := s.user()
	if s.err == nil && peer != "" && v == nil {
		n.learn(&voice{peer: peer, user: u, json: string(s.b[start:s.i])})
	}
	return u
}
