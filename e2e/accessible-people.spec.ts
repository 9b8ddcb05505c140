import type { Page } from "@playwright/test"
import { expectAccessible } from "./axe"
import { call, createDocument, expect, PASSWORD, putPicture, setupLink, test } from "./team"

const refused = /status of 40[0-9]/

/** Nothing is wider than the narrowest phone. */
async function expectNarrow(page: Page, what: string): Promise<void> {
	const before = page.viewportSize() ?? { width: 1280, height: 800 }
	await page.setViewportSize({ width: 320, height: 640 })
	expect(await page.evaluate(() => document.documentElement.scrollWidth), `${what} at 320 px`).toBeLessThanOrEqual(320)
	await page.setViewportSize(before)
}

test("axe finds nothing on the ways in, and they fit a narrow phone", async ({
	closedServer: server,
	visitor,
	expectConsole,
}) => {
	expectConsole(refused)
	const page = await (await visitor("Ada", { at: server })).context.newPage()
	await page.goto("/")
	await expect(page.getByText("Nobody owns this server yet.")).toBeVisible()
	await expectAccessible(page, "a server without an owner")
	await page.goto("/invite#nothing")
	await expect(page.getByRole("heading", { name: "This link does not work" })).toBeVisible()
	await expectAccessible(page, "a link that does not work")
	await page.goto(await setupLink(server))
	await page.getByLabel("Password", { exact: true }).fill("short")
	await page.getByLabel("Name").fill("Ada")
	await page.getByLabel("Mail").fill("ada@example.org")
	await page.keyboard.press("Enter")
	await expect(page.getByRole("alert")).toBeVisible()
	await expectAccessible(page, "setting up, with a fault")
	await expectNarrow(page, "setting up")
	await page.getByLabel("Password", { exact: true }).fill(PASSWORD)
	await page.keyboard.press("Enter")
	await expect(page.getByRole("button", { name: "You are Ada" })).toBeVisible()
	const late = await (await visitor("Bo", { at: server })).context.newPage()
	await late.goto("/")
	await expect(late.getByLabel("Mail")).toBeVisible()
	await expectAccessible(late, "signing in")
})

test("axe finds nothing on the profile with a token, and on every part of the administration; all fit a narrow phone", async ({
	owner,
	member,
}) => {
	const bo = await member("Bo Berg")
	await putPicture(bo)
	await bo.open(
		await createDocument(bo, "Minutes of Monday, with everybody who was there and everything that was said", "text"),
	)
	const group = await call<{ id: string }>(owner.context, "POST", "/groups", { name: "Editorial" })
	await call(owner.context, "PUT", `/groups/${group.id}/members/${bo.id}`)
	await call(owner.context, "POST", "/invitations", { mail: "cleo@example.org", standing: "member" })
	await call(owner.context, "POST", "/me/tokens", { name: "Nightly export", role: "viewer" })
	const page = await owner.context.newPage()
	await page.goto("/profile")
	await expect(page.getByText("This browser")).toBeVisible()
	await expect(page.getByText("Nightly export")).toBeVisible()
	await page.getByRole("button", { name: "New token" }).click()
	await expectAccessible(page, "profile")
	await expectNarrow(page, "profile")

	await page.goto("/admin")
	await page.getByRole("button", { name: "Actions for Bo Berg" }).click()
	await expectAccessible(page, "people, with a menu")
	await page.getByRole("menuitem", { name: "Erase" }).click()
	await expectAccessible(page, "erasing")
	await page.keyboard.press("Escape")
	await expectNarrow(page, "people")
	for (const [view, table, row] of [
		["Invitations", "Open invitations", "cleo@example.org"],
		["Groups", "Groups", "Editorial"],
		["Documents", "Documents", "Minutes of Monday"],
		["Connections", "Live connections", "Bo Berg"],
		["Audit log", "Audit log", "group.created"],
		["Settings", "Settings", "--access"],
	] as const) {
		await page.getByRole("link", { name: view, exact: true }).click()
		await expect(page.getByRole("table", { name: table })).toContainText(row)
		if (view === "Groups") {
			await page.getByRole("button", { name: "Open Editorial" }).click()
			await expect(page.getByRole("list", { name: "People in Editorial" })).toContainText("Bo Berg")
			await expectAccessible(page, "a group")
			await page.keyboard.press("Escape")
		}
		await expectAccessible(page, view)
		await expectNarrow(page, view)
	}
})

