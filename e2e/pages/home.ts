import { expect, type Locator, type Page } from "@playwright/test"
import { DocumentPage } from "./document"

/** The list of documents, in the user's words. */
export class HomePage {
	private constructor(readonly page: Page) {}

	static async open(page: Page): Promise<HomePage> {
		await page.goto("/")
		await expect(page.getByRole("banner")).toBeVisible()
		return new HomePage(page)
	}

	get titles(): Locator {
		return this.page.getByRole("list", { name: "Documents by last change" }).locator("a.row-link")
	}

	row(title: string): Locator {
		return this.page.getByRole("listitem").filter({ hasText: title })
	}

	async search(words: string): Promise<void> {
		await this.page.getByRole("searchbox", { name: "Search by title" }).fill(words)
	}

	async createDocument(): Promise<DocumentPage> {
		await this.page
			.getByRole("button", { name: /new document|start/i })
			.first()
			.click()
		return DocumentPage.arrive(this.page)
	}

	async openDocument(title: string): Promise<DocumentPage> {
		await this.page.getByRole("link", { name: title }).click()
		return DocumentPage.arrive(this.page)
	}

	/** Opens the menu of the document with this title and chooses a command. */
	async choose(title: string, command: string): Promise<void> {
		await this.row(title)
			.getByRole("button", { name: /more|actions|menu/i })
			.click()
		await this.page.getByRole("menuitem", { name: command }).click()
	}
}
