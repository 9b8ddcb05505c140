// @vitest-environment jsdom
import { AllSelection } from "prosemirror-state"
import { afterEach, describe, expect, test } from "vitest"
import type { Delta } from "../client/index.js"
import type { Editor } from "./index.js"
import { alone, closeAll, select, shown } from "./testing/hands.js"

afterEach(closeAll)

const lines: Delta = [
	{ insert: "Head" },
	{ insert: "\n", attributes: { header: 1 } },
	{ insert: "second\nthird" },
	{ insert: "\n", attributes: { list: "bullet" } },
]

/** As a browser announces what it is about to do; returns whether that was taken over. */
function announce(editor: Editor, inputType: string, content: string | null, target?: [number, number]): boolean {
	const event = new InputEvent("beforeinput", { inputType, data: content, bubbles: true, cancelable: true })
	const [from, to] = target?.map((position) => editor.view.domAtPos(position)) ?? []
	const range = from &&
		to && { startContainer: from.node, startOffset: from.offset, endContainer: to.node, endOffset: to.offset }
	Object.assign(event, { getTargetRanges: () => (range ? [range] : []) })
	editor.view.dom.dispatchEvent(event)
	return event.defaultPrevented
}

describe("input over several lines", () => {
	test.each(["deleteWordBackward", "deleteWordForward", "deleteSoftLineBackward", "deleteContentBackward"])(
		"%s of a selection joins its lines without the browser",
		(inputType) => {
			const { client, editor } = alone(lines)
			select(editor, 2, 14)
			expect(announce(editor, inputType, null)).toBe(true)
			expect(shown(editor)).toEqual([{ insert: "Heird" }, { insert: "\n", attributes: { header: 1 } }])
			expect(client.content).toEqual(shown(editor))
		},
	)

	test("text without a key replaces a selection", () => {
		const { client, editor } = alone(lines)
		select(editor, 2, 14)
		expect(announce(editor, "insertText", "字")).toBe(true)
		expect(client.content).toEqual([{ insert: "He字ird" }, { insert: "\n", attributes: { header: 1 } }])
	})

	test("a word that begins in the line before is deleted as the browser meant it", () => {
		const { client, editor } = alone([{ insert: "one two\n third\n" }])
		select(editor, 9)
		expect(announce(editor, "deleteWordBackward", null, [5, 11])).toBe(true)
		expect(client.content).toEqual([{ insert: "one third\n" }])
	})

	test("words without keys over all there is follow each other", () => {
		const { client, editor } = alone(lines)
		editor.commands.selectAll()
		expect(announce(editor, "insertText", "one ")).toBe(true)
		expect(editor.view.state.selection.empty).toBe(true)
		expect(announce(editor, "insertText", "two")).toBe(false)
		expect(client.content).toEqual([{ insert: "one " }, { insert: "\n", attributes: { header: 1 } }])
	})

	test("a keyboard without keys, as phones have, does at lines' ends what keys do", () => {
		const { client, editor } = alone(lines)
		select(editor, 12)
		expect(announce(editor, "deleteContentBackward", null, [13, 15])).toBe(true)
		expect(client.content).toEqual([...lines.slice(0, 2), { insert: "second\nthird\n" }])
		expect(announce(editor, "deleteContentBackward", null, [13, 15])).toBe(true)
		select(editor, 4)
		expect(announce(editor, "insertParagraph", null)).toBe(true)
		expect(client.content).toEqual([...lines.slice(0, 2), { insert: "\nsecondthird\n" }])
		select(editor, 4)
		expect(announce(editor, "deleteContentForward", null, [5, 7])).toBe(true)
		expect(client.content).toEqual([...lines.slice(0, 2), { insert: "secondthird\n" }])
	})

	test("text that the browser would put beside the lines goes where the caret is", () => {
		const { client, editor } = alone(lines)
		select(editor, 6)
		const range = { startContainer: editor.view.dom, startOffset: 0, endContainer: editor.view.dom, endOffset: 0 }
		const event = new InputEvent("beforeinput", { inputType: "insertText", data: "x", bubbles: true, cancelable: true })
		editor.view.dom.dispatchEvent(Object.assign(event, { getTargetRanges: () => [range] }))
		expect(event.defaultPrevented).toBe(true)
		expect(client.content).toEqual([...lines.slice(0, 2), { insert: "sxecond\nthird" }, ...lines.slice(3)])
	})

	test("a composition over lines begins without them", () => {
		const { client, editor } = alone(lines)
		select(editor, 2, 14)
		editor.view.dom.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }))
		expect(client.content).toEqual([{ insert: "Heird" }, { insert: "\n", attributes: { header: 1 } }])
	})

	test("a composition over all there is begins without it", () => {
		const { client, editor } = alone(lines)
		const { state } = editor.view
		editor.view.dispatch(state.tr.setSelection(new AllSelection(state.doc)))
		// As browsers select it, which ProseMirror reads as text from the first letter to the last.
		getSelection()?.setBaseAndExtent(editor.view.dom, 0, editor.view.dom, editor.view.dom.childNodes.length)
		editor.view.dom.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }))
		expect(client.content).toEqual([{ insert: "\n" }])
	})

	test("a line that the browser writes anew keeps its links and colours", () => {
		const runs: Delta = [
			{ insert: "red", attributes: { color: "#b91c1c" } },
			{ insert: "marked", attributes: { background: "#fef3b8" } },
			{ insert: "link", attributes: { link: "https://a.example/" } },
		]
		const { client, editor } = alone([...runs, { insert: "\n" }])
		const line = editor.view.dom.firstElementChild as HTMLElement
		line.replaceChildren(...Array.from(line.childNodes, (node) => node.cloneNode(true)), " too")
		;(editor.view as unknown as { domObserver: { flush(): void } }).domObserver.flush()
		expect(client.content).toEqual([...runs, { insert: " too\n" }])
	})

	test("within a line the browser goes on", () => {
		const { client, editor } = alone(lines)
		select(editor, 6, 8)
		expect(announce(editor, "deleteWordBackward", null)).toBe(false)
		expect(announce(editor, "insertText", "x")).toBe(false)
		expect(client.content).toEqual(lines)
	})
})
