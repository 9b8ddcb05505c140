import { describe, expect, it } from "vitest"
import { type Delta, length } from "./delta.js"
import type { Change, Submit, Welcome } from "./protocol.js"
import { type Effect, type Event, initial, pendingEdits, type State, step, view, viewLength } from "./state.js"

/*
 * Stories: events in, the local view and the effects out. Helpers write one
 * event each.
 */
const author = { id: "u2", name: "Bob", color: "#000000" }
const at = "2026-01-01T00:00:00Z"
const local = (...delta: Delta): Event => ({ type: "local", delta })
const ack = (seq: number, revision: number): Event => ({ type: "ack", seq, revision, at })
const change = (revision: number, delta: Delta, seq?: number): Change => ({
	type: "change",
	revision,
	author,
	at,
	delta,
	...(seq ? { seq } : {}),
})
const reject = (seq: number, code: string, retry = false, retryAfter?: number): Event => ({
	type: "reject",
	seq,
	code,
	message: code,
	retry,
	...(retryAfter ? { retryAfter } : {}),
})
function welcome(document: Partial<Welcome["document"]>, more: Partial<Welcome> = {}): Welcome {
	return {
		type: "welcome",
		protocol: 1,
		client: "c1",
		peer: "p1",
		role: "editor",
		user: { id: "u1", name: "Ada", color: "#000000" },
		document: { id: "d", title: "", epoch: "e1", revision: 0, ...document },
		acknowledged: null,
		peers: [],
		limits: { changeBytes: 1000, changeOps: 100, documentLength: 1e6, presenceBytes: 2048 },
		...more,
	}
}

class Story {
	state: State = initial
	effects: Effect[] = []
	/** Whether what is to be stored is stored at once. */
	journal = true

	constructor(text = "abc\n", revision = 5) {
		this.tell(welcome({ content: [{ insert: text }], revision }))
		this.effects = []
	}

	tell(...events: Event[]): this {
		for (const event of events) {
			const next = step(this.state, event)
			this.state = next.state
			for (const effect of next.effects) {
				this.effects.push(effect)
				if (effect.type === "store" && this.journal) this.tell(stored(effect.message.seq, effect.client))
				if (effect.type === "again") this.tell(...effect.events)
			}
		}
		return this
	}

	get text(): string {
		return view(this.state)
			.map((op) => ("insert" in op ? op.insert : ""))
			.join("")
	}

	get sent(): Submit[] {
		return this.effects.filter((effect) => effect.type === "send").map((effect) => effect.message)
	}

	all<K extends Effect["type"]>(type: K): Extract<Effect, { type: K }>[] {
		return this.effects.filter((effect): effect is Extract<Effect, { type: K }> => effect.type === type)
	}
}
const stored = (seq: number, client = "c1"): Event => ({ type: "stored", client, seq })

