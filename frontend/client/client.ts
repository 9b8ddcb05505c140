import type { Delta } from "./delta.js"
import type { ClientDocument } from "./document.js"

/** What must be safe before a change leaves (law C3). */
export interface JournalEntry {
	readonly document: string
	readonly client: string
	readonly seq: number
	readonly base: number
	readonly delta: Delta
}

/** Where unsaved changes survive the tab. A rejected `store` means denied: the status says so and the change leaves without it. */
export interface Journal {
	store(entry: JournalEntry): Promise<void>
	/** The change is in the log, or was refused for good. */
	settle(entry: { document: string; client: string; seq: number }): void
}

/** The part of the WebSocket interface used here; the browser's and that of `ws` both fit. */
export interface SocketLike {
	onopen: ((event: never) => void) | null
	onmessage: ((event: never) => void) | null
	onclose: ((event: never) => void) | null
	onerror: ((event: never) => void) | null
	send(data: string): void
	close(code?: number, reason?: string): void
}

export interface ClientOptions {
	/** Where the server is, such as `location.origin`. */
	url: string
	/** Called before every connection; without it the browser's cookies speak. */
	token?: () => Promise<string | undefined>
	/** Needed where there is no global WebSocket. */
	webSocket?: new (
		url: string,
		protocols: string[],
	) => SocketLike
	fetch?: typeof fetch
	journal?: Journal
	/** Whether the person can see the page; a hidden one waits longer before it gives a connection up. */
	visible?: () => boolean
	/** In [0, 1), for jitter. */
	random?: () => number
}

export interface Client {
	/** Opens a document for live editing; everything else comes by events. */
	open(id: string): ClientDocument
}
