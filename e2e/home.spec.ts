import { expect, test } from "./fixtures"
import { DocumentPage } from "./pages/document"
import { HomePage } from "./pages/home"

test("the first document is one press away, and so is a tour", async ({ person, freshServer }) => {
	const ada = await person("Ada", { at: freshServer })
	const home = await ada.home()
	await expect(home.page.getByRole("heading", { name: "Write together" })).toBeVisible()
	await home.page.getByRole("button", { name: "New document" }).click()
	await expect(home.page).toHaveURL(/\/d\//)
	await home.page.goBack()
	await expect(home.rows).toHaveCount(1)
	await expect(home.rows).toContainText("Untitled")

	await home.choose("Untitled", "Move to trash")
	await home.page.getByRole("button", { name: "Start with a short tour" }).click()
	const tour = await DocumentPage.arrive(home.page)
	await expect(tour.title).toHaveValue("Welcome to Coscribe")
	await expect(tour.text.getByRole("heading").first()).toHaveText("Three things to try")
})

test("the list follows what others create, rename, write, trash and restore", async ({
	person,
	freshServer: server,
}) => {
	const first = await server.createDocument("First")
	const watching = await (await person("Ada", { at: server })).home()
	const bo = await person("Bo", { at: server })
	const acting = await bo.home()
	await server.createDocument("Second")
	await expect(watching.rows).toHaveText([/Second/, /First/])

	await acting.choose("Second", "Rename")
	await expect(acting.titleField).toBeFocused()
	await acting.titleField.fill("Renamed")
	await acting.titleField.press("Enter")
	await expect(watching.rows).toHaveText([/Renamed/, /First/])
	await expect(acting.link("Renamed")).toBeFocused()

	// Somebody writes: the document rises to the top, with who is in it.
	const writing = await bo.open(first)
	await expect(watching.row("First").locator("[title*=Bo], [aria-label*=Bo]").first()).toBeVisible()
	await writing.caretToEnd()
	await writing.type("x")
	await expect(watching.rows).toHaveText([/First.*Bo/, /Renamed/])
	await writing.page.close()

	await acting.choose("Renamed", "Move to trash")
	await expect(watching.row("Renamed")).toHaveCount(0)
	await acting.notice.getByRole("button", { name: "Undo" }).click()
	await expect(watching.row("Renamed")).toHaveCount(1)
	await expect(acting.row("Renamed")).toHaveCount(1)
})

test("trash shows what was thrown away, and gives it back with its text", async ({ person, freshServer: server }) => {
	const id = await server.createDocument("Thrown away", [{ insert: "still here\n" }])
	await server.createDocument("Kept")
	const home = await (await person("Ada", { at: server })).home()
	await home.link("Thrown away").focus()
	await home.page.keyboard.press("Delete")
	await expect(home.rows).toHaveText([/Kept/])
	await home.openTrash()
	await expect(home.page).toHaveURL(/view=trash/)
	await home.page.reload()
	const trashed = home.page.getByRole("list", { name: "Documents in the trash" }).getByRole("listitem")
	await expect(trashed).toHaveText([/Thrown away/])
	await home.page.getByRole("button", { name: "Restore Thrown away" }).click()
	await expect(trashed).toHaveCount(0)
	await home.page.goBack()
	const again = await HomePage.arrive(home.page)
	await (await again.openDocument("Thrown away")).expectLines(["still here"])
	expect(await server.text(id)).toBe("still here\n")
})

test("search narrows while one types, also beyond the first page, and Enter opens the first", async ({
	person,
	freshServer: server,
}) => {
	await server.createDocument("A needle in the hay")
	for (let batch = 0; batch < 7; batch++)
		await Promise.all(Array.from({ length: 10 }, (_, i) => server.createDocument(`Straw ${batch * 10 + i}`)))
	const home = await (await person("Ada", { at: server })).home()
	await home.page.keyboard.press("/")
	await expect(home.search).toBeFocused()
	await home.page.keyboard.type("straw 42")
	await expect(home.rows).toHaveText([/Straw 42/])
	await home.search.fill("nothing like it")
	await expect(home.page.getByText("No title contains “nothing like it”.")).toBeVisible()
	await home.search.fill("NEEDLE")
	await expect(home.rows).toHaveText([/A needle in the hay/])
	await home.page.keyboard.press("Escape")
	await expect(home.search).toHaveValue("")
	await home.search.fill("needle")
	await expect(home.rows).toHaveCount(1)
	await home.page.keyboard.press("Enter")
	await expect(home.page.getByRole("textbox", { name: "Title" })).toHaveValue("A needle in the hay")

	// The end of the list fetches the rest.
	await home.page.goBack()
	await home.page.keyboard.press("End")
	await expect(home.rows).toHaveCount(71)
})
