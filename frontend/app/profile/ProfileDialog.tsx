import { useState } from "preact/hooks"
import { changeMe, isMember, me } from "../me"
import { follow } from "../router"
import { Avatar } from "../ui/Avatar"
import { Button } from "../ui/Button"
import { Dialog } from "../ui/Dialog"
import { toast } from "../ui/Toast"
import { PERSON_COLORS } from "./colors"
import { Swatches } from "./Swatches"

/** One's own name and colour, as others see them at the caret. */
export function ProfileDialog({ onClose }: { onClose: () => void }) {
	const before = me.value?.color ?? PERSON_COLORS[6].color
	const [name, setName] = useState(me.value?.name ?? "")
	const [color, setColor] = useState<string>(before)
	const [fault, setFault] = useState("")

	const save = async (event: Event) => {
		event.preventDefault()
		const chosen = name.trim()
		if (chosen === "") return setFault("Type a name, so that others know who writes.")
		try {
			await changeMe({ name: chosen, color })
			onClose()
			toast("Your name and colour are changed")
		} catch (error) {
			setFault((error as Error).message)
		}
	}

	return (
		<Dialog title="Your name and colour" onClose={onClose}>
			<form onSubmit={save}>
				<p class="dialog-text">Others see them at your caret and beside what you change.</p>
				<div class="profile-name">
					<Avatar person={{ name: name || "?", color }} size={40} />
					<label class="field profile-field">
						<span class="hidden-text">Name</span>
						<input
							class="input"
							autofocus
							value={name}
							maxLength={80}
							autocomplete="nickname"
							onInput={(event) => {
								setName(event.currentTarget.value)
								setFault("")
							}}
						/>
						{fault && (
							<span class="field-note" role="alert">
								{fault}
							</span>
						)}
					</label>
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
					<Button look="primary" type="submit">
						Save
					</Button>
				</div>
			</form>
		</Dialog>
	)
}
