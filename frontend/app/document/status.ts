import type { Failure, Role, Status } from "../../client/index.js"

/** How loud a state is: as it should be, on its way, needs patience, needs the person. */
export type Tone = "good" | "busy" | "wait" | "stop"

/** What the one place for the state of saving shows. */
export interface StatusLine {
	readonly tone: Tone
	/** Exactly one sentence in the person's terms. */
	readonly sentence: string
	/** What can be done about it, if anything. */
	readonly action?: {
		readonly label: string
		readonly does: "reconnect" | "showText" | "reload" | "restore" | "goHome" | "signIn" | "ask"
	}
}

/** Says a number of edits in words. */
export function edits(count: number): string {
	return count === 1 ? "1 edit" : `${count} edits`
}

/** Why the client stopped for good, by the close code's name or its own word. */
const STOPPED: Readonly<Record<Failure, string>> = {
	not_found: "This document does not exist, or was removed",
	forbidden: "You have no access to this document",
	unauthorized: "You are signed out",
	replaced: "This document was opened again elsewhere - reload to write here",
	damaged: "The server's copy of this document is damaged - whoever runs the server can restore it",
	client_too_old: "The server was updated - reload to go on",
	server_too_old: "The server is older than this page - reload in a moment",
	protocol: "The connection was refused - reload to go on",
	invalid_changes: "The server refused several edits - reload to go on",
	mismatch: "This page differs from the server's copy - reload to go on",
	closed: "This document was closed - reload to go on",
}

/** Why an edit was refused for good. */
const REFUSED: Readonly<Record<string, string>> = {
	read_only: "you may only read here",
	change_too_large: "it was too much at once",
	document_too_large: "the document has reached its limit",
	id_conflict: "it was sent twice with different content",
	invalid_change: "the server could not apply it",
	recovered: "it was left by another tab, of a text that is gone",
	forbidden: "it was written here as somebody else",
}

/** When the next attempt comes. */
function attempt(status: Status, now: number): string {
	const seconds = status.retryAt === undefined ? 0 : Math.ceil((status.retryAt - now) / 1000)
	return seconds > 0 ? `reconnecting in ${seconds} s` : "reconnecting"
}

/** What is not saved anywhere else lives as long as the tab. */
function keep(status: Status): string {
	return status.journalDenied && status.pending > 0 ? ", keep this tab open" : ""
}

function waiting(status: Status, now: number): string {
	const held = status.pending > 0 ? `${edits(status.pending)} waiting` : ""
	return `Offline - ${held ? `${held}, ` : ""}${attempt(status, now)}${keep(status)}`
}

function saving(status: Status): string {
	switch (status.reason) {
		case "storage_full":
			return `Not saved yet - the server's disk is full, trying again${keep(status)}`
		case "rate_limited":
			return "Saving - slowly, that was a lot at once"
		case "unavailable":
			return `Saving - the server is busy, trying again${keep(status)}`
		default:
			return "Saving"
	}
}

/** What was typed and cannot be saved any more is worth more than any other next step (law S9). */
function unsaved(status: Status): StatusLine["action"] {
	return status.pending > 0 || status.rejected ? { label: "Show unsaved text", does: "showText" } : undefined
}

/** What is offered for copying: what was refused and, where nothing will be sent any more, what still waits. */
export function offeredText({ state, rejected }: Status, waiting: string): string {
	return [rejected?.text, state !== "rejected" && waiting].filter(Boolean).join("\n")
}

/** Signing in again sends what is unsaved, so it comes before reading it. */
function signedOut(status: Status): StatusLine {
	const held = status.pending > 0 ? ` - ${edits(status.pending)} waiting` : ""
	return { tone: "stop", sentence: `${STOPPED.unauthorized}${held}`, action: { label: "Sign in", does: "signIn" } }
}

/** The one line for a status. `now` is in ms since 1970, for the countdown. */
export function statusLine(status: Status, now: number, role?: Role): StatusLine {
	switch (status.state) {
		case "connecting":
			return status.retryAt !== undefined && status.retryAt > now
				? {
						tone: "wait",
						sentence: `Not connected - ${attempt(status, now)}`,
						action: { label: "Now", does: "reconnect" },
					}
				: { tone: "busy", sentence: "Connecting" }
		case "saved":
			return { tone: "good", sentence: "Saved" }
		case "saving":
			return { tone: status.reason ? "wait" : "busy", sentence: saving(status) }
		case "offline":
			return {
				tone: "wait",
				sentence: waiting(status, now),
				...(status.retryAt !== undefined && status.retryAt > now
					? { action: { label: "Now", does: "reconnect" as const } }
					: {}),
			}
		case "readonly":
			return {
				tone: "busy",
				sentence: role === "commenter" ? "You can comment, not edit" : "You can view, not edit",
				action: { label: "Ask to edit", does: "ask" },
			}
		case "rejected": {
			const why = REFUSED[status.rejected?.code ?? ""] ?? "the server could not apply it"
			return {
				tone: "stop",
				sentence: `An edit was not accepted: ${why}`,
				action: { label: "Show text", does: "showText" },
			}
		}
		case "removed": {
			const trashed = status.reason === "trashed"
			return {
				tone: "stop",
				sentence: trashed ? "This document is in the trash" : "You no longer have access to this document",
				action:
					unsaved(status) ??
					(trashed ? { label: "Restore", does: "restore" } : { label: "All documents", does: "goHome" }),
			}
		}
		case "failed":
			if (status.reason === "unauthorized") return signedOut(status)
			return {
				tone: "stop",
				sentence: STOPPED[status.reason as Failure] ?? "Something went wrong - reload to go on",
				action: unsaved(status) ?? { label: "Reload", does: "reload" },
			}
	}
}
