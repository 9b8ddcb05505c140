import { describe, expect, test } from "vitest"
import type { DocumentRecord } from "../api"
import { addPage, documentChanged, documentRemoved, type KnownDocuments, matching, NO_DOCUMENTS } from "./list"

const person = { id: "p", name: "Ada", color: "#2563eb" }

/** A row last changed at a minute of one hour. */
function row(id: string, minute: number, title = id): DocumentRecord {
	const at = new Date(Date.UTC(2026, 10, 23, 12, minute)).toISOString()
	return {
		id,
		title,
		epoch: "e",
		revision: 1,
		createdAt: at,
		createdBy: person,
		updatedAt: at,
		updatedBy: person,
		role: "owner",
		people: [],
	}
}
const ids = (known: KnownDocuments) => known.documents.map((each) => each.id).join("")

describe("known documents", () => {
	const first = addPage(NO_DOCUMENTS, { documents: [row("c", 30), row("b", 20)], next: "more" })

	test("pages join, newest change first, each document once", () => {
		const both = addPage(first, { documents: [row("b", 20), row("a", 10)], next: null })
		expect(ids(both)).toBe("cba")
		expect(both.next).toBeNull()
	})

	test("a page fetched before an event does not take the event back", () => {
		const renamed = documentChanged(first, row("b", 40, "new name"))
		const page = addPage(renamed, { documents: [row("b", 20, "old name")], next: null })
		expect(page.documents[0]?.title).toBe("new name")
	})

	test("a change moves its document to the top", () => {
		expect(ids(documentChanged(first, row("b", 50)))).toBe("bc")
	})

	test("a new document appears", () => {
		expect(ids(documentChanged(first, row("d", 50)))).toBe("dcb")
	})

	test("a document older than all that is fetched waits for its page", () => {
		expect(documentChanged(first, row("z", 1))).toBe(first)
		const all = { ...first, next: null }
		expect(ids(documentChanged(all, row("z", 1)))).toBe("cbz")
	})

	test("people coming and going change the row, not the order", () => {
		const joined = documentChanged(first, { ...row("b", 20), people: [person] })
		expect(ids(joined)).toBe("cb")
		expect(joined.documents[1]?.people).toHaveLength(1)
	})

	test("removed and trashed documents leave; an unknown one changes nothing", () => {
		expect(ids(documentRemoved(first, "c"))).toBe("b")
		expect(ids(documentChanged(first, { ...row("c", 50), trashedAt: row("c", 50).updatedAt }))).toBe("b")
		expect(documentRemoved(first, "x")).toBe(first)
	})
})

describe("search by title", () => {
	const rows = [row("1", 3, "Café menu"), row("2", 2, "Launch plan 2027"), row("3", 1, "")]
	const found = (query: string) => matching(rows, query).map((each) => each.id)

	test.each([
		["", ["1", "2", "3"]],
		["  ", ["1", "2", "3"]],
		["cafe", ["1"]],
		["PLAN launch", ["2"]],
		["untitled", ["3"]],
		["nothing such", []],
	])("%o", (query, expected) => {
		expect(found(query)).toEqual(expected)
	})
})
