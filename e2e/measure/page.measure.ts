import { type Browser, expect, type Page, test } from "@playwright/test"
import { DocumentPage } from "../pages/document"
import { Server } from "../server"
import type { Figure } from "./table"

const KEYSTROKES = 240
const BETWEEN = 60 // ms; a fast typist
const LOADS = 7

let server: Server
test.beforeAll(async () => {
	server = await Server.launch()
})
test.afterAll(async () => {
	await server.dispose()
})

/** The value below which this share of the sorted samples lies. */
function percentile(samples: readonly number[], share: number): number {
	const sorted = [...samples].sort((a, b) => a - b)
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function report(figures: readonly Figure[]): void {
	test.info().annotations.push(...figures.map((figure) => ({ type: "figure", description: JSON.stringify(figure) })))
}

const ms = (value: number) => `${value.toFixed(1)} ms`

test("keystroke to the other browser's screen", async ({ browser }) => {
	const id = await server.createDocument("Latency", [{ insert: "One line to write in.\n" }])
	const [writer, reader] = [await open(browser, id), await open(browser, id)]
	await writer.caretToEnd()
	await writer.type(" ")
	await reader.expectLines(["One line to write in. "])

	// Both pages note times since 1970: at the key event, when the text is in the DOM, and after the frame that shows it.
	await writer.page.evaluate(() => {
		const keys: number[] = []
		Object.assign(window, { keys })
		addEventListener("keydown", (event) => keys.push(performance.timeOrigin + event.timeStamp), true)
	})
	await reader.text.evaluate((text) => {
		const now = () => performance.timeOrigin + performance.now()
		const read = () => text.querySelector(".line")?.textContent?.split("~").length ?? 1
		const inDom: number[] = []
		const onScreen: number[] = []
		Object.assign(window, { inDom, onScreen })
		new MutationObserver(() => {
			const at = now()
			const count = read() - 1
			const first = inDom.length
			for (let i = first; i < count; i++) inDom.push(at)
			if (count <= first) return
			requestAnimationFrame(() => {
				const painted = new MessageChannel()
				painted.port1.onmessage = () => {
					const shown = now()
					for (let i = onScreen.length; i < count; i++) onScreen.push(shown)
				}
				painted.port2.postMessage(null)
			})
		}).observe(text, { childList: true, characterData: true, subtree: true })
	})
	for (let i = 0; i < KEYSTROKES; i++) {
		await writer.page.keyboard.press("~")
		await writer.page.waitForTimeout(BETWEEN)
	}
	const noted = (page: Page, name: string) => page.evaluate((key) => Reflect.get(window, key) as number[], name)
	await expect.poll(async () => (await noted(reader.page, "onScreen")).length).toBe(KEYSTROKES)
	const keys = await noted(writer.page, "keys")
	expect(keys).toHaveLength(KEYSTROKES)
	const since = (times: number[]) => times.map((time, i) => time - (keys[i] ?? Number.NaN))
	const inDom = since(await noted(reader.page, "inDom"))
	const onScreen = since(await noted(reader.page, "onScreen"))
	report([
		{ what: "keystroke to the other browser's text, p50", value: ms(percentile(inDom, 0.5)), target: "" },
		{ what: "keystroke to the other browser's text, p95", value: ms(percentile(inDom, 0.95)), target: "" },
		{ what: "keystroke to the other browser's screen, p50", value: ms(percentile(onScreen, 0.5)), target: "≤ 30 ms" },
		{ what: "keystroke to the other browser's screen, p95", value: ms(percentile(onScreen, 0.95)), target: "" },
	])
})

test("page interactive", async ({ browser }) => {
	const id = await server.createDocument("Interactive", [{ insert: "Text\n" }])
	const cold: number[] = []
	const warm: number[] = []
	const list: number[] = []
	for (let i = 0; i < LOADS; i++) {
		const context = await browser.newContext({ baseURL: server.url })
		await context.addInitScript(() => {
			const look = () => {
				const text = document.querySelector(".ProseMirror[contenteditable=true]")
				const ready = text ? document.activeElement === text : document.querySelector("a.row-link")
				if (ready) Object.assign(window, { interactiveAt: performance.now() })
				else requestAnimationFrame(look)
			}
			look()
		})
		const page = await context.newPage()
		const time = async (path: string) => {
			await page.goto(path)
			await page.waitForFunction(() => "interactiveAt" in window)
			return await page.evaluate(() => Reflect.get(window, "interactiveAt") as number)
		}
		cold.push(await time(`/d/${id}`))
		// It is no lie: a key pressed now is written.
		await page.keyboard.press("x")
		await expect(page.locator(".ProseMirror")).toContainText("x")
		warm.push(await time(`/d/${id}`))
		list.push(await time("/"))
		await context.close()
	}
	report([
		{
			what: "document page, first visit, to the first key that writes",
			value: ms(percentile(cold, 0.5)),
			target: "≤ 1 s",
		},
		{ what: "document page, again", value: ms(percentile(warm, 0.5)), target: "" },
		{ what: "home page, again, to the list", value: ms(percentile(list, 0.5)), target: "" },
	])
})

test("10,000 missed changes", async ({ browser }) => {
	const MISSED = 10_000
	test.setTimeout(300_000)
	const id = await server.createDocument("Missed", [{ insert: "base\n" }])
	const people: { who: string; page: DocumentPage; network: { away: boolean; cut(): Promise<void> } }[] = []
	for (const who of ["a reader", "with an edit of one's own"]) {
		const network = { away: false, cut: async () => {} }
		const context = await browser.newContext({ baseURL: server.url })
		await context.routeWebSocket(/\/socket$/, (socket) => {
			if (network.away) return void socket.close({ code: 1001 })
			const far = socket.connectToServer()
			network.cut = async () => {
				network.away = true
				await far.close()
				await socket.close({ code: 1001 })
			}
		})
		await context.route(/\/poll$/, (route) => (network.away ? route.abort() : route.continue()))
		const page = await DocumentPage.open(await context.newPage(), id)
		await page.caretToEnd()
		people.push({ who, page, network })
	}
	for (const { network } of people) await network.cut()
	for (const { page } of people) await page.expectState("offline")
	await people[1]?.page.type(" mine")
	for (let done = 0; done < MISSED; done += 50) {
		const some = Array.from({ length: 50 }, async () => {
			const response = await fetch(`${server.url}/api/documents/${id}/changes`, {
				method: "POST",
				headers: { "Content-Type": "application/json" },
				body: JSON.stringify({ delta: [{ insert: "x" }], onConflict: "rebase" }),
			})
			if (!response.ok) throw new Error(`write: ${response.status} ${await response.text()}`)
		})
		await Promise.all(some)
	}
	for (const { who, page, network } of people) {
		network.away = false
		// From the attempt that succeeds: what was waited for before is the backoff's.
		const took = await page.text.evaluate(
			(text, missed) =>
				new Promise<number>((resolve) => {
					const began = performance.now()
					const look = () => {
						if ((text.textContent?.length ?? 0) >= missed) resolve(performance.now() - began)
						else requestAnimationFrame(look)
					}
					look()
					dispatchEvent(new Event("online"))
				}),
			MISSED,
		)
		await page.expectSaved()
		report([{ what: `10,000 missed changes in view, ${who}`, value: ms(took), target: "≤ 1 s" }])
	}
	expect(await server.text(id)).toBe(`${"x".repeat(MISSED)}base mine\n`)
})

async function open(browser: Browser, id: string): Promise<DocumentPage> {
	const context = await browser.newContext({ baseURL: server.url })
	return await DocumentPage.open(await context.newPage(), id)
}
