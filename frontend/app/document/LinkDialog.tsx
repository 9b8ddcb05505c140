import { useState } from "preact/hooks"
import type { Editor } from "../../editor/types.ts"
import { Button } from "../ui/Button"
import { Dialog } from "../ui/Dialog"
import { readLink } from "./address"

/** Sets, changes or removes the link at the selection; with nothing selected it also asks for the words. */
export function LinkDialog({ editor, onClose }: { editor: Editor; onClose: () => void }) {
	const { formats, selection } = editor.snapshot
	const asksText = selection.empty && formats.link === null
	const [text, setText] = useState("")
	const [address, setAddress] = useState(formats.link ?? "")
	const [fault, setFault] = useState("")

	const save = (event: Event) => {
		event.preventDefault()
		const href = readLink(address)
		if (!href) return setFault("Type a web or e-mail address, such as example.org.")
		const applied = asksText
			? editor.commands.setLink(href, text.trim() || address.trim())
			: editor.commands.setLink(href)
		if (applied) onClose()
		else setFault("This text cannot carry a link.")
	}

	return (
		<Dialog title={formats.link ? "Edit link" : "Add link"} onClose={onClose}>
			<form onSubmit={save}>
				{asksText && (
					<label class="field">
						<span class="field-label">Text</span>
						<input class="input" value={text} onInput={(event) => setText(event.currentTarget.value)} />
					</label>
				)}
				<label class="field">
					<span class="field-label">Address</span>
					<input
						class="input"
						inputMode="url"
						autocomplete="off"
						autocapitalize="off"
						spellcheck={false}
						placeholder="example.org"
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
					<Button look="primary" type="submit">
						{formats.link ? "Save" : "Add link"}
					</Button>
				</div>
			</form>
		</Dialog>
	)
}
