import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { createClient } from "./client.js"
import type { ClientDocument } from "./document.js"
import type { PeerPresence } from "./protocol.js"
import { elapse, stopTime } from "./testing/clock.js"
import { FakeNetwork } from "./testing/fake-network.js"
import { FakeServer } from "./testing/fake-server.js"

let server: FakeServer
let network: FakeNetwork
let document: ClientDocument

const pass = (ms: number) => elapse(ms, () => [network])

beforeEach(async () => {
	stopTime()
	server = new FakeServer()
	server.content = [{ insert: "0123456789\n" }]
	network = new FakeNetwork(server)
	document = createClient({
		url: "http://host",
		webSocket: network.webSocket,
		fetch: network.fetch,
		random: () => 0.5,
	}).open("d")
	await pass(10)
})
afterEach(() => {
	document.close()
	vi.useRealTimers()
})

const bob = { id: "bob", name: "Bob", color: "#112233" }
const caret = (anchor: number, head = anchor) => ({ anchor, head })
const at = (revision: number, selection: PeerPresence["selection"], peer = "b", user = bob): PeerPresence => ({
	type: "presence",
	peer,
	user,
	revision,
	selection,
})
const sent = () => network.last.of("presence")
const positions = () => document.peers.map((peer) => peer.selection?.head)

describe("presence", () => {
	it("[V1] a caret is told as soon when the clock was set back", async () => {
		document.setPresence(caret(1))
		await pass(100)
		vi.setSystemTime(Date.now() - 3_600_000)
		document.setPresence(caret(2))
		await pass(100)
		expect(network.last.of("presence").at(-1)?.selection).toEqual(caret(2))
	})

	it("[V2] our caret goes out with base and seq, newest first, not too often", async () => {
		document.setPresence(caret(1))
		document.setPresence(caret(2))
		document.setPresence(caret(3), { page: 2 })
		expect(sent()).toMatchObject([{ base: 0, seq: 0, selection: caret(1) }])
		await pass(100)
		expect(sent()).toHaveLength(2)
		expect(sent()[1]).toEqual({ type: "presence", base: 0, seq: 0, selection: caret(3), state: { page: 2 } })
		document.submit([{ insert: "x" }])
		document.setPresence(caret(1))
		await pass(1)
		expect(sent()).toHaveLength(2)
		await pass(100)
		expect(sent()[2]).toMatchObject({ base: 1, seq: 1, selection: caret(1) })
	})

	it("[V2] waits while a buffer is unsent, and then tells where the caret is by then", async () => {
		network.flowing = false
		document.submit([{ insert: "a" }])
		document.submit([{ retain: 1 }, { insert: "b" }])
		document.setPresence(caret(2))
		await pass(200)
		expect(sent()).toEqual([])
		document.submit([{ insert: "c" }])
		network.flowing = true
		network.last.hear({ type: "ack", seq: 1, revision: 1, at: "" })
		await pass(100)
		expect(sent()).toMatchObject([{ base: 1, seq: 2, selection: caret(3) }])
	})

	it("[A8] others' carets move with the local view: own typing at them does not push them, theirs does", async () => {
		network.last.hear(at(0, caret(4)))
		document.submit([{ retain: 4 }, { insert: "me" }])
		expect(positions()).toEqual([4])
		document.submit([{ insert: "me" }])
		expect(positions()).toEqual([6])
		await pass(50)
		const change = { type: "change", author: bob, at: "" } as const
		network.last.hear({ ...change, revision: server.revision + 1, peer: "b", delta: [{ retain: 6 }, { insert: "!" }] })
		expect(positions()).toEqual([7])
		network.last.hear({
			...change,
			revision: server.revision + 2,
			peer: "other",
			delta: [{ retain: 7 }, { insert: "!" }],
		})
		expect(positions()).toEqual([7])
	})

	it("a caret of another revision than ours is brought to ours", async () => {
		document.submit([{ insert: "abc" }])
		await pass(50)
		network.last.hear(at(0, caret(2)))
		expect(positions()).toEqual([5])
		network.last.hear(at(2, caret(1)))
		expect(positions()).toEqual([5])
		document.submit([{ insert: "d" }])
		await pass(50)
		expect(positions()).toEqual([1])
	})

	it("the same person in another tab is marked; who leaves is gone; a caret never leaves the text", async () => {
		network.last.hear(at(0, null, "a2", document.user), at(0, caret(999)))
		expect(document.peers.map((peer) => [peer.peer, peer.self])).toEqual([
			["a2", true],
			["b", false],
		])
		expect(positions()).toEqual([undefined, 10])
		network.last.hear({ type: "leave", peer: "b" })
		expect(document.peers.map((peer) => peer.peer)).toEqual(["a2"])
	})

	it("[V1] a short break does not flicker, a longer one empties; after it our caret is told again", async () => {
		document.setPresence(caret(3))
		network.last.hear(at(0, caret(4)))
		network.reachable = false
		network.last.shut(1006, "")
		await pass(3_000)
		expect(document.peers).toHaveLength(1)
		await pass(3_000)
		expect(document.peers).toHaveLength(0)
		network.reachable = true
		document.reconnectNow()
		await pass(100)
		expect(sent()).toMatchObject([{ selection: caret(3) }])
	})

	it.each(["removed", "failed"])("[V1] nobody stays in sight on a document that is %s", async (state) => {
		network.last.hear(at(0, caret(4)))
		const heard: number[] = []
		document.on("presence", (peers) => void heard.push(peers.length))
		if (state === "removed") network.last.hear({ type: "removed", reason: "trashed" })
		else network.last.shut(4509, "damaged")
		await pass(35_000)
		expect(document.status.state).toBe(state)
		expect(document.peers).toEqual([])
		expect(heard.at(-1)).toBe(0)
	})
})
