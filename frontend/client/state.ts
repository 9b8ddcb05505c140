/**
 * The client's state machine, pure: `step(state, event)` gives the next state
 * and the effects to carry out, in order. It knows no clock, socket or
 * listener, so a seed replays it.
 *
 * A document is synchronised, awaiting (one change in flight) or awaiting with
 * a buffer into which later edits compose (law C1):
 *
 *     local view = content · inflight · buffer
 *
 * `content` is what the server has at `revision`. What is in flight is frozen
 * as it was first sent, and sent again byte for byte (law S2); beside it, it is
 * kept moved over every change that came since, one by one (law A5).
 */
import { Content } from "./content.js"
import { baseLength, canonical, compose, type Delta, growth, invert, length, type Op, transform } from "./delta.js"
import { diff } from "./diff.js"
import { opLength } from "./iterator.js"
import type { Ack, Acknowledged, Change, Limits, Reject, Submit, User, Welcome } from "./protocol.js"
import { split } from "./split.js"

/** A change that was or will be sent, until its outcome is known. */
export interface Inflight {
	readonly message: Submit
	/** The change relative to the present `content`. */
	readonly delta: Delta
	/** Local edits in it. */
	readonly edits: number
	/** The journal has it: it may leave (law C3). */
	readonly stored: boolean
	/** It left on the present connection. */
	readonly sent: boolean
}

/** Content on its way by HTTP; what arrives meanwhile waits. */
interface Loading {
	readonly revision: number
	readonly welcome: Welcome | undefined
	readonly waiting: readonly ServerEvent[]
}

export interface State {
	readonly loaded: boolean
	/** Welcomed on the present connection, and trusting it. */
	readonly online: boolean
	readonly client: string
	readonly epoch: string
	readonly revision: number
	readonly savedRevision: number
	readonly content: Content
	readonly inflight: Inflight | undefined
	readonly buffer: Delta
	/** Local edits in the buffer. */
	readonly edits: number
	readonly lastSeq: number
	readonly limits: Limits
	readonly loading: Loading | undefined
	/** The durable head at the join; nothing new is sent before the catch-up reached it. */
	readonly target: number
	/** The last changes that led to `revision`, for positions that come a little late. */
	readonly recent: readonly Delta[]
	/** How often the content was replaced or amended other than by a change of the log: `recent` leads back no further. */
	readonly reloads: number
}

/** So many changes a position from the server may be late. */
const RECENT = 64

/** The server's messages that concern content. */
type ServerEvent = Ack | Reject | Change

export type Event =
	| ServerEvent
	| Welcome
	| { readonly type: "local"; readonly delta: Delta }
	| { readonly type: "stored"; readonly client: string; readonly seq: number }
	| { readonly type: "retry"; readonly seq: number }
	| { readonly type: "disconnected" }
	/** Our client id belongs to somebody else: what is pending is taken out and offered back. */
	| { readonly type: "disown" }
	/** The server says that our content is wrong. */
	| { readonly type: "reload" }
	| { readonly type: "loaded"; readonly revision: number; readonly content: Delta }

export type Effect =
	/** Make this safe, then answer with `stored` (law C3). */
	| { readonly type: "store"; readonly client: string; readonly message: Submit }
	| { readonly type: "settle"; readonly client: string; readonly seq: number }
	| { readonly type: "send"; readonly message: Submit }
	| {
			readonly type: "change"
			readonly delta: Delta
			readonly source: "local" | "remote"
			readonly author?: User | undefined
			readonly peer?: string | undefined
	  }
	| { readonly type: "saved"; readonly revision: number; readonly at?: string }
	| { readonly type: "rejected"; readonly reject: Reject; readonly delta: Delta }
	/** Answer with `retry` after that many ms, or after a pause of one's own choice. */
	| { readonly type: "retry"; readonly seq: number; readonly code: string; readonly after: number | undefined }
	/** Leave this connection and come back, resuming or as a new client. */
	| { readonly type: "reconnect"; readonly resume: boolean }
	/** Fetch the content at that revision by HTTP and answer with `loaded`. */
	| { readonly type: "fetch"; readonly revision: number }
	/** The content is there for the first time. */
	| { readonly type: "reset" }
	/** Take these as events of their own, in order: a step shows at most one change of the view. */
	| { readonly type: "again"; readonly events: readonly ServerEvent[] }

