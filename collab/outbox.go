package collab

import "sync"

// fragment is one or more encoded messages, shared by all who get them.
// Several are either comma-separated or, if array is set, a whole JSON array.
type fragment struct {
	bytes []byte
	many  bool // more than one message
	array bool // many, with its brackets
}

// body gives the messages without brackets.
func (f fragment) body() []byte {
	if f.array {
		return f.bytes[1 : len(f.bytes)-1]
	}
	return f.bytes
}

// outbox holds what one peer has not yet been sent, bounded in bytes and
// messages (law R5). The session's goroutine pushes, the transport pulls; the
// lock is held for moving slices only (law R3).
type outbox struct {
	mu     sync.Mutex
	queue  []fragment
	first  int // index of the next in queue
	bytes  int
	held   bool // the welcome is still to come: push, do not pull
	closed bool // nothing more goes in or out
	ending bool // nothing more goes in; the connection closes when it is empty
	// stale: presence was dropped for want of room; the session sends it anew
	// when there is room (law V1).
	stale bool
}

// presenceRoom is how much may be waiting before presence is dropped; bytes.
const presenceRoom = 32 << 10

// keepQueue is the largest queue kept when it has run empty; fragments.
const keepQueue = 16

// push adds fragments. It reports whether the transport is to be woken, and
// whether the bounds are broken: then the peer must go, and nothing was added.
func (o *outbox) push(limits *Limits, fragments ...fragment) (wake, over bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.ending {
		return false, false
	}
	n := o.bytes
	for _, f := range fragments {
		n += len(f.bytes)
	}
	waiting := len(o.queue) - o.first
	if waiting > 0 && (n > limits.OutboxBytes || waiting+len(fragments) > limits.OutboxFrames) {
		return false, true
	}
	o.add(fragments, n)
	return !o.held, false
}

// pushPresence adds presence if there is room for it; otherwise it is owed.
func (o *outbox) pushPresence(fragments ...fragment) (wake, took bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.ending {
		return false, true
	}
	if o.bytes > presenceRoom {
		o.stale = true
		return false, false
	}
	n := o.bytes
	for _, f := range fragments {
		n += len(f.bytes)
	}
	o.add(fragments, n)
	return !o.held, true
}

// owe notes that all presence is to be sent.
func (o *outbox) owe() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stale = true
}

func (o *outbox) add(fragments []fragment, bytes int) {
	if o.first > 0 && len(o.queue)+len(fragments) > cap(o.queue) {
		n := copy(o.queue, o.queue[o.first:])
		clear(o.queue[n:])
		o.queue, o.first = o.queue[:n], 0
	}
	o.queue, o.bytes = append(o.queue, fragments...), bytes
}

// refresh reports whether presence was dropped and there is room for it now;
// the caller then sends all of it. still: it was, and there is no room yet.
func (o *outbox) refresh() (again, still bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.stale || o.closed {
		return false, false
	}
	o.stale = o.bytes > presenceRoom
	return !o.stale, o.stale
}

// open puts the welcome in front of what has gathered since the join.
func (o *outbox) open(welcome []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return // let go before the welcome was written
	}
	rest := o.queue[o.first:]
	queue := make([]fragment, 1, 1+len(rest))
	queue[0] = fragment{bytes: welcome}
	o.queue, o.first = append(queue, rest...), 0
	o.bytes += len(welcome)
	o.held = false
}

// end lets nothing more in.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ending = true
}

// ended reports, once, that the outbox was ended and has run empty.
func (o *outbox) ended() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ending || o.closed || o.held || len(o.queue) > o.first {
		return false
	}
	o.closed = true
	return true
}

// close makes the outbox empty for ever; it reports whether it was not yet.
func (o *outbox) close() (first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = !o.closed
	o.closed, o.queue, o.first, o.bytes = true, nil, 0, 0
	return first
}

// next takes as many messages as fit into one frame of the given size, at
// least one. A single fragment is handed out as it is, without a copy.
func (o *outbox) next(frameBytes int) (frame []byte, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	waiting := o.queue[o.first:]
	if o.held || len(waiting) == 0 {
		return nil, false
	}
	n, size := 1, len(waiting[0].bytes)
	for n < len(waiting) && size+len(waiting[n].bytes) < frameBytes {
		size += len(waiting[n].bytes) + 1
		n++
	}
	if f := waiting[0]; n == 1 && (f.array || !f.many) {
		frame = f.bytes
	} else {
		frame = join(make([]byte, 0, size+2), waiting[:n])
	}
	for _, f := range waiting[:n] {
		o.bytes -= len(f.bytes)
	}
	clear(waiting[:n])
	if o.first += n; o.first == len(o.queue) {
		o.first = 0
		if o.queue = o.queue[:0]; cap(o.queue) > keepQueue {
			o.queue = nil
		}
	}
	return frame, true
}

func join(dst []byte, fragments []fragment) []byte {
	dst = append(dst, '[')
	for i, f := range fragments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f.body()...)
	}
	return append(dst, ']')
}

// broadcast is a group of messages encoded once for everybody, of which single
// peers may have to be given something else in places.
type broadcast struct {
	bytes []byte // a JSON array
	ends  []int  // where each message ends
}

func (b *broadcast) reset(capacity int) {
	b.bytes = append(make([]byte, 0, capacity), '[')
	b.ends = b.ends[:0]
}

// start makes room for the next message; append it to bytes, then call end.
func (b *broadcast) start() {
	if len(b.ends) > 0 {
		b.bytes = append(b.bytes, ',')
	}
}

func (b *broadcast) end() { b.ends = append(b.ends, len(b.bytes)) }

func (b *broadcast) close() { b.bytes = append(b.bytes, ']') }

// whole is the group for those who get all of it.
func (b *broadcast) whole() fragment {
	if len(b.ends) == 1 {
		return b.part(0, 1)
	}
	return fragment{bytes: b.bytes, many: true, array: true}
}

// part gives messages from i up to j, at least one.
func (b *broadcast) part(i, j int) fragment {
	from := 1
	if i > 0 {
		from = b.ends[i-1] + 1 // behind the comma
	}
	return fragment{bytes: b.bytes[from:b.ends[j-1]:b.ends[j-1]], many: j-i > 1}
}
