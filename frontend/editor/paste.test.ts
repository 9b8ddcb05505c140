// @vitest-environment jsdom
import { readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { Slice } from "prosemirror-model"
import { EditorState } from "prosemirror-state"
import { afterEach, describe, expect, test } from "vitest"
import { canonical, type Delta } from "../client/index.js"
import { cleanColor, cleanImage, cleanLines, cleanLink, cleanText } from "./clean.js"
import { deltaOf, documentOf, insertOp, lineAttributes, lineNode } from "./convert.js"
import { htmlOf, textOf } from "./copy.js"
import { insertLines } from "./lines.js"
import { readLines, setAsideStyles } from "./paste.js"
import { schema } from "./schema.js"
import { documentDelta, parameters } from "./testing/arbitrary.js"
import { alone, closeAll, press, select, shown } from "./testing/hands.js"
import { googleDocs, wordComments, wordDocument } from "./testing/pasted.js"

/** The server's tests read the same cases. */
const lists: { name: string; document: Delta; text: string }[] = JSON.parse(
	readFileSync(join(import.meta.dirname, "../../server/convert/testdata/lists.json"), "utf8"),
)

/** What a page's HTML becomes, as a delta with a line end. */
function read(html: string): Delta {
	const body = document.implementation.createHTMLDocument().body
	body.innerHTML = setAsideStyles(html)
	const lines = readLines(body)
	return deltaOf(schema.node("doc", null, lines.map(lineNode)))
}

const line = (text: string, attributes?: Record<string, unknown>) => [
	...(text ? [insertOp(text)] : []),
	insertOp("\n", attributes),
]
const joined = (...parts: ReturnType<typeof line>[]) => canonical(parts.flat())

describe("paste from web pages", () => {
	const table: [string, string, Delta][] = [
		["plain text", "hello", [{ insert: "hello\n" }]],
		["folded spaces", "<p>  a \n  b  </p>\n<p>c</p>", [{ insert: "a b\nc\n" }]],
		[
			"spaces between inline elements",
			"<p>a <b>b</b> <i>c</i></p>",
			[
				{ insert: "a " },
				{ insert: "b", attributes: { bold: true } },
				{ insert: " " },
				{ insert: "c", attributes: { italic: true } },
				{ insert: "\n" },
			],
		],
		[
			"headings, the deep ones as the third",
			"<h1>A</h1><h2>B</h2><h5><b>C</b></h5>",
			joined(line("A", { header: 1 }), line("B", { header: 2 }), line("C", { header: 3 })),
		],
		["line breaks", "<p>a<br>b<br></p><p><br></p><p>c</p>", [{ insert: "a\nb\n\nc\n" }]],
		["a line of a no-break space is empty", "<p>a</p><p>&nbsp;</p><p>b</p>", [{ insert: "a\n\nb\n" }]],
		[
			"nested lists",
			"<ul><li>a<ol><li>b</li></ol></li><li><p>c</p><p>d</p></li></ul>",
			joined(
				line("a", { list: "bullet" }),
				line("b", { list: "ordered", indent: 1 }),
				line("c", { list: "bullet" }),
				line("d", { indent: 1 }),
			),
		],
		[
			"what stands in an item under its text",
			"<ol><li><p>a</p><pre>x\ny</pre><blockquote>z</blockquote></li><li>b</li></ol>",
			joined(
				line("a", { list: "ordered" }),
				line("x", { "code-block": true, indent: 1 }),
				line("y", { "code-block": true, indent: 1 }),
				line("z", { blockquote: true, indent: 1 }),
				line("b", { list: "ordered" }),
			),
		],
		[
			"a list directly in a list",
			"<ul><li>a</li><ul><li>b</li></ul></ul>",
			joined(line("a", { list: "bullet" }), line("b", { list: "bullet", indent: 1 })),
		],
		[
			"check lists",
			'<ul><li><input type="checkbox" checked> a</li><li class="task"><label><input type="checkbox"> b</label></li></ul>',
			joined(line("a", { list: "checked" }), line("b", { list: "unchecked" })),
		],
		[
			"code keeps its lines and tabs, and no marks",
			'<pre class="language-go"><code><b>if</b> x {\n\ty()\n}\n</code></pre>',
			joined(
				line("if x {", { "code-block": "go" }),
				line("\ty()", { "code-block": "go" }),
				line("}", { "code-block": "go" }),
			),
		],
		[
			"inline code",
			"<p>run <code>x  y</code></p>",
			[{ insert: "run " }, { insert: "x y", attributes: { code: true } }, { insert: "\n" }],
		],
		[
			"quotes",
			"<blockquote><p>a</p><p>b</p></blockquote>",
			joined(line("a", { blockquote: true }), line("b", { blockquote: true })),
		],
		[
			"links, and unsafe ones as text",
			'<a href="https://a.example/x"><u style="color:#00f">a</u></a> <a href="javascript:alert(1)">b</a> <a href="/here">c</a>',
			[{ insert: "a", attributes: { link: "https://a.example/x" } }, { insert: " b c\n" }],
		],
		[
			"styles that mean emphasis",
			'<p><span style="font-weight:700">a</span><span style="font-style:italic;text-decoration:line-through">b</span><span style="color:red;font-size:40px">c</span></p>',
			[
				{ insert: "a", attributes: { bold: true } },
				{ insert: "b", attributes: { italic: true, strike: true } },
				{ insert: "c\n" },
			],
		],
		[
			"alignment and direction",
			'<p style="text-align:center">a</p><p dir="rtl" align="right">ש</p>',
			joined(line("a", { align: "center" }), line("ש", { direction: "rtl" })),
		],
		[
			"images by address, no others",
			'<img src="https://i.example/a.png" alt="A" width="120"><img src="data:image/png;base64,AA=="><img src="javascript:x">',
			[{ insert: { image: "https://i.example/a.png" }, attributes: { alt: "A", width: 120 } }, { insert: "\n" }],
		],
		[
			"dividers stand alone",
			"<p>a</p><hr><p>b</p>",
			[{ insert: "a\n" }, { insert: { divider: true } }, { insert: "\nb\n" }],
		],
		[
			"tables as lines with tabs",
			"<table><tr><th>a</th><th>b</th></tr><tr><td><p>c</p></td><td>d</td></tr></table>",
			[{ insert: "a\tb\nc\td\n" }],
		],
		[
			"a table's cells begin with their text, however it is wrapped",
			"<table><tr><td>\n<p>a</p></td>\n<td>\n<p>b</p><p>c</p></td></tr></table>",
			[{ insert: "a\tb c\n" }],
		],
		[
			"what is drawn as a block stands on lines of its own",
			'one<span style="display: block; height: 8px"></span>two<span style="display:block">three</span>four',
			[{ insert: "one\ntwo\nthree\nfour\n" }],
		],
		[
			"a table's empty cells hold their columns' places",
			"<table><tr><td></td><td>Q1</td><td>Q2</td></tr><tr><td>Sales</td><td></td><td>7</td></tr></table>",
			[{ insert: "\tQ1\tQ2\nSales\t\t7\n" }],
		],
		[
			"nothing that runs or hides",
			'<script>x</script><style>p{}</style><p style="display:none">h</p><p hidden>h</p><p onclick="x()">a</p><iframe src="https://a.example"></iframe>',
			[{ insert: "a\n" }],
		],
		["control characters", "<p>a\u0001b&#11;c</p>", [{ insert: "abc\n" }]],
		[
			"white-space: pre",
			'<div style="white-space: pre;"><div>a  b</div><br><div>\tc</div></div>',
			[{ insert: "a  b\n\n\tc\n" }],
		],
	]
	test.each(table)("%s", (_name, html, expected) => {
		expect(read(html)).toEqual(canonical(expected))
	})

	test("from Google Docs", () => {
		expect(read(googleDocs)).toEqual(
			canonical([
				...line("Plan", { header: 1 }),
				insertOp("Some "),
				insertOp("bold", { bold: true }),
				insertOp(" and "),
				insertOp("a link", { link: "https://a.example/" }),
				insertOp("."),
				insertOp("\n\n"),
				...line("one", { list: "bullet" }),
				...line("inner", { list: "bullet", indent: 1 }),
				...line("two", { list: "bullet" }),
				...line("done", { list: "checked" }),
				...line("open", { list: "unchecked" }),
				...line("centred", { align: "center" }),
			]),
		)
	})

	test("from Word", () => {
		expect(read(wordDocument)).toEqual(
			canonical([
				...line("Report", { header: 1 }),
				...line("Part", { header: 2 }),
				insertOp("Text with "),
				insertOp("bold", { bold: true }),
				insertOp(" and "),
				insertOp("slanted", { italic: true }),
				insertOp(" words.\n\n"),
				...line("first", { list: "bullet" }),
				...line("deeper", { list: "bullet", indent: 1 }),
				...line("number one", { list: "ordered" }),
				...line("Said somebody", { blockquote: true }),
			]),
		)
	})

	test("from Word without what was noted at the margin", () => {
		expect(read(wordComments)).toEqual([{ insert: "The price, which is final.\nMore.\n" }])
	})
})

describe("pictures that cannot be kept are said", () => {
	afterEach(closeAll)

	const kept = '<img width="9" src="https://i.example/x.png">'
	const theirs = '<img width=9 src="file:///C:/Temp/image001.png">'
	/** What people are told of when that is pasted into a line. */
	function told(html: string, attributes?: Record<string, unknown>): string[] {
		const notices: string[] = []
		const { editor } = alone([insertOp("\n", attributes)], { onNotice: (message) => notices.push(message) })
		const clipboardData = { getData: (type: string) => (type === "text/html" ? html : "") }
		editor.view.pasteHTML(html, Object.assign(new Event("paste"), { clipboardData }) as ClipboardEvent)
		return notices
	}

	test.each([
		["quoted", `<p>a ${kept}</p>`],
		["in single quotes", "<p>a <img src = ' HTTPS://i.example/x.png'></p>"],
		["without quotes", "<p>a <img src=https://i.example/x.png></p>"],
		["beside words that look like one", `<p title="<img src='x'>">a &lt;img src="x"&gt; ${kept}</p>`],
		["beside the box of a check list", `${googleDocs}${kept}`],
		["beside one that nobody saw", `<p>a <span style="display: none">${theirs}</span> ${kept}</p>`],
	])("not of one that is kept: %s", (_, html) => {
		expect(told(html)).toEqual([])
	})

	test("not of an own copy", () => {
		const { editor } = alone([
			{ insert: "a " },
			{ insert: { image: "https://i.example/x.png" } },
			{ insert: " b\nc\n" },
		])
		press(editor, "a", { ctrlKey: true })
		const { dom } = editor.view.serializeForClipboard(editor.view.state.selection.content())
		expect(dom.innerHTML).toContain("https://i.example/x.png")
		expect(told(dom.innerHTML)).toEqual([])
	})

	test.each([
		["a word processor's file", `<p>a ${theirs} ${kept}</p>`],
		["a page's own", '<p>a <img src="x.png"></p>'],
		["pixels in the address", "<p>a <img alt='>' src='data:image/png;base64,AAAA'></p>"],
		["an address that is too long", `<p>a <img src="https://i.example/${"x".repeat(3_000)}"></p>`],
		["one in code, where none can stand", `<pre>a ${kept}\nb</pre>`],
	])("once of one that is not: %s", (_, html) => {
		expect(told(html + html)).toEqual([expect.stringContaining("without its pictures")])
	})

	test("not where text alone is taken", () => {
		expect(told(`<p>a ${theirs}</p>`, { "code-block": true })).toEqual([])
	})
})

describe("copy", () => {
	/** What copying and pasting loses by design: looks of lines that their kind hides, and marks of code. */
	const copied = (delta: Delta) => {
		const doc = documentOf(delta)
		const holder = document.createElement("div")
		holder.append(htmlOf(doc.content, document))
		const lines = readLines(holder, true)
		return schema.node("doc", null, lines.map(lineNode))
	}

	test("own copies come back with the same text, whatever the document", () => {
		fc.assert(
			fc.property(documentDelta, (delta) => {
				const doc = documentOf(delta)
				if (doc.childCount < 2) return
				// Line ends around dividers and mentions in code may change; nothing that was written may.
				const letters = (node: typeof doc) =>
					node.textBetween(0, node.content.size, "", () => "").replace(/@Ann|\s/g, "")
				expect(letters(copied(delta))).toBe(letters(doc))
			}),
			parameters(300),
		)
	})

	test("structure, marks, tabs and spaces come back exactly", () => {
		const delta: Delta = canonical([
			...line("Title", { header: 1 }),
			insertOp("a  b\tc "),
			insertOp("red", { color: "#ff0000", bold: true }),
			insertOp("lit", { background: "#ffff00" }),
			insertOp({ mention: { id: "123e4567-e89b-42d3-a456-426614174000", name: "Ann Lee" } }),
			insertOp({ image: "https://i.example/a.png" }, { alt: "A", width: 64 }),
			insertOp("\n", { align: "center" }),
			...line("one", { list: "ordered" }),
			...line("sub", { list: "bullet", indent: 1 }),
			...line("two", { list: "ordered" }),
			...line("done", { list: "checked" }),
			...line("q", { blockquote: true }),
			...line("\tcode  x", { "code-block": "go" }),
			...line("", { "code-block": "go" }),
			...line("y", { "code-block": "go" }),
			...line("z", { "code-block": true }),
			insertOp({ divider: true }),
			insertOp("\n"),
			insertOp("see ", undefined),
			insertOp("this", { link: "https://a.example/?a=b&c" }),
			insertOp("\n"),
		])
		expect(deltaOf(copied(delta))).toEqual(delta)
	})

	test("indents come back, of paragraphs and of a part of a list too", () => {
		const delta: Delta = canonical([
			...line("deep", { list: "bullet", indent: 2 }),
			...line("up", { list: "bullet", indent: 1 }),
			...line("down by two", { list: "ordered", indent: 3 }),
			...line("under it", { indent: 4 }),
			...line("away", { indent: 1, align: "center" }),
			...line("end"),
		])
		expect(deltaOf(copied(delta))).toEqual(delta)
	})

	test("what stands indented under an item is copied into it, and numbers go on", () => {
		const delta: Delta = canonical([
			...line("one", { list: "ordered" }),
			...line("more", { indent: 1 }),
			...line("x", { "code-block": "go", indent: 1 }),
			...line("two", { list: "ordered" }),
			...line("y", { "code-block": "go" }),
			...line("one", { list: "ordered" }),
		])
		const doc = documentOf(delta)
		const holder = document.createElement("div")
		holder.append(htmlOf(doc.content, document))
		expect(holder.querySelectorAll("ol")).toHaveLength(2)
		expect(holder.querySelectorAll("li > p, li > pre")).toHaveLength(2)
		expect(deltaOf(copied(delta))).toEqual(delta)
		expect(textOf(new Slice(doc.content, 1, 1))).toMatch(/^1\. one\n.*^2\. two\n.*^1\. one$/ms)
	})

	test.each(lists)("what is copied as text has the signs of lists that the exported text has: $name", (each) => {
		const copied = textOf(new Slice(documentOf(each.document).content, 1, 1))
		// Markdown's own signs are the copy's alone.
		expect(`${copied.replace(/^```.*\n/gm, "")}\n`).toBe(each.text)
	})

	test("text reads as Markdown", () => {
		const doc = documentOf(
			canonical([
				...line("Title", { header: 2 }),
				insertOp("a "),
				insertOp("bold", { bold: true }),
				insertOp(" and "),
				insertOp("link", { link: "https://a.example/" }),
				insertOp("\n"),
				...line("one", { list: "ordered" }),
				...line("sub", { list: "bullet", indent: 1 }),
				...line("two", { list: "ordered" }),
				...line("todo", { list: "unchecked" }),
				...line("said", { blockquote: true }),
				...line("x = 1", { "code-block": "go" }),
				...line("end"),
			]),
		)
		expect(textOf(new Slice(doc.content, 1, 1))).toBe(
			[
				"## Title",
				"a **bold** and [link](https://a.example/)",
				"1. one",
				"    - sub",
				"2. two",
				"- [ ] todo",
				"> said",
				"```go",
				"x = 1",
				"```",
				"end",
			].join("\n"),
		)
		expect(textOf(doc.slice(2, 4))).toBe("it")
	})
})

