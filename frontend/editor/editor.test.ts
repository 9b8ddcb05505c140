// @vitest-environment jsdom
import fc from "fast-check"
import { NodeSelection } from "prosemirror-state"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { canonical, type Delta, length } from "../client/index.js"
import type { Editor } from "./index.js"
import { parameters } from "./testing/arbitrary.js"
import { alone, closeAll, edit, press, select, shown, type } from "./testing/hands.js"
import { type TestDocument, World } from "./testing/world.js"

afterEach(closeAll)

function keyDown({ view }: Editor, key: KeyboardEventInit): void {
	view.dom.dispatchEvent(new KeyboardEvent("keydown", { ...key, bubbles: true }))
}

describe("typing", () => {
	test("goes to the document at once, letter by letter", () => {
		const { client, editor } = alone([{ insert: "ac\n" }])
		select(editor, 1)
		type(editor, "b")
		expect(client.submitted).toEqual([[{ retain: 1 }, { insert: "b" }]])
		expect(client.content).toEqual(shown(editor))
	})

	test("control characters and line ends inside text never leave the editor", () => {
		const { client, editor } = alone([{ insert: "x\n" }])
		editor.view.dispatch(editor.view.state.tr.insertText("a\u0007b\nc\ud83d", 1))
		expect(shown(editor)).toEqual([{ insert: "ab cx\n" }])
		expect(client.content).toEqual(shown(editor))
		expect(client.submitted).toEqual([[{ insert: "ab c" }]])
	})

	test("a read-only editor changes nothing and still shows what others do", () => {
		const { client, editor } = alone([{ insert: "x\n" }], { readOnly: true })
		type(editor, "b")
		expect(editor.commands.setBlock("heading1")).toBe(false)
		expect(client.submitted).toEqual([])
		client.arrive([{ insert: "y" }])
		expect(shown(editor)).toEqual([{ insert: "yx\n" }])
		expect(editor.snapshot.readOnly).toBe(true)
	})

	test("a screen reader hears a line of a list as an item of its level, and other lines as none", () => {
		const lists = ["bullet", "ordered", "checked", "unchecked"]
		const { editor } = alone([
			...lists.flatMap((list, indent) => [
				{ insert: list },
				{ insert: "\n", attributes: indent > 0 ? { list, indent } : { list } },
			]),
			{ insert: "code" },
			{ insert: "\n", attributes: { list: "bullet", "code-block": true } },
			{ insert: "text\n" },
		])
		const heard = [...editor.view.dom.querySelectorAll("[role=list]:has(> [role=listitem]:only-child) > *")]
		expect(heard.map((each) => [each.textContent, each.getAttribute("aria-level")])).toEqual(
			lists.map((list, indent) => [list, String(indent + 1)]),
		)
		expect(editor.view.dom.querySelectorAll("[role^=list]")).toHaveLength(2 * lists.length)
	})

	test("a check box is called what its line says, as that changes", () => {
		const item = { list: "unchecked" }
		const { editor } = alone([
			{ insert: "milk" },
			{ insert: "\n", attributes: item },
			{ insert: "bread" },
			{ insert: "\n", attributes: item },
		])
		const names = () =>
			[...editor.view.dom.querySelectorAll("[role=checkbox]")].map(
				(box) => editor.view.dom.querySelector(`#${box.getAttribute("aria-labelledby")}`)?.textContent,
			)
		expect(names()).toEqual(["milk", "bread"])
		select(editor, 4)
		type(editor, "!")
		expect(names()).toEqual(["milk!", "bread"])
	})

	test("[D3] select all and delete leaves one empty line", () => {
		const { client, editor } = alone([{ insert: "a\nb" }, { insert: "\n", attributes: { header: 1 } }])
		press(editor, "a", { ctrlKey: true })
		press(editor, "Backspace")
		expect(length(client.content)).toBe(1)
		expect(client.content).toEqual(shown(editor))
	})
})

describe("the snapshot", () => {
	test("keeps its formats as they are while a key changes none of them", () => {
		const { editor } = alone([{ insert: "ab" }, { insert: "c", attributes: { bold: true } }, { insert: "\n" }])
		select(editor, 1)
		const { formats, generation } = editor.snapshot
		type(editor, "x")
		expect(editor.snapshot.generation).toBe(generation + 1)
		expect(editor.snapshot.formats).toBe(formats)
		select(editor, 4)
		expect(editor.snapshot.formats).toEqual({ ...formats, marks: { ...formats.marks, bold: true } })
	})
})

