import type { Delta } from "./delta.js"
import {
	entryOf,
	isPending,
	isUsable,
	type Journaled,
	type Left,
	type Place,
	placeOf,
	placeOfEntry,
	restore,
	type Usable,
	unsavedText,
} from "./journal-entry.js"
import { isCopy, type Shelf } from "./journal-shelf.js"
import type { Gone, JournaledDocument, Keeping } from "./journaled.js"
import type { State } from "./state.js"
import type { Rejected } from "./status.js"

/** How long edits may gather before they are written, and how long what is saved already may, ms. */
const SOON = 50
const LATER = 1_000
/** A submit waits no longer than this for the journal, ms: then it leaves without, and the status says so. */
const PATIENCE = 3_000
/** What was left is looked for again so long after an attempt to send it broke off: doubling, ms. */
const AGAIN = 3_000
const LONGEST_AGAIN = 60_000

/**
 * Writes one live document's entry, and finds other tabs' ends: what they left
 * is gone on with while nothing is loaded, or sent by a branch - the same client
 * with the same seq, so that it lands exactly once (law S2).
 */
export class Keeper implements Keeping {
	/** Whose entry is ours. */
	private client = ""
	/** What is stored. */
	private written: Place | undefined
	/** What of the state the last write holds, done or under way; undefined when it failed. */
	private kept: Unsaved | undefined
	/** Entries that ours replaces with the next write. */
	private replaced: string[] = []
	private readonly branches = new Set<JournaledDocument>()
	private readonly watched = new Set<string>()
	private readonly ending = new AbortController()
	private running: Promise<void> | undefined
	private following: Promise<void> | undefined
	private timer: ReturnType<typeof setTimeout> | undefined
	private due = Number.POSITIVE_INFINITY
	private again: ReturnType<typeof setTimeout> | undefined
	/** Attempts to send what was left that broke off, in a row. */
	private broken = 0
	private online = false

	constructor(
		private readonly shelf: Shelf,
		private readonly live: JournaledDocument,
		/** Of a branch: where it came from. */
		private readonly trunk?: Keeper,
	) {}

	/** Reads what earlier tabs left. Rejects when storage is denied. */
	async begin(): Promise<void> {
		const { live, shelf, ending } = this
		this.online = live.state.online
		shelf.onAnnounced(live.id, (client) => this.watch(client), ending.signal)
		await this.scan(true)
		this.touch()
	}

	/** Takes up an entry that this tab holds. */
	resume({ entry }: Usable, state: State): void {
		this.client = entry.client
		this.written = placeOfEntry(entry, state)
	}

	/** Something changed: it is written soon, many at once; later when all that is unsaved is written already. */
	touch(): void {
		if (this.ending.signal.aborted) return
		const { live, trunk, online } = this
		this.online = live.state.online
		// What a branch carries is sent, or has to wait for the trunk's next connection, held by nobody.
		if (trunk && (!this.online || isClean(live))) {
			trunk.part(live)
			return
		}
		if (this.online && !online && !trunk) this.look()
		const at = Date.now() + (isKept(live, this.kept) ? LATER : SOON)
		if (at >= this.due) return
		this.due = at
		clearTimeout(this.timer)
		this.timer = setTimeout(() => void this.write().catch(() => {}), at - Date.now())
	}

	/** Writes what there is now; nothing once it has ended, when the entry may be another tab's. Rejects when it could not be stored in time. */
	async store(): Promise<void> {
		if (this.ending.signal.aborted) return
		let patience: ReturnType<typeof setTimeout> | undefined
		const late = new Promise<never>((_, reject) => {
			patience = setTimeout(() => {
				this.live.denied(true)
				reject(new Error("the journal does not answer"))
			}, PATIENCE)
		})
		try {
			await Promise.race([this.write(), late])
		} finally {
			clearTimeout(patience)
		}
	}

	/**
	 * Writes what there is in this very turn, beside a write under way: the page may be gone after it. False where it
	 * cannot, while the entry is not ours yet; then it is written as soon as it is.
	 */
	keep(): boolean {
		if (this.ending.signal.aborted) return false
		const ours = this.live.state.client === this.client
		this.write(ours).catch(() => {})
		return ours
	}

	/**
	 * The document is closed. Edits stay for the next tab; a copy of the text
	 * stays too, unless the document or the access to it is `gone`.
	 */
	end(gone: Gone | undefined): void {
		if (this.ending.signal.aborted) return
		this.ending.abort()
		clearTimeout(this.timer)
		clearTimeout(this.again)
		for (const branch of this.branches) branch.close()
		void this.finish(gone).catch(() => {})
	}

	/**
	 * What is ours is written in this very turn: a page that was put aside ends its last wait when one goes back to it,
	 * and meanwhile the browser may have given its locks away, and another tab gone on with the entry.
	 */
	private async finish(gone: Gone | undefined): Promise<void> {
		const { live, shelf } = this
		const bare = gone === "access"
		try {
			if (live.state.client !== this.client) await this.running?.catch(() => {})
			const { running } = this
			if (isClean(live) && (gone || this.trunk))
				await Promise.all([this.client, ...this.replaced].map((client) => shelf.remove(live.id, client)))
			else if (bare || !running || !isKept(live, this.kept)) await this.put(bare)
			await running?.catch(() => {})
		} finally {
			for (const client of [this.client, ...this.replaced]) shelf.release(live.id, client)
		}
	}

	/** Looks for what was left, once there is a connection to send it by. */
	private look(): void {
		this.scan(false).catch(() => this.live.denied(true))
	}

