import { Ban, Ellipsis, Eraser, KeyRound, LogOut, Undo2 } from "lucide-preact"
import { useEffect, useState } from "preact/hooks"
import type { Standing } from "../api"
import { me } from "../me"
import { exactTime, relativeTime } from "../time"
import { Avatar } from "../ui/Avatar"
import { Button } from "../ui/Button"
import { Dialog } from "../ui/Dialog"
import { Field } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { sentenceOf, useSubmit } from "../ui/form"
import { Menu, type MenuItem } from "../ui/Menu"
import { Secret } from "../ui/Secret"
import { toast } from "../ui/Toast"
import { changeUser, endUserLogins, eraseUser, type HandedLink, listUsers, makeReset, type User } from "./api"
import { attempt } from "./load"
import { STANDINGS, standingWord } from "./standing"
import { Table } from "./Table"

const SETTLE = 200 // ms without a key press before the server is asked

/** Everybody with an account. */
export function People() {
	const [query, setQuery] = useState("")
	const [users, setUsers] = useState<readonly User[] | null>(null)
	const [next, setNext] = useState<string | null>(null)
	const [fault, setFault] = useState("")
	const [handed, setHanded] = useState<{ user: User; link: HandedLink } | null>(null)
	const [erasing, setErasing] = useState<User | null>(null)

	const fetchPage = async (cursor?: string) => {
		try {
			const page = await listUsers(query.trim(), cursor)
			setUsers((before) => (cursor ? [...(before ?? []), ...page.users] : page.users))
			setNext(page.next)
			setFault("")
		} catch (error) {
			setFault(sentenceOf(error))
		}
	}
	useEffect(() => {
		const wait = setTimeout(() => void fetchPage(), users ? SETTLE : 0)
		return () => clearTimeout(wait)
	}, [query])

	const change = async (run: () => Promise<unknown>, done: string) => {
		await attempt(run, done)
		await fetchPage()
	}
	const handOver = async (user: User) => {
		try {
			setHanded({ user, link: await makeReset(user.id) })
		} catch (error) {
			toast(sentenceOf(error))
		}
	}

	const self = me.value
	const items = (user: User): MenuItem[] => {
		const own = user.id === self?.id
		const suspended = user.suspendedAt !== undefined
		const standing = (word: Standing, label: string): MenuItem => ({
			label,
			checked: user.standing === word,
			onSelect: () =>
				void change(() => changeUser(user.id, { standing: word }), `${user.name} is ${label.toLowerCase()} now`),
		})
		return [
			...(self?.standing === "owner" ? STANDINGS.map(([word, label]) => standing(word, label)) : []),
			...(own
				? []
				: [
						{
							label: "Link for a new password",
							icon: <KeyRound size={16} />,
							separated: true,
							onSelect: () => void handOver(user),
						},
						{
							label: "Sign out everywhere",
							icon: <LogOut size={16} />,
							onSelect: () => void change(() => endUserLogins(user.id), `${user.name} is signed out everywhere`),
						},
						suspended
							? {
									label: "Let in again",
									icon: <Undo2 size={16} />,
									onSelect: () =>
										void change(() => changeUser(user.id, { suspended: false }), `${user.name} may come in again`),
								}
							: {
									label: "Suspend",
									icon: <Ban size={16} />,
									onSelect: () =>
										void change(() => changeUser(user.id, { suspended: true }), `${user.name} is out, and kept out`),
								},
						{
							label: "Erase",
							icon: <Eraser size={16} />,
							danger: true,
							separated: true,
							onSelect: () => setErasing(user),
						},
					]),
		]
	}

	return (
		<>
			<Field
				class="admin-search"
				label="Find by name or mail"
				type="search"
				autocomplete="off"
				value={query}
				fault={fault}
				onText={setQuery}
			/>
			{users && (
				<Table
					label="People"
					rows={users}
					keyOf={(user) => user.id}
					columns={[
						{
							name: "Name",
							main: true,
							show: (user) => (
								<span class="admin-person">
									<Avatar person={user} size={28} />
									<span>
										<bdi>{user.name}</bdi>
										{user.id === self?.id && <span class="badge">You</span>}
										{user.suspendedAt && (
											<span class="badge badge-bad" title={exactTime(user.suspendedAt)}>
												Suspended
											</span>
										)}
									</span>
								</span>
							),
						},
						{ name: "Mail", show: (user) => user.mail ?? "-" },
						{ name: "Standing", tight: true, show: (user) => standingWord(user.standing) },
						{
							name: "Last seen",
							tight: true,
							show: (user) =>
								user.seenAt ? <span title={exactTime(user.seenAt)}>{relativeTime(user.seenAt)}</span> : "never",
						},
						{
							name: "Actions",
							actions: true,
							show: (user) => {
								const lines = items(user)
								return (
									lines.length > 0 && (
										<Menu label={`Actions for ${user.name}`} align="end" items={lines}>
											<Ellipsis size={18} />
										</Menu>
									)
								)
							},
						},
					]}
				/>
			)}
			{users?.length === 0 && <p class="empty-note">Nobody here has this in their name or mail.</p>}
			{next && <Button onClick={() => void fetchPage(next)}>Show more</Button>}
			{handed && (
				<Dialog title={`A new password for ${handed.user.name}`} onClose={() => setHanded(null)}>
					<p class="dialog-text">
						{handed.link.mailed && `It was sent to ${handed.user.mail}. `}
						Whoever opens this link sets the password; it works once, until {exactTime(handed.link.expiresAt)}.
					</p>
					<Secret label="Link for a new password" value={handed.link.url} autofocus />
				</Dialog>
			)}
			{erasing && (
				<EraseDialog
					user={erasing}
					onClose={() => setErasing(null)}
					onDone={() => {
						setErasing(null)
						void fetchPage()
					}}
				/>
			)}
		</>
	)
}

/** Erasing cannot be undone, so it asks for the name to be typed. */
function EraseDialog({ user, onClose, onDone }: { user: User; onClose: () => void; onDone: () => void }) {
	const [typed, setTyped] = useState("")
	const sending = useSubmit(async () => {
		if (typed.trim() !== user.name) throw new Error(`Type “${user.name}” to confirm.`)
		await eraseUser(user.id)
		toast(`${user.name} is erased`)
		onDone()
	})
	return (
		<Dialog title={`Erase ${user.name}?`} onClose={onClose}>
			<Form sending={sending}>
				<p class="dialog-text">
					Their account, name, mail and picture go, also from the history of documents and the audit log. What they
					wrote stays. Documents that only they owned have no owner then; an owner of the server can take them over.
					This cannot be undone; to keep somebody out for a while, suspend them.
				</p>
				<Field
					label={`Type their name to confirm: ${user.name}`}
					autocomplete="off"
					autofocus
					value={typed}
					fault={sending.fault}
					onText={setTyped}
				/>
				<div class="dialog-foot">
					<Button onClick={onClose}>Cancel</Button>
					<Submit sending={sending} look="danger">
						Erase for good
					</Submit>
				</div>
			</Form>
		</Dialog>
	)
}
