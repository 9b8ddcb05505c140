import { IDBDatabase as FakeDatabase, IDBObjectStore as FakeObjectStore } from "fake-indexeddb"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type Client, createClient } from "./client.js"
import { Content } from "./content.js"
import type { ClientDocument } from "./document.js"
import { createJournal } from "./journal.js"
import { type JournalEntry, placeOf, type Snapshot } from "./journal-entry.js"
import { Shelf } from "./journal-shelf.js"
import { initial } from "./state.js"
import { answered, elapse, stopTime } from "./testing/clock.js"
import { FakeBrowser, type FakeTab, type Table } from "./testing/fake-browser.js"
import { FakeNetwork } from "./testing/fake-network.js"
import { FakeServer } from "./testing/fake-server.js"

let server: FakeServer
let browser: FakeBrowser
const tabs: Tab[] = []

beforeEach(() => {
	stopTime()
	server = new FakeServer()
	browser = new FakeBrowser()
})
afterEach(() => {
	for (const tab of tabs.splice(0)) tab.crash()
	vi.useRealTimers()
})

interface TabOptions {
	offline?: boolean
	denied?: boolean
	/** How often fetching the journal's code fails before it is there. */
	unfetched?: number
}

/** One tab with the document open: its own network, and the browser's storage. */
class Tab {
	readonly network = new FakeNetwork(server)
	readonly platform: FakeTab = browser.tab()
	readonly document: ClientDocument
	readonly client: Client

	constructor(options: TabOptions = {}) {
		this.network.reachable = !options.offline
		this.platform.denied = options.denied ?? false
		const journal = Promise.resolve().then(() => createJournal(this.platform))
		let unfetched = options.unfetched ?? 0
		this.client = createClient({
			url: "https://host/",
			webSocket: this.network.webSocket,
			fetch: this.network.fetch,
			random: () => 0.999,
			journal: () => (unfetched-- > 0 ? Promise.reject(new Error("the network broke")) : journal),
		})
		this.document = this.client.open("document")
		tabs.push(this)
	}

	get text(): string {
		return this.document.content.map((op) => ("insert" in op ? op.insert : "")).join("")
	}

	type(text: string): void {
		this.document.submit([{ insert: text }])
	}

	/** Nothing arrives any more, and nothing says so. */
	goOffline(): void {
		this.network.reachable = false
		this.network.last.shut(1006, "")
	}

	goOnline(): void {
		this.network.reachable = true
		this.document.reconnectNow()
	}

	/** The tab is gone, without a goodbye. */
	crash(): void {
		this.platform.crash()
		this.network.reachable = false
		for (const socket of this.network.sockets) socket.shut(1006, "")
		this.document.close()
	}
}

const pass = (ms: number) => elapse(ms, () => tabs.map((tab) => tab.network))
const stored = <T>(table: Table) => answered(browser.stored<T>(table))

async function opened(options: TabOptions = {}): Promise<Tab> {
	const tab = new Tab(options)
	await pass(300)
	return tab
}

const logText = () =>
	server
		.replay()
		.map((op) => ("insert" in op ? op.insert : ""))
		.join("")

