import type { ComponentChildren } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { me } from "../me"
import { askForAccess, type Role } from "../people/access"
import { RoleChoice } from "../people/RoleChoice"
import { navigate } from "../router"
import { Button } from "../ui/Button"
import { Field } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { useSubmit } from "../ui/form"

/** In place of a document that is not ours: the same whether it exists or not. */
export function AskForAccess({ id, kept, onReopen }: { id: string; kept: ComponentChildren; onReopen: () => void }) {
	const [role, setRole] = useState<Role>("editor")
	const [message, setMessage] = useState("")
	const [asked, setAsked] = useState(false)
	const heading = useRef<HTMLHeadingElement>(null)
	const sending = useSubmit(async () => {
		await askForAccess(id, role, message.trim())
		setAsked(true)
	})
	useEffect(() => {
		document.title = "No access - Coscribe"
		heading.current?.focus()
	}, [asked])
	const home = <Button onClick={() => navigate({ page: "home" }, true)}>All documents</Button>
	return (
		<main class="notice ask">
			<h1 ref={heading} tabIndex={-1}>
				{asked ? "You have asked" : "You have no access to this document"}
			</h1>
			<p>
				{asked
					? "If there is such a document, its owner sees your wish where they share it. Try again once they have answered."
					: `It does not exist, or nobody has shared it with ${me.value?.mail ?? me.value?.name ?? "you"}. If somebody gave you its address, ask for access.`}
			</p>
			{kept}
			{asked ? (
				<div class="notice-actions">
					<Button look="primary" onClick={onReopen}>
						Try again
					</Button>
					{home}
				</div>
			) : (
				<Form sending={sending}>
					<RoleChoice label="Ask to be given" value={role} onChange={setRole} />
					<Field
						label="Message"
						placeholder="A word about why, if you like"
						maxLength={500}
						value={message}
						fault={sending.fault}
						onText={setMessage}
					/>
					<div class="notice-actions">
						<Submit sending={sending}>Ask for access</Submit>
						{home}
					</div>
				</Form>
			)}
		</main>
	)
}