describe("web addresses in plain text", () => {
	afterEach(closeAll)

	/** What a document is after a paste. */
	function result(base: Delta, from: number, to: number, text: string, html = ""): Delta {
		const { editor } = alone(base)
		select(editor, from, to)
		const clipboardData = {
			getData: (kind: string) => (kind === "text/plain" ? text : kind === "text/html" ? html : ""),
		}
		const event = Object.assign(new Event("paste"), { clipboardData }) as ClipboardEvent
		if (html) editor.view.pasteHTML(html, event)
		else editor.view.pasteText(text, event)
		return shown(editor)
	}
	const link = insertOp("https://a.example/x", { link: "https://a.example/x" })

	test("are links, without the sentence's punctuation, but not in code", () => {
		const text = "see https://a.example/x, or (www.b.example)\nnot http://"
		expect(result([{ insert: "\n" }], 0, 0, text)).toEqual([
			{ insert: "see " },
			link,
			{ insert: ", or (" },
			insertOp("www.b.example", { link: "https://www.b.example/" }),
			{ insert: ")\nnot http://\n" },
		])
		expect(result(line("", { "code-block": true }), 0, 0, "get https://a.example/x")).toEqual(
			line("get https://a.example/x", { "code-block": true }),
		)
	})

	test("one alone links what is selected, also when it was copied off a page", () => {
		const linked = [{ insert: "see " }, insertOp("docs", { link: "https://a.example/x" }), { insert: "\n" }]
		expect(result([{ insert: "see docs\n" }], 4, 8, "https://a.example/x")).toEqual(linked)
		const html = '<a href="https://a.example/x">https://a.example/x</a>'
		expect(result([{ insert: "see docs\n" }], 4, 8, "https://a.example/x", html)).toEqual(linked)
	})
})

