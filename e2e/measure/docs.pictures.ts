import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Page } from "@playwright/test"
import { DocumentPage } from "../pages/document"
import { HomePage } from "../pages/home"
import { call, createDocument, expect, type Member, test } from "../team"
import { LAUNCH_PLAN, OTHERS } from "./scene"

const folder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "docs/images")
const MOST = 90_000 // bytes of a picture

const LOOKS = {
	light: { colorScheme: "light", viewport: { width: 1280, height: 800 } },
	dark: { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
	phone: { colorScheme: "light", viewport: { width: 390, height: 844 } },
} as const

/** Writes the page as it stands, in light, in dark and as on a phone, as WebP: the browser itself makes it small. */
async function draw(page: Page, name: string): Promise<void> {
	mkdirSync(folder, { recursive: true })
	for (const [look, { colorScheme, viewport }] of Object.entries(LOOKS)) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
		await page.setViewportSize(viewport)
		const png = await page.screenshot({ animations: "disabled", caret: "hide" })
		const other = await page.context().newPage()
		const webp = await other.evaluate(async (base64) => {
			const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
			const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }))
			const canvas = new OffscreenCanvas(image.width, image.height)
			canvas.getContext("2d")?.drawImage(image, 0, 0)
			const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.9 })
			const drawn = new Uint8Array(await blob.arrayBuffer())
			return btoa(Array.from(drawn, (byte) => String.fromCharCode(byte)).join(""))
		}, png.toString("base64"))
		await other.close()
		const picture = Buffer.from(webp, "base64")
		expect(picture.length, `${name}-${look}`).toBeLessThan(MOST)
		writeFileSync(join(folder, `${name}-${look}.webp`), picture)
	}
}

test("the pictures of the documentation", async ({ closedServer: server, owner: ada, member, expectConsole }) => {
	expectConsole(/./)
	const lin = await member("Lin Chen", "admin")
	const team = new Map<string, Member>()
	for (const name of ["Marta Silva", "Omar Haddad"]) team.set(name, await member(name))
	team.set(lin.name, lin)
	const editorial = await call<{ id: string }>(ada.context, "POST", "/groups", { name: "Editorial" })
	for (const { id } of team.values()) await call(ada.context, "PUT", `/groups/${editorial.id}/members/${id}`)
	for (const [title, name] of OTHERS) {
		const by = team.get(name) as Member
		const id = await createDocument(by, title, "x")
		await call(by.context, "PUT", `/documents/${id}/grants/user/${ada.id}`, { role: "editor" })
	}
	const { id } = await call<{ id: string }>(ada.context, "POST", "/documents", {
		title: "Launch plan",
		content: LAUNCH_PLAN,
	})
	await call(ada.context, "PUT", `/documents/${id}/grants/group/${editorial.id}`, { role: "viewer" })
	for (const { id: who } of team.values())
		await call(ada.context, "PUT", `/documents/${id}/grants/user/${who}`, { role: "editor" })

	const theirs = await lin.open(id)
	const page = await ada.context.newPage()
	const mine = await DocumentPage.open(page, id)
	await theirs.text.getByText("Help pages").click()
	await theirs.press("End")
	await theirs.type(", Portuguese first")
	await theirs.expectSaved()
	await expect(mine.text).toContainText("Portuguese first")
	await expect(mine.carets).toHaveCount(1)
	await draw(page, "document")

	await HomePage.open(page)
	await expect(page.getByRole("img", { name: /Lin Chen/ })).toBeVisible()
	await draw(page, "home")

	await call(ada.context, "POST", `/documents/${id}/links`, {
		role: "viewer",
		expiresAt: new Date(Date.now() + 7 * 86_400_000).toISOString(),
		password: "sesame",
	})
	await mine.page.goto(`/d/${id}`)
	await DocumentPage.arrive(page)
	await page.getByRole("button", { name: "Share", exact: true }).click()
	const address = page.getByRole("textbox", { name: "Link to this document" })
	await expect(address).toBeVisible()
	// The port is another each time.
	await address.evaluate((field, shown) => {
		;(field as HTMLInputElement).value = shown
	}, `https://write.example.org/d/${id}`)
	await draw(page, "share")

	await page.goto("/admin")
	await expect(page.getByRole("table", { name: "People" })).toContainText("Omar Haddad")
	await draw(page, "administration")
	expect(server.log).not.toContain("panic")
})
