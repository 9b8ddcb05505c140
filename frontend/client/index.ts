/**
 * The client library: live documents without an editor and without the DOM,
 * in browsers, workers and Node.
 */
export type { Anchor } from "./anchor.js"
export type { Client, ClientOptions, Journal, JournalEntry, SocketLike } from "./client.js"
export { createClient } from "./client.js"
export * from "./delta.js"
export { diff } from "./diff.js"
export type { ClientDocument, DocumentEvents } from "./document.js"
export { contentHash } from "./hash.js"
export type { PeerView } from "./presence.js"
export type { Limits, Role, Selection, User } from "./protocol.js"
export * from "./schema.js"
export type { Failure, Rejected, Status } from "./status.js"
