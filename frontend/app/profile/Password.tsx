import { useState } from "preact/hooks"
import { PasswordField } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { useSubmit } from "../ui/form"
import { Section } from "../ui/Sheet"
import { toast } from "../ui/Toast"
import { changePassword } from "./api"

/** Another password; whoever else was signed in with the old one is signed out. */
export function Password({ onChanged }: { onChanged: () => void }) {
	const [current, setCurrent] = useState("")
	const [next, setNext] = useState("")
	const sending = useSubmit(async () => {
		await changePassword(current, next)
		setCurrent("")
		setNext("")
		toast("Your password is changed. All other browsers are signed out.")
		onChanged()
	})
	const aboutCurrent = sending.code !== "" && !/invalid_password|weak|common|short/.test(sending.code)
	return (
		<Section title="Password" lead="Changing it signs out every other browser.">
			<Form sending={sending}>
				<PasswordField
					label="Password now"
					autocomplete="current-password"
					value={current}
					fault={aboutCurrent ? sending.fault : undefined}
					onText={setCurrent}
				/>
				<PasswordField
					label="New password"
					autocomplete="new-password"
					value={next}
					note="At least 12 characters. A few unrelated words are strong and easy to remember."
					fault={aboutCurrent ? undefined : sending.fault}
					onText={setNext}
				/>
				<Submit sending={sending} look="quiet">
					Change password
				</Submit>
			</Form>
		</Section>
	)
}