describe("where pasted lines go", () => {
	const pasted = (base: Delta, at: number, html: string) => {
		const state = EditorState.create({ doc: documentOf(base) })
		const tr = state.tr
		tr.setSelection(
			(state.selection.constructor as typeof import("prosemirror-state").TextSelection).create(tr.doc, at),
		)
		const body = document.implementation.createHTMLDocument().body
		body.innerHTML = html
		insertLines(tr, readLines(body))
		return { delta: deltaOf(tr.doc), head: tr.selection.head }
	}

	test("into a line's middle: its ends keep what they are", () => {
		const base = [insertOp("ab"), insertOp("\n", { header: 1 })]
		expect(pasted(base, 2, "<p>x</p><ul><li>y</li></ul>").delta).toEqual(
			canonical([...line("ax", { header: 1 }), ...line("yb", { header: 1 })]),
		)
	})

	test("onto an empty line: it becomes what was pasted, and the caret is behind", () => {
		const { delta, head } = pasted([{ insert: "\n" }], 1, "<h1>x</h1><ul><li>y</li></ul>")
		expect(delta).toEqual(joined(line("x", { header: 1 }), line("y", { list: "bullet" })))
		expect(head).toBe(5)
	})

	test("into code: as text", () => {
		const base = [insertOp("\n", { "code-block": true })]
		expect(pasted(base, 1, "<h1>x <b>y</b></h1><p>z</p>").delta).toEqual(
			joined(line("x y", { "code-block": true }), line("z", { "code-block": true })),
		)
	})
})

