import type { SocketLike } from "../client.js"
import type { ClientMessage, ServerMessage } from "../protocol.js"
import type { FakePeer, FakeServer } from "./fake-server.js"

/** One long-poll connection to a `FakeServer`, with the server's side of its promises. */
interface FakePoll {
	readonly peer: FakePeer
	accepted: number
	seen: number
	kept: ServerMessage[]
	/** Answers the request that waits. */
	waiting: ((messages: readonly ServerMessage[]) => void) | undefined
}

/** WebSockets and long-poll to a `FakeServer`, without a network: messages arrive when the test says so. */
export class FakeNetwork {
	readonly sockets: FakeSocket[] = []
	/** Whether new connections succeed. */
	reachable = true
	/** Whether messages of open connections arrive; false is a network that stalls and says nothing. */
	flowing = true

	/** A network that lets no WebSocket pass: refused at once, or left hanging. */
	blocked: "no" | "refused" | "hanging" = "no"
	readonly polls = new Map<string, FakePoll>()
	/** Requests that came to the server. */
	polled = 0
	/** So many answers get lost from now on, though the server took what the request brought. */
	losing = 0

	constructor(readonly server: FakeServer) {}

	/** A fetch bound to this network, which knows the poll route only. */
	get fetch(): typeof fetch {
		return (async (url: string, init: RequestInit) => {
			if (!this.reachable || !url.endsWith("/poll")) throw new TypeError("fetch failed")
			this.polled++
			let abort = () => {}
			const aborted = new Promise<never>((_, reject) => {
				abort = () => reject(new DOMException("aborted", "AbortError"))
				init.signal?.addEventListener("abort", abort)
			})
			if (!this.flowing) return await aborted
			const answer = await Promise.race([this.poll(JSON.parse(String(init.body))), aborted])
			if (!this.flowing) return await aborted
			init.signal?.removeEventListener("abort", abort)
			if (this.losing > 0 && this.losing--) throw new TypeError("fetch failed")
			return Response.json(answer)
		}) as typeof fetch
	}

	private async poll(body: PollBody): Promise<unknown> {
		let id = body.connection
		let { messages } = body
		if (id === null) {
			const [hello, ...rest] = messages
			if (hello?.type !== "hello") throw new Error("[P2] no hello")
			id = `poll-${this.polled}`
			const peer = this.server.join(hello.resume)
			this.polls.set(id, { peer, accepted: 1, seen: 0, kept: [], waiting: undefined })
			messages = rest
		} else messages = messages.slice(Math.max(0, (this.polls.get(id)?.accepted ?? 0) - body.first))
		const connection = this.polls.get(id)
		const close = (code: number) => ({
			connection: id,
			sent: 0,
			accepted: 0,
			messages: [],
			close: { code, reason: "" },
		})
		if (!connection || !this.server.peers.has(connection.peer)) return close(4000)
		if (body.leave) {
			this.polls.delete(id)
			this.server.peers.delete(connection.peer)
			return close(4000)
		}
		for (const message of messages) {
			connection.accepted++
			if (message.type === "submit") this.server.submit(connection.peer, message)
			else if (message.type === "ping") connection.peer.outbox.push({ type: "pong", revision: this.server.revision })
		}
		if (body.received > connection.seen) {
			connection.kept.splice(0, body.received - connection.seen)
			connection.seen = body.received
		}
		connection.waiting?.([])
		if (body.hold === 0) {
			connection.waiting = undefined
			connection.kept.push(...connection.peer.outbox.splice(0))
			const { kept, seen, accepted } = connection
			return { connection: id, sent: seen + kept.length, accepted, messages: [...kept] }
		}
		const said = await new Promise<readonly ServerMessage[]>((answer) => {
			const late = setTimeout(() => {
				if (connection.waiting !== waiting) return
				connection.waiting = undefined
				answer([])
			}, body.hold ?? 25_000)
			const waiting = (all: readonly ServerMessage[]) => {
				clearTimeout(late)
				answer(all)
			}
			connection.waiting = waiting
		})
		const sent = said.length > 0 ? connection.seen + said.length : body.received
		return { connection: id, sent, accepted: connection.accepted, messages: said }
	}

	/** A WebSocket constructor bound to this network. */
	get webSocket(): new (
		url: string,
		protocols: string[],
	) => SocketLike {
		const network = this
		return class extends FakeSocket {
			constructor(url: string, protocols: string[]) {
				super(network, url, protocols)
			}
		}
	}

	get last(): FakeSocket {
		const socket = this.sockets.at(-1)
		if (!socket) throw new Error("nobody has connected yet")
		return socket
	}

	/** Delivers what is under way, until nothing is. */
	deliver(): void {
		for (let busy = this.flowing; busy; ) {
			busy = false
			for (const socket of this.sockets) {
				for (const message of socket.peer?.outbox.splice(0) ?? []) {
					busy = true
					socket.hear(message)
				}
			}
			for (const connection of this.polls.values()) {
				connection.kept.push(...connection.peer.outbox.splice(0))
				const { waiting } = connection
				if (connection.kept.length === 0 || !waiting) continue
				connection.waiting = undefined
				waiting([...connection.kept])
			}
		}
	}
}

interface PollBody {
	readonly connection: string | null
	readonly received: number
	readonly first: number
	readonly messages: ClientMessage[]
	readonly leave?: boolean
	readonly hold?: number
}

export class FakeSocket implements SocketLike {
	onopen: ((event: never) => void) | null = null
	onmessage: ((event: never) => void) | null = null
	onclose: ((event: never) => void) | null = null
	onerror: ((event: never) => void) | null = null
	peer: FakePeer | undefined
	closed = false
	/** Bytes that have yet to leave, as a browser would say. */
	bufferedAmount = 0
	/** Everything the client said, in order. */
	readonly said: ClientMessage[] = []

	constructor(
		private readonly network: FakeNetwork,
		readonly url: string,
		readonly protocols: string[],
	) {
		network.sockets.push(this)
		setTimeout(() => {
			if (this.closed) return
			if (network.blocked === "hanging") return
			if (network.reachable && network.blocked === "no") this.onopen?.({} as never)
			else this.shut(1006, "")
		}, 1)
	}

	send(data: string): void {
		const message = JSON.parse(data) as ClientMessage
		this.said.push(message)
		if (!this.network.flowing) return
		if (message.type === "hello") this.peer = this.network.server.join(message.resume)
		else if (message.type === "submit" && this.peer) this.network.server.submit(this.peer, message)
		else if (message.type === "ping") this.peer?.outbox.push({ type: "pong", revision: this.network.server.revision })
	}

	/** The client leaves. */
	close(): void {
		this.closed = true
		if (this.peer) this.network.server.peers.delete(this.peer)
		this.peer = undefined
	}

	/** The server says something. */
	hear(...messages: ServerMessage[]): void {
		const data = JSON.stringify(messages.length === 1 ? messages[0] : messages)
		if (!this.closed) this.onmessage?.({ data } as never)
	}

	/** The server, or the network, ends it. */
	shut(code: number, reason: string): void {
		if (this.closed) return
		this.close()
		this.onclose?.({ code, reason } as never)
	}

	/** What the client said of one kind. */
	of<K extends ClientMessage["type"]>(type: K): Extract<ClientMessage, { type: K }>[] {
		return this.said.filter((message): message is Extract<ClientMessage, { type: K }> => message.type === type)
	}
}
