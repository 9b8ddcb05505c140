import { type Delta, transformIndex } from "./delta.js"
import { Moment } from "./moment.js"
import type { PeerPresence, PresenceUpdate, Selection, User } from "./protocol.js"
import { caughtUp, type State, viewLength } from "./state.js"

/** Our caret is told to others at most this often, newest only, ms. */
const THROTTLE = 80
/** Others stay in sight so long after the connection broke, ms: a short break does not flicker. */
const LINGER = 5_000

type Json = Readonly<Record<string, unknown>>

/** Another peer as seen from here. One person in two tabs is two peers. */
export interface PeerView {
	readonly peer: string
	readonly user: User
	/** In the local view; null: here, without a caret. */
	readonly selection: Selection | null
	readonly state?: Json
	/** It is the same person as we are, in another tab. */
	readonly self: boolean
}

export interface PresenceHost {
	readonly live: { readonly state: State; readonly user: User | undefined }
	send(update: PresenceUpdate): void
	changed(peers: readonly PeerView[]): void
}

/** Carets: ours on its way to the others, and theirs moved along with the local view (laws A8, V1, V2). */
export class Presence {
	private readonly views = new Map<string, PeerView>()
	/** Of a revision we have not reached yet. */
	private readonly early = new Map<string, PeerPresence>()
	private own: { selection: Selection | null; state?: Json } | undefined
	private unsent = false
	private sent: Moment | undefined
	private timer: ReturnType<typeof setTimeout> | undefined
	private linger: ReturnType<typeof setTimeout> | undefined

	constructor(private readonly host: PresenceHost) {}

	get peers(): readonly PeerView[] {
		return [...this.views.values()]
	}

	/** Our own caret, in the local view. */
	set(selection: Selection | null, state?: Json): void {
		this.own = state ? { selection, state } : { selection }
		this.unsent = true
		this.flush()
	}

	/** Sends our caret when it may: its position must be one the server can know (law V2). */
	flush(): void {
		const { state } = this.host.live
		if (!this.own || !this.unsent || this.timer !== undefined) return
		const { inflight, buffer, revision, lastSeq } = state
		if (!caughtUp(state) || buffer.length > 0 || (inflight && !inflight.sent)) return
		const wait = THROTTLE - (this.sent?.age ?? THROTTLE)
		if (wait > 0) {
			this.timer = setTimeout(() => {
				this.timer = undefined
				this.flush()
			}, wait)
			return
		}
		this.unsent = false
		this.sent = new Moment()
		this.host.send({ type: "presence", base: revision, seq: inflight?.message.seq ?? lastSeq, ...this.own })
	}

	/** A new connection: who is there, and we have yet to tell where we are. */
	join(peers: readonly PeerPresence[]): void {
		clearTimeout(this.linger)
		this.linger = undefined
		this.views.clear()
		this.early.clear()
		for (const peer of peers) this.place(peer)
		this.unsent = true
		this.host.changed(this.peers)
	}

	receive(message: PeerPresence): void {
		this.place(message)
		this.host.changed(this.peers)
	}

	leave(peer: string): void {
		this.early.delete(peer)
		if (this.views.delete(peer)) this.host.changed(this.peers)
	}

	down(): void {
		clearTimeout(this.timer)
		this.timer = undefined
		// Every failed attempt to reconnect comes by here; the first counts.
		this.linger ??= setTimeout(() => this.close(), LINGER)
	}

	/** Moves every caret through a change of the local view by `author`, a peer. */
	move(delta: Delta, source: "local" | "remote", author?: string): void {
		const through = (selection: Selection | null, own: boolean) =>
			selection && {
				anchor: transformIndex(delta, selection.anchor, own),
				head: transformIndex(delta, selection.head, own),
			}
		for (const [peer, view] of this.views) {
			this.views.set(peer, { ...view, selection: through(view.selection, peer === author) })
		}
		if (this.own) this.own = { ...this.own, selection: through(this.own.selection, source === "local") }
	}

	/** A revision was reached that some carets may have waited for. */
	advance(): void {
		const { revision } = this.host.live.state
		const ripe = [...this.early.values()].filter((message) => message.revision <= revision)
		for (const message of ripe) this.place(message)
		if (ripe.length > 0) this.host.changed(this.peers)
	}

	/** Nobody is in sight any more. */
	close(): void {
		clearTimeout(this.timer)
		clearTimeout(this.linger)
		this.views.clear()
		this.early.clear()
		this.host.changed(this.peers)
	}

	private place(message: PeerPresence): void {
		const { peer, user, selection, state } = message
		const ahead = message.revision > this.host.live.state.revision || !this.host.live.state.loaded
		if (ahead) this.early.set(peer, message)
		else this.early.delete(peer)
		this.views.set(peer, {
			peer,
			user,
			selection: ahead
				? (this.views.get(peer)?.selection ?? null)
				: selection && this.toView(selection, message.revision),
			...(state ? { state } : {}),
			self: user.id === this.host.live.user?.id,
		})
	}

	private toView(selection: Selection, revision: number): Selection {
		const { state } = this.host.live
		const late = state.revision - revision
		const changes = [...(late > 0 ? state.recent.slice(-late) : []), state.inflight?.delta ?? [], state.buffer]
		const last = Math.max(0, viewLength(state) - 1)
		const through = (index: number) =>
			Math.min(
				last,
				changes.reduce((at, change) => transformIndex(change, at, false), index),
			)
		return { anchor: through(selection.anchor), head: through(selection.head) }
	}
}
