import type { SocketLike } from "./client.js"
import { Moment } from "./moment.js"
import { takeShare } from "./poll-shares.js"

/** What a poll gets; see docs/protocol.md. */
interface Answer {
	readonly connection: string | null
	readonly sent: number
	readonly accepted: number
	readonly messages: readonly unknown[]
	readonly close?: { readonly code: number; readonly reason: string }
}

/** A poll that fails on an open connection is repeated so often, after these pauses, ms: the server keeps what it had said. */
const PAUSES = [100, 400, 1_000]
/** Between two polls that do not wait at the server, ms. */
const BRIEF = 5_000
/** One that was to wait and was answered with nothing, sooner than this, did not come from the server; and the pause after it, ms. */
const HOLLOW = 1_000
/** What a poll that brings something waits for its answer where it may not wait long, ms. */
const ANSWER = 2_000
/** A request that carries so much may take a slow line minutes: what is sent meanwhile does not carry it again; characters. */
const LARGE = 32 << 10
/** It is given up when less gets through, characters a ms, as the server does; and the time that any request may take, ms. */
const SLOWEST = 2
const LONGEST = 35_000

/**
 * A long-poll connection in a WebSocket's clothes, for networks that let no
 * WebSocket pass. One request waits at the server; sending begins another,
 * which takes over. Every request carries all that the server has not said it
 * took, so neither loss nor order of requests matters, and messages that come
 * twice are told once.
 */
export class LongPollSocket implements SocketLike {
	onopen: ((event: never) => void) | null = null
	onmessage: ((event: never) => void) | null = null
	onclose: ((event: never) => void) | null = null
	onerror: ((event: never) => void) | null = null
	private connection: string | null = null
	/** Server messages told to our listener. */
	private received = 0
	/** Client messages that the server took. */
	private accepted = 0
	/** And those that it has not said it took, encoded. */
	private unsent: string[] = []
	/** Whether there are some that no request has carried yet. */
	private fresh = false
	/** How many requests with much to carry are under way. */
	private carrying = 0
	/** The newest request's number. */
	private latest = 0
	private over = false
	/** Lets the polls of a hidden tab wait. */
	private share: Promise<{ release(): void } | undefined> | undefined
	private readonly abort = new AbortController()

	constructor(
		private readonly url: string,
		private readonly fetch: typeof globalThis.fetch,
		private readonly visible: () => boolean = () => true,
	) {
		// Later than whoever made this can say that they listen.
		setTimeout(() => {
			if (!this.over) this.onopen?.({} as never)
		})
	}

	send(data: string): void {
		this.unsent.push(data)
		this.fresh = true
		queueMicrotask(() => {
			// Unless a request has carried it meanwhile, or hello is still on its way.
			if (!this.fresh) return
			if (this.carrying > 0) void this.look()
			else if (this.connection !== null || this.latest === 0) void this.poll(++this.latest)
		})
	}

	close(): void {
		if (this.over) return
		this.over = true
		this.abort.abort()
		this.giveBack()
		// Others see us go at once; else the server would wait for us a while. `keepalive` outlives the page.
		if (this.connection !== null) this.post({ leave: true, keepalive: true }).catch(() => {})
	}

	/** Asks again and again until another request has taken over. */
	private async poll(number: number): Promise<void> {
		for (let failed = 0; !this.over && number === this.latest; ) {
			try {
				const hold = await this.patience()
				if (this.over || number !== this.latest) return
				const { accepted } = this
				const asked = new Moment()
				const answer = await this.post(hold === undefined ? {} : { hold })
				failed = 0
				if (!this.over) this.take(answer)
				if (answer.messages.length > 0) continue
				if (hold !== undefined) await pause(BRIEF)
				else if (this.accepted === accepted && asked.age < HOLLOW) await pause(HOLLOW)
			} catch {
				if (this.over || number !== this.latest) return
				const next = this.connection === null ? undefined : PAUSES[failed++]
				if (next === undefined) this.end(1006, "")
				else await pause(next)
			}
		}
	}

	/** Asks beside a request that carries a lot, which goes on first: an answer shows that the server is there. */
	private async look(): Promise<void> {
		const answer = await this.post({ hold: 0, bare: true }).catch(() => undefined)
		if (answer && !this.over) this.take(answer)
	}

	/** How long the next request waits at the server, ms; undefined: as long as it likes, for a tab in sight or one of few. */
	private async patience(): Promise<number | undefined> {
		if (this.connection === null) return undefined
		if (this.visible()) {
			this.giveBack()
			return undefined
		}
		this.share ??= takeShare()
		if (await this.share) return undefined
		this.share = undefined // asked for again next time
		return this.unsent.length > 0 ? ANSWER : 0
	}

	private giveBack(): void {
		void this.share?.then((share) => share?.release())
		this.share = undefined
	}

	/** `bare`: without what is to be sent. */
	private async post(how: { hold?: number; leave?: boolean; keepalive?: boolean; bare?: boolean }): Promise<Answer> {
		const messages = how.leave || how.bare ? "" : this.unsent.join(",")
		if (!how.bare) this.fresh = false
		if (messages.length < LARGE) return this.request(how, messages)
		const slow = setTimeout(() => this.end(1006, ""), LONGEST + messages.length / SLOWEST)
		this.carrying++
		try {
			return await this.request(how, messages)
		} finally {
			this.carrying--
			clearTimeout(slow)
		}
	}

	private async request(
		{ hold, leave = false, keepalive = false }: { hold?: number; leave?: boolean; keepalive?: boolean },
		messages: string,
	): Promise<Answer> {
		const { connection, received, accepted: first } = this
		const head = JSON.stringify({ connection, received, first, hold, ...(leave ? { leave } : {}) })
		const { fetch } = this // not as a method: the browser's refuses another `this`
		const response = await fetch(this.url, {
			method: "POST",
			credentials: "include",
			cache: "no-store",
			headers: { "content-type": "application/json" },
			body: `${head.slice(0, -1)},"messages":[${messages}]}`,
			...(leave ? {} : { signal: this.abort.signal }),
			...(keepalive ? { keepalive } : {}),
		})
		if (!response.ok) throw new Error(`poll: HTTP ${response.status}`)
		const answer = (await response.json()) as Answer
		if (!Array.isArray(answer?.messages)) throw new Error("poll: the answer is not a server's")
		return answer
	}

	private take(answer: Answer): void {
		if (answer.connection !== null) this.connection = answer.connection
		if (answer.accepted > this.accepted) {
			this.unsent.splice(0, answer.accepted - this.accepted)
			this.accepted = answer.accepted
		}
		const { messages } = answer
		const fresh = messages.length > 0 ? Math.max(0, answer.sent - this.received) : 0
		if (fresh > messages.length) {
			this.end(4000, "a gap in the messages")
			return
		}
		this.received += fresh
		// An empty one too: it says that the server is there.
		this.onmessage?.({ data: JSON.stringify(fresh > 0 ? messages.slice(-fresh) : []) } as never)
		if (answer.close && !this.over) this.end(answer.close.code, answer.close.reason)
	}

	private end(code: number, reason: string): void {
		this.over = true
		this.abort.abort()
		this.giveBack()
		this.onclose?.({ code, reason } as never)
	}
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms))
}
