import { engine } from "./engines"
import { expect, test } from "./fixtures"
import { handwriting, ownLetters, words } from "./typing"

test("two people write in one paragraph and see each other's text, carets and names", async ({ person, server }) => {
	const id = await server.createDocument("Plan", [{ insert: "start end\n" }])
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	await left.caretToStart()
	await right.caretToEnd()
	await Promise.all([left.type("Ada was here. ", 10), right.type(" and Bo too", 10)])

	const expected = ["Ada was here. start end and Bo too"]
	await left.expectLines(expected)
	await right.expectLines(expected)
	await left.expectSaved()
	await right.expectSaved()
	expect(await server.text(id)).toContain(expected[0])
	await expect(left.carets).toHaveCount(1)
	await expect(left.carets.first()).toContainText("Bo")
	await expect(right.carets.first()).toContainText("Ada")

	await left.title.fill("Better plan")
	await left.title.press("Enter")
	await expect(right.title).toHaveValue("Better plan")
})

test("a key draws nothing of the toolbar again", async ({ person, server }) => {
	const id = await server.createDocument("Quiet", [{ insert: "start\n" }])
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	// Undo is there from the first key on, and Bo sees a caret from then on.
	await left.caretToEnd()
	await left.type("x")
	await right.expectLines(["startx"])
	await expect(right.carets).toHaveCount(1)
	await left.expectSaved()
	for (const { page } of [left, right])
		await page.evaluate(() => {
			const touched: string[] = []
			Object.assign(window, { touched })
			new MutationObserver((records) => {
				for (const { target } of records) touched.push((target as Element).outerHTML)
			}).observe(document.querySelector(".toolbar") as Element, { attributes: true, childList: true, subtree: true })
		})
	await left.type("yz", 30)
	await right.expectLines(["startxyz"])
	await left.expectSaved()
	for (const { page } of [left, right])
		expect(await page.evaluate(() => Reflect.get(window, "touched") as string[])).toEqual([])
})

test("five people type in one paragraph at speed: nothing is lost, doubled or out of order", async ({
	person,
	server,
}) => {
	const id = await server.createDocument("Race", [{ insert: "|\n" }])
	const people = await Promise.all(["Ada", "Bo", "Cleo", "Dan", "Eve"].map((name) => person(name)))
	const pages = await Promise.all(people.map((one) => one.open(id)))
	for (const page of pages) await page.caretToEnd()

	const texts = pages.map((_, writer) => words(writer, 60))
	await Promise.all(pages.map((page, writer) => page.type(texts[writer] as string, 5)))
	for (const page of pages) await page.expectSaved()

	const [first] = pages as [(typeof pages)[number]]
	await expect.poll(async () => (await first.lines()).join("").length).toBe(1 + 5 * 60)
	const lines = await first.lines()
	for (const page of pages) await page.expectLines(lines)
	// Each person has letters of their own, so the merged text says of every single one whose it is.
	for (const [writer, typed] of texts.entries()) expect(ownLetters(lines.join(""), writer)).toBe(typed)
	expect(await server.text(id)).toBe(`${lines.join("\n")}\n`)
})

test("formatting conflicts end the same for both", async ({ person, server }) => {
	const id = await server.createDocument("Style", [{ insert: "shared words\n" }])
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	for (const page of [left, right]) {
		await page.caretToStart()
		await page.press("Control+Shift+End")
	}
	await Promise.all([left.press("Control+b", "Control+Alt+1"), right.press("Control+i", "Control+Shift+8")])
	await left.expectSaved()
	await right.expectSaved()
	await expect.poll(async () => (await server.content(id))[0]?.attributes).toEqual({ bold: true, italic: true })
	// Whoever had seen the other's kind replaced it; at the very same moment the line gets both. All hold the same.
	const kind = JSON.stringify((await server.content(id)).at(-1)?.attributes)
	expect(['{"header":1}', '{"list":"bullet"}', '{"header":1,"list":"bullet"}']).toContain(kind)
	for (const page of [left, right])
		await expect(page.text.locator("strong em, em strong").first()).toContainText("shared words")

	// One key, two values: both end with the same one.
	await Promise.all([left.press("Control+Shift+e"), right.press("Control+Shift+r")])
	await left.expectSaved()
	await right.expectSaved()
	await expect.poll(async () => (await server.content(id)).at(-1)?.attributes?.align).toMatch(/center|right/)
	const align = String((await server.content(id)).at(-1)?.attributes?.align)
	for (const page of [left, right]) await expect(page.line(0)).toHaveAttribute("data-align", align)
})

