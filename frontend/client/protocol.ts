/**
 * The messages of protocol version 1 and their validation. Unknown fields and
 * unknown server messages are ignored and an unknown role counts as the least
 * (law P1); a known message with a wrong shape is a `ProtocolError`.
 */
import type { Delta } from "./delta.js"

export const VERSION = 1
export const SUBPROTOCOL = "coscribe.v1"

const roles = ["none", "viewer", "commenter", "editor", "owner"] as const
export type Role = (typeof roles)[number]

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
	/** Rises with each connection, also across tabs: a hello that arrives late must not replace a later connection. */
	readonly attempt: number
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

/** The other side does not speak the protocol; the connection is given up and made anew. */
export class ProtocolError extends Error {
	override readonly name = "ProtocolError"
}

type Fields = Readonly<Record<string, unknown>>
type Shape = (value: unknown) => boolean

const text: Shape = (value) => typeof value === "string"
const count: Shape = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const flag: Shape = (value) => typeof value === "boolean"
const fields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value)
const optional =
	(shape: Shape): Shape =>
	(value) =>
		value === undefined || value === null || shape(value)
const orNull =
	(shape: Shape): Shape =>
	(value) =>
		value === null || shape(value)
const list =
	(shape: Shape): Shape =>
	(value) =>
		Array.isArray(value) && value.every(shape)
const record =
	(shapes: Readonly<Record<string, Shape>>): Shape =>
	(value) =>
		fields(value) && Object.entries(shapes).every(([key, shape]) => shape(value[key]))

const operation: Shape = (value) => {
	if (!fields(value) || !optional(fields)(value.attributes)) return false
	if ("insert" in value) return text(value.insert) || fields(value.insert)
	return count(value.retain) || count(value.delete)
}
const delta = list(operation)
const user = record({ id: text, name: text, color: text })
const change = { revision: count, peer: optional(text), author: user, at: text, delta, seq: optional(count) }
const presence = {
	peer: text,
	user,
	revision: count,
	selection: orNull(record({ anchor: count, head: count })),
	state: optional(fields),
}
const shapes: Readonly<Record<ServerMessage["type"], Shape>> = {
	welcome: record({
		protocol: count,
		client: text,
		token: optional(text),
		peer: text,
		role: text,
		user,
		document: record({
			id: text,
			title: text,
			epoch: text,
			revision: count,
			content: optional(delta),
			changes: optional(list(record(change))),
			more: optional(flag),
		}),
		acknowledged: orNull(record({ seq: count, revision: count })),
		peers: list(record(presence)),
		limits: record({ changeBytes: count, changeOps: count, documentLength: count, presenceBytes: count }),
		reset: optional(text),
	}),
	ack: record({ seq: count, revision: count, at: text }),
	reject: record({ seq: count, code: text, message: text, retry: flag, retryAfter: optional(count) }),
	change: record(change),
	presence: record(presence),
	leave: record({ peer: text }),
	title: record({ title: text }),
	role: record({ role: text }),
	reload: record({ reason: text }),
	removed: record({ reason: text }),
	goaway: record({ retryAfter: count }),
	pong: record({ revision: count }),
}

/** The known messages of one frame, single or as an array. Throws a ProtocolError for what is malformed. */
export function decodeFrame(frame: string): ServerMessage[] {
	let parsed: unknown
	try {
		parsed = JSON.parse(frame)
	} catch {
		throw new ProtocolError("a frame is not JSON")
	}
	const known: ServerMessage[] = []
	for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
		if (!fields(message) || !text(message.type)) throw new ProtocolError("a message has no type")
		const type = message.type as ServerMessage["type"]
		if (!Object.hasOwn(shapes, type)) continue
		if (!shapes[type](message)) throw new ProtocolError(`malformed message: ${type}`)
		// A role of a later version: whoever hears anything may read, and what else it allows is not for us to guess.
		const later = "role" in message && !roles.includes(message.role as Role)
		known.push((later ? { ...message, role: "viewer" } : message) as unknown as ServerMessage)
	}
	return known
}

/** One message as it goes over the wire; the same message gives the same bytes (law S2). */
export function encodeMessage(message: ClientMessage): string {
	return JSON.stringify(message)
}
