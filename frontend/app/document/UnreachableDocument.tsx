import { useEffect, useState } from "preact/hooks"
import { getDocument, restoreDocument } from "../api"
import { navigate } from "../router"
import { Button } from "../ui/Button"
import { toast } from "../ui/Toast"
import type { LiveDocument } from "./live"
import { statusLine } from "./status"

/** In place of a document that cannot be opened: why, and the next step. */
export function UnreachableDocument({ live, onReopen }: { live: LiveDocument; onReopen: () => void }) {
	const [trashed, setTrashed] = useState(false)
	const { id } = live.document
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
	const unsaved = live.status.value.rejected?.text
	const bringBack = async () => {
		try {
			await restoreDocument(id)
			onReopen()
		} catch (error) {
			toast((error as Error).message)
		}
	}
	return (
		<main class="notice">
			<h1>{trashed ? "In the trash" : "Nothing to open here"}</h1>
			<p>
				{trashed ? "This document was moved to the trash." : `${statusLine(live.status.value, Date.now()).sentence}.`}
			</p>
			{unsaved && (
				<textarea class="input unsaved-text" aria-label="Text that was not saved" readOnly rows={6} value={unsaved} />
			)}
			<div class="notice-actions">
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
