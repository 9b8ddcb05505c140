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

/** Fetches the first page anew and keeps what is on the screen until it is here. */
export async function refresh(): Promise<void> {
	try {
		const page = await api.listDocuments({})
		known.value = addPage(NO_DOCUMENTS, page)
		loading.value = "done"
	} catch (error) {
		if (known.peek().documents.length === 0) loading.value = { sentence: (error as Error).message }
	}
}

/** Fetches the next page, once at a time. */
export async function fetchMore(): Promise<void> {
	const cursor = known.peek().next
	if (cursor === null || fetching) return
	fetching = true
	try {
		known.value = addPage(known.peek(), await api.listDocuments({ cursor }))
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
		const found = await api.listDocuments({ query }, signal)
		known.value = { ...addPage(known.peek(), found), next: known.peek().next }
	} catch {
		// What is known already stays on the screen.
	}
}

/** Follows the server's list events until the returned function is called. The browser reconnects by itself. */
export function followEvents(): () => void {
	const source = new EventSource("/api/documents/events")
	source.addEventListener("open", () => {
		live.value = true
		void refresh() // events between two connections are not repeated
	})
	source.addEventListener("error", () => {
		live.value = false
		// It does not come back by itself from a refusal: the login may have ended.
		if (source.readyState === EventSource.CLOSED) void loadMe()
	})
	source.addEventListener("reload", () => void refresh()) // one may see more or less than before
	source.addEventListener("document", (event) => {
		known.value = documentChanged(known.peek(), JSON.parse(event.data) as api.DocumentRecord)
		loading.value = "done"
	})
	source.addEventListener("removed", (event) => {
		known.value = documentRemoved(known.peek(), (JSON.parse(event.data) as { id: string }).id)
	})
	return () => {
		live.value = false
		source.close()
	}
}

/** Creates a document and goes to it. */
export async function createAndOpen(body: { title?: string; content?: unknown } = {}): Promise<void> {
	try {
		const row = await api.createDocument(body)
		known.value = documentChanged(known.peek(), row)
		navigate({ page: "document", id: row.id })
	} catch (error) {
		toast((error as Error).message)
	}
}

/** Renames at once on the screen and takes it back if the server refuses. */
export async function rename(row: api.DocumentRecord, title: string): Promise<void> {
	known.value = documentChanged(known.peek(), { ...row, title })
	try {
		known.value = documentChanged(known.peek(), await api.renameDocument(row.id, title))
	} catch (error) {
		known.value = documentChanged(known.peek(), row)
		toast((error as Error).message)
	}
}

/** Moves to the trash at once on the screen, with a way back. */
export async function trash(row: api.DocumentRecord): Promise<void> {
	known.value = documentRemoved(known.peek(), row.id)
	try {
		await api.trashDocument(row.id)
		toast(`“${titleOf(row)}” is in the trash`, { label: "Undo", run: () => void restore(row) })
	} catch (error) {
		known.value = documentChanged(known.peek(), row)
		toast((error as Error).message)
	}
}

/** Takes a document out of the trash. Answers whether that worked. */
export async function restore(row: api.DocumentRecord): Promise<boolean> {
	try {
		const { trashedAt: _, ...living } = row
		const answer = await api.restoreDocument(row.id)
		known.value = documentChanged(known.peek(), answer ?? living)
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
