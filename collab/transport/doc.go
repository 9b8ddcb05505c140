// Package transport carries protocol messages between clients and the engine.
//
// It owns network pipes: upgrading, framing, keeping alive, pacing, closing
// with the right code. A transport decodes frames into typed messages, gives
// them to a collab.Peer and sends what the peer's Next says, one frame at a
// time; it adds no promise and takes none away (law P4). What every transport
// shares - who is this, may they come in, the first message - is in handler.go;
// websocket.go is the only file that knows melody, and pipe.go writes under it.
// longpoll.go finds the
// connection of a request, longpoll_conn.go keeps what both sides may have to
// hear again, longpoll_park.go lets idle requests wait outside net/http,
// longpoll_frame.go reads and writes the bodies.
//
// It must not know documents, roles' meaning, storage or how people sign in:
// it asks Access.
//
// # Laws
//
// P2 (hello first, within 10 s, at most 16 KiB), P5 (close codes), R5 (a slow
// reader is cut, never skipped), S8 is helped by Close dropping what was not
// taken, V1 and C5 by noticing a dead peer within 35 s.
//
// # Failure modes
//
// A reader that stalls is left to a goroutine of its own and fills its peer's
// outbox; the engine closes it with 4002 and the cut happens from another
// goroutine, so nobody waits for it. A panic
// while handling one connection's message ends that connection with 1011. A
// long-poll request or answer that is lost is repeated by the client; nothing is
// dropped before it is confirmed, and a client that stays away for 35 s is
// detached and resumes.
package transport
