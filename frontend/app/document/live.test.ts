// @vitest-environment jsdom
import { expect, test, vi } from "vitest"
import type { Status } from "../../client/index.js"
import { openLive } from "./live"

/** A document of the client library, as far as the page sees it. */
class FakeDocument {
	status: Partial<Status> = { state: "saving" }
	pending = 1
	closed = false
	kept = 0
	private readonly listeners = new Map<string, () => void>()
	readonly on = (event: string, listener: () => void) => {
		this.listeners.set(event, listener)
		return () => void this.listeners.delete(event)
	}
	readonly setPresence = () => {}
	/** Becomes that, and tells. */
	become(pending: number, status: Partial<Status>): void {
		Object.assign(this, { pending, status })
		this.listeners.get("status")?.()
	}
	close(): void {
		this.closed = true
	}
	keep(): boolean {
		this.kept++
		return this.status.journalDenied !== true
	}
	constructor(readonly id: string) {}
}
vi.mock("../../client/index.js", () => ({
	createClient: () => ({
		open: (id: string) => new FakeDocument(id),
	}),
}))

/** Opens a document, leaves it as it is then, and opens it again: whether it was taken up. */
function comesBack(id: string, status: Partial<Status>): boolean {
	const page = openLive(id)
	Object.assign(page.document, { status })
	page.leave()
	return openLive(id).document === page.document
}

test("[S9] one that was left with unsaved edits is taken up where it was", () => {
	expect(comesBack("saving", { state: "saving" })).toBe(true)
	expect(comesBack("offline", { state: "offline" })).toBe(true)
	expect(comesBack("signed out", { state: "failed", reason: "unauthorized" })).toBe(true)
})

test("one that had ended is opened anew: it may be out of the trash, and its edits are in the journal", () => {
	expect(comesBack("trashed", { state: "removed", reason: "trashed" })).toBe(false)
	expect(comesBack("damaged", { state: "failed", reason: "damaged" })).toBe(false)
})

const refused = { state: "rejected", rejected: { code: "read_only", message: "", text: "x" } } as const

/** Whether closing the tab would ask first. */
function asks(): boolean {
	return !dispatchEvent(new Event("beforeunload", { cancelable: true }))
}

test("[S9] one that was left is closed when its last edit is gone, saved or not, and not before", () => {
	const page = openLive("undone")
	const left = page.document as unknown as FakeDocument
	page.leave()
	left.become(1, { state: "saving" })
	expect(left.closed).toBe(false)
	left.become(0, { state: "saved" })
	expect(left.closed).toBe(true)
})

test("[S9] what was refused is as unsaved as what waits: without a journal the tab keeps it", () => {
	const page = openLive("refused")
	const left = page.document as unknown as FakeDocument
	left.become(0, refused)
	expect(asks()).toBe(false)
	left.become(0, { ...refused, journalDenied: true })
	expect(asks()).toBe(true)
	page.leave()
	expect([left.closed, asks()]).toEqual([false, true])
	expect(openLive("refused").document).toBe(page.document)
	left.become(0, { state: "saved", journalDenied: true })
	expect(asks()).toBe(false)
})

test("[S9] without a journal one that had ended stays: nothing else has its edits", () => {
	expect(comesBack("no journal", { state: "removed", reason: "trashed", journalDenied: true })).toBe(true)
})

/** The page is hidden by going elsewhere; `persisted`: to be shown again as it is. */
function goElsewhere(persisted: boolean): void {
	dispatchEvent(Object.assign(new Event("pagehide"), { persisted }))
}

test("[C3] a page put aside lets go of its documents, and begins anew when one goes back to it", () => {
	const reload = vi.fn()
	vi.stubGlobal("location", { reload })
	const [shown, lingering] = [openLive("put aside"), openLive("put aside beside")]
	lingering.leave()
	const documents = [shown, lingering].map(({ document }) => document as unknown as FakeDocument)
	goElsewhere(false)
	expect(documents.map(({ kept, closed }) => [kept, closed])).toEqual([
		[1, false],
		[1, false],
	])
	goElsewhere(true)
	expect(documents.map(({ closed }) => closed)).toEqual([true, true])
	expect(reload).not.toHaveBeenCalled()
	dispatchEvent(new Event("pageshow"))
	expect(reload).toHaveBeenCalled()
	vi.unstubAllGlobals()
})

test("[S9] without a journal a page put aside keeps what is unsaved, and shows it again", () => {
	const { document } = openLive("put aside without a journal")
	const left = document as unknown as FakeDocument
	left.become(1, { state: "offline", journalDenied: true })
	goElsewhere(true)
	expect(left.closed).toBe(false)
})
