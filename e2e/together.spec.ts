import { expect, test } from "./fixtures"

test("two people write in one paragraph and see each other's text, carets and names", async ({ person, server }) => {
	const id = await server.createDocument("Plan", [{ insert: "start end\n" }])
	const [ada, bo] = [await person("Ada"), await person("Bo")]
	const [left, right] = [await ada.open(id), await bo.open(id)]

	await left.caretToStart()
	await right.caretToEnd()
	await Promise.all([left.type("Ada was here. ", 15), right.type(" and Bo too", 15)])

	const expected = ["Ada was here. start end and Bo too"]
	await left.expectLines(expected)
	await right.expectLines(expected)
	await left.expectSaved()
	await right.expectSaved()
	expect(await server.text(id)).toContain(expected[0])

	await expect(left.carets).toHaveCount(1)
	await expect(left.carets.first()).toContainText("Bo")
	await expect(right.carets.first()).toContainText("Ada")
})

test("five people type in one paragraph at speed and end with the same text, all of it", async ({ person, server }) => {
	const id = await server.createDocument("Race", [{ insert: "|\n" }])
	const names = ["Ada", "Bo", "Cleo", "Dan", "Eve"]
	const pages = []
	for (const name of names) pages.push(await (await person(name)).open(id))
	for (const page of pages) await page.caretToEnd()

	const words = names.map((name) =>
		Array.from({ length: 30 }, (_, i) => `${name[0]}${i.toString().padStart(2, "0")}`).join(""),
	)
	await Promise.all(pages.map((page, i) => page.type(words[i] ?? "", 10)))
	for (const page of pages) await page.expectSaved()

	const first = pages[0]
	if (!first) throw new Error("nobody came")
	await expect.poll(async () => (await first.lines()).join("").length).toBe(1 + words.join("").length)
	const text = await first.lines()
	for (const page of pages) await page.expectLines(text)
	// Everyone's own characters are all there, in the order they were typed.
	for (const [i, name] of names.entries()) {
		const others = new RegExp(`[^${name[0]}0-9]`, "g")
		const count = (text.join("").match(new RegExp(name[0] ?? "", "g")) ?? []).length
		expect(count, `${name}'s letters`).toBe(30)
		expect(words[i]?.replace(others, "")).toBe(words[i])
	}
	expect((await server.text(id)).trimEnd()).toBe(text.join("\n"))
})

test("formatting conflicts end the same for both", async ({ person, server }) => {
	const id = await server.createDocument("Style", [{ insert: "shared words\n" }])
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	for (const page of [left, right]) {
		await page.caretToStart()
		await page.press("Control+Shift+End")
	}
	await Promise.all([
		left.press("Control+b"),
		right.press("Control+i"),
		left.press("Control+Alt+1"),
		right.press("Control+Shift+8"),
	])
	await left.expectSaved()
	await right.expectSaved()
	await expect.poll(async () => (await server.content(id))[0]?.attributes).toEqual({ bold: true, italic: true })
	const line = (await server.content(id)).at(-1)
	expect(line?.attributes).toEqual({ header: 1, list: "bullet" })
	await expect(left.text.locator("strong em, em strong").first()).toContainText("shared words")
	await expect(right.text.locator("strong em, em strong").first()).toContainText("shared words")
})

test("[C7] undo takes back one's own edits only", async ({ person, server }) => {
	const id = await server.createDocument("Undo")
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	await left.caretToStart()
	await left.type("mine ")
	await right.expectLines(["mine "])
	await right.caretToEnd()
	await right.type("theirs")
	await left.expectLines(["mine theirs"])
	await left.press("Control+z")
	await left.expectLines(["theirs"])
	await right.expectLines(["theirs"])
	await left.press("Control+Shift+z")
	await right.expectLines(["mine theirs"])
})

test("emoji, combining marks and right-to-left text arrive whole", async ({ person, server }) => {
	const id = await server.createDocument("Signs")
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	const signs = "👩‍👩‍👧‍👦 é نص 🇩🇪 한국어"
	await left.caretToEnd()
	await left.page.keyboard.insertText(signs)
	await right.expectLines([signs])
	await right.caretToEnd()
	await right.press("Backspace")
	await right.page.keyboard.insertText("🎉")
	await right.expectSaved()
	await left.expectLines(await right.lines())
	expect((await server.text(id)).trimEnd()).toBe((await right.lines())[0])
})

test("an IME composition goes on while others type in the same line", async ({ person, server }) => {
	const id = await server.createDocument("IME", [{ insert: "ab\n" }])
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	await left.caretToEnd()
	const cdp = await left.page.context().newCDPSession(left.page)
	const compose = (text: string) =>
		cdp.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length })
	await compose("に")
	await right.caretToStart()
	await right.type("Bo ")
	await compose("にほ")
	await right.type("x ")
	await compose("にほん")
	await cdp.send("Input.insertText", { text: "日本" })
	await left.expectSaved()
	await left.expectLines(["Bo x ab日本"])
	await right.expectLines(["Bo x ab日本"])
})

test("a person in two tabs is shown once", async ({ person, server }) => {
	const id = await server.createDocument("Tabs")
	const ada = await person("Ada")
	const bo = await person("Bo")
	const one = await ada.open(id)
	const two = await ada.open(id)
	const watching = await bo.open(id)
	await expect(watching.page.getByRole("banner").getByRole("button", { name: /Ada/ })).toHaveCount(1)
	await one.caretToEnd()
	await one.type("from the first tab")
	await two.expectLines(["from the first tab"])
	await watching.expectLines(["from the first tab"])
})

test("titles change live", async ({ person, server }) => {
	const id = await server.createDocument("Before")
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	await left.title.fill("After")
	await left.title.press("Enter")
	await expect(right.title).toHaveValue("After")
})
