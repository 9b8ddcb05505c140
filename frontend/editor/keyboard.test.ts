// @vitest-environment jsdom
import { NodeSelection } from "prosemirror-state"
import { afterEach, describe, expect, test } from "vitest"
import { canonical, type Delta } from "../client/index.js"
import { catchUp } from "./bridge.js"
import { insertOp } from "./convert.js"
import { outlineOf, wordCountOf } from "./measure.js"
import { alone, closeAll, press, select, shown, type } from "./testing/hands.js"

afterEach(closeAll)

const line = (text: string, attributes?: Record<string, unknown>): Delta =>
	attributes ? [...(text ? [insertOp(text)] : []), insertOp("\n", attributes)] : [insertOp(`${text}\n`)]

test.each([
	["Backspace", { ctrlKey: true }],
	["Backspace", { ctrlKey: true, shiftKey: true }],
	["Backspace", { altKey: true }],
	["Backspace", { shiftKey: true }],
	["Delete", { ctrlKey: true }],
	["Delete", { altKey: true }],
])("%s with %o deletes a selection over several lines", (key, modifiers) => {
	const { client, editor } = alone([{ insert: "one\ntwo\nthree\n" }])
	select(editor, 1, 10)
	expect(press(editor, key, modifiers)).toBe(true)
	expect(client.content).toEqual([{ insert: "oree\n" }])
})

test("a key takes the caret to the very start right after the focus too", () => {
	const { editor } = alone([{ insert: "one\n" }])
	const { view } = editor
	select(editor, 3)
	view.focus()
	view.dom.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", ctrlKey: true, bubbles: true }))
	getSelection()?.collapse(view.dom.querySelector(".line")?.firstChild as Text, 0)
	catchUp(view)
	expect(view.state.selection.head).toBe(1)
})

