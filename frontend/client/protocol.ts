/**
 * The messages of protocol version 1 and their validation. Unknown fields and
 * unknown server messages are ignored (law P1); a known message with a wrong
 * shape is a `ProtocolError`.
 */
import type { Delta } from "./delta.js"

export const VERSION = 1
export const SUBPROTOCOL = "coscribe.v1"

export type Role = "none" | "viewer" | "commenter" | "editor" | "owner"

/** A person as shown to others; `color` is "#rrggbb". */
export interface User {
	readonly id: string
	readonly name: string
	readonly color: string
}

/** A caret (`anchor` equals `head`) or a range, in UTF-16 units. */
export interface Selection {
	readonly anchor: number
	readonly head: number
}

/** Bounds that a client keeps to. */
export interface Limits {
	/** Bytes of one delta's JSON. */
	readonly changeBytes: number
	/** Ops in one delta. */
	readonly changeOps: number
	/** UTF-16 units of a document. */
	readonly documentLength: number
	/** Bytes of a presence's state as JSON. */
	readonly presenceBytes: number
}

export interface Resume {
	readonly client: string
	readonly epoch: string
	/** The last revision applied. */
	readonly revision: number
	/** The last seq sent. */
	readonly seq: number
}

export interface Hello {
	readonly type: "hello"
	readonly protocol: number
	readonly token?: string
	readonly resume?: Resume
}

export interface Submit {
	readonly type: "submit"
	readonly seq: number
	readonly base: number
	readonly delta: Delta
}

export interface PresenceUpdate {
	readonly type: "presence"
	readonly base: number
	readonly seq: number
	readonly selection: Selection | null
	readonly state?: Readonly<Record<string, unknown>>
}

export interface Check {
	readonly type: "check"
	readonly revision: number
	/** SHA-256 in hex, see hash.ts. */
	readonly hash: string
}

export type ClientMessage = Hello | Submit | PresenceUpdate | Check | { readonly type: "ping" }

export interface Acknowledged {
	readonly seq: number
	readonly revision: number
}

export interface Welcome {
	readonly type: "welcome"
	readonly protocol: number
	readonly client: string
	readonly token?: string
	readonly peer: string
	readonly role: Role
	readonly user: User
	readonly document: {
		readonly id: string
		readonly title: string
		readonly epoch: string
		readonly revision: number
		/** null: too large for a message, to be fetched by HTTP. Absent when a resume was honoured. */
		readonly content?: Delta | null
		readonly changes?: readonly Change[]
		readonly more?: boolean
	}
	readonly acknowledged: Acknowledged | null
	readonly peers: readonly PeerPresence[]
	readonly limits: Limits
	readonly reset?: string
}

export interface Ack {
	readonly type: "ack"
	readonly seq: number
	readonly revision: number
	readonly at: string
}

export interface Reject {
	readonly type: "reject"
	readonly seq: number
	readonly code: string
	readonly message: string
	readonly retry: boolean
	/** ms */
	readonly retryAfter?: number
}

export interface Change {
	readonly type: "change"
	readonly revision: number
	readonly peer?: string
	readonly author: User
	readonly at: string
	readonly delta: Delta
	/** On a resume's catch-up: this change is our own. */
	readonly seq?: number
}

export interface PeerPresence {
	readonly type: "presence"
	readonly peer: string
	readonly user: User
	readonly revision: number
	readonly selection: Selection | null
	readonly state?: Readonly<Record<string, unknown>>
}

export type ServerMessage =
	| Welcome
	| Ack
	| Reject
	| Change
	| PeerPresence
	| { readonly type: "leave"; readonly peer: string }
	| { readonly type: "title"; readonly title: string }
	| { readonly type: "role"; readonly role: Role }
	| { readonly type: "reload"; readonly reason: string }
	| { readonly type: "removed"; readonly reason: string }
	| { readonly type: "goaway"; readonly retryAfter: number }
	| { readonly type: "pong"; readonly revision: number }
