import { X } from "lucide-preact"
import type { ComponentChildren } from "preact"
import { titleOf } from "../home/list"
import { Avatar } from "../ui/Avatar"
import { IconButton } from "../ui/Button"
import { Picker } from "../ui/Picker"
import { type AdminDocument, listDocuments, listUsers, type Subject, type User } from "./api"

const findUsers = async (query: string) => (await listUsers(query)).users
const findDocuments = async (query: string) => (await listDocuments("activity", query)).documents

type SubjectProps = {
	value: Subject | undefined
	onChange: (subject: Subject | undefined) => void
}

/** Whom lines of the log are to be about, or anyone. */
export function AuditPerson({ value, onChange }: SubjectProps) {
	return (
		<Chosen label="Person" any="Anyone" value={value} onChange={onChange}>
			<Picker<User>
				label="Person"
				placeholder="Anyone"
				find={findUsers}
				none="Nobody here has this name or mail."
				show={(user) => (
					<>
						<Avatar person={user} size={24} />
						<span class="picker-name">
							<bdi>{user.name}</bdi>
							{user.mail && <span class="item-note"> {user.mail}</span>}
						</span>
					</>
				)}
				onPick={onChange}
			/>
		</Chosen>
	)
}

/** Which document they are to be about, or any. */
export function AuditDocument({ value, onChange }: SubjectProps) {
	return (
		<Chosen label="Document" any="Any document" value={value} onChange={onChange}>
			<Picker<AdminDocument>
				label="Document"
				placeholder="Any"
				find={findDocuments}
				none="No title has this in it."
				show={(row) => (
					<span class="picker-name">
						<bdi>{titleOf(row)}</bdi>
					</span>
				)}
				onPick={(row) => onChange({ id: row.id, name: titleOf(row) })}
			/>
		</Chosen>
	)
}

/** What was chosen, with the way back; else what it is chosen from. */
function Chosen({
	label,
	any,
	value,
	onChange,
	children,
}: SubjectProps & { label: string; any: string; children: ComponentChildren }) {
	return (
		<div class="field">
			<span class="field-label" aria-hidden="true">
				{label}
			</span>
			{value ? (
				<div class="admin-chosen">
					<bdi>{value.name}</bdi>
					<IconButton label={`${label}: ${value.name}. Show ${any.toLowerCase()}`} onClick={() => onChange(undefined)}>
						<X size={16} />
					</IconButton>
				</div>
			) : (
				children
			)}
		</div>
	)
}
