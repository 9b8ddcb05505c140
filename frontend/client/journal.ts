/**
 * The journal: unsaved edits, and a copy of the text, in this browser (law C3).
 *
 * One entry per document and client, written by the tab that holds the
 * client's Web Lock. It is fetched after the text is on the screen, or when the
 * server does not answer; submits wait for it.
 */
import { Keeper } from "./journal-keeper.js"
import { type JournalPlatform, Shelf } from "./journal-shelf.js"
import type { Journal } from "./journaled.js"

export type { Journal } from "./journaled.js"

/** How long after the first document old copies are looked through, ms. */
const TIDY_AFTER = 10_000

/** The journal of this browser. Throws where the platform lacks what it stands on, as on a page that came by plain HTTP. */
export function createJournal(platform: JournalPlatform = browser()): Journal {
	const shelf = new Shelf(platform)
	let tidied = false
	return {
		async keep(live) {
			const keeper = new Keeper(shelf, live)
			await keeper.begin()
			if (!tidied) setTimeout(() => void shelf.tidy().catch(() => {}), TIDY_AFTER)
			tidied = true
			return keeper
		},
		async forget(live, gone) {
			const text = await shelf.forget(live.id, gone)
			if (text !== "") live.offer({ code: "recovered", message: "left by a tab that is gone", text })
		},
	}
}

function browser(): JournalPlatform {
	if (!globalThis.indexedDB || !navigator.locks) throw new Error("this page has no storage that tabs can share safely")
	return { indexedDB, locks: navigator.locks, channel: new BroadcastChannel("coscribe journal") }
}
