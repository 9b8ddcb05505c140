import { expect, test } from "./fixtures"

const line = "The quick brown fox jumps over the lazy dog and runs on to the next hill, 0123456789."
/** One MiB of text in paragraphs. */
const megabyte = `${line}\n`.repeat(Math.ceil(2 ** 20 / (line.length + 1)))

test("a paste of 1 MB arrives, is saved, and two people go on writing in it", async ({ person, server }) => {
	const id = await server.createDocument("Large")
	const ada = await (await person("Ada")).open(id)
	await ada.caretToStart()
	await ada.paste({ text: megabyte })
	await expect(ada.state).toHaveAttribute("data-state", "saved", { timeout: 180_000 })
	expect((await server.text(id)).trimEnd()).toBe(megabyte.trimEnd())

	// Above 256 KiB the content comes by HTTP, not in the welcome.
	const bo = await (await person("Bo")).open(id)
	await ada.caretToStart()
	await bo.caretToEnd()
	await Promise.all([ada.type("At the start. "), bo.type("At the end.")])
	await ada.expectSaved()
	await bo.expectSaved()
	const text = await server.text(id)
	expect(text.startsWith(`At the start. ${line}\n`)).toBe(true)
	expect(text.trimEnd().endsWith("At the end.")).toBe(true)
	for (const page of [ada, bo]) {
		await expect.poll(async () => (await page.lines())[0]).toBe(`At the start. ${line}`)
		expect((await page.lines()).at(-1)).toContain("At the end.")
	}
	await ada.press("Control+f")
	await expect(ada.findField).toBeFocused()
	await ada.type("At the end.")
	await expect(ada.page.getByRole("search", { name: "Find in document" })).toContainText("1 of 1")
})
