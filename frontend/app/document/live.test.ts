// @vitest-environment jsdom
import { expect, test, vi } from "vitest"
import type { Status } from "../../client/index.js"
import { openLive } from "./live"

/** A document of the client library, as far as the page sees it. */
class FakeDocument {
	status: Partial<Status> = { state: "saving" }
	pending = 1
	readonly on = () => () => {}
	readonly setPresence = () => {}
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

test("[S9] without a journal one that had ended stays: nothing else has its edits", () => {
	expect(comesBack("no journal", { state: "removed", reason: "trashed", journalDenied: true })).toBe(true)
})
