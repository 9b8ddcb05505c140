import { useState } from "preact/hooks"
import { isMember } from "../me"
import { askForAccess, type Role } from "../people/access"
import { roleWord } from "../people/roles"
import { Field } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { useSubmit } from "../ui/form"

/** What those see who do not decide about access: what they have, and a way to ask for more. */
export function ShareAsk({ id, role }: { id: string; role: Role }) {
	const [message, setMessage] = useState("")
	const [asked, setAsked] = useState(false)
	const sending = useSubmit(async () => {
		await askForAccess(id, "editor", message.trim())
		setAsked(true)
	})
	if (role === "editor")
		return <p class="share-note share-mine">You can edit. Who has access is decided by the owner: ask them.</p>
	if (!isMember())
		return (
			<p class="share-note share-mine">
				You are a guest by a link and {roleWord(role).toLowerCase()}. For more, ask whoever sent it to you.
			</p>
		)
	if (asked)
		return (
			<p class="share-note share-mine" role="status">
				Asked. The owner sees it under “Share”; once they agree, you can edit here without loading anything anew.
			</p>
		)
	return (
		<Form class="share-mine" sending={sending}>
			<Field
				label={`You ${roleWord(role).toLowerCase()}. Ask the owner to let you edit:`}
				placeholder="A word about why, if you like"
				maxLength={500}
				value={message}
				fault={sending.fault}
				onText={setMessage}
			>
				<Submit sending={sending}>Ask</Submit>
			</Field>
		</Form>
	)
}
