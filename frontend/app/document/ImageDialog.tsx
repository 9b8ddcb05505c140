import { useState } from "preact/hooks"
import type { Editor } from "../../editor/types.ts"
import { Dialog } from "../ui/Dialog"
import { Field } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { useSubmit } from "../ui/form"
import { AddressField } from "./AddressField"
import { readImage } from "./address"

/** Inserts an image by its address, or changes the description of the selected one. */
export function ImageDialog({ editor, onClose }: { editor: Editor; onClose: () => void }) {
	const selected = editor.snapshot.formats.image
	const [address, setAddress] = useState(selected?.url ?? "")
	const [description, setDescription] = useState(selected?.alt ?? "")

	const sending = useSubmit(() => {
		const alt = description.trim()
		if (selected) editor.commands.updateImage({ alt: alt || null })
		else {
			const url = readImage(address)
			if (!url) throw new Error("Type the image's web address, such as https://example.org/picture.jpg.")
			if (!editor.commands.insertImage(alt ? { url, alt } : { url })) throw new Error("An image cannot stand here.")
		}
		onClose()
	})

	return (
		<Dialog title={selected ? "Image" : "Insert image"} onClose={onClose}>
			<Form sending={sending}>
				{!selected && <AddressField placeholder="https://" value={address} fault={sending.fault} onText={setAddress} />}
				<Field
					label="Description"
					maxLength={512}
					value={description}
					note="Read aloud to people who do not see the image."
					onText={setDescription}
				/>
				<div class="dialog-foot">
					<Submit sending={sending}>{selected ? "Save" : "Insert"}</Submit>
				</div>
			</Form>
		</Dialog>
	)
}
