import { afterEach, beforeEach, expect, test, vi } from "vitest"
import * as api from "../api"
import { me } from "../me"
import { fetchMore, followEvents, known, live, refresh } from "./library"
import { NO_DOCUMENTS } from "./list"

vi.mock("../api", async (original) => ({
	...(await original<typeof api>()),
	listDocuments: vi.fn(),
	getMe: vi.fn(),
}))

/** The browser's, as far as the list uses it. */
class FakeSource extends EventTarget {
	static readonly CLOSED = 2
	static made: FakeSource[] = []
	readyState = 0
	constructor(readonly url: string) {
		super()
		FakeSource.made.push(this)
	}
	close(): void {
		this.readyState = FakeSource.CLOSED
	}
	say(type: string, data?: unknown): void {
		this.dispatchEvent(data === undefined ? new Event(type) : new MessageEvent(type, { data: JSON.stringify(data) }))
	}
	/** What an answer other than 200 does to it. */
	refused(): void {
		this.close()
		this.say("error")
	}
}

const person = { id: "p", name: "Ada", color: "#2563eb" }

/** A row last changed at a minute of one hour. */
function row(id: string, minute: number, title = id): api.DocumentRecord {
	const at = new Date(Date.UTC(2026, 10, 23, 12, minute)).toISOString()
	return {
		...{ id, title, epoch: "e", revision: 1, createdAt: at, createdBy: person, updatedAt: at, updatedBy: person },
		...{ role: "owner", people: [] },
	}
}

/** Answers to be given by hand, in the order in which they were asked for. */
let asked: ((page: api.DocumentList) => Promise<void>)[]
let stop: () => void
const titles = () => known.value.documents.map((each) => each.title).join(" ")
const source = () => FakeSource.made[FakeSource.made.length - 1] as FakeSource

beforeEach(() => {
	vi.useFakeTimers()
	vi.stubGlobal("EventSource", FakeSource)
	FakeSource.made = []
	known.value = NO_DOCUMENTS
	asked = []
	vi.mocked(api.listDocuments).mockImplementation(
		() =>
			new Promise((resolve) => {
				asked.push(async (page) => {
					resolve(page)
					await vi.advanceTimersByTimeAsync(0)
				})
			}),
	)
	vi.mocked(api.getMe).mockRejectedValue(new api.ApiError(502, "unknown", ""))
	stop = followEvents()
})
afterEach(() => {
	stop()
	vi.useRealTimers()
	vi.unstubAllGlobals()
})

test("what is heard while the list is on its way is not taken back by it", async () => {
	source().say("open")
	source().say("document", row("a", 20, "new name"))
	source().say("removed", { id: "b" })
	await asked[0]?.({ documents: [row("a", 20, "old name"), row("b", 10), row("c", 5)], next: null })
	expect(titles()).toBe("new name c")
})

test("of two lists on their way the one asked for later stays", async () => {
	void refresh()
	void refresh()
	await asked[1]?.({ documents: [row("a", 20, "new name")], next: null })
	await asked[0]?.({ documents: [row("a", 20, "old name")], next: null })
	expect(titles()).toBe("new name")
})

test("a page that the list was fetched anew under leaves no gap behind it", async () => {
	known.value = { documents: [row("a", 40), row("b", 30)], next: "after b" }
	void fetchMore()
	void refresh()
	await asked[1]?.({ documents: [row("a", 40)], next: "after a" })
	await asked[0]?.({ documents: [row("c", 20)], next: "after c" })
	expect(titles()).toBe("a")
	expect(known.value.next).toBe("after a")
})

test("a document that went while its page was on its way does not come with it", async () => {
	known.value = { documents: [row("a", 40)], next: "after a" }
	void fetchMore()
	source().say("removed", { id: "b" })
	await asked[0]?.({ documents: [row("b", 20), row("c", 10)], next: null })
	expect(titles()).toBe("a c")
})

test("the events come back after a proxy's answer for a server that restarts", async () => {
	const self = { ...person, standing: "member", access: "link" } as const
	me.value = self
	source().say("open")
	source().refused()
	expect(live.value).toBe(false)
	await vi.advanceTimersByTimeAsync(10_000)
	expect(FakeSource.made).toHaveLength(2)
	source().say("open")
	expect(live.value).toBe(true)
	expect(me.value).toBe(self) // nobody said that they are somebody else
})

test("nothing comes back to a page that has gone", async () => {
	source().refused()
	stop()
	await vi.advanceTimersByTimeAsync(10_000)
	expect(FakeSource.made).toHaveLength(1)
})
