import { useEffect, useState } from "preact/hooks"
import { wordCountOf } from "../../editor/measure.ts"
import type { Editor } from "../../editor/types.ts"
import { type DocumentRecord, getDocument } from "../api"
import { exactTime } from "../time"
import { Dialog } from "../ui/Dialog"

const READ_PER_MINUTE = 230 // words; a usual figure for silent reading

/** Word count and where the document comes from. */
export function DetailsDialog({ id, editor, onClose }: { id: string; editor: Editor; onClose: () => void }) {
	const [row, setRow] = useState<DocumentRecord | null>(null)
	const [count] = useState(() => wordCountOf(editor.view.state.doc))
	useEffect(() => {
		const cancel = new AbortController()
		getDocument(id, cancel.signal).then(setRow, () => {
			// Offline: the counts are still worth showing.
		})
		return () => cancel.abort()
	}, [id])
	const minutes = Math.max(1, Math.round(count.words / READ_PER_MINUTE))
	const lines: [string, string][] = [
		["Words", count.words.toLocaleString()],
		["Characters", count.characters.toLocaleString()],
		["Reading time", minutes === 1 ? "1 minute" : `${minutes} minutes`],
	]
	if (row) {
		lines.push(["Created", `${exactTime(row.createdAt)}, by ${row.createdBy.name}`])
		lines.push(["Last change", `${exactTime(row.updatedAt)}, by ${row.updatedBy.name}`])
		lines.push(["Changes so far", row.revision.toLocaleString()])
	}
	return (
		<Dialog title="Details" onClose={onClose}>
			<dl class="details">
				{lines.map(([name, value]) => (
					<div key={name}>
						<dt>{name}</dt>
						<dd>{value}</dd>
					</div>
				))}
			</dl>
		</Dialog>
	)
}
