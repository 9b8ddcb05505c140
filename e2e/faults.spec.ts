import { engine } from "./engines"
import { expect, networkErrors, pass, test } from "./fixtures"
import { DocumentPage, readDownload } from "./pages/document"
import { ownLetters, words } from "./typing"
import { cable, Wire } from "./wire"

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

test("[C2] edits made while offline are counted, sent on return and merged", async ({
	person,
	server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Offline", [{ insert: "middle\n" }])
	const ada = await person("Ada")
	await ada.context.clock.install()
	const plug = await cable(ada.context)
	const [left, right] = [await ada.open(id), await (await person("Bo")).open(id)]
	await plug(false)
	await left.caretToStart()
	await left.type("offline ")
	await right.caretToEnd()
	await right.type(" online")
	await right.expectSaved()
	// The open socket stalls silently: the client's own heartbeat has to notice it (law C5, within 35 s).
	await pass(ada, 5_000, () => expect(left.state).toHaveAttribute("data-state", "offline", { timeout: 500 }))
	await expect(left.state).toContainText(/Offline - \d+ edits? waiting/)
	await plug(true)
	await left.expectLines(["offline middle online"])
	await right.expectLines(["offline middle online"])
	await left.expectSaved()
	expect(await server.text(id)).toBe("offline middle online\n")
})

test("[S5] kill -9 while two people type: nothing shown as saved is lost, nothing is doubled", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Crash")
	const people = [await person("Ada", { at: server }), await person("Bo", { at: server })]
	const pages = await Promise.all(people.map((one) => one.open(id)))
	for (const page of pages) await page.caretToEnd()
	const [left, right] = pages as [DocumentPage, DocumentPage]
	const typed = ["", ""]
	for (let round = 0; round < 3; round++) {
		const texts = pages.map((_, writer) => words(writer, 40, round))
		const typing = Promise.all(pages.map((page, writer) => page.type(texts[writer] as string, 10)))
		await expect(left.state).toHaveAttribute("data-state", "saving")
		await server.stop("SIGKILL")
		const durable = await server.start().then(() => server.text(id))
		await typing
		texts.forEach((text, writer) => {
			typed[writer] += text
		})
		await left.expectSaved()
		await right.expectSaved()
		// What was on disk after the crash is still there, at its place among the rest.
		for (const [writer, all] of typed.entries()) {
			expect(all.startsWith(ownLetters(durable, writer))).toBe(true)
			expect(ownLetters(await server.text(id), writer)).toBe(all)
		}
		await left.expectLines([(await server.text(id)).trimEnd()])
		await right.expectLines(await left.lines())
	}
})

test("a stopped server exits with 0, and what was typed meanwhile is saved on its return", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Stop")
	const page = await (await person("Ada", { at: server })).open(id)
	await page.caretToEnd()
	await page.type("safe")
	await page.expectSaved()
	expect(await server.stop("SIGTERM")).toBe(0)
	await page.expectState("offline")
	await page.type(" and more")
	await expect(page.state).toContainText(/Offline - \d+ edits? waiting/)
	await server.start()
	await page.expectSaved()
	expect(await server.text(id)).toBe("safe and more\n")
})

// That an attempt follows at once where the connection is gone is the client's, shown in client.test.ts.
test("[C5] a page that comes into sight, or hears of a network, asks at once whether it is connected", async ({
	person,
	server,
}) => {
	const id = await server.createDocument("Wake")
	const ada = await person("Ada")
	const wire = await Wire.tap(ada.context)
	const pings = () => wire.sent.filter(({ type }) => type === "ping").length
	const tab = await ada.context.newPage()
	await tab.clock.install()
	await DocumentPage.open(tab, id)
	// Its timers stand still from here on: none of them asks.
	await tab.clock.pauseAt((await tab.evaluate(() => Date.now())) + 1_000)
	for (const event of ["visibilitychange", "online"]) {
		const before = pings()
		await expect
			.poll(async () => {
				await tab.evaluate((name) => (name === "online" ? window : document).dispatchEvent(new Event(name)), event)
				return pings()
			})
			.toBeGreaterThan(before)
	}
})

