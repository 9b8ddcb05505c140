import { signal } from "@preact/signals"
import * as api from "../api"
import { loadMe } from "../me"
import { navigate } from "../router"
import { toast } from "../ui/Toast"
import { addPage, documentChanged, documentRemoved, type KnownDocuments, NO_DOCUMENTS, titleOf } from "./list"

/** The documents in use as far as this page knows them; kept while one writes, so that going back is instant. */
export const known = signal<KnownDocuments>(NO_DOCUMENTS)

/** What the list stands on: nothing yet, the server's answer, or the sentence to show instead. */
export const loading = signal<"first" | "done" | { readonly sentence: string }>("first")

/** Whether others' changes arrive at this moment. */
export const live = signal(false)

type Change = (known: KnownDocuments) => KnownDocuments

/** Of each page on its way, what was heard since it was asked for: the page may have been read before that. */
const underWay = new Set<Change[]>()

function change(by: Change): void {
	for (const since of underWay) since.push(by)
	known.value = by(known.peek())
}

/** Fetches a page: how to add it to what is known. */
async function fetchPage(query: Parameters<typeof api.listDocuments>[0], signal?: AbortSignal): Promise<Change> {
	const since: Change[] = []
	underWay.add(since)
	try {
		const page = await api.listDocuments(query, signal)
		return (before) => since.reduce((all, by) => by(all), addPage(before, page))
	} finally {
		underWay.delete(since)
	}
}

/** Fetches the first page anew and keeps what is on the screen until it is here. */
export async function refresh(): Promise<void> {
	const number = ++refreshes
	try {
		const add = await fetchPage({})
		if (number < shown) return
		shown = number
		known.value = add(NO_DOCUMENTS)
		loading.value = "done"
	} catch (error) {
		if (known.peek().documents.length === 0) loading.value = { sentence: (error as Error).message }
	}
}
let refreshes = 0
/** Which of them is on the screen. */
let shown = 0

/** Fetches the next page, once at a time. */
export async function fetchMore(): Promise<void> {
	const cursor = known.peek().next
	if (cursor === null || fetching) return
	fetching = true
	try {
		const add = await fetchPage({ cursor })
		// The list may have been fetched anew meanwhile: then another page comes next.
		if (known.peek().next === cursor) known.value = add(known.peek())
	} catch {
		// The list stays as it is; scrolling asks again.
	} finally {
		fetching = false
	}
}
let fetching = false

/** Adds what the server finds for a query, for titles on pages not fetched yet. Leaves the cursor alone. */
export async function searchServer(query: string, signal: AbortSignal): Promise<void> {
	if (known.peek().next === null) return
	try {
		const add = await fetchPage({ query }, signal)
		known.value = { ...add(known.peek()), next: known.peek().next }
	} catch {
		// What is known already stays on the screen.
	}
}

/** Follows the server's list events until the returned function is called. */
export function followEvents(): () => void {
	let source: EventSource
	let again: ReturnType<typeof setTimeout> | undefined
	const follow = () => {
		source = new EventSource("/api/documents/events")
		source.addEventListener("open", () => {
			live.value = true
			void refresh() // events between two connections are not repeated
		})
		source.addEventListener("error", () => {
			live.value = false
			// The browser reconnects by itself, but not after a refusal: the login may have ended, or a proxy found no server.
			if (source.readyState !== EventSource.CLOSED) return
			void loadMe()
			again = setTimeout(follow, AGAIN * (0.5 + Math.random()))
		})
		source.addEventListener("reload", () => void refresh()) // one may see more or less than before
		source.addEventListener("document", (event) => {
			const row = JSON.parse(event.data) as api.DocumentRecord
			change((documents) => documentChanged(documents, row))
			loading.value = "done"
		})
		source.addEventListener("removed", (event) => {
			const { id } = JSON.parse(event.data) as { id: string }
			change((documents) => documentRemoved(documents, id))
		})
	}
	follow()
	return () => {
		live.value = false
		clearTimeout(again)
		source.close()
	}
}
/** After a refusal the events are asked for again, around so many ms later. */
const AGAIN = 5_000

/** Creates a document and goes to it. */
export async function createAndOpen(body: { title?: string; content?: unknown } = {}): Promise<void> {
	try {
		const row = await api.createDocument(body)
		change((documents) => documentChanged(documents, row))
		navigate({ page: "document", id: row.id })
	} catch (error) {
		toast((error as Error).message)
	}
}

/** Renames at once on the screen and takes it back if the server refuses. */
export async function rename(row: api.DocumentRecord, title: string): Promise<void> {
	change((documents) => documentChanged(documents, { ...row, title }))
	try {
		const renamed = await api.renameDocument(row.id, title)
		change((documents) => documentChanged(documents, renamed))
	} catch (error) {
		change((documents) => documentChanged(documents, row))
		toast((error as Error).message)
	}
}

/** Moves to the trash at once on the screen, with a way back. */
export async function trash(row: api.DocumentRecord): Promise<void> {
	change((documents) => documentRemoved(documents, row.id))
	try {
		await api.trashDocument(row.id)
		toast(`“${titleOf(row)}” is in the trash`, { label: "Undo", run: () => void restore(row) })
	} catch (error) {
		change((documents) => documentChanged(documents, row))
		toast((error as Error).message)
	}
}

/** Takes a document out of the trash. Answers whether that worked. */
export async function restore(row: api.DocumentRecord): Promise<boolean> {
	try {
		const { trashedAt: _, ...living } = row
		const answer = await api.restoreDocument(row.id)
		change((documents) => documentChanged(documents, answer ?? living))
		toast(`“${titleOf(row)}” is back`, {
			label: "Open",
			run: () => navigate({ page: "document", id: row.id }),
		})
		return true
	} catch (error) {
		toast((error as Error).message)
		return false
	}
}
