import { ArchiveRestore } from "lucide-preact"
import { useEffect, useState } from "preact/hooks"
import { type DocumentRecord, listDocuments } from "../api"
import { exactTime, relativeTime } from "../time"
import { Button } from "../ui/Button"
import { known, restore } from "./library"
import { titleOf } from "./list"

/** What was moved to the trash, newest first, each with a way back. */
export function Trash() {
	const [rows, setRows] = useState<readonly DocumentRecord[] | null>(null)
	const [next, setNext] = useState<string | null>(null)
	const [fault, setFault] = useState("")

	const fetchPage = async (cursor?: string) => {
		try {
			const page = await listDocuments({ trashed: true, ...(cursor ? { cursor } : {}) })
			setRows((before) => (cursor ? [...(before ?? []), ...page.documents] : page.documents))
			setNext(page.next)
			setFault("")
		} catch (error) {
			setFault((error as Error).message)
		}
	}
	// The list of documents in use changes when something is trashed or restored elsewhere: look again then.
	const inUse = known.value.documents.length
	useEffect(() => void fetchPage(), [inUse])

	const bringBack = async (row: DocumentRecord) => {
		setRows((before) => before?.filter((other) => other.id !== row.id) ?? null)
		if (!(await restore(row))) void fetchPage()
	}

	if (fault) return <p class="list-note">{fault}</p>
	if (!rows) return null
	if (rows.length === 0) return <p class="list-note">The trash is empty.</p>
	return (
		<>
			<ul class="rows" aria-label="Documents in the trash">
				{rows.map((row) => (
					<li key={row.id} class="row">
						<div class="row-link">
							<span class="row-title">
								<bdi>{titleOf(row)}</bdi>
							</span>
							<span class="row-change">
								<time dateTime={row.trashedAt ?? row.updatedAt} title={exactTime(row.trashedAt ?? row.updatedAt)}>
									Moved here {relativeTime(row.trashedAt ?? row.updatedAt)}
								</time>
							</span>
						</div>
						<Button
							icon={<ArchiveRestore size={16} />}
							aria-label={`Restore ${titleOf(row)}`}
							onClick={() => void bringBack(row)}
						>
							Restore
						</Button>
					</li>
				))}
			</ul>
			{next && (
				<Button class="rows-more" onClick={() => void fetchPage(next)}>
					Show more
				</Button>
			)}
		</>
	)
}
