import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { announce } from "../announce"
import { ApiError } from "../api"
import { isOpen } from "../me"
import { type Access, followAccess, getAccess, putGrant, type Role } from "../people/access"
import { PeoplePicker } from "../people/PeoplePicker"
import { RoleChoice } from "../people/RoleChoice"
import { roleMeans, roleWord } from "../people/roles"
import { Dialog } from "../ui/Dialog"
import { sentenceOf } from "../ui/form"
import { ShareAddress } from "./ShareAddress"
import { ShareAsk } from "./ShareAsk"
import { ShareLinks } from "./ShareLinks"
import { GrantRow, ShareRequests } from "./SharePeople"
import "../ui/forms.css"
import "./share.css"

/** Tries a change and draws what came of it. Answers whether it worked. */
export type Attempt = (run: () => Promise<unknown>, done: string) => Promise<boolean>

/** Who may do what with the document, and changing it for those who may. */
export function ShareDialog({ id, title, onClose }: { id: string; title: string; onClose: () => void }) {
	const [access, setAccess] = useState<Access | null>(null)
	const [fault, setFault] = useState("")
	const open = isOpen()
	const [role, setRole] = useState<Role>("editor")
	const body = useRef<HTMLDivElement>(null)

	const [unread, setUnread] = useState("")
	const asked = useRef(0)
	const fetchIt = async () => {
		const turn = ++asked.current
		const now = await getAccess(id).catch((error: unknown) => error)
		// Of several answers the one asked for last counts, in whichever order they come.
		if (turn !== asked.current) return
		const failed = now instanceof Error
		setUnread(failed ? sentenceOf(now) : "")
		// What the server could not say just now does not take away what it has said.
		if (!failed || (now instanceof ApiError && now.status >= 400 && now.status < 500))
			setAccess(failed ? null : (now as Access))
	}
	useEffect(() => {
		if (open) return
		void fetchIt()
		return followAccess(id, () => void fetchIt())
	}, [id, open])
	// What had the focus may be gone with its line.
	useLayoutEffect(() => {
		if (access && document.activeElement === document.body)
			body.current?.querySelector<HTMLElement>("input, button")?.focus()
	}, [access])
	const asking = access?.requests.map((request) => request.name).join(", ")
	useEffect(() => {
		if (asking) announce(`Asking for access: ${asking}`)
	}, [asking])

	const attempt: Attempt = async (run, done) => {
		setFault("")
		let worked = true
		try {
			await run()
			announce(done)
		} catch (error) {
			worked = false
			setFault(sentenceOf(error))
		}
		await fetchIt()
		return worked
	}

	const owner = access?.manage === true
	const owners = access?.grants.filter((grant) => grant.role === "owner").length ?? 0
	return (
		<Dialog title={open ? "Share" : `Share “${title}”`} onClose={onClose} wide={!open}>
			<div ref={body}>
				{open && <p class="dialog-text">Anyone who can reach this server can open this link and write with you.</p>}
				{(fault || (!access && unread)) && (
					<p class="share-fault" role="alert">
						{fault || unread}
					</p>
				)}
				{owner && (
					<div class="share-add">
						<PeoplePicker
							label="Add people or groups"
							placeholder="Add by name or mail"
							autofocus
							groups
							without={access.grants.map((grant) => grant.subject)}
							onPick={(found) =>
								void attempt(
									() => putGrant(id, found.kind, found.id, role),
									`${found.name}: ${roleWord(role).toLowerCase()}`,
								)
							}
						/>
						<RoleChoice bare label="Role of those you add" value={role} onChange={setRole} />
						<p class="share-means">{roleMeans(role)}</p>
					</div>
				)}
				{owner && access.requests.length > 0 && <ShareRequests id={id} requests={access.requests} attempt={attempt} />}
				{access && access.grants.length > 0 && (
					<section aria-labelledby="share-people">
						<h3 id="share-people" class="share-heading">
							People with access
						</h3>
						<ul class="share-list">
							{access.grants.map((grant) => (
								<GrantRow
									key={grant.subject}
									id={id}
									grant={grant}
									managed={owner && (grant.role !== "owner" || owners > 1)}
									attempt={attempt}
								/>
							))}
						</ul>
					</section>
				)}
				{owner && <ShareLinks id={id} links={access.links} attempt={attempt} />}
				{access && !owner && <ShareAsk id={id} role={access.mine} />}
				{(open || access) && <ShareAddress title={title} open={open} />}
			</div>
		</Dialog>
	)
}