describe("the journal", () => {
	it("[C3] one that was closed writes nothing any more: its client may be another tab's", async () => {
		const first = await opened()
		first.goOffline()
		first.type("mine ")
		await pass(2_000)
		first.document.close()
		await pass(2_000)
		const second = await opened()
		second.type("theirs ")
		await pass(2_000)
		expect(logText()).toBe("theirs mine \n")
		const before = await stored("entries")
		expect(first.document.keep()).toBe(false)
		await pass(2_000)
		expect(await stored("entries")).toEqual(before)
	})

	it("[C3] edits made offline survive the tab: a new one shows them unsaved, offline too, and they merge", async () => {
		const first = await opened()
		first.type("saved ")
		await pass(2_000)
		first.goOffline()
		first.type("unsaved ")
		first.type("more ")
		await pass(100)
		first.crash()

		const second = await opened({ offline: true })
		expect(second.document.loaded).toBe(true)
		expect(second.text).toBe("more unsaved saved \n")
		expect(second.document.status).toMatchObject({ state: "offline", pending: 2 })
		expect(second.document.title).toBe("Title")
		expect(second.document.role).toBe("editor")
		second.type("here ")
		const other = await opened()
		other.type("other ")
		await pass(100)
		second.goOnline()
		await pass(500)
		expect(second.document.status.state).toBe("saved")
		expect([...logText().trim().split(" ")].sort()).toEqual(["here", "more", "other", "saved", "unsaved"])
		expect(second.text).toBe(logText())
	})

	it("[C3] [S2] a tab that opens online sends what was left as the client that began it, exactly once", async () => {
		const first = await opened()
		const ack = vi.spyOn(first.network, "deliver").mockImplementation(() => {})
		first.type("in flight ")
		await pass(100)
		first.type("in the buffer ")
		await pass(100)
		expect(server.revision).toBe(1)
		first.crash()
		ack.mockRestore()
		const second = await opened()
		await pass(500)
		expect(logText()).toBe("in the buffer in flight \n")
		expect(second.text).toBe(logText())
		expect(new Set(server.log.map((entry) => entry.client)).size).toBe(1)
		await pass(5_000)
		expect(server.revision).toBe(2)
		expect((await stored<JournalEntry>("entries")).map((entry) => entry.client)).toEqual(["client-3"])
	})

	it.each([
		["an insertion, with a change in flight", true, [{ insert: "x" }], [{ delete: 1 }]],
		["a deletion, with a change in flight", true, [{ delete: 4 }], [{ insert: "text" }]],
		["an insertion, with no connection", false, [{ insert: "x" }], [{ delete: 1 }]],
	])("[C3] what was undone does not come back: %s", async (_, inFlight, edit, inverse) => {
		const first = await opened()
		first.type("text")
		await pass(2_000)
		if (inFlight) {
			vi.spyOn(first.network, "deliver").mockImplementation(() => {})
			first.document.submit([{ retain: 4 }, { insert: " sent" }])
			await pass(100)
		} else first.goOffline()
		first.document.submit(edit)
		await pass(100)
		const [written] = await stored<JournalEntry>("entries")
		expect(written?.buffer).toEqual(edit)
		first.document.submit(inverse)
		await pass(100)
		first.crash()
		const second = await opened({ offline: true })
		expect(second.text).toBe(inFlight ? "text sent\n" : "text\n")
	})

	it("[C3] two tabs write apart, and the one that stays sends what the other leaves", async () => {
		const [left, right] = [await opened(), await opened()]
		await pass(2_000)
		expect(await stored("entries")).toHaveLength(2)
		right.goOffline()
		right.type("right ")
		await pass(100)
		expect(logText()).toBe("\n")
		right.crash()
		await pass(500)
		expect(logText()).toBe("right \n")
		expect(left.text).toBe("right \n")
		expect(left.document.status).toEqual({ state: "saved", pending: 0 })
		await pass(2_000)
		expect(await stored("entries")).toHaveLength(1)
	})

	it("[C3] what a tab leaves while the other is offline too is sent once that one is back", async () => {
		const [left, right] = [await opened(), await opened()]
		await pass(2_000)
		for (const tab of [left, right]) tab.goOffline()
		right.type("right ")
		left.type("left ")
		await pass(200)
		right.crash()
		await pass(200)
		left.goOnline()
		await pass(1_000)
		expect(logText().trim().split(" ").sort()).toEqual(["left", "right"])
		expect(left.text).toBe(logText())
	})

	it("[C5] what another tab left is tried again ever later where the server takes no more connections", async () => {
		const left = await opened()
		const right = await opened()
		left.goOffline()
		left.type("left ")
		await pass(300)
		right.network.reachable = false
		left.crash()
		await pass(500)
		const { length } = right.network.sockets
		const attempts: number[] = []
		const until = async (end: number) => {
			for (let second = attempts.at(-1) ?? 0; second < end; second++) {
				await vi.advanceTimersByTimeAsync(1_000)
				right.network.deliver()
				if (right.network.sockets.length > length + attempts.length) attempts.push(second + 1)
			}
		}
		await until(273)
		expect(attempts).toEqual([3, 9, 21, 45, 93, 153, 213, 273])
		expect(right.document.status.state).toBe("saved")
		right.network.reachable = true
		await until(334)
		await pass(100)
		expect(logText()).toBe("left \n")
	})

	it.each(["online", "coming back online"])(
		"[C3] a tab that is closed at any moment leaves to the next what it was about to take over: %s",
		async (how) => {
			for (let ms = 0; ms < 8; ms++) {
				const [left, right] = [await opened(), await opened()]
				left.goOffline()
				left.type(`${ms} `)
				if (how !== "online") right.goOffline()
				await pass(100)
				left.crash()
				if (how !== "online") {
					await pass(50)
					right.network.reachable = true
					right.document.reconnectNow()
				}
				await pass(ms)
				right.document.close()
				await pass(100)
				expect([...browser.locks.values()].filter(({ tab }) => tab === right.platform)).toEqual([])
				const next = await opened()
				await pass(200)
				expect(next.text).toContain(`${ms} `)
				expect(next.text).toBe(logText())
				next.crash()
				right.crash()
			}
		},
	)

	it("[C3] a tab that is closed at any moment lets go of the copies that it was about to take over", async () => {
		for (let ms = 0; ms < 8; ms++) {
			const [left, right] = [await opened(), await opened()]
			await pass(1_500)
			left.document.close()
			await pass(ms)
			right.document.close()
			await pass(100)
			expect([...browser.locks.keys()]).toEqual([])
		}
	})

	it("[C3] a page put aside in the middle of a write gives the newest to storage, and writes nothing when it is back", async () => {
		const first = await opened()
		first.type("saved ")
		await pass(1_500)
		first.goOffline()
		// The first write is told to be over when the page is back, as is all that happens meanwhile.
		const late: (() => void)[] = []
		const begin = FakeDatabase.prototype.transaction
		const slow = vi.spyOn(FakeDatabase.prototype, "transaction").mockImplementationOnce(function (
			this: FakeDatabase,
			...of
		) {
			const transaction = begin.apply(this, of)
			Object.defineProperty(transaction, "oncomplete", { set: (tell) => late.push(tell) })
			return transaction
		})
		first.type("one ")
		await pass(60)
		first.type("two ")
		await pass(60) // that waits for the first
		expect(first.document.keep()).toBe(true)
		first.document.close()
		slow.mockRestore()
		first.platform.loseLocks()
		await pass(100)

		const second = await opened({ offline: true })
		expect(second.text).toBe("two one saved \n")
		second.goOnline()
		await pass(500)
		expect(logText()).toBe("two one saved \n")
		second.goOffline()
		second.type("three ")
		await pass(100)
		const before = await stored("entries")
		expect(late).toHaveLength(1)
		for (const tell of late) tell()
		await pass(100)
		expect(await stored("entries")).toEqual(before)
		expect(await stored("snapshots")).toHaveLength(1)
	})

	it("[C3] one write at a time, and the end of another tab waited for once", async () => {
		const [left, right] = [await opened(), await opened()]
		await pass(1_500)
		for (let round = 0; round < 3; round++) {
			right.goOffline()
			await pass(100)
			right.goOnline()
			await pass(100)
		}
		expect([...browser.locks.values()].map(({ waiting }) => waiting.length)).toEqual([1, 1])
		left.goOffline()
		await pass(1_500) // what is saved is written
		const late: (() => void)[] = []
		const begin = FakeDatabase.prototype.transaction
		const slow = vi.spyOn(FakeDatabase.prototype, "transaction").mockImplementation(function (
			this: FakeDatabase,
			...of
		) {
			const transaction = begin.apply(this, of)
			Object.defineProperty(transaction, "oncomplete", { set: (tell) => late.push(tell) })
			return transaction
		})
		for (const text of ["one ", "two ", "three "]) {
			left.type(text)
			await pass(100)
		}
		expect(late).toHaveLength(1)
		late[0]?.()
		await pass(100)
		expect(late).toHaveLength(2)
		slow.mockRestore()
	})

	it("[C3] what there was no room for is not written over what was written beside it meanwhile", async () => {
		const tab = await opened()
		await pass(1_500)
		tab.goOffline()
		const full = vi.spyOn(FakeObjectStore.prototype, "put").mockImplementationOnce(() => {
			throw new DOMException("no room", "QuotaExceededError")
		})
		tab.type("one ")
		tab.document.keep()
		tab.type("two ")
		tab.document.keep()
		await pass(100)
		full.mockRestore()
		expect(tab.document.status.journalDenied).toBeUndefined()
		tab.crash()
		expect((await opened({ offline: true })).text).toBe("two one \n")
	})

	it("[S9] edits are said to be kept where they are, and only there", async () => {
		const tab = new Tab()
		while (!tab.document.loaded) await pass(1)
		tab.type("x")
		expect(tab.document.keep()).toBe(false)
		await pass(300)
		expect(tab.document.keep()).toBe(true)
		const denied = await opened({ denied: true })
		expect(denied.document.keep()).toBe(false)
	})

	it("[C3] a write beside another one keeps its own snapshot, and the one after it goes with that", async () => {
		const tab = await opened()
		await pass(1_500)
		tab.goOffline()
		for (const text of ["one ", "two ", "three "]) {
			tab.type(text)
			expect(tab.document.keep()).toBe(true)
		}
		await pass(100)
		tab.type("four ")
		await pass(100)
		tab.crash()
		expect((await opened({ offline: true })).text).toBe("four three two one \n")
	})

	it("[C3] several tabs gone at once: everything they left arrives", async () => {
		const three = [await opened(), await opened(), await opened()]
		for (const tab of three) tab.goOffline()
		for (const [i, tab] of three.entries()) tab.type(`tab${i} `)
		await pass(200)
		for (const tab of three) tab.crash()
		const next = await opened({ offline: true })
		expect(next.document.pending).toBe(1)
		next.goOnline()
		await pass(4_000)
		expect(logText().trim().split(" ").sort()).toEqual(["tab0", "tab1", "tab2"])
		expect(next.text).toBe(logText())
		expect(await stored("entries")).toHaveLength(1)
	})

	it("[S7] [S9] a log restored from a backup meanwhile: unsaved edits move over to the new text", async () => {
		const first = await opened()
		first.type("old ")
		await pass(1_500)
		first.type("lost with the backup ")
		await pass(1_500)
		first.goOffline()
		first.type("unsaved ")
		await pass(100)
		first.crash()
		server.restore(1)
		const next = await opened({ offline: true })
		expect(next.text).toBe("unsaved lost with the backup old \n")
		next.goOnline()
		await pass(1_000)
		expect(logText()).toBe("unsaved old \n")
		expect(next.text).toBe(logText())
	})

	it("[C3] a base thousands of revisions old merges", async () => {
		const first = await opened()
		first.type("base ")
		await pass(1_500)
		first.goOffline()
		first.document.submit([{ retain: 5 }, { insert: "mine " }])
		await pass(100)
		first.crash()
		const writer = server.join()
		for (let seq = 1; seq <= 3_000; seq++) {
			server.submit(writer, { type: "submit", seq, base: server.revision, delta: [{ insert: "x" }] })
			writer.outbox.length = 0
		}
		const next = await opened({ offline: true })
		next.goOnline()
		await pass(2_000)
		expect(logText()).toBe(`${"x".repeat(3_000)}base mine \n`)
		expect(next.text).toBe(logText())
		expect(next.document.status.state).toBe("saved")
	})

	it("[C3] storage denied is told, and everything works without", async () => {
		const tab = await opened({ denied: true })
		expect(tab.document.status).toEqual({ state: "saved", pending: 0, journalDenied: true })
		tab.type("x")
		await pass(300)
		expect(logText()).toBe("x\n")
		expect(tab.document.status).toEqual({ state: "saved", pending: 0, journalDenied: true })
	})

	it("[C3] a submit waits for the journal, and no longer than its patience", async () => {
		const tab = await opened()
		await pass(1_500)
		const stuck = vi
			.spyOn(FakeDatabase.prototype, "transaction")
			.mockImplementation(() => ({ objectStore: () => ({ put() {}, delete() {} }), commit() {} }) as never)
		tab.type("x")
		await pass(2_000)
		expect(server.revision).toBe(0)
		await pass(2_000)
		expect(server.revision).toBe(1)
		expect(tab.document.status).toMatchObject({ state: "saved", journalDenied: true })
		stuck.mockRestore()
	})

	it("[C3] a journal that answered in time is not called silent afterwards", async () => {
		const tab = await opened()
		const heard: (boolean | undefined)[] = []
		tab.document.on("status", (status) => heard.push(status.journalDenied))
		tab.type("x")
		await pass(5_000)
		expect(tab.document.status).toEqual({ state: "saved", pending: 0 })
		expect(heard).not.toContain(true)
	})

	it("[C3] a journal that never opens holds nothing up", async () => {
		const open = vi.spyOn(browser.indexedDB, "open").mockImplementation(() => new EventTarget() as IDBOpenDBRequest)
		const tab = await opened()
		tab.type("x")
		await pass(2_000)
		expect(server.revision).toBe(0)
		await pass(2_000)
		expect(server.revision).toBe(1)
		expect(tab.document.status).toMatchObject({ state: "saved", journalDenied: true })
		open.mockRestore()
	})

	it("[C3] a journal that could not be fetched is fetched again for the next edit", async () => {
		const tab = await opened({ unfetched: 1 })
		expect(tab.document.status.journalDenied).toBe(true)
		tab.type("kept ")
		await pass(2_000)
		expect(tab.document.status).toEqual({ state: "saved", pending: 0 })
		tab.goOffline()
		tab.type("unsaved ")
		await pass(100)
		tab.crash()
		const later = await opened({ offline: true })
		expect(later.text).toBe("unsaved kept \n")
	})

	it("[C6] content that was replaced at the same revision is written anew", () => {
		const content = Content.of([{ insert: "wrong\n" }])
		const before = placeOf({ ...initial, client: "a", revision: 5, content }, undefined)
		expect(before).toMatchObject({ fresh: true, place: { snapshot: 5 } })
		const change = [{ insert: "x" }]
		const state = { ...initial, client: "a", revision: 6, content: content.apply(change), recent: [change] }
		expect(placeOf(state, before.place)).toMatchObject({ fresh: false, place: { snapshot: 5, since: change } })
		expect(placeOf({ ...state, reloads: 1 }, before.place)).toMatchObject({ fresh: true, place: { snapshot: 6 } })
		expect(placeOf({ ...state, client: "b" }, before.place)).toMatchObject({ fresh: true })
		expect(placeOf({ ...state, revision: 7 }, before.place)).toMatchObject({ fresh: true })
	})

	it("[S9] damaged and foreign entries are put aside and hurt nobody; newer ones stay", async () => {
		const first = await opened()
		first.goOffline()
		first.type("kept ")
		await pass(100)
		first.crash()
		const [entry] = await stored<JournalEntry>("entries")
		const damage = [
			{ document: "document", client: "damaged", format: 1 },
			{ ...entry, client: "unfit", buffer: [{ retain: 99 }, { insert: "x" }] },
			{ ...entry, client: "not canonical", buffer: [{ insert: "a" }, { insert: "b" }] },
			{ ...entry, client: "refused", rejected: { code: "read_only" } },
			{ ...entry, client: "no text" },
			{ ...entry, client: "before the first", revision: -1 },
			{ document: "document", client: 7 },
			{ document: "document", client: "newer", format: 2 },
		]
		const snapshots = await stored<Snapshot>("snapshots")
		await answered(put("entries", damage))
		await answered(
			put("snapshots", [
				{ ...snapshots[0], client: "unfit" },
				{ ...snapshots[0], client: "no text", content: [{ retain: 5 }] },
			]),
		)
		const next = await opened()
		await pass(2_000)
		expect(logText()).toBe("kept \n")
		expect(next.document.status.state).toBe("saved")
		const aside = await stored<{ stored: JournalEntry }>("quarantine")
		expect(aside.map((kept) => kept.stored)).toEqual(expect.arrayContaining(damage.slice(0, -1)))
		expect(aside).toHaveLength(damage.length - 1)
		expect((await stored<JournalEntry>("entries")).map((left) => left.client)).toContain("newer")
	})

	it("[S9] edits whose text is not here any more are offered as text, until that is dismissed", async () => {
		const first = await opened()
		first.goOffline()
		first.type("words")
		await pass(100)
		first.crash()
		const [entry] = await stored<JournalEntry>("entries")
		await answered(put("entries", [{ ...entry, snapshot: null }]))
		const next = await opened()
		await pass(1_500)
		expect(next.document.status).toMatchObject({ state: "rejected", rejected: { code: "recovered", text: "words" } })
		next.crash()
		const third = await opened()
		expect(third.document.status).toMatchObject({ state: "rejected", rejected: { text: "words" } })
		third.document.dismissRejected()
		await pass(2_000)
		third.crash()
		expect((await opened()).document.status.state).toBe("saved")
	})

	it("[S9] what was refused to a tab that is gone is shown by the one that sends its other edits", async () => {
		const first = await opened()
		server.refuse = () => ({ code: "document_too_large", retry: false })
		first.type("refused")
		await pass(100)
		server.refuse = undefined
		expect((await stored<JournalEntry>("entries"))[0]?.rejected?.text).toBe("refused")
		first.goOffline()
		first.type("kept ")
		await pass(100)
		first.crash()
		const next = await opened()
		await pass(2_000)
		expect(logText()).toBe("kept \n")
		expect(next.document.status).toMatchObject({ state: "rejected", rejected: { text: "refused" } })
		expect(server.peers.size).toBe(1)
		next.document.dismissRejected()
		await pass(2_000)
		next.crash()
		expect((await opened()).document.status.state).toBe("saved")
	})

	it("[S3] what another person left at this browser is not sent as ours; its text is offered", async () => {
		const first = await opened()
		first.goOffline()
		first.type("theirs ")
		await pass(100)
		first.crash()
		const next = await opened({ offline: true })
		expect(next.text).toBe("theirs \n")
		next.network.reachable = true
		next.document.reconnectNow()
		await vi.advanceTimersByTimeAsync(2)
		next.network.last.shut(4503, "forbidden")
		await pass(1_000)
		expect(next.text).toBe("\n")
		expect(next.document.status).toMatchObject({ state: "rejected", rejected: { code: "forbidden", text: "theirs " } })
		expect(server.revision).toBe(0)
	})

	it("[C3] a copy stays for reading offline, and goes with the access", async () => {
		const first = await opened()
		first.type("text ")
		await pass(2_000)
		first.document.close()
		await pass(100)
		const offline = await opened({ offline: true })
		expect(offline.text).toBe("text \n")
		expect(offline.document.status).toMatchObject({ state: "offline", pending: 0 })
		offline.document.close()
		await pass(100)
		const refused = new Tab()
		await vi.advanceTimersByTimeAsync(2)
		refused.network.last.shut(4503, "forbidden")
		await pass(200)
		expect(refused.document.status.state).toBe("failed")
		expect(await stored("snapshots")).toEqual([])
		expect(await stored("entries")).toEqual([])
	})

	it("[S9] when the access goes, the text of what is unsaved stays and the rest is forgotten", async () => {
		const tab = await opened()
		tab.type("secret ")
		await pass(1_500)
		vi.spyOn(server, "submit").mockImplementation(() => {})
		tab.type("mine ")
		await pass(100)
		tab.network.last.hear({ type: "removed", reason: "revoked" })
		await pass(200)
		expect(tab.document.unsavedText).toBe("mine ")
		tab.crash()
		expect(await stored("snapshots")).toEqual([])
		expect(JSON.stringify(await stored("entries"))).not.toContain("secret")
		const again = new Tab()
		await vi.advanceTimersByTimeAsync(2)
		again.network.last.shut(4503, "forbidden")
		await pass(200)
		expect(again.document.status).toMatchObject({ state: "failed", rejected: { text: "mine " } })
	})

	it("keeps one snapshot and what happened since, so that a key press writes little", async () => {
		const tab = await opened()
		const put = vi.spyOn(FakeObjectStore.prototype, "put")
		for (let i = 0; i < 50; i++) {
			tab.type("x")
			await pass(60)
		}
		await pass(1_500)
		const written = put.mock.calls.map(([value]) => value as object)
		expect(written.filter((value) => "content" in value)).toHaveLength(1)
		const [entry] = await stored<JournalEntry>("entries")
		expect(entry).toMatchObject({ inflight: null, buffer: [], revision: 50, snapshot: 0 })
		expect(entry?.since).toEqual([{ insert: "x".repeat(50) }])
		put.mockRestore()
	})

	it("[C3] an edit goes to the journal within its own turn, and once", async () => {
		const tab = await opened()
		await pass(1_500)
		const put = vi.spyOn(FakeObjectStore.prototype, "put")
		const ack = vi.spyOn(tab.network, "deliver").mockImplementation(() => {})
		tab.type("x")
		expect(put).toHaveBeenCalledTimes(1)
		await pass(500)
		expect(server.revision).toBe(1)
		expect(put).toHaveBeenCalledTimes(1)
		// What comes while that is in flight is in no entry yet.
		tab.type("y")
		await pass(100)
		expect(put).toHaveBeenCalledTimes(2)
		await pass(500)
		ack.mockRestore()
		tab.crash()
		const [entry] = await stored<JournalEntry>("entries")
		expect(entry).toMatchObject({ inflight: { message: { seq: 1 } }, buffer: [{ insert: "y" }] })
		put.mockRestore()
	})

	it("[C3] what could not be written is written again", async () => {
		const tab = await opened()
		await pass(1_500)
		tab.goOffline()
		const full = vi.spyOn(FakeObjectStore.prototype, "put").mockImplementationOnce(() => {
			throw new DOMException("no room", "UnknownError")
		})
		tab.type("x")
		await pass(60)
		expect(tab.document.status.journalDenied).toBe(true)
		full.mockRestore()
		tab.document.dismissRejected() // anything that happens
		await pass(100)
		expect((await stored<JournalEntry>("entries"))[0]).toMatchObject({ buffer: [{ insert: "x" }] })
		tab.type("y")
		await pass(200)
		expect(tab.document.status.journalDenied).toBeUndefined()
		tab.crash()
		expect((await stored<JournalEntry>("entries"))[0]).toMatchObject({ buffer: [{ insert: "yx" }] })
	})
})