test("[C7] undo and redo touch one's own edits only", async ({ person, server }) => {
	const id = await server.createDocument("Undo")
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	await left.caretToStart()
	await left.type("mine ")
	await right.expectLines(["mine "])
	await right.caretToEnd()
	await right.type("theirs")
	await left.expectLines(["mine theirs"])
	// A pause while typing starts a new step, so a slow machine may need several; all of them are Ada's own.
	await expect(async () => {
		await left.press("Control+z")
		await expect(left.tool("Undo")).toHaveAttribute("aria-disabled", "true", { timeout: 100 })
	}).toPass()
	await right.expectLines(["theirs"])
	await left.expectLines(["theirs"])
	await expect(async () => {
		await left.press("Control+Shift+z")
		await expect(left.tool("Redo")).toHaveAttribute("aria-disabled", "true", { timeout: 100 })
	}).toPass()
	await right.expectLines(["mine theirs"])
	expect(await server.text(id)).toBe("mine theirs\n")
})

test("emoji, combining marks and right-to-left text arrive whole", async ({ person, server }) => {
	const id = await server.createDocument("Signs")
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	const signs = "👩‍👩‍👧‍👦 é نص 🇩🇪 한국어"
	await left.caretToEnd()
	await engine.insert(left.page, signs)
	await right.expectLines([signs])
	await right.caretToEnd()
	await right.press("Backspace")
	await engine.insert(right.page, "🎉")
	await right.expectSaved()
	await left.expectLines([`${signs.slice(0, -1)}🎉`])
	// Two people between emoji: never half a pair.
	await left.caretToEnd()
	await right.caretToStart()
	await Promise.all([handwriting(left, ["😀", "😁", "😂"]), handwriting(right, ["🐢", "🐇", "🦊"])])
	await left.expectLines([`🐢🐇🦊${signs.slice(0, -1)}🎉😀😁😂`])
	await left.expectSaved()
	await right.expectSaved()
	expect(await server.text(id)).toBe(`${(await right.lines())[0]}\n`)
})

test("an IME composition goes on while others type in the same line", async ({ person, server }) => {
	const id = await server.createDocument("IME", [{ insert: "ab\n" }])
	const [left, right] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	// Before the composition: with both in one Firefox it would be ended by the other's window coming to the front.
	await right.caretToStart()
	await left.caretToEnd()
	await left.text.evaluate((box) => {
		const ends: string[] = []
		box.addEventListener("compositionend", () => ends.push("end"))
		Object.assign(window, { compositionEnds: ends })
	})
	await engine.compose(left.page, "に")
	await right.type("Bo ")
	await right.expectSaved()
	await engine.compose(left.page, "にほ")
	await right.type("x ")
	await right.expectSaved()
	await engine.compose(left.page, "にほん")
	// Nothing that others did has ended the composition.
	expect(await left.page.evaluate(() => Reflect.get(window, "compositionEnds"))).toEqual([])
	await engine.commit(left.page, "日本")
	await left.expectLines(["Bo x ab日本"])
	await left.type("!")
	await left.expectSaved()
	await right.expectLines(["Bo x ab日本!"])
	expect(await server.text(id)).toBe("Bo x ab日本!\n")
})

test("a person in two tabs is shown once, and both tabs write", async ({ person, server }) => {
	const id = await server.createDocument("Tabs")
	const ada = await person("Ada")
	const [one, two] = [await ada.open(id), await ada.open(id)]
	const watching = await (await person("Bo")).open(id)
	await expect(watching.person("Ada")).toHaveCount(1)
	await one.caretToEnd()
	await one.type("first ")
	await two.expectLines(["first "])
	await two.caretToEnd()
	await two.type("second")
	await watching.expectLines(["first second"])
	await one.page.close()
	await expect(watching.person("Ada")).toHaveCount(1)
	await two.page.close()
	await expect(watching.person("Ada")).toHaveCount(0)
})
