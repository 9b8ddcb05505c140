import type { CDPSession, Page } from "@playwright/test"
import type { Engine } from "./engine"

const sessions = new WeakMap<Page, Promise<CDPSession>>()

/** Chromium's own protocol, beside Playwright. */
function devTools(page: Page): Promise<CDPSession> {
	const session = sessions.get(page) ?? page.context().newCDPSession(page)
	sessions.set(page, session)
	return session
}

/** Debian's Chromium, found by .ci/tools.mjs and named in CHROMIUM. */
export const chromium: Engine = {
	name: "chromium",
	use: {
		launchOptions: {
			executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
			args: [
				"--no-sandbox",
				"--disable-gpu",
				"--disable-quic",
				"--no-first-run",
				"--disable-background-networking",
				"--disable-component-update",
				"--disable-sync",
			],
		},
	},
	async compose(page, text) {
		const end = text.length
		await (await devTools(page)).send("Input.imeSetComposition", { text, selectionStart: end, selectionEnd: end })
	},
	async commit(page, text) {
		if (text === "") await this.compose(page, "")
		else await (await devTools(page)).send("Input.insertText", { text })
	},
	async insert(page, text) {
		await page.keyboard.insertText(text)
	},
	async command(page, command) {
		// As Android tells of its keyboard's keys: 229, which says nothing.
		const key = { key: "Unidentified", windowsVirtualKeyCode: 229 }
		const session = await devTools(page)
		await session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...key, commands: [command] })
		await session.send("Input.dispatchKeyEvent", { type: "keyUp", ...key })
	},
	async crash(page) {
		const session = await devTools(page)
		await Promise.race([session.send("Page.crash").catch(() => {}), page.waitForEvent("crash")])
	},
	async emulate(page, media) {
		await page.emulateMedia(media)
	},
}