describe("Markdown while typing", () => {
	const blocks: [string, Delta][] = [
		["# x", line("x", { header: 1 })],
		["### x", line("x", { header: 3 })],
		["#### x", line("#### x")],
		["- x", line("x", { list: "bullet" })],
		["* x", line("x", { list: "bullet" })],
		["1. x", line("x", { list: "ordered" })],
		["[] x", line("x", { list: "unchecked" })],
		["[x] x", line("x", { list: "checked" })],
		["> x", line("x", { blockquote: true })],
		["``` x", line("x", { "code-block": true })],
		["```Go x", line("x", { "code-block": "go" })],
		["---x", [{ insert: { divider: true } }, { insert: "\nx\n" }]],
		["**b** x", [insertOp("b", { bold: true }), { insert: " x\n" }]],
		["a *i* x", [{ insert: "a " }, insertOp("i", { italic: true }), { insert: " x\n" }]],
		["_i_ a_b_c", [insertOp("i", { italic: true }), { insert: " a_b_c\n" }]],
		["`c` x", [insertOp("c", { code: true }), { insert: " x\n" }]],
		["~~s~~ x", [insertOp("s", { strike: true }), { insert: " x\n" }]],
		["2 * 3 * 4", line("2 * 3 * 4")],
		["`a*b*c`", [insertOp("a*b*c", { code: true }), { insert: "\n" }]],
		["[t](https://a.example/) x", [insertOp("t", { link: "https://a.example/" }), { insert: " x\n" }]],
		["[t](javascript:x)", line("[t](javascript:x)")],
		[
			"![t](https://a.example/i.png)",
			[{ insert: { image: "https://a.example/i.png" }, attributes: { alt: "t" } }, { insert: "\n" }],
		],
		[
			"see https://a.example/b. ok",
			[{ insert: "see " }, insertOp("https://a.example/b", { link: "https://a.example/b" }), { insert: ". ok\n" }],
		],
		[
			"(www.a.example/A_(b)) or ann@a.example, not a@b or x@1.2",
			[
				{ insert: "(" },
				insertOp("www.a.example/A_(b)", { link: "https://www.a.example/A_(b)" }),
				{ insert: ") or " },
				insertOp("ann@a.example", { link: "mailto:ann@a.example" }),
				{ insert: ", not a@b or x@1.2\n" },
			],
		],
		["*** x", [{ insert: { divider: true } }, { insert: "\nx\n" }]],
		["***b*** x", [insertOp("b", { bold: true, italic: true }), { insert: " x\n" }]],
		["~~**b**~~ x", [insertOp("b", { bold: true, strike: true }), { insert: " x\n" }]],
		["**a *b*** x", [insertOp("a ", { bold: true }), insertOp("b", { bold: true, italic: true }), { insert: " x\n" }]],
	]
	test.each(blocks)("%s", (typed, expected) => {
		const { client, editor } = alone([{ insert: "\n" }])
		type(editor, typed)
		expect(shown(editor)).toEqual(canonical(expected))
		expect(client.content).toEqual(canonical(expected))
	})

	test("not in code", () => {
		const { editor } = alone(line("", { "code-block": true }))
		type(editor, "# **b** - ")
		expect(shown(editor)).toEqual(line("# **b** - ", { "code-block": true }))
	})

	test("Backspace right after takes the rule back, undo too", () => {
		const { editor } = alone(line(""))
		type(editor, "# ")
		press(editor, "Backspace")
		expect(shown(editor)).toEqual(line("# "))
		const second = alone(line("")).editor
		type(second, "- ")
		second.commands.undo()
		expect(shown(second)).toEqual(line("-"))
	})

	test("an address before Enter is a link, and what follows is not", () => {
		const { editor } = alone(line(""))
		type(editor, "see https://a.example/b.")
		press(editor, "Enter")
		type(editor, "x")
		expect(shown(editor)).toEqual([
			{ insert: "see " },
			insertOp("https://a.example/b", { link: "https://a.example/b" }),
			{ insert: ".\nx\n" },
		])
		editor.commands.undo()
		editor.commands.undo()
		expect(shown(editor)).toEqual(line("see https://a.example/b."))
	})

	test("in bold text goes on in bold", () => {
		const { editor } = alone(line(""))
		press(editor, "b", { ctrlKey: true })
		type(editor, "a `b` c")
		expect(shown(editor)).toEqual([
			insertOp("a ", { bold: true }),
			insertOp("b", { bold: true, code: true }),
			insertOp(" c", { bold: true }),
			{ insert: "\n" },
		])
	})

	test("``` and Enter begin a code block", () => {
		const { editor } = alone(line(""))
		type(editor, "```js")
		press(editor, "Enter")
		type(editor, "x")
		expect(shown(editor)).toEqual(line("x", { "code-block": "js" }))
	})
})

describe("Enter", () => {
	const table: [string, Delta, number, Delta][] = [
		["splits", line("ab"), 1, [{ insert: "a\nb\n" }]],
		["after a heading begins text", line("ab", { header: 1 }), 2, [...line("ab", { header: 1 }), ...line("")]],
		["before a heading leaves it one", line("ab", { header: 1 }), 0, [...line(""), ...line("ab", { header: 1 })]],
		[
			"in a list goes on, unticked",
			line("a", { list: "checked" }),
			1,
			[...line("a", { list: "checked" }), ...line("", { list: "unchecked" })],
		],
		["on an empty item moves out", line("", { list: "bullet", indent: 1 }), 0, line("", { list: "bullet" })],
		["on an empty outer item ends the list", line("", { list: "bullet" }), 0, line("")],
		["on an empty quote line ends it", line("", { blockquote: true }), 0, line("")],
		[
			"in code keeps the indent",
			line("\t a", { "code-block": true }),
			3,
			[
				insertOp("\t a"),
				insertOp("\n", { "code-block": true }),
				insertOp("\t "),
				insertOp("\n", { "code-block": true }),
			],
		],
	]
	test.each(table)("%s", (_name, before, at, after) => {
		const { client, editor } = alone(before)
		select(editor, at)
		expect(press(editor, "Enter")).toBe(true)
		expect(shown(editor)).toEqual(canonical(after))
		expect(client.content).toEqual(canonical(after))
	})
})

