import { expect, type Locator, type Page } from "@playwright/test"

/** The states the page may show of saving; see frontend/app/document/status.ts. */
export type SaveState = "connecting" | "saved" | "saving" | "offline" | "readonly" | "rejected" | "removed" | "failed"

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
		return this.page.locator(".ProseMirror")
	}

	get title(): Locator {
		return this.page.getByRole("textbox", { name: "Title" })
	}

	get carets(): Locator {
		return this.page.locator(".peer-caret")
	}

	id(): string {
		return new URL(this.page.url()).pathname.split("/").pop() ?? ""
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

	async press(keys: string): Promise<void> {
		await this.page.keyboard.press(keys)
	}

	async expectState(state: SaveState): Promise<void> {
		await expect(this.page.locator(".save-state")).toHaveAttribute("data-state", state, { timeout: 30_000 })
	}

	/** Waits until nothing is pending and the page says so. */
	async expectSaved(): Promise<void> {
		await this.expectState("saved")
	}
}