test("[R7] a restart while two people type: it ends in peace, nothing is lost, nothing is doubled", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Restart")
	const people = [await person("Ada", { at: server }), await person("Bo", { at: server })]
	const pages = await Promise.all(people.map((one) => one.open(id)))
	for (const page of pages) await page.caretToEnd()
	const texts = [words(0, 80, 0), words(1, 80, 0)]
	const typing = Promise.all(pages.map((page, writer) => page.type(texts[writer] as string, 25)))
	await expect.poll(() => server.text(id).then((text) => text.length)).toBeGreaterThan(20)
	expect(await server.stop("SIGTERM")).toBe(0)
	await server.start()
	await typing
	for (const page of pages) await page.expectSaved()
	const saved = await server.text(id)
	for (const [writer, text] of texts.entries()) expect(ownLetters(saved, writer)).toBe(text)
	for (const page of pages) await page.expectLines([saved.trimEnd()])
})

test("[S7] [S9] the server comes back from a backup: what was not saved moves to its text and is saved", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Restored")
	const page = await (await person("Ada", { at: server })).open(id)
	await page.caretToEnd()
	await page.type("in the backup")
	await page.expectSaved()
	const file = server.backup()
	await page.type(", after it")
	await page.expectSaved()
	await server.stop("SIGKILL")
	await page.expectState("offline")
	await page.type(", never sent")
	server.restore(file)
	await server.start()
	await page.expectLines(["in the backup, never sent"])
	await page.expectSaved()
	expect(await server.text(id)).toBe("in the backup, never sent\n")
	await page.page.reload()
	await (await DocumentPage.arrive(page.page)).expectLines(["in the backup, never sent"])
})

test("[L4] a damaged document says so, and what precedes the damage can be downloaded", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	expectConsole(/status of 500/)
	const id = await server.createDocument("Damaged", [{ insert: "whole\n" }])
	const ada = await person("Ada", { at: server })
	const page = await ada.open(id)
	await page.caretToEnd()
	await engine.insert(page.page, " broken")
	await page.expectSaved()
	await page.page.close()
	// A snapshot would hide it, so none is left; the second stop brings the journal into the database.
	await server.stop("SIGKILL")
	await server.start()
	await server.stop("SIGTERM")
	server.damage("broken", "brokem")
	await server.start()
	const late = await (await person("Bo", { at: server })).context.newPage()
	await late.goto(`/d/${id}`)
	await expect(late.getByRole("heading", { name: "This document is damaged" })).toBeVisible()
	const link = late.getByRole("link", { name: "Download what is whole" })
	const download = late.waitForEvent("download")
	await link.click()
	expect(await readDownload(await download)).toEqual({ name: "Damaged.md", content: "whole\n" })
})

test("a guest whose cookie is gone goes on as the same guest", async ({ person, server }) => {
	const id = await server.createDocument("Cookie")
	const ada = await person("Ada")
	const wire = await Wire.tap(ada.context)
	const [left, right] = [await ada.open(id), await (await person("Bo")).open(id)]
	await left.caretToEnd()
	await left.type("before ")
	await left.expectSaved()
	const author = (await server.changes(id)).at(-1)?.author
	expect(author?.name).toBe("Ada")

	await ada.context.clearCookies()
	const welcomes = wire.received.filter((message) => message.type === "welcome").length
	await wire.cut()
	await expect.poll(() => wire.received.filter((message) => message.type === "welcome").length).toBe(welcomes + 1)
	await left.type("after")
	await left.expectSaved()
	await right.expectLines(["before after"])
	expect((await server.changes(id)).at(-1)?.author).toEqual(author)
	await expect(right.person("Ada")).toHaveCount(1)
})
