import type { Page } from "@playwright/test"
import { expectAccessible } from "./axe"
import { everything } from "./everything"
import { expect, type Person, test } from "./fixtures"
import type { DocumentPage } from "./pages/document"
import type { Server } from "./server"

test("axe finds nothing on the home page: empty, full, menus, fields, dialogs, trash", async ({
	person,
	freshServer: server,
}) => {
	const ada = await person("Ada", { at: server })
	const home = await ada.home()
	const { page } = home
	await expectAccessible(page, "empty home")

	const id = await server.createDocument("Minutes of the meeting")
	await server.createDocument("Plan")
	await server.trash(await server.createDocument("Thrown away"))
	await (await person("Bo", { at: server })).open(id)
	await expect(home.rows).toHaveCount(2)
	await expectAccessible(page, "full home")
	await page.getByRole("button", { name: "Actions for Plan" }).click()
	await expectAccessible(page, "row menu")
	await page.getByRole("menuitem", { name: "Rename" }).click()
	await expect(home.titleField).toBeFocused()
	await expectAccessible(page, "rename field")
	await page.keyboard.press("Escape")
	await home.search.fill("nothing")
	await expect(home.rows).toHaveCount(0)
	await expectAccessible(page, "search without result")
	await home.search.fill("")
	await home.choose("Plan", "Move to trash")
	await expect(home.notice).toBeVisible()
	await expectAccessible(page, "notice")
	await page.getByRole("button", { name: /^You/ }).click()
	await expectAccessible(page, "one's own menu")
	await page.getByRole("menuitem", { name: "Your name and colour" }).click()
	await expectAccessible(page, "name and colour")
	await page.keyboard.press("Escape")
	await home.openTrash()
	await expect(page.getByRole("listitem")).not.toHaveCount(0)
	await expectAccessible(page, "trash")
})

test("axe finds nothing on the document page: empty, full, dialogs and find", async ({ person, server }) => {
	const { doc, page } = await openEverything(person, server)
	await expectAccessible(page, "full document with somebody else in it")
	for (const [item, name] of [
		["Details", "Details"],
		["Keyboard shortcuts", "Keyboard shortcuts"],
		["Your name and colour", "Your name and colour"],
	] as const) {
		await doc.choose(item)
		await expect(page.getByRole("dialog", { name })).toBeVisible()
		await expectAccessible(page, name)
		await page.keyboard.press("Escape")
	}
	await page.getByRole("button", { name: "Share" }).click()
	await expectAccessible(page, "share")
	await page.keyboard.press("Escape")
	await doc.caretToEnd()
	await doc.press("Control+k")
	await expect(page.getByRole("dialog", { name: "Add link" })).toBeVisible()
	await expectAccessible(page, "link")
	await page.keyboard.press("Escape")
	await doc.chooseTool("Insert", "Image")
	await page.getByRole("button", { name: "Insert", exact: true }).last().click()
	await expect(page.getByRole("alert")).toBeVisible()
	await expectAccessible(page, "image with a fault")
	await page.keyboard.press("Escape")
	await doc.press("Control+f")
	await expect(doc.findField).toBeFocused()
	await page.keyboard.type("heading")
	await expect(page.getByRole("search")).toContainText("of 3")
	await expectAccessible(page, "find")
})

test("axe finds nothing on the document page: menus, bubble, suggestions, states", async ({
	person,
	server,
	expectConsole,
}) => {
	expectConsole(/status of 404/)
	const { doc, page, id } = await openEverything(person, server)
	for (const menu of ["Kind of line", "Alignment", "Insert"]) {
		await doc.tool(menu).click()
		await expectAccessible(page, menu)
		await page.keyboard.press("Escape")
	}
	await doc.tool("Colour").click()
	await expectAccessible(page, "colours")
	await page.keyboard.press("Escape")
	await page.getByRole("button", { name: "Document menu" }).click()
	await expectAccessible(page, "document menu")
	await page.keyboard.press("Escape")
	await doc.text.getByText("Plain,").dblclick({ position: { x: 10, y: 12 } })
	await expect(doc.bubble).toBeVisible()
	await expectAccessible(page, "bubble")
	await doc.caretToEnd()
	await doc.press("Enter")
	await doc.type("/")
	await expect(page.getByRole("listbox", { name: "Insert" })).toBeVisible()
	await expectAccessible(page, "slash menu")
	await doc.press("Escape", "Enter")
	await doc.type("@")
	await expect(page.getByRole("listbox", { name: "Mention" })).toBeVisible()
	await expectAccessible(page, "mention")
	await doc.press("Escape")
	await server.trash(id)
	await doc.expectState("removed")
	await expectAccessible(page, "removed")
	await page.goto(`/d/${id}`)
	await expect(page.getByRole("heading", { name: "In the trash" })).toBeVisible()
	await expectAccessible(page, "unreachable")
	await page.goto("/d/not-an-id")
	await expectAccessible(page, "missing")
	await page.goto(`/d/${await server.createDocument("Empty")}`)
	await expect(doc.text).toBeVisible()
	await expectAccessible(page, "empty document")
})

async function openEverything(
	person: (name: string) => Promise<Person>,
	server: Server,
): Promise<{ doc: DocumentPage; page: Page; id: string }> {
	const id = await server.createDocument("Everything", everything)
	const [ada, bo] = [await person("Ada"), await person("Bo")]
	for (const { context } of [ada, bo])
		await context.route("https://images.example/*", (route) =>
			route.fulfill({
				contentType: "image/svg+xml",
				body: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
			}),
		)
	const other = await bo.open(id)
	await other.caretToStart()
	await other.press("Control+Shift+ArrowRight")
	const doc = await ada.open(id)
	await expect(doc.carets).toHaveCount(1)
	return { doc, page: doc.page, id }
}
