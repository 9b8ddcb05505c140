import { Check, Copy, Share } from "lucide-preact"
import { useRef, useState } from "preact/hooks"
import { announce } from "../announce"
import { Button } from "../ui/Button"
import { Dialog } from "../ui/Dialog"

/** The document's address, to be copied or handed to the phone's own share sheet. */
export function ShareDialog({ title, onClose }: { title: string; onClose: () => void }) {
	const field = useRef<HTMLInputElement>(null)
	const [copied, setCopied] = useState(false)
	const address = location.origin + location.pathname

	const copy = async () => {
		field.current?.select()
		try {
			await navigator.clipboard.writeText(address)
		} catch {
			// Without the clipboard's permission, as on plain http, the older way still works on a selected field.
			if (!document.execCommand("copy")) return announce("Copy the selected address yourself")
		}
		setCopied(true)
		announce("Link copied")
	}

	return (
		<Dialog title="Share" onClose={onClose}>
			<p class="dialog-text">Anyone who can reach this server can open this link and write with you.</p>
			<div class="share-line">
				<input
					ref={field}
					class="input"
					aria-label="Link to this document"
					readOnly
					value={address}
					onFocus={(event) => event.currentTarget.select()}
				/>
				<Button
					look="primary"
					autofocus
					icon={copied ? <Check size={16} /> : <Copy size={16} />}
					onClick={() => void copy()}
				>
					{copied ? "Copied" : "Copy link"}
				</Button>
			</div>
			{"share" in navigator && (
				<Button
					class="share-more"
					icon={<Share size={16} />}
					onClick={() => void navigator.share({ title, url: address }).catch(() => {})}
				>
					Send with another app
				</Button>
			)}
		</Dialog>
	)
}
