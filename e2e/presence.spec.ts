import { expect, test } from "./fixtures"
import type { Insert } from "./server"

const longText: Insert[] = [{ insert: Array.from({ length: 150 }, (_, i) => `line ${i}\n`).join("") }]

test("carets and selections follow the text, and go with their people", async ({ person, server }) => {
	const id = await server.createDocument("Carets", [{ insert: "start middle end\n" }])
	const ada = await (await person("Ada")).open(id)
	const leaving = await person("Bo")
	const bo = await leaving.open(id)
	await bo.caretToEnd()
	await expect.poll(() => ada.textBeforeCaret("Bo")).toBe("start middle end")

	// Ada writes before Bo's caret: it stays behind the same words, although Bo does nothing.
	await ada.caretToStart()
	await ada.type("A new ")
	await expect.poll(() => ada.textBeforeCaret("Bo")).toBe("A new start middle end")
	await expect.poll(() => bo.textBeforeCaret("Ada")).toBe("A new ")
	await bo.type(" now")
	await ada.expectLines(["A new start middle end now"])
	await expect.poll(() => ada.textBeforeCaret("Bo")).toBe("A new start middle end now")

	// A selection is tinted in the person's colour, and the tint moves with the text too.
	await bo.press("Control+Shift+ArrowLeft")
	const tint = ada.text.locator(".peer-selection")
	await expect(tint).toHaveText("now")
	await ada.caretToStart()
	await ada.type("Once ")
	await bo.expectLines(["Once A new start middle end now"])
	await expect(tint).toHaveText("now")
	const [shade, caret] = await Promise.all(
		[tint, ada.carets.first()].map((found) => found.evaluate((e) => getComputedStyle(e).getPropertyValue("--peer"))),
	)
	expect(shade).toBe(caret)

	await expect(ada.person("Bo")).toHaveCount(1)
	await leaving.context.close()
	await expect(ada.person("Bo")).toHaveCount(0)
	await expect(ada.carets).toHaveCount(0)
	await expect(tint).toHaveCount(0)
})

test("an avatar goes to its person's caret and follows it; a mark shows a caret out of sight", async ({
	person,
	server,
}) => {
	const id = await server.createDocument("Jump", longText)
	const [ada, bo] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	await ada.caretToStart()
	await bo.caretToEnd()
	const below = ada.page.getByRole("button", { name: "Bo is below, go there" })
	await expect(below).toBeVisible()
	await ada.person("Bo").click()
	await expect(ada.line(149)).toBeInViewport()
	await expect(below).toHaveCount(0)

	await ada.page.getByRole("button", { name: "Follow", exact: true }).click()
	await bo.caretToStart()
	await expect(ada.line(0)).toBeInViewport()
	await bo.caretToEnd()
	await expect(ada.line(149)).toBeInViewport()
	await ada.page.getByRole("button", { name: "Stop", exact: true }).click()
	await bo.caretToStart()
	await ada.page.getByRole("button", { name: "Bo is above, go there" }).click()
	await expect(ada.line(0)).toBeInViewport()

	// Who writes wants to be where that is.
	await ada.person("Bo").click()
	await ada.page.getByRole("button", { name: "Follow", exact: true }).click()
	const stop = ada.page.getByRole("button", { name: "Stop", exact: true })
	await expect(stop).toBeVisible()
	await ada.caretToEnd()
	await expect(stop).toHaveCount(0)
	await bo.type("x")
	await expect(ada.line(0)).toHaveText(/^x/)
	await expect(ada.line(149)).toBeInViewport()
})

test("what one reads stays where it is while others write above it", async ({ person, server }) => {
	const id = await server.createDocument("Reading", longText)
	const [ada, bo] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	const read = ada.text.getByText("line 75", { exact: true })
	await read.evaluate((line) => line.scrollIntoView({ block: "center" }))
	const top = async () => Math.round((await read.boundingBox())?.y ?? Number.NaN)
	const before = await top()
	await bo.caretToStart()
	for (const word of ["one", "two", "three"]) {
		await bo.type(word)
		await bo.press("Enter")
	}
	await bo.expectSaved()
	await expect.poll(async () => (await ada.lines()).slice(0, 4)).toEqual(["one", "two", "three", "line 0"])
	expect(Math.abs((await top()) - before)).toBeLessThanOrEqual(1)
	// The same for one's own typing far above what the other reads, with the caret in view.
	await ada.text.getByText("line 76", { exact: true }).click()
	const typing = await top()
	await bo.press("Enter", "Enter")
	await ada.type("!")
	await expect.poll(async () => (await ada.lines()).length).toBe(155)
	expect(Math.abs((await top()) - typing)).toBeLessThanOrEqual(1)
})

test("a new name and colour reach everybody", async ({ person, server }) => {
	const id = await server.createDocument("Names", [{ insert: "text\n" }])
	const [ada, bo] = [await (await person("Ada")).open(id), await (await person("Bo")).open(id)]
	await ada.caretToEnd()
	await expect(bo.carets).toContainText("Ada")
	await ada.person("You are Ada").click()
	const dialog = ada.page.getByRole("dialog", { name: "Your name and colour" })
	await dialog.getByRole("textbox", { name: "Name" }).fill("Countess")
	await dialog.getByRole("radio").first().check({ force: true })
	await dialog.getByRole("button", { name: "Save" }).click()
	await expect(dialog).toHaveCount(0)
	await expect(bo.person("Countess")).toHaveCount(1)
	await expect(bo.person("Ada")).toHaveCount(0)
	await expect(ada.person("You are Countess")).toHaveCount(1)
})
