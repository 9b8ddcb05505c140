import { FORMAT, type JournalEntry, type Snapshot } from "./journal-entry.js"

const NAME = "coscribe"
const VERSION = 1
/** At most so many damaged entries are kept for somebody to look at. */
const QUARANTINED = 50

/** One client of one document. */
export type Key = readonly [document: string, client: string]

/** What must hold of an entry as it is stored, not yet checked, for a change to be made. */
type Condition = (stored: JournalEntry | undefined) => boolean

/**
 * The journal's tables in IndexedDB: `entries` and `snapshots` by document and
 * client, and `quarantine`. Every call is one transaction; a rejected promise
 * means that nothing of it was stored.
 */
export class JournalStore {
	private opened: Promise<IDBDatabase> | undefined
	/** Once it is open: what is to be stored goes to the browser within the caller's turn. */
	private ready: IDBDatabase | undefined

	constructor(private readonly factory: IDBFactory) {}

	/** Every entry of a document, or of all, as stored: not yet checked. */
	async entries(document?: string): Promise<unknown[]> {
		const database = await this.database()
		const range = document === undefined ? null : IDBKeyRange.bound([document], [document, []])
		return settled(database.transaction("entries").objectStore("entries").getAll(range))
	}

	/** One entry and its snapshot, as stored. */
	async read([document, client]: Key): Promise<[entry: unknown, snapshot: unknown]> {
		const transaction = (await this.database()).transaction(["entries", "snapshots"])
		return Promise.all([
			settled(transaction.objectStore("entries").get([document, client])),
			settled(transaction.objectStore("snapshots").get([document, client])),
		])
	}

	/** Stores an entry and its snapshot if there is a new one - null removes it -, and removes those that it replaces: all or nothing. */
	write(
		entry: JournalEntry,
		snapshot: Snapshot | null | undefined,
		replaced: readonly string[],
		condition?: Condition,
	): Promise<void> {
		return this.changeIf([entry.document, entry.client], condition, (entries, snapshots) => {
			entries.put(entry)
			if (snapshot) snapshots.put(snapshot)
			else if (snapshot === null) snapshots.delete([entry.document, entry.client])
			for (const client of replaced) {
				entries.delete([entry.document, client])
				snapshots.delete([entry.document, client])
			}
		})
	}

	/** Removes an entry and its snapshot. */
	remove([document, client]: Key, condition?: Condition): Promise<void> {
		return this.changeIf([document, client], condition, (entries, snapshots) => {
			entries.delete([document, client])
			snapshots.delete([document, client])
		})
	}

	/** Moves what cannot be read out of the way, and keeps it. */
	quarantine(stored: unknown, snapshot: unknown, key: readonly IDBValidKey[]): Promise<void> {
		return this.change((entries, snapshots, quarantine) => {
			const count = quarantine.count()
			count.onsuccess = () => {
				if (count.result < QUARANTINED) quarantine.add({ stored, snapshot, at: Date.now() })
			}
			entries.delete(key as IDBValidKey)
			snapshots.delete(key as IDBValidKey)
		})
	}

	/** Changes at once; with a condition, only where the entry as it is stored meets it. */
	private changeIf(
		[document, client]: Key,
		condition: Condition | undefined,
		body: (entries: IDBObjectStore, snapshots: IDBObjectStore) => void,
	): Promise<void> {
		return this.change((entries, snapshots) => {
			if (!condition) return body(entries, snapshots)
			const found = entries.get([document, client])
			found.onsuccess = () => {
				if (condition(found.result)) body(entries, snapshots)
			}
		}, !condition)
	}

	/** `whole`: the body asks for everything at once, so that the commit need not wait for its answers. */
	private async change(
		body: (entries: IDBObjectStore, snapshots: IDBObjectStore, quarantine: IDBObjectStore) => void,
		whole = false,
	): Promise<void> {
		const database = this.ready ?? (await this.database())
		return new Promise((resolve, reject) => {
			// Relaxed: it survives the tab and the browser, and does not wait for the disk with every key press.
			const transaction = database.transaction(["entries", "snapshots", "quarantine"], "readwrite", {
				durability: "relaxed",
			})
			transaction.oncomplete = () => resolve()
			transaction.onabort = () => reject(transaction.error ?? new Error("the journal's transaction was aborted"))
			body(
				transaction.objectStore("entries"),
				transaction.objectStore("snapshots"),
				transaction.objectStore("quarantine"),
			)
			if (whole) transaction.commit()
		})
	}

	private database(): Promise<IDBDatabase> {
		this.opened ??= this.open().catch((error) => {
			this.opened = undefined
			throw error
		})
		return this.opened
	}

	private open(): Promise<IDBDatabase> {
		const request = this.factory.open(NAME, VERSION)
		request.onupgradeneeded = () => {
			const key = { keyPath: ["document", "client"] }
			request.result.createObjectStore("entries", key)
			request.result.createObjectStore("snapshots", key)
			request.result.createObjectStore("quarantine", { autoIncrement: true })
		}
		return settled(request).then((database) => {
			this.ready = database
			const forget = () => {
				this.opened = this.ready = undefined
			}
			// A newer program needs another version, or the person cleared the site's storage: open again when needed.
			database.onversionchange = () => {
				database.close()
				forget()
			}
			database.onclose = forget
			return database
		})
	}
}

/** Whether a stored value claims to be of a newer program; it is not ours to judge. */
export function isNewer(stored: unknown): boolean {
	const format = (stored as { format?: unknown } | null)?.format
	return typeof format === "number" && format > FORMAT
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result)
		request.onerror = () => reject(request.error)
	})
}
