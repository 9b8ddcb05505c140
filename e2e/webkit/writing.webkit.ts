import { expect, test } from "./fixtures"

test("two people write in one paragraph and see each other's text and carets", async ({ visitor, server }) => {
	const id = await server.createDocument("Plan", [{ insert: "start end\n" }])
	const [left, right] = [await visitor(), await visitor()]
	await left.open(id)
	await right.open(id)
	await left.caretToStart()
	await right.caretToEnd()
	await Promise.all([left.type("Ada was here. "), right.type(" and Bo too")])
	for (const one of [left, right]) {
		await one.reads("Ada was here. start end and Bo too")
		await one.saved()
		await one.sees(".peer-caret")
	}
	expect(await server.text(id)).toBe("Ada was here. start end and Bo too\n")
})

test("formatting by key, by toolbar, by bubble and by the kind of line", async ({ visitor, server }) => {
	const id = await server.createDocument("Looks", [{ insert: "one two three\n" }])
	const ada = await visitor()
	await ada.open(id)
	await ada.caretToStart()
	await ada.press("Control+Shift+ArrowRight", "Control+b")
	await expect.poll(() => ada.html(0)).toContain("<strong>one</strong>")
	await ada.press("End", "Control+Shift+ArrowLeft")
	await ada.click("Italic")
	await expect.poll(() => ada.html(0)).toContain("<em>three</em>")
	// The toolbar leaves focus and selection where they were.
	await ada.type("four")
	await expect.poll(() => ada.html(0)).toContain("<em>four</em>")
	await ada.select("two")
	await ada.sees(".bubble")
	await ada.clickOn(".bubble [aria-label=Underline]")
	await expect.poll(() => ada.html(0)).toContain("<u>two</u>")
	await ada.choose("Kind of line", "Heading 2")
	await ada.saved()
	await expect
		.poll(() => server.content(id))
		.toEqual([
			{ insert: "one", attributes: { bold: true } },
			{ insert: " " },
			{ insert: "two", attributes: { underline: true } },
			{ insert: " " },
			{ insert: "four", attributes: { italic: true } },
			{ insert: "\n", attributes: { header: 2 } },
		])
})

test("Markdown shortcuts", async ({ visitor, server }) => {
	const id = await server.createDocument("Markdown")
	const ada = await visitor()
	await ada.open(id)
	await ada.caretToStart()
	await ada.type(
		"# Title\nsome **bold** and `code`\n- item\nnext\n\n1. first\n\n[] task\n\n> said\n\n--- \n```\ncode\tit",
	)
	await ada.saved()
	expect(await server.content(id)).toEqual([
		{ insert: "Title" },
		{ insert: "\n", attributes: { header: 1 } },
		{ insert: "some " },
		{ insert: "bold", attributes: { bold: true } },
		{ insert: " and " },
		{ insert: "code", attributes: { code: true } },
		{ insert: "\nitem" },
		{ insert: "\n", attributes: { list: "bullet" } },
		{ insert: "next" },
		{ insert: "\n", attributes: { list: "bullet" } },
		{ insert: "first" },
		{ insert: "\n", attributes: { list: "ordered" } },
		{ insert: "task" },
		{ insert: "\n", attributes: { list: "unchecked" } },
		{ insert: "said" },
		{ insert: "\n", attributes: { blockquote: true } },
		{ insert: { divider: true } },
		{ insert: "\n \ncode\tit" },
		{ insert: "\n", attributes: { "code-block": true } },
	])
})

test("Enter, Backspace and Delete at the borders of blocks, words and selections over lines", async ({
	visitor,
	server,
}) => {
	const id = await server.createDocument("Borders", [
		{ insert: "one" },
		{ insert: "\n", attributes: { header: 1 } },
		{ insert: "two\nthree" },
		{ insert: "\n", attributes: { list: "bullet" } },
		{ insert: "four\n" },
	])
	const ada = await visitor()
	await ada.open(id)
	await ada.caretToStart()
	await ada.press("End", "Enter")
	await ada.type("new")
	await ada.reads("one", "new", "two", "three", "four")
	await ada.press("Delete")
	await ada.reads("one", "newtwo", "three", "four")
	await ada.press("ArrowDown", "Home", "Backspace", "Backspace")
	await ada.reads("one", "newtwothree", "four")
	// A word over the border.
	await ada.press("End", "Control+Delete")
	await ada.reads("one", "newtwothreefour")
	await ada.caretToStart()
	await ada.press("ArrowRight", "Shift+ArrowDown")
	await ada.type("X")
	await ada.reads("oXwtwothreefour")
	await ada.press("Control+a", "Backspace")
	await ada.reads("")
	await ada.type("anew")
	await ada.reads("anew")
})

