import type { SocketLike } from "../client.js"
import type { ClientMessage, ServerMessage } from "../protocol.js"
import type { FakePeer, FakeServer } from "./fake-server.js"

/** WebSockets to a `FakeServer`, without a network: messages arrive when the test says so. */
export class FakeNetwork {
	readonly sockets: FakeSocket[] = []
	/** Whether new connections succeed. */
	reachable = true
	/** Whether messages of open connections arrive; false is a network that stalls and says nothing. */
	flowing = true

	constructor(readonly server: FakeServer) {}

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
		}
	}
}

export class FakeSocket implements SocketLike {
	onopen: ((event: never) => void) | null = null
	onmessage: ((event: never) => void) | null = null
	onclose: ((event: never) => void) | null = null
	onerror: ((event: never) => void) | null = null
	peer: FakePeer | undefined
	closed = false
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
			if (network.reachable) this.onopen?.({} as never)
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
