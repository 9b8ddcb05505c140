import { describe, expect, it } from "vitest"
import { canonical, compose, type Delta, insertedText, isCanonical } from "./delta.js"
import {
	entryOf,
	isUsable,
	type Journaled,
	type Place,
	placeOf,
	placeOfEntry,
	read,
	restore,
	type Snapshot,
} from "./journal-entry.js"
import type { ServerMessage, Submit } from "./protocol.js"
import { type Effect, type Event, initial, pendingEdits, type State, step, view, viewLength } from "./state.js"
import { type FakePeer, FakeServer } from "./testing/fake-server.js"
import { Random } from "./testing/random.js"

/*
 * N clients against a sequencer with loss, delay, repetition, rejects, restored
 * backups, and tabs that crash and are gone on with from the journal. COSCRIBE_FUZZ_RUNS sets the number of runs, COSCRIBE_FUZZ_SEED
 * replays one: npx vitest run frontend/client/state.fuzz.test.ts
 */
const RUNS = Number(process.env.COSCRIBE_FUZZ_RUNS ?? 2_000)
const TURNS = 60
const SEED = process.env.COSCRIBE_FUZZ_SEED

/** Counts what happened, so that no run is vacuous. */
const seen = {
	resent: 0,
	resumed: 0,
	reset: 0,
	rejected: 0,
	retried: 0,
	split: 0,
	buffered: 0,
	fetched: 0,
	gaps: 0,
	crashed: 0,
	unsent: 0,
	unwritten: 0,
}

/** What one run is about, and every character typed in it: each is typed once. */
interface World {
	readonly insertsOnly: boolean
	readonly typed: string[]
	/** What was offered back, by what names it: a crash may lead to the same refusal twice. */
	readonly refused: Map<string, string>
	/** Every edit is in the journal at once; otherwise a crash may take the last ones. */
	readonly prompt: boolean
	/** Taken by a crash before the journal had it. */
	readonly unwritten: string[]
}

/** One tab: the state machine, a lossy pipe, and an editor that only hears the changes. */
class Tab {
	state: State = initial
	editor: Delta | undefined
	peer: FakePeer | undefined
	private readonly outgoing: Submit[] = []
	/** A network that loses single messages, which no real one does: it must still heal. */
	faults = true
	private stores: Event[] = []
	private retries: Event[] = []
	private fetches: number[] = []
	resume = true
	/** What the journal holds of this tab, as stored. */
	private entry: unknown
	private snapshot: Snapshot | undefined
	private place: Place | undefined
	private readonly bodies = new Map<string, string>()

	constructor(
		private readonly server: FakeServer,
		private readonly random: Random,
		private readonly world: World,
	) {}

	connect(): void {
		if (this.peer) return
		const { client, epoch, revision, lastSeq } = this.state
		const resume = this.resume && client !== ""
		this.peer = this.server.join(resume ? { client, epoch, revision, seq: lastSeq } : undefined)
		this.resume = true
		if (resume) seen.resumed++
	}

	disconnect(): void {
		if (!this.peer) return
		this.server.peers.delete(this.peer)
		this.peer = undefined
		this.outgoing.length = 0
		this.fetches = []
		this.retries = []
		this.dispatch({ type: "disconnected" })
	}

	/** The tab is gone in the middle of anything; another one goes on with what the journal has. */
	crash(): void {
		if (!this.entry) return
		seen.crashed++
		if (this.peer) this.server.peers.delete(this.peer)
		this.peer = undefined
		this.outgoing.length = 0
		this.stores = []
		this.retries = []
		this.fetches = []
		const before = insertedText(this.state.inflight?.delta ?? []) + insertedText(this.state.buffer)
		const left = read(structuredClone(this.entry), structuredClone(this.snapshot))
		if (!isUsable(left)) throw new Error("the snapshot does not go with its entry")
		this.state = restore(left)
		this.resume = left.entry.resume
		this.place = placeOfEntry(left.entry, this.state)
		this.editor = view(this.state)
		const kept = insertedText(this.state.inflight?.delta ?? []) + insertedText(this.state.buffer)
		if (kept !== "") seen.unsent++
		for (const character of before.replaceAll("\n", "")) {
			if (kept.includes(character)) continue
			seen.unwritten++
			this.world.unwritten.push(character)
		}
	}

