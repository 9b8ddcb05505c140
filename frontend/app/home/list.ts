import type { DocumentList, DocumentRecord } from "../api"

/**
 * The documents the page knows, newest change first, as one immutable value.
 * `next` is the cursor of what has not been fetched, null when all has.
 */
export interface KnownDocuments {
	readonly documents: readonly DocumentRecord[]
	readonly next: string | null
}

/** Nothing known, nothing more to fetch. */
export const NO_DOCUMENTS: KnownDocuments = { documents: [], next: null }

function byLastChange(a: DocumentRecord, b: DocumentRecord): number {
	const difference = Date.parse(b.updatedAt) - Date.parse(a.updatedAt)
	return difference !== 0 ? difference : a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/** Adds a fetched page; a row already known is replaced by the fetched one unless what we know is newer. */
export function addPage(known: KnownDocuments, page: DocumentList): KnownDocuments {
	const rows = new Map(known.documents.map((row) => [row.id, row]))
	for (const row of page.documents) {
		const before = rows.get(row.id)
		if (!before || Date.parse(before.updatedAt) <= Date.parse(row.updatedAt)) rows.set(row.id, row)
	}
	return { documents: [...rows.values()].sort(byLastChange), next: page.next }
}

/**
 * A document was created, changed, renamed, restored, or people came or went.
 * A row older than all we fetched stays out while more pages wait: its page will bring it.
 */
export function documentChanged(known: KnownDocuments, row: DocumentRecord): KnownDocuments {
	if (row.trashedAt) return documentRemoved(known, row.id)
	const others = known.documents.filter((other) => other.id !== row.id)
	const last = others[others.length - 1]
	const wasKnown = others.length !== known.documents.length
	if (!wasKnown && known.next !== null && last && byLastChange(last, row) < 0) return known
	return { documents: [...others, row].sort(byLastChange), next: known.next }
}

/** A document went to the trash or out of reach. */
export function documentRemoved(known: KnownDocuments, id: string): KnownDocuments {
	if (!known.documents.some((row) => row.id === id)) return known
	return { documents: known.documents.filter((row) => row.id !== id), next: known.next }
}

/** The rows whose title holds every word typed, in any order, ignoring case and accents. */
export function matching(rows: readonly DocumentRecord[], query: string): readonly DocumentRecord[] {
	const plain = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
	const words = plain(query).split(/\s+/).filter(Boolean)
	if (words.length === 0) return rows
	return rows.filter((row) => {
		const title = plain(titleOf(row))
		return words.every((word) => title.includes(word))
	})
}

/** What a document is called that nobody has named; the server stores the same word. */
export const UNTITLED = "Untitled"

/** What to call a document. */
export function titleOf(row: { readonly title: string }): string {
	return row.title.trim() || UNTITLED
}

/** The name someone gave a document, empty if nobody did: what a field for the title starts with. */
export function givenTitle(row: { readonly title: string }): string {
	const title = titleOf(row)
	return title === UNTITLED ? "" : title
}
