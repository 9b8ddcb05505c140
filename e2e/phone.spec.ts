import type { BrowserContextOptions, Locator, Page } from "@playwright/test"
import { engine } from "./engines"
import { everything } from "./everything"
import { expect, networkErrors, test } from "./fixtures"
import { DocumentPage } from "./pages/document"

const phone: BrowserContextOptions = {
	viewport: { width: 390, height: 844 },
	isMobile: true,
	hasTouch: true,
	deviceScaleFactor: 2,
}

/** Nothing is wider than the screen, so nothing has to be pushed aside to be read (WCAG 1.4.10). */
async function expectNoSidewaysScroll(page: Page, what: string): Promise<void> {
	const wider = await page.evaluate(() => {
		const root = document.documentElement
		return { by: Math.max(root.scrollWidth, document.body.scrollWidth) - root.clientWidth, scrolled: scrollX }
	})
	expect(wider, what).toEqual({ by: 0, scrolled: 0 })
}

/** Everything one can press, except words within the text, is big enough for a finger, and every field for an iPhone not to zoom in on it. */
async function expectTargets(page: Page, what: string): Promise<void> {
	const small = await page.evaluate(() => {
		const targets = document.querySelectorAll<HTMLElement>(
			"button, a[href], input:not([type=radio]), select, textarea, [role^=menuitem], [role=option], label.swatch",
		)
		return Array.from(targets).flatMap((target) => {
			const box = target.getBoundingClientRect()
			const seen = target.checkVisibility() && box.width > 2 && box.bottom > 0 && box.top < innerHeight
			if (!seen || target.closest(".ProseMirror")) return []
			// What is hit 21 px from the middle counts, not what is drawn: labels and invisible rims enlarge a target.
			const [x, y] = [box.left + box.width / 2, box.top + box.height / 2]
			const own = target.closest("label") ?? target
			const hits = (dx: number, dy: number) => own.contains(document.elementFromPoint(x + dx, y + dy))
			const font = Number.parseFloat(getComputedStyle(target).fontSize)
			if (target.matches("input, select, textarea") && font < 16) return [`${target.ariaLabel}: letters of ${font} px`]
			const wide = box.width >= 43.5 || (hits(-21, 0) && hits(21, 0))
			const high = box.height >= 43.5 || (hits(0, -21) && hits(0, 21))
			const name = target.ariaLabel ?? target.textContent
			return wide && high ? [] : [`${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`]
		})
	})
	expect(small, what).toEqual([])
}

for (const width of [390, 320]) {
	test(`a phone of ${width} px: list, document, toolbar at the foot, sheets, fingers`, async ({
		person,
		freshServer: server,
		expectConsole,
	}) => {
		test.skip(engine.name === "firefox", "Playwright has no finger for Firefox: its tap does nothing there")
		expectConsole(networkErrors)
		const title = "A document with a title that is much longer than a phone is wide"
		const id = await server.createDocument(title, everything)
		const options = { ...phone, viewport: { width, height: width === 390 ? 844 : 568 }, at: server }
		const ada = await person("Ada", options)
		await ada.context.route("https://images.example/*", (route) =>
			route.fulfill({
				contentType: "image/svg+xml",
				body: '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="9"/>',
			}),
		)
		const home = await ada.home()
		const { page } = home
		await expectNoSidewaysScroll(page, "home")
		await expectTargets(page, "home")
		await page.getByRole("button", { name: `Actions for ${title}` }).tap()
		await expectSheet(page)
		await expectTargets(page, "row menu")
		await page.keyboard.press("Escape")
		await home.link(title).tap()
		const open = await DocumentPage.arrive(page)
		await expect(page).toHaveURL(new RegExp(id))
		await expectNoSidewaysScroll(page, "document")
		await expectTargets(page, "document")

		const foot = async () => {
			const box = await open.toolbar.boundingBox()
			return box ? Math.round(box.y + box.height) : Number.NaN
		}
		const height = options.viewport.height
		expect(await foot()).toBe(height)
		// The keyboard comes up: what is visible shrinks, and the toolbar stands above it.
		await page.evaluate((visible) => {
			Object.defineProperty(visualViewport, "height", { value: visible, configurable: true })
			visualViewport?.dispatchEvent(new Event("resize"))
		}, height - 250)
		await expect.poll(foot).toBe(height - 250)
		await page.evaluate(() => {
			Reflect.deleteProperty(visualViewport ?? {}, "height")
			visualViewport?.dispatchEvent(new Event("resize"))
		})
		await expect.poll(foot).toBe(height)

		await page.getByRole("button", { name: "Document menu" }).tap()
		await expectSheet(page)
		await expectTargets(page, "document menu")
		await page.getByRole("menuitem", { name: "Details" }).tap()
		await expect(page.getByRole("dialog", { name: "Details" })).toBeVisible()
		await expectNoSidewaysScroll(page, "dialog")
		await expectTargets(page, "dialog")
		await page.getByRole("button", { name: "Close" }).tap()
		// By touch alone: a line, its kind, a word.
		await open.line(0).tap()
		await open.press("End")
		await open.type(" by touch")
		await open.tool("Bullet list").tap()
		await open.expectSaved()
		await expect.poll(async () => (await server.content(id))[1]?.attributes).toEqual({ list: "bullet" })
		await expectNoSidewaysScroll(page, "after writing")

		// Bad news has room, and its button is for fingers too.
		await server.stop("SIGKILL")
		await open.type("!")
		await expect(page.getByRole("button", { name: "Now" })).toBeVisible()
		await expectNoSidewaysScroll(page, "offline")
		await expectTargets(page, "offline")
		await server.start()
		await open.expectSaved()
	})
}

