import type { Anchor } from "./anchor.js"
import type { Delta } from "./delta.js"
import type { PeerView } from "./presence.js"
import type { Role, Selection, User } from "./protocol.js"
import type { Rejected, Status } from "./status.js"

/** What a `ClientDocument` tells its listeners. */
export interface DocumentEvents {
	/**
	 * The local view changed. `delta` is relative to the local view just before
	 * it. A remote change without an author takes a refused edit back or
	 * reconciles the view after a reset.
	 */
	change: { delta: Delta; source: "local" | "remote"; author?: User; revision: number }
	/** An own change is on the server's disk at `revision`; `at` is missing when that was learnt after the fact. */
	saved: { revision: number; at?: string }
	/** A change was refused for good. Its inverse was already given as a `change`; `delta` is what was refused. */
	rejected: Rejected & { delta: Delta }
	status: Status
	/** Somebody came, left or moved a caret. Carets also move with every `change`: map those along, or read `peers`. */
	presence: readonly PeerView[]
	title: string
	role: Role
	/** The content arrived for the first time: what a view starts from. */
	reset: { content: Delta; revision: number }
}

/** A document open for live editing. Everything here is for one thread. */
export interface ClientDocument {
	readonly id: string
	/** Whether the content has arrived. */
	readonly loaded: boolean
	/** The local view, unsaved edits included. Computed when asked for: cheap once, not for every keystroke. */
	readonly content: Delta
	/** UTF-16 units of the local view. */
	readonly length: number
	/** The last revision applied. */
	readonly revision: number
	/** The revision of the last own change that the server has on disk; 0 for none. */
	readonly savedRevision: number
	/** Local edits that are not yet saved. */
	readonly pending: number
	readonly status: Status
	readonly title: string
	readonly role: Role
	/** Who we are; undefined until the first welcome. */
	readonly user: User | undefined
	readonly peers: readonly PeerView[]
	/** The inserted text of edits not yet saved, to be offered for copying. */
	readonly unsavedText: string
	/**
	 * Applies a local edit at once and sends it as soon as may be. Throws a
	 * RangeError when the delta does not fit the local view or touches its final
	 * newline, a TypeError when it is none, and an Error before the content has
	 * arrived. What no document may hold (see `firstRefused`), and what a reader
	 * writes, is refused by the server: it is taken back and offered (`rejected`).
	 * After the end (`failed`, `removed`) edits still change the view and count as
	 * unsaved; nothing is sent.
	 */
	submit(delta: Delta): void
	/** Returns the function that ends the subscription. */
	on<K extends keyof DocumentEvents>(event: K, listener: (detail: DocumentEvents[K]) => void): () => void
	/** Our caret or selection in the local view, told to others soon; null for none. */
	setPresence(selection: Selection | null, state?: Readonly<Record<string, unknown>>): void
	/** A place that moves with the text; `own` moves past what is typed here exactly at it. */
	anchor(index: number, own?: boolean): Anchor
	/** Forgets the refused edit shown by the status. */
	dismissRejected(): void
	/** Connects now instead of at `status.retryAt`, or after signing in again; checks a connection that seems open. */
	reconnectNow(): void
	/** Puts unsaved edits into the journal at once: when the page may go any moment. False where they may be in this page alone. */
	keep(): boolean
	/** Leaves. Unsaved edits stay readable, and are no longer sent from here. */
	close(): void
}