describe("others' changes", () => {
	test("[A8] an insert exactly at my caret does not push it; my own does", () => {
		const { client, editor } = alone([{ insert: "ab\n" }])
		select(editor, 1)
		client.arrive([{ retain: 1 }, { insert: "X" }])
		expect(editor.snapshot.selection.head).toBe(1)
		type(editor, "m")
		expect(shown(editor)).toEqual([{ insert: "amXb\n" }])
		expect(editor.snapshot.selection.head).toBe(2)
	})

	test("they are not sent back, and stay out of undo", () => {
		const { client, editor } = alone([{ insert: "ab\n" }])
		client.arrive([{ insert: "X" }])
		expect(client.submitted).toEqual([])
		expect(editor.commands.undo()).toBe(false)
	})

	test("a mark chosen for what comes next survives them", () => {
		const { client, editor } = alone([{ insert: "ab\n" }])
		select(editor, 1)
		editor.commands.toggleMark("bold")
		client.arrive([{ insert: "X" }])
		type(editor, "m")
		expect(shown(editor)).toEqual([{ insert: "Xa" }, { insert: "m", attributes: { bold: true } }, { insert: "b\n" }])
	})

	test("an image without a description that cannot be loaded says so until it is", () => {
		const { editor } = alone([{ insert: { image: "https://i.example/x.png" } }, { insert: "\n" }])
		const image = editor.view.dom.querySelector(".image > img") as HTMLImageElement
		image.dispatchEvent(new Event("error"))
		expect(image.alt).toBe("Image not found")
		image.dispatchEvent(new Event("load"))
		expect(image.alt).toBe("")
	})

	test("an image that is selected stays so", () => {
		const { client, editor } = alone([
			{ insert: "a" },
			{ insert: { image: "https://i.example/x.png" } },
			{ insert: "\n" },
		])
		const { view } = editor
		view.dispatch(view.state.tr.setSelection(NodeSelection.create(view.state.doc, 2)))
		client.arrive([{ insert: "XY" }])
		expect(editor.snapshot.formats.image?.url).toBe("https://i.example/x.png")
	})

	test("what hits the line being composed waits for its end, and both sides stay equal", async () => {
		const { client, editor } = alone([{ insert: "one\ntwo\n" }])
		const { view } = editor
		select(editor, 3)
		const composing = { value: true }
		Object.defineProperty(view, "composing", { get: () => composing.value, configurable: true })
		client.arrive([{ retain: 5 }, { insert: "W" }])
		expect(shown(editor)).toEqual([{ insert: "one\ntWwo\n" }])
		client.arrive([{ insert: "X" }])
		expect(shown(editor)).toEqual([{ insert: "one\ntWwo\n" }])
		client.arrive([{ retain: 1 }, { delete: 1 }])
		view.dispatch(view.state.tr.insertText("!"))
		expect(shown(editor)).toEqual([{ insert: "one!\ntWwo\n" }])
		expect(client.content).toEqual([{ insert: "Xne!\ntWwo\n" }])
		composing.value = false
		view.dom.dispatchEvent(new Event("compositionend"))
		await expect.poll(() => shown(editor)).toEqual(client.content)
		expect(editor.snapshot.selection.head).toBe(4)
	})

	test.each([
		["a format takes it from ProseMirror", (editor: Editor) => editor.commands.toggleMark("bold")],
		[
			"undo takes its text from the browser, and a key comes that is not of one",
			(editor: Editor) => keyDown(editor, { key: "Shift" }),
		],
		["undo by a button, and no key comes", (editor: Editor) => editor.commands.undo()],
		[
			"on Android ProseMirror gives it up after five seconds of rest",
			({ view }: Editor) => Object.assign((view as unknown as { input: object }).input, { composing: false }),
		],
	])("what waits for a composition is shown when that ends without a word: %s", async (_, end) => {
		const { client, editor } = alone([{ insert: "one\n" }])
		const { view } = editor
		select(editor, 3)
		view.dom.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }))
		client.arrive([{ insert: "X" }])
		keyDown(editor, { key: "か", isComposing: true })
		keyDown(editor, { key: "Process", keyCode: 229 })
		await new Promise((resolve) => setTimeout(resolve, 200))
		expect(view.composing).toBe(true)
		expect(shown(editor)).toEqual([{ insert: "one\n" }])
		end(editor)
		expect(view.composing).toBe(false)
		await expect.poll(() => shown(editor)).toEqual([{ insert: "Xone\n" }])
	})

	test("many in one burst are shown together when it is over, own edits among them moved", async () => {
		const { client, editor } = alone([{ insert: "ab\n" }])
		let drawn = 0
		const { updateState } = editor.view
		editor.view.updateState = function (state) {
			drawn++
			updateState.call(this, state)
		}
		select(editor, 2)
		drawn = 0
		for (let i = 0; i < 100; i++) client.arrive([{ insert: "x" }])
		expect(drawn).toBe(1)
		type(editor, "!")
		await burstOver()
		expect(drawn).toBe(3)
		expect(client.content).toEqual([{ insert: `${"x".repeat(100)}ab!\n` }])
		expect(shown(editor)).toEqual(client.content)
		expect(editor.snapshot.selection.head).toBe(103)
		client.arrive([{ insert: "y" }])
		expect(shown(editor)).toEqual(client.content)
	})

	test("a change that does not fit makes the editor show the document again", () => {
		const { client, editor } = alone([{ insert: "ab\n" }])
		client.content = [{ insert: "abc\nd\n" }]
		client.emit("change", { delta: [{ retain: 9 }, { insert: "x" }], source: "remote", revision: 1 })
		expect(shown(editor)).toEqual(client.content)
		expect(client.submitted).toEqual([])
	})

	test("content that arrives later replaces the empty start", () => {
		const client = new World([{ insert: "hello\n" }]).join()
		client.loaded = false
		const editor = edit(client)
		expect(editor.snapshot.readOnly).toBe(true)
		client.loaded = true
		client.emit("reset", { content: client.content, revision: 0 })
		expect(shown(editor)).toEqual(client.content)
		expect(editor.snapshot.readOnly).toBe(false)
	})
})

