#!/usr/bin/env node
// Stands in Firefox's place before Playwright: starts the real Firefox that
// FIREFOX names, passes WebDriver BiDi on in both directions, and does what
// Firefox's BiDi has no command for yet by the means of Firefox's own tests.
// Without it Playwright could not even open a page: it asks for the colour
// scheme of every context, by a command that Firefox 153 does not know.
// The specs ask for the rest by a socket of their own, one line each; see
// firefox.ts.
import { spawn } from "node:child_process"
import { rmSync } from "node:fs"
import { createServer } from "node:net"
import { createInterface } from "node:readline"
import WebSocket, { WebSocketServer } from "ws"

// Playwright has all of Firefox end when one page crashes.
const { MOZ_CRASHREPORTER_SHUTDOWN, ...env } = process.env
const firefox = spawn(process.env.FIREFOX || "firefox", ["--remote-allow-system-access", ...process.argv.slice(2)], {
	stdio: ["ignore", "inherit", "pipe"],
	env,
})
firefox.on("error", (error) => {
	console.error(`Firefox did not start: ${error.message}`)
	process.exit(1)
})
firefox.on("exit", (code) => process.exit(code ?? 1))
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => firefox.kill(signal))

createInterface(firefox.stderr).on("line", (line) => {
	const listening = /WebDriver BiDi listening on (ws:\S+)/.exec(line)
	if (listening) stand(`${listening[1]}/session`)
	else console.error(line)
})

/** Listens as Firefox would, and says so in its words. */
function stand(address) {
	const server = new WebSocketServer({ host: "127.0.0.1", port: 0 })
	server.on("connection", (playwright) => pass(playwright, address))
	server.on("listening", () => console.error(`WebDriver BiDi listening on ws://127.0.0.1:${server.address().port}`))
}

/** Playwright's one connection, passed on. */
function pass(playwright, address) {
	const browser = new WebSocket(address)
	const session = new Session(browser)
	session.inTurn(() => new Promise((resolve) => browser.once("open", resolve)))
	browser.on("message", (frame) => {
		const text = frame.toString()
		if (!session.hears(text)) playwright.send(text.includes('"browsingContext.download') ? withNumber(text) : text)
	})
	browser.on("close", () => playwright.close())
	browser.on("error", () => playwright.close())
	playwright.on("close", () => browser.close())
	playwright.on("message", (frame) => session.inTurn(() => say(frame.toString())))
	const say = async (said) => {
		let text = said
		const { id, method, params } = JSON.parse(text)
		if (method === "input.performActions" && isCommand(text)) await session.activate(params.context)
		if (method === "input.performActions" && text.includes('"pointerDown"')) await session.inBrowser(takeFocus, params)
		if (method === "input.performActions" && text.includes('"pointerMove"')) text = session.moves(id, params) ?? text
		if (method === "browsingContext.activate") session.activates()
		if (method !== "emulation.setMediaFeaturesOverride") return browser.send(text)
		const answer = await session
			.setMediaFeatures(params)
			.then(() => ({ type: "success", result: {} }))
			.catch((error) => ({ type: "error", error: "unknown error", message: error.message }))
		playwright.send(JSON.stringify({ id, ...answer }))
	}
	if (process.env.COSCRIBE_FIREFOX_SOCKET) listen(process.env.COSCRIBE_FIREFOX_SOCKET, session)
}

/**
 * Whether this presses a key that is no letter, or the mouse. In a window that
 * is not the active one Firefox types letters, but moves no caret and gives no
 * focus.
 */
function isCommand(text) {
	return /"keyDown","value":"[\ue000-\uf8ff]|"pointerDown"/.test(text)
}

/** A download that is no navigation has no number in Firefox 153, and Playwright knows it by that alone. */
function withNumber(text) {
	const event = JSON.parse(text)
	event.params.download ??= event.params.url
	return JSON.stringify(event)
}

/** Does what the specs ask for. */
function listen(socket, session) {
	rmSync(socket, { force: true })
	const server = createServer({ allowHalfOpen: true }, (line) => {
		let asked = ""
		line.on("data", (chunk) => {
			asked += chunk.toString()
		})
		line.on("end", () =>
			session
				.inTurn(() => session.does(JSON.parse(asked)))
				.then((value) => ({ value }))
				.catch((error) => ({ error: error.message }))
				.then((answer) => line.end(JSON.stringify(answer))),
		)
		line.on("error", () => {})
	})
	server.listen(socket)
	process.on("exit", () => rmSync(socket, { force: true }))
}

