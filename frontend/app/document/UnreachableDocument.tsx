import { useEffect, useState } from "preact/hooks"
import { getDocument, restoreDocument, wholeRevision } from "../api"
import { isMember, isOpen } from "../me"
import { loadEntrance } from "../pages"
import { navigate } from "../router"
import { Button } from "../ui/Button"
import { Lazy } from "../ui/Lazy"
import { toast } from "../ui/Toast"
import { AskForAccess } from "./AskForAccess"
import type { LiveDocument } from "./live"
import { statusLine } from "./status"

/** In place of a document that cannot be opened: why, and the next step. */
export function UnreachableDocument({ live, onReopen }: { live: LiveDocument; onReopen: () => void }) {
	const [trashed, setTrashed] = useState(false)
	const [whole, setWhole] = useState(0)
	const { id } = live.document
	const damaged = live.status.value.reason === "damaged"
	useEffect(() => {
		const cancel = new AbortController()
		getDocument(id, cancel.signal).then(
			(row) => setTrashed(row.trashedAt !== undefined && row.trashedAt !== null),
			() => {
				// Not to be known here: the sentence below says what there is to say.
			},
		)
		return () => cancel.abort()
	}, [id])
	useEffect(() => {
		if (!damaged) return
		const cancel = new AbortController()
		wholeRevision(id, cancel.signal).then(
			(revision) => setWhole(revision ?? 0),
			() => {
				// Without the link.
			},
		)
		return () => cancel.abort()
	}, [id, damaged])
	const { state, reason, rejected } = live.status.value
	const unsaved = rejected?.text
	const bringBack = async () => {
		try {
			await restoreDocument(id)
			onReopen()
		} catch (error) {
			toast((error as Error).message)
		}
	}
	const kept = unsaved && (
		<textarea class="input unsaved-text" aria-label="Text that was not saved" readOnly rows={6} value={unsaved} />
	)
	// What is not theirs to know is answered alike, whether it exists or not.
	const unknown = !trashed && (state === "removed" || reason === "not_found" || reason === "forbidden")
	const closed = !isOpen()
	if (reason === "unauthorized" || (unknown && closed && !isMember()))
		return (
			<Lazy load={loadEntrance}>
				{({ Frame, SignIn }) => (
					<Frame
						title="Sign in to open this document"
						lead={
							reason === "unauthorized"
								? "It may also open by a share link, if somebody sends you one."
								: "It does not open for you as a guest. Sign in, or ask whoever sent you its address for a share link."
						}
					>
						<SignIn first onDone={onReopen} />
						{kept}
					</Frame>
				)}
			</Lazy>
		)
	if (unknown && closed) return <AskForAccess id={id} kept={kept} onReopen={onReopen} />
	return (
		<main class="notice">
			<h1>{trashed ? "In the trash" : damaged ? "This document is damaged" : "Nothing to open here"}</h1>
			<p>
				{trashed ? "This document was moved to the trash." : `${statusLine(live.status.value, Date.now()).sentence}.`}
			</p>
			{kept}
			<div class="notice-actions">
				{whole > 0 && (
					<a
						class="button button-primary"
						href={`/api/documents/${id}/content?format=markdown&revision=${whole}&download=true`}
						download
					>
						Download what is whole
					</a>
				)}
				{trashed && (
					<Button look="primary" onClick={() => void bringBack()}>
						Restore
					</Button>
				)}
				<Button look={trashed ? "quiet" : "primary"} onClick={() => navigate({ page: "home" }, true)}>
					All documents
				</Button>
			</div>
		</main>
	)
}
