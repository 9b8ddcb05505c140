// @vitest-environment jsdom
import { afterEach, describe, expect, test, vi } from "vitest"
import { fold } from "./fold.js"
import { alone, closeAll, select, type } from "./testing/hands.js"

vi.mock(import("./fold.js"), { spy: true })

afterEach(() => {
	vi.clearAllMocks()
	closeAll()
})

/** What was folded since the last call. */
function folded(): string[] {
	const texts = vi.mocked(fold).mock.calls.map(([text]) => text)
	vi.mocked(fold).mockClear()
	return texts
}

describe("while find is open, only what changed is read again", () => {
	test("whoever changed it, and the matches are right", () => {
		const { client, editor } = alone([{ insert: "раз\nдва\nтри\n" }])
		editor.find.search("р")
		expect(folded()).toEqual(["р", "раз", "два", "три"])
		client.arrive([{ retain: 4 }, { insert: "Р" }])
		expect(folded()).toEqual(["р", "Рдва"])
		expect(editor.snapshot.find).toMatchObject({ count: 3 })
		select(editor, 3)
		type(editor, "р")
		expect(folded()).toEqual(["р", "разр"])
		expect(editor.snapshot.find).toMatchObject({ count: 4 })
		editor.find.next()
		expect(editor.find.next().current).toBe(2)
		editor.find.close()
		expect(editor.snapshot.selection).toMatchObject({ anchor: 5, head: 6 })
	})

	test("for the next letter of the query too, and anew when the case matters", () => {
		const { editor } = alone([{ insert: "Раз\nраз\n" }])
		editor.find.search("р")
		folded()
		expect(editor.find.search("ра").count).toBe(2)
		expect(folded()).toEqual(["ра"])
		expect(editor.find.search("ра", { caseSensitive: true }).count).toBe(1)
		expect(folded()).toEqual(["ра", "Раз", "раз"])
		expect(editor.find.search("ра").count).toBe(2)
		expect(folded()).toEqual(["ра", "Раз", "раз"])
	})
})

test("of very many matches those around the current one are marked", () => {
	const { editor } = alone([{ insert: "a\n".repeat(3_000) }])
	const marks = () => [...editor.view.dom.querySelectorAll(".find-match")]
	expect(editor.find.search("a")).toMatchObject({ count: 3_000, current: 0 })
	expect(marks()).toHaveLength(500)
	expect(marks()[0]?.matches(".find-current")).toBe(true)
	editor.find.previous()
	expect(marks()).toHaveLength(501)
	expect(marks().at(-1)?.matches(".find-current")).toBe(true)
})