/** The first number of our own commands; Playwright counts from 1. */
const first = 1e15

/** What this program says to Firefox itself, beside what it passes on. */
class Session {
	#browser
	#last = first
	#asked = new Map()
	#window
	#patient
	/** The page whose window is active, as far as is known. */
	#active
	#turn = Promise.resolve()
	/** Where each page's mouse is. */
	#mouse = new Map()
	/** The colour schemes of pages to come, by user context. */
	#schemes = new Map()

	constructor(browser) {
		this.#browser = browser
	}

	/** Whether a frame from Firefox is an answer to us, and not for Playwright. */
	hears(text) {
		if (text.includes('"browsingContext.contextCreated"')) this.#meets(JSON.parse(text).params)
		// Another window comes to the front.
		if (text.includes('"browsingContext.contextDestroyed"')) this.activates()
		const id = Number(/^\{"type":"(?:success|error)","id":(\d+)/.exec(text)?.[1])
		const settle = this.#asked.get(id)
		if (!settle) return false
		this.#asked.delete(id)
		settle(JSON.parse(text))
		return true
	}

	#ask(method, params) {
		return new Promise((resolve, reject) => {
			const id = ++this.#last
			this.#asked.set(id, (answer) =>
				answer.type === "error" ? reject(new Error(`${method}: ${answer.message}`)) : resolve(answer.result),
			)
			this.#browser.send(JSON.stringify({ id, method, params }))
		})
	}

	/** Runs a function of one argument with the browser's own rights, in its first window. */
	async inBrowser(body, argument = {}) {
		this.#window ??= this.#ask("browsingContext.getTree", { "moz:scope": "chrome" }).then(
			({ contexts }) => contexts[0].context,
		)
		const answer = await this.#ask("script.callFunction", {
			functionDeclaration: `async (text) => (${body})(JSON.parse(text))`,
			arguments: [{ type: "string", value: JSON.stringify(argument) }],
			awaitPromise: true,
			target: { context: await this.#window },
		})
		if (answer.type === "exception") throw new Error(answer.exceptionDetails.text)
		return answer.result.value
	}

	/** In the order in which they are said: a press and its release come at once. */
	inTurn(deed) {
		const done = this.#turn.then(deed)
		this.#turn = done.catch(() => {})
		return done
	}

	/** Does what a spec asks for. */
	async does(asked) {
		const context = await this.inBrowser(contextOf, asked)
		if (asked.text !== undefined || asked.command) await this.activate(context)
		return await this.inBrowser(deeds, { ...asked, context })
	}

	/** Makes this page's window the active one. */
	async activate(context) {
		if (this.#active === context) return
		this.#active = context
		await this.#ask("browsingContext.activate", { context }).catch(() => {})
		// The editor puts its caret back 20 ms after the focus comes; nobody is as quick with the next key.
		await new Promise((resolve) => setTimeout(resolve, 100))
	}

	/**
	 * To where the mouse is, Firefox takes a move for none, and the click behind it for the second of a double click:
	 * then the command with a step aside first.
	 */
	moves(id, params) {
		const [pointer] = params.actions
		const [move] = pointer.actions
		const place = `${move.x} ${move.y}`
		const stays = this.#mouse.get(params.context) === place
		this.#mouse.set(params.context, place)
		if (!stays) return undefined
		const actions = [{ ...pointer, actions: [{ ...move, x: Math.abs(move.x - 1) }, ...pointer.actions] }]
		return JSON.stringify({ id, method: "input.performActions", params: { ...params, actions } })
	}

	/** The active window changes otherwise. */
	activates() {
		this.#active = undefined
	}

	async setMediaFeatures({ features, contexts = [], userContexts = [] }) {
		this.#patient ??= this.inBrowser(countClicks)
		await this.#patient
		const scheme = features["prefers-color-scheme"] ?? "none"
		for (const userContext of userContexts) this.#schemes.set(userContext, scheme)
		for (const context of contexts) await this.inBrowser(setScheme, { context, scheme })
	}

	#meets({ context, parent, userContext }) {
		this.activates()
		const scheme = parent ? undefined : this.#schemes.get(userContext)
		if (scheme) this.inBrowser(setScheme, { context, scheme }).catch((error) => console.error(error.message))
	}
}

