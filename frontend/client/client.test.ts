import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type ClientOptions, createClient } from "./client.js"
import { Connection } from "./connection.js"
import type { Delta } from "./delta.js"
import type { ClientDocument, DocumentEvents } from "./document.js"
import { elapse, stopTime } from "./testing/clock.js"
import { FakeNetwork } from "./testing/fake-network.js"
import { FakeServer } from "./testing/fake-server.js"

let server: FakeServer
let network: FakeNetwork
const opened: ClientDocument[] = []

beforeEach(() => {
	stopTime()
	server = new FakeServer()
	network = new FakeNetwork(server)
})
afterEach(() => {
	for (const document of opened.splice(0)) document.close()
	vi.useRealTimers()
})

const pass = (ms: number) => elapse(ms, () => [network])

function open(options: Partial<ClientOptions> = {}): ClientDocument {
	const client = createClient({
		url: "https://host/",
		webSocket: network.webSocket,
		fetch: network.fetch,
		random: () => 0.999,
		...options,
	})
	const document = client.open("an id")
	opened.push(document)
	return document
}

async function ready(options: Partial<ClientOptions> = {}): Promise<ClientDocument> {
	const document = open(options)
	await pass(10)
	expect(document.loaded).toBe(true)
	return document
}

function record<K extends keyof DocumentEvents>(document: ClientDocument, event: K): DocumentEvents[K][] {
	const heard: DocumentEvents[K][] = []
	document.on(event, (detail) => void heard.push(detail))
	return heard
}
const text = (document: ClientDocument) => document.content.map((op) => ("insert" in op ? op.insert : "")).join("")

