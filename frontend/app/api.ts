/** A person as others see them. */
export interface Person {
	readonly id: string
	readonly name: string
	/** "#rrggbb" */
	readonly color: string
	/** The address of their picture, for those who have one. */
	readonly picture?: string
}

/** What somebody is on the whole server, beside their roles in documents. */
export type Standing = "guest" | "member" | "admin" | "owner"

/** Who comes in: everyone who reaches the server, guests by a share link, or members only. */
export type AccessMode = "open" | "link" | "members"

/** This browser's person. */
export interface Me extends Person {
	readonly standing: Standing
	readonly access: AccessMode
	readonly mail?: string
	/** The account has a password. */
	readonly password?: boolean
}

/** A document's row: everything but its text. Times are RFC 3339. */
export interface DocumentRecord {
	readonly id: string
	readonly title: string
	readonly epoch: string
	readonly revision: number
	readonly createdAt: string
	readonly createdBy: Person
	readonly updatedAt: string
	readonly updatedBy: Person
	readonly trashedAt?: string
	readonly role: string
	/** Who is in it now, each person once: the first who came. */
	readonly people?: readonly Person[]
	/** How many they are in all. */
	readonly here?: number
}

/** One page of a list; `next` is null on the last. */
export interface DocumentList {
	readonly documents: readonly DocumentRecord[]
	readonly next: string | null
}

/** A refused or failed call, with a sentence fit for the person. `status` is 0 when the server was not reached. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		readonly code: string,
		sentence: string,
		/** Seconds after which another try is welcome. */
		readonly retryAfter = 0,
	) {
		super(sentence)
	}
}

const SENTENCES: Readonly<Record<number, string>> = {
	0: "The server cannot be reached. Check the connection and try again.",
	401: "You are signed out. Sign in to go on.",
	404: "This document does not exist, or was removed.",
	507: "The server's disk is full. Whoever runs it has to make room.",
}

/** What to tell the person: the server's word for what it refused, else our own. */
function sentenceFor(status: number, detail?: string): string {
	const refused = status >= 400 && status < 500 ? detail : undefined
	return refused ?? SENTENCES[status] ?? "The server could not do this. Try again in a moment."
}

/** Calls the HTTP API and returns the JSON it answers, or null for an empty answer. */
export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
	let response: Response
	try {
		response = await fetch(`/api${path}`, {
			method,
			headers: body === undefined ? {} : { "Content-Type": "application/json" },
			body: body === undefined ? null : JSON.stringify(body),
			signal: signal ?? null,
			// What somebody did goes on when they leave the page; a browser takes 64 KiB of it.
			keepalive: method === "PATCH",
		})
	} catch (error) {
		if (signal?.aborted) throw error
		throw new ApiError(0, "unreachable", sentenceFor(0))
	}
	if (!response.ok) {
		const { code, detail } = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
		const { status, headers } = response
		throw new ApiError(status, code ?? "unknown", sentenceFor(status, detail), Number(headers.get("Retry-After")))
	}
	const text = await response.text()
	return (text === "" ? null : JSON.parse(text)) as T
}

/** Lists documents by last change, newest first: those in use, or those in the trash. */
export function listDocuments(
	options: { query?: string; cursor?: string; trashed?: boolean },
	signal?: AbortSignal,
): Promise<DocumentList> {
	const search = new URLSearchParams()
	if (options.query) search.set("query", options.query)
	if (options.cursor) search.set("cursor", options.cursor)
	if (options.trashed) search.set("trashed", "true")
	const tail = search.size > 0 ? `?${search}` : ""
	return call("GET", `/documents${tail}`, undefined, signal)
}

/** Creates a document; `content` is a delta. */
export function createDocument(body: { title?: string; content?: unknown } = {}): Promise<DocumentRecord> {
	return call("POST", "/documents", body)
}

/** Reads one document's row. */
export function getDocument(id: string, signal?: AbortSignal): Promise<DocumentRecord> {
	return call("GET", `/documents/${id}`, undefined, signal)
}

/** The last revision before the damage of a document whose log is damaged. */
export async function wholeRevision(id: string, signal?: AbortSignal): Promise<number | undefined> {
	const response = await fetch(`/api/documents/${id}/content?format=text`, { signal: signal ?? null })
	const problem = (await response.json().catch(() => ({}))) as { whole?: number }
	return problem.whole
}

/** Renames a document. */
export function renameDocument(id: string, title: string): Promise<DocumentRecord> {
	return call("PATCH", `/documents/${id}`, { title })
}

/** Moves a document to the trash. */
export function trashDocument(id: string): Promise<null> {
	return call("DELETE", `/documents/${id}`)
}

/** Takes a document out of the trash. */
export function restoreDocument(id: string): Promise<DocumentRecord> {
	return call("POST", `/documents/${id}/restore`)
}

/** Who this browser is. */
export function getMe(): Promise<Me> {
	return call("GET", "/me")
}

/** What one may change of oneself; another mail address asks for the password. */
export interface MeChange {
	readonly name?: string
	readonly color?: string
	readonly mail?: string
	readonly password?: string
}

/** Changes one's name, colour or mail. */
export function patchMe(change: MeChange): Promise<Me> {
	return call("PATCH", "/me", change)
}

/** Ends this browser's login. */
export function signOut(): Promise<null> {
	return call("POST", "/signout")
}

/** Reads a document's text in a format, for saving as a file. */
export async function exportDocument(id: string, format: "html" | "markdown" | "text"): Promise<Blob> {
	const response = await fetch(`/api/documents/${id}/content?format=${format}`).catch(() => null)
	if (!response?.ok) throw new ApiError(response?.status ?? 0, "export", sentenceFor(response?.status ?? 0))
	return response.blob()
}
