// @vitest-environment jsdom
import { render } from "preact"
import { afterEach, expect, test, vi } from "vitest"
import { alone, closeAll, select } from "../../editor/testing/hands.js"
import { FindBar } from "./FindBar"

const place = document.createElement("div")

afterEach(() => {
	render(null, place)
	closeAll()
})

/** Find over "one two one", opened with the last word selected. */
async function open() {
	const { editor } = alone([{ insert: "one two one\n" }])
	select(editor, 8, 11)
	document.body.append(place)
	render(<FindBar editor={editor} state={null} onClose={() => {}} />, place)
	await vi.waitFor(() => expect(editor.snapshot.find).toMatchObject({ query: "one", count: 2, current: 1 }))
	return editor
}
const field = () => document.querySelector("input") as HTMLInputElement
/** Whether the page took the key, in the text. */
const press = (key: string, modifiers: KeyboardEventInit = {}) =>
	!(document.querySelector(".writing") as HTMLElement).dispatchEvent(
		new KeyboardEvent("keydown", { key, ctrlKey: true, bubbles: true, cancelable: true, ...modifiers }),
	)

test("asked for again from the text, find gives its field back", async () => {
	const editor = await open()
	expect(document.activeElement).toBe(field())
	editor.focus()
	expect(document.activeElement).not.toBe(field())
	expect(press("f")).toBe(true)
	expect(document.activeElement).toBe(field())
})

test("what is selected is looked for, and its keys walk from there wherever the focus is", async () => {
	const editor = await open()
	expect(field().value).toBe("one")
	expect(press("g")).toBe(true)
	expect(editor.snapshot.find?.current).toBe(0)
	expect(press("G", { shiftKey: true })).toBe(true)
	expect(editor.snapshot.find?.current).toBe(1)
})

test("Enter right behind the last letter walks on from the first match", async () => {
	const editor = await open()
	select(editor, 0)
	field().value = "on"
	field().dispatchEvent(new Event("input", { bubbles: true }))
	// As long as it is to the next key at least: nothing is painted meanwhile.
	await new Promise((resolve) => setTimeout(resolve))
	field().dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }))
	expect(editor.snapshot.find).toMatchObject({ query: "on", current: 1 })
})
