import { useState } from "preact/hooks"
import type { Editor } from "../../editor/types.ts"
import { Button } from "../ui/Button"
import { Dialog } from "../ui/Dialog"
import { readImage } from "./address"

/** Inserts an image by its address, or changes the description of the selected one. */
export function ImageDialog({ editor, onClose }: { editor: Editor; onClose: () => void }) {
	const selected = editor.snapshot.formats.image
	const [address, setAddress] = useState(selected?.url ?? "")
	const [description, setDescription] = useState(selected?.alt ?? "")
	const [fault, setFault] = useState("")

	const save = (event: Event) => {
		event.preventDefault()
		const alt = description.trim()
		if (selected) editor.commands.updateImage({ alt: alt || null })
		else {
			const url = readImage(address)
			if (!url) return setFault("Type the image's web address, such as https://example.org/picture.jpg.")
			if (!editor.commands.insertImage(alt ? { url, alt } : { url })) return setFault("An image cannot stand here.")
		}
		onClose()
	}

	return (
		<Dialog title={selected ? "Image" : "Insert image"} onClose={onClose}>
			<form onSubmit={save}>
				{!selected && (
					<label class="field">
						<span class="field-label">Address</span>
						<input
							class="input"
							inputMode="url"
							autocomplete="off"
							autocapitalize="off"
							spellcheck={false}
							placeholder="https://"
							autofocus
							value={address}
							onInput={(event) => {
								setAddress(event.currentTarget.value)
								setFault("")
							}}
						/>
						{fault && (
							<span class="field-note" role="alert">
								{fault}
							</span>
						)}
					</label>
				)}
				<label class="field">
					<span class="field-label">Description</span>
					<input
						class="input"
						maxLength={512}
						value={description}
						onInput={(event) => setDescription(event.currentTarget.value)}
					/>
					<span class="field-note">Read aloud to people who do not see the image.</span>
				</label>
				<div class="dialog-foot">
					<Button look="primary" type="submit">
						{selected ? "Save" : "Insert"}
					</Button>
				</div>
			</form>
		</Dialog>
	)
}
