import { useState } from "preact/hooks"
import { announce } from "../announce"
import { Button } from "../ui/Button"
import { Dialog } from "../ui/Dialog"

interface UnsavedDialogProps {
	/** What could not be saved. */
	text: string
	/** Why, and what to do, in a sentence or two. */
	explanation: string
	/** Present when the text may be let go. */
	onDiscard?: () => void
	onClose: () => void
}

/** Text that is not in the document on the server, offered for copying: nothing is lost silently (law S9). */
export function UnsavedDialog({ text, explanation, onDiscard, onClose }: UnsavedDialogProps) {
	const [copied, setCopied] = useState(false)
	const copy = async () => {
		const field = document.querySelector<HTMLTextAreaElement>(".unsaved-text")
		field?.select()
		try {
			await navigator.clipboard.writeText(text)
		} catch {
			if (!document.execCommand("copy")) return announce("Copy the selected text yourself")
		}
		setCopied(true)
		announce("Text copied")
	}
	return (
		<Dialog title="Text that was not saved" onClose={onClose}>
			<p class="dialog-text">{explanation}</p>
			<textarea
				class="input unsaved-text"
				aria-label="Text that was not saved"
				readOnly
				rows={6}
				value={text || "The edit changed formatting or removed text; there are no words to copy."}
			/>
			<div class="dialog-foot">
				{onDiscard && <Button onClick={onDiscard}>Dismiss</Button>}
				<Button look="primary" disabled={text === ""} onClick={() => void copy()}>
					{copied ? "Copied" : "Copy text"}
				</Button>
			</div>
		</Dialog>
	)
}
