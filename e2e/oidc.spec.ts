import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { HomePage } from "./pages/home"
import { Provider } from "./provider"
import { Server } from "./server"
import { call, createDocument, expect, PASSWORD, signIn, test } from "./team"

test.describe("signing in by a provider", () => {
	let provider: Provider
	let server: Server
	let folder: string
	let options: readonly string[]

	test.beforeAll(async () => {
		provider = await Provider.serve()
		folder = mkdtempSync(join(tmpdir(), "coscribe-oidc-"))
		writeFileSync(join(folder, "secret"), provider.secret, { mode: 0o600 })
		writeFileSync(join(folder, "password"), PASSWORD, { mode: 0o600 })
		options = Object.entries({
			"--public-url": "{url}",
			"--owner-mail": "ada@example.org",
			"--owner-name": "Ada",
			"--owner-password-file": join(folder, "password"),
			"--oidc-issuer": provider.issuer,
			"--oidc-client-id": provider.clientID,
			"--oidc-client-secret-file": join(folder, "secret"),
			"--oidc-name": "Example",
		}).flat()
		server = await Server.launch("link", ...options)
	})

	test.afterAll(async () => {
		await server.dispose()
		provider.close()
		rmSync(folder, { recursive: true, force: true })
	})

	test("a first sign-in makes an account, the next finds it, and one comes back to where one was", async ({
		visitor,
		expectConsole,
	}) => {
		expectConsole(/status of 40[0-9]/)
		for (const _ of ["first", "again"]) {
			const page = await (await visitor("Cleo", { at: server })).context.newPage()
			await page.goto("/profile")
			await page.getByRole("link", { name: "Sign in with Example" }).click()
			await page.getByRole("link", { name: "Continue" }).click()
			await expect(page).toHaveURL(`${server.url}/profile`)
			await expect(page.getByLabel("Name").first()).toHaveValue("Cleo Clark")
			// The one way in is not given up.
			const linked = page.getByRole("list", { name: "Accounts that sign in to this one" })
			await linked.getByRole("button", { name: /^Unlink/ }).click()
			await expect(page.getByRole("region", { name: "Notice" })).toContainText("Nothing else signs in")
			await expect(linked.getByRole("listitem")).toHaveCount(1)
			await page.goto("/")
			const home = await HomePage.arrive(page)
			await expect(home.page.getByRole("button", { name: "You are Cleo Clark" })).toBeVisible()
		}
	})

	test("who cancels at the provider is told what to do, and is not signed in", async ({ visitor, expectConsole }) => {
		expectConsole(/status of 40[0-9]/)
		const page = await (await visitor("Dan", { at: server })).context.newPage()
		await page.goto("/")
		await page.getByRole("link", { name: "Sign in with Example" }).click()
		await page.getByRole("link", { name: "Cancel" }).click()
		await expect(page.getByRole("alert")).toContainText("Begin again here")
		await expect(page).toHaveURL(`${server.url}/signin`)
		await expect(page.getByLabel("Mail")).toBeVisible()
	})

	test("[ASVS 10.5.2] a mail address alone gives nobody's account away", async ({ visitor, expectConsole }) => {
		expectConsole(/status of 40[0-9]/)
		const before = provider.person
		provider.person = { sub: "mallory", name: "Mallory", email: "ada@example.org" }
		const page = await (await visitor("Mallory", { at: server })).context.newPage()
		await page.goto("/")
		await page.getByRole("link", { name: "Sign in with Example" }).click()
		await page.getByRole("link", { name: "Continue" }).click()
		await expect(page.getByRole("alert")).toContainText("An account here has your mail address")
		provider.person = before
	})

	test("a share link for members only waits until its reader is back from the provider, and is in no address", async ({
		stage,
		visitor,
		expectConsole,
	}) => {
		expectConsole(/status of 40[0-9]/)
		const closed = await Server.launch("members", ...options)
		const owner = await visitor("Ada", { at: closed })
		await signIn(owner.context, "ada@example.org")
		const id = await createDocument(owner, "For members", "Hello")
		const { url } = await call<{ url: string }>(owner.context, "POST", `/documents/${id}/links`, { role: "viewer" })
		const page = await (await visitor("Cleo", { at: closed })).context.newPage()
		const visited: string[] = []
		page.on("request", (request) => visited.push(request.url()))
		await page.goto(url)
		await page.getByRole("link", { name: "Sign in with Example" }).click()
		await page.getByRole("link", { name: "Continue" }).click()
		await expect(page).toHaveURL(`${closed.url}/d/${id}`)
		await expect(page.getByRole("textbox", { name: "For members" }).or(page.getByText("Hello"))).toBeVisible()
		const secret = url.split("#")[1] ?? "?"
		expect(visited.filter((address) => address.replace(/#.*/, "").includes(secret))).toEqual([])
		expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
		await stage.empty()
		await closed.dispose()
	})
})