/** What came in the same task as others is in the view. */
const burstOver = () => Promise.resolve()

const theirLetter = (number: number) => String.fromCharCode(0xe000 + number)

describe("what the browser has done and not told of yet comes before what others do", () => {
	beforeEach(() => void vi.useFakeTimers())
	afterEach(() => void vi.useRealTimers())

	/** An editor with its caret at the end, and the first line's text in the DOM. */
	function caretAtEnd() {
		const { client, editor } = alone([{ insert: "one\ntwo\n" }])
		editor.focus()
		select(editor, 7)
		// Right after the focus came ProseMirror takes no caret from the browser.
		vi.advanceTimersByTime(1_000)
		return { client, editor, text: editor.view.dom.firstElementChild?.firstChild as Text }
	}
	const peer = {
		peer: "p",
		user: { id: "u", name: "Ann", color: "#1d7a45" },
		selection: { anchor: 1, head: 1 },
		self: false,
	}

	test.each([
		[
			"caret",
			(client: TestDocument) => {
				client.peers = [peer]
				client.emit("presence", client.peers)
			},
		],
		["change", (client: TestDocument) => client.arrive([{ retain: 4 }, { insert: "x" }])],
	])("a caret that a key has moved is not put back by another's %s", (_, happens) => {
		const { client, editor, text } = caretAtEnd()
		getSelection()?.collapse(text, 0)
		happens(client)
		expect(editor.snapshot.selection.head).toBe(0)
		expect(getSelection()?.focusOffset).toBe(0)
	})

	/** As after Backspace on Android, where ProseMirror waits before it reads. */
	const wait = ({ view }: Editor) => (view as unknown as { domObserver: { flushSoon(): void } }).domObserver.flushSoon()
	const compose = ({ view }: Editor) => view.dom.dispatchEvent(new Event("compositionstart"))

	test.each([
		["", () => {}],
		[", also while Android composes", (editor: Editor) => compose(editor) && wait(editor)],
	])("a letter that stands in the DOM only moves another's caret too%s", (_, begin) => {
		const { client, editor, text } = caretAtEnd()
		const at = () => (client.content[0] as { insert: string }).insert.indexOf("two")
		Object.defineProperty(client, "peers", { get: () => [{ ...peer, selection: { anchor: at(), head: at() } }] })
		begin(editor)
		text.data = "y one"
		getSelection()?.collapse(text, 2)
		client.emit("presence", client.peers)
		expect(shown(editor)).toEqual([{ insert: "y one\ntwo\n" }])
		expect(editor.view.dom.querySelector(".peer-caret")?.nextSibling?.textContent).toBe("two")
	})

	test.each([
		["", () => {}],
		[", also after Backspace on Android", wait],
	])("[A2] a letter that stands in the DOM only is moved over another's change%s", (_, begin) => {
		const { client, editor, text } = caretAtEnd()
		begin(editor)
		text.data = "y one"
		getSelection()?.collapse(text, 2)
		client.arrive([{ insert: "x" }])
		expect(client.content).toEqual([{ insert: "xy one\ntwo\n" }])
		expect(shown(editor)).toEqual(client.content)
	})
})

