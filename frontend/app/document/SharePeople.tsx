import { ChevronDown, Users } from "lucide-preact"
import { useState } from "preact/hooks"
import { me } from "../me"
import {
	type AccessRequest,
	acceptRequest,
	declineRequest,
	deleteGrant,
	type Grant,
	putGrant,
	type Role,
	transferOwner,
} from "../people/access"
import { RoleChoice } from "../people/RoleChoice"
import { ROLES, roleMeans, roleWord } from "../people/roles"
import { Avatar } from "../ui/Avatar"
import { Button } from "../ui/Button"
import { Menu, type MenuItem } from "../ui/Menu"
import type { Attempt } from "./ShareDialog"

/** A person or group with their role, and for the owner the menu that changes it. */
export function GrantRow({
	id,
	grant,
	managed,
	attempt,
}: {
	id: string
	grant: Grant
	managed: boolean
	attempt: Attempt
}) {
	const [transferring, setTransferring] = useState(false)
	const { kind, subject, name, role } = grant
	const self = kind === "user" && subject === me.value?.id
	const items: MenuItem[] = [
		...ROLES.map((each) => ({
			label: each.word,
			note: each.what,
			checked: each.role === role,
			onSelect: () => void attempt(() => putGrant(id, kind, subject, each.role), `${name}: ${each.word.toLowerCase()}`),
		})),
		...(kind === "user" && role !== "owner"
			? [{ label: "Make owner", separated: true, onSelect: () => setTransferring(true) }]
			: []),
		{
			label: self ? "Leave the document" : "Remove access",
			danger: true,
			separated: kind !== "user" || role === "owner",
			onSelect: () => void attempt(() => deleteGrant(id, kind, subject), `${name} has no access any more`),
		},
	]
	return (
		<li class="share-row">
			<div class="share-line">
				{kind === "user" ? (
					<Avatar person={{ color: "#64748b", ...grant, id: subject }} size={32} />
				) : (
					<span class="share-group" aria-hidden="true">
						<Users size={18} />
					</span>
				)}
				<div class="share-who">
					<div class="share-name">
						<bdi>{name}</bdi>
						{self && <span class="badge">You</span>}
						{kind === "group" && <span class="badge">Group</span>}
					</div>
					{grant.mail && <div class="share-note">{grant.mail}</div>}
				</div>
				{managed ? (
					<Menu label={`Role of ${name}: ${roleWord(role)}`} class="share-role" align="end" items={items}>
						{roleWord(role)} <ChevronDown size={14} aria-hidden="true" />
					</Menu>
				) : (
					<span class="share-fixed">{roleWord(role)}</span>
				)}
			</div>
			{transferring && (
				<div class="share-confirm">
					<p>
						<bdi>{name}</bdi> becomes the owner and decides who has access. You can still edit.
					</p>
					<Button
						look="primary"
						autofocus
						onClick={async () => {
							await attempt(() => transferOwner(id, subject), `${name} is the owner now`)
							setTransferring(false)
						}}
					>
						Transfer
					</Button>
					<Button onClick={() => setTransferring(false)}>Cancel</Button>
				</div>
			)}
		</li>
	)
}

/** Those who ask for a role: giving it, or not. */
export function ShareRequests({
	id,
	requests,
	attempt,
}: {
	id: string
	requests: readonly AccessRequest[]
	attempt: Attempt
}) {
	return (
		<section class="share-requests" aria-labelledby="share-requests">
			<h3 id="share-requests" class="share-heading">
				Asking for access
			</h3>
			<ul class="share-list">
				{requests.map((request) => (
					<RequestRow key={request.user} id={id} request={request} attempt={attempt} />
				))}
			</ul>
		</section>
	)
}

function RequestRow({ id, request, attempt }: { id: string; request: AccessRequest; attempt: Attempt }) {
	const { user, name, mail, message } = request
	const [role, setRole] = useState<Role>(request.role)
	return (
		<li class="share-row">
			<div class="share-line share-request">
				<Avatar person={{ ...request, id: user }} size={32} />
				<div class="share-who">
					<div class="share-name">
						<bdi>{name}</bdi>
					</div>
					<div class="share-note">
						{mail}
						{mail && message && " · "}
						{message && `“${message}”`}
					</div>
				</div>
				<div class="share-answer">
					<RoleChoice bare label={`Role for ${name}`} value={role} onChange={setRole} />
					<Button
						look="primary"
						aria-label={`Give access to ${name}`}
						onClick={() =>
							void attempt(() => acceptRequest(id, user, role), `${name}: ${roleWord(role).toLowerCase()}`)
						}
					>
						Give
					</Button>
					<Button
						aria-label={`Decline ${name}`}
						onClick={() => void attempt(() => declineRequest(id, user), `${name} gets no access`)}
					>
						Decline
					</Button>
					{role === "commenter" && <p class="share-means">{roleMeans(role)}</p>}
				</div>
			</div>
		</li>
	)
}
