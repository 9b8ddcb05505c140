import { useEffect, useState } from "preact/hooks"
import { titleOf } from "../home/list"
import { me } from "../me"
import { follow, routePath } from "../router"
import { exactTime, relativeTime } from "../time"
import { Button } from "../ui/Button"
import { Choice, Field } from "../ui/Field"
import { sentenceOf } from "../ui/form"
import { toast } from "../ui/Toast"
import { type AdminDocument, listDocuments, takeOver } from "./api"
import { attempt, size, useFetched } from "./load"
import { Table } from "./Table"

const SORTS = [
	["activity", "Last change first"],
	["size", "Largest first"],
	["ownerless", "Only those without an owner"],
	["trashed", "The trash"],
] as const

const SETTLE = 200 // ms without a key press before the server is asked

/** All documents, without their text: how large, how active, whose. */
export function Documents() {
	const [show, setShow] = useState<(typeof SORTS)[number][0]>("activity")
	const [typed, setTyped] = useState("")
	const [query, setQuery] = useState("")
	const { value, fault, again } = useFetched(() => listDocuments(show, query), `${show} ${query}`)
	useEffect(() => {
		const wait = setTimeout(() => setQuery(typed.trim()), SETTLE)
		return () => clearTimeout(wait)
	}, [typed])
	const [more, setMore] = useState<{ after: unknown; rows: readonly AdminDocument[]; next: string | null } | null>(null)
	// Further pages belong to the first one that they follow.
	const rest = more?.after === value ? more : null
	const next = rest ? rest.next : (value?.next ?? null)
	const rows = [...(value?.documents ?? []), ...(rest?.rows ?? [])]

	const fetchMore = async () => {
		if (!next) return
		try {
			const page = await listDocuments(show, query, next)
			setMore({ after: value, rows: [...(rest?.rows ?? []), ...page.documents], next: page.next })
		} catch (error) {
			toast(sentenceOf(error))
		}
	}
	const owner = me.value?.standing === "owner"
	return (
		<>
			<div class="admin-form">
				<Choice
					label="Show"
					value={show}
					options={SORTS}
					onChange={(value) => setShow(value as (typeof SORTS)[number][0])}
				/>
				<Field label="Find by title" type="search" autocomplete="off" value={typed} onText={setTyped} />
			</div>
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			{value && rows.length === 0 && (
				<p class="empty-note">
					{query
						? "No title has this in it."
						: show === "ownerless"
							? "Every document has an owner."
							: "Nothing is here."}
				</p>
			)}
			{rows.length > 0 && (
				<Table<AdminDocument>
					label="Documents"
					rows={rows}
					keyOf={(row) => row.id}
					columns={[
						{
							name: "Title",
							main: true,
							show: (row) => (
								<a
									class="admin-title"
									href={routePath({ page: "document", id: row.id })}
									onClick={(event) => follow(event, { page: "document", id: row.id })}
								>
									<bdi>{titleOf(row)}</bdi>
									{row.trashedAt && <span class="badge">In the trash</span>}
								</a>
							),
						},
						{
							name: "Owner",
							tight: true,
							show: (row) => (row.owner ? <bdi>{row.owner.name}</bdi> : <span class="badge badge-bad">None</span>),
						},
						{ name: "Size", figures: true, show: (row) => size(row.bytes) },
						{ name: "Changes", figures: true, show: (row) => row.revision.toLocaleString() },
						{
							name: "Last change",
							tight: true,
							show: (row) => <span title={exactTime(row.updatedAt)}>{relativeTime(row.updatedAt)}</span>,
						},
						{ name: "Here now", figures: true, show: (row) => row.people ?? 0 },
						{
							name: "Actions",
							actions: true,
							show: (row) =>
								owner &&
								row.owner?.id !== me.value?.id && (
									<Button
										aria-label={`Take over ${titleOf(row)}`}
										title="Become its owner; the audit log says so"
										onClick={async () => {
											await attempt(() => takeOver(row.id), `“${titleOf(row)}” is yours; the audit log says so`)
											await again()
										}}
									>
										Take over
									</Button>
								),
						},
					]}
				/>
			)}
			{next && <Button onClick={() => void fetchMore()}>Show more</Button>}
		</>
	)
}