describe("A divider stands alone", () => {
	const divider = insertOp({ divider: true })
	const around: Delta = [{ insert: "a\n" }, divider, { insert: "\nb\n" }]
	test.each([
		["Backspace behind it takes it away", "Backspace", 4, [{ insert: "a\nb\n" }]],
		["Delete before it takes it away", "Delete", 1, [{ insert: "a\nb\n" }]],
		["Backspace at its start only moves", "Backspace", 2, around],
		["Delete at its end only moves", "Delete", 3, around],
	] as [string, string, number, Delta][])("%s", (_name, key, at, after) => {
		const { client, editor } = alone(around)
		select(editor, at)
		expect(press(editor, key)).toBe(true)
		expect(client.content).toEqual(after)
	})

	test("what is typed or pasted beside it is a line", () => {
		const { client, editor } = alone(around)
		select(editor, 3)
		type(editor, "cd")
		select(editor, 2)
		type(editor, "ef")
		const expected: Delta = [{ insert: "a\nef\n" }, divider, { insert: "\ncd\nb\n" }]
		expect(client.content).toEqual(expected)
		select(editor, 6)
		const clipboardData = { getData: (kind: string) => (kind === "text/plain" ? "g" : "") }
		editor.view.pasteText("g", Object.assign(new Event("paste"), { clipboardData }) as ClipboardEvent)
		expect(client.content).toEqual([{ insert: "a\nef\n" }, divider, { insert: "\ng\ncd\nb\n" }])
	})
})

test("Enter over the end of a heading begins text", () => {
	const { editor } = alone(line("ab", { header: 1 }))
	select(editor, 1, 2)
	expect(press(editor, "Enter")).toBe(true)
	expect(shown(editor)).toEqual([...line("a", { header: 1 }), ...line("")])
})

describe("Backspace at a line's start, Delete at its end", () => {
	const table: [string, string, Delta, number, Delta][] = [
		["Backspace", "joins", [{ insert: "a\nb\n" }], 2, [{ insert: "ab\n" }]],
		[
			"Backspace",
			"takes the bullet first",
			[...line("a"), ...line("b", { list: "bullet", indent: 1 })],
			2,
			[...line("a"), ...line("b", { indent: 1 })],
		],
		["Backspace", "then the indent", line("b", { indent: 2 }), 0, line("b", { indent: 1 })],
		[
			"Backspace",
			"an empty line before goes, the line stays what it is",
			[...line(""), ...line("b", { header: 2 })],
			1,
			line("b", { header: 2 }),
		],
		["Backspace", "the first code line becomes text", line("x", { "code-block": true }), 0, line("x")],
		["Delete", "joins", [{ insert: "a\nb\n" }], 1, [{ insert: "ab\n" }]],
		[
			"Delete",
			"an empty line goes, the next stays what it is",
			[...line(""), ...line("b", { header: 2 })],
			0,
			line("b", { header: 2 }),
		],
		["Delete", "at the very end does nothing", line("a"), 1, line("a")],
	]
	test.each(table)("%s %s", (key, _name, before, at, after) => {
		const { client, editor } = alone(before)
		select(editor, at)
		expect(press(editor, key)).toBe(true)
		expect(shown(editor)).toEqual(canonical(after))
		expect(client.content).toEqual(canonical(after))
	})
})