describe("state machine", () => {
	it("[C1] one change in flight; later edits compose into one buffer, sent after the ack", () => {
		const story = new Story().tell(
			local({ insert: "x" }),
			local({ retain: 1 }, { insert: "y" }),
			local({ retain: 2 }, { insert: "z" }),
		)
		expect(story.text).toBe("xyzabc\n")
		expect(story.sent).toEqual([{ type: "submit", seq: 1, base: 5, delta: [{ insert: "x" }] }])
		expect(pendingEdits(story.state)).toBe(3)
		story.tell(ack(1, 6))
		expect(story.sent[1]).toEqual({ type: "submit", seq: 2, base: 6, delta: [{ retain: 1 }, { insert: "yz" }] })
		story.tell(ack(2, 7))
		expect(pendingEdits(story.state)).toBe(0)
		expect(story.state.savedRevision).toBe(7)
	})

	it("[C1] a buffer that composes to nothing is not sent", () => {
		const story = new Story().tell(
			local({ insert: "x" }),
			local({ retain: 1 }, { insert: "y" }),
			local({ retain: 1 }, { delete: 1 }),
		)
		expect(pendingEdits(story.state)).toBe(1)
		expect(story.tell(ack(1, 6)).sent).toHaveLength(1)
	})

	it("[A5] a remote change moves over what is in flight, then over the buffer, and both over it", () => {
		const story = new Story().tell(local({ insert: "x" }), local({ retain: 1 }, { insert: "y" }))
		story.tell(change(6, [{ insert: "R" }]))
		expect(story.text).toBe("Rxyabc\n")
		expect(story.all("change").at(-1)).toMatchObject({ source: "remote", author, delta: [{ insert: "R" }] })
		story.tell(ack(1, 7))
		expect(story.sent[1]).toEqual({ type: "submit", seq: 2, base: 7, delta: [{ retain: 2 }, { insert: "y" }] })
	})

	it("[S2] a resend is byte for byte the first submit, whatever was rebased since", () => {
		const story = new Story().tell(local({ retain: 3 }, { insert: "x" }), change(6, [{ insert: "R" }]), {
			type: "disconnected",
		})
		story.tell(welcome({ changes: [change(7, [{ delete: 1 }])], revision: 7 }))
		expect(story.sent).toHaveLength(2)
		expect(JSON.stringify(story.sent[1])).toBe(JSON.stringify(story.sent[0]))
		expect(story.tell(ack(1, 8)).text).toBe("abcx\n")
	})

	it("[C2] a resume learns that what was in flight is committed, and does not send it again", () => {
		const story = new Story().tell(local({ retain: 3 }, { insert: "x" }), { type: "disconnected" })
		story.tell(local({ retain: 4 }, { insert: "y" }))
		story.tell(
			welcome(
				{ changes: [change(6, [{ insert: "R" }]), change(7, [{ retain: 4 }, { insert: "x" }], 1)], revision: 7 },
				{ acknowledged: { seq: 1, revision: 7 } },
			),
		)
		expect(story.text).toBe("Rabcxy\n")
		expect(story.all("saved")).toHaveLength(1)
		expect(story.sent.map((message) => [message.seq, message.base])).toEqual([
			[1, 5],
			[2, 7],
		])
	})

	it("[C2] nothing new is sent before a paged catch-up has reached the head", () => {
		const story = new Story().tell({ type: "disconnected" }, local({ insert: "x" }))
		story.tell(welcome({ changes: [change(6, [{ insert: "R" }])], revision: 7, more: true }))
		expect(story.sent).toEqual([])
		story.tell(change(7, [{ insert: "S" }]))
		expect(story.sent[0]).toMatchObject({ seq: 1, base: 7, delta: [{ retain: 2 }, { insert: "x" }] })
		expect(story.text).toBe("SRxabc\n")
	})

	it("[C3] a change leaves only after it is stored, and not for another client's promise", () => {
		const story = new Story()
		story.journal = false
		story.tell(local({ insert: "x" }))
		expect(story.all("store")).toMatchObject([{ client: "c1", message: { seq: 1 } }])
		expect(story.tell(stored(1, "another"), stored(2)).sent).toEqual([])
		expect(story.tell(stored(1)).sent).toHaveLength(1)
	})

	it("[C4] a gap reconnects with resume and changes nothing; what is old is ignored", () => {
		const story = new Story().tell(change(5, [{ insert: "old" }]), change(7, [{ insert: "R" }]))
		expect(story.text).toBe("abc\n")
		expect(story.all("reconnect")).toEqual([{ type: "reconnect", resume: true }])
		expect(story.tell(change(6, [{ insert: "late" }])).text).toBe("abc\n")
	})

	it("[C8] a final reject takes the change back, offers its text, and goes on with the next seq", () => {
		const story = new Story("abc\n").tell(
			local({ retain: 1 }, { insert: "big" }, { delete: 1 }),
			local({ retain: 2 }, { insert: "!" }),
		)
		story.tell(reject(1, "document_too_large"))
		expect(story.text).toBe("ab!c\n")
		expect(story.all("rejected")).toMatchObject([
			{ reject: { code: "document_too_large" }, delta: [{ retain: 1 }, { insert: "big" }, { delete: 1 }] },
		])
		expect(story.all("change").at(-1)?.source).toBe("remote")
		expect(story.sent[1]).toEqual({ type: "submit", seq: 2, base: 5, delta: [{ retain: 2 }, { insert: "!" }] })
	})

	it("[C8] one that may be retried goes again with the same body", () => {
		const story = new Story().tell(
			local({ insert: "x" }),
			reject(1, "rate_limited", true, 1500),
			change(6, [{ insert: "R" }]),
		)
		expect(story.all("retry")).toEqual([{ type: "retry", seq: 1, code: "rate_limited", after: 1500 }])
		story.tell({ type: "retry", seq: 1 })
		expect(story.sent[1]).toEqual(story.sent[0])
	})

	it("[C3] an id conflict takes a new client id and offers the text", () => {
		const story = new Story().tell(
			local({ insert: "x" }),
			local({ retain: 4 }, { insert: "y" }),
			reject(1, "id_conflict"),
		)
		expect(story.all("reconnect")).toEqual([{ type: "reconnect", resume: false }])
		expect(story.all("rejected")).toHaveLength(1)
		story.tell({ type: "disconnected" }, welcome({ content: [{ insert: "abc!\n" }], revision: 9 }, { client: "c2" }))
		expect(story.text).toBe("abc!y\n")
		expect(story.sent[1]).toMatchObject({ seq: 1, base: 9 })
		expect(story.state.client).toBe("c2")
	})

	it("[S7] a reset keeps what is pending, without what the new log already has", () => {
		const story = new Story().tell(local({ retain: 3 }, { insert: "x" }), local({ retain: 4 }, { insert: "y" }), {
			type: "disconnected",
		})
		story.tell(
			welcome(
				{ content: [{ insert: "Abcx\n" }], revision: 2, epoch: "e2" },
				{ client: "c2", reset: "epoch", acknowledged: { seq: 1, revision: 2 } },
			),
		)
		expect(story.text).toBe("Abcxy\n")
		expect(story.sent[1]).toEqual({ type: "submit", seq: 1, base: 2, delta: [{ retain: 4 }, { insert: "y" }] })
		expect(story.all("saved")).toHaveLength(1)
	})

	it("[S7] a reset to the same text leaves pending edits exactly as they are, and the view untouched", () => {
		const story = new Story().tell({ type: "disconnected" }, local({ retain: 1 }, { insert: "x" }))
		const changes = story.all("change").length
		story.tell(welcome({ content: [{ insert: "abc\n" }], revision: 3, epoch: "e2" }, { client: "c2", reset: "epoch" }))
		expect(story.all("change")).toHaveLength(changes)
		expect(story.sent[0]).toEqual({ type: "submit", seq: 1, base: 3, delta: [{ retain: 1 }, { insert: "x" }] })
	})

	it("content left out of the welcome is fetched, and what comes meanwhile waits", () => {
		const story = new Story().tell({ type: "disconnected" }, local({ insert: "x" }))
		story.tell(
			welcome({ content: null, revision: 3, epoch: "e2" }, { client: "c2", reset: "epoch" }),
			change(4, [{ insert: "R" }]),
		)
		expect(story.all("fetch")).toEqual([{ type: "fetch", revision: 3 }])
		expect(story.sent).toEqual([])
		story.tell({ type: "loaded", revision: 2, content: [{ insert: "stale\n" }] })
		expect(story.text).toBe("xabc\n")
		story.tell({ type: "loaded", revision: 3, content: [{ insert: "abc!\n" }] })
		expect(story.text).toBe("Rxabc!\n")
		expect(story.state.revision).toBe(4)
	})

	it("[C6] a reload for a wrong copy takes fresh content and keeps pending edits", () => {
		const story = new Story().tell(local({ retain: 3 }, { insert: "x" }), { type: "reload" }, ack(1, 6))
		expect(story.all("fetch")).toEqual([{ type: "fetch", revision: 5 }])
		story.tell({ type: "loaded", revision: 5, content: [{ insert: "abC\n" }] })
		expect(story.text).toBe("abCx\n")
		expect(story.state.inflight).toBeUndefined()
	})

	it("a change past the end of what we have is answered by fresh content", () => {
		const story = new Story().tell(change(6, [{ retain: 10 }, { insert: "R" }]))
		expect(story.all("fetch")).toEqual([{ type: "fetch", revision: 6 }])
		story.tell({ type: "loaded", revision: 6, content: [{ insert: "abc and moreR\n" }] })
		expect(story.text).toBe("abc and moreR\n")
		expect(story.state.revision).toBe(6)
	})

	it("an ack where another change had been seen ends the trust in our copy, not the edit", () => {
		const story = new Story().tell(local({ insert: "x" }), ack(1, 5))
		expect(story.all("reconnect")).toEqual([{ type: "reconnect", resume: false }])
		story.tell({ type: "disconnected" }, welcome({ content: [{ insert: "xabc\n" }], revision: 6 }, { client: "c2" }))
		expect(story.text).toBe("xabc\n")
		expect(pendingEdits(story.state)).toBe(0)
	})

	it("[S9] a paste beyond the limits leaves in pieces", () => {
		const story = new Story().tell(local({ insert: "日".repeat(1000) }))
		for (let seq = 1; pendingEdits(story.state) > 0; seq++) {
			expect(JSON.stringify(story.sent[seq - 1]?.delta).length).toBeLessThan(1000)
			story.tell(ack(seq, 5 + seq))
		}
		expect(story.sent.length).toBeGreaterThan(3)
		expect(viewLength(story.state)).toBe(1004)
	})

	it("[C5] one that left in pieces is unsaved while the last of them is under way, though the rest was undone", () => {
		const story = new Story().tell(local({ insert: "x".repeat(2000) }))
		const first = length(story.sent[0]?.delta ?? [])
		story.tell(local({ retain: first }, { delete: 2000 - first }))
		expect(story.state.buffer).toEqual([])
		expect(pendingEdits(story.state)).toBe(1)
		story.tell(ack(1, 6))
		expect(pendingEdits(story.state)).toBe(0)
	})

	it.each<Delta>([
		[{ retain: 4 }, { insert: "x" }],
		[{ retain: 3 }, { delete: 1 }],
		[{ retain: 9 }, { delete: 1 }],
		[{ retain: 5, attributes: { bold: true } }],
	])("[D1] [D3] an edit past the end or at the final newline is refused at once: %j", (...delta) => {
		expect(() => new Story().tell(local(...delta))).toThrow(RangeError)
	})

	it.each<{ delta: unknown }>([
		{ delta: { ops: [{ insert: "x" }] } },
		{ delta: "x" },
		{ delta: [{ insert: 3 }] },
		{ delta: [{ insert: null }] },
		{ delta: [{ insert: { image: "https://a.example/b", alt: "c" } }] },
		{ delta: [{ inserted: "x" }] },
		{ delta: [{ insert: "x", delete: 1 }] },
		{ delta: [{ retain: "1" }, { insert: "x" }] },
		{ delta: [{ retain: 0.5 }] },
		{ delta: [{ delete: -1 }] },
		{ delta: ["x"] },
		{ delta: null },
		{ delta: [{ insert: "b" }, 0] },
		{ delta: [""] },
		{ delta: [null] },
	])("what is no delta is refused at once, with nothing else: $delta", ({ delta }) => {
		const story = new Story().tell(local({ insert: "a" }))
		const before = story.state
		expect(() => story.tell({ type: "local", delta: delta as Delta })).toThrow(TypeError)
		expect(story.state).toBe(before)
	})

	it("[D3] the final newline may be formatted", () => {
		expect(new Story().tell(local({ retain: 3 }, { retain: 1, attributes: { header: 1 } })).sent).toHaveLength(1)
	})

	it("before the content has arrived there is nothing to edit", () => {
		expect(() => step(initial, local({ insert: "x" }))).toThrow("not arrived")
	})
})
