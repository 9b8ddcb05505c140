import { IDBFactory, IDBKeyRange } from "fake-indexeddb"
import type { JournalPlatform } from "../journal-shelf.js"

export type Table = "entries" | "snapshots" | "quarantine"

/** One browser's storage and locks, shared by its tabs. */
export class FakeBrowser {
	/** Who holds a lock, and who waits for it. */
	readonly locks = new Map<string, { tab: FakeTab; waiting: Waiting[] }>()
	readonly indexedDB = new IDBFactory()
	readonly tabs = new Set<FakeTab>()

	constructor() {
		globalThis.IDBKeyRange = IDBKeyRange
	}

	tab(): FakeTab {
		const tab = new FakeTab(this)
		this.tabs.add(tab)
		return tab
	}

	/** Everything in one table of the journal. */
	async stored<T>(table: Table): Promise<T[]> {
		const database = await new Promise<IDBDatabase>((resolve, reject) => {
			const request = this.indexedDB.open("coscribe")
			request.onsuccess = () => resolve(request.result)
			request.onerror = () => reject(request.error)
		})
		const request = database.transaction(table).objectStore(table).getAll()
		await new Promise((resolve) => {
			request.onsuccess = resolve
		})
		database.close()
		return request.result
	}

	free(name: string): void {
		const next = this.locks.get(name)?.waiting.shift()
		if (!next) this.locks.delete(name)
		else this.grant(name, next, this.locks.get(name)?.waiting ?? [])
	}

	grant(name: string, { tab, until }: Waiting, waiting: Waiting[] = []): void {
		this.locks.set(name, { tab, waiting })
		void Promise.resolve(until({ name, mode: "exclusive" })).then(() => {
			if (this.locks.get(name)?.tab === tab) this.free(name)
		})
	}
}

interface Waiting {
	readonly tab: FakeTab
	readonly until: (lock: Lock | null) => unknown
}

/** What a journal stands on in one tab. A crash takes its locks and its access to storage, in the middle of anything. */
export class FakeTab implements JournalPlatform {
	/** Every write to storage fails, as in a private window or on a full disk. */
	denied = false
	private dead = false
	private readonly databases: IDBDatabase[] = []
	private readonly listeners = new Set<(event: MessageEvent) => void>()

	constructor(private readonly browser: FakeBrowser) {}

	readonly indexedDB = {
		open: (name: string, version: number) => {
			if (this.dead || this.denied) throw new DOMException("no storage", "SecurityError")
			const request = this.browser.indexedDB.open(name, version)
			request.addEventListener("success", () => {
				this.databases.push(request.result)
				if (this.dead) request.result.close()
			})
			return request
		},
	} as unknown as IDBFactory

	readonly locks = {
		request: (name: string, options: LockOptions, until: (lock: Lock | null) => unknown) => {
			const entry = this.browser.locks.get(name)
			if (this.dead) return new Promise(() => {})
			if (!entry) this.browser.grant(name, { tab: this, until })
			else if (options.ifAvailable) until(null)
			else {
				const waiting = { tab: this, until }
				entry.waiting.push(waiting)
				return new Promise((_, reject) => {
					options.signal?.addEventListener("abort", () => {
						const now = this.browser.locks.get(name)?.waiting
						if (now?.includes(waiting)) now.splice(now.indexOf(waiting), 1)
						reject(new DOMException("aborted", "AbortError"))
					})
				})
			}
			return new Promise(() => {})
		},
	} as unknown as LockManager

	readonly channel = {
		postMessage: (data: unknown) => {
			for (const tab of this.browser.tabs) if (tab !== this) for (const hear of tab.listeners) hear({ data } as never)
		},
		addEventListener: (_: string, listener: (event: MessageEvent) => void) => void this.listeners.add(listener),
		removeEventListener: (_: string, listener: (event: MessageEvent) => void) => void this.listeners.delete(listener),
	} as unknown as BroadcastChannel

	/** The browser puts the page aside, and lets others have its locks meanwhile; nothing tells the page. */
	loseLocks(): void {
		for (const [name, { tab }] of [...this.browser.locks]) if (tab === this) this.browser.free(name)
	}

	crash(): void {
		this.dead = true
		this.browser.tabs.delete(this)
		this.listeners.clear()
		for (const database of this.databases) database.close()
		for (const { waiting } of this.browser.locks.values())
			for (const other of waiting.filter((waits) => waits.tab === this)) waiting.splice(waiting.indexOf(other), 1)
		this.loseLocks()
	}
}
