import { useState } from "preact/hooks"
import { ApiError } from "../api"

/** Says how long to wait, rounded up to what one would say. */
function span(seconds: number): string {
	if (seconds < 60) return seconds === 1 ? "1 second" : `${seconds} seconds`
	const minutes = Math.ceil(seconds / 60)
	if (minutes < 120) return minutes === 1 ? "1 minute" : `${minutes} minutes`
	return `${Math.ceil(minutes / 60)} hours`
}

/** The sentence for a failed call; after too many attempts, with the time to wait. */
export function sentenceOf(error: unknown): string {
	if (error instanceof ApiError && error.status === 429)
		return `Too many attempts. Try again ${error.retryAfter > 0 ? `in ${span(error.retryAfter)}` : "a little later"}.`
	return (error as Error).message
}

/** One form being sent; see Form. */
export type Sending = ReturnType<typeof useSubmit>

/** One form being sent: once at a time, and what went wrong with the last attempt. */
export function useSubmit(send: () => unknown) {
	const [busy, setBusy] = useState(false)
	const [error, setError] = useState<unknown>(null)
	return {
		busy,
		/** What went wrong, "" for nothing. */
		fault: error ? sentenceOf(error) : "",
		code: error instanceof ApiError ? error.code : "",
		clear: () => setError(null),
		submit: async (event?: Event) => {
			event?.preventDefault()
			if (busy) return
			setBusy(true)
			setError(null)
			try {
				await send()
			} catch (failed) {
				setError(failed)
			} finally {
				setBusy(false)
			}
		},
	}
}
