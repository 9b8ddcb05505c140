import { randomUUID } from "node:crypto"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, type Page } from "@playwright/test"
import type { Engine } from "./engine"

// Where this worker's driver is spoken to, beside Playwright.
const socket = join(tmpdir(), `coscribe-firefox-${process.pid}`)

/** Asks the driver for what it does to one page; see firefox-driver.mjs. */
async function ask(page: Page, deed: string, wanted: object = {}): Promise<unknown> {
	// It knows pages by their windows' names.
	const name = await page.evaluate((fresh) => {
		window.name ||= fresh
		return window.name
	}, randomUUID())
	const { value, error } = await new Promise<{ value?: unknown; error?: string }>((resolve, reject) => {
		const line = connect(socket)
		let answer = ""
		line.on("data", (chunk) => {
			answer += chunk.toString()
		})
		line.on("error", reject)
		line.on("end", () => resolve(JSON.parse(answer)))
		line.end(JSON.stringify({ deed, name, ...wanted }))
	})
	if (error) throw new Error(`${deed}: ${error}`)
	return value
}

function alive(number: number): boolean {
	try {
		return process.kill(number, 0)
	} catch {
		return false
	}
}

/** The Firefox that FIREFOX names, as it is installed: no build of Playwright's own. */
export const firefox: Engine = {
	name: "firefox",
	use: {
		browserName: "firefox",
		channel: "moz-firefox",
		launchOptions: {
			executablePath: join(import.meta.dirname, "firefox-driver.mjs"),
			// What a download opens in the browser's own bars takes the focus out of the page.
			firefoxUserPrefs: { "browser.download.alwaysOpenPanel": false },
			env: { ...process.env, COSCRIBE_FIREFOX_SOCKET: socket } as Record<string, string>,
		},
	},
	async compose(page, text) {
		await ask(page, "compose", { text })
	},
	async commit(page, text) {
		await ask(page, "commit", { text })
	},
	async insert(page, text) {
		// Playwright would write into the DOM behind the editor's back here.
		await ask(page, "insert", { text })
	},
	async command(page, command) {
		await ask(page, "command", { command })
	},
	async crash(page) {
		// Two pages of one site have a process each, as long as there are few.
		const number = Number(await ask(page, "process"))
		process.kill(number, "SIGKILL")
		await expect.poll(() => alive(number)).toBe(false)
	},
	async emulate(page, media) {
		await page.emulateMedia(media)
		await ask(page, "emulate", { media })
	},
}
