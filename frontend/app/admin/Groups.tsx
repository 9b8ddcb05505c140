import { useState } from "preact/hooks"
import { PeoplePicker } from "../people/PeoplePicker"
import { Avatar } from "../ui/Avatar"
import { Button } from "../ui/Button"
import { Dialog } from "../ui/Dialog"
import { Field } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { useSubmit } from "../ui/form"
import {
	addMember,
	createGroup,
	deleteGroup,
	type Group,
	listGroups,
	listMembers,
	removeMember,
	renameGroup,
} from "./api"
import { attempt, useFetched } from "./load"
import { Table } from "./Table"

/** Groups, which documents are shared with as with one person. */
export function Groups() {
	const { value: groups, fault, again } = useFetched(listGroups, "")
	const [name, setName] = useState("")
	const [open, setOpen] = useState<Group | null>(null)
	const sending = useSubmit(async () => {
		const group = await createGroup(name.trim())
		setName("")
		await again()
		setOpen(group)
	})
	return (
		<>
			<Form class="admin-form" sending={sending}>
				<Field
					label="New group"
					required
					maxLength={80}
					autocomplete="off"
					placeholder="Editorial"
					value={name}
					fault={sending.fault}
					onText={setName}
				/>
				<Submit sending={sending}>Make group</Submit>
			</Form>
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			{groups?.length === 0 && (
				<p class="empty-note">There is no group yet. Documents can be shared with a group as with one person.</p>
			)}
			{groups && groups.length > 0 && (
				<Table<Group>
					label="Groups"
					rows={groups}
					keyOf={(group) => group.id}
					columns={[
						{ name: "Name", main: true, show: (group) => <bdi>{group.name}</bdi> },
						{
							name: "Kept by",
							show: (group) => (group.external ? `The sign-in provider, as ${group.external}` : "This page"),
						},
						{
							name: "Actions",
							actions: true,
							show: (group) => (
								<Button aria-label={`Open ${group.name}`} onClick={() => setOpen(group)}>
									Open
								</Button>
							),
						},
					]}
				/>
			)}
			{open && (
				<GroupDialog
					group={open}
					onClose={() => {
						setOpen(null)
						void again()
					}}
				/>
			)}
		</>
	)
}

function GroupDialog({ group, onClose }: { group: Group; onClose: () => void }) {
	const { value: members, fault, again } = useFetched(() => listMembers(group.id), group.id)
	const [name, setName] = useState(group.name)
	const [ending, setEnding] = useState(false)
	const sending = useSubmit(() => renameGroup(group.id, name.trim()))
	const change = async (run: () => Promise<unknown>, done: string) => {
		await attempt(run, done)
		await again()
	}
	return (
		<Dialog title={group.name} onClose={onClose} wide>
			<Form sending={sending}>
				<Field label="Name" required maxLength={80} value={name} fault={sending.fault} onText={setName}>
					<Submit sending={sending} look="quiet" idle={name.trim() === group.name}>
						Rename
					</Submit>
				</Field>
			</Form>
			{group.external ? (
				<p class="dialog-text">Who is in it is told by the sign-in provider, as “{group.external}”.</p>
			) : (
				<PeoplePicker
					label="Add somebody"
					placeholder="Add somebody by name or mail"
					without={(members ?? []).map((member) => member.id)}
					onPick={(found) => void change(() => addMember(group.id, found.id), `${found.name} is in ${group.name}`)}
				/>
			)}
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			<ul class="items" aria-label={`People in ${group.name}`}>
				{members?.map((member) => (
					<li key={member.id} class="item">
						<Avatar person={member} size={28} />
						<div class="item-text">
							<bdi>{member.name}</bdi> <span class="item-note">{member.mail}</span>
						</div>
						{!group.external && (
							<Button
								aria-label={`Take ${member.name} out`}
								onClick={() =>
									void change(() => removeMember(group.id, member.id), `${member.name} is out of ${group.name}`)
								}
							>
								Take out
							</Button>
						)}
					</li>
				))}
			</ul>
			{members?.length === 0 && <p class="empty-note">Nobody is in it yet.</p>}
			{ending ? (
				<div class="admin-made">
					<p>Whoever has a document by this group only loses it at once.</p>
					<div class="actions">
						<Button
							look="danger"
							autofocus
							onClick={async () => {
								if (await attempt(() => deleteGroup(group.id), `${group.name} is deleted`)) onClose()
							}}
						>
							Delete for good
						</Button>
						<Button onClick={() => setEnding(false)}>Keep it</Button>
					</div>
				</div>
			) : (
				<Button look="danger" onClick={() => setEnding(true)}>
					Delete group
				</Button>
			)}
		</Dialog>
	)
}
