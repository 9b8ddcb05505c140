/**
 * What the journal holds of one client of one document, and its way back into
 * a state: pure, so that a seed replays a crash at any step.
 *
 *     content = snapshot · since      local view = content · inflight · buffer
 *
 * The snapshot is rewritten rarely, the entry often: writing costs in
 * proportion to what changed, not to the document.
 */
import { Content } from "./content.js"
import { baseLength, compose, type Delta, growth, insertedText, isCanonical } from "./delta.js"
import type { Role, Submit, User } from "./protocol.js"
import { initial, type State } from "./state.js"
import type { Rejected } from "./status.js"

/** The entries' format; one that is newer is left alone. */
export const FORMAT = 1

/** One client's unsaved edits, and where they stand. Plain data, as stored. */
export interface JournalEntry {
	readonly format: typeof FORMAT
	readonly document: string
	readonly client: string
	readonly epoch: string
	/** The revision that `content` is at and the deltas are relative to. */
	readonly revision: number
	readonly savedRevision: number
	readonly lastSeq: number
	/** The frozen change (law S2), and the same moved to `revision`. */
	readonly inflight: { readonly message: Submit; readonly delta: Delta; readonly edits: number } | null
	readonly buffer: Delta
	readonly edits: number
	/** Whether `content` is what the log has at `revision`: then the client may resume. */
	readonly resume: boolean
	/** The stored snapshot's revision; null when none goes with this entry. */
	readonly snapshot: number | null
	/** What happened to the snapshot since. */
	readonly since: Delta
	/** What was refused for good and not yet dismissed. */
	readonly rejected: Rejected | null
	readonly title: string
	readonly role: Role
	readonly user: User | null
	/** ms since 1970 */
	readonly writtenAt: number
}

/** A document's content at a revision. */
export interface Snapshot {
	readonly document: string
	readonly client: string
	readonly epoch: string
	readonly revision: number
	readonly content: Delta
}

/** What a tab that is gone has left. */
export interface Left {
	readonly entry: JournalEntry
	/** Undefined: the content is not here, and the edits cannot be applied. */
	readonly content: Content | undefined
}

/** What can be gone on with. */
export interface Usable {
	readonly entry: JournalEntry & { readonly snapshot: number }
	readonly content: Content
}

export function isUsable(left: Left): left is Usable {
	return left.content !== undefined
}

/** What of a live document goes into its entry. */
export interface Journaled {
	readonly id: string
	readonly state: State
	readonly title: string
	readonly role: Role
	readonly user: User | undefined
	readonly rejected: Rejected | undefined
	/** Whether the next connection resumes. */
	readonly resume: boolean
}

/** Where an entry's content stands: what it takes to write only what happened since. */
export interface Place {
	readonly client: string
	readonly revision: number
	/** See `State.reloads`. */
	readonly reloads: number
	/** The stored snapshot's revision. */
	readonly snapshot: number
	readonly since: Delta
	/** About the units that `since` has taken, composed or not. */
	readonly weight: number
}

/** Units of change since the snapshot that are worth a new one in any document; in a large one it is a share of its length. */
const SMALL = 8_192
const SHARE = 1 / 4

/** The place of this state, after what was written last; `fresh` when it takes a new snapshot of the content. */
export function placeOf(state: State, written: Place | undefined): { place: Place; fresh: boolean } {
	const { client, revision, reloads, recent, content } = state
	const steps = revision - (written?.revision ?? 0)
	if (written?.client === client && written.reloads === reloads && steps <= recent.length) {
		const news = steps > 0 ? recent.slice(-steps) : []
		const weight = news.reduce((sum, delta) => sum + weigh(delta), written.weight)
		if (weight <= Math.max(SMALL, content.length * SHARE))
			return { place: { ...written, revision, since: news.reduce(compose, written.since), weight }, fresh: false }
	}
	return { place: { client, revision, reloads, snapshot: revision, since: [], weight: 0 }, fresh: true }
}

/** The place of an entry that was read and restored. */
export function placeOfEntry({ client, revision, snapshot, since }: Usable["entry"], state: State): Place {
	return { client, revision, reloads: state.reloads, snapshot, since, weight: weigh(since) }
}