async function expectSheet(page: Page): Promise<void> {
	const menu = page.getByRole("menu")
	await expect(menu).toBeVisible()
	const sheet = await page.locator(".floating-sheet").boundingBox()
	const view = page.viewportSize()
	if (!sheet || !view) throw new Error("there is no sheet")
	expect(Math.round(sheet.width)).toBeGreaterThanOrEqual(view.width - 2)
	expect(Math.round(sheet.y + sheet.height)).toBe(view.height)
}

test("200 % text, landscape and right-to-left lose nothing", async ({ person, freshServer: server }) => {
	const id = await server.createDocument("Large type for tired eyes", everything)
	const ada = await person("Ada", { ...phone, at: server })
	await ada.context.route("https://images.example/*", (route) => route.fulfill({ status: 204 }))
	const home = await ada.home()
	const { page } = home
	const enlarge = () => page.evaluate(() => document.documentElement.style.setProperty("font-size", "200%"))
	await enlarge()
	await expectNoSidewaysScroll(page, "home at 200 %")
	const doc = await home.openDocument("Large type")
	await enlarge()
	await expectNoSidewaysScroll(page, "document at 200 %")
	await expect(page.getByRole("button", { name: "Document menu" })).toBeInViewport({ ratio: 0.99 })
	await expect(doc.toolbar).toBeInViewport()
	await page.evaluate(() => document.documentElement.style.removeProperty("font-size"))
	await page.setViewportSize({ width: 844, height: 390 })
	await expectNoSidewaysScroll(page, "landscape")
	await expect(page.getByRole("button", { name: "Document menu" })).toBeInViewport({ ratio: 0.99 })
	await page.setViewportSize({ width: 390, height: 844 })
	await page.evaluate(() => document.documentElement.setAttribute("dir", "rtl"))
	await expectNoSidewaysScroll(page, "right-to-left")
	await expect(page.getByRole("button", { name: "Document menu" })).toBeInViewport({ ratio: 0.99 })

	// A line's direction follows its text without being told.
	await page.evaluate(() => document.documentElement.removeAttribute("dir"))
	await doc.caretToEnd()
	await doc.press("Enter")
	await engine.insert(page, "שלום")
	const last = doc.text.locator("> .line").last()
	expect(await last.evaluate((line) => getComputedStyle(line).direction)).toBe("rtl")
	await doc.expectSaved()
	expect(await server.text(id)).toContain("שלום")
})

test("with the system's colours all that grounds and shadows say is outlined; a window of a few lines belongs to the text", async ({
	person,
	server,
}) => {
	const id = await server.createDocument("Colours", [
		{ insert: "bold", attributes: { bold: true } },
		{ insert: `\n${"line\n".repeat(20)}` },
	])
	const page = await (await person("Ada")).open(id)
	await engine.emulate(page.page, { forcedColors: "active" })
	const outline = (found: Locator) => found.evaluate((element) => getComputedStyle(element).outlineStyle)
	await page.caretToStart()
	await page.press("Shift+End")
	await expect(page.bubble).toBeVisible()
	expect(await outline(page.page.locator(".bubble"))).toBe("solid")
	expect(await outline(page.tool("Bold"))).toBe("solid")
	expect(await outline(page.tool("Italic"))).toBe("none")
	await page.caretToEnd()
	await page.type(" /")
	expect(await outline(page.page.getByRole("option", { selected: true }))).toBe("solid")
	await page.press("Escape")

	// 1280 by 800 at four times the size.
	await page.page.setViewportSize({ width: 320, height: 200 })
	await page.line(10).scrollIntoViewIfNeeded()
	await expect(page.page.getByRole("banner")).not.toBeInViewport()
	await page.press("Control+f")
	await expect(page.findField).toBeInViewport()
})

test("with reduced motion nothing moves", async ({ person, server }) => {
	const id = await server.createDocument("Still", everything)
	const ada = await person("Ada")
	await ada.context.route("https://images.example/*", (route) => route.fulfill({ status: 204 }))
	const doc = await ada.open(id)
	const { page } = doc
	await engine.emulate(page, { reducedMotion: "reduce" })
	const moving = () =>
		page.evaluate(() =>
			document
				.getAnimations()
				.filter((animation) => Number(animation.effect?.getComputedTiming().duration ?? 0) > 1)
				.map((animation) => `${(animation.effect as KeyframeEffect).target?.className}`),
		)
	await page.getByRole("button", { name: "Document menu" }).click()
	expect(await moving()).toEqual([])
	await page.keyboard.press("Escape")
	await page.getByRole("button", { name: "Share" }).click()
	expect(await moving()).toEqual([])
	await page.keyboard.press("Escape")
	await doc.caretToEnd()
	await doc.type("x")
	expect(await moving()).toEqual([])
	const styles = await page.evaluate(
		() =>
			Array.from(document.querySelectorAll("*"), (element) => getComputedStyle(element)).filter(
				(style) =>
					style.scrollBehavior === "smooth" ||
					`${style.transitionDuration}, ${style.animationDuration}`
						.split(", ")
						.some((time) => Number.parseFloat(time) > 0.001),
			).length,
	)
	expect(styles).toBe(0)
})