export interface Step {
	readonly state: State
	readonly effects: readonly Effect[]
}

export const initial: State = {
	loaded: false,
	online: false,
	client: "",
	epoch: "",
	revision: 0,
	savedRevision: 0,
	content: Content.of([]),
	inflight: undefined,
	buffer: [],
	edits: 0,
	lastSeq: 0,
	limits: { changeBytes: 0, changeOps: 0, documentLength: 0, presenceBytes: 0 },
	loading: undefined,
	target: 0,
	recent: [],
	reloads: 0,
}

/** UTF-16 units of the local view. */
export function viewLength(state: State): number {
	return state.content.length + growth(state.inflight?.delta ?? []) + growth(state.buffer)
}

/** The local view. */
export function view(state: State): Delta {
	return compose(state.content.delta, compose(state.inflight?.delta ?? [], state.buffer))
}

/** Local edits whose saving is not yet confirmed. What left in pieces is one at least, until the last piece is saved. */
export function pendingEdits({ inflight, buffer, edits }: State): number {
	return (inflight?.edits ?? 0) + edits || Number(inflight !== undefined || buffer.length > 0)
}

/** Whether what is new may be sent: connected, and level with the head at the join. */
export function caughtUp(state: State): boolean {
	return state.online && !state.loading && state.revision >= state.target
}

export function step(state: State, event: Event): Step {
	const turn = new Turn(state)
	turn.take(event)
	return turn
}

/** One step under way: replaces the state as a whole, collects effects. */
class Turn implements Step {
	readonly effects: Effect[] = []
	constructor(public state: State) {}

	take(event: Event): void {
		const { inflight, loaded, online, loading, revision, client } = this.state
		switch (event.type) {
			case "local":
				this.local(event.delta)
				break
			case "welcome":
				this.welcome(event)
				break
			case "ack":
			case "change":
			case "reject":
				this.receive(event)
				break
			case "stored":
				if (!inflight || inflight.message.seq !== event.seq || client !== event.client) break
				this.update({ inflight: { ...inflight, stored: true } })
				this.send()
				break
			case "retry":
				if (inflight?.message.seq === event.seq) this.send()
				break
			case "disconnected":
				this.leave()
				break
			case "disown":
				this.disown()
				break
			case "reload":
				if (loaded && online && !loading) this.fetch(revision)
				break
			case "loaded":
				this.load(event.revision, event.content)
		}
	}

	private update(part: Partial<State>): void {
		this.state = { ...this.state, ...part }
	}

	private local(edit: Delta): void {
		if (!this.state.loaded) throw new Error("the content has not arrived yet")
		checkIs(edit)
		const delta = canonical(edit)
		checkFits(delta, viewLength(this.state))
		if (delta.length === 0) return
		const buffer = compose(this.state.buffer, delta)
		this.update({ buffer, edits: buffer.length === 0 ? 0 : this.state.edits + 1 })
		this.effects.push({ type: "change", delta, source: "local" })
		this.flush()
	}

	/** Takes the next change from the buffer when none is in flight. */
	private flush(): void {
		const { inflight, buffer, edits, lastSeq, revision, limits, client } = this.state
		if (!caughtUp(this.state) || inflight || buffer.length === 0) return
		const [delta, rest] = split(buffer, limits)
		const message: Submit = { type: "submit", seq: lastSeq + 1, base: revision, delta }
		this.update({
			inflight: { message, delta, edits: rest.length === 0 ? edits : 0, stored: false, sent: false },
			buffer: rest,
			edits: rest.length === 0 ? 0 : edits,
			lastSeq: message.seq,
		})
		this.effects.push({ type: "store", client, message })
	}

	/** Sends what is in flight, the first time or again. */
	private send(): void {
		const { online, loading, inflight } = this.state
		if (!online || loading || !inflight?.stored || inflight.sent) return
		this.update({ inflight: { ...inflight, sent: true } })
		this.effects.push({ type: "send", message: inflight.message })
	}

	private receive(event: ServerEvent): void {
		const { online, loading } = this.state
		if (!online) return
		if (loading) this.update({ loading: { ...loading, waiting: [...loading.waiting, event] } })
		else if (event.type === "ack") this.acknowledge(event.seq, event.revision, event.at)
		else if (event.type === "reject") this.reject(event)
		else if (event.seq !== undefined && event.seq === this.state.inflight?.message.seq) {
			this.acknowledge(event.seq, event.revision, event.at)
		} else this.change(event)
	}

