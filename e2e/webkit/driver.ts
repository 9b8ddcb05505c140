import { type ChildProcess, spawn } from "node:child_process"
import { createServer } from "node:net"

/** How a W3C WebDriver names an element in JSON. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

/** The keys that WebDriver writes as letters of the private use area (W3C WebDriver, keyboard actions). */
const KEYS: Readonly<Record<string, string>> = {
	Backspace: "\ue003",
	Tab: "\ue004",
	"\t": "\ue004",
	"\n": "\ue007",
	Enter: "\ue007",
	Shift: "\ue008",
	Control: "\ue009",
	Alt: "\ue00a",
	Escape: "\ue00c",
	PageUp: "\ue00e",
	PageDown: "\ue00f",
	End: "\ue010",
	Home: "\ue011",
	ArrowLeft: "\ue012",
	ArrowUp: "\ue013",
	ArrowRight: "\ue014",
	ArrowDown: "\ue015",
	Delete: "\ue017",
	F2: "\ue032",
}

/** An element of a page, known to the driver that found it. */
export interface Found {
	readonly [ELEMENT]: string
}

/** A place in the window, CSS px. */
interface Point {
	readonly x: number
	readonly y: number
}

async function freePort(): Promise<number> {
	return await new Promise((resolve) => {
		const probe = createServer()
		probe.listen(0, "127.0.0.1", () => {
			const { port } = probe.address() as { port: number }
			probe.close(() => resolve(port))
		})
	})
}

/**
 * WebKit's MiniBrowser by the W3C WebDriver protocol: one browser with storage
 * of its own that goes with it.
 */
export class Driver {
	private constructor(
		private readonly child: ChildProcess,
		private readonly address: string,
		/** Name and version, as the browser gives them. */
		readonly browser: string,
	) {}

	/** Starts a browser; `options` are MiniBrowser's. */
	static async start(...options: string[]): Promise<Driver> {
		const { WEBKIT_DRIVER = "WebKitWebDriver", WEBKIT_BROWSER } = process.env
		if (!WEBKIT_BROWSER) throw new Error("WEBKIT_BROWSER names no browser. Type: npm run webkit")
		const port = await freePort()
		const child = spawn(WEBKIT_DRIVER, [`--port=${port}`], { detached: true })
		const said: string[] = []
		child.stdout?.on("data", (chunk) => said.push(String(chunk)))
		child.stderr?.on("data", (chunk) => said.push(String(chunk)))
		const address = `http://127.0.0.1:${port}`
		for (let ready = false; !ready; ) {
			if (child.exitCode !== null) throw new Error(`${WEBKIT_DRIVER} ended:\n${said.join("")}`)
			ready = await fetch(`${address}/status`).then(
				() => true,
				() => false,
			)
			if (!ready) await new Promise((resolve) => setTimeout(resolve, 25))
		}
		const args = ["--automation", ...options]
		const alwaysMatch = { "webkitgtk:browserOptions": { binary: WEBKIT_BROWSER, args } }
		const made = (await ask("POST", `${address}/session`, { capabilities: { alwaysMatch } })) as {
			sessionId: string
			capabilities: { browserName: string; browserVersion: string }
		}
		const { browserName, browserVersion } = made.capabilities
		return new Driver(child, `${address}/session/${made.sessionId}`, `${browserName} ${browserVersion}`)
	}

	/** Ends the browser and its driver. */
	async end(): Promise<void> {
		await this.command("DELETE", "").catch(() => {})
		const { child } = this
		if (child.exitCode !== null || child.pid === undefined) return
		const gone = new Promise((resolve) => child.once("exit", resolve))
		process.kill(-child.pid)
		await gone
	}

	/** One command of the session. */
	async command<T = unknown>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
		return (await ask(method, this.address + path, body ?? (method === "POST" ? {} : undefined))) as T
	}

	async goto(url: string): Promise<void> {
		await this.command("POST", "/url", { url })
	}

	/** Runs a function in the page; what it needs comes as arguments, a promise is waited for. */
	async run<Args extends unknown[], T>(body: (...args: Args) => T | Promise<T>, ...args: Args): Promise<T> {
		return await this.command<T>("POST", "/execute/sync", { script: `return (${body})(...arguments)`, args })
	}

	/** The first element that matches. */
	async find(selector: string): Promise<Found> {
		return await this.command<Found>("POST", "/element", { using: "css selector", value: selector })
	}

	/** Scrolls an element into view and clicks on its middle; fails where something else lies above it. */
	async click(element: Found): Promise<void> {
		await this.command("POST", `/element/${element[ELEMENT]}/click`)
	}

	/** Types letters one by one. */
	async type(words: string): Promise<void> {
		await this.keys(Array.from(words, (letter) => KEYS[letter] ?? letter).flatMap((key) => [down(key), up(key)]))
	}

	/** Presses keys, or combinations such as Control+b. */
	async press(...combinations: string[]): Promise<void> {
		for (const combination of combinations) {
			const keys = combination.split(/\+(?=.)/).map((key) => KEYS[key] ?? key)
			await this.keys([...keys.map(down), ...keys.reverse().map(up)])
		}
	}

	private async keys(actions: readonly object[]): Promise<void> {
		await this.command("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions }] })
	}

	/** Moves the mouse along these points, with the button down between the first and the last. */
	async drag(from: Point, ...more: Point[]): Promise<void> {
		const move = ({ x, y }: Point) => ({ type: "pointerMove", duration: 0, x: Math.round(x), y: Math.round(y) })
		const actions = [
			move(from),
			{ type: "pointerDown", button: 0 },
			...more.map(move),
			{ type: "pointerUp", button: 0 },
		]
		const pointer = { type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions }
		await this.command("POST", "/actions", { actions: [pointer] })
	}

	/** Photographs the window. */
	async picture(): Promise<Buffer> {
		return Buffer.from(await this.command<string>("GET", "/screenshot"), "base64")
	}
}

const down = (value: string) => ({ type: "keyDown", value })
const up = (value: string) => ({ type: "keyUp", value })

async function ask(method: string, url: string, body: unknown): Promise<unknown> {
	const answer = await fetch(url, {
		method,
		...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
	})
	const { value } = (await answer.json()) as { value: { error?: string; message?: string } | null }
	if (value?.error) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`)
	return value
}