test("axe finds nothing where guests come in: a link's password, a name, a link that has ended", async ({
	closedServer: server,
	owner,
	visitor,
	expectConsole,
}) => {
	expectConsole(refused)
	const id = await createDocument(owner, "Launch plan", "text")
	const link = await call<{ url: string }>(owner.context, "POST", `/documents/${id}/links`, {
		role: "viewer",
		password: "sesame",
	})
	const page = await (await visitor("Gus", { at: server })).context.newPage()
	const { pathname, hash } = new URL(link.url)
	await page.goto(pathname + hash)
	await page.getByLabel("Password of the link").fill("wrong")
	await page.keyboard.press("Enter")
	await expect(page.getByRole("alert")).toBeVisible()
	await expectAccessible(page, "a link's password, with a fault")
	await expectNarrow(page, "a link's password")
	await page.getByLabel("Password of the link").fill("sesame")
	await page.keyboard.press("Enter")
	await expect(page.getByLabel("Name")).toBeFocused()
	await expectAccessible(page, "a guest's name")
	await page.goto(`${pathname}${hash}x`)
	await expect(page.getByRole("heading", { name: "This link does not work" })).toBeVisible()
	await expectAccessible(page, "a link that has ended")
	await expectNarrow(page, "a link that has ended")
})

test("axe finds nothing on sharing: the owner's dialog, a viewer's, and asking for access", async ({
	owner,
	member,
	expectConsole,
}) => {
	expectConsole(refused)
	const bo = await member("Bo Berg")
	const cleo = await member("Cleo")
	const id = await createDocument(owner, "Launch plan", "text")
	await call(owner.context, "POST", `/documents/${id}/links`, { role: "viewer", password: "sesame" })

	const asking = await cleo.context.newPage()
	await asking.goto(`/d/${id}`)
	await expect(asking.getByRole("heading", { name: "You have no access to this document" })).toBeVisible()
	await expectAccessible(asking, "asking")
	await expectNarrow(asking, "asking")
	await asking.getByRole("button", { name: "Ask for access" }).click()
	await expect(asking.getByRole("heading", { name: "You have asked" })).toBeFocused()

	const { page } = await owner.open(id)
	await page.getByRole("button", { name: "Share", exact: true }).click()
	const dialog = page.getByRole("dialog", { name: /^Share/ })
	const picker = dialog.getByRole("combobox", { name: "Add people or groups" })
	await expect(picker).toBeFocused()
	await picker.fill("Bo")
	await expect(dialog.getByRole("option", { name: /Bo Berg/ })).toBeVisible()
	await expectAccessible(page, "finding somebody to share with")
	await page.keyboard.press("Enter")
	await dialog.getByRole("button", { name: "Role of Bo Berg: Can edit" }).click()
	await expectAccessible(page, "a role's menu")
	await page.getByRole("menuitemradio", { name: "Can view" }).click()
	await dialog.getByRole("button", { name: /^Change: / }).click()
	await expectAccessible(page, "changing a link")
	await expectNarrow(page, "share dialog")
	await page.keyboard.press("Escape")
	await expect(dialog).toHaveCount(0)

	const theirs = await bo.context.newPage()
	await theirs.goto(`/d/${id}`)
	await theirs.getByRole("button", { name: "Ask to edit" }).click()
	await expect(theirs.getByLabel("You can view. Ask the owner to let you edit:")).toBeVisible()
	await expectAccessible(theirs, "a viewer's dialog")
})
