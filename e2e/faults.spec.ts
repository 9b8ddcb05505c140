import { test as base } from "@playwright/test"
import { expect, test } from "./fixtures"
import { DocumentPage } from "./pages/document"
import { Server } from "./server"

test("a reload finds everything that was shown as saved", async ({ person, server }) => {
	const id = await server.createDocument("Reload")
	const page = await (await person("Ada")).open(id)
	await page.caretToEnd()
	await page.type("kept")
	await page.expectSaved()
	await page.page.reload()
	const again = await DocumentPage.arrive(page.page)
	await again.expectLines(["kept"])
})

test("[C2] edits made while offline are counted, sent on return and merged", async ({ person, server }) => {
	const id = await server.createDocument("Offline", [{ insert: "middle\n" }])
	const ada = await person("Ada")
	const [left, right] = [await ada.open(id), await (await person("Bo")).open(id)]
	await ada.context.setOffline(true)
	await left.caretToStart()
	await left.type("offline ")
	await right.caretToEnd()
	await right.type(" online")
	await right.expectSaved()
	// The open socket stalls silently: the client's own heartbeat has to notice it (law C5, 35 s).
	await expect(left.page.locator(".save-state")).toHaveAttribute("data-state", "offline", { timeout: 40_000 })
	await expect(left.page.locator(".save-state")).toContainText(/waiting/)
	await ada.context.setOffline(false)
	await left.expectLines(["offline middle online"])
	await right.expectLines(["offline middle online"])
	await left.expectSaved()
})

// A server of its own: this test kills it.
base("[S5] kill -9 while two people type loses nothing that was shown as saved", async ({ browser }) => {
	base.setTimeout(90_000)
	const server = await Server.launch()
	try {
		const id = await server.createDocument("Crash")
		const pages: DocumentPage[] = []
		for (let i = 0; i < 2; i++) {
			const context = await browser.newContext({ baseURL: server.url })
			pages.push(await DocumentPage.open(await context.newPage(), id))
		}
		const [left, right] = pages as [DocumentPage, DocumentPage]
		await left.caretToEnd()
		await left.type("before ")
		await left.expectSaved()
		await right.expectLines(["before "])
		await right.caretToEnd()
		for (let round = 0; round < 3; round++) {
			const typing = Promise.all([left.type(`L${round} `.repeat(12), 12), right.type(`R${round} `.repeat(12), 12)])
			await left.page.waitForTimeout(150)
			await server.stop("SIGKILL")
			await server.start()
			await typing
		}
		await left.expectSaved()
		await right.expectSaved()
		await expect.poll(async () => (await left.lines()).join("\n") === (await right.lines()).join("\n")).toBe(true)
		const text = (await left.lines()).join("\n")
		for (const mark of ["L0", "L1", "L2", "R0", "R1", "R2"]) {
			expect(
				text.match(/[LR]\d/g)?.filter((found) => found === mark).length ?? 0,
				`${mark} in ${text}`,
			).toBeLessThanOrEqual(12)
		}
		// Nothing lost, nothing doubled: every single character typed is there once.
		const count = (sign: string) => text.split(sign).length - 1
		expect(count("L")).toBe(36)
		expect(count("R")).toBe(36)
		expect((await server.text(id)).trimEnd()).toBe(text.trimEnd())
	} finally {
		await server.dispose()
	}
})

base("a stopped server asks people to come back and exits with 0", async ({ browser }) => {
	const server = await Server.launch()
	try {
		const id = await server.createDocument("Stop")
		const context = await browser.newContext({ baseURL: server.url })
		const page = await DocumentPage.open(await context.newPage(), id)
		await page.caretToEnd()
		await page.type("safe")
		await page.expectSaved()
		expect(await server.stop("SIGTERM")).toBe(0)
		await page.expectState("offline")
		await page.type(" and more")
		await server.start()
		await page.expectSaved()
		expect((await server.text(id)).trimEnd()).toBe("safe and more")
	} finally {
		await server.dispose()
	}
})