	/** Writes to the journal what a keeper would. */
	private write(): void {
		if (!this.state.loaded) return
		const { place, fresh } = placeOf(this.state, this.place)
		const { client, epoch, revision, content } = this.state
		if (fresh) this.snapshot = { document: "document", client, epoch, revision, content: content.delta }
		this.place = place
		const live: Journaled = {
			id: "document",
			state: this.state,
			resume: this.resume,
			title: "",
			role: "editor",
			user: undefined,
			rejected: undefined,
		}
		this.entry = entryOf(live, place, 0)
	}

	/** Delivers one message in one direction; now and then twice, as after a lost answer. */
	deliver(): void {
		const { peer, random } = this
		if (peer && !this.server.peers.has(peer)) {
			this.disconnect()
			return
		}
		const submit = this.outgoing[0]
		if (submit && peer && random.chance(0.5)) {
			if (!random.chance(0.1)) this.outgoing.shift()
			this.server.submit(peer, submit)
		}
		const message = peer?.outbox.shift()
		if (message) this.hear(message)
		if (random.chance(0.7)) {
			for (const event of this.stores.splice(0)) {
				this.write()
				this.dispatch(event)
			}
		}
		if (random.chance(0.5)) for (const event of this.retries.splice(0)) this.dispatch(event)
		if (this.fetches.length > 0 && random.chance(0.5)) this.fetch()
	}

	type(): void {
		if (!this.state.loaded) return
		const { random, world } = this
		const size = viewLength(this.state)
		const at = random.below(size)
		const rest = size - 1 - at
		const kind = random.next()
		if (kind < 0.65 || rest === 0 || world.insertsOnly) {
			const character = String.fromCharCode(0x4e00 + world.typed.length)
			world.typed.push(character)
			const attributes = random.chance(0.3) ? { attributes: { bold: true } } : {}
			const text = random.chance(0.03) ? character.padEnd(400, "\n") : character
			this.dispatch({ type: "local", delta: [{ retain: at }, { insert: text, ...attributes }] })
		} else if (kind < 0.85) {
			const attributes = { bold: random.pick([true, null]), color: random.pick(["#ff0000", "#00ff00", null]) }
			this.dispatch({ type: "local", delta: [{ retain: at }, { retain: 1 + random.below(rest), attributes }] })
		} else {
			const length = 1 + random.below(Math.min(rest, 4))
			this.dispatch({ type: "local", delta: [{ retain: at }, { delete: length }] })
		}
		if (this.state.inflight && this.state.buffer.length > 0) seen.buffered++
	}

	hasWork(): boolean {
		return (
			this.outgoing.length + this.stores.length + this.retries.length + this.fetches.length > 0 ||
			(this.peer?.outbox.length ?? 0) > 0 ||
			pendingEdits(this.state) > 0 ||
			!this.state.online
		)
	}

	private fetch(): void {
		const revision = this.fetches.shift() as number
		seen.fetched++
		const content = this.server.log
			.slice(0, revision)
			.reduce<Delta>((document, entry) => compose(document, entry.delta), [{ insert: "\n" }])
		this.dispatch({ type: "loaded", revision, content })
	}

	private hear(message: ServerMessage): void {
		const { random } = this
		if (message.type === "welcome") {
			if (message.reset) seen.reset++
			const large = message.document.content && random.chance(0.2)
			this.dispatch(large ? { ...message, document: { ...message.document, content: null } } : message)
		} else if (message.type === "ack" || message.type === "change" || message.type === "reject") {
			if (this.faults && random.chance(0.02)) seen.gaps++
			else this.dispatch(message)
			if (this.faults && random.chance(0.02)) this.dispatch({ type: "reload" })
		}
	}

	private dispatch(event: Event): void {
		const next = step(this.state, event)
		this.state = next.state
		for (const effect of next.effects) this.perform(effect)
		if (this.world.prompt || this.random.chance(0.3)) this.write()
		if (this.editor) expect(this.editor).toEqual(view(this.state))
		expect(isCanonical(this.state.buffer)).toBe(true)
	}