/**
 * Runs in the browser: two clicks without a move between them are a double
 * click. Firefox takes none of two commands for one, and Playwright sends each
 * press as its own.
 */
function countClicks() {
	const { ClickTracker } = ChromeUtils.importESModule("chrome://remote/content/shared/webdriver/Actions.sys.mjs")
	const clicks = new WeakMap()
	Object.defineProperty(ClickTracker.prototype, "count", {
		get() {
			return clicks.get(this)?.count ?? 0
		},
	})
	ClickTracker.prototype.setClick = function (button) {
		const count = clicks.get(this)?.button === button ? this.count + 1 : 1
		clicks.set(this, { button, count })
	}
	// Asked for at the end of every command too, which ends nothing here.
	ClickTracker.prototype.reset = function () {
		if (/^pointerMove@/m.test(new Error().stack)) clicks.delete(this)
	}
}

/** Runs in the browser. */
function setScheme({ context, scheme }) {
	const { NavigableManager } = ChromeUtils.importESModule("chrome://remote/content/shared/NavigableManager.sys.mjs")
	const page = NavigableManager.getBrowsingContextById(context)
	// A page that is gone meanwhile, and a frame within one, have none.
	if (page && page === page.top) page.prefersColorSchemeOverride = scheme
}

/** Runs in the browser: a press on the page takes the focus from the browser's own bars, which no command does. */
function takeFocus({ context }) {
	const { NavigableManager } = ChromeUtils.importESModule("chrome://remote/content/shared/NavigableManager.sys.mjs")
	const shown = NavigableManager.getBrowsingContextById(context)?.top.embedderElement
	if (shown && shown.ownerDocument.activeElement !== shown) shown.focus()
}

/** Runs in the browser: which page's window has this name. */
function contextOf({ name }) {
	const { NavigableManager } = ChromeUtils.importESModule("chrome://remote/content/shared/NavigableManager.sys.mjs")
	const pages = Array.from(Services.wm.getEnumerator("navigator:browser"), (window) =>
		Array.from(window.gBrowser.browsers, (browser) => browser.browsingContext),
	).flat()
	const page = pages.find((one) => one?.name === name)
	if (!page) throw new Error("there is no such page")
	return NavigableManager.getIdForBrowsingContext(page)
}

/** Runs in the browser: one deed to a page. */
function deeds({ deed, context, text, command, media }) {
	const { NavigableManager } = ChromeUtils.importESModule("chrome://remote/content/shared/NavigableManager.sys.mjs")
	const page = NavigableManager.getBrowsingContextById(context)
	switch (deed) {
		case "compose":
		case "commit": {
			const window = page.topChromeWindow
			if (!window.coscribeInput) {
				window.coscribeInput = Cc["@mozilla.org/text-input-processor;1"].createInstance(Ci.nsITextInputProcessor)
				if (!window.coscribeInput.beginInputTransactionForTests(window)) throw new Error("no input method may begin")
			}
			const input = window.coscribeInput
			if (deed === "commit") {
				// Another window that came to the front has ended it.
				if (text === "") input.hasComposition && input.cancelComposition()
				else input.commitCompositionWith(text)
				window.coscribeInput = undefined
			} else {
				input.setPendingCompositionString(text)
				input.appendClauseToPendingComposition(text.length, input.ATTR_RAW_CLAUSE)
				input.setCaretInPendingComposition(text.length)
				if (!input.flushPendingComposition()) throw new Error("the composition was refused")
			}
			return
		}
		case "insert":
			page.topChromeWindow.windowUtils.sendContentCommandEvent("insertText", null, text)
			return
		case "command": {
			const name = {
				deleteBackward: "cmd_deleteCharBackward",
				deleteForward: "cmd_deleteCharForward",
				insertNewline: "cmd_insertParagraph",
				undo: "cmd_undo",
				redo: "cmd_redo",
			}[command]
			page.currentWindowGlobal.getActor("Controllers").sendAsyncMessage("ControllerCommands:Do", name)
			return
		}
		case "process":
			return page.currentWindowGlobal.osPid
		case "emulate":
			page.forcedColorsOverride = media.forcedColors === "active" ? "active" : "none"
			page.prefersReducedMotionOverride = media.reducedMotion === "reduce" ? "reduce" : "none"
			page.mediumOverride = media.media === "print" ? "print" : ""
			return
		default:
			throw new Error("there is no such deed")
	}
}
