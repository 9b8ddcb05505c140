import { baseLength, compose, type Delta, equal, isCanonical, length, transform } from "../delta.js"
import type { Change, Limits, PeerPresence, ServerMessage, Submit, User, Welcome } from "../protocol.js"

/** One accepted change. */
interface Entry {
	readonly client: string
	readonly seq: number
	readonly submit: Submit
	readonly delta: Delta
}

/** One connected peer. What the server says is put into `outbox`; the test delivers it when it likes. */
export interface FakePeer {
	readonly peer: string
	readonly client: string
	readonly outbox: ServerMessage[]
}

const AT = "2026-01-01T00:00:00Z"
const AUTHOR: User = { id: "00000000-0000-4000-8000-000000000001", name: "Ada", color: "#336699" }

/**
 * A twin of the server's sequencer for tests: transforms, numbers, remembers
 * (client, seq), resumes, resets. Everything it accepted is durable at once.
 */
export class FakeServer {
	epoch = 1
	log: Entry[] = []
	content: Delta = [{ insert: "\n" }]
	limits: Limits = { changeBytes: 10_000, changeOps: 100, documentLength: 100_000, presenceBytes: 2048 }
	/** What the documents grew from in this epoch. */
	private initial: Delta = this.content
	readonly peers = new Set<FakePeer>()
	/** Answers a submit with a reject of that code instead of taking it. */
	refuse: ((submit: Submit) => { code: string; retry: boolean; retryAfter?: number } | undefined) | undefined
	private issued = 0

	get revision(): number {
		return this.log.length
	}

	/** A hello: one turn joins, so that there is neither gap nor overlap (law S6). */
	join(resume?: { client: string; epoch: string; revision: number; seq: number }): FakePeer {
		for (const peer of this.peers) if (peer.client === resume?.client) this.peers.delete(peer)
		const honoured = resume !== undefined && resume.epoch === `epoch-${this.epoch}` && resume.revision <= this.revision
		const client = honoured ? resume.client : `client-${++this.issued}`
		const own = this.log.findLastIndex((entry) => entry.client === resume?.client)
		const peer: FakePeer = { peer: `peer-${++this.issued}`, client, outbox: [] }
		const welcome: Welcome = {
			type: "welcome",
			protocol: 1,
			client,
			peer: peer.peer,
			role: "editor",
			user: AUTHOR,
			document: {
				id: "document",
				title: "Title",
				epoch: `epoch-${this.epoch}`,
				revision: this.revision,
				...(honoured
					? {
							changes: this.log
								.slice(resume.revision)
								.map((entry, i) => this.change(entry, resume.revision + i + 1, client)),
						}
					: { content: this.content }),
			},
			acknowledged: own < 0 ? null : { seq: (this.log[own] as Entry).seq, revision: own + 1 },
			peers: [] as PeerPresence[],
			limits: this.limits,
			...(resume && !honoured ? { reset: "epoch" } : {}),
		}
		peer.outbox.push(welcome)
		this.peers.add(peer)
		return peer
	}

	submit(from: FakePeer, submit: Submit): void {
		if (!this.peers.has(from)) return
		const { seq, base } = submit
		const first = this.log.findIndex((entry) => entry.client === from.client && entry.seq === seq)
		if (first >= 0) {
			const same = this.log[first] as Entry
			if (JSON.stringify(same.submit) !== JSON.stringify(submit))
				throw new Error(`[S2] seq ${seq} came with another body`)
			from.outbox.push({ type: "ack", seq, revision: first + 1, at: AT })
			return
		}
		const refusal = this.refuse?.(submit)
		if (refusal) {
			from.outbox.push({ type: "reject", seq, message: "refused", ...refusal })
			return
		}
		const last = this.log.findLast((entry) => entry.client === from.client)
		if (last && last.seq >= seq) throw new Error(`[S2] seq ${seq} after ${last.seq}`)
		if (submit.delta.length === 0 || !isCanonical(submit.delta)) throw new Error("[A4] not canonical")
		if (JSON.stringify(submit.delta).length > this.limits.changeBytes) throw new Error("[S9] over the limit")
		const delta = this.log.slice(base).reduce((moved, entry) => transform(entry.delta, moved, true), submit.delta)
		if (baseLength(delta) > length(this.content)) throw new Error("[D1] past the end")
		const entry: Entry = { client: from.client, seq, submit, delta }
		this.log.push(entry)
		this.content = compose(this.content, delta)
		for (const peer of this.peers) {
			if (peer === from) peer.outbox.push({ type: "ack", seq, revision: this.revision, at: AT })
			else peer.outbox.push(this.change(entry, this.revision, ""))
		}
	}

	/** Everybody is disconnected; `keep` revisions survive under a new epoch, as after restoring a backup. */
	restore(keep: number): void {
		this.log = this.log.slice(0, keep)
		this.content = this.log.reduce<Delta>((document, entry) => compose(document, entry.delta), this.initial)
		this.epoch++
		this.peers.clear()
	}

	/** Replays the log: what every replica must show. */
	replay(): Delta {
		const document = this.log.reduce<Delta>((content, entry) => compose(content, entry.delta), this.initial)
		if (!equal(document, this.content)) throw new Error("the fake server's content is not its log's")
		return document
	}

	private change(entry: Entry, revision: number, requester: string): Change {
		const { client, seq, delta } = entry
		const own = client === requester ? { seq } : {}
		return { type: "change", revision, author: AUTHOR, at: AT, delta, ...own }
	}
}
