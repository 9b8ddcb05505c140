import type { Page, PlaywrightTestConfig } from "@playwright/test"

/** What a page is shown on. */
export type Media = NonNullable<Parameters<Page["emulateMedia"]>[0]>

/** What a person asks of a text by no key of its own. */
export type EditCommand = "deleteBackward" | "deleteForward" | "insertNewline" | "undo" | "redo"

/** A browser that the specs run in: how it is started, and what they ask of it for which Playwright has no word that all browsers know. */
export interface Engine {
	readonly name: "chromium" | "firefox"
	readonly use: NonNullable<PlaywrightTestConfig["use"]>
	/** Shows at the caret what an input method has composed so far, in place of what it showed before. */
	compose(page: Page, text: string): Promise<void>
	/** Ends the composition with this text; with an empty one it is given up. */
	commit(page: Page, text: string): Promise<void>
	/** Enters text at the caret without keys, as a list of emoji and dictation do. */
	insert(page: Page, text: string): Promise<void>
	/** Does what a menu, or a phone's keyboard without keys, asks of a text. */
	command(page: Page, command: EditCommand): Promise<void>
	/** Ends the page without a goodbye. */
	crash(page: Page): Promise<void>
	/** Shows the page as on such a screen or sheet. */
	emulate(page: Page, media: Media): Promise<void>
}
