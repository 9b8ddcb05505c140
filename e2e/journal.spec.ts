import { engine } from "./engines"
import { expect, networkErrors, test } from "./fixtures"
import type { DocumentPage } from "./pages/document"
import type { Server } from "./server"
import { unsavedText } from "./unsaved"
import { cable } from "./wire"

/** Waits until the page can be opened offline: the service worker has its files. */
async function installed(page: DocumentPage): Promise<void> {
	await page.page.evaluate(async () => {
		await navigator.serviceWorker.ready
	})
}

/** Waits until the journal holds text that is not saved. */
async function journaled(page: DocumentPage, text: string): Promise<void> {
	await expect.poll(() => page.page.evaluate(unsavedText)).toContain(text)
}

/** Writes many changes as somebody who has no browser. */
async function writeMany(server: Server, id: string, count: number): Promise<void> {
	for (let done = 0; done < count; done += 20) {
		const twenty = Array.from({ length: Math.min(20, count - done) }, async () => {
			const response = await fetch(`${server.url}/api/documents/${id}/changes`, {
				method: "POST",
				headers: { "Content-Type": "application/json" },
				body: JSON.stringify({ delta: [{ insert: "x" }], onConflict: "rebase" }),
			})
			if (!response.ok) throw new Error(`write: ${response.status} ${await response.text()}`)
		})
		await Promise.all(twenty)
	}
}

test("[C3] typed offline, reloaded offline: the page opens, the text is there unsaved, and is saved on return", async ({
	person,
	server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Train", [{ insert: "seen online\n" }])
	const ada = await person("Ada")
	const plug = await cable(ada.context)
	const page = await ada.open(id)
	await installed(page)
	await plug(false)
	await page.caretToEnd()
	await page.type(", typed offline")
	await journaled(page, "typed offline")

	await page.page.reload()
	await page.expectLines(["seen online, typed offline"])
	await expect(page.state).toHaveAttribute("data-state", "offline")
	await expect(page.state).toContainText(/Offline - \d+ edits? waiting/)
	await expect(page.title).toHaveValue("Train")
	// It goes on as a document like any other.
	await page.caretToEnd()
	await page.type(", and more")
	await journaled(page, "and more")
	await page.page.reload()
	await page.expectLines(["seen online, typed offline, and more"])

	await plug(true)
	await page.expectSaved()
	expect(await server.text(id)).toBe("seen online, typed offline, and more\n")
	await expect.poll(() => page.page.evaluate(unsavedText)).toBe("")
})

test("[C3] [S2] tab closed with unsaved text, server killed meanwhile: on return it is there once", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Closed", [{ insert: "start\n" }])
	const page = await (await person("Ada", { at: server })).open(id)
	await page.caretToEnd()
	await page.type(" saved")
	await page.expectSaved()
	// Every key press may be in flight, sent or stored when the server dies.
	const typing = page.type(" in flight and after", 5)
	await expect(page.state).toHaveAttribute("data-state", "saving")
	await server.stop("SIGKILL")
	await typing
	await journaled(page, "after")
	await page.page.goto("about:blank")

	await server.start()
	const other = await (await person("Bo", { at: server })).open(id)
	await other.caretToStart()
	await other.type("Bo: ")
	await other.expectSaved()
	await page.page.goto(`/d/${id}`)
	await page.expectLines(["Bo: start saved in flight and after"])
	await page.expectSaved()
	expect(await server.text(id)).toBe("Bo: start saved in flight and after\n")
})

test("[C3] a tab that crashes leaves its text to the one beside it, and the other way round", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Tabs")
	const ada = await person("Ada", { at: server })
	const [left, right] = [await ada.open(id), await ada.open(id)]
	await left.caretToEnd()
	await left.type("left ")
	await right.expectLines(["left "])
	await server.stop("SIGKILL")
	await right.caretToEnd()
	await right.type("right ")
	await journaled(right, "right ")
	await engine.crash(right.page)
	await server.start()
	await left.page.bringToFront()
	await left.expectLines(["left right "])
	await left.expectSaved()
	expect(await server.text(id)).toBe("left right \n")

	const third = await ada.open(id)
	await server.stop("SIGKILL")
	await left.caretToEnd()
	await left.type("again")
	await journaled(left, "again")
	await engine.crash(left.page)
	await server.start()
	await third.expectLines(["left right again"])
	await third.expectSaved()
	expect(await server.text(id)).toBe("left right again\n")
})

test("[C3] a tab crashed with its server away, then the page opened with no server at all: the text is there", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Alone", [{ insert: "old\n" }])
	const ada = await person("Ada", { at: server })
	const [page, spare] = [await ada.open(id), await ada.open(id)]
	await installed(page)
	await spare.page.goto("about:blank")
	await server.stop("SIGKILL")
	await page.caretToEnd()
	await page.type(" new")
	await journaled(page, "new")
	await engine.crash(page.page)
	await spare.page.goto(`/d/${id}`)
	await spare.expectLines(["old new"])
	await expect(spare.state).toContainText("Offline - ")
	await server.start()
	await spare.expectSaved()
	expect(await server.text(id)).toBe("old new\n")
})

test("[C3] a base thousands of revisions behind still merges", async ({ person, server, expectConsole }) => {
	test.setTimeout(300_000)
	expectConsole(networkErrors)
	const id = await server.createDocument("Behind", [{ insert: "base\n" }])
	const ada = await person("Ada")
	const plug = await cable(ada.context)
	const page = await ada.open(id)
	await installed(page)
	await plug(false)
	await page.caretToEnd()
	await page.type(" and mine")
	await journaled(page, "mine")
	await page.page.goto("about:blank")
	await writeMany(server, id, 3_000)
	await plug(true)
	await page.page.goto(`/d/${id}`)
	await page.expectLines([`${"x".repeat(3_000)}base and mine`])
	await page.expectSaved()
	expect(await server.text(id)).toBe(`${"x".repeat(3_000)}base and mine\n`)
})

test("[C3] a browser that denies storage is told of, and everything else works", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	expectConsole(networkErrors)
	const id = await server.createDocument("Private")
	const ada = await person("Ada", { at: server })
	await ada.context.addInitScript(() => {
		IDBFactory.prototype.open = () => {
			throw new DOMException("denied", "SecurityError")
		}
	})
	const page = await ada.open(id)
	await page.caretToEnd()
	await page.type("works")
	await page.expectSaved()
	await server.stop("SIGKILL")
	await page.type(" still")
	await expect(page.state).toContainText("keep this tab open")
	await server.start()
	await page.expectSaved()
	expect(await server.text(id)).toBe("works still\n")
})

test("[C3] a browser whose storage is full is told of, until there is room again", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	test.skip(engine.name !== "chromium", "only Chromium can be told how much room it has")
	expectConsole(networkErrors)
	const id = await server.createDocument("Full")
	const page = await (await person("Ada", { at: server })).open(id)
	const browser = await page.page.context().newCDPSession(page.page)
	await browser.send("Storage.overrideQuotaForOrigin", { origin: server.url, quotaSize: 1 })
	await page.caretToEnd()
	await page.type("works")
	await page.expectSaved()
	await server.stop("SIGKILL")
	await page.type(" still")
	await expect(page.state).toContainText("keep this tab open")
	await browser.send("Storage.overrideQuotaForOrigin", { origin: server.url })
	await page.type(" and again")
	await journaled(page, "again")
	await expect(page.state).not.toContainText("keep this tab open")
	await server.start()
	await page.expectSaved()
	expect(await server.text(id)).toBe("works still and again\n")
})
