// Package collab is the engine: it takes the changes of many clients to one
// document, puts them into one order, has them made durable, and tells
// everyone.
//
// It owns live documents (Session), who is in them (Peer), what they are still
// to be sent (Outbox), carets (presence) and the registry of all of it (Hub).
// It must not know sockets, HTTP, SQL or files: transports give it a Conn,
// stores give it persistence.Log and persistence.Documents.
//
// # The shape
//
// A Session is one goroutine that owns one document. Others reach it through a
// bounded inbox and get immutable values back (laws R1, R5). What it decides is
// decided by the Sequencer, which has no goroutine, clock or I/O and so replays
// from a seed (R4). A session has two documents: the sequencer's, and the
// durable one; all that leaves a session reads the durable one (S5). Sequencing
// goes on while a batch is being committed (R2).
//
// # Failure modes
//
// An append that fails leaves its outcome unknown: the session forgets what it
// holds, its peers are closed with a retryable code, and the next one to come
// loads the document from the store (L3). A panic in a session does the same
// for its document alone; three within a minute put the document in quarantine
// for a while (R6). A peer that does not read is disconnected and resumes
// without loss (R5, S4).
package collab
