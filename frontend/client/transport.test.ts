import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type Client, createClient } from "./client.js"
import type { ClientDocument } from "./document.js"
import { elapse, stopTime } from "./testing/clock.js"
import { FakeBrowser, FakeTab } from "./testing/fake-browser.js"
import { FakeNetwork } from "./testing/fake-network.js"
import { FakeServer } from "./testing/fake-server.js"

let server: FakeServer
let network: FakeNetwork
let client: Client
const opened: ClientDocument[] = []

beforeEach(() => {
	stopTime()
	server = new FakeServer()
	network = new FakeNetwork(server)
	client = createClient({ url: "https://host", webSocket: network.webSocket, fetch: network.fetch, random: () => 0.5 })
})
afterEach(() => {
	for (const document of opened.splice(0)) document.close()
	vi.useRealTimers()
	vi.unstubAllGlobals()
})

const pass = (ms: number) => elapse(ms, () => [network])

function open(): ClientDocument {
	const document = client.open("d")
	opened.push(document)
	return document
}

const text = (document: ClientDocument) => document.content.map((op) => ("insert" in op ? op.insert : "")).join("")
const overWebSocket = () => network.sockets.filter((socket) => socket.peer).length
/** Types a letter at the front. */
const type = (document: ClientDocument, letter: string) => document.submit([{ insert: letter }])