	private async scan(first: boolean): Promise<void> {
		const { live, shelf } = this
		const { left, busy } = await shelf.claim(live.id)
		for (const client of busy) this.watch(client)
		const usable = left.filter(isUsable)
		const own = first && !live.state.loaded ? (usable.find(({ entry }) => isPending(entry)) ?? usable[0]) : undefined
		if (own) {
			const state = restore(own)
			this.resume(own, state)
			live.adopt(own, state)
		}
		for (const found of left) if (found !== own) this.take(found)
	}

	/** Waits for the end of the tab that has this client. */
	private watch(client: string): void {
		const { live, shelf, ending } = this
		if (this.watched.has(client)) return
		this.watched.add(client)
		shelf.wait(live.id, client, ending.signal).then(
			(left) => {
				this.watched.delete(client)
				if (left) this.take(left)
			},
			() => this.live.denied(true),
		)
	}

	/** Sees to what another tab left; we hold it. */
	private take(left: Left): void {
		const { live, shelf } = this
		const { entry } = left
		const sendable = isPending(entry) && isUsable(left)
		// Offline nobody keeps it: a tab opened now may show it. Nor one that is closed.
		if (this.ending.signal.aborted || (sendable && !live.state.online)) {
			shelf.release(live.id, entry.client)
			return
		}
		if (sendable) {
			const state = restore(left)
			const branch = live.branch(left, state, (made) => {
				const keeper = new Keeper(shelf, made, this)
				keeper.resume(left, state)
				return keeper
			})
			this.branches.add(branch)
			return
		}
		if (!isCopy(entry)) {
			// The edits cannot be applied any more: their text is offered, and in our entry until it is dismissed.
			const text = unsavedText(entry)
			live.offer({ code: "recovered", message: "left by a tab that is gone", text })
		}
		this.replaced.push(entry.client)
		this.touch()
	}

	/** A branch has done its work, or cannot for now. */
	private part(branch: JournaledDocument): void {
		if (!this.branches.delete(branch)) return
		const done = isClean(branch)
		branch.close()
		if (done) {
			this.broken = 0
			return
		}
		clearTimeout(this.again)
		const pause = Math.min(LONGEST_AGAIN, AGAIN * 2 ** this.broken++)
		this.again = setTimeout(() => this.live.state.online && this.look(), pause)
	}

	/** One write at a time, but for one that must begin `now`; all that changes during one goes with the next. */
	private write(now = false): Promise<void> {
		clearTimeout(this.timer)
		this.due = Number.POSITIVE_INFINITY
		const { running } = this
		if (!running || now) {
			const attempt = this.attempt()
			const mine = Promise.allSettled([running, attempt])
				.then(() => attempt)
				.finally(() => {
					if (this.running === mine) this.running = undefined
				})
			this.running = mine
			return mine
		}
		this.following ??= running
			.catch(() => {})
			.then(() => {
				this.following = undefined
				return this.ending.signal.aborted ? undefined : this.write()
			})
		return this.following
	}

	private async attempt(): Promise<void> {
		try {
			await this.put(false)
			this.live.denied(false)
		} catch (error) {
			this.live.denied(true)
			throw error
		}
	}

	/**
	 * `bare`: without the content, for which the access is gone; the text of what is unsaved stays. One beside another
	 * starts from what is stored before both: where the other brings a new snapshot, so does this one.
	 */
	private async put(bare: boolean): Promise<void> {
		const { live, shelf } = this
		const { client } = live.state
		if (!live.state.loaded) return
		if (client !== this.client) {
			await shelf.hold(live.id, client)
			if (live.state.client !== client) {
				shelf.release(live.id, client)
				return this.put(bare)
			}
		}
		const replaced = [...this.replaced, ...(this.client === client || this.client === "" ? [] : [this.client])]
		const { epoch, revision, content } = live.state
		const { place, fresh } = placeOf(live.state, this.written)
		const entry = entryOf(live, bare ? undefined : place, Date.now())
		const snapshot = () => ({ document: live.id, client, epoch, revision, content: content.delta })
		const kept = unsavedOf(live)
		this.kept = kept
		const isNewest = () => this.kept === kept
		try {
			await shelf.write(entry, bare ? null : fresh ? snapshot() : undefined, replaced, isNewest)
		} catch (error) {
			if (this.kept === kept) this.kept = undefined
			throw error
		}
		if (bare) return
		const isNew = this.client !== client
		this.client = client
		this.written = place
		this.replaced = this.replaced.filter((other) => !replaced.includes(other))
		if (isNew) shelf.announce(live.id, client)
	}
}

/** What only the journal keeps for the next tab, told apart by identity: values never change. What is in flight waits for its own write. */
interface Unsaved {
	readonly client: string
	readonly buffer: Delta
	readonly rejected: Rejected | undefined
	readonly resume: boolean
}

function unsavedOf({ state: { client, buffer }, rejected, resume }: Journaled): Unsaved {
	return { client, buffer, rejected, resume }
}

/**
 * Nothing is unsaved that was not written, and nothing that was written is undone: it would come back.
 * What is saved by now may stay in the entry: a resend is found out (law S2).
 */
function isKept(live: Journaled, kept: Unsaved | undefined): boolean {
	const now = unsavedOf(live)
	if (now.buffer !== kept?.buffer && now.buffer.length + (kept?.buffer.length ?? 0) > 0) return false
	return (
		isClean(live) ||
		(now.client === kept?.client && now.resume === kept.resume && (!now.rejected || now.rejected === kept.rejected))
	)
}

/** Nothing is unsaved, and nothing waits to be dismissed. */
function isClean(live: Journaled): boolean {
	return !live.state.inflight && live.state.buffer.length === 0 && !live.rejected
}