describe("client", () => {
	it("opens, loads, submits, is saved, and hears the others", async () => {
		const ada = open()
		const resets = record(ada, "reset")
		const saved = record(ada, "saved")
		expect(ada.status.state).toBe("connecting")
		await pass(10)
		expect(network.last.url).toBe("wss://host/api/documents/an%20id/socket")
		expect(network.last.protocols).toEqual(["coscribe.v1"])
		expect(resets).toEqual([{ content: [{ insert: "\n" }], revision: 0 }])
		const bob = await ready()
		const changes = record(bob, "change")
		ada.submit([{ insert: "hello" }])
		expect(ada.status).toEqual({ state: "saving", pending: 1 })
		await pass(10)
		expect(saved).toMatchObject([{ revision: 1 }])
		expect(ada.status).toEqual({ state: "saved", pending: 0 })
		expect(text(bob)).toBe("hello\n")
		expect(changes).toMatchObject([
			{ source: "remote", delta: [{ insert: "hello" }], revision: 1, author: { name: "Ada" } },
		])
	})

	it("[C2] comes back by itself after the network broke, and nothing is lost", async () => {
		const document = await ready()
		network.reachable = false
		network.last.shut(1006, "")
		document.submit([{ insert: "a" }])
		document.submit([{ retain: 1 }, { insert: "b" }])
		expect(document.status).toMatchObject({ state: "offline", pending: 2, retryAt: expect.any(Number) })
		expect(document.unsavedText).toBe("ab")
		await pass(5_000)
		network.reachable = true
		await pass(30_000)
		expect(document.status).toEqual({ state: "saved", pending: 0 })
		expect(server.content).toEqual([{ insert: "ab\n" }])
		expect(network.last.of("hello")[0]?.resume).toMatchObject({ client: "client-1", epoch: "epoch-1", revision: 0 })
	})

	it("[C5] a stalled network is noticed within 35 s, hidden or not, and bridged", async () => {
		for (const visible of [true, false]) {
			const document = await ready({ visible: () => visible })
			network.flowing = false
			const before = server.revision
			document.submit([{ insert: "x" }])
			const sockets = network.sockets.length
			await pass(34_000)
			expect(network.sockets.length).toBeGreaterThan(sockets)
			expect(document.status.state).toBe("offline")
			network.flowing = true
			await pass(40_000)
			expect(document.status.state).toBe("saved")
			expect(server.revision).toBe(before + 1)
		}
	})

	it("[C5] a stalled network is noticed as soon when the clock is set back, or was", async () => {
		const document = await ready()
		vi.setSystemTime(Date.now() - 3_600_000)
		network.flowing = false
		await pass(20_000) // it was asked
		vi.setSystemTime(Date.now() - 3_600_000)
		await pass(14_000)
		expect(network.sockets.length).toBeGreaterThan(1)
		expect(document.status.state).toBe("offline")
	})

	it("[C5] a large change that a slow line still takes is no dead connection; one that it takes no more is", async () => {
		for (const visible of [true, false]) {
			const document = await ready({ visible: () => visible })
			const socket = network.last
			network.flowing = false
			socket.bufferedAmount = 500_000
			document.submit([{ insert: "x".repeat(500_000) }])
			const sockets = network.sockets.length
			for (let second = 0; second < 90; second++) {
				socket.bufferedAmount -= 5_000
				await pass(1_000)
			}
			expect(network.sockets).toHaveLength(sockets)
			expect(document.status).toEqual({ state: "saving", pending: 1 })
			await pass(35_000)
			expect(network.sockets.length).toBeGreaterThan(sockets)
			expect(document.status.state).toBe("offline")
			document.close()
			network.flowing = true
		}
	})

	it("[C5] little that leaves proves nothing: a system takes it though nobody reads", async () => {
		const document = await ready()
		network.flowing = false
		const socket = network.last
		for (let second = 0; second < 34; second++) {
			socket.bufferedAmount = 30_000
			document.setPresence({ anchor: 0, head: second % 2 })
			socket.bufferedAmount = 0
			await pass(1_000)
		}
		expect(document.status.state).toBe("offline")
	})

	it("[C5] a server asked before the machine slept gets a second chance to answer, and no third", async () => {
		for (const answers of [true, false]) {
			const document = await ready()
			const [socket, sockets] = [network.last, network.sockets.length]
			network.flowing = false
			await pass(20_000) // it was asked
			vi.setSystemTime(Date.now() + 3_600_000)
			await pass(5_100)
			network.flowing = answers
			expect(network.sockets).toHaveLength(sockets)
			socket.peer?.outbox.push({ type: "pong", revision: server.revision })
			await pass(12_000)
			expect(network.sockets.length > sockets).toBe(!answers)
			network.flowing = true
			document.close()
		}
	})

	it("[S7] told to come again for what is restored, it comes at once", async () => {
		const document = await ready()
		network.last.hear({ type: "reload", reason: "restored" })
		await pass(20)
		expect(network.sockets).toHaveLength(2)
		expect(document.status.state).toBe("saved")
	})

	it("[C5] an idle connection is kept: it is asked, it answers, nobody reconnects", async () => {
		await ready()
		await pass(120_000)
		expect(network.sockets).toHaveLength(1)
		expect(network.last.of("ping").length).toBeGreaterThan(5)
	})

	it("[C5] backoff doubles from 0.5 s to 30 s, with jitter over all of it", async () => {
		network.reachable = false
		const document = open({ random: () => 0.5 })
		const waits: number[] = []
		document.on("status", (status) => {
			if (status.retryAt) waits.push(Math.round(status.retryAt - Date.now()))
		})
		await pass(120_000)
		expect(waits.slice(0, 8)).toEqual([250, 500, 1000, 2000, 4000, 8000, 15000, 15000])
	})

	it("reconnectNow does not wait, and checks a connection that only seems open", async () => {
		const document = await ready()
		network.reachable = false
		network.last.shut(1006, "")
		await pass(20_000)
		network.reachable = true
		const sockets = network.sockets.length
		document.reconnectNow()
		await pass(20)
		expect(network.sockets.length).toBe(sockets + 1)
		expect(document.status.state).toBe("saved")
		network.flowing = false
		document.reconnectNow()
		await pass(4_100)
		expect(document.status.state).toBe("offline")
	})

	it("[C5] a network that is back but not yet ready costs a moment, not what is left of a long backoff", async () => {
		const document = await ready()
		network.reachable = false
		network.last.shut(1006, "")
		await pass(60_000)
		document.reconnectNow()
		await pass(10)
		network.reachable = true
		await pass(1_000)
		expect(document.status.state).toBe("saved")
	})

	it("[C5] reconnectNow counts while an attempt is under way, too", async () => {
		const document = await ready()
		network.reachable = false
		network.last.shut(1006, "")
		await pass(60_000)
		const sockets = network.sockets.length
		while (network.sockets.length === sockets) await vi.advanceTimersToNextTimerAsync()
		document.reconnectNow()
		await pass(10)
		network.reachable = true
		await pass(1_000)
		expect(document.status.state).toBe("saved")
	})

	it("[C5] reconnectNow breaks off an attempt that opened and is not answered, however often that was so before", async () => {
		let attempts = 0
		const document = await ready({ token: async () => void attempts++ as undefined })
		network.flowing = false
		network.last.shut(1006, "")
		await pass(90_000) // by now an answer is waited for 60 s
		const before = attempts
		while (attempts === before) await vi.advanceTimersToNextTimerAsync()
		await pass(15_000)
		expect(attempts).toBe(before + 1)
		document.reconnectNow()
		await pass(11_000)
		expect(attempts).toBe(before + 2)
		await pass(11_000)
		expect(attempts).toBe(before + 3)
		network.flowing = true
		await pass(25_000)
		expect(document.status.state).toBe("saved")
	})

	it("[C5] reconnectNow prolongs no attempt", async () => {
		let attempts = 0
		const document = await ready({ token: async () => void attempts++ as undefined })
		network.flowing = false
		network.last.shut(1006, "")
		await pass(1_000)
		const before = attempts
		for (let second = 0; second < 11; second++) {
			document.reconnectNow()
			await pass(1_000)
		}
		expect(attempts).toBe(before + 1)
	})

	it("a document that takes a slow network 25 s to bring is waited for", async () => {
		const document = open({ fetch: () => Promise.reject(new TypeError("fetch failed")) })
		for (let second = 0, connections = 0, came = 0; second < 120 && !document.loaded; second++) {
			await vi.advanceTimersByTimeAsync(1_000)
			if (network.sockets.length > connections) came = second
			connections = network.sockets.length
			if (second >= came + 25) network.deliver()
		}
		expect(document.loaded).toBe(true)
	})

	it("connects without long-poll where fetching it stalls", async () => {
		network.reachable = false
		const heard: string[] = []
		const connection = new Connection(
			{
				url: "wss://host/socket",
				webSocket: network.webSocket,
				transports: () => new Promise(() => {}),
				server: "https://host",
				token: async () => undefined,
				visible: () => true,
				random: () => 0.999,
			},
			{
				hello: () => ({ type: "hello", protocol: 1 }),
				receive: (message) => void heard.push(message.type),
				down() {},
				changed() {},
				stopped() {},
			},
		)
		connection.now()
		await pass(10)
		network.reachable = true
		await pass(4_000)
		connection.stop()
		expect(heard).toEqual(["welcome"])
	})

	it.each([
		[4500, "protocol"],
		[4501, "unauthorized"],
		[4504, "not_found"],
		[4505, "invalid_changes"],
		[4506, "client_too_old"],
		[4507, "server_too_old"],
		[4508, "replaced"],
		[4509, "damaged"],
		[1009, "protocol"],
	])("[P5] close code %i ends it: %s; unsaved text stays readable", async (code, reason) => {
		const document = await ready()
		network.flowing = false
		document.submit([{ insert: "mine" }])
		network.last.shut(code, "why")
		await pass(60_000)
		expect(network.sockets).toHaveLength(1)
		expect(document.status).toEqual({ state: "failed", pending: 1, reason })
		expect(document.unsavedText).toBe("mine")
	})

	it("[S3] who has signed in elsewhere meanwhile goes on as that person, and what the guest had typed is offered", async () => {
		const document = await ready()
		network.flowing = false
		document.submit([{ insert: "mine" }])
		network.last.shut(4503, "not yours")
		network.flowing = true
		await pass(1_000)
		expect(network.last.of("hello")[0]?.resume).toBeUndefined()
		expect(document.status).toMatchObject({ state: "rejected", pending: 0, rejected: { text: "mine" } })
		network.last.shut(4503, "forbidden")
		await pass(60_000)
		expect(network.sockets).toHaveLength(2)
		expect(document.status).toMatchObject({ state: "failed", reason: "forbidden", rejected: { text: "mine" } })
	})

	it("[S9] signed out, edits wait, and go out once after signing in again", async () => {
		const document = await ready()
		network.flowing = false
		document.submit([{ insert: "one " }])
		network.last.shut(4501, "unauthorized")
		network.flowing = true
		document.submit([{ retain: 4 }, { insert: "two " }])
		await pass(1_000)
		expect(document.status).toEqual({ state: "failed", pending: 2, reason: "unauthorized" })
		document.reconnectNow()
		while (network.sockets.length < 2) await vi.advanceTimersByTimeAsync(1)
		network.last.hear({ type: "removed", reason: "signed out" })
		await pass(60_000)
		expect(document.status).toEqual({ state: "failed", pending: 2, reason: "unauthorized" })
		document.reconnectNow()
		await pass(1_000)
		expect(document.status).toEqual({ state: "saved", pending: 0 })
		expect(text(document)).toMatch(/^one two /)
		expect(network.last.of("hello")[0]?.resume).toBeDefined()
	})

	it.each([4000, 4001, 4002, 4006, 4029, 1001, 1006, 1011, 1012, 1013])(
		"[P5] close code %i comes back",
		async (code) => {
			const document = await ready()
			network.last.shut(code, "why")
			await pass(1_000)
			expect(document.status.state).toBe("saved")
		},
	)

	it("goaway: goes on writing, and leaves when it was told to", async () => {
		const document = await ready()
		network.last.hear({ type: "goaway", retryAfter: 3_000 })
		document.submit([{ insert: "x" }])
		await pass(100)
		expect(document.status.state).toBe("saved")
		expect(network.sockets).toHaveLength(1)
		await pass(3_000)
		expect(network.sockets).toHaveLength(2)
		expect(document.status.state).toBe("saved")
	})

	it("goaway: a pause that no server asks for is a minute, neither none nor days", async () => {
		await ready()
		network.last.hear({ type: "goaway", retryAfter: 2 ** 40 })
		await pass(59_000)
		expect(network.sockets).toHaveLength(1)
		await pass(2_000)
		expect(network.sockets).toHaveLength(2)
		// Nor is the server expected back for so long: without it attempts become rare.
		network.reachable = false
		network.last.shut(1006, "")
		await pass(120_000)
		const sockets = network.sockets.length
		await pass(25_000)
		expect(network.sockets.length - sockets).toBeLessThan(3)
	})

	it("[R7] after a goodbye the server is expected back soon, and after a while given up like one that fell silent", async () => {
		const document = await ready({ random: () => 1 })
		const waits: number[] = []
		document.on("status", (status) => {
			if (status.retryAt) waits.push(Math.round(status.retryAt - Date.now()))
		})
		network.last.hear({ type: "goaway", retryAfter: 2_000 })
		await pass(2_000)
		waits.length = 0
		network.reachable = false
		network.last.shut(1001, "")
		await pass(30_000)
		expect(waits.slice(0, 10)).toEqual([500, ...Array(9).fill(1_000)])
		expect(waits.at(-1)).toBeGreaterThan(2_000)
		network.reachable = true
		await pass(20_000)
		expect(document.status.state).toBe("saved")
	})

	it("asks for the token at every connection, and presents a guest's", async () => {
		let asked = 0
		const document = await ready({ token: async () => `t${++asked}` })
		expect(network.last.of("hello")[0]?.token).toBe("t1")
		network.last.shut(4006, "")
		await pass(1_000)
		expect(network.last.of("hello")[0]?.token).toBe("t2")
		expect(document.status.state).toBe("saved")
	})

	it("a pause longer than any server asks for is a long one, neither none nor a day", async () => {
		const document = await ready()
		server.refuse = () => ({ code: "rate_limited", retry: true, retryAfter: 2 ** 40 })
		document.submit([{ insert: "x" }])
		await pass(290_000)
		expect(network.last.of("submit")).toHaveLength(1)
		server.refuse = undefined
		await pass(15_000)
		expect(network.last.of("submit")).toHaveLength(2)
		expect(document.status.state).toBe("saved")
	})

	it("[C6] a clock set back by a month costs neither the comparison nor the processor", async () => {
		const digest = vi.spyOn(crypto.subtle, "digest").mockResolvedValue(new ArrayBuffer(32)) // a real one takes real time
		const document = await ready()
		document.submit([{ insert: "x" }])
		await pass(15_000)
		expect(network.last.of("check")).toHaveLength(1)
		vi.setSystemTime(Date.now() - 31 * 24 * 3_600_000)
		document.submit([{ insert: "y" }])
		const timers = vi.spyOn(globalThis, "setTimeout")
		await pass(75_000)
		expect(timers.mock.calls.length).toBeLessThan(100)
		expect(network.last.of("check")).toHaveLength(2)
		timers.mockRestore()
		digest.mockRestore()
	})

	it("[P1] nonsense from the server is answered by a new connection, an unknown message by nothing", async () => {
		const document = await ready()
		network.last.onmessage?.({ data: '{"type":"news"}' } as never)
		expect(network.sockets).toHaveLength(1)
		network.last.onmessage?.({ data: "<html>" } as never)
		await pass(1_000)
		expect(network.sockets).toHaveLength(2)
		expect(document.status.state).toBe("saved")
	})

	it("[C8] a refused change is taken back, its text offered until dismissed", async () => {
		const document = await ready()
		const rejected = record(document, "rejected")
		server.refuse = () => ({ code: "document_too_large", retry: false })
		document.submit([{ insert: "too much" }])
		await pass(20)
		expect(text(document)).toBe("\n")
		expect(rejected).toMatchObject([{ code: "document_too_large", text: "too much" }])
		expect(document.status).toMatchObject({ state: "rejected", rejected: { text: "too much" } })
		document.dismissRejected()
		expect(document.status).toEqual({ state: "saved", pending: 0 })
	})

	it("[C8] a change that may be retried goes again after a pause; the status says why it takes so long", async () => {
		const document = await ready()
		let times = 0
		server.refuse = () => (++times < 3 ? { code: "storage_full", retry: true } : undefined)
		document.submit([{ insert: "x" }])
		await pass(20)
		expect(document.status).toEqual({ state: "saving", pending: 1, reason: "storage_full" })
		await pass(5_000)
		expect(document.status).toEqual({ state: "saved", pending: 0 })
		expect(new Set(network.last.of("submit").map((message) => JSON.stringify(message))).size).toBe(1)
	})

	it("[C8][S9] one that came too fast goes again, byte for byte, when the server says and not before", async () => {
		const document = await ready()
		let times = 0
		server.refuse = () => (++times < 4 ? { code: "rate_limited", retry: true, retryAfter: 3_000 } : undefined)
		document.submit([{ insert: "x" }])
		for (let asked = 1; asked < 4; asked++) {
			await pass(2_900)
			expect(network.last.of("submit")).toHaveLength(asked)
			expect(document.status).toEqual({ state: "saving", pending: asked, reason: "rate_limited" })
			document.submit([{ retain: 1 }, { insert: "y" }])
			await pass(100 + 20)
		}
		await pass(100)
		expect(document.status).toEqual({ state: "saved", pending: 0 })
		const submits = network.last.of("submit").map((message) => JSON.stringify(message))
		expect(submits).toHaveLength(5)
		expect(new Set(submits.slice(0, 4)).size).toBe(1)
		expect(server.content).toEqual([{ insert: "xyyy\n" }])
	})

	it("removed: stops, and unsaved text stays readable", async () => {
		const document = await ready()
		network.flowing = false
		document.submit([{ insert: "mine" }])
		network.last.hear({ type: "removed", reason: "trashed" })
		await pass(60_000)
		expect(document.status).toEqual({ state: "removed", pending: 1, reason: "trashed" })
		expect(document.unsavedText).toBe("mine")
		expect(network.sockets).toHaveLength(1)
	})

	it("[P4] role and title change in place", async () => {
		const document = await ready()
		const titles = record(document, "title")
		network.last.hear({ type: "role", role: "viewer" }, { type: "title", title: "New" })
		expect(document.status.state).toBe("readonly")
		expect(titles).toEqual(["New"])
		expect(document.title).toBe("New")
	})

	it("[P1] a role of a later version reads, and nothing more is believed of it", async () => {
		const document = await ready()
		network.last.onmessage?.({ data: '{"type":"role","role":"proofreader"}' } as never)
		await pass(1_000)
		expect(network.sockets).toHaveLength(1)
		expect([document.role, document.status.state]).toEqual(["viewer", "readonly"])
	})

	it("[C6] compares the content hash when quiet, at most once a minute", async () => {
		const digest = vi.spyOn(crypto.subtle, "digest").mockResolvedValue(new ArrayBuffer(32))
		const document = await ready()
		const checks = () => network.last.of("check").map((check) => check.revision)
		document.submit([{ insert: "x" }])
		await pass(9_000)
		expect(checks()).toEqual([])
		await pass(3_000)
		expect(checks()).toEqual([1])
		expect(network.last.of("check")[0]?.hash).toBe("0".repeat(64))
		document.submit([{ insert: "y" }])
		await pass(45_000)
		expect(checks()).toEqual([1])
		await pass(30_000)
		expect(checks()).toEqual([1, 2])
		await pass(180_000)
		expect(checks()).toEqual([1, 2])
		digest.mockRestore()
	})

	it("[C6] a wrong copy is replaced once; a second time soon after, the client says so and stops", async () => {
		const fetched: string[] = []
		const fetchContent = async (url: string | URL | Request) => {
			fetched.push(String(url))
			return Response.json({ epoch: "epoch-1", revision: server.revision, content: [{ insert: "right\n" }] })
		}
		const document = await ready({ fetch: fetchContent as typeof fetch })
		network.last.hear({ type: "reload", reason: "hash" })
		await pass(50)
		expect(fetched).toEqual(["https://host/api/documents/an%20id/content?format=delta&revision=0"])
		expect(text(document)).toBe("right\n")
		network.last.hear({ type: "reload", reason: "hash" })
		expect(document.status).toEqual({ state: "failed", pending: 0, reason: "mismatch" })
	})

	it("[C6] at most once a minute, also after another welcome", async () => {
		const digest = vi.spyOn(crypto.subtle, "digest").mockResolvedValue(new ArrayBuffer(32))
		const document = await ready()
		const checks = () => network.sockets.flatMap((socket) => socket.of("check")).length
		document.submit([{ insert: "x" }])
		await pass(12_000)
		expect(checks()).toBe(1)
		network.last.shut(4000, "")
		await pass(2_000)
		document.submit([{ insert: "y" }])
		await pass(38_000)
		expect(checks()).toBe(1)
		await pass(25_000)
		expect(checks()).toBe(2)
		digest.mockRestore()
	})

	it("[S7] after a restored backup the document goes on, with what was pending", async () => {
		const document = await ready()
		document.submit([{ insert: "old" }])
		await pass(20)
		network.flowing = false
		document.submit([{ insert: "new " }])
		server.restore(0)
		network.flowing = true
		network.last.shut(4000, "")
		await pass(1_000)
		expect(text(document)).toBe("new \n")
		expect(server.content).toEqual([{ insert: "new \n" }])
		expect(document.status).toEqual({ state: "saved", pending: 0 })
	})

	it("large content comes by HTTP, and again when that fails", async () => {
		server.content = [{ insert: "large\n" }]
		const join = server.join.bind(server)
		server.join = (resume) => {
			const peer = join(resume)
			const [message] = peer.outbox
			if (message?.type === "welcome" && !resume) {
				peer.outbox[0] = { ...message, document: { ...message.document, content: null } }
			}
			return peer
		}
		let times = 0
		const fetchContent = async () => {
			if (++times === 1) return new Response("", { status: 503 })
			return Response.json({ epoch: "epoch-1", revision: 0, content: server.content })
		}
		const document = open({ fetch: fetchContent as unknown as typeof fetch })
		await pass(2_000)
		expect(times).toBe(2)
		expect(text(document)).toBe("large\n")
	})

	it("[C6] who left a connection for fresh content comes for it again when it broke on the way", async () => {
		const document = await ready()
		const join = server.join.bind(server)
		server.join = (resume) => {
			const peer = join(resume)
			const [message] = peer.outbox
			if (message?.type === "welcome" && message.document.content)
				peer.outbox[0] = { ...message, document: { ...message.document, content: null } }
			return peer
		}
		server.refuse = () => ({ code: "id_conflict", retry: false })
		document.submit([{ insert: "x" }])
		await pass(1_000) // a new client, whose content is fetched and does not come
		server.refuse = undefined
		const again = network.sockets.length
		expect(again).toBeGreaterThan(1)
		network.last.shut(1006, "")
		await pass(2_000)
		expect(network.sockets.length).toBeGreaterThan(again)
		for (const socket of network.sockets.slice(1)) expect(socket.of("hello")[0]?.resume).toBeUndefined()
	})

	it("an edit made inside a change listener is told to everybody after that change", async () => {
		const document = await ready()
		const bob = await ready()
		let once = true
		document.on("change", ({ source }) => {
			if (source === "remote" && once) {
				once = false
				document.submit([{ retain: 1 }, { insert: "!" }])
			}
		})
		const heard: Delta[] = []
		document.on("change", ({ delta }) => void heard.push(delta))
		bob.submit([{ insert: "b" }])
		await pass(50)
		expect(heard).toEqual([[{ insert: "b" }], [{ retain: 1 }, { insert: "!" }]])
		expect(text(bob)).toBe("b!\n")
	})

	it("[A8] an anchor moves with the text, and one's own moves past what one types there", async () => {
		const document = await ready()
		const bob = await ready()
		document.submit([{ insert: "abc" }])
		const own = document.anchor(1, true)
		const other = document.anchor(1)
		document.submit([{ retain: 1 }, { insert: "x" }])
		expect([own.index, other.index]).toEqual([2, 1])
		await pass(50)
		bob.submit([{ insert: "B" }])
		await pass(50)
		expect([own.index, other.index]).toEqual([3, 2])
		own.release()
		document.submit([{ delete: 4 }])
		expect([own.index, other.index]).toEqual([3, 0])
	})
})