describe("the shelf", () => {
	/** An entry with a buffer or, without, a copy. */
	const entry = (client: string, writtenAt: number, text = "") =>
		({
			format: 1,
			document: "document",
			client,
			inflight: null,
			buffer: text ? [{ insert: text }] : [],
			rejected: null,
			writtenAt,
		}) as unknown as JournalEntry

	it.each([
		["older", 5, "new"],
		["newer, by who had its lock meanwhile", 7, "stored"],
	])(
		"[C3] what there was no room for at first is stored once there is, where what is there is %s",
		async (_, at, kept) => {
			const shelf = new Shelf(browser.tab())
			await answered(shelf.claim("document"))
			await answered(put("entries", [entry("ours", at, "stored"), entry("copy", Date.now())]))
			const full = vi.spyOn(FakeObjectStore.prototype, "put").mockImplementationOnce(() => {
				throw new DOMException("no room", "QuotaExceededError")
			})
			await answered(shelf.write(entry("ours", 6, "new"), undefined, []))
			full.mockRestore()
			expect(await stored("entries")).toEqual([entry("ours", kept === "new" ? 6 : at, kept)])
		},
	)

	it("[S9] a copy that became unsaved edits while it was about to be removed stays", async () => {
		const platform = browser.tab()
		const shelf = new Shelf(platform)
		await answered(shelf.claim("document"))
		await answered(
			put("entries", [entry("edited", 1), entry("copy", 1), { ...entry("damaged", 1), buffer: undefined }]),
		)
		const { request } = platform.locks
		vi.spyOn(platform.locks, "request").mockImplementation(async (name: string, ...rest: unknown[]) => {
			if (name.endsWith("edited")) await put("entries", [entry("edited", 2, "x")])
			return (request as (...of: unknown[]) => unknown)(name, ...rest)
		})
		await answered(shelf.tidy(0))
		expect((await stored<JournalEntry>("entries")).map(({ client }) => client)).toEqual(["damaged", "edited"])
		expect([...browser.locks]).toEqual([])
	})

	it("hears of its document's new clients alone, and of nothing else that is said there", () => {
		const [platform, other] = [browser.tab(), browser.tab()]
		const heard: string[] = []
		new Shelf(platform).onAnnounced("document", (client) => heard.push(client), new AbortController().signal)
		const shelf = new Shelf(other)
		shelf.announce("another", "theirs")
		for (const foreign of [undefined, { document: "document" }, { document: "document", client: 7 }])
			other.channel.postMessage(foreign)
		shelf.announce("document", "ours")
		expect(heard).toEqual(["ours"])
	})
})

async function put(table: string, values: unknown[]): Promise<void> {
	const request = browser.indexedDB.open("coscribe")
	await new Promise((resolve) => {
		request.onsuccess = resolve
	})
	const transaction = request.result.transaction(table, "readwrite")
	for (const value of values) transaction.objectStore(table).put(value)
	await new Promise((resolve) => {
		transaction.oncomplete = resolve
	})
	request.result.close()
}
