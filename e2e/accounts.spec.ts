import { engine } from "./engines"
import { networkErrors } from "./fixtures"
import { DocumentPage } from "./pages/document"
import { HomePage } from "./pages/home"
import { call, createDocument, expect, mailOf, PASSWORD, PICTURE, setupLink, signIn, test } from "./team"
import { Wire } from "./wire"

/** What a browser says of a refusal that the page shows in its own words. */
const refused = /status of 40[0-9]|status of 429/

test("first start: the link that the server prints makes its first owner, once", async ({
	closedServer: server,
	visitor,
	expectConsole,
}) => {
	expectConsole(refused)
	const { context } = await visitor("Ada", { at: server })
	const page = await context.newPage()
	await page.goto("/")
	await expect(page.getByText("Nobody owns this server yet.")).toBeVisible()

	await page.goto(await setupLink(server))
	await expect(page.getByRole("heading", { name: "Set up this server" })).toBeVisible()
	await expect(page).toHaveURL(`${server.url}/setup`)
	await page.getByLabel("Name").fill("Ada Lovelace")
	await page.getByLabel("Mail").fill("ada@example.org")
	await page.getByLabel("Password", { exact: true }).fill("short")
	await page.getByRole("button", { name: "Become the owner" }).click()
	await expect(page.getByRole("alert")).toBeVisible()
	await page.getByLabel("Password", { exact: true }).fill(PASSWORD)
	await page.getByRole("button", { name: "Become the owner" }).click()
	await HomePage.arrive(page)
	await expect(page).toHaveURL(`${server.url}/`)
	await page.getByRole("button", { name: "You are Ada Lovelace" }).click()
	await expect(page.getByRole("menuitem", { name: "Administration" })).toBeVisible()

	const late = await (await visitor("Mallory", { at: server })).context.newPage()
	await late.goto(await setupLink(server))
	await expect(late.getByRole("heading", { name: "This link does not work" })).toBeVisible()
	await late.getByRole("button", { name: "Sign in" }).click()
	await expect(late.getByLabel("Mail")).toBeFocused()
})

test("an invitation becomes an account, once", async ({ closedServer: server, owner, visitor, expectConsole }) => {
	expectConsole(refused)
	const admin = await owner.context.newPage()
	await admin.goto("/admin?view=invitations")
	await admin.getByLabel("Mail").fill("bo@example.org")
	await admin.getByRole("button", { name: "Invite" }).click()
	const link = await admin.getByRole("textbox", { name: "Invitation" }).inputValue()
	await expect(admin.getByRole("table", { name: "Open invitations" })).toContainText("bo@example.org")

	const page = await (await visitor("Bo", { at: server })).context.newPage()
	await page.goto(new URL(link).pathname + new URL(link).hash)
	await expect(page).toHaveURL(`${server.url}/invite`)
	await page.getByLabel("Name").fill("Bo Berg")
	await page.getByLabel("Password", { exact: true }).fill(PASSWORD)
	await page.getByRole("button", { name: "Join" }).click()
	const home = await HomePage.arrive(page)
	await home.page.getByRole("button", { name: "New document" }).click()
	await DocumentPage.arrive(page)

	const again = await (await visitor("Mallory", { at: server })).context.newPage()
	await again.goto(new URL(link).pathname + new URL(link).hash)
	await expect(again.getByRole("heading", { name: "This link does not work" })).toBeVisible()
	await expect(again.getByText("ask whoever invited you for another")).toBeVisible()
	await again.reload()
	await expect(again.getByRole("heading", { name: "Open the link again" })).toBeVisible()
})

test("signing in and out; a wrong password is said, and too many say how long to wait", async ({
	closedServer: server,
	member,
	visitor,
	expectConsole,
}) => {
	expectConsole(refused)
	const bo = await member("Bo Berg")
	const id = await createDocument(bo, "Minutes", "text")
	const page = await (await visitor("Bo elsewhere", { at: server })).context.newPage()
	await page.goto(`/d/${id}`)
	await expect(page.getByRole("heading", { name: "Sign in to open this document" })).toBeVisible()
	await page.getByLabel("Mail").fill(bo.mail)
	const password = page.getByLabel("Password", { exact: true })
	await password.fill("not this one")
	await password.press("Enter")
	await expect(page.getByRole("alert")).toContainText("wrong")
	await password.fill(PASSWORD)
	await password.press("Enter")
	await (await DocumentPage.arrive(page)).expectLines(["text"])

	await page.goto("/")
	await HomePage.arrive(page)
	await page.getByRole("button", { name: "You are Bo Berg" }).click()
	await page.getByRole("menuitem", { name: "Sign out" }).click()
	await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible()
	await page.getByLabel("Mail").fill(mailOf("Nobody"))
	await expect(async () => {
		await password.fill("guessing")
		await password.press("Enter")
		await expect(page.getByRole("alert")).toContainText(/Too many attempts. Try again in \d+ (second|minute)/, {
			timeout: 500,
		})
	}).toPass()
})

