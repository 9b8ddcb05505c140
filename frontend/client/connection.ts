import type { SocketLike } from "./client.js"
import { Moment } from "./moment.js"
import {
	type ClientMessage,
	decodeFrame,
	encodeMessage,
	type Hello,
	type ServerMessage,
	SUBPROTOCOL,
} from "./protocol.js"
import type { Transports } from "./transport.js"

/** Silence after which the server is asked whether it is there, ms. */
const QUIET = 15_000
/** How long an answer may take - a ping's, or the welcome - in a page one sees and in one that is hidden, ms. Noticed within 35 s (law C5). */
const PATIENCE = { visible: 10_000, hidden: 18_000 }
/** The same after `reconnectNow`, when somebody says that the network changed, ms. */
const PROBE_PATIENCE = 4_000
/** So much waiting to leave says something of the line: a system takes less at once, though nobody reads; bytes. And how often it is looked at, ms. */
const LARGE = 32 << 10
const LOOK = 1_000
/** Backoff: full jitter over 0.5 s doubling to 30 s (law C5), ms. */
const FIRST_DELAY = 500
const LONGEST_DELAY = 30_000
/** A connection that lived so long was a good one: the backoff begins anew, ms. */
const STABLE = 10_000
/** After a goodbye the server, or another one, is expected so soon that attempts stay frequent, ms. */
const BACK_SOON = 10_000
/** How long a WebSocket may take to open before the network is believed to break it, ms. */
const OPENING = 4_000
/** An attempt waits no longer than this for long-poll to be fetched, ms: fetching may stall for minutes where WebSocket works again. */
const FETCHING = 2_000
/** One that opened and brings no welcome in that time gets twice as long the next time, up to this, ms: where the network is slow, a large document comes late. */
const LONGEST_WELCOME = 60_000
/** No goodbye keeps a client away for longer, ms: a server spreads its own over 20 s at most, and timers count to 2^31 ms. */
const LONGEST_FAREWELL = 60_000
/** A timer so late means that the machine slept: the server gets a second chance to answer, ms. */
const LATE = 5_000

export interface ConnectionOptions {
	/** The socket's address, ws: or wss:. */
	readonly url: string
	readonly webSocket: new (url: string, protocols: string[]) => SocketLike
	/** Long-poll beside WebSocket, fetched when it may be needed; `proven`: WebSocket has worked. */
	readonly transports: (proven: boolean) => Promise<Transports>
	/** The server's name; the tab remembers by it where WebSocket does not work. */
	readonly server: string
	readonly token: () => Promise<string | undefined>
	readonly visible: () => boolean
	readonly random: () => number
}

/** Of a browser's tab, the part that remembers. */
export interface Tab {
	readonly sessionStorage?: Record<string, string>
}

export interface ConnectionListener {
	/** What to say first on a new connection. */
	hello(token: string | undefined): Hello
	receive(message: ServerMessage): void
	/** The connection ended; another attempt follows by itself. */
	down(): void
	/** `retryAt` or `phase` changed. */
	changed(): void
	/** The server said not to come back. */
	stopped(code: number, reason: string): void
}

/**
 * Keeps one connection alive: hello first, a heartbeat of its own since a
 * stalled network closes nothing, backoff with jitter, and the close codes'
 * policy (law P5). Whatever an abandoned socket still says is ignored.
 */
export class Connection {
	phase: "idle" | "waiting" | "opening" | "open" | "stopped" = "idle"
	/** When the next attempt begins, ms since 1970, while `phase` is "waiting". */
	retryAt: number | undefined
	private socket: SocketLike | undefined
	/** Undefined while a plain WebSocket does. */
	private transports: Transports | undefined
	private tried = false
	/** Counts attempts to connect, so that a stale one is known. */
	private generation = 0
	private attempts = 0
	/** Hello was said on this attempt, and the welcome is waited for. */
	private greeted = false
	/** How often in a row the welcome did not come in time. */
	private unanswered = 0
	/** Until then a server that said goodbye is expected back, ms since 1970. */
	private expected = 0
	private timer: ReturnType<typeof setTimeout> | undefined
	private farewell: ReturnType<typeof setTimeout> | undefined
	private armed = new Moment()
	private delay = 0
	private openedAt = 0
	private heard = new Moment()
	private pinged: Moment | undefined
	private patience = PATIENCE.visible
	private lateOnce = false
	/** What waited to leave when it was last looked at, while that is much; bytes. */
	private backlog = 0

	constructor(
		private readonly options: ConnectionOptions,
		private readonly listener: ConnectionListener,
	) {
		try {
			this.tried = (globalThis as Tab).sessionStorage?.[options.server] === "longpoll"
		} catch {
			// Denied.
		}
	}

	/** Connects at once; checks a connection that seems open. `again`: also after a stop. */
	now(again = false): void {
		if (again && this.phase === "stopped") this.phase = "idle"
		// What failed before says nothing about the network as it is now. The attempt that begins, or is
		// under way, may still fail on the old one: then the next follows soon.
		this.attempts = 0
		this.unanswered = 0
		if (this.phase === "idle" || this.phase === "waiting") void this.connect()
		else if (this.phase === "open") this.ping(PROBE_PATIENCE)
		else if (this.greeted) this.arm(Math.min(this.delay - this.armed.age, this.usualPatience()), () => this.retry())
	}

	send(message: ClientMessage): void {
		// One that is closing takes nothing, and its close is about to be told (WebSocket.OPEN is 1).
		if (this.phase !== "open" || (this.socket?.readyState ?? 1) !== 1) return
		this.socket?.send(encodeMessage(message))
		const left = this.waiting()
		if (left >= LARGE && this.backlog === 0) this.arm(LOOK, this.beat)
		this.backlog = left
	}