describe("transport", () => {
	it("[P4] where no WebSocket opens, two people write together by long-poll", async () => {
		network.blocked = "refused"
		const [ada, bo] = [open(), open()]
		await pass(1_000)
		expect([ada.status.state, bo.status.state]).toEqual(["saved", "saved"])
		for (const letter of "abcde") {
			type(ada, letter)
			type(bo, letter.toUpperCase())
			await pass(20)
		}
		await pass(200)
		expect(text(ada)).toBe(text(bo))
		expect([...text(ada)].sort().join("")).toBe("\nABCDEabcde")
		expect(ada.status).toEqual({ state: "saved", pending: 0 })
		expect(overWebSocket()).toBe(0)
	})

	it("[P4] a WebSocket that hangs is given 4 s", async () => {
		network.blocked = "hanging"
		const document = open()
		await pass(3_900)
		expect(document.status.state).toBe("connecting")
		await pass(1_000)
		expect(document.status.state).toBe("saved")
	})

	it("[C5] an idle long-poll connection stays, and a dead network is noticed within 35 s", async () => {
		network.blocked = "refused"
		const document = open()
		await pass(1_000)
		const [before] = network.polls.keys()
		await pass(120_000)
		expect([...network.polls.keys()]).toEqual([before])
		expect(document.status.state).toBe("saved")
		network.flowing = false
		type(document, "x")
		await pass(34_000)
		expect(document.status.state).toBe("offline")
	})

	it("[C5] by long-poll, a large change on a slow line is sent once and waited for; on a dead one it is not", async () => {
		network.blocked = "refused"
		server.limits = { ...server.limits, changeBytes: 50_000 }
		let uploads = 0
		const slow = async (url: string, init: RequestInit) => {
			if (String(init.body).length > 40_000) {
				uploads++
				await new Promise((resolve) => setTimeout(resolve, 50_000))
			}
			return network.fetch(url, init)
		}
		client = createClient({ url: "https://host", webSocket: network.webSocket, fetch: slow as typeof fetch })
		const document = open()
		await pass(1_000)
		const [connection] = network.polls.keys()
		document.submit([{ insert: "x".repeat(45_000) }])
		await pass(45_000)
		expect(document.status).toEqual({ state: "saving", pending: 1 })
		await pass(10_000)
		expect(document.status).toEqual({ state: "saved", pending: 0 })
		expect([uploads, ...network.polls.keys()]).toEqual([1, connection])
		document.submit([{ insert: "y".repeat(45_000) }])
		await pass(20_000)
		network.flowing = false
		await pass(34_000)
		expect(document.status.state).toBe("offline")
	})

	it("[P4] blocked in the middle: goes on by long-poll, and comes back; nothing lost, nothing twice", async () => {
		const document = open()
		await pass(1_000)
		expect(overWebSocket()).toBe(1)
		type(document, "a")
		network.blocked = "refused"
		network.last.shut(1006, "")
		type(document, "b")
		await pass(5_000)
		expect(document.status).toEqual({ state: "saved", pending: 0 })
		expect(overWebSocket()).toBe(0)
		const others = network.polls.size
		type(document, "c")
		await pass(100)
		network.blocked = "no"
		let n = 0
		for (; overWebSocket() === 0 && n < 100; n++) {
			type(document, "d")
			await pass(500)
		}
		expect(n).toBeLessThan(80)
		type(document, "e")
		await pass(1_000)
		expect(document.status).toEqual({ state: "saved", pending: 0 })
		expect(text(document)).toBe(`e${"d".repeat(n)}cba\n`)
		expect(server.replay()).toEqual(document.content)
		expect([others, network.polls.size]).toEqual([1, 0])
		expect(server.peers.size).toBe(1)
	})

	it("[P4] a WebSocket that opens and says nothing does not keep one from long-poll, which served before", async () => {
		const document = open()
		await pass(1_000)
		network.blocked = "refused"
		network.last.shut(1006, "")
		await pass(5_000)
		expect(network.polls.size).toBe(1)
		network.blocked = "no"
		const { length } = network.sockets
		while (network.sockets.length === length) await vi.advanceTimersToNextTimerAsync()
		network.last.send = () => {} // hello is swallowed
		await pass(11_000)
		expect(document.status.state).toBe("saved")
		expect([overWebSocket(), network.polls.size]).toEqual([0, 1])
	})

	it("looks for WebSocket again after 30 s, doubling to 5 min", async () => {
		network.blocked = "refused"
		open()
		await pass(1_000)
		const tried: number[] = []
		let count = network.sockets.length
		for (let second = 0; second < 1_200; second++) {
			await vi.advanceTimersByTimeAsync(1_000)
			network.deliver()
			if (network.sockets.length > count) tried.push(second)
			count = network.sockets.length
		}
		const waits = tried.map((second, i) => second - (tried[i - 1] ?? 0))
		expect(waits.slice(0, 5).map((wait) => Math.round(wait / 10) * 10)).toEqual([30, 60, 120, 240, 300])
	})

	it("a server that is down is no reason to leave WebSocket", async () => {
		const document = open()
		await pass(1_000)
		network.reachable = false
		network.last.shut(1006, "")
		await pass(30_000)
		expect(document.status.state).toBe("offline")
		network.reachable = true
		document.reconnectNow()
		await pass(100)
		expect(document.status.state).toBe("saved")
		expect(overWebSocket()).toBe(1)
	})

	it("[P4] a WebSocket that keeps dying soon is given up for long-poll", async () => {
		const document = open()
		for (let times = 0; times < 3; times++) {
			await pass(3_000)
			network.last.shut(1006, "")
		}
		await pass(3_000)
		expect(document.status.state).toBe("saved")
		expect([overWebSocket(), network.polls.size]).toEqual([0, 1])
	})

	it("[P4] a WebSocket that opens and then says nothing is left for long-poll", async () => {
		const document = open()
		network.flowing = false // takes hello along
		await pass(1_000)
		network.flowing = true
		await pass(10_500)
		expect(document.status.state).toBe("saved")
		expect([overWebSocket(), network.polls.size, server.peers.size]).toEqual([0, 1, 1])
	})

	it("[P4] by long-poll what others write comes as they write it", async () => {
		network.blocked = "refused"
		const document = open()
		await pass(1_000)
		const writer = server.join()
		for (let seq = 1; seq <= 10; seq++) {
			server.submit(writer, { type: "submit", seq, base: server.revision, delta: [{ insert: "x" }] })
			await pass(20)
			expect(text(document)).toBe(`${"x".repeat(seq)}\n`)
		}
	})

	it("[S2] lost answers: what the server took is not taken twice, what it said is told once", async () => {
		network.blocked = "refused"
		const document = open()
		await pass(1_000)
		for (const letter of "abcdef") {
			network.losing = 2
			type(document, letter)
			await pass(1_000)
		}
		expect(document.status).toEqual({ state: "saved", pending: 0 })
		expect(text(document)).toBe("fedcba\n")
		expect(server.log).toHaveLength(6)
		expect(network.polls.size).toBe(1)
	})

	it("of many hidden tabs few keep a connection to the server; all hear, and one that types is answered at once", async () => {
		network.blocked = "refused"
		const browser = new FakeBrowser()
		vi.stubGlobal("navigator", { locks: new FakeTab(browser).locks })
		let hidden = true
		const tabs = Array.from({ length: 8 }, () => {
			client = createClient({
				url: "https://host",
				webSocket: network.webSocket,
				fetch: network.fetch,
				random: () => 0.5,
				visible: () => !hidden,
			})
			return open()
		})
		const waiting = () => [...network.polls.values()].filter((poll) => poll.waiting).length
		await pass(2_000)
		expect(tabs.map((tab) => tab.status.state)).toEqual(Array(8).fill("saved"))
		expect(waiting()).toBe(3)
		const typist = tabs[7] as ClientDocument
		type(typist, "x")
		await pass(100)
		expect(typist.status).toEqual({ state: "saved", pending: 0 })
		await pass(5_100)
		for (const tab of tabs) expect(text(tab)).toBe("x\n")
		// Shares of tabs that close go to others, and a tab in sight needs none.
		for (const tab of tabs.splice(0, 3)) tab.close()
		await pass(11_000) // hashes are compared meanwhile, to which there is nothing to say
		expect(waiting()).toBe(3)
		hidden = false
		await pass(6_000)
		expect(waiting()).toBe(tabs.length)
	})

	it("an answer that is not the server's ends the attempt", async () => {
		network.blocked = "refused"
		client = createClient({
			url: "https://host",
			webSocket: network.webSocket,
			fetch: (async () => new Response("<html>please pay</html>")) as typeof fetch,
		})
		const document = open()
		await pass(2_000)
		expect(document.status.state).toBe("connecting")
	})

	it("something on the way that answers at once, and with nothing, is not asked without a pause", async () => {
		let asked = 0
		const hollow = async (url: string, init: RequestInit) => {
			const { connection } = JSON.parse(String(init.body))
			if (connection === null) return network.fetch(url, init)
			asked++
			await new Promise((resolve) => setTimeout(resolve, 5)) // the way there and back
			return Response.json({ connection, sent: 1, accepted: 1, messages: [] })
		}
		network.blocked = "refused"
		client = createClient({ url: "https://host", webSocket: network.webSocket, fetch: hollow as typeof fetch })
		const document = open()
		await pass(5_000)
		expect(document.loaded).toBe(true)
		asked = 0
		await pass(5_000)
		expect(asked).toBeGreaterThan(0)
		expect(asked).toBeLessThan(20)
	})

	it("remembers for the tab what worked", async () => {
		const kept: Record<string, string> = {}
		vi.stubGlobal("sessionStorage", kept)
		network.blocked = "hanging"
		open()
		await pass(5_000)
		expect(kept).toEqual({ "https://host": "longpoll" })
		const { length } = network.sockets
		const again = createClient({ url: "https://host", webSocket: network.webSocket, fetch: network.fetch })
		const document = again.open("d")
		opened.push(document)
		await pass(100)
		expect(document.status.state).toBe("saved")
		expect(network.sockets).toHaveLength(length)
		network.blocked = "no"
		await pass(40_000)
		expect(kept).toEqual({ "https://host": "websocket" })
		vi.unstubAllGlobals()
	})
})
