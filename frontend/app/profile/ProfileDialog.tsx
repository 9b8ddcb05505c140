import { useState } from "preact/hooks"
import { changeMe, isMember, me } from "../me"
import { follow } from "../router"
import { Avatar } from "../ui/Avatar"
import { Button } from "../ui/Button"
import { Dialog } from "../ui/Dialog"
import { Field } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { useSubmit } from "../ui/form"
import { toast } from "../ui/Toast"
import { PERSON_COLORS } from "./colors"
import { Swatches } from "./Swatches"

/** One's own name and colour, as others see them at the caret. */
export function ProfileDialog({ onClose }: { onClose: () => void }) {
	const before = me.value?.color ?? PERSON_COLORS[6].color
	const [name, setName] = useState(me.value?.name ?? "")
	const [color, setColor] = useState<string>(before)
	const sending = useSubmit(async () => {
		const chosen = name.trim()
		if (chosen === "") throw new Error("Type a name, so that others know who writes.")
		await changeMe({ name: chosen, color })
		onClose()
		toast("Your name and colour are changed")
	})

	return (
		<Dialog title="Your name and colour" onClose={onClose}>
			<Form sending={sending}>
				<p class="dialog-text">Others see them at your caret and beside what you change.</p>
				<div class="profile-name">
					<Avatar person={{ name: name || "?", color }} size={40} />
					<Field
						bare
						class="profile-field"
						label="Name"
						autofocus
						value={name}
						maxLength={80}
						autocomplete="nickname"
						fault={sending.fault}
						onText={setName}
					/>
				</div>
				<Swatches color={color} before={before} onChoose={setColor} />
				<div class="dialog-foot">
					{isMember() && (
						<a
							class="button button-plain profile-more"
							href="/profile"
							onClick={(event) => follow(event, { page: "profile" })}
						>
							All of your profile
						</a>
					)}
					<Button onClick={onClose}>Cancel</Button>
					<Submit sending={sending}>Save</Submit>
				</div>
			</Form>
		</Dialog>
	)
}
