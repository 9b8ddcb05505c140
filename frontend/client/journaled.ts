/**
 * What a live document and the journal are to each other: types alone, without
 * a browser's, so that a program in Node can name a journal too.
 */
import type { Journaled, Usable } from "./journal-entry.js"
import type { State } from "./state.js"
import type { Rejected } from "./status.js"

/** Where unsaved edits survive the tab. */
export interface Journal {
	/** Begins to keep a live document. Rejects when storage is denied. */
	keep(live: JournaledDocument): Promise<Keeping>
	/** The document never opened because it, or the access to it, is gone: copies of its text go, unsaved edits are offered. */
	forget(live: JournaledDocument, gone: Gone): Promise<void>
}

/** Why a document cannot be opened any more. */
export type Gone = "document" | "access"

/** One live document's place in the journal. */
export interface Keeping {
	/** Something changed: it is written soon. */
	touch(): void
	/** Writes what there is now. Rejects when it could not be stored in time. */
	store(): Promise<void>
	/** Writes what there is in this very turn; false where it cannot. */
	keep(): boolean
	/** Lets go of the entry; what may not be kept goes. */
	end(gone?: Gone): void
}

/** A live document as the journal sees it. */
export interface JournaledDocument extends Journaled {
	/** Goes on where a tab that is gone has ended. Only while nothing is loaded. */
	adopt(left: Usable, state: State): void
	/** Shows text that could not be saved. */
	offer(rejected: Rejected): void
	/** Whether edits will outlive the tab. */
	denied(is: boolean): void
	/** The same document by another client of ours, without a view. */
	branch(left: Usable, state: State, keep: (branch: JournaledDocument) => Keeping): JournaledDocument
	close(): void
}
