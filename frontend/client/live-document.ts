import { type Anchor, Anchors } from "./anchor.js"
import { Connection, type ConnectionOptions } from "./connection.js"
import { type Delta, insertedText } from "./delta.js"
import type { ClientDocument, DocumentEvents } from "./document.js"
import { Emitter } from "./emitter.js"
import type { HashCheck } from "./hash-check.js"
import type { Usable } from "./journal-entry.js"
import type { Journal, JournaledDocument, Keeping } from "./journaled.js"
import { type PeerView, Presence } from "./presence.js"
import type { Role, Selection, ServerMessage, User, Welcome } from "./protocol.js"
import { VERSION } from "./protocol.js"
import { type Effect, type Event, initial, pendingEdits, type State, step, view, viewLength } from "./state.js"
import { type Failure, failureOf, type Rejected, type Status, statusOf } from "./status.js"

/** Pauses before a refused change that may be retried goes again, when the server names none: doubling, ms. */
const FIRST_RETRY = 1_000
const LONGEST_RETRY = 30_000
/** No pause is longer, whatever was named, ms: who comes too early is told again, and loses nothing by it. */
const LONGEST_PAUSE = 5 * 60_000
/** Fresh content because ours was wrong is taken at most this often, ms (law C6). */
const BETWEEN_RELOADS = 10 * 60_000
/** A server that says nothing for so long is no reason to show nothing, ms: the journal may have the text. */
const WITHOUT_SERVER = 2_500
/** A submit waits no longer for the journal to open, ms. */
const WITHOUT_JOURNAL = 3_000

/** The server's reason for a removal that signing in mends. */
const SIGNED_OUT = "signed out"

export interface LiveOptions {
	readonly id: string
	readonly connection: ConnectionOptions
	/** Content at a revision, by HTTP. */
	readonly fetchContent: (revision: number) => Promise<{ epoch: string; revision: number; content: Delta }>
	/** A guest's token, to be presented from now on. */
	readonly keepToken: (token: string) => void
	readonly journal: (() => Promise<Journal>) | undefined
}

/** Carries out the state machine's effects: the shell around `state.ts`. */
export class LiveDocument implements ClientDocument, JournaledDocument {
	readonly id: string
	title = ""
	role: Role = "none"
	user: User | undefined
	rejected: Rejected | undefined
	/** Whether the next connection resumes. */
	resume = true
	status: Status
	private readonly emitter = new Emitter<DocumentEvents>()
	private readonly anchors = new Anchors()
	private readonly presence: Presence
	private readonly connection: Connection
	/** Comes after the text. */
	private hashCheck: HashCheck | undefined
	private peer = ""
	/** Of the last hello; the clock, so that it rises across tabs too. */
	private attempt = 0
	/** Whether we have already come again as ourselves. */
	private disowned = false
	private opening: Promise<Keeping | undefined> | undefined
	private keeper: Keeping | undefined
	private trunk: JournaledDocument | undefined
	private readonly alone: ReturnType<typeof setTimeout>
	private retryTimer: ReturnType<typeof setTimeout> | undefined
	private retries = 0
	private retrying: string | undefined
	private reloadedAt = Number.NEGATIVE_INFINITY
	private removed: string | undefined
	private failure: Failure | undefined
	private journalDenied = false

	constructor(
		private readonly options: LiveOptions,
		public state: State = initial,
	) {
		this.id = options.id
		this.connection = new Connection(options.connection, {
			hello: (token) => this.hello(token),
			receive: (message) => this.receive(message),
			down: () => this.down(),
			changed: () => this.refresh(),
			stopped: (code) => this.stopped(code),
		})
		this.presence = new Presence({
			live: this,
			send: (update) => this.connection.send(update),
			changed: (peers) => this.emitter.emit("presence", peers),
		})
		this.status = this.computeStatus()
		this.alone = setTimeout(() => void this.open(), WITHOUT_SERVER)
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
		this.keeper?.touch()
		this.refresh()
	}

	reconnectNow(): void {
		// Whoever was signed out may be in again.
		this.connection.now(this.failure === "unauthorized")
	}

	keep(): boolean {
		return this.keeper?.keep() === true && !this.journalDenied
	}

	adopt({ entry }: Usable, state: State): void {
		this.state = state
		this.resume = entry.resume
		this.user = entry.user ?? undefined
		this.rejected = entry.rejected ?? undefined
		this.perform({ type: "reset" })
		this.present(entry)
		// A hello that is under way knows nothing of this client yet.
		this.connection.restart()
		this.refresh()
	}

	offer(rejected: Rejected): void {
		if (this.trunk) {
			this.trunk.offer(rejected)
			return
		}
		// Until it is dismissed, what is refused adds up: nothing offered back is lost to the next refusal.
		const before = this.rejected?.text
		this.rejected = { ...rejected, text: before ? `${before}\n${rejected.text}` : rejected.text }
		this.keeper?.touch()
		this.refresh()
	}

	denied(is: boolean): void {
		this.journalDenied = is
		this.refresh()
	}

	branch({ entry }: Usable, state: State, keep: (branch: JournaledDocument) => Keeping): JournaledDocument {
		const branch = new LiveDocument({ ...this.options, journal: undefined }, state)
		branch.resume = entry.resume
		branch.trunk = this
		branch.keeper = keep(branch)
		branch.opening = Promise.resolve(branch.keeper)
		// A branch has no view, and is done when nothing of its edits is left.
		if (entry.rejected) this.offer(entry.rejected)
		return branch
	}