/** About the units that a delta takes in the journal. */
function weigh(delta: Delta): number {
	return delta.reduce(
		(sum, op) => sum + 16 + ("insert" in op && typeof op.insert === "string" ? op.insert.length : 0),
		0,
	)
}

/** The entry for a live document at its place; without one, the content is left out. */
export function entryOf(live: Journaled, place: Place | undefined, writtenAt: number): JournalEntry {
	const { client, epoch, revision, savedRevision, lastSeq, inflight, buffer, edits } = live.state
	return {
		format: FORMAT,
		document: live.id,
		client,
		epoch,
		revision,
		savedRevision,
		lastSeq,
		inflight: inflight ? { message: inflight.message, delta: inflight.delta, edits: inflight.edits } : null,
		buffer,
		edits,
		resume: live.resume,
		snapshot: place?.snapshot ?? null,
		since: place?.since ?? [],
		rejected: live.rejected ?? null,
		title: live.title,
		role: live.role,
		user: live.user ?? null,
		writtenAt,
	}
}

/** Whether edits in it are not known to be saved; also of one that was not yet checked. */
export function isPending(entry: JournalEntry): boolean {
	return entry.inflight !== null || entry.buffer?.length !== 0
}

/** The state in which the tab was when it wrote this. */
export function restore({ entry, content }: Usable): State {
	const { client, epoch, revision, savedRevision, lastSeq, inflight, buffer, edits } = entry
	return {
		...initial,
		loaded: true,
		client,
		epoch,
		revision,
		savedRevision,
		content,
		inflight: inflight ? { ...inflight, stored: true, sent: false } : undefined,
		buffer,
		edits,
		lastSeq,
	}
}

/**
 * Reads what was stored. Throws for what is not an entry, or not one that fits
 * together: somebody else's, an older program's, a damaged one.
 */
export function read(stored: unknown, snapshot: unknown): Left {
	const entry = stored as JournalEntry
	check(entry?.format === FORMAT, "format")
	check([entry.document, entry.client, entry.epoch, entry.title, entry.role].every(isText), "names")
	check([entry.revision, entry.savedRevision, entry.lastSeq, entry.edits, entry.writtenAt].every(isCount), "numbers")
	check(typeof entry.resume === "boolean", "resume")
	check(entry.user === null || [entry.user.id, entry.user.name, entry.user.color].every(isText), "user")
	check(entry.rejected === null || [entry.rejected.code, entry.rejected.text].every(isText), "rejected")
	const { inflight, since, buffer } = entry
	for (const delta of [since, buffer, inflight?.delta ?? []]) check(isDelta(delta), "delta")
	if (inflight) {
		const { seq, base, delta } = inflight.message
		check(
			isCount(seq) && seq <= entry.lastSeq && isCount(base) && isDelta(delta) && isCount(inflight.edits),
			"inflight",
		)
	}
	const kept = snapshot as Snapshot | undefined
	if (entry.snapshot === null || kept?.revision !== entry.snapshot || kept.epoch !== entry.epoch)
		return { entry, content: undefined }
	check(isDelta(kept.content) && kept.content.every((op) => "insert" in op), "content")
	const content = Content.of(kept.content).apply(since)
	const mine = inflight?.delta ?? []
	check(baseLength(mine) <= content.length, "inflight reaches past the end")
	check(baseLength(buffer) <= content.length + growth(mine), "the buffer reaches past the end")
	return { entry, content }
}

/** The inserted text of everything that is unsaved, refused or not. */
export function unsavedText({ inflight, buffer, rejected }: JournalEntry): string {
	return (rejected?.text ?? "") + insertedText(inflight?.delta ?? []) + insertedText(buffer)
}

function check(holds: boolean, what: string): void {
	if (!holds) throw new TypeError(`not a journal entry: ${what}`)
}

function isText(value: unknown): boolean {
	return typeof value === "string"
}

function isCount(value: unknown): boolean {
	return Number.isSafeInteger(value) && (value as number) >= 0
}

function isDelta(value: unknown): boolean {
	return Array.isArray(value) && value.every(isOp) && isCanonical(value)
}

function isOp(op: unknown): boolean {
	const { insert, retain, delete: gone } = op as Record<string, unknown>
	return isText(insert) || (typeof insert === "object" && insert !== null) || isCount(retain) || isCount(gone)
}
