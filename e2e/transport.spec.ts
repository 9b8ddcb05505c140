import type { BrowserContext } from "@playwright/test"
import { expect, networkErrors, pass, test } from "./fixtures"
import { DocumentPage } from "./pages/document"
import { ownLetters, words } from "./typing"

/** What a browser says by itself when its WebSockets do not get through. */
const blockedErrors = /WebSocket connection to/

/** A network in front of one browser that lets HTTP pass and, while told to, no WebSocket. */
class Gate {
	shut = false
	/** WebSocket connections that got through. */
	passed = 0
	/** Polls that were begun, and those that were answered. */
	begun = 0
	polled = 0
	private readonly open = new Set<() => Promise<void>>()

	static async before(context: BrowserContext): Promise<Gate> {
		const gate = new Gate()
		await context.routeWebSocket(/\/socket$/, (page) => {
			if (gate.shut) {
				void page.close({ code: 3000, reason: "no WebSocket here" })
				return
			}
			gate.passed++
			const server = page.connectToServer()
			gate.open.add(async () => {
				await server.close()
				await page.close({ code: 3000, reason: "no WebSocket here" })
			})
		})
		context.on("request", (request) => {
			if (request.url().endsWith("/poll")) gate.begun++
		})
		context.on("response", (response) => {
			if (response.url().endsWith("/poll")) gate.polled++
		})
		return gate
	}

	/** From now on no WebSocket passes, and those that are open break. */
	async close(): Promise<void> {
		this.shut = true
		for (const cut of this.open) await cut()
		this.open.clear()
	}
}

test("[P4] where WebSocket is blocked from the start, two people write together", async ({
	person,
	server,
	expectConsole,
}) => {
	expectConsole(blockedErrors)
	const id = await server.createDocument("Blocked")
	const [ada, bo] = [await person("Ada"), await person("Bo")]
	const gates = [await Gate.before(ada.context), await Gate.before(bo.context)]
	for (const gate of gates) gate.shut = true
	const pages = [await ada.open(id), await bo.open(id)] as const
	for (const page of pages) await page.caretToEnd()
	const texts = [words(0, 60, 0), words(1, 60, 0)]
	await Promise.all(pages.map((page, writer) => page.type(texts[writer] as string, 20)))
	for (const page of pages) await page.expectSaved()
	const saved = await server.text(id)
	for (const [writer, text] of texts.entries()) expect(ownLetters(saved, writer)).toBe(text)
	for (const page of pages) await page.expectLines([saved.trimEnd()])
	await expect(pages[0].person("Bo")).toHaveCount(1)
	for (const gate of gates) {
		expect(gate.passed).toBe(0)
		expect(gate.polled).toBeGreaterThan(5)
	}
})

test("[P4] WebSocket blocked in the middle, and allowed again: nothing is lost, nothing is doubled", async ({
	person,
	server,
	expectConsole,
}) => {
	test.setTimeout(300_000)
	expectConsole(networkErrors)
	// The gate closes the socket under the page, which learns of it a moment later.
	expectConsole(/WebSocket is already in CLOSING or CLOSED state/)
	const id = await server.createDocument("Between")
	const [ada, bo] = [await person("Ada"), await person("Bo")]
	await ada.context.clock.install()
	const gate = await Gate.before(ada.context)
	const pages = [await ada.open(id), await bo.open(id)] as const
	for (const page of pages) await page.caretToEnd()
	const texts = [words(0, 120, 0), words(1, 120, 0)]
	const typing = Promise.all(pages.map((page, writer) => page.type(texts[writer] as string, 30)))
	await expect.poll(() => server.text(id).then((text) => text.length)).toBeGreaterThan(20)
	expect(gate.passed).toBe(1)
	await gate.close()
	await typing
	for (const page of pages) await page.expectSaved()
	expect(gate.polled).toBeGreaterThan(0)
	// The way back is looked for after half a minute.
	gate.shut = false
	await pass(ada, 10_000, () => expect.poll(() => gate.passed, { timeout: 2_000 }).toBe(2))
	await pages[0].type("!")
	for (const page of pages) await page.expectSaved()
	const saved = await server.text(id)
	expect(saved.split("!")).toHaveLength(2)
	for (const [writer, text] of texts.entries()) expect(ownLetters(saved, writer)).toBe(text)
	for (const page of pages) await page.expectLines([saved.trimEnd()])
	// The last polls may still be on their way; then there is none any more.
	await expect(async () => {
		const { begun } = gate
		await pages[0].type("?")
		await pages[0].expectSaved()
		expect(gate.begun).toBe(begun)
	}).toPass()
})

test("[P4] eight tabs of one browser without WebSocket, over HTTP/1.1: each is open, saves, and hears the others", async ({
	person,
	server,
	expectConsole,
}) => {
	test.setTimeout(300_000)
	expectConsole(blockedErrors)
	const id = await server.createDocument("Many tabs")
	const ada = await person("Ada")
	const gate = await Gate.before(ada.context)
	gate.shut = true
	const hidden: DocumentPage[] = []
	for (let tab = 0; tab < 7; tab++) {
		const page = await ada.context.newPage()
		// Every tab of a headless browser is in sight; of a person's window one is.
		await page.addInitScript(() => Object.defineProperty(document, "visibilityState", { get: () => "hidden" }))
		hidden.push(await DocumentPage.open(page, id))
	}
	const front = await ada.open(id)
	await front.caretToEnd()
	await front.type("front ")
	await front.expectSaved()
	const last = hidden.at(-1) as DocumentPage
	await last.expectLines(["front "])
	await last.caretToEnd()
	await last.type("back")
	await last.expectSaved()
	await front.expectLines(["front back"])
	for (const page of hidden) await expect.poll(() => page.lines(), { timeout: 60_000 }).toEqual(["front back"])
	expect(gate.passed).toBe(0)
})
