import type { SocketLike } from "./client.js"
import type { Tab } from "./connection.js"
import { LongPollSocket } from "./longpoll.js"
import { SUBPROTOCOL } from "./protocol.js"

/** How messages travel. The promises are the same (law P4). */
type Transport = "websocket" | "longpoll"

/** How long a WebSocket may take to open, and, coming back to it, to the first message, ms. */
const OPENING = 4_000
/** A connection lost so soon speaks against WebSocket, ms. Twice in a row, and it is not used. */
const SOON = 60_000
/** Between attempts to come back to WebSocket: doubling, ms. */
const FIRST_PAUSE = 30_000
const LONGEST_PAUSE = 5 * 60_000

/** The way to one server, as one client goes it. */
export interface Route {
	readonly webSocket: new (url: string, protocols: string[]) => SocketLike
	readonly fetch: typeof globalThis.fetch
	readonly random: () => number
	readonly visible: () => boolean
	/** What is learnt is remembered under this name for as long as the tab lives. */
	readonly server: string
}

const known = new WeakMap<Route, Transports>()

/** What a client has learnt of its route. `proven`: WebSocket has worked; else it was tried in vain, now or before a reload. */
export function transportsOf(route: Route, proven: boolean): Transports {
	const transports = known.get(route) ?? new Transports(route, proven)
	known.set(route, transports)
	return transports
}

/**
 * Which transport to use towards one server, learnt from how connections fare:
 * WebSocket first, long-poll where it does not open or does not last. A server
 * that is down looks like a network without WebSocket, so long-poll is believed
 * in only once it has worked, and WebSocket is tried again in between.
 */
export class Transports {
	/** WebSockets that opened while long-poll served, by address: the next connection takes its own. */
	readonly ready = new Map<string, SocketLike>()
	private polling: boolean
	/** Attempts in a row in which WebSocket brought nothing. */
	private refused = 0
	/** Connections in a row that were lost soon. */
	private struck = 0
	private pause = FIRST_PAUSE

	constructor(
		readonly route: Route,
		private proven: boolean,
	) {
		this.polling = !proven
	}

	/** A connection by what works. `back` asks for another one, which will be a WebSocket. */
	socket(url: string, back: () => void): SocketLike {
		return new AnySocket(this, url, back)
	}

	choose(): Transport {
		return this.polling ? "longpoll" : "websocket"
	}

	/** The first message came. */
	opened(transport: Transport): void {
		this.refused = 0
		this.polling = transport === "longpoll"
		if (!this.polling) this.proven = true
		this.remember()
	}

	/** Nothing came. Says whether the other transport is worth trying at once. */
	failed(transport: Transport): boolean {
		if (transport === "longpoll") {
			// It is not WebSocket alone: begin with it again, and be quick to doubt it.
			this.polling = false
			this.refused = 1
			return false
		}
		if (this.polling)
			this.later() // it was an attempt to come back
		else this.polling = ++this.refused > 1 || !this.proven
		return this.polling
	}

	/** A connection was lost `lived` ms after its first message, by no word of the server's. */
	died(transport: Transport, lived: number): void {
		if (transport === "longpoll") return
		if (lived >= SOON) {
			this.struck = 0
			this.pause = FIRST_PAUSE
		} else if (++this.struck > 1) {
			this.polling = true
			this.later()
		}
	}

	/** WebSocket still does not work. */
	later(): void {
		this.pause = Math.min(LONGEST_PAUSE, 2 * this.pause)
	}

	/** Until the next attempt to come back, ms; spread, for not all to come at once. */
	wait(): number {
		return this.pause * (0.75 + this.route.random() / 2)
	}

	private remember(): void {
		try {
			const { sessionStorage } = globalThis as Tab
			if (sessionStorage) sessionStorage[this.route.server] = this.choose()
		} catch {
			// Denied: the next page learns it again.
		}
	}
}