test("carets and selections beside and over images, mentions and dividers", async ({ visitor, server }) => {
	const mention = { mention: { id: "01a206d0-0144-75cb-a4b9-23438c368469", name: "Bo" } }
	const image = { image: `${server.url}/assets/icon-192-1.png` }
	const id = await server.createDocument("Atoms", [
		{ insert: "a" },
		{ insert: mention },
		{ insert: "b" },
		{ insert: image },
		{ insert: "c\nd\n" },
		{ insert: { divider: true } },
		{ insert: "e\n" },
	])
	const ada = await visitor()
	await ada.open(id)
	const holds = async (...runs: unknown[]) =>
		await expect.poll(async () => (await server.content(id)).map((run) => run.insert)).toEqual(runs)
	// An arrow selects a mention or an image, the next one goes on behind it.
	await ada.caretToStart()
	await ada.press("ArrowRight", "ArrowRight", "ArrowRight")
	await ada.type("x")
	await ada.press("ArrowRight", "ArrowRight", "ArrowRight")
	await ada.type("y")
	await holds("a", mention, "xb", image, "yc\nd\n", { divider: true }, "e\n")
	await ada.press("ArrowLeft", "Backspace")
	await holds("a", mention, "xbyc\nd\n", { divider: true }, "e\n")
	await ada.press("Control+z")
	await ada.caretToStart()
	await ada.press("ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Delete")
	await holds("ab", image, "yc\nd\n", { divider: true }, "e\n")
	await ada.press("Control+z", "Control+a", "Control+c", "Control+End", "Control+v")
	await holds(
		"a",
		mention,
		"xb",
		image,
		"yc\nd\n",
		{ divider: true },
		"ea",
		mention,
		"xb",
		image,
		"yc\nd\n",
		{ divider: true },
		"\ne\n",
	)
})

test("undo and redo, also from the toolbar", async ({ visitor, server }) => {
	const id = await server.createDocument("Undo")
	const ada = await visitor()
	await ada.open(id)
	await ada.caretToStart()
	await ada.type("first\n")
	await ada.press("Control+b")
	await ada.type("second")
	await ada.reads("first", "second")
	while ((await ada.lines()).join() !== "") await ada.press("Control+z")
	while ((await ada.lines()).join() !== "first,second") await ada.click("Redo")
	await ada.click("Undo")
	await ada.press("Control+y")
	await ada.reads("first", "second")
	await ada.saved()
	expect(await server.text(id)).toBe("first\nsecond\n")
})

test("the slash menu and a mention", async ({ visitor, server }) => {
	const id = await server.createDocument("Slash")
	const [ada, bo] = [await visitor(), await visitor()]
	await ada.open(id)
	await bo.open(id)
	await ada.caretToStart()
	await ada.type("/head")
	await ada.sees(".suggestions [role=option], [role=listbox] [role=option]")
	await ada.press("ArrowDown", "Enter")
	await ada.type("Title\n/")
	await ada.sees("[role=listbox] [role=option]")
	await ada.press("Escape")
	await expect.poll(() => ada.count("[role=listbox]")).toBe(0)
	await ada.type(" and @")
	await ada.sees("[role=listbox] [role=option]")
	await ada.clickOn("[role=listbox] [role=option]")
	await ada.type("ok")
	await ada.saved()
	const content = await server.content(id)
	expect(content.slice(0, 3)).toEqual([
		{ insert: "Title" },
		{ insert: "\n", attributes: { header: 2 } },
		{ insert: "/ and " },
	])
	expect(Object.keys(content[3]?.insert as object)).toEqual(["mention"])
	expect(content[4]).toEqual({ insert: " ok\n" })
})