describe("[D4] values in the server's spelling", () => {
	test("links", () => {
		expect(cleanLink(" example.com/a b ")).toBe("https://example.com/a%20b")
		expect(cleanLink("HTTPS://Example.com")).toBe("https://example.com/")
		expect(cleanLink("ann@example.com")).toBe("mailto:ann@example.com")
		expect(cleanLink("localhost:8080/x")).toBe("https://localhost:8080/x")
		for (const bad of [
			"javascript:alert(1)",
			"data:text/html,x",
			"ftp://a.example",
			"",
			"two words",
			"https://",
			`https://a.example/${"x".repeat(2048)}`,
		]) {
			expect(cleanLink(bad), bad).toBeNull()
		}
	})

	test("images and colours", () => {
		expect(cleanImage("mailto:a@b.example")).toBeNull()
		expect(cleanImage("http://i.example/x.png")).toBe("http://i.example/x.png")
		expect(cleanColor(" #FF0000 ")).toBe("#ff0000")
		for (const bad of ["#f00", "#ff00000", "red", "rgb(1, 2, 3)", "url(x)"]) expect(cleanColor(bad)).toBeNull()
	})

	test("text", () => {
		expect(cleanText("a\u0000\u001f\tb\r\nc\ud800")).toBe("a\tb c")
		expect(cleanLines("a\r\nb\rc\n")).toEqual(["a", "b", "c", ""])
		expect(lineAttributes(documentOf([{ insert: "\n" }]).child(0))).toBeUndefined()
	})
})

describe("style elements in the source of a paste", () => {
	const styles: [string, string, string][] = [
		["are cut out", 'a<style type="text/css">b{}</style>c<STYLE>d</Style >e', "ace"],
		["end at the first end", "a<style>b<style>c</style>d</style>e", "ad</style>e"],
		["without an end are left to the parser", "a<style>b", "a<style>b"],
	]
	for (const [name, html, want] of styles) test(name, () => expect(setAsideStyles(html)).toBe(want))

	test("without an end, a megabyte of them, take no time worth naming", () => {
		const html = "<style ".repeat(150_000)
		expect(setAsideStyles(html)).toBe(html)
	})
})