/** A connection that begins over one transport and goes over to the other where nothing comes. */
class AnySocket implements SocketLike {
	onopen: ((event: never) => void) | null = null
	onmessage: ((event: never) => void) | null = null
	onclose: ((event: never) => void) | null = null
	onerror: ((event: never) => void) | null = null
	private transport: Transport = "websocket"
	private inner: SocketLike | undefined
	/** A WebSocket being tried while long-poll serves. */
	private probe: SocketLike | undefined
	private timer: ReturnType<typeof setTimeout> | undefined
	/** When the first message came, ms since 1970. */
	private heardAt = 0
	private over = false

	constructor(
		private readonly transports: Transports,
		private readonly url: string,
		private readonly back: () => void,
	) {
		this.begin()
	}

	get bufferedAmount(): number {
		return this.inner?.bufferedAmount ?? 0
	}

	send(data: string): void {
		this.inner?.send(data)
	}

	/** 1000 leaves; anything else gives up a connection that says nothing. */
	close(code = 1000): void {
		if (this.over) return
		this.end()
		if (code !== 1000) this.blame()
	}

	private begin(): void {
		const { transports, url } = this
		const ready = transports.ready.get(url)
		transports.ready.delete(url)
		this.transport = ready ? "websocket" : transports.choose()
		const inner = ready ?? this.open()
		this.inner = inner
		const opened = () => {
			if (this.inner === inner) this.onopen?.({} as never)
		}
		if (this.transport === "websocket") this.timer = setTimeout(() => this.failed(1006, ""), OPENING)
		if (ready) setTimeout(opened)
		inner.onopen = () => {
			clearTimeout(this.timer)
			opened()
		}
		inner.onmessage = (event: never) => {
			if (this.inner !== inner) return
			if (this.heardAt === 0) {
				this.heardAt = Date.now()
				clearTimeout(this.timer)
				transports.opened(this.transport)
				if (this.transport === "longpoll") this.lookLater()
			}
			this.onmessage?.(event)
		}
		inner.onclose = (event: { code: number; reason: string }) => {
			if (this.inner === inner) this.failed(event.code, event.reason)
		}
		inner.onerror = () => {} // a close follows
	}

	private open(): SocketLike {
		const { webSocket, fetch, visible } = this.transports.route
		if (this.transport === "websocket") return new webSocket(this.url, [SUBPROTOCOL])
		return new LongPollSocket(this.url.replace(/^ws(.*)socket$/, "http$1poll"), fetch, visible)
	}

	private failed(code: number, reason: string): void {
		const again = ofNetwork(code) && this.blame()
		this.end()
		if (again) {
			this.over = false
			this.begin()
		} else this.onclose?.({ code, reason } as never)
	}

	/** Tells what the network did. Says whether the other transport is worth trying at once. */
	private blame(): boolean {
		if (this.heardAt === 0) return this.transports.failed(this.transport)
		this.transports.died(this.transport, Date.now() - this.heardAt)
		return false
	}

	private end(): void {
		this.over = true
		const { inner, probe } = this
		this.inner = this.probe = undefined
		clearTimeout(this.timer)
		leave(inner)
		leave(probe)
	}

	private lookLater(): void {
		this.timer = setTimeout(() => this.look(), this.transports.wait())
	}

	/** Opens a WebSocket beside; one that opens is where the next connection, which resumes, begins. */
	private look(): void {
		const { transports, url } = this
		const probe = new transports.route.webSocket(url, [SUBPROTOCOL])
		this.probe = probe
		const failed = () => {
			if (transports.ready.get(url) === probe) transports.ready.delete(url)
			if (this.probe !== probe) return
			clearTimeout(this.timer)
			this.probe = undefined
			leave(probe)
			transports.later()
			this.lookLater()
		}
		this.timer = setTimeout(failed, OPENING)
		probe.onclose = failed
		probe.onerror = () => {}
		probe.onopen = () => {
			if (this.probe !== probe) return
			this.probe = undefined
			transports.ready.set(url, probe)
			this.back()
		}
	}
}

function leave(socket: SocketLike | undefined): void {
	try {
		socket?.close(1000)
	} catch {
		// It was closed already.
	}
}

/** Close codes that a network or a proxy makes, and no server of ours. */
function ofNetwork(code: number): boolean {
	return code < 4000 && ![1001, 1007, 1009, 1011, 1012, 1013].includes(code)
}
