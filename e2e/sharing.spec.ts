import { randomUUID } from "node:crypto"
import type { Page } from "@playwright/test"
import { networkErrors } from "./fixtures"
import { DocumentPage } from "./pages/document"
import { HomePage } from "./pages/home"
import { call, createDocument, expect, putPicture, test } from "./team"
import { Wire } from "./wire"

const refused = /status of 40[0-9]|status of 429/

/** Opens the share dialog. */
async function share(page: Page) {
	await page.getByRole("button", { name: "Share", exact: true }).click()
	const dialog = page.getByRole("dialog", { name: /^Share/ })
	await expect(dialog.getByRole("heading", { name: "People with access" })).toBeVisible()
	return dialog
}

/** Opens a share link as it was copied. */
async function arrive(page: Page, url: string): Promise<void> {
	const { pathname, hash } = new URL(url)
	await page.goto(pathname + hash)
}

test("sharing with a person: found by mail, given a role, changed and taken away while both write", async ({
	owner: ada,
	member,
	expectConsole,
}) => {
	expectConsole(refused)
	expectConsole(networkErrors)
	const bo = await member("Bo Berg")
	await putPicture(bo)
	const id = await createDocument(ada, "Launch plan", "shared")
	const mine = await ada.open(id)
	let dialog = await share(mine.page)
	await dialog.getByRole("combobox", { name: "Add people or groups" }).fill("bo.berg@")
	await dialog.getByRole("option", { name: /Bo Berg/ }).click()
	await expect(dialog.getByRole("button", { name: "Role of Bo Berg: Can edit" })).toBeVisible()
	const face = dialog.getByRole("listitem").filter({ hasText: "Bo Berg" }).locator(".avatar img.here")
	await expect(face).toBeVisible()
	await mine.page.keyboard.press("Escape")

	const home = await HomePage.open(await bo.context.newPage())
	const theirs = await home.openDocument("Launch plan")
	await expect(mine.person("Bo Berg").locator("img.here")).toBeVisible()
	await theirs.caretToEnd()
	await theirs.type(" and written")
	await theirs.expectSaved()
	await mine.expectLines(["shared and written"])

	// Lower: the page becomes read-only in place.
	dialog = await share(mine.page)
	await dialog.getByRole("button", { name: "Role of Bo Berg: Can edit" }).click()
	await mine.menuItem("Can view").click()
	await expect(dialog.getByRole("button", { name: "Role of Bo Berg: Can view" })).toBeVisible()
	await theirs.expectState("readonly")
	await expect(theirs.state).toContainText("You can view, not edit")
	await expect(theirs.text).toHaveAttribute("contenteditable", "false")

	// Gone: out at once, and no way back in.
	await dialog.getByRole("button", { name: "Role of Bo Berg: Can view" }).click()
	await mine.menuItem("Remove access").click()
	await expect(dialog.getByRole("button", { name: /^Role of Bo Berg/ })).toHaveCount(0)
	await theirs.expectState("removed")
	await expect(theirs.state).toContainText("You no longer have access to this document")
	await theirs.page.reload()
	await expect(theirs.page.getByRole("heading", { name: "You have no access to this document" })).toBeVisible()
	await theirs.page.goto("/")
	await expect(theirs.page.getByRole("heading", { name: "Write together" })).toBeVisible()
})

test("asking for access: the same page whether or not the document exists; the share dialog shows it live, and what another owner does", async ({
	owner: ada,
	member,
	expectConsole,
}) => {
	expectConsole(refused)
	const [bo, cleo] = [await member("Bo Berg"), await member("Cleo")]
	const id = await createDocument(ada, "Launch plan", "text")
	await call(ada.context, "PUT", `/documents/${id}/grants/user/${cleo.id}`, { role: "owner" })
	const dialog = await share((await ada.open(id)).page)
	await expect(dialog.getByRole("button", { name: "Role of Cleo: Owner" })).toBeVisible()
	const page = await bo.context.newPage()
	const seen: string[] = []
	for (const address of [`/d/${randomUUID()}`, `/d/${id}`]) {
		await page.goto(address)
		await expect(page.getByRole("heading", { name: "You have no access to this document" })).toBeVisible()
		seen.push(await page.locator("main").innerHTML())
		await page.getByLabel("Message").fill("I have the figures")
		await page.getByRole("button", { name: "Ask for access" }).click()
		await expect(page.getByRole("heading", { name: "You have asked" })).toBeVisible()
	}
	expect(seen[0]).toBe(seen[1])

	// The dialog was open before Bo asked, and shows it; what another owner does meanwhile too.
	await expect(dialog.getByText("“I have the figures”")).toBeVisible()
	await call(cleo.context, "POST", `/documents/${id}/links`, { role: "viewer" })
	await expect(dialog.getByText("Anyone with this link can view")).toBeVisible()
	await dialog.getByRole("button", { name: "Give access to Bo Berg" }).click()
	await expect(dialog.getByRole("button", { name: "Role of Bo Berg: Can edit" })).toBeVisible()
	await page.getByRole("button", { name: "Try again" }).click()
	await (await DocumentPage.arrive(page)).expectLines(["text"])

	// Who is no owner any more has nothing left to change, in the dialog that is open too.
	await call(cleo.context, "PUT", `/documents/${id}/grants/user/${ada.id}`, { role: "viewer" })
	await expect(dialog.getByText("You can view. Ask the owner to let you edit:")).toBeVisible()
	await expect(dialog.getByRole("button", { name: /^Role of/ })).toHaveCount(0)
})

