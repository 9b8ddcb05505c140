/** A person as others see them. */
export interface Person {
	readonly id: string
	readonly name: string
	/** "#rrggbb" */
	readonly color: string
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
	/** Who is in it now, each person once. */
	readonly people?: readonly Person[]
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
	) {
		super(sentence)
	}
}

function sentenceFor(status: number): string {
	if (status === 0) return "The server cannot be reached. Check the connection and try again."
	if (status === 404) return "This document does not exist, or was removed."
	if (status === 401 || status === 403) return "You may not do this here."
	if (status === 429) return "That was a lot at once. Wait a moment and try again."
	if (status === 507) return "The server's disk is full. Whoever runs it has to make room."
	return "The server could not do this. Try again in a moment."
}

/** Calls the HTTP API and returns the JSON it answers, or null for an empty answer. */
async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
	let response: Response
	try {
		response = await fetch(`/api${path}`, {
			method,
			headers: body === undefined ? {} : { "Content-Type": "application/json" },
			body: body === undefined ? null : JSON.stringify(body),
			signal: signal ?? null,
		})
	} catch (error) {
		if (signal?.aborted) throw error
		throw new ApiError(0, "unreachable", sentenceFor(0))
	}
	if (!response.ok) {
		const problem = (await response.json().catch(() => ({}))) as { code?: string }
		throw new ApiError(response.status, problem.code ?? "unknown", sentenceFor(response.status))
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
export function getMe(): Promise<Person> {
	return call("GET", "/me")
}

/** Changes one's name or colour. */
export function patchMe(change: { name?: string; color?: string }): Promise<Person> {
	return call("PATCH", "/me", change)
}

/** Reads a document's text in a format, for saving as a file. */
export async function exportDocument(id: string, format: "html" | "markdown" | "text"): Promise<Blob> {
	const response = await fetch(`/api/documents/${id}/content?format=${format}`).catch(() => null)
	if (!response?.ok) throw new ApiError(response?.status ?? 0, "export", sentenceFor(response?.status ?? 0))
	return response.blob()
}
