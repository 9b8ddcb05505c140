import { useState } from "preact/hooks"
import { loadEntrance } from "../pages"
import { Button } from "../ui/Button"
import { copyText } from "../ui/copy"
import { Dialog } from "../ui/Dialog"
import { LazyDialog } from "../ui/Lazy"
import type { LiveDocument } from "./live"
import { edits } from "./status"

/** Signing in again over the document: what waits is kept, and sent afterwards. */
export function SignInDialog({ live, onClose }: { live: LiveDocument; onClose: () => void }) {
	const [copied, setCopied] = useState(false)
	const { pending, unsavedText } = live.document
	return (
		<LazyDialog load={loadEntrance} onClose={onClose}>
			{({ SignIn }) => (
				<Dialog title="Sign in again" onClose={onClose}>
					<p class="dialog-text">
						Your login has ended, or was ended elsewhere.
						{pending > 0 && ` What you typed last (${edits(pending)}) is kept and sent once you are in.`}
					</p>
					<SignIn
						onDone={() => {
							live.document.reconnectNow()
							onClose()
						}}
					/>
					{unsavedText && (
						<div class="dialog-foot">
							<Button onClick={async () => setCopied(await copyText(unsavedText))}>
								{copied ? "Copied" : "Copy what is not saved"}
							</Button>
						</div>
					)}
				</Dialog>
			)}
		</LazyDialog>
	)
}