	private perform(effect: Effect): void {
		switch (effect.type) {
			case "store":
				if (this.state.buffer.length > 0) seen.split++
				this.stores.push({ type: "stored", client: effect.client, seq: effect.message.seq })
				break
			case "send": {
				const { client } = this.state
				const key = `${client} ${effect.message.seq}`
				const body = JSON.stringify(effect.message)
				if (this.bodies.has(key)) seen.resent++
				expect(this.bodies.get(key) ?? body).toBe(body)
				this.bodies.set(key, body)
				this.outgoing.push(effect.message)
				break
			}
			case "change":
				this.editor = compose(this.editor as Delta, effect.delta)
				break
			case "reset":
				this.editor = view(this.state)
				break
			case "rejected":
				seen.rejected++
				this.world.refused.set(`${this.state.client} ${effect.reject.seq}`, insertedText(effect.delta))
				break
			case "retry":
				seen.retried++
				this.retries.push({ type: "retry", seq: effect.seq })
				break
			case "fetch":
				this.fetches.push(effect.revision)
				break
			case "reconnect":
				this.resume = effect.resume
				this.disconnect()
				break
			case "again":
				for (const event of effect.events) this.dispatch(event)
		}
	}
}

function run(seed: number): void {
	const random = new Random(seed)
	const server = new FakeServer()
	server.limits = { ...server.limits, changeBytes: 300, changeOps: 6 }
	const world: World = {
		insertsOnly: random.chance(0.5),
		prompt: random.chance(0.5),
		typed: [],
		refused: new Map(),
		unwritten: [],
	}
	const tabs = [0, 1, 2].slice(0, 2 + random.below(2)).map(() => new Tab(server, random, world))
	const backups = !world.insertsOnly && random.chance(0.5)
	const rejects = random.chance(0.3)
	// A final refusal is final: in the same run the same submit is refused again.
	const refused = new Set<string>()
	server.refuse = (submit) => {
		if (refused.has(JSON.stringify(submit.delta))) return { code: "document_too_large", retry: false }
		if (!rejects || !random.chance(0.1)) return undefined
		const refusal = random.pick([
			{ code: "rate_limited", retry: true },
			{ code: "document_too_large", retry: false },
			{ code: "id_conflict", retry: false },
		])
		if (!refusal.retry) refused.add(JSON.stringify(submit.delta))
		return refusal
	}
	for (let turn = 0; turn < TURNS; turn++) {
		const tab = random.pick(tabs)
		// From seed to seed the crash moves through every step of a run.
		if (turn === seed % TURNS || random.chance(0.01)) tab.crash()
		const act = random.next()
		if (act < 0.35) tab.type()
		else if (act < 0.4) tab.disconnect()
		else if (act < 0.5) tab.connect()
		else if (act < 0.505 && backups) server.restore(random.below(server.revision + 1))
		else tab.deliver()
	}
	// Drain: everybody comes back and everything is delivered.
	server.refuse = (submit) =>
		refused.has(JSON.stringify(submit.delta)) ? { code: "document_too_large", retry: false } : undefined
	for (const tab of tabs) {
		tab.disconnect()
		tab.faults = false
	}
	for (let turn = 0; tabs.some((tab) => tab.hasWork()); turn++) {
		if (turn > 20_000) throw new Error("the run does not come to rest")
		for (const tab of tabs) {
			tab.connect()
			tab.deliver()
		}
	}
	const document = server.replay()
	for (const tab of tabs) expect(canonical(tab.editor as Delta)).toEqual(document)
	for (const tab of tabs) expect(view(tab.state)).toEqual(document)
	if (!world.insertsOnly) return
	// Nothing lost, nothing doubled (law S9): each character is in the document once or was offered back once.
	const offered = [...world.refused.values()].join("")
	const found = [...insertedText(document), ...offered, ...world.unwritten].filter((character) => character >= "\u4e00")
	expect(found.sort()).toEqual(world.typed)
	if (world.prompt) expect(world.unwritten).toEqual([])
}

describe("clients against a sequencer with faults", () => {
	it("[C1] [C2] [C3] [C4] [C8] [S2] [S9] every client ends with the log's document, nothing lost, nothing doubled", () => {
		const seeds = SEED ? [Number(SEED)] : Array.from({ length: RUNS }, (_, i) => i + 1)
		for (const seed of seeds) {
			try {
				run(seed)
			} catch (error) {
				console.error(`seed ${seed}: replay with COSCRIBE_FUZZ_SEED=${seed}`)
				throw error
			}
		}
		if (!SEED) for (const [what, times] of Object.entries(seen)) expect(times, `runs with ${what}`).toBeGreaterThan(10)
	})
})
