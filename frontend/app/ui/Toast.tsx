import { signal } from "@preact/signals"
import { X } from "lucide-preact"
import { announce } from "../announce"
import { IconButton } from "./Button"

interface Toast {
	readonly sentence: string
	readonly action?: { readonly label: string; readonly run: () => void }
}

const SHOWN = 8_000 // ms; long enough to read and to reach for "Undo"

const current = signal<Toast | null>(null)
let timer: ReturnType<typeof setTimeout> | undefined

function hideLater(): void {
	clearTimeout(timer)
	timer = setTimeout(() => {
		current.value = null
	}, SHOWN)
}

/** Shows one sentence at the foot of the page for 8 s, with at most one thing to do about it. A newer one replaces it. */
export function toast(sentence: string, action?: { label: string; run: () => void }): void {
	current.value = action ? { sentence, action } : { sentence }
	announce(action ? `${sentence}. ${action.label}: Ctrl+Z` : sentence)
	hideLater()
}

/** Does what the toast offers, if it offers anything. */
export function takeOffer(): boolean {
	const offer = current.value?.action
	if (offer) {
		offer.run()
		current.value = null
	}
	return offer !== undefined
}

/** Where the toast appears; rendered once. It waits while the pointer or the focus is on it. */
export function Toaster() {
	const shown = current.value
	if (!shown) return null
	const close = () => {
		current.value = null
	}
	const wait = () => clearTimeout(timer)
	return (
		<section
			class="toast"
			aria-label="Notice"
			onMouseEnter={wait}
			onMouseLeave={hideLater}
			onFocusIn={wait}
			onFocusOut={hideLater}
		>
			<p>{shown.sentence}</p>
			{shown.action && (
				<button type="button" class="toast-action" aria-keyshortcuts="Control+Z Meta+Z" onClick={takeOffer}>
					{shown.action.label}
				</button>
			)}
			<IconButton label="Dismiss" onClick={close}>
				<X size={16} />
			</IconButton>
		</section>
	)
}
