import { Share } from "lucide-preact"
import { Button } from "../ui/Button"
import { Secret } from "../ui/Secret"

/** The document's own address, to be copied or handed to the phone's own share sheet. */
export function ShareAddress({ title, open }: { title: string; open: boolean }) {
	const address = location.origin + location.pathname
	return (
		<section aria-label="Address of the document">
			{!open && (
				<>
					<h3 class="share-heading">Address</h3>
					<p class="share-note">It opens for the people above, and lets nobody else in.</p>
				</>
			)}
			<Secret label="Link to this document" value={address} autofocus={open} quiet={!open} />
			{"share" in navigator && (
				<Button
					class="share-more"
					icon={<Share size={16} />}
					onClick={() => void navigator.share({ title, url: address }).catch(() => {})}
				>
					Send with another app
				</Button>
			)}
		</section>
	)
}
