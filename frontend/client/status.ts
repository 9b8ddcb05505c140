import type { Reject } from "./protocol.js"

/** A change that the server refused for good; its text is offered back (law C8). */
export interface Rejected {
	readonly code: Reject["code"] | string
	readonly message: string
	/** The inserted text of the refused change, embeds left out. */
	readonly text: string
}

/**
 * The one honest thing to show a person (law C5).
 *
 * - `connecting` not loaded yet
 * - `saved` everything is on the server's disk
 * - `saving` some edits are on their way
 * - `offline` not connected; `retryAt` says when the next attempt comes
 * - `readonly` connected, without the right to edit
 * - `rejected` a change was refused; see `rejected`, until `dismissRejected`
 * - `removed` the document was trashed or access taken away
 * - `failed` stopped for good; see `reason`
 */
export interface Status {
	readonly state: "connecting" | "saved" | "saving" | "offline" | "readonly" | "rejected" | "removed" | "failed"
	/** Local edits that are not yet saved. */
	readonly pending: number
	/** When the next connection is attempted, ms since 1970; absent while an attempt is under way. */
	readonly retryAt?: number
	/** A stable word: the close code's name, `mismatch`, a retried reject's code, or the server's reason for removal. */
	readonly reason?: string
	readonly rejected?: Rejected
	/** The browser denies storage: unsaved edits do not survive closing the tab. */
	readonly journalDenied?: boolean
}
