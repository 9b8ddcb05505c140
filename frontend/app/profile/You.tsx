import { useRef, useState } from "preact/hooks"
import { changeMe, loadMe, me } from "../me"
import { Avatar } from "../ui/Avatar"
import { Button } from "../ui/Button"
import { Field, PasswordField } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { sentenceOf, useSubmit } from "../ui/form"
import { Section } from "../ui/Sheet"
import { toast } from "../ui/Toast"
import { putPicture, removePicture } from "./api"
import { PERSON_COLORS } from "./colors"
import { squarePicture } from "./picture"
import { Swatches } from "./Swatches"

/** Picture, name, colour and mail. */
export function You() {
	const self = me.value
	const before = self?.color ?? PERSON_COLORS[6].color
	const [name, setName] = useState(self?.name ?? "")
	const [mail, setMail] = useState(self?.mail ?? "")
	const [color, setColor] = useState<string>(before)
	const [password, setPassword] = useState("")
	const [asked, setAsked] = useState(false)
	const otherMail = mail.trim() !== (self?.mail ?? "")
	const sending = useSubmit(async () => {
		await changeMe({
			name: name.trim(),
			color,
			...(otherMail ? { mail: mail.trim(), ...(password ? { password } : {}) } : {}),
		})
		setPassword("")
		setAsked(false)
		toast("Your profile is changed")
	})
	// Whoever has the mail address has the account; so the server may want the password for another one.
	if (sending.code === "mail_needs_password" && !asked) setAsked(true)
	const aboutPassword = /password/.test(sending.code)
	const aboutMail = !aboutPassword && /mail/.test(sending.code)
	return (
		<Section title="You" lead="Others see your name, picture and colour at your caret and beside what you change.">
			<Picture name={name} color={color} />
			<Form sending={sending}>
				<Field
					label="Name"
					required
					maxLength={80}
					autocomplete="name"
					value={name}
					fault={aboutMail || aboutPassword ? undefined : sending.fault}
					onText={setName}
				/>
				<Field
					label="Mail"
					type="email"
					autocomplete="email"
					value={mail}
					note="You sign in with it, and people find you by it when they share."
					fault={aboutMail ? sending.fault : undefined}
					onText={setMail}
				/>
				{asked && otherMail && (
					<PasswordField
						label="Your password, to change the mail address"
						autocomplete="current-password"
						autofocus
						value={password}
						fault={aboutPassword ? sending.fault : undefined}
						onText={setPassword}
					/>
				)}
				<Swatches color={color} before={before} onChoose={setColor} />
				<div class="actions profile-save">
					<Submit sending={sending}>Save</Submit>
				</div>
			</Form>
		</Section>
	)
}

function Picture({ name, color }: { name: string; color: string }) {
	const file = useRef<HTMLInputElement>(null)
	const [fault, setFault] = useState("")
	const picture = me.value?.picture
	const change = async (run: () => Promise<unknown>) => {
		setFault("")
		try {
			await run()
			await loadMe()
		} catch (error) {
			setFault(sentenceOf(error))
		}
	}
	return (
		<div class="profile-picture">
			<Avatar person={{ name: name || "?", color, ...(picture ? { picture } : {}) }} size={64} />
			<div>
				<div class="actions">
					<Button onClick={() => file.current?.click()}>{picture ? "Change picture" : "Add a picture"}</Button>
					{picture && (
						<Button look="plain" onClick={() => void change(removePicture)}>
							Remove
						</Button>
					)}
				</div>
				<input
					ref={file}
					class="hidden-text"
					type="file"
					accept="image/*"
					tabIndex={-1}
					aria-label="Picture"
					onChange={(event) => {
						const chosen = event.currentTarget.files?.[0]
						event.currentTarget.value = ""
						if (chosen) void change(async () => putPicture(await squarePicture(chosen)))
					}}
				/>
				{fault && (
					<p class="fault" role="alert">
						{fault}
					</p>
				)}
			</div>
		</div>
	)
}