	close(): void {
		if ((this.failure === undefined || this.failure === "unauthorized") && this.removed === undefined)
			this.fail("closed")
	}

	private hello(token: string | undefined) {
		const { client, epoch, revision, lastSeq } = this.state
		this.attempt = Math.max(this.attempt + 1, Date.now())
		const resume =
			this.resume && client !== "" ? { resume: { client, epoch, revision, seq: lastSeq, attempt: this.attempt } } : {}
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
				if (message.reason === SIGNED_OUT) this.signedOut()
				else {
					this.removed = message.reason
					this.end()
				}
		}
	}

	private welcome(message: Welcome): void {
		this.user = message.user
		this.peer = message.peer
		// Who came as somebody new, for fresh content, is that with the content, which may come later.
		if (message.document.changes || message.document.content) this.resume = true
		this.failure = undefined
		if (message.token) this.options.keepToken(message.token)
		this.present({ title: message.document.title, role: message.role })
		this.dispatch(message)
		this.presence.join(message.peers.filter((other) => other.peer !== message.peer))
		this.presence.flush()
		void this.compare()
	}

	private present({ title, role }: { readonly title: string; readonly role: Role }): void {
		const renamed = title !== this.title
		const moved = role !== this.role
		this.title = title
		this.role = role
		if (renamed) this.emitter.emit("title", title)
		if (moved) this.emitter.emit("role", role)
	}

	private down(): void {
		clearTimeout(this.retryTimer)
		this.retrying = undefined
		this.presence.down()
		this.dispatch({ type: "disconnected" })
		void this.open()
	}

	private dispatch(event: Event): void {
		const next = step(this.state, event)
		this.state = next.state
		for (const effect of next.effects) this.perform(effect)
		this.presence.advance()
		this.presence.flush()
		this.hashCheck?.touch()
		this.keeper?.touch()
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
				this.offer({ code, message, text })
				this.emitter.emit("rejected", { code, message, text, delta: effect.delta })
				break
			}
			case "retry": {
				const usual = () => Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this.retries++)
				const pause = Math.min(LONGEST_PAUSE, effect.after ?? usual())
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
				void this.open()
				break
			case "again":
				for (const event of effect.events) this.dispatch(event)
		}
	}

	/** Begins to compare content with the server's. The code for it comes after the text, or at the next welcome. */
	private async compare(): Promise<void> {
		const module = this.hashCheck ? undefined : await import("./hash-check.js").catch(() => undefined)
		if (!this.failure && !this.removed) this.hashCheck ??= module?.watch(this, (check) => this.connection.send(check))
	}

	/** Fetches the journal. It comes after the text, or when the server does not answer; what failed is tried again when it is next needed. */
	private open(): Promise<Keeping | undefined> {
		clearTimeout(this.alone)
		const { journal } = this.options
		this.opening ??= (journal?.().then((opened) => opened.keep(this)) ?? Promise.resolve(undefined)).then(
			(keeper) => {
				this.keeper = keeper
				return keeper
			},
			() => {
				this.opening = undefined
				this.denied(true)
				return undefined
			},
		)
		return this.opening
	}

	private store({ client, message }: Extract<Effect, { type: "store" }>): void {
		const stored = () => this.dispatch({ type: "stored", client, seq: message.seq })
		if (!this.options.journal && !this.keeper) {
			stored()
			return
		}
		// A journal that does not even open holds nothing up: it leaves without, as the status says (law C3).
		const late = () => new Promise<undefined>((resolve) => setTimeout(resolve, WITHOUT_JOURNAL))
		// At once where it can be: what the page draws for this edit comes behind, and delays nobody else.
		const written =
			this.keeper?.store() ??
			Promise.race([this.open(), late()]).then((keeper) => (keeper ? keeper.store() : this.denied(true)))
		written.then(stored, stored)
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
			else {
				if (this.state.loading.welcome) this.resume = true
				this.dispatch({ type: "loaded", revision, content: fetched.content })
			}
		} catch {
			if (this.state.loading?.revision === revision) this.connection.retry()
		}
	}

	private stopped(code: number): void {
		const failure = failureOf(code)
		const { client } = this.state
		if (failure === "forbidden" && client !== "" && this.resume && !this.disowned) {
			// The client is somebody else's: of who used this browser before, or of the guest that we were until we signed in. We come as ourselves.
			this.disowned = true
			this.resume = false
			this.dispatch({ type: "disown" })
			if (!this.failure) this.connection.now(true)
		} else if (failure === "unauthorized") this.signedOut()
		else this.fail(failure)
	}

	/** Signing in mends it: edits stay, with the journal, for `reconnectNow`. */
	private signedOut(): void {
		this.failure = "unauthorized"
		this.connection.stop()
		this.down()
		this.refresh()
	}

	private fail(failure: Failure): void {
		this.failure = failure
		this.end()
	}

	private end(): void {
		this.connection.stop()
		this.forsake()
		this.down()
		this.presence.close()
		this.hashCheck?.close()
		this.refresh()
	}

	/** Lets go of the journal; what it may not keep goes. */
	private forsake(): void {
		const lost = this.failure === "forbidden" || (this.removed !== undefined && this.removed !== "trashed")
		const gone = lost ? "access" : this.failure === "not_found" || this.removed ? "document" : undefined
		if (this.opening) void this.opening.then((keeper) => keeper?.end(gone))
		else if (gone)
			void this.options
				.journal?.()
				.then((journal) => journal.forget(this, gone))
				.catch(() => {})
		this.opening ??= Promise.resolve(undefined)
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
