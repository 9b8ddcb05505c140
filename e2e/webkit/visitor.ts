import { expect } from "@playwright/test"
import { unsavedText } from "../unsaved"
import type { Driver, Found } from "./driver"

/** Somebody at a WebKit of their own, in the user's words. */
export class Visitor {
	constructor(
		readonly driver: Driver,
		/** Where the server is for this browser. */
		public url: string,
	) {}

	/** What pages complained about: uncaught errors, errors on the console, violations of the content security policy. */
	readonly complaints: string[] = []

	/** Goes to an address of the server. */
	async goto(path: string): Promise<void> {
		await this.collect()
		await this.driver.goto(this.url + path)
		await this.run(() => {
			const said: string[] = []
			Object.assign(window, { said })
			addEventListener("error", ({ message }) => said.push(message))
			addEventListener("unhandledrejection", ({ reason }) => said.push(`${reason} ${reason?.stack}`))
			document.addEventListener("securitypolicyviolation", (event) => {
				said.push(`${event.violatedDirective} forbids ${event.blockedURI}`)
			})
			console.error = (...words) => void said.push(words.join(" "))
		})
	}

	/** Takes over what the page has complained about since it was opened. WebDriver has no command for it. */
	async collect(): Promise<void> {
		const said = await this.run(() => (Reflect.get(window, "said") as string[] | undefined)?.splice(0)).catch(() => [])
		this.complaints.push(...(said ?? []))
	}

	/** Opens a document by its link and waits until one can type. */
	async open(id: string): Promise<void> {
		await this.goto(`/d/${id}`)
		await this.arrive()
	}

	/** Waits until the document on this page can be typed in. */
	async arrive(): Promise<void> {
		await this.sees(".text [contenteditable=true], .text[contenteditable=true]")
		await this.saved()
	}

	/** Waits until something is shown that matches this selector. */
	async sees(selector: string): Promise<void> {
		await expect.poll(() => this.count(selector), `nothing is shown that matches ${selector}`).toBeGreaterThan(0)
	}

	/** How many things are shown that match. */
	async count(selector: string): Promise<number> {
		return await this.run(
			(wanted) => Array.from(document.querySelectorAll(wanted)).filter((each) => each.checkVisibility()).length,
			selector,
		)
	}

	/** The state of saving, as the page shows it. */
	async state(): Promise<string> {
		return await this.run(() => document.querySelector<HTMLElement>(".save-state")?.dataset.state ?? "")
	}

	async saved(): Promise<void> {
		await expect.poll(() => this.state()).toBe("saved")
	}

	/** The text as it is read: one string per line, carets and widgets left out. */
	async lines(): Promise<string[]> {
		return await this.run(() => {
			const read = (node: Node): string => {
				if (node.nodeType === Node.TEXT_NODE) return node.textContent ?? ""
				if (!(node instanceof HTMLElement) || node.classList.contains("ProseMirror-widget")) return ""
				return Array.from(node.childNodes, read).join("")
			}
			return Array.from(document.querySelectorAll(".writing > .line"), (line) =>
				read(line).replace(/\u200b|\ufeff/g, ""),
			)
		})
	}

	async reads(...lines: string[]): Promise<void> {
		await expect.poll(() => this.lines()).toEqual(lines)
	}

	/** The text of the unsaved edits in the browser's journal. */
	async journaled(): Promise<string> {
		return await this.run(unsavedText)
	}

	/** What a line holds, as HTML. */
	async html(line: number): Promise<string> {
		return await this.run((at) => document.querySelectorAll(".writing > .line")[at]?.innerHTML ?? "", line)
	}

	/** Selects words of the text by dragging the mouse over them. */
	async select(words: string): Promise<void> {
		const [from, to] = await this.run((wanted) => {
			const walker = document.createTreeWalker(document.querySelector(".writing") as Element, NodeFilter.SHOW_TEXT)
			for (let node = walker.nextNode(); node; node = walker.nextNode()) {
				const at = node.textContent?.indexOf(wanted) ?? -1
				if (at < 0) continue
				const range = document.createRange()
				range.setStart(node, at)
				range.setEnd(node, at + wanted.length)
				const { left, right, top, bottom } = range.getBoundingClientRect()
				const y = (top + bottom) / 2
				return [
					{ x: left, y },
					{ x: right, y },
				] as const
			}
			throw new Error(`“${wanted}” is not in one piece`)
		}, words)
		await this.driver.drag(from, { x: (from.x + to.x) / 2, y: from.y }, to)
	}

	/** Waits for what has this accessible name, in the dialog that is open if there is one. */
	async named(name: string): Promise<Found> {
		let found: Found | null = null
		const look = async () => {
			found = await this.run((wanted) => {
				const root = document.querySelector("dialog[open]") ?? document
				const kinds = "a, button, input, select, textarea, [role]"
				const spoken = (each: Element | undefined) => {
					const copy = each?.cloneNode(true) as Element | undefined
					for (const silent of copy?.querySelectorAll("[aria-hidden=true], input, select, .field-note") ?? [])
						silent.remove()
					return copy?.textContent
				}
				const nameOf = (each: Element) =>
					each.getAttribute("aria-label") ?? spoken((each as HTMLInputElement).labels?.[0] ?? each)
				const all = Array.from(root.querySelectorAll(kinds)).filter((each) => each.checkVisibility())
				return (all.find((each) => nameOf(each)?.trim() === wanted) ?? null) as Found | null
			}, name)
			return found !== null
		}
		await expect.poll(look, `nothing is called “${name}”`).toBe(true)
		return found as unknown as Found
	}

	/** Clicks, by the mouse, on what has this name. */
	async click(name: string): Promise<void> {
		for (;;)
			try {
				return await this.driver.click(await this.named(name))
			} catch (error) {
				// Drawn anew between looking and clicking.
				if (!/stale element/.test(String(error))) throw error
			}
	}

	/** Clicks on the first that matches a selector. */
	async clickOn(selector: string): Promise<void> {
		await this.sees(selector)
		await this.driver.click(await this.driver.find(selector))
	}

	/** Chooses from a menu. */
	async choose(menu: string, item: string): Promise<void> {
		await this.click(menu)
		await this.click(item)
	}

	/** Puts the focus into a field and types over what it holds. */
	async fill(name: string, text: string): Promise<void> {
		await this.click(name)
		await this.press("Control+a")
		await this.type(text)
	}

	async type(words: string): Promise<void> {
		await this.driver.type(words)
	}

	async press(...keys: string[]): Promise<void> {
		await this.driver.press(...keys)
	}

	async caretToEnd(): Promise<void> {
		await this.run(() => document.querySelector<HTMLElement>(".writing")?.focus())
		await this.press("Control+End")
	}

	async caretToStart(): Promise<void> {
		await this.run(() => document.querySelector<HTMLElement>(".writing")?.focus())
		await this.press("Control+Home")
	}

	/** Runs a function in the page. */
	run<Args extends unknown[], T>(body: (...args: Args) => T | Promise<T>, ...args: Args): Promise<T> {
		return this.driver.run(body, ...args)
	}
}