	private change(event: Change): void {
		const { revision, content } = this.state
		if (event.revision <= revision) return
		// A gap (law C4): a resume brings what is missing, and this one again.
		if (event.revision > revision + 1) this.reconnect(true)
		else if (baseLength(event.delta) > content.length) this.fetch(event.revision)
		else {
			this.advance(event.delta)
			this.remote(event.delta, event.author, event.peer)
			this.flush()
		}
	}

	/** Counts one more change of the log. */
	private advance(delta: Delta): void {
		const { revision, recent } = this.state
		this.update({ revision: revision + 1, recent: [...recent.slice(1 - RECENT), delta] })
	}

	/** A change of `content` that is not ours: everything pending moves over it (laws A2, A5). */
	private remote(delta: Delta, author?: User, peer?: string): void {
		const { content, inflight, buffer } = this.state
		const mine = inflight?.delta ?? []
		const overMine = transform(mine, delta, false)
		this.update({
			content: content.apply(delta),
			inflight: inflight && { ...inflight, delta: transform(delta, mine, true) },
		})
		this.setBuffer(transform(overMine, buffer, true))
		const shown = transform(buffer, overMine, false)
		if (shown.length > 0) this.effects.push({ type: "change", delta: shown, source: "remote", author, peer })
	}

	private setBuffer(buffer: Delta): void {
		this.update({ buffer, edits: buffer.length === 0 ? 0 : this.state.edits })
	}

	private acknowledge(seq: number, revision: number, at: string): void {
		const { inflight, content, client } = this.state
		if (inflight?.message.seq !== seq) return
		if (revision > this.state.revision + 1) this.reconnect(true)
		else if (revision <= this.state.revision) this.distrust(inflight)
		else {
			this.advance(inflight.delta)
			this.update({ content: content.apply(inflight.delta), savedRevision: revision, inflight: undefined })
			this.effects.push({ type: "settle", client, seq }, { type: "saved", revision, at })
			this.flush()
		}
	}

	/**
	 * The server put our change where we had seen another: what we took for the
	 * log is not it. The change counts as saved; the rest follows from the
	 * difference to fresh content.
	 */
	private distrust(inflight: Inflight): void {
		const { content, client, reloads } = this.state
		this.update({ content: content.apply(inflight.delta), inflight: undefined, reloads: reloads + 1 })
		this.effects.push({ type: "settle", client, seq: inflight.message.seq })
		this.reconnect(false)
	}

	private reject(event: Reject): void {
		const { inflight, content, client } = this.state
		if (inflight?.message.seq !== event.seq) return
		if (event.retry) {
			this.update({ inflight: { ...inflight, sent: false } })
			this.effects.push({ type: "retry", seq: event.seq, code: event.code, after: event.retryAfter })
			return
		}
		// Law C8: the buffer goes on as if the refused change had been taken back.
		const inverse = invert(inflight.delta, content.delta)
		const { buffer } = this.state
		this.update({ inflight: undefined })
		this.setBuffer(transform(inverse, buffer, true))
		const shown = transform(buffer, inverse, false)
		if (shown.length > 0) this.effects.push({ type: "change", delta: shown, source: "remote" })
		this.effects.push(
			{ type: "settle", client, seq: event.seq },
			{ type: "rejected", reject: event, delta: inflight.delta },
		)
		if (event.code === "id_conflict") this.reconnect(false)
		else this.flush()
	}

	private disown(): void {
		const { content, inflight, buffer } = this.state
		const delta = compose(inflight?.delta ?? [], buffer)
		this.update({ inflight: undefined, buffer: [], edits: 0 })
		if (delta.length === 0) return
		const reject: Reject = { type: "reject", seq: 0, code: "forbidden", message: "not our edits", retry: false }
		this.effects.push(
			{ type: "change", delta: invert(delta, content.delta), source: "remote" },
			{ type: "rejected", reject, delta },
		)
	}

