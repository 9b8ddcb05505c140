import type { Role } from "./protocol.js"

/** A change that the server refused for good; its text is offered back (law C8). */
export interface Rejected {
	/** The protocol's reject code, such as `document_too_large`. */
	readonly code: string
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
	/** A stable word: why it failed (see `Failure`), the server's reason for a removal, or the code of a reject being retried. */
	readonly reason?: string
	readonly rejected?: Rejected
	/** The browser denies storage: unsaved edits do not survive closing the tab. */
	readonly journalDenied?: boolean
}

/** Why a document stopped for good. */
export type Failure =
	| "protocol"
	| "unauthorized"
	| "forbidden"
	| "not_found"
	| "invalid_changes"
	| "client_too_old"
	| "server_too_old"
	| "replaced"
	| "damaged"
	| "mismatch"
	| "closed"

const FAILURES: Readonly<Record<number, Failure>> = {
	4500: "protocol",
	4501: "unauthorized",
	4503: "forbidden",
	4504: "not_found",
	4505: "invalid_changes",
	4506: "client_too_old",
	4507: "server_too_old",
	4508: "replaced",
	4509: "damaged",
}

/** The word for a close code that ends the connection for good. */
export function failureOf(code: number): Failure {
	return FAILURES[code] ?? "protocol"
}

/** Everything the status depends on. */
export interface Circumstances {
	readonly loaded: boolean
	readonly connected: boolean
	readonly pending: number
	readonly role: Role
	readonly retryAt: number | undefined
	readonly removed: string | undefined
	readonly failure: Failure | undefined
	readonly rejected: Rejected | undefined
	/** The code of a reject that is being retried. */
	readonly retrying: string | undefined
	readonly journalDenied: boolean
}

/** The worst news first. */
export function statusOf(now: Circumstances): Status {
	const state = stateOf(now)
	const reason = now.failure ?? now.removed ?? (state === "saving" ? now.retrying : undefined)
	return {
		state,
		pending: now.pending,
		...(now.retryAt !== undefined ? { retryAt: now.retryAt } : {}),
		...(reason !== undefined ? { reason } : {}),
		...(now.rejected ? { rejected: now.rejected } : {}),
		...(now.journalDenied ? { journalDenied: true } : {}),
	}
}

function stateOf(now: Circumstances): Status["state"] {
	if (now.removed !== undefined) return "removed"
	if (now.failure) return "failed"
	if (!now.loaded) return "connecting"
	if (!now.connected) return "offline"
	if (now.rejected) return "rejected"
	if (now.pending > 0) return "saving"
	return now.role === "editor" || now.role === "owner" ? "saved" : "readonly"
}