	/** Bytes that wait to leave, 0 where they are too few to say anything. */
	private waiting(): number {
		const left = this.socket?.bufferedAmount ?? 0
		return left < LARGE ? 0 : left
	}

	/** Leaves and comes back at once. */
	restart(): void {
		if (this.phase === "stopped") return
		this.drop()
		this.listener.down()
		void this.connect()
	}

	/** Leaves and comes back after the backoff. */
	retry(): void {
		if (this.phase === "stopped") return
		if (this.openedAt > 0 && Date.now() - this.openedAt >= STABLE) this.attempts = 0
		if (Date.now() < this.expected) this.attempts = Math.min(this.attempts, 1)
		this.drop(4000)
		const delay = this.options.random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.attempts++)
		this.phase = "waiting"
		this.retryAt = Date.now() + delay
		this.arm(delay, () => void this.connect())
		this.listener.down()
		this.listener.changed()
	}

	/** Ends for good. */
	stop(): void {
		this.drop()
		this.phase = "stopped"
	}

	private async connect(): Promise<void> {
		const generation = ++this.generation
		this.phase = "opening"
		this.retryAt = undefined
		this.openedAt = 0
		this.greeted = false
		this.arm(this.usualPatience(), () => this.retry())
		this.listener.changed()
		const current = () => generation === this.generation
		try {
			if (this.tried) await Promise.race([this.load(false), pause(FETCHING)])
			const token = await this.options.token()
			if (!current()) return
			this.tried = true
			const { url, webSocket } = this.options
			const socket = this.transports?.socket(url, () => this.restart()) ?? new webSocket(url, [SUBPROTOCOL])
			this.socket = socket
			if (!this.transports) this.arm(OPENING, () => this.retry())
			socket.onopen = () => {
				if (!current()) return
				this.greeted = true
				this.arm(Math.min(LONGEST_WELCOME, this.usualPatience() * 2 ** this.unanswered), () => {
					this.unanswered++
					this.retry()
				})
				socket.send(encodeMessage(this.listener.hello(token)))
			}
			socket.onmessage = (event: { data: unknown }) => {
				if (current()) this.hear(event.data, current)
			}
			socket.onclose = (event: { code: number; reason: string }) => {
				if (current()) this.closed(event.code, event.reason)
			}
			socket.onerror = () => {} // a close follows
		} catch {
			if (current()) this.retry()
		}
	}

	/** Fetches long-poll; where that fails or takes long WebSocket has to do, this time. */
	private async load(proven: boolean): Promise<void> {
		this.transports ??= await this.options.transports(proven).catch(() => undefined)
	}

	private hear(data: unknown, current: () => boolean): void {
		this.heard = new Moment()
		this.pinged = undefined
		this.lateOnce = false
		let messages: ServerMessage[]
		try {
			messages = decodeFrame(String(data))
		} catch {
			this.retry()
			return
		}
		for (const message of messages) {
			if (!current()) return
			if (message.type === "welcome") {
				this.phase = "open"
				this.unanswered = 0
				this.openedAt = Date.now()
				this.arm(QUIET, this.beat)
				void this.load(true)
			} else if (message.type === "goaway") {
				clearTimeout(this.farewell)
				const pause = Math.min(LONGEST_FAREWELL, message.retryAfter)
				this.expected = Date.now() + pause + BACK_SOON
				this.farewell = setTimeout(() => this.restart(), pause)
			}
			this.listener.receive(message)
		}
	}

	private closed(code: number, reason: string): void {
		if (mayReconnect(code)) {
			this.retry()
			return
		}
		this.stop()
		this.listener.stopped(code, reason)
		this.listener.down()
	}

	private readonly beat = (): void => {
		const left = this.waiting()
		if (left < this.backlog) {
			// A large change on a slow line: what leaves now made its way, and no answer can come before the last of it.
			this.heard = new Moment()
			this.pinged = undefined
		}
		this.backlog = left
		if (this.pinged === undefined) {
			const silence = this.heard.age
			if (silence < QUIET) this.arm(left > 0 ? LOOK : QUIET - silence, this.beat)
			else this.ping(this.usualPatience())
		} else if (this.armed.age - this.delay > LATE && !this.lateOnce) {
			this.lateOnce = true
			this.ping(this.usualPatience())
		} else if (this.pinged.age >= this.patience) this.retry()
		else this.arm(Math.min(left > 0 ? LOOK : this.patience, this.patience - this.pinged.age), this.beat)
	}

	private ping(patience: number): void {
		this.send({ type: "ping" })
		this.pinged = new Moment()
		this.patience = patience
		this.arm(patience, this.beat)
	}

	private usualPatience(): number {
		return this.options.visible() ? PATIENCE.visible : PATIENCE.hidden
	}

	private arm(delay: number, then: () => void): void {
		clearTimeout(this.timer)
		this.armed = new Moment()
		this.delay = delay
		this.timer = setTimeout(then, delay)
	}

	/** Forgets the socket at once: one that stalled may take minutes to close. 4000 says that it is given up. */
	private drop(code = 1000): void {
		this.generation++
		clearTimeout(this.timer)
		clearTimeout(this.farewell)
		this.pinged = undefined
		this.lateOnce = false
		this.backlog = 0
		const socket = this.socket
		this.socket = undefined
		try {
			socket?.close(code)
		} catch {
			// It was closed already.
		}
	}
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Law P5, and of RFC 6455's codes those that another attempt cannot mend: 1007 invalid text, 1009 too large. */
function mayReconnect(code: number): boolean {
	return code < 4500 && code !== 1007 && code !== 1009
}
