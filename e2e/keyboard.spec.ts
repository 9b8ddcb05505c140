import type { Page } from "@playwright/test"
import { expect, test } from "./fixtures"
import { DocumentPage, readDownload } from "./pages/document"
import { HomePage } from "./pages/home"

/** Presses Tab, or Shift+Tab, until what has the focus carries this name. */
async function walkTo(page: Page, name: string | RegExp, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
	const passed: string[] = []
	for (let presses = 0; presses < 40; presses++) {
		const focused = await page.evaluate(() => {
			const on = document.activeElement
			return on?.getAttribute("aria-label") ?? on?.textContent?.trim() ?? ""
		})
		if (typeof name === "string" ? focused === name : name.test(focused)) return
		passed.push(focused)
		await page.keyboard.press(key)
	}
	throw new Error(`${name} cannot be reached by ${key}; there are ${passed.join(", ")}`)
}

test("everything without a mouse: write, format, link, find, export, rename, trash, undo", async ({
	person,
	freshServer: server,
}) => {
	await server.createDocument("Other")
	const home = await (await person("Ada", { at: server })).home()
	const { page } = home
	await page.keyboard.press("n")
	const doc = await DocumentPage.arrive(page)
	await expect(doc.text).toBeFocused()

	await doc.type("# Plan")
	await doc.press("Enter")
	await doc.type("- one")
	await doc.press("Enter")
	await doc.type("two")
	await doc.press("Enter", "Enter", "Control+b")
	await doc.type("bold")
	await doc.press("Control+b")
	await doc.type(" site")
	await doc.press("Control+Shift+ArrowLeft", "Control+k")
	await expect(page.getByRole("textbox", { name: "Address" })).toBeFocused()
	await doc.type("site.example")
	await doc.press("Enter")
	await expect(doc.text).toBeFocused()
	await doc.expectSaved()
	await expect
		.poll(() => server.content(doc.id()))
		.toEqual([
			{ insert: "Plan" },
			{ insert: "\n", attributes: { header: 1 } },
			{ insert: "one" },
			{ insert: "\n", attributes: { list: "bullet" } },
			{ insert: "two" },
			{ insert: "\n", attributes: { list: "bullet" } },
			{ insert: "bold", attributes: { bold: true } },
			{ insert: " " },
			{ insert: "site", attributes: { link: expect.stringMatching(/^https:\/\/site.example\/?$/) } },
			{ insert: "\n" },
		])

	// Tab writes; Escape before it gives it back to the page, so nobody is trapped (WCAG 2.1.2).
	await doc.press("Escape", "Tab")
	await expect(doc.text).not.toBeFocused()

	// By the mouse: where there is nothing after the text, Firefox has taken the focus out of the page.
	await doc.text.click()
	// Saving out of habit asks for no file.
	const saving = { key: "s", ctrlKey: true, bubbles: true, cancelable: true }
	expect(await doc.text.evaluate((text, init) => text.dispatchEvent(new KeyboardEvent("keydown", init)), saving)).toBe(
		false,
	)
	await doc.press("Control+f")
	await expect(doc.findField).toBeFocused()
	await doc.type("two")
	await doc.press("Enter", "Escape")
	await expect(doc.text).toBeFocused()
	await doc.type("three")
	await doc.expectLines(["Plan", "one", "three", "bold site"])

	await doc.press("Escape")
	await walkTo(page, "Document menu", "Shift+Tab")
	const download = page.waitForEvent("download")
	await doc.press("Enter")
	await expect(doc.menuItem("Find")).toBeFocused()
	for (
		let item = 0;
		item < 8 && !(await doc.menuItem("Export as Markdown").evaluate((e) => e === document.activeElement));
		item++
	)
		await doc.press("ArrowDown")
	await doc.press("Enter")
	expect((await readDownload(await download)).content).toMatch(/^# Plan\n/)
	await expect(page.getByRole("button", { name: "Document menu" })).toBeFocused()
	await doc.press("?")
	await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible()
	await doc.press("Escape")
	await expect(page.getByRole("dialog")).toHaveCount(0)

	await walkTo(page, "All documents", "Shift+Tab")
	await doc.press("Enter")
	await HomePage.arrive(page)
	await page.keyboard.press("ArrowDown")
	await expect(home.link("Untitled")).toBeFocused()
	await page.keyboard.press("F2")
	await page.keyboard.type("Named by key")
	await page.keyboard.press("Enter")
	await expect(home.link("Named by key")).toBeFocused()
	await page.keyboard.press("Delete")
	await expect(home.row("Named by key")).toHaveCount(0)
	await walkTo(page, "Undo")
	await page.keyboard.press("Enter")
	await expect(home.row("Named by key")).toHaveCount(1)
	// What is thrown away leaves the focus to its neighbour.
	await server.createDocument("Another")
	await home.link("Another").focus()
	await page.keyboard.press("Delete")
	await expect(home.link("Named by key")).toBeFocused()
	await page.keyboard.press("/")
	await page.keyboard.type("named")
	await page.keyboard.press("ArrowDown")
	await page.keyboard.press("Enter")
	await expect((await DocumentPage.arrive(page)).title).toHaveValue("Named by key")
})

test("the toolbar is one tab stop, walked by arrows, and gives the focus back", async ({ person, server }) => {
	const id = await server.createDocument("Toolbar", [{ insert: "words\n" }])
	const doc = await (await person("Ada")).open(id)
	const { page } = doc
	const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))
	await doc.press("Control+a", "Alt+F10")
	await expect.poll(focused).toBe("Undo")
	await expect(doc.toolbar.locator("button[tabindex='0']")).toHaveCount(1)
	const names = await doc.toolbar
		.locator("button.tool:visible")
		.evaluateAll((tools) => tools.map((tool) => tool.ariaLabel))
	for (const name of names.slice(1)) {
		await doc.press("ArrowRight")
		expect(await focused()).toBe(name)
		await expect(doc.toolbar.locator("button[tabindex='0']")).toHaveCount(1)
	}
	await doc.press("ArrowRight")
	expect(await focused()).toBe("Undo")
	await doc.press("End")
	expect(await focused()).toBe(names.at(-1))

	// A menu of the toolbar opens, is walked by arrows and letters, and closes where it was opened.
	await doc.press("Enter")
	await expect(page.getByRole("menu", { name: "Insert" })).toBeVisible()
	await doc.press("d")
	await expect(doc.menuItem("Divider")).toBeFocused()
	await doc.press("Escape")
	await expect(page.getByRole("menu")).toHaveCount(0)
	expect(await focused()).toBe("Insert")
	await doc.press("Home", "ArrowRight", "ArrowRight", "ArrowRight")
	expect(await focused()).toBe("Bold")
	await doc.press("Space")
	await expect(doc.tool("Bold")).toHaveAttribute("aria-pressed", "true")
	await doc.press("Escape")
	await expect(doc.text).toBeFocused()
	await expect(doc.text.locator("strong")).toHaveText("words")

	// Colours are a grid; a choice is made by Enter.
	await doc.press("Alt+F10")
	expect(await focused()).toBe("Bold")
	await doc.tool("Colour").focus()
	await doc.press("Enter", "ArrowRight", "ArrowRight", "Enter")
	await doc.expectSaved()
	await expect
		.poll(async () => (await server.content(id))[0]?.attributes)
		.toMatchObject({ bold: true, color: expect.stringMatching(/^#/) })
})
