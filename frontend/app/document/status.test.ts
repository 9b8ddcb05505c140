import { describe, expect, test } from "vitest"
import type { Status } from "../../client/index.js"
import { offeredText, statusLine } from "./status"

const now = 1_000_000

/** Every state, with each reason that changes its words. */
const cases: [string, Status, string, string?][] = [
	["connecting", { state: "connecting", pending: 0 }, "Connecting"],
	[
		"no first connection",
		{ state: "connecting", pending: 0, retryAt: now + 2_000 },
		"Not connected - reconnecting in 2 s",
		"Now",
	],
	["saved", { state: "saved", pending: 0 }, "Saved"],
	["saving", { state: "saving", pending: 2 }, "Saving"],
	[
		"disk full",
		{ state: "saving", pending: 2, reason: "storage_full" },
		"Not saved yet - the server's disk is full, trying again",
	],
	[
		"disk full at both ends",
		{ state: "saving", pending: 2, reason: "storage_full", journalDenied: true },
		"Not saved yet - the server's disk is full, trying again, keep this tab open",
	],
	["rate limited", { state: "saving", pending: 2, reason: "rate_limited" }, "Saving - slowly, that was a lot at once"],
	["unavailable", { state: "saving", pending: 2, reason: "unavailable" }, "Saving - the server is busy, trying again"],
	[
		"offline, nothing waiting",
		{ state: "offline", pending: 0, retryAt: now + 4_200 },
		"Offline - reconnecting in 5 s",
		"Now",
	],
	[
		"offline, one edit",
		{ state: "offline", pending: 1, retryAt: now + 900 },
		"Offline - 1 edit waiting, reconnecting in 1 s",
		"Now",
	],
	["offline, trying", { state: "offline", pending: 3 }, "Offline - 3 edits waiting, reconnecting"],
	["offline, time is up", { state: "offline", pending: 0, retryAt: now - 1 }, "Offline - reconnecting"],
	[
		"offline without storage",
		{ state: "offline", pending: 3, journalDenied: true },
		"Offline - 3 edits waiting, reconnecting, keep this tab open",
	],
	["read only", { state: "readonly", pending: 0 }, "You can view, not edit", "Ask to edit"],
	["signed out", { state: "failed", pending: 0, reason: "unauthorized" }, "You are signed out", "Sign in"],
	[
		"signed out with edits",
		{ state: "failed", pending: 2, reason: "unauthorized" },
		"You are signed out - 2 edits waiting",
		"Sign in",
	],
	[
		"rejected",
		{ state: "rejected", pending: 0, rejected: { code: "document_too_large", message: "", text: "x" } },
		"An edit was not accepted: the document has reached its limit",
		"Show text",
	],
	["trashed", { state: "removed", pending: 0, reason: "trashed" }, "This document is in the trash", "Restore"],
	[
		"removed with unsaved",
		{ state: "removed", pending: 1, reason: "trashed" },
		"This document is in the trash",
		"Show unsaved text",
	],
	[
		"removed with what was refused before",
		{ state: "removed", pending: 0, reason: "trashed", rejected: { code: "read_only", message: "", text: "x" } },
		"This document is in the trash",
		"Show unsaved text",
	],
	[
		"access taken",
		{ state: "removed", pending: 0, reason: "access" },
		"You no longer have access to this document",
		"All documents",
	],
	[
		"not found",
		{ state: "failed", pending: 0, reason: "not_found" },
		"This document does not exist, or was removed",
		"Reload",
	],
	["unknown failure", { state: "failed", pending: 0, reason: "?" }, "Something went wrong - reload to go on", "Reload"],
	[
		"failed with unsaved",
		{ state: "failed", pending: 4, reason: "protocol" },
		"The connection was refused - reload to go on",
		"Show unsaved text",
	],
]

describe("the state of saving", () => {
	test.each(cases)("%s", (_, status, sentence, action) => {
		const line = statusLine(status, now)
		expect(line.sentence).toBe(sentence)
		expect(line.action?.label).toBe(action)
	})

	test("[S9] what was refused is offered, and what waits too where nothing will be sent any more", () => {
		const rejected = { code: "read_only", message: "", text: "refused" }
		expect(offeredText({ state: "rejected", pending: 1, rejected }, "waiting")).toBe("refused")
		expect(offeredText({ state: "removed", pending: 1, rejected }, "waiting")).toBe("refused\nwaiting")
		expect(offeredText({ state: "failed", pending: 0, rejected }, "")).toBe("refused")
		expect(offeredText({ state: "failed", pending: 1 }, "waiting")).toBe("waiting")
	})

	test("a commenter is told what their role is", () => {
		expect(statusLine({ state: "readonly", pending: 0 }, now, "commenter").sentence).toBe("You can comment, not edit")
	})

	test("[C5] every state has exactly one sentence, and none claims saved with edits pending", () => {
		const states: Status["state"][] = [
			"connecting",
			"saved",
			"saving",
			"offline",
			"readonly",
			"rejected",
			"removed",
			"failed",
		]
		expect(new Set(cases.map(([, status]) => status.state))).toEqual(new Set(states))
		for (const [, status] of cases) {
			const { sentence } = statusLine(status, now)
			expect(sentence).toMatch(/^[A-Z][^.!\n]*$/)
			if (status.pending > 0) expect(sentence).not.toMatch(/^Saved/)
		}
	})
})
