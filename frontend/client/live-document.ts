import { type Anchor, Anchors } from "./anchor.js"
import type { Journal } from "./client.js"
import { Connection, type ConnectionOptions } from "./connection.js"
import { type Delta, insertedText } from "./delta.js"
import type { ClientDocument, DocumentEvents } from "./document.js"
import { Emitter } from "./emitter.js"
import { HashCheck } from "./hash-check.js"
import { type PeerView, Presence } from "./presence.js"
import type { Role, Selection, ServerMessage, User, Welcome } from "./protocol.js"
import { VERSION } from "./protocol.js"
import { type Effect, type Event, initial, pendingEdits, type State, step, view, viewLength } from "./state.js"
import { type Failure, failureOf, type Rejected, type Status, statusOf } from "./status.js"

/** Pauses before a refused change that may be retried goes again, when the server names none: doubling, ms. */
const FIRST_RETRY = 1_000
const LONGEST_RETRY = 30_000
/** Fresh content because ours was wrong is taken at most this often, ms (law C6). */
const BETWEEN_RELOADS = 10 * 60_000

export interface LiveOptions {
	readonly id: string
	readonly connection: ConnectionOptions
	/** Content at a revision, by HTTP. */
	readonly fetchContent: (revision: number) => Promise<{ epoch: string; revision: number; content: Delta }>
	/** A guest's token, to be presented from now on. */
	readonly keepToken: (token: string) => void
	readonly journal: Journal | undefined
}

/** Carries out the state machine's effects: the shell around `state.ts`. */
export class LiveDocument implements ClientDocument {
	readonly id: string
	title = ""
	role: Role = "none"
	user: User | undefined
	state: State = initial
	status: Status
	private readonly emitter = new Emitter<DocumentEvents>()
	private readonly anchors = new Anchors()
	private readonly presence: Presence
	private readonly connection: Connection
	private readonly hashCheck: HashCheck
	private peer = ""
	private resume = true
	private retryTimer: ReturnType<typeof setTimeout> | undefined
	private retries = 0
	private retrying: string | undefined
	private reloadedAt = Number.NEGATIVE_INFINITY
	private removed: string | undefined
	private failure: Failure | undefined
	private rejected: Rejected | undefined
	private journalDenied = false

	constructor(private readonly options: LiveOptions) {
		this.id = options.id
		this.connection = new Connection(options.connection, {
			hello: (token) => this.hello(token),
			receive: (message) => this.receive(message),
			down: () => this.down(),
			changed: () => this.refresh(),
			stopped: (code) => this.fail(failureOf(code)),
		})
		this.presence = new Presence({
			live: this,
			send: (update) => this.connection.send(update),
			changed: (peers) => this.emitter.emit("presence", peers),
		})
		this.hashCheck = new HashCheck(this, (check) => this.connection.send(check))
		this.status = this.computeStatus()
		this.connection.now()
	}

	get loaded(): boolean {
		return this.state.loaded
	}

	get content(): Delta {
		return view(this.state)
	}

	get length(): number {
		return viewLength(this.state)
	}

	get revision(): number {
		return this.state.revision
	}

	get savedRevision(): number {
		return this.state.savedRevision
	}

	get pending(): number {
		return pendingEdits(this.state)
	}

	get peers(): readonly PeerView[] {
		return this.presence.peers
	}

	get unsavedText(): string {
		return insertedText(this.state.inflight?.delta ?? []) + insertedText(this.state.buffer)
	}

	submit(delta: Delta): void {
		this.dispatch({ type: "local", delta })
	}

	on<K extends keyof DocumentEvents>(event: K, listener: (detail: DocumentEvents[K]) => void): () => void {
		return this.emitter.on(event, listener)
	}

	setPresence(selection: Selection | null, state?: Readonly<Record<string, unknown>>): void {
		this.presence.set(selection, state)
	}

	anchor(index: number, own = false): Anchor {
		return this.anchors.add(index, own)
	}

	dismissRejected(): void {
		this.rejected = undefined
		this.refresh()
	}

	reconnectNow(): void {
		this.connection.now()
	}

	close(): void {
		if (this.connection.phase !== "stopped") this.fail("closed")
	}

	private hello(token: string | undefined) {
		const { client, epoch, revision, lastSeq } = this.state
		const resume = this.resume && client !== "" ? { resume: { client, epoch, revision, seq: lastSeq } } : {}
		return { type: "hello" as const, protocol: VERSION, ...(token ? { token } : {}), ...resume }
	}

	private receive(message: ServerMessage): void {
		switch (message.type) {
			case "welcome":
				this.welcome(message)
				break
			case "ack":
			case "reject":
			case "change":
				this.dispatch(message)
				break
			case "presence":
				this.presence.receive(message)
				break
			case "leave":
				this.presence.leave(message.peer)
				break
			case "title":
				this.title = message.title
				this.emitter.emit("title", message.title)
				break
			case "role":
				this.role = message.role
				this.emitter.emit("role", message.role)
				this.refresh()
				break
			case "reload":
				// Only a wrong copy is fetched beside the connection; for the rest the resume says what to do.
				if (message.reason === "hash") this.dispatch({ type: "reload" })
				else this.connection.restart()
				break
			case "removed":
				this.removed = message.reason
				this.end()
		}
	}

