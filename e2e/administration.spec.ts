import { networkErrors } from "./fixtures"
import { createDocument, expect, PASSWORD, test } from "./team"

const refused = /status of 40[0-9]/

test("people: standing, suspending at once, letting in again, erasing with the name typed", async ({
	owner,
	member,
	expectConsole,
}) => {
	expectConsole(refused)
	expectConsole(networkErrors)
	const bo = await member("Bo Berg")
	const doc = await bo.open(await createDocument(bo, "Minutes", "by Bo"))
	const page = await owner.context.newPage()
	await page.goto("/admin")
	const people = page.getByRole("table", { name: "People" })
	const row = people.getByRole("row").filter({ hasText: "Bo Berg" })
	const choose = async (item: string) => {
		await page.getByRole("button", { name: "Actions for Bo Berg" }).click()
		const named = { name: item, exact: true }
		await page.getByRole("menuitem", named).or(page.getByRole("menuitemradio", named)).click()
	}
	await expect(people.getByRole("row")).toHaveCount(3)
	await page.getByLabel("Find by name or mail").fill("bo.berg")
	await expect(people.getByRole("row")).toHaveCount(2)

	await choose("Administrator")
	await expect(row).toContainText("Administrator")
	await choose("Suspend")
	await expect(row).toContainText("Suspended")
	await doc.expectState("failed")
	await doc.expectLines(["by Bo"])
	await choose("Let in again")
	await expect(row).not.toContainText("Suspended")

	await choose("Erase")
	const dialog = page.getByRole("dialog", { name: "Erase Bo Berg?" })
	await dialog.getByRole("textbox").fill("Bo")
	await dialog.getByRole("button", { name: "Erase for good" }).click()
	await expect(dialog.getByRole("alert")).toContainText("Type “Bo Berg” to confirm.")
	await dialog.getByRole("textbox").fill("Bo Berg")
	await dialog.getByRole("button", { name: "Erase for good" }).click()
	await expect(row).toHaveCount(0)
})

test("documents, connections, audit log and settings", async ({ owner, member, expectConsole }) => {
	expectConsole(refused)
	const bo = await member("Bo Berg")
	const id = await createDocument(bo, "Minutes of Monday", "text")
	await bo.open(id)
	const page = await owner.context.newPage()
	await page.goto("/admin?view=documents")
	const documents = page.getByRole("table", { name: "Documents" })
	await expect(documents.getByRole("row").filter({ hasText: "Minutes of Monday" })).toContainText("Bo Berg")

	await page.getByRole("link", { name: "Connections" }).click()
	await expect(page).toHaveURL(/view=connections/)
	const connections = page.getByRole("table", { name: "Live connections" })
	await expect(connections.getByRole("row").filter({ hasText: "Bo Berg" })).toContainText("Minutes of Monday")

	await page.getByRole("link", { name: "Documents", exact: true }).click()
	await page.getByRole("button", { name: "Take over Minutes of Monday" }).click()
	await expect(documents.getByRole("row").filter({ hasText: "Minutes of Monday" })).toContainText("Ada Lovelace")

	await page.getByRole("link", { name: "Audit log" }).click()
	const audit = page.getByRole("table", { name: "Audit log" })
	await expect(audit).toContainText("login.created")
	await page.getByLabel("About").selectOption("user.")
	await expect(audit).not.toContainText("login.created")
	await expect(audit).toContainText("user.created")
	await page.getByLabel("About").selectOption("")
	await page.getByRole("combobox", { name: "Person" }).fill("Bo")
	await page.getByRole("option", { name: /Bo Berg/ }).click()
	await expect(audit).toContainText("user.created")
	await page.getByRole("combobox", { name: "Document" }).fill("Minutes")
	await page.getByRole("option", { name: /Minutes of Monday/ }).click()
	await expect(audit).not.toContainText("user.created")
	await page.getByRole("button", { name: /^Document: Minutes of Monday/ }).click()
	await expect(audit).toContainText("user.created")
	const download = page.waitForEvent("download")
	await page.getByRole("link", { name: "CSV" }).click()
	expect((await download).suggestedFilename()).toBe("audit.csv")

	await page.getByRole("link", { name: "Settings" }).click()
	const settings = page.getByRole("table", { name: "Settings" })
	await expect(settings.getByRole("row").filter({ hasText: "--access" })).toContainText("link")
	await expect(settings.getByRole("row").filter({ hasText: "--access" })).toContainText("Command line")
	await expect(page.locator("body")).not.toContainText(PASSWORD)
})

test("groups: made, filled, and a document shared with one", async ({ owner, member }) => {
	const bo = await member("Bo Berg")
	const page = await owner.context.newPage()
	await page.goto("/admin?view=groups")
	await page.getByLabel("New group").fill("Editorial")
	await page.getByRole("button", { name: "Make group" }).click()
	const dialog = page.getByRole("dialog", { name: "Editorial" })
	await dialog.getByRole("combobox", { name: "Add somebody" }).fill("Bo")
	await dialog.getByRole("option", { name: /Bo Berg/ }).click()
	await expect(dialog.getByRole("list", { name: "People in Editorial" })).toContainText("Bo Berg")
	await page.keyboard.press("Escape")
	await expect(page.getByRole("table", { name: "Groups" })).toContainText("Editorial")

	const id = await createDocument(owner, "Style guide", "text")
	const mine = await owner.open(id)
	await mine.page.getByRole("button", { name: "Share", exact: true }).click()
	const share = mine.page.getByRole("dialog", { name: /^Share/ })
	await share.getByRole("combobox", { name: "Add people or groups" }).fill("Editorial")
	await share.getByRole("option", { name: /Editorial/ }).click()
	await expect(share.getByRole("button", { name: "Role of Editorial: Can edit" })).toBeVisible()
	await (await bo.open(id)).expectLines(["text"])
})

test("a member who is no administrator is told whom to ask", async ({ member }) => {
	const bo = await member("Bo Berg")
	const page = await bo.context.newPage()
	await page.goto("/admin")
	await expect(page.getByRole("heading", { name: "For administrators" })).toBeVisible()
	await page.getByRole("button", { name: "All documents" }).click()
	await page.getByRole("button", { name: /^You are/ }).click()
	await expect(page.getByRole("menuitem", { name: "Administration" })).toHaveCount(0)
})
