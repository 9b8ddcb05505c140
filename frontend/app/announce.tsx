import { signal } from "@preact/signals"

const spoken = signal("")

/** Tells people who use a screen reader what just changed, without interrupting them. */
export function announce(sentence: string): void {
	// The same sentence twice is only read again when the text changes in between.
	spoken.value = spoken.peek() === sentence ? `${sentence}\u00a0` : sentence
}

/** The page's one polite live region; rendered once, always present. */
export function Announcer() {
	return (
		<div class="hidden-text" role="status" aria-live="polite">
			{spoken}
		</div>
	)
}
