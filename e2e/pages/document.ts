import { type Download, expect, type Locator, type Page } from "@playwright/test"

/** The states the page may show of saving; see frontend/app/document/status.ts. */
export type SaveState = "connecting" | "saved" | "saving" | "offline" | "readonly" | "rejected" | "removed" | "failed"

/** What travels by the clipboard. */
export interface Clip {
	readonly html?: string
	readonly text?: string
	/** A picture's file. */
	readonly picture?: string
}

/** One open document, in the user's words. */
export class DocumentPage {
	private constructor(readonly page: Page) {}

	/** Opens a document by its link and waits until one can type. */
	static async open(page: Page, id: string): Promise<DocumentPage> {
		await page.goto(`/d/${id}`)
		return DocumentPage.arrive(page)
	}

	/** Waits until the document on this page can be typed in. */
	static async arrive(page: Page): Promise<DocumentPage> {
		const document = new DocumentPage(page)
		await expect(document.text).toBeVisible()
		await expect(document.text).toHaveAttribute("contenteditable", "true")
		await document.expectState("saved")
		return document
	}

	/** Where the text stands. */
	get text(): Locator {
		return this.page.getByRole("textbox", { name: "Document text" })
	}

	get title(): Locator {
		return this.page.getByRole("textbox", { name: "Title" })
	}

	/** The others' carets. */
	get carets(): Locator {
		return this.page.locator(".peer-caret")
	}

	/** The one place for the state of saving. */
	get state(): Locator {
		return this.page.locator(".save-state")
	}

	get toolbar(): Locator {
		return this.page.getByRole("toolbar", { name: "Formatting" })
	}

	/** The bar that appears at a selection. */
	get bubble(): Locator {
		return this.page.getByRole("toolbar", { name: "Selected text" })
	}

	get findField(): Locator {
		return this.page.getByRole("search", { name: "Find in document" }).getByRole("textbox")
	}

	tool(name: string): Locator {
		return this.toolbar.getByRole("button", { name, exact: true })
	}

	line(number: number): Locator {
		return this.text.locator("> .line").nth(number)
	}

	person(name: string): Locator {
		return this.page.getByRole("list", { name: "People here" }).getByRole("button", { name: new RegExp(name) })
	}

	/** A line of the menu that is open. */
	menuItem(name: string): Locator {
		const named = { name, exact: true }
		return this.page.getByRole("menuitem", named).or(this.page.getByRole("menuitemradio", named))
	}

	id(): string {
		return new URL(this.page.url()).pathname.split("/").pop() ?? ""
	}

	/** Chooses from a menu of the toolbar, such as "Kind of line". */
	async chooseTool(menu: string, item: string): Promise<void> {
		await this.tool(menu).click()
		await this.menuItem(item).click()
	}

	/** Chooses from the document's own menu. */
	async choose(item: string): Promise<void> {
		await this.page.getByRole("button", { name: "Document menu" }).click()
		await this.menuItem(item).click()
	}

	/** Exports by the menu. */
	async export(item: string): Promise<{ name: string; content: string }> {
		const download = this.page.waitForEvent("download")
		await this.choose(item)
		return await readDownload(await download)
	}

	/** The text as the person reads it: one string per line, carets and widgets left out. */
	async lines(): Promise<string[]> {
		return await this.text.evaluate((root) => {
			const read = (node: Node): string => {
				if (node.nodeType === Node.TEXT_NODE) return node.textContent ?? ""
				if (!(node instanceof HTMLElement)) return ""
				if (node.classList.contains("ProseMirror-widget")) return ""
				return Array.from(node.childNodes, read).join("")
			}
			return Array.from(root.children)
				.filter((line) => !line.classList.contains("ProseMirror-widget"))
				.map((line) => read(line).replace(/\u200b|\ufeff/g, ""))
		})
	}

	async expectLines(lines: string[]): Promise<void> {
		await expect.poll(() => this.lines()).toEqual(lines)
	}

	/** What stands before somebody's caret in its line; null while the caret is not there. */
	async textBeforeCaret(name: string): Promise<string | null> {
		return await this.text.evaluate((root, wanted) => {
			const caret = Array.from(root.querySelectorAll(".peer-caret")).find((found) => found.textContent === wanted)
			const line = caret?.closest(".line")
			if (!caret || !line) return null
			const range = document.createRange()
			range.setStart(line, 0)
			range.setEndBefore(caret)
			const before = range.cloneContents()
			for (const widget of before.querySelectorAll(".ProseMirror-widget")) widget.remove()
			return (before.textContent ?? "").replace(/\u200b|\ufeff/g, "")
		}, name)
	}

	/** Puts the caret at the very end of the text. */
	async caretToEnd(): Promise<void> {
		await this.text.focus()
		await this.page.keyboard.press("Control+End")
	}

	/** Puts the caret at the very start of the text. */
	async caretToStart(): Promise<void> {
		await this.text.focus()
		await this.page.keyboard.press("Control+Home")
	}

	/** Types at the caret, `delay` ms between keys. */
	async type(words: string, delay = 0): Promise<void> {
		await this.page.keyboard.type(words, { delay })
	}

	async press(...keys: string[]): Promise<void> {
		for (const key of keys) await this.page.keyboard.press(key)
	}

	/** Pastes at the caret what another program has put on the clipboard. */
	async paste(clip: Clip): Promise<void> {
		await this.text.evaluate((target, { html, text, picture }) => {
			const clipboardData = new DataTransfer()
			if (html !== undefined) clipboardData.setData("text/html", html)
			if (text !== undefined) clipboardData.setData("text/plain", text)
			if (picture) clipboardData.items.add(new File(["pixels"], picture, { type: "image/png" }))
			// Firefox takes no clipboard by the constructor.
			const event = new ClipboardEvent("paste", { bubbles: true, cancelable: true })
			target.dispatchEvent(Object.defineProperty(event, "clipboardData", { value: clipboardData }))
		}, clip)
	}

	/** What copying the selection would give to another program. */
	async copied(): Promise<{ html: string; text: string }> {
		return await this.text.evaluate((target) => {
			const clipboardData = new DataTransfer()
			const event = new ClipboardEvent("copy", { bubbles: true, cancelable: true })
			target.dispatchEvent(Object.defineProperty(event, "clipboardData", { value: clipboardData }))
			return { html: clipboardData.getData("text/html"), text: clipboardData.getData("text/plain") }
		})
	}

	async expectState(state: SaveState): Promise<void> {
		await expect(this.state).toHaveAttribute("data-state", state)
	}

	/** Waits until nothing is pending and the page says so. */
	async expectSaved(): Promise<void> {
		await this.expectState("saved")
	}
}

/** A finished download's name and content. */
export async function readDownload(download: Download): Promise<{ name: string; content: string }> {
	const chunks: Buffer[] = []
	for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
	return { name: download.suggestedFilename(), content: Buffer.concat(chunks).toString("utf8") }
}