describe("keys", () => {
	const control = { ctrlKey: true }
	const over = (key: string, modifiers: Partial<KeyboardEventInit>, before: Delta, from = 0, to = 1) => {
		const { editor } = alone(before)
		select(editor, from, to)
		expect(press(editor, key, modifiers)).toBe(true)
		return shown(editor)
	}

	test("marks", () => {
		expect(over("b", control, line("x"))).toEqual([insertOp("x", { bold: true }), { insert: "\n" }])
		expect(over("e", control, line("x"))).toEqual([insertOp("x", { code: true }), { insert: "\n" }])
		expect(over("x", { ...control, shiftKey: true }, line("x"))).toEqual([
			insertOp("x", { strike: true }),
			{ insert: "\n" },
		])
		expect(over("b", control, [insertOp("x", { bold: true }), { insert: "\n" }])).toEqual(line("x"))
		expect(over("\\", control, [insertOp("xy", { bold: true, color: "#ff0000" }), { insert: "\n" }], 0, 2)).toEqual(
			line("xy"),
		)
	})

	test("marks go round code, whose text is literal", () => {
		const code = line("code", { "code-block": true })
		const bold = insertOp("text", { bold: true })
		const both = over("b", control, [...code, ...line("text")], 1, 9)
		expect(both).toEqual([...code, bold, { insert: "\n" }])
		expect(over("b", control, both, 0, 9)).toEqual([...code, ...line("text")])
		const around = [...line("text"), ...code, ...line("text")]
		expect(over("b", control, around, 2, 12)).toEqual(
			canonical([
				{ insert: "te" },
				insertOp("xt", { bold: true }),
				{ insert: "\n" },
				...code,
				insertOp("te", { bold: true }),
				{ insert: "xt\n" },
			]),
		)
	})

	test("looks that a phone's own menu or the browser asks for are the editor's", () => {
		const { editor } = alone([...line("x"), ...line("y", { "code-block": true })])
		const ask = (inputType: string) =>
			editor.view.dom.dispatchEvent(new InputEvent("beforeinput", { inputType, cancelable: true, bubbles: true }))
		select(editor, 0, 1)
		expect(ask("formatBold")).toBe(false)
		expect(ask("formatStrikeThrough")).toBe(false)
		expect(ask("formatFontName")).toBe(false)
		select(editor, 2, 3)
		expect(ask("formatBold")).toBe(false)
		expect(shown(editor)).toEqual(
			canonical([insertOp("x", { bold: true, strike: true }), { insert: "\n" }, ...line("y", { "code-block": true })]),
		)
	})

	test("blocks", () => {
		expect(over("2", { ...control, altKey: true }, line("x"))).toEqual(line("x", { header: 2 }))
		expect(over("0", { ...control, altKey: true }, line("x", { header: 2 }))).toEqual(line("x"))
		expect(over("Enter", control, line("x", { list: "unchecked" }))).toEqual(line("x", { list: "checked" }))
	})

	test("Tab indents lists and is text elsewhere", () => {
		expect(over("Tab", {}, line("x", { list: "bullet" }), 1, 1)).toEqual(line("x", { list: "bullet", indent: 1 }))
		expect(over("Tab", { shiftKey: true }, line("x", { list: "bullet", indent: 1 }), 1, 1)).toEqual(
			line("x", { list: "bullet" }),
		)
		expect(over("Tab", {}, line("x"), 0, 0)).toEqual(line("\tx"))
		expect(over("Tab", {}, line("x", { "code-block": true }), 0, 0)).toEqual(line("\tx", { "code-block": true }))
		expect(over("Tab", { shiftKey: true }, line("\tx", { "code-block": true }), 1, 1)).toEqual(
			line("x", { "code-block": true }),
		)
	})

	test("link and find open what the page has", () => {
		const seen: string[] = []
		const { editor } = alone(line("x"), { onLink: () => seen.push("link"), onFind: () => seen.push("find") })
		press(editor, "k", control)
		press(editor, "f", control)
		expect(seen).toEqual(["link", "find"])
		expect(press(alone(line("x")).editor, "f", control)).toBe(false)
	})
})