	private welcome(event: Welcome): void {
		const { document } = event
		if (!document.changes) {
			this.update({ online: true })
			if (document.content) this.begin(event, document.content)
			else this.fetch(document.revision, event)
			return
		}
		this.update({ online: true, limits: event.limits, target: document.revision })
		const { inflight } = this.state
		const { acknowledged } = event
		if (!inflight || !covers(acknowledged, inflight)) this.send()
		else if (acknowledged.revision <= this.state.revision) this.distrust(inflight)
		this.effects.push({ type: "again", events: document.changes.map((change) => ({ ...change, type: "change" })) })
		this.flush()
	}

	/** Takes fresh content, and what is pending over to it (law S7). */
	private begin(welcome: Welcome, fresh: Delta): void {
		const { document, limits } = welcome
		if (!this.state.loaded) {
			this.effects.push({ type: "reset" })
			this.update({ loaded: true, content: Content.of(fresh) })
		} else this.rebase(welcome.acknowledged, fresh)
		const { client, epoch, savedRevision, reloads } = this.state
		this.update({
			client: welcome.client,
			epoch: document.epoch,
			revision: document.revision,
			// A revision of another timeline says nothing here.
			savedRevision: epoch === document.epoch || client === "" ? savedRevision : 0,
			lastSeq: 0,
			limits,
			loading: undefined,
			target: document.revision,
			recent: [],
			reloads: reloads + 1,
		})
		this.flush()
	}

	private rebase(acknowledged: Acknowledged | null, fresh: Delta): void {
		const { inflight, content, client, buffer, edits } = this.state
		if (inflight) {
			this.effects.push({ type: "settle", client, seq: inflight.message.seq })
			if (covers(acknowledged, inflight)) {
				this.update({ content: content.apply(inflight.delta) })
				this.effects.push({ type: "saved", revision: acknowledged.revision })
			} else {
				const pending = compose(inflight.delta, buffer)
				this.update({ buffer: pending, edits: pending.length === 0 ? 0 : edits + inflight.edits })
			}
			this.update({ inflight: undefined })
		}
		this.remote(diff(this.state.content.delta, fresh))
	}

	private load(revision: number, fresh: Delta): void {
		const { loading, reloads } = this.state
		if (!loading || loading.revision !== revision) return
		if (loading.welcome) this.begin(loading.welcome, fresh)
		else {
			this.update({ loading: undefined, revision, recent: [], reloads: reloads + 1 })
			this.remote(diff(this.state.content.delta, fresh))
			this.send()
			this.flush()
		}
		this.effects.push({ type: "again", events: loading.waiting })
	}

	private fetch(revision: number, welcome?: Welcome): void {
		this.update({ loading: { revision, welcome, waiting: [] } })
		this.effects.push({ type: "fetch", revision })
	}

	private reconnect(resume: boolean): void {
		this.leave()
		this.effects.push({ type: "reconnect", resume })
	}

	private leave(): void {
		const { inflight } = this.state
		this.update({ online: false, loading: undefined, inflight: inflight && { ...inflight, sent: false } })
	}
}

function covers(acknowledged: Acknowledged | null, inflight: Inflight): acknowledged is Acknowledged {
	return acknowledged !== null && acknowledged.seq >= inflight.message.seq
}

/** Refuses what is no delta: programs without types hand over anything, and the server would refuse the edits beside it too. */
function checkIs(delta: Delta): void {
	const wrong = Array.isArray(delta) ? delta.find((op) => !isOp(op)) : delta
	if (wrong) throw new TypeError(`no list of ops, or no op: ${JSON.stringify(wrong)}`)
}

function isOp(op: object): op is Op {
	const [[key, value] = [], more] = Object.entries(op).filter(([name]) => name !== "attributes")
	if (more) return false
	if (key !== "insert") return (key === "retain" || key === "delete") && Number.isSafeInteger(value) && value >= 0
	return typeof value === "string" || (value !== null && typeof value === "object" && Object.keys(value).length === 1)
}

/** Refuses what the server would: past the end, or at the final newline (laws D1, D3). */
function checkFits(delta: Delta, size: number): void {
	let offset = 0
	for (const op of delta) {
		const end = "insert" in op ? offset : offset + opLength(op)
		const limit = "retain" in op ? size : size - 1
		if (end > limit) throw new RangeError(`an edit up to ${end} in a view of ${size} units (${length(delta)} long)`)
		offset = end
	}
}