	private welcome(message: Welcome): void {
		const { title } = message.document
		const { role } = message
		this.user = message.user
		this.peer = message.peer
		this.resume = true
		if (message.token) this.options.keepToken(message.token)
		if (title !== this.title) {
			this.title = title
			this.emitter.emit("title", title)
		}
		if (role !== this.role) {
			this.role = role
			this.emitter.emit("role", role)
		}
		this.dispatch(message)
		this.presence.join(message.peers.filter((other) => other.peer !== message.peer))
		this.presence.flush()
	}

	private down(): void {
		clearTimeout(this.retryTimer)
		this.retrying = undefined
		this.presence.down()
		this.dispatch({ type: "disconnected" })
	}

	private dispatch(event: Event): void {
		const next = step(this.state, event)
		this.state = next.state
		for (const effect of next.effects) this.perform(effect)
		this.presence.advance()
		this.presence.flush()
		this.hashCheck.touch()
		this.refresh()
	}

	private perform(effect: Effect): void {
		switch (effect.type) {
			case "store":
				this.store(effect)
				break
			case "settle":
				this.retries = 0
				this.retrying = undefined
				this.options.journal?.settle({ document: this.id, client: effect.client, seq: effect.seq })
				break
			case "send":
				this.connection.send(effect.message)
				break
			case "change": {
				const { delta, source, author, peer } = effect
				this.anchors.move(delta, source)
				this.presence.move(delta, source, peer)
				this.emitter.emit("change", { delta, source, ...(author ? { author } : {}), revision: this.revision })
				break
			}
			case "saved": {
				const { revision, at } = effect
				this.emitter.emit("saved", at === undefined ? { revision } : { revision, at })
				break
			}
			case "rejected": {
				const { code, message } = effect.reject
				const text = insertedText(effect.delta)
				// Until it is dismissed, what is refused adds up: nothing offered back is lost to the next refusal.
				this.rejected = { code, message, text: (this.rejected?.text ?? "") + text }
				this.emitter.emit("rejected", { code, message, text, delta: effect.delta })
				break
			}
			case "retry": {
				const pause = effect.after ?? Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this.retries++)
				this.retrying = effect.code
				clearTimeout(this.retryTimer)
				this.retryTimer = setTimeout(() => this.dispatch({ type: "retry", seq: effect.seq }), pause)
				break
			}
			case "reconnect":
				this.resume = effect.resume
				this.connection.retry()
				break
			case "fetch":
				void this.fetch(effect.revision)
				break
			case "reset":
				this.emitter.emit("reset", { content: this.content, revision: this.revision })
				break
			case "again":
				for (const event of effect.events) this.dispatch(event)
		}
	}

	private store({ client, message }: Extract<Effect, { type: "store" }>): void {
		const { seq, base, delta } = message
		const stored = () => this.dispatch({ type: "stored", client, seq })
		const { journal } = this.options
		if (!journal) {
			stored()
			return
		}
		journal.store({ document: this.id, client, seq, base, delta }).then(stored, () => {
			this.journalDenied = true
			stored()
		})
	}

	private async fetch(revision: number): Promise<void> {
		const { loading, epoch } = this.state
		if (!loading?.welcome) {
			// Ours was wrong. Once is an accident; twice in a row would be a loop.
			if (Date.now() - this.reloadedAt < BETWEEN_RELOADS) {
				this.fail("mismatch")
				return
			}
			this.reloadedAt = Date.now()
		}
		const expected = loading?.welcome?.document.epoch ?? epoch
		try {
			const fetched = await this.options.fetchContent(revision)
			if (this.state.loading?.revision !== revision) return
			if (fetched.epoch !== expected || fetched.revision !== revision) this.connection.retry()
			else this.dispatch({ type: "loaded", revision, content: fetched.content })
		} catch {
			if (this.state.loading?.revision === revision) this.connection.retry()
		}
	}

	private fail(failure: Failure): void {
		this.failure = failure
		this.end()
	}

	private end(): void {
		this.connection.stop()
		this.down()
		this.presence.close()
		this.hashCheck.close()
		this.refresh()
	}

	private computeStatus(): Status {
		return statusOf({
			loaded: this.loaded,
			connected: this.state.online,
			pending: this.pending,
			role: this.role,
			retryAt: this.connection.retryAt,
			removed: this.removed,
			failure: this.failure,
			rejected: this.rejected,
			retrying: this.retrying,
			journalDenied: this.journalDenied,
		})
	}

	private refresh(): void {
		const status = this.computeStatus()
		if (JSON.stringify(status) === JSON.stringify(this.status)) return
		this.status = status
		this.emitter.emit("status", status)
	}
}
