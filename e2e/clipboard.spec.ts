import { googleDocs, wordDocument } from "../frontend/editor/testing/pasted"
import { expect, test } from "./fixtures"
import type { Insert } from "./server"

const webPage = `<meta charset="utf-8"><div style="font-family: Georgia; color: rgb(10, 20, 30)" onclick="alert(1)">
<script>alert(1)</script><style>p { color: red }</style>
<h2 class="headline">News</h2><p>Some <b>bold</b>, <a href="javascript:alert(1)">bad</a> and <a href="https://good.example/">good</a>.</p>
<img src="x" onerror="alert(1)"><table><tr><td>cell</td></tr></table><pre>a
	b</pre></div>`

/** What is pasted, and what of it must be in the durable delta: structure kept, styling dropped. */
const sources: { from: string; html: string; lines: [string, Insert["attributes"]?][]; runs: Insert[] }[] = [
	{
		from: "Google Docs",
		html: googleDocs,
		lines: [
			["Plan", { header: 1 }],
			["Some bold and a link."],
			["one", { list: "bullet" }],
			["inner", { list: "bullet", indent: 1 }],
			["two", { list: "bullet" }],
			["done", { list: "checked" }],
			["open", { list: "unchecked" }],
			["centred", { align: "center" }],
		],
		runs: [
			{ insert: "bold", attributes: { bold: true } },
			{ insert: "a link", attributes: { link: "https://a.example/" } },
		],
	},
	{
		from: "Word",
		html: wordDocument,
		lines: [
			["Report", { header: 1 }],
			["Part", { header: 2 }],
			["Text with bold and slanted words."],
			["first", { list: "bullet" }],
			["deeper", { list: "bullet", indent: 1 }],
			["number one", { list: "ordered" }],
			["Said somebody", { blockquote: true }],
		],
		runs: [
			{ insert: "bold", attributes: { bold: true } },
			{ insert: "slanted", attributes: { italic: true } },
		],
	},
	{
		from: "a web page",
		html: webPage,
		lines: [
			["News", { header: 2 }],
			["Some bold, bad and good."],
			["cell"],
			["a", { "code-block": true }],
			["\tb", { "code-block": true }],
		],
		runs: [
			{ insert: "bold", attributes: { bold: true } },
			{ insert: "good", attributes: { link: "https://good.example/" } },
		],
	},
]

/** A delta's lines: the text of each, and what stands on its newline. */
function linesOf(content: readonly Insert[]): [string, Insert["attributes"]?][] {
	const lines: [string, Insert["attributes"]?][] = []
	let text = ""
	for (const { insert, attributes } of content) {
		const parts = typeof insert === "string" ? insert.split("\n") : [JSON.stringify(insert)]
		for (const [index, part] of parts.entries()) {
			if (index > 0) {
				lines.push(attributes ? [text, attributes] : [text])
				text = ""
			}
			text += part
		}
	}
	return lines
}

test("paste from Word, Google Docs and the web keeps the structure and drops the styling", async ({
	person,
	server,
}) => {
	const ada = await person("Ada")
	const bo = await person("Bo")
	for (const { from, html, lines, runs } of sources) {
		const id = await server.createDocument(`From ${from}`)
		const [page, other] = [await ada.open(id), await bo.open(id)]
		await page.caretToStart()
		await page.paste({ html, text: "the plain text is not taken" })
		await page.expectSaved()
		const content = await server.content(id)
		expect(
			linesOf(content).filter(([text]) => text.trim() !== ""),
			`lines from ${from}`,
		).toEqual(lines)
		for (const run of runs) expect(content, `from ${from}`).toContainEqual(run)
		expect(JSON.stringify(content)).not.toMatch(/javascript:|onerror|font|Mso|style/i)
		await other.expectLines(await page.lines())
		await page.page.close()
		await other.page.close()
	}
})

test("a picture on the clipboard, or any file, cannot be kept yet, and that is said", async ({ person, server }) => {
	const page = await (await person("Ada")).open(await server.createDocument("Pictures"))
	await page.caretToStart()
	// One that others can fetch is kept, and nothing is said.
	await page.paste({ html: `<p><img width="9" src="${server.url}/assets/icon-1.svg"></p>` })
	await expect(page.text.locator(".image")).toBeAttached()
	await expect(page.page.getByRole("region", { name: "Notice" })).toBeHidden()
	await page.paste({ picture: "image.png" })
	await expect(page.page.getByRole("region", { name: "Notice" })).toContainText("Files cannot be added yet.")
	await page.type("x")
	await page.expectLines(["x"])
	await page.paste({ html: '<p>y <img width=9 src="file:///C:/Temp/image001.png"> z</p>' })
	await expect(page.page.getByRole("region", { name: "Notice" })).toContainText("without its pictures")
})

test("copying gives semantic HTML and readable text; keys carry it into another document", async ({
	person,
	server,
}) => {
	const content: Insert[] = [
		{ insert: "Head" },
		{ insert: "\n", attributes: { header: 2 } },
		{ insert: "bold", attributes: { bold: true } },
		{ insert: " and " },
		{ insert: "link", attributes: { link: "https://a.example/" } },
		{ insert: "\none" },
		{ insert: "\n", attributes: { list: "bullet" } },
		{ insert: "deep" },
		{ insert: "\n", attributes: { list: "bullet", indent: 1 } },
		{ insert: "done" },
		{ insert: "\n", attributes: { list: "checked" } },
		{ insert: "x < y" },
		{ insert: "\n", attributes: { "code-block": true } },
	]
	const [from, to] = [await server.createDocument("From", content), await server.createDocument("To")]
	const ada = await person("Ada")
	const page = await ada.open(from)
	await page.caretToStart()
	await page.press("Control+a")
	const { html, text } = await page.copied()
	expect(html).toMatch(/<h2[^>]*>Head<\/h2>/)
	expect(html).toContain("<strong>bold</strong>")
	expect(html).toMatch(/<a [^>]*href="https:\/\/a.example\/"[^>]*>link<\/a>/)
	expect(html).toMatch(/<ul[^>]*>\s*<li[^>]*>one\s*<ul[^>]*>\s*<li[^>]*>deep/)
	expect(html).toMatch(/<pre[^>]*>(<code[^>]*>)?x &lt; y/)
	expect(html).not.toMatch(/class=|ProseMirror/)
	// Text that any program can take, and Markdown where it is read as such.
	expect(text).toBe("## Head\n**bold** and [link](https://a.example/)\n- one\n    - deep\n- [x] done\n```\nx < y\n```")

	await page.press("Control+c")
	const target = await ada.open(to)
	await target.caretToStart()
	await target.press("Control+v")
	await target.expectSaved()
	const pasted = await server.content(to)
	expect(linesOf(pasted).filter(([line]) => line !== "")).toEqual(linesOf(content))
	expect(pasted).toContainEqual({ insert: "link", attributes: { link: "https://a.example/" } })
	// As plain text it takes what the target is.
	await target.caretToEnd()
	await target.press("Enter")
	await target.paste({ text: "first\nsecond" })
	await target.expectSaved()
	expect((await target.lines()).slice(-2)).toEqual(["first", "second"])
})