describe("undo", () => {
	test("[C7] takes back one's own letters around another's inside them", () => {
		const { client, editor } = alone([{ insert: "\n" }])
		type(editor, "hello")
		client.arrive([{ retain: 2 }, { insert: "X" }])
		expect(editor.commands.undo()).toBe(true)
		expect(client.content).toEqual([{ insert: "X\n" }])
		expect(editor.commands.redo()).toBe(true)
		expect(client.content).toEqual([{ insert: "heXllo\n" }])
		expect(shown(editor)).toEqual(client.content)
	})

	test("[C7] a format that somebody changed since stays theirs", () => {
		const { client, editor } = alone([{ insert: "ab\n" }])
		select(editor, 0, 2)
		editor.commands.setColor("#ff0000")
		client.arrive([{ retain: 2, attributes: { color: "#0000ff" } }])
		editor.commands.undo()
		expect(client.content).toEqual([{ insert: "ab", attributes: { color: "#0000ff" } }, { insert: "\n" }])
	})

	test("comes back to where the selection was, step by step", () => {
		const { client, editor } = alone([{ insert: "ab\n" }])
		select(editor, 0, 2)
		editor.commands.toggleMark("bold")
		select(editor, 1)
		type(editor, "x")
		editor.commands.undo()
		expect(editor.snapshot.selection).toEqual({ anchor: 1, head: 1, empty: true })
		editor.commands.undo()
		expect(client.content).toEqual([{ insert: "ab\n" }])
		expect(editor.snapshot.canUndo).toBe(false)
		expect(editor.snapshot.canRedo).toBe(true)
	})

	test("[C7] own edits undone among others' leave exactly the others'", async () => {
		const action = fc.record({
			own: fc.boolean(),
			at: fc.nat(),
			size: fc.nat(3),
			text: fc.constantFrom("a", "b\n", "", "cd"),
			bold: fc.boolean(),
		})
		await fc.assert(
			fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 12 }), async (actions) => {
				const { client, editor } = alone([{ insert: "0123\n567\n" }])
				let theirs = 0
				for (const { own, at, size, text, bold } of actions) {
					const last = client.length - 1
					const from = at % (last + 1)
					const removed = Math.min(size, last - from)
					const marks = bold ? { bold: true } : undefined
					if (own) {
						select(editor, from, from + removed)
						if (text === "" && removed > 0) editor.commands.toggleMark("italic")
						else editor.commands.insertText(text)
					} else {
						// Others write letters of their own, so that they can be told apart.
						const mine = { insert: theirLetter(theirs++), ...(marks ? { attributes: marks } : {}) }
						client.arrive(canonical([...(from > 0 ? [{ retain: from }] : []), mine]))
					}
					await burstOver()
					expect(shown(editor)).toEqual(client.content)
				}
				while (editor.commands.undo()) expect(shown(editor)).toEqual(client.content)
				const text = client.content.map((op) => ("insert" in op ? op.insert : "")).join("")
				// All that others wrote is there, and of the original nothing is missing.
				for (let number = 0; number < theirs; number++) expect(text).toContain(theirLetter(number))
				expect(text.replace(/\p{Co}/gu, "")).toBe("0123\n567\n")
				expect(JSON.stringify(client.content)).not.toContain("italic")
				closeAll()
			}),
			parameters(150),
		)
	})
})

describe("several editors", () => {
	test("[A2] end on one document, whatever they do at once", async () => {
		const action = fc.record({
			who: fc.nat(2),
			what: fc.constantFrom(
				"type",
				"type",
				"enter",
				"delete",
				"bold",
				"block",
				"undo",
				"send",
				"receive",
				"receive",
				"backspace",
			),
			at: fc.nat(),
			size: fc.nat(4),
		})
		const start: Delta = [
			{ insert: "one two\nthree" },
			{ insert: "\n", attributes: { list: "bullet" } },
			{ insert: "four\n" },
		]
		await fc.assert(
			fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (actions) => {
				const world = new World(start)
				const clients = [world.join(), world.join(), world.join()]
				const editors = clients.map((client) => edit(client))
				for (const { who, what, at, size } of actions) {
					const client = clients[who] as TestDocument
					const editor = editors[who] as Editor
					const last = client.length - 1
					const from = at % (last + 1)
					const to = Math.min(last, from + size)
					if (what === "send") client.send()
					else if (what === "receive") client.receive()
					else if (what === "undo") editor.commands.undo()
					else {
						select(editor, from, what === "type" || what === "enter" || what === "backspace" ? from : to)
						if (what === "type") type(editor, "xy")
						if (what === "enter") press(editor, "Enter")
						if (what === "backspace") press(editor, "Backspace")
						if (what === "delete") press(editor, "Delete")
						if (what === "bold") editor.commands.toggleMark("bold")
						if (what === "block") editor.commands.setBlock(size % 2 ? "heading1" : "check")
					}
					// Or more comes in the same burst, and own edits among it.
					if (size === 0) continue
					await burstOver()
					expect(shown(editor)).toEqual(client.content)
				}
				world.settle()
				world.settle()
				await burstOver()
				for (const [index, editor] of editors.entries()) {
					expect(clients[index]?.content).toEqual(world.content)
					expect(shown(editor)).toEqual(world.content)
				}
				closeAll()
			}),
			parameters(60),
		)
	})
})