describe("commands", () => {
	test("links", () => {
		const { editor } = alone(line("one two"))
		select(editor, 0, 3)
		expect(editor.commands.setLink("javascript:alert(1)")).toBe(false)
		expect(editor.commands.setLink("a.example")).toBe(true)
		expect(shown(editor)).toEqual([insertOp("one", { link: "https://a.example/" }), { insert: " two\n" }])
		select(editor, 1)
		expect(editor.snapshot.formats.link).toBe("https://a.example/")
		expect(editor.commands.setLink("https://b.example/", "uno")).toBe(true)
		expect(shown(editor)).toEqual([insertOp("uno", { link: "https://b.example/" }), { insert: " two\n" }])
		select(editor, 1)
		editor.commands.setLink(null)
		expect(shown(editor)).toEqual(line("uno two"))
	})

	test("images and their width", () => {
		const { editor } = alone(line(""))
		expect(editor.commands.insertImage({ url: "javascript:x" })).toBe(false)
		expect(editor.commands.insertImage({ url: "https://i.example/x.png", alt: "X" })).toBe(true)
		select(editor, 0, 0)
		editor.view.dispatch(editor.view.state.tr.setSelection(NodeSelection.create(editor.view.state.doc, 1)))
		expect(editor.commands.updateImage({ width: 99999 })).toBe(true)
		expect(editor.snapshot.formats.image).toEqual({ url: "https://i.example/x.png", alt: "X", width: 4096 })
	})

	test("a line with several block keys takes one look, and loses all when it becomes text", () => {
		const { editor } = alone(line("x", { header: 1, list: "bullet", blockquote: true }))
		expect(editor.snapshot.formats.block).toBe("bullet")
		editor.commands.setBlock("paragraph")
		expect(shown(editor)).toEqual(line("x"))
	})

	test("a line that becomes code keeps its text and none of its marks", () => {
		const { editor } = alone([{ insert: "a", attributes: { bold: true } }, { insert: "b\n" }])
		select(editor, 1)
		editor.commands.setBlock("code")
		expect(shown(editor)).toEqual(line("ab", { "code-block": true }))
	})

	test("slash and mention suggestions", () => {
		const { editor } = alone(line(""))
		type(editor, "/he")
		expect(editor.snapshot.suggestion).toMatchObject({ kind: "slash", query: "he", index: 0 })
		expect(editor.view.dom.querySelector(".suggestion")?.textContent).toBe("/he")
		editor.suggestion.accept((commands) => commands.setBlock("heading1"))
		expect(shown(editor)).toEqual(line("", { header: 1 }))
		expect(editor.snapshot.suggestion).toBeNull()
		type(editor, "hi @an")
		expect(editor.snapshot.suggestion).toMatchObject({ kind: "mention", query: "an", index: 3 })
		editor.suggestion.accept({ id: "123e4567-e89b-42d3-a456-426614174000", name: "Ann" })
		expect(shown(editor)[1]).toEqual({
			insert: { mention: { id: "123e4567-e89b-42d3-a456-426614174000", name: "Ann" } },
		})
		type(editor, "a/b /x")
		expect(editor.snapshot.suggestion?.query).toBe("x")
		press(editor, "Escape")
		type(editor, "y")
		expect(editor.snapshot.suggestion).toBeNull()
		// Signs between words ask for nothing, and Enter behind them is a new line.
		for (const words of [" either / or", " yes / no", " lunch @ two"]) {
			type(editor, words)
			expect(editor.snapshot.suggestion).toBeNull()
		}
	})

	test("find", () => {
		const { client, editor } = alone([{ insert: "One two\none\n" }])
		expect(editor.find.search("one")).toEqual({ query: "one", caseSensitive: false, count: 2, current: 0 })
		expect(editor.find.next().current).toBe(1)
		expect(editor.find.next().current).toBe(0)
		expect(editor.find.previous().current).toBe(1)
		client.arrive([{ insert: "one " }])
		expect(editor.snapshot.find).toMatchObject({ count: 3, current: 2 })
		editor.find.close()
		expect(editor.snapshot.selection).toEqual({ anchor: 12, head: 15, empty: false })
		expect(editor.snapshot.find).toBeNull()
		expect(editor.find.search("ONE", { caseSensitive: true }).count).toBe(0)
	})

	test("find takes a letter for what it is, however it was composed and in whatever case", () => {
		const found = (text: string, query: string, caseSensitive = false) => {
			const { editor } = alone([{ insert: `${text}\n` }])
			if (editor.find.search(query, { caseSensitive }).count === 0) return null
			editor.find.close()
			const { anchor, head } = editor.snapshot.selection
			return text.slice(anchor, head)
		}
		expect(found("un cafe\u0301 noir", "CAF\u00c9")).toBe("cafe\u0301")
		expect(found("un caf\u00e9 noir", "cafe\u0301", true)).toBe("caf\u00e9")
		expect(found("un caf\u00e9 noir", "CAF\u00c9", true)).toBeNull()
		expect(found("cafe\u0301", "cafe")).toBeNull()
		expect(found("\u0130zmir, then MORE", "more")).toBe("MORE")
		expect(found("\u039f\u03b4\u03cc\u03c2", "\u039f\u0394\u038c\u03a3")).toBe("\u039f\u03b4\u03cc\u03c2")
		expect(found("\u{1f600} \u1112\u1161\u11ab", "\ud55c")).toBe("\u1112\u1161\u11ab")
		expect(found("a\u{1f468}\u200d\u{1f469}b", "\u{1f469}")).toBe("\u{1f469}")
	})

	test("outline and word count", () => {
		const { editor } = alone([
			...line("Plan", { header: 1 }),
			...line("one two, drei's 日本"),
			...line("Part", { header: 3 }),
		])
		expect(outlineOf(editor.view.state.doc)).toEqual([
			{ level: 1, text: "Plan", index: 0 },
			{ level: 3, text: "Part", index: 24 },
		])
		expect(wordCountOf(editor.view.state.doc)).toEqual({ words: 7, characters: 26 })
	})

	test.each([
		["don't stop-it, re-do: e\u0301te\u0301 naïve", 5],
		["3.14 and 1,000 (a@b.example) https://a.example/b?c=d#e -", 5],
		["one—two – three_four", 3],
		["日本語です。你好 abc漢字", 10],
		["สวัสดีชาวโลก", 3],
		["한국어 텍스트", 2],
		["- — … 👩‍👩‍👧‍👦 !?", 0],
	])("words of %s", (text, words) => {
		expect(wordCountOf(alone([{ insert: `${text}\n` }]).editor.view.state.doc).words).toBe(words)
	})

	test("[A8] a peer's caret stays before what I type at it", () => {
		const { client, editor } = alone(line("ab"))
		const peer = {
			peer: "p",
			user: { id: "u", name: "Ann", color: "#1d7a45" },
			selection: { anchor: 1, head: 1 },
			self: false,
		}
		client.peers = [peer]
		client.emit("presence", client.peers)
		select(editor, 1)
		type(editor, "x")
		const caret = editor.view.dom.querySelector(".peer-caret")
		expect(caret?.previousSibling?.textContent).toBe("a")
		expect(caret?.textContent).toBe("Ann")
		// Carried along by somebody's edit it shows no flag, moving by itself it does.
		caret?.classList.remove("moving")
		client.arrive([{ insert: "y" }])
		client.emit("presence", client.peers)
		expect(client.peers[0]?.selection?.head).toBe(2)
		expect(caret?.classList.contains("moving")).toBe(false)
		client.peers = [{ ...peer, selection: { anchor: 0, head: 1 } }]
		client.emit("presence", client.peers)
		expect(caret?.classList.contains("moving")).toBe(true)
		expect(editor.view.dom.querySelector(".peer-selection")?.textContent).toBe("y")
		client.peers = []
		client.emit("presence", [])
		expect(editor.view.dom.querySelector(".peer-caret")).toBeNull()
	})
})
