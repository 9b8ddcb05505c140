import { useState } from "preact/hooks"
import type { Standing } from "../api"
import { me } from "../me"
import { exactTime, relativeTime } from "../time"
import { Button } from "../ui/Button"
import { Choice, Field } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { useSubmit } from "../ui/form"
import { Secret } from "../ui/Secret"
import { type HandedLink, type Invitation, invite, listInvitations, withdrawInvitation } from "./api"
import { attempt, useFetched } from "./load"
import { STANDINGS, standingWord } from "./standing"
import { Table } from "./Table"

/** Letting people in: a one-time link each, by mail too where the server sends any. */
export function Invitations() {
	const { value: invitations, fault, again } = useFetched(listInvitations, "")
	const [mail, setMail] = useState("")
	const [standing, setStanding] = useState<Standing>("member")
	const [made, setMade] = useState<(HandedLink & { for: string }) | null>(null)
	const sending = useSubmit(async () => {
		const address = mail.trim()
		const link = await invite({ standing, ...(address ? { mail: address } : {}) })
		setMade({ ...link, for: address })
		setMail("")
		await again()
	})
	const offered = me.value?.standing === "owner" ? STANDINGS : STANDINGS.slice(0, 1)
	return (
		<>
			<Form class="admin-form" sending={sending}>
				<Field
					label="Mail"
					type="email"
					autocomplete="off"
					placeholder="Anyone with the link"
					value={mail}
					fault={sending.fault}
					onText={setMail}
				/>
				<Choice
					label="Becomes"
					value={standing}
					options={offered}
					onChange={(value) => setStanding(value as Standing)}
				/>
				<Submit sending={sending}>Invite</Submit>
			</Form>
			{made && (
				<div class="admin-made" role="status">
					<p>
						{made.mailed ? `It was sent to ${made.for}; you can also hand it over yourself. ` : "Hand this link over. "}
						It works once, until {exactTime(made.expiresAt)}, and is not shown again.
					</p>
					<Secret label="Invitation" value={made.url} autofocus />
				</div>
			)}
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			{invitations?.length === 0 && <p class="empty-note">No invitation is open.</p>}
			{invitations && invitations.length > 0 && (
				<Table<Invitation>
					label="Open invitations"
					rows={invitations}
					keyOf={(invitation) => invitation.id}
					columns={[
						{ name: "For", main: true, show: (invitation) => invitation.mail ?? "Whoever has the link" },
						{ name: "Becomes", tight: true, show: (invitation) => standingWord(invitation.standing) },
						{
							name: "Made",
							tight: true,
							show: ({ createdAt }) => <span title={exactTime(createdAt)}>{relativeTime(createdAt)}</span>,
						},
						{ name: "Works until", show: ({ expiresAt }) => exactTime(expiresAt) },
						{
							name: "Actions",
							actions: true,
							show: (invitation) => (
								<Button
									aria-label={`Withdraw the invitation for ${invitation.mail ?? "whoever has the link"}`}
									onClick={async () => {
										await attempt(() => withdrawInvitation(invitation.id), "The invitation is withdrawn")
										await again()
									}}
								>
									Withdraw
								</Button>
							),
						},
					]}
				/>
			)}
		</>
	)
}