test("ownership is transferred, and the dialog of the one who gave it says what is left", async ({
	owner: ada,
	member,
}) => {
	const bo = await member("Bo Berg")
	const id = await createDocument(ada, "Launch plan")
	await call(ada.context, "PUT", `/documents/${id}/grants/user/${bo.id}`, { role: "editor" })
	const mine = await ada.open(id)
	const dialog = await share(mine.page)
	await dialog.getByRole("button", { name: "Role of Bo Berg: Can edit" }).click()
	await mine.menuItem("Make owner").click()
	await dialog.getByRole("button", { name: "Transfer" }).click()
	await expect(dialog.getByText("You can edit. Who has access is decided by the owner")).toBeVisible()
	await expect(dialog.getByRole("button", { name: /^Role of/ })).toHaveCount(0)
})

test("a link for guests: with password and end, to view; then to edit; then replaced", async ({
	closedServer: server,
	owner: ada,
	visitor,
	expectConsole,
}) => {
	expectConsole(refused)
	expectConsole(networkErrors)
	const id = await createDocument(ada, "Launch plan", "for guests")
	const mine = await ada.open(id)
	const dialog = await share(mine.page)
	await dialog.getByRole("button", { name: "Make a link" }).click()
	await dialog.getByLabel("Ends").selectOption("7")
	await dialog.getByLabel("Password").fill("open sesame")
	await dialog.getByRole("button", { name: "Make link" }).click()
	await expect(dialog.getByText("Anyone with this link can view")).toBeVisible()
	await expect(dialog.getByText(/^Until .*asks for a password$/)).toBeVisible()
	const { links } = await call<{ links: { url: string }[] }>(ada.context, "GET", `/documents/${id}/access`)
	const url = links[0]?.url ?? ""

	const page = await (await visitor("Gus", { at: server })).context.newPage()
	await arrive(page, url)
	await expect(page.getByRole("heading", { name: "This link has a password" })).toBeVisible()
	await expect(page).toHaveURL(`${server.url}/s`)
	await page.getByLabel("Password of the link").fill("wrong")
	await page.getByRole("button", { name: "Open the document" }).click()
	await expect(page.getByRole("alert")).toBeVisible()
	await page.getByLabel("Password of the link").fill("open sesame")
	await page.getByRole("button", { name: "Open the document" }).click()
	await page.getByLabel("Name").fill("Gus Guest")
	await page.getByRole("button", { name: "Open the document" }).click()
	const guest = new DocumentPageAsGuest(page)
	await guest.expectReadOnly("for guests")
	await expect(mine.person("Gus Guest")).toBeVisible()

	// The same link lets them write from now on, and the page follows.
	await dialog.getByRole("button", { name: /^Change: / }).click()
	await dialog.getByLabel("Whoever has it").selectOption("editor")
	await dialog.getByRole("button", { name: "Save" }).click()
	await expect(dialog.getByText("Anyone with this link can edit")).toBeVisible()
	const writing = await DocumentPage.arrive(page)
	await writing.caretToEnd()
	await writing.type(" and by them")
	await writing.expectSaved()
	await mine.expectLines(["for guests and by them"])

	// A guest has that document and no list.
	await page.goto("/")
	await expect(page.getByText("You are here as the guest Gus Guest.")).toBeVisible()

	// Another address: who came by the old one is out.
	await page.goto(`/d/${id}`)
	await DocumentPage.arrive(page)
	await dialog.getByRole("button", { name: /^Change: / }).click()
	await dialog.getByRole("button", { name: "New address" }).click()
	await expect(dialog.getByText(/^Until .* [AP]M, asks for a password$/)).toBeVisible()
	await writing.expectState("removed")
	await arrive(page, url)
	await expect(page.getByRole("heading", { name: "This link does not work" })).toBeVisible()
})

test("[S8] [S9] a link that ends by its time takes its guest out of the text, who keeps what was not saved", async ({
	closedServer: server,
	owner: ada,
	visitor,
	expectConsole,
}) => {
	expectConsole(refused)
	expectConsole(networkErrors)
	const id = await createDocument(ada, "Launch plan", "for guests")
	const link = await call<{ id: string; url: string }>(ada.context, "POST", `/documents/${id}/links`, {
		role: "editor",
	})
	const gus = await visitor("Gus", { at: server })
	const wire = await Wire.tap(gus.context)
	const page = await gus.context.newPage()
	await arrive(page, link.url)
	await page.getByRole("button", { name: "Open the document" }).click()
	const doc = await DocumentPage.arrive(page)
	wire.onSend = (message) => (message.type === "submit" ? null : message)
	await doc.caretToEnd()
	await doc.type(", not sent")
	await doc.expectState("saving")
	await call(ada.context, "PATCH", `/documents/${id}/links/${link.id}`, {
		expiresAt: new Date(Date.now() + 1_000).toISOString(),
	})
	await doc.expectState("removed")
	await expect(doc.text).toHaveAttribute("contenteditable", "false")
	await doc.expectLines(["for guests, not sent"])
	await page.getByRole("button", { name: "Show unsaved text" }).click()
	await expect(page.getByRole("textbox", { name: "Text that was not saved" })).toHaveValue(", not sent")
})

/** A document that its reader may not change. */
class DocumentPageAsGuest {
	constructor(readonly page: Page) {}

	async expectReadOnly(text: string): Promise<void> {
		await expect(this.page.getByRole("textbox", { name: "Document text" })).toContainText(text)
		await expect(this.page.locator(".save-state")).toHaveAttribute("data-state", "readonly")
		await expect(this.page.getByRole("toolbar", { name: "Formatting" })).toHaveCount(0)
	}
}
