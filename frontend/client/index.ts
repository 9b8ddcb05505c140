/**
 * The client library: live documents in browsers, workers and Node.
 *
 * It owns the browser's side of the protocol: the algebra (`delta.ts`), the
 * state machine (`state.ts`, pure), the connection, presence, the journal of
 * unsaved edits in the browser (`journal.ts`, fetched apart) and what is told to
 * listeners (`live-document.ts`). It knows neither the DOM nor any editor,
 * and has no dependencies; tsconfig.json holds it to that.
 *
 * Laws A1-A8, C1-C8, S2, V2. What can go wrong, and what then happens: the
 * network breaks or stalls - edits gather, the connection is made anew, the
 * server says what it has; a change is refused - it is taken back and its text
 * offered; our copy turns out wrong or the log was replaced - fresh content
 * comes and pending edits move over to it; the tab is closed or crashes - the
 * next one, or another, goes on from the journal; storage is denied - the status
 * says so and edits leave without; the server says not to come back - the status
 * says why and `unsavedText` holds what is not saved.
 */
export type { Anchor } from "./anchor.js"
export type { Client, ClientOptions, SocketLike } from "./client.js"
export { createClient } from "./client.js"
export * from "./delta.js"
export { diff } from "./diff.js"
export type { ClientDocument, DocumentEvents } from "./document.js"
export { contentHash } from "./hash.js"
export type { Journal } from "./journaled.js"
export type { PeerView } from "./presence.js"
export type { Limits, Role, Selection, User } from "./protocol.js"
export * from "./schema.js"
export type { Failure, Rejected, Status } from "./status.js"
