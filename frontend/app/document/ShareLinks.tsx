import { Check, Copy, Link, Plus } from "lucide-preact"
import { useState } from "preact/hooks"
import { me } from "../me"
import {
	changeLink,
	createLink,
	deleteLink,
	type LinkChange,
	type LinkDraft,
	type Role,
	rotateLink,
	type ShareLink,
} from "../people/access"
import { RoleChoice } from "../people/RoleChoice"
import { locale } from "../time"
import { Button } from "../ui/Button"
import { copyText } from "../ui/copy"
import { Choice, Field } from "../ui/Field"
import { toast } from "../ui/Toast"
import type { Attempt } from "./ShareDialog"

const DAY = 24 * 60 * 60_000 // ms
const LIVES = [
	["1", "In a day"],
	["7", "In a week"],
	["30", "In 30 days"],
	["", "Never"],
] as const

const CAN: Readonly<Record<string, string>> = { editor: "edit", commenter: "view, and comment later", viewer: "view" }

/** What a link lets whom do, in a sentence. */
function sentenceFor(link: ShareLink): string {
	const who = me.peek()?.access === "members" ? "Any member" : "Anyone"
	return `${who} with this link can ${CAN[link.role] ?? "view"}`
}

/** Until when, and whether it asks for a password. */
function notes(link: ShareLink): string {
	const parts: string[] = []
	if (link.expiresAt) {
		const end = new Date(link.expiresAt)
		const words = end.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" })
		parts.push(end.getTime() <= Date.now() ? `Expired ${words}` : `Until ${words}`)
	}
	if (link.password) parts.push("asks for a password")
	return parts.join(", ") || "No end, no password"
}

/** The document's links: making, copying, changing, replacing and removing them. */
export function ShareLinks({ id, links, attempt }: { id: string; links: readonly ShareLink[]; attempt: Attempt }) {
	const [editing, setEditing] = useState<string | null>(null)
	const close = () => setEditing(null)
	return (
		<section aria-labelledby="share-links">
			<h3 id="share-links" class="share-heading">
				Links
			</h3>
			<ul class="share-list">
				{links.map((link) => (
					<li key={link.id} class="share-row">
						<div class="share-line">
							<span class="share-group" aria-hidden="true">
								<Link size={18} />
							</span>
							<div class="share-who">
								<div class="share-name">{sentenceFor(link)}</div>
								<div class="share-note">{notes(link)}</div>
							</div>
							{link.url && <CopyLink link={link} url={link.url} />}
							<Button
								look="plain"
								aria-label={`Change: ${sentenceFor(link)}`}
								aria-expanded={editing === link.id}
								onClick={() => setEditing(editing === link.id ? null : link.id)}
							>
								Change
							</Button>
						</div>
						{editing === link.id && (
							<LinkForm
								link={link}
								onCancel={close}
								onSave={async (change) =>
									(await attempt(() => changeLink(id, link.id, change), "The link is changed")) && close()
								}
								onRotate={async () => {
									if (!(await attempt(() => rotateLink(id, link.id), "The link has a new address"))) return
									toast("The link has a new address; the old one opens nothing any more")
									close()
								}}
								onRemove={async () => {
									await attempt(() => deleteLink(id, link.id), "The link is removed")
									close()
								}}
							/>
						)}
					</li>
				))}
			</ul>
			{editing === "new" ? (
				<LinkForm
					onCancel={close}
					onSave={async (link) => (await attempt(() => createLink(id, link), "The link is made")) && close()}
				/>
			) : (
				<Button look="plain" icon={<Plus size={16} />} onClick={() => setEditing("new")}>
					{links.length === 0 ? "Make a link for people without an account" : "Another link"}
				</Button>
			)}
		</section>
	)
}

function CopyLink({ link, url }: { link: ShareLink; url: string }) {
	const [copied, setCopied] = useState(false)
	return (
		<Button
			icon={copied ? <Check size={16} /> : <Copy size={16} />}
			aria-label={`${copied ? "Copied" : "Copy"}: ${sentenceFor(link)}`}
			onClick={async () => {
				const field = document.createElement("input")
				field.value = url
				field.className = "hidden-text"
				document.querySelector("dialog[open]")?.append(field)
				setCopied(await copyText(url, field))
				field.remove()
			}}
		>
			{copied ? "Copied" : "Copy"}
		</Button>
	)
}

/** A new link, or changing one. */
function LinkForm({
	link,
	onSave,
	onCancel,
	onRotate,
	onRemove,
}: {
	link?: ShareLink
	onSave: (link: LinkDraft & LinkChange) => unknown
	onCancel: () => void
	/** Gives the link a new address; what is filled in here is not saved. */
	onRotate?: () => unknown
	onRemove?: () => void
}) {
	const [role, setRole] = useState<Role>(link?.role ?? "viewer")
	const [days, setDays] = useState(link ? "as it is" : "")
	const [password, setPassword] = useState("")
	const [open, setOpen] = useState(false)
	const asItIs = days === "as it is"
	const end = asItIs || !days ? {} : { expiresAt: new Date(Date.now() + Number(days) * DAY).toISOString() }
	const save = (event: Event) => {
		event.preventDefault()
		const lasting = link?.expiresAt && !days ? { forever: true } : {}
		onSave({ role, ...end, ...lasting, ...(open ? { password: "" } : password ? { password } : {}) })
	}
	return (
		<form class="share-form" onSubmit={save}>
			<div class="share-choices">
				<RoleChoice label="Whoever has it" value={role} onChange={setRole} />
				<Choice
					label="Ends"
					value={days}
					options={
						link
							? [["as it is", link.expiresAt ? "As it is" : "Never"], ...LIVES.slice(0, link.expiresAt ? 4 : 3)]
							: LIVES
					}
					onChange={setDays}
				/>
			</div>
			<Field
				label={link?.password ? "Another password" : "Password"}
				type="text"
				autocomplete="off"
				autocapitalize="off"
				spellcheck={false}
				maxLength={200}
				value={password}
				disabled={open}
				note={
					link?.password
						? "Left empty, the password stays."
						: "Left empty, the link asks for none. Tell it another way than the link."
				}
				onText={setPassword}
			/>
			{link?.password && (
				<label class="tick">
					<input type="checkbox" checked={open} onChange={(event) => setOpen(event.currentTarget.checked)} />
					Take the password away
				</label>
			)}
			<div class="share-actions">
				<Button look="primary" type="submit">
					{link ? "Save" : "Make link"}
				</Button>
				<Button onClick={onCancel}>Cancel</Button>
				{onRotate && (
					<Button class="share-apart" title="The old address opens nothing any more" onClick={onRotate}>
						New address
					</Button>
				)}
				{onRemove && (
					<Button look="danger" onClick={onRemove}>
						Remove link
					</Button>
				)}
			</div>
		</form>
	)
}