test("copying within the text and to it from another page keeps structure", async ({ visitor, server }) => {
	const id = await server.createDocument("Clip", [
		{ insert: "one " },
		{ insert: "two", attributes: { bold: true } },
		{ insert: "\n" },
		{ insert: "item" },
		{ insert: "\n", attributes: { list: "bullet" } },
	])
	const ada = await visitor()
	await ada.open(id)
	await ada.caretToStart()
	await ada.press("Control+a", "Control+c", "Control+End", "Enter", "Enter", "Control+v")
	await ada.saved()
	const once = [
		{ insert: "one " },
		{ insert: "two", attributes: { bold: true } },
		{ insert: "\nitem" },
		{ insert: "\n", attributes: { list: "bullet" } },
	]
	expect(await server.content(id)).toEqual([...once, ...once])
	const page =
		"<h2>News</h2><p style='color:red'>Some <b>bold</b> and <a href='https://a.example/'>a link</a></p><ul><li>x<li>y</ul>"
	await ada.driver.goto(`data:text/html,${encodeURIComponent(page)}`)
	await ada.press("Control+a", "Control+c")
	const other = await server.createDocument("Pasted")
	await ada.open(other)
	await ada.caretToStart()
	await ada.press("Control+v")
	await ada.saved()
	expect(await server.content(other)).toEqual([
		{ insert: "News" },
		{ insert: "\n", attributes: { header: 2 } },
		{ insert: "Some " },
		{ insert: "bold", attributes: { bold: true } },
		{ insert: " and " },
		{ insert: "a link", attributes: { link: "https://a.example/" } },
		{ insert: "\nx" },
		{ insert: "\n", attributes: { list: "bullet" } },
		{ insert: "y" },
		{ insert: "\n", attributes: { list: "bullet" } },
	])
	await ada.press("Control+a", "Control+x")
	await ada.reads("")
})

test("find", async ({ visitor, server }) => {
	const id = await server.createDocument("Find", [{ insert: "tree and Tree\nand trees\n" }])
	const ada = await visitor()
	await ada.open(id)
	await ada.press("Control+f")
	await ada.sees(".find-field")
	await ada.type("tree")
	await expect.poll(() => ada.run(() => document.querySelector(".find-count")?.textContent)).toBe("1 of 3")
	await ada.press("Enter", "Control+g")
	await expect.poll(() => ada.run(() => document.querySelector(".find-count")?.textContent)).toBe("3 of 3")
	await ada.press("Shift+Enter")
	await expect.poll(() => ada.run(() => document.querySelector(".find-count")?.textContent)).toBe("2 of 3")
	await ada.press("Escape")
	await expect.poll(() => ada.count(".find")).toBe(0)
	await ada.type("bush")
	await ada.reads("tree and bush", "and trees")
})

test("dialogs: link, shortcuts, share, details; Escape, backdrop and focus", async ({ visitor, server }) => {
	const id = await server.createDocument("Dialogs", [{ insert: "a word here\n" }])
	const ada = await visitor()
	await ada.open(id)
	await ada.select("word")
	await ada.press("Control+k")
	await ada.sees("dialog[open]")
	await ada.type("manual.example/page")
	await ada.press("Enter")
	await expect.poll(() => ada.html(0)).toContain("https://manual.example/page")
	await ada.type("!")
	await ada.reads("a ! here")
	await ada.press("Control+/")
	await ada.sees("dialog[open]")
	await ada.press("Escape")
	await expect.poll(() => ada.count("dialog[open]")).toBe(0)
	await ada.type("?")
	await ada.reads("a !? here")
	await ada.choose("Document menu", "Details")
	await ada.sees("dialog[open]")
	await ada.driver.drag({ x: 5, y: 5 })
	await expect.poll(() => ada.count("dialog[open]")).toBe(0)
	await ada.click("Share")
	await ada.sees("dialog[open]")
	await ada.click("Close")
	await expect.poll(() => ada.count("dialog[open]")).toBe(0)
})
