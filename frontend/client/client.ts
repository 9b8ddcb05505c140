import type { ClientDocument } from "./document.js"
import type { Journal } from "./journaled.js"
import { LiveDocument } from "./live-document.js"

/** The part of the WebSocket interface used here; the browser's and that of `ws` both fit. */
export interface SocketLike {
	onopen: ((event: never) => void) | null
	onmessage: ((event: never) => void) | null
	onclose: ((event: never) => void) | null
	onerror: ((event: never) => void) | null
	readonly readyState?: number
	readonly bufferedAmount?: number
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
	/** Where unsaved edits outlive the tab: `createJournal` of journal.ts. Asked for when the text is there or the server does not answer. */
	journal?: () => Promise<Journal>
	/** Whether the person can see the page; a hidden one waits longer before it gives a connection up. */
	visible?: () => boolean
	/** In [0, 1), for jitter. */
	random?: () => number
}

export interface Client {
	/** Opens a document for live editing; everything else comes by events. */
	open(id: string): ClientDocument
}

/** A fetch of content that takes longer is given up with its connection, ms. */
const LONGEST_FETCH = 60_000

/**
 * A client of one server. In Node pass a WebSocket implementation; `ws` fits:
 *
 *     const client = createClient({ url: "http://127.0.0.1:8080", webSocket: WebSocket })
 *     const document = client.open(id)
 *     document.on("reset", ({ content }) => console.log(content))
 *     document.on("change", ({ delta, source }) => console.log(source, delta))
 *     document.on("saved", ({ revision }) => console.log("on disk at", revision))
 *     document.on("reset", () => document.submit([{ insert: "Hello " }]))
 */
export function createClient(options: ClientOptions): Client {
	const base = options.url.replace(/\/+$/, "")
	const webSocket = options.webSocket ?? (globalThis as { WebSocket?: ClientOptions["webSocket"] }).WebSocket
	if (!webSocket) throw new Error("this platform has no WebSocket: pass one as options.webSocket")
	// A guest's token from a welcome: without cookies it is what makes the next connection the same guest.
	let guest: string | undefined
	const fetcher = options.fetch ?? globalThis.fetch
	const visible = options.visible ?? (() => true)
	const route = { webSocket, fetch: fetcher, random: options.random ?? Math.random, visible, server: base }
	const token = async () => (await options.token?.()) ?? guest

	return {
		open(id) {
			const path = `/api/documents/${encodeURIComponent(id)}`
			return new LiveDocument({
				id,
				journal: options.journal,
				keepToken: (value) => {
					guest = value
				},
				connection: {
					url: `${base.replace(/^http/, "ws")}${path}/socket`,
					...route,
					transports: async (proven) => (await import("./transport.js")).transportsOf(route, proven),
					token,
				},
				async fetchContent(revision) {
					const bearer = await token()
					const response = await fetcher(`${base}${path}/content?format=delta&revision=${revision}`, {
						credentials: "include",
						signal: AbortSignal.timeout(LONGEST_FETCH),
						headers: bearer ? { authorization: `Bearer ${bearer}` } : {},
					})
					if (!response.ok) throw new Error(`content at revision ${revision}: HTTP ${response.status}`)
					return response.json()
				},
			})
		},
	}
}
