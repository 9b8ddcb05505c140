import { expect, type Locator, type Page } from "@playwright/test"
import { DocumentPage } from "./document"

/** The list of documents, in the user's words. */
export class HomePage {
	private constructor(readonly page: Page) {}

	static async open(page: Page): Promise<HomePage> {
		await page.goto("/")
		return HomePage.arrive(page)
	}

	/** Waits until the list, or what stands in its place, is drawn. */
	static async arrive(page: Page): Promise<HomePage> {
		const home = new HomePage(page)
		await expect(
			home.rows
				.first()
				.or(page.getByRole("heading", { name: "Write together" }))
				.first(),
		).toBeVisible()
		return home
	}

	get rows(): Locator {
		return this.page.getByRole("list", { name: "Documents by last change" }).getByRole("listitem")
	}

	/** The field in which a title is being changed. */
	get titleField(): Locator {
		return this.page.getByRole("textbox", { name: "Title" })
	}

	get search(): Locator {
		return this.page.getByRole("searchbox", { name: "Search by title" })
	}

	/** The sentence at the foot of the page. */
	get notice(): Locator {
		return this.page.getByRole("region", { name: "Notice" })
	}

	row(title: string): Locator {
		return this.rows.filter({ hasText: title })
	}

	link(title: string): Locator {
		return this.row(title).getByRole("link")
	}

	async openDocument(title: string): Promise<DocumentPage> {
		await this.link(title).click()
		return DocumentPage.arrive(this.page)
	}

	/** Opens the menu of the document with this title and chooses a command. */
	async choose(title: string, command: string): Promise<void> {
		await this.page.getByRole("button", { name: `Actions for ${title}` }).click()
		await this.page.getByRole("menuitem", { name: command }).click()
	}

	/** Goes to the trash by one's own menu. */
	async openTrash(): Promise<void> {
		await this.page.getByRole("button", { name: /^You/ }).click()
		await this.page.getByRole("menuitem", { name: "Trash" }).click()
		await expect(this.page.getByRole("heading", { name: "Trash" })).toBeVisible()
	}
}