test("[S9] signed out everywhere while writing: the page says so, and what was typed goes out after signing in again", async ({
	closedServer: server,
	member,
	visitor,
	expectConsole,
}) => {
	expectConsole(refused)
	expectConsole(networkErrors)
	const bo = await member("Bo Berg")
	const id = await createDocument(bo, "Minutes")
	const elsewhere = await visitor("Bo at work", { at: server })
	await signIn(elsewhere.context, bo.mail)
	const wire = await Wire.tap(elsewhere.context)
	const doc = await elsewhere.open(id)
	await doc.caretToEnd()
	await doc.type("saved")
	await doc.expectSaved()
	wire.onSend = (message) => (message.type === "submit" ? null : message)
	await engine.insert(doc.page, ", waiting")
	await doc.expectState("saving")

	const profile = await bo.context.newPage()
	await profile.goto("/profile")
	const logins = profile.getByRole("list", { name: "Browsers you are signed in with" }).getByRole("listitem")
	await expect(logins).toHaveCount(2)
	await profile.getByRole("button", { name: "Sign out everywhere else" }).click()
	await expect(logins).toHaveCount(1)
	await doc.expectState("failed")
	await expect(doc.state).toContainText("You are signed out - 1 edit waiting")
	await doc.expectLines(["saved, waiting"])
	wire.onSend = (message) => message

	await doc.page.getByRole("button", { name: "Sign in" }).click()
	const dialog = doc.page.getByRole("dialog", { name: "Sign in again" })
	await dialog.getByLabel("Mail").fill(bo.mail)
	await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD)
	await dialog.getByRole("button", { name: "Sign in" }).click()
	await expect(dialog).toHaveCount(0)
	await doc.expectSaved()
	await doc.caretToEnd()
	await doc.type(" and after")
	await doc.expectSaved()
	const other = await bo.open(id)
	await other.expectLines(["saved, waiting and after"])
})

test("profile: name, colour and picture, and another password", async ({ member, expectConsole }) => {
	expectConsole(refused)
	const bo = await member("Bo Berg")
	const page = await bo.context.newPage()
	await page.goto("/profile")
	await page.getByLabel("Name").fill("Bo B.")
	await page.getByRole("radio", { name: "Magenta" }).check()
	await page.getByRole("button", { name: "Save" }).click()
	await expect(page.getByRole("region", { name: "Notice" })).toContainText("Your profile is changed")
	const picture = { name: "me.png", mimeType: "image/png", buffer: PICTURE }
	await page.getByLabel("Picture", { exact: true }).setInputFiles(picture)
	await expect(page.locator(".profile-picture img")).toBeVisible()

	await page.getByLabel("Password now").fill("not this one")
	await page.getByLabel("New password").fill("another sturdy heron")
	await page.getByRole("button", { name: "Change password" }).click()
	await expect(page.getByText("That is not your current password.")).toBeVisible()
	await page.getByLabel("Password now").fill(PASSWORD)
	await page.getByRole("button", { name: "Change password" }).click()
	await expect(page.getByRole("region", { name: "Notice" })).toContainText("Your password is changed")
})

test("a forgotten password: a link from an administrator sets a new one and signs in", async ({
	closedServer: server,
	owner,
	member,
	visitor,
	expectConsole,
}) => {
	expectConsole(refused)
	const bo = await member("Bo Berg")
	const { url } = await call<{ url: string }>(owner.context, "POST", `/users/${bo.id}/reset`)
	const page = await (await visitor("Bo anew", { at: server })).context.newPage()
	await page.goto("/")
	await page.getByRole("button", { name: "Forgot your password?" }).click()
	await expect(page.getByText("Ask somebody who administers it")).toBeVisible()
	await page.goto(new URL(url).pathname + new URL(url).hash)
	await expect(page.getByRole("heading", { name: "Set a new password" })).toBeVisible()
	await page.getByLabel("New password").fill("a brand new heron sings")
	await page.getByRole("button", { name: "Set password and sign in" }).click()
	await HomePage.arrive(page)
	await expect(page.getByRole("button", { name: "You are Bo Berg" })).toBeVisible()
})

test("an API token is shown once, acts as its maker and can be revoked", async ({ member, closedServer: server }) => {
	const bo = await member("Bo Berg")
	const page = await bo.context.newPage()
	await page.goto("/profile")
	await page.getByRole("button", { name: "New token" }).click()
	await page.getByLabel("What is it for?").fill("Nightly export")
	await page.getByLabel("Highest role").selectOption("viewer")
	await page.getByRole("button", { name: "Make token" }).click()
	const token = await page.getByRole("textbox", { name: "Token Nightly export" }).inputValue()
	const asked = () => fetch(`${server.url}/api/me`, { headers: { Authorization: `Bearer ${token}` } })
	expect((await (await asked()).json()).name).toBe("Bo Berg")
	await page.reload()
	await expect(page.getByRole("textbox", { name: /^Token/ })).toHaveCount(0)
	await page.getByRole("button", { name: "Revoke Nightly export" }).click()
	await expect(page.getByRole("button", { name: "Revoke Nightly export" })).toHaveCount(0)
	expect((await asked()).status).toBe(401)
})
