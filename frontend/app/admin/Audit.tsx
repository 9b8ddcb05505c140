import { Download } from "lucide-preact"
import { useState } from "preact/hooks"
import { exactTime, locale } from "../time"
import { Button } from "../ui/Button"
import { Choice, Field } from "../ui/Field"
import { sentenceOf } from "../ui/form"
import { toast } from "../ui/Toast"
import { AuditDocument, AuditPerson } from "./AuditSubject"
import { type AuditEntry, type AuditFilter, auditSearch, listAudit } from "./api"
import { useFetched } from "./load"
import { Table } from "./Table"

/** Beginnings of actions, as the server names them: a noun and a dot. */
const ACTIONS = [
	["", "Everything"],
	["login.", "Signing in and out"],
	["user.", "People"],
	["invitation.", "Invitations"],
	["group.", "Groups"],
	["grant.", "Rights in documents"],
	["link.", "Share links"],
	["token.", "API tokens"],
	["document.", "Documents"],
] as const

const OUTCOMES = [
	["", "Either"],
	["done", "Done"],
	["denied", "Denied"],
] as const

const moment = (at: string) => new Date(at).toLocaleString(locale, { dateStyle: "short", timeStyle: "medium" })

/** Who did what, and what was refused: newest first. */
export function Audit() {
	const [filter, setFilter] = useState<AuditFilter>({ action: "", outcome: "", from: "", to: "" })
	const search = auditSearch(filter).toString()
	const { value, fault } = useFetched(() => listAudit(filter), search)
	const [more, setMore] = useState<{ after: unknown; rows: readonly AuditEntry[]; next: number | null } | null>(null)
	// Older lines belong to the newest ones that they follow.
	const rest = more?.after === value ? more : null
	const rows = [...(value?.entries ?? []), ...(rest?.rows ?? [])]
	const next = rest ? rest.next : (value?.next ?? null)

	const fetchOlder = async () => {
		if (next === null) return
		try {
			const older = await listAudit(filter, next)
			setMore({ after: value, rows: [...(rest?.rows ?? []), ...older.entries], next: older.next })
		} catch (error) {
			toast(sentenceOf(error))
		}
	}
	const set = (change: Partial<AuditFilter>) => setFilter({ ...filter, ...change })
	const exported = (format: string) => `/api/admin/audit/export?${search ? `${search}&` : ""}format=${format}`
	return (
		<>
			<div class="admin-form admin-filter">
				<Choice label="About" value={filter.action} options={ACTIONS} onChange={(action) => set({ action })} />
				<Choice label="Outcome" value={filter.outcome} options={OUTCOMES} onChange={(outcome) => set({ outcome })} />
				<AuditPerson value={filter.person} onChange={(person) => set({ person })} />
				<AuditDocument value={filter.document} onChange={(document) => set({ document })} />
				<Field label="From" type="date" value={filter.from} onText={(from) => set({ from })} />
				<Field label="Until" type="date" value={filter.to} onText={(to) => set({ to })} />
				<div class="actions">
					<a class="button button-quiet" href={exported("csv")} download="audit.csv">
						<Download size={16} />
						<span>CSV</span>
					</a>
					<a class="button button-quiet" href={exported("jsonl")} download="audit.jsonl">
						<Download size={16} />
						<span>JSON lines</span>
					</a>
				</div>
			</div>
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			{value && rows.length === 0 && <p class="empty-note">Nothing of the kind is in the log.</p>}
			{rows.length > 0 && (
				<Table<AuditEntry>
					label="Audit log"
					rows={rows}
					keyOf={(entry) => String(entry.seq)}
					columns={[
						{
							name: "When",
							show: ({ at }) => (
								<time class="admin-time" dateTime={at} title={exactTime(at)}>
									{moment(at)}
								</time>
							),
						},
						{
							name: "Who",
							show: ({ actor, name }) =>
								actor && name ? (
									<button
										type="button"
										class="admin-only"
										title={`Only what ${name} did, or was done to them`}
										onClick={() => set({ person: { id: actor, name } })}
									>
										<bdi>{name}</bdi>
									</button>
								) : (
									(name ?? "-")
								),
						},
						{
							name: "What",
							main: true,
							show: (entry) => (
								<>
									<span class="admin-action">{entry.action}</span>
									{entry.outcome === "denied" && <span class="badge badge-bad">Denied</span>}
								</>
							),
						},
						{
							name: "Detail",
							show: ({ detail, document }) => (
								<>
									<bdi>{detail || (document ? "" : "-")}</bdi>{" "}
									{document && (
										<button
											type="button"
											class="admin-only item-note"
											onClick={() => set({ document: { id: document, name: "The one of that line" } })}
										>
											This document
										</button>
									)}
								</>
							),
						},
						{ name: "From", tight: true, show: (entry) => entry.address || "-" },
					]}
				/>
			)}
			{next !== null && <Button onClick={() => void fetchOlder()}>Show older</Button>}
		</>
	)
}
