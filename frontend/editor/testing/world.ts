// A tiny world for editor tests: documents of several clients on one in-memory sequencer, delivered when the test says.
// It is the protocol's outline only - one change in flight, the rest composed - since the real client has its own tests.

import {
	type ClientDocument,
	compose,
	type Delta,
	type DocumentEvents,
	length,
	type PeerView,
	type Selection,
	transform,
	transformIndex,
} from "../../client/index.js"

interface Sequenced {
	readonly author: TestDocument
	readonly delta: Delta
}

/** The log that all documents of one world share. */
export class World {
	readonly log: Sequenced[] = []
	readonly clients: TestDocument[] = []

	constructor(readonly initial: Delta) {}

	join(name = `peer${this.clients.length}`): TestDocument {
		const client = new TestDocument(this, name)
		this.clients.push(client)
		return client
	}

	/** Until nothing is on its way. */
	settle(): void {
		while (this.clients.map((client) => client.send() || client.receiveAll()).some(Boolean)) {}
	}

	get content(): Delta {
		return this.log.reduce<Delta>((content, change) => compose(content, change.delta), this.initial)
	}
}

type Listeners = { [K in keyof DocumentEvents]: Set<(detail: DocumentEvents[K]) => void> }

/** One client's document; what it sends and hears waits for `send` and `receive`. */
export class TestDocument implements ClientDocument {
	readonly id = "test"
	loaded = true
	content: Delta
	revision = 0
	readonly savedRevision = 0
	readonly status = { state: "saved", pending: 0 } as const
	readonly title = "Test"
	role: ClientDocument["role"] = "owner"
	readonly user = { id: "u", name: "Me", color: "#336699" }
	peers: PeerView[] = []
	readonly unsavedText = ""
	/** Every delta submitted, in order. */
	readonly submitted: Delta[] = []
	presence: Selection | null = null
	private inflight: Delta | null = null
	/** The in-flight change is in the log, its acknowledgement is not here yet. */
	private sent = false
	private base = 0
	private buffer: Delta | null = null
	private readonly listeners: Listeners = {
		change: new Set(),
		saved: new Set(),
		rejected: new Set(),
		status: new Set(),
		presence: new Set(),
		title: new Set(),
		role: new Set(),
		reset: new Set(),
	}

	constructor(
		private readonly world: World,
		readonly name: string,
	) {
		this.content = world.content
		this.revision = world.log.length
	}

	get length(): number {
		return length(this.content)
	}

	get pending(): number {
		return (this.inflight ? 1 : 0) + (this.buffer ? 1 : 0)
	}

	submit(delta: Delta): void {
		const base = delta.reduce((sum, op) => sum + ("insert" in op ? 0 : "delete" in op ? op.delete : op.retain), 0)
		if (base > this.length) throw new RangeError("too long")
		this.content = compose(this.content, delta)
		this.submitted.push(delta)
		if (this.inflight) this.buffer = this.buffer ? compose(this.buffer, delta) : delta
		else {
			this.inflight = delta
			this.base = this.revision
			this.sent = false
		}
		this.emit("change", { delta, source: "local", revision: this.revision })
	}

	/** Hands the change in flight to the sequencer. */
	send(): boolean {
		if (!this.inflight || this.sent) return false
		let delta = this.submittedBase()
		for (const earlier of this.world.log.slice(this.base)) delta = transform(earlier.delta, delta, true)
		this.world.log.push({ author: this, delta })
		this.sent = true
		return true
	}

	/** The frozen body: the in-flight change as it was over its base. */
	private submittedBase(): Delta {
		return this.frozen ?? (this.inflight as Delta)
	}

	private frozen: Delta | null = null

	/** Hears of one revision. */
	receive(): boolean {
		const change = this.world.log[this.revision]
		if (!change) return false
		this.revision++
		if (change.author === this) {
			this.inflight = this.buffer
			this.base = this.revision
			this.buffer = null
			this.sent = false
			this.frozen = null
			return true
		}
		let delta = change.delta
		if (this.inflight) {
			this.frozen ??= this.inflight
			const inflight = transform(delta, this.inflight, true)
			delta = transform(this.inflight, delta, false)
			this.inflight = inflight
		}
		if (this.buffer) {
			const buffer = transform(delta, this.buffer, true)
			delta = transform(this.buffer, delta, false)
			this.buffer = buffer
		}
		this.arrive(delta)
		return true
	}

	receiveAll(): boolean {
		let any = false
		while (this.receive()) any = true
		return any
	}

	/** Somebody else's change over the local view. */
	arrive(delta: Delta): void {
		this.content = compose(this.content, delta)
		this.peers = this.peers.map((peer) => ({
			...peer,
			selection: peer.selection && {
				anchor: transformIndex(delta, peer.selection.anchor, false),
				head: transformIndex(delta, peer.selection.head, false),
			},
		}))
		this.emit("change", { delta, source: "remote", revision: this.revision })
	}

	emit<K extends keyof DocumentEvents>(event: K, detail: DocumentEvents[K]): void {
		for (const listener of this.listeners[event]) listener(detail)
	}

	on<K extends keyof DocumentEvents>(event: K, listener: (detail: DocumentEvents[K]) => void): () => void {
		this.listeners[event].add(listener)
		return () => this.listeners[event].delete(listener)
	}

	setPresence(selection: Selection | null): void {
		this.presence = selection
	}

	anchor(): never {
		throw new Error("the editor asks for no anchors")
	}

	dismissRejected(): void {}
	reconnectNow(): void {}
	keep(): boolean {
		return false
	}
	close(): void {}
}
