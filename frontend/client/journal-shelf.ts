import { isPending, type JournalEntry, type Left, read, type Snapshot, unsavedText } from "./journal-entry.js"
import { Holds } from "./journal-locks.js"
import { isNewer, JournalStore } from "./journal-store.js"

/** What of the platform the journal stands on; in a browser, the globals. */
export interface JournalPlatform {
	readonly indexedDB: IDBFactory
	readonly locks: Pick<LockManager, "request">
	/** Says to other tabs which clients there are. */
	readonly channel: Pick<BroadcastChannel, "postMessage" | "addEventListener" | "removeEventListener">
}

/** Copies of documents without unsaved edits are kept so long, ms, and so many, for reading offline. */
const KEEP_COPIES = 30 * 24 * 3_600_000
const COPIES = 100

/** What was found of other clients: held from now on, or in the hands of another tab. */
export interface Claim {
	/** Newest first. */
	readonly left: readonly Left[]
	readonly busy: readonly string[]
}

/** All entries of this browser: who holds which, and what nobody holds any more. */
export class Shelf {
	private readonly store: JournalStore
	private readonly holds: Holds

	constructor(private readonly platform: JournalPlatform) {
		this.store = new JournalStore(platform.indexedDB)
		this.holds = new Holds(platform.locks)
	}

	/** Takes hold of a client's entry, there or not; throws when another tab has it (law C3). */
	async hold(document: string, client: string): Promise<void> {
		const name = nameOf(document, client)
		if (this.holds.has(name) || (await this.holds.take(name))) return
		throw new Error("another tab writes for this client")
	}

	release(document: string, client: string): void {
		this.holds.release(nameOf(document, client))
	}

	/**
	 * Stores an entry that we hold, and lets go of those that it replaces. Where there is no room, it is made, and the
	 * entry stored if it still `isNewest` then, here and in storage: this page may have been put aside meanwhile.
	 */
	async write(
		entry: JournalEntry,
		snapshot: Snapshot | null | undefined,
		replaced: readonly string[],
		isNewest = () => true,
	): Promise<void> {
		try {
			await this.store.write(entry, snapshot, replaced)
		} catch (error) {
			if ((error as Error)?.name !== "QuotaExceededError") throw error
			await this.tidy(0)
			if (!isNewest()) return
			await this.store.write(entry, snapshot, replaced, (stored) => !stored || stored.writtenAt <= entry.writtenAt)
		}
		for (const client of replaced) this.release(entry.document, client)
	}

	/** Removes an entry that we hold, and lets go of it. */
	async remove(document: string, client: string): Promise<void> {
		try {
			await this.store.remove([document, client])
		} finally {
			this.release(document, client)
		}
	}

	/** Takes hold of everything of a document that no tab holds. */
	async claim(document: string): Promise<Claim> {
		const left: Left[] = []
		const busy: string[] = []
		for (const stored of await this.store.entries(document)) {
			const { client } = stored as JournalEntry
			if (typeof client !== "string") await this.store.quarantine(stored, undefined, [document, client])
			else if (this.holds.has(nameOf(document, client))) continue
			else if (!(await this.holds.take(nameOf(document, client)))) busy.push(client)
			else {
				const found = await this.take(document, client)
				if (found) left.push(found)
			}
		}
		left.sort((a, b) => b.entry.writtenAt - a.entry.writtenAt)
		return { left, busy }
	}

	/**
	 * The document cannot be opened any more: removes the copies of its text, of
	 * those with unsaved edits too when the access is gone. Returns the text of
	 * the edits, which stay.
	 */
	async forget(document: string, gone: "document" | "access"): Promise<string> {
		let text = ""
		for (const { entry } of (await this.claim(document)).left) {
			if (isCopy(entry)) await this.remove(document, entry.client)
			else if (gone === "access") await this.write({ ...entry, snapshot: null, since: [] }, null, [])
			text += unsavedText(entry)
			this.release(document, entry.client)
		}
		return text
	}

	/** Waits until the tab that holds this client's entry is gone, then takes hold of what it left. */
	async wait(document: string, client: string, signal: AbortSignal): Promise<Left | undefined> {
		const name = nameOf(document, client)
		return (await this.holds.wait(name, signal)) ? this.take(document, client) : undefined
	}

	/** Tells other tabs that there is a new client, for whose tab's end they may wait. */
	announce(document: string, client: string): void {
		this.platform.channel.postMessage({ document, client })
	}

	/** Calls back for every new client that another tab announces for a document. */
	onAnnounced(document: string, heard: (client: string) => void, signal: AbortSignal): void {
		const listen = ({ data }: MessageEvent) => {
			if (data?.document === document && typeof data.client === "string") heard(data.client)
		}
		const { channel } = this.platform
		channel.addEventListener("message", listen)
		signal.addEventListener("abort", () => channel.removeEventListener("message", listen))
	}

	/** Removes copies that hold nothing unsaved and that nobody has open: the old ones, and all beyond so many. */
	async tidy(keep = COPIES): Promise<void> {
		const entries = (await this.store.entries()) as JournalEntry[]
		const copies = entries
			.filter((entry) => !isNewer(entry) && typeof entry.client === "string" && isCopy(entry))
			.sort((a, b) => b.writtenAt - a.writtenAt)
		for (const [place, { document, client, writtenAt }] of copies.entries()) {
			if (place < keep && writtenAt > Date.now() - KEEP_COPIES) continue
			const name = nameOf(document, client)
			if (this.holds.has(name) || !(await this.holds.take(name))) continue
			// Another tab may have written to it before it let go, or since, where this page was put aside.
			await this.store
				.remove([document, client], (stored) => stored !== undefined && isCopy(stored))
				.finally(() => this.holds.release(name))
		}
	}

	/** Reads an entry that we hold; lets go of it when there is nothing to read. */
	private async take(document: string, client: string): Promise<Left | undefined> {
		let [stored, snapshot]: unknown[] = []
		try {
			;[stored, snapshot] = await this.store.read([document, client])
			if (stored !== undefined && !isNewer(stored)) return read(stored, snapshot)
		} catch {
			if (stored !== undefined) await this.store.quarantine(stored, snapshot, [document, client])
		}
		this.release(document, client)
		return undefined
	}
}

/** Nothing in it that a server does not have. */
export function isCopy(entry: JournalEntry): boolean {
	return !isPending(entry) && entry.rejected === null
}

function nameOf(document: string, client: string): string {
	return `coscribe ${document} ${client}`
}
