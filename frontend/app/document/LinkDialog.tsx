import { useState } from "preact/hooks"
import type { Editor } from "../../editor/types.ts"
import { Button } from "../ui/Button"
import { Dialog } from "../ui/Dialog"
import { Field } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { useSubmit } from "../ui/form"
import { AddressField } from "./AddressField"
import { readLink } from "./address"

/** Sets, changes or removes the link at the selection; with nothing selected it also asks for the words. */
export function LinkDialog({ editor, onClose }: { editor: Editor; onClose: () => void }) {
	const { formats, selection } = editor.snapshot
	const asksText = selection.empty && formats.link === null
	const [text, setText] = useState("")
	const [address, setAddress] = useState(formats.link ?? "")

	const sending = useSubmit(() => {
		const href = readLink(address)
		if (!href) throw new Error("Type a web or e-mail address, such as example.org.")
		const applied = asksText
			? editor.commands.setLink(href, text.trim() || address.trim())
			: editor.commands.setLink(href)
		if (!applied) throw new Error("This text cannot carry a link.")
		onClose()
	})

	return (
		<Dialog title={formats.link ? "Edit link" : "Add link"} onClose={onClose}>
			<Form sending={sending}>
				{asksText && <Field label="Text" value={text} onText={setText} />}
				<AddressField placeholder="example.org" value={address} fault={sending.fault} onText={setAddress} />
				<div class="dialog-foot">
					{formats.link && (
						<Button
							look="danger"
							onClick={() => {
								editor.commands.setLink(null)
								onClose()
							}}
						>
							Remove link
						</Button>
					)}
					<Submit sending={sending}>{formats.link ? "Save" : "Add link"}</Submit>
				</div>
			</Form>
		</Dialog>
	)
}
