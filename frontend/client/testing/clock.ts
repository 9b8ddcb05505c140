import { vi } from "vitest"
import type { FakeNetwork } from "./fake-network.js"
// What the client fetches on demand is here from the beginning: fetching takes real time, which passes beside ours.
import "../hash-check.js"
import "../transport.js"

/** How finely time passes, ms: what is said arrives so late at most. */
const STEP = 5

/** Stops time for one test: timers and immediates, and with them fake storage, go on in `elapse` alone. So a slow machine changes nothing. */
export function stopTime(): void {
	vi.useFakeTimers()
}

/** Lets time pass in small steps and delivers after each what is said meanwhile. */
export async function elapse(ms: number, networks: () => Iterable<FakeNetwork>): Promise<void> {
	for (let left = ms; left > 0; left -= STEP) {
		await vi.advanceTimersByTimeAsync(Math.min(STEP, left))
		for (const network of networks()) network.deliver()
	}
}

/** Waits for storage: every step of it takes a ms of this time. */
export async function answered<T>(promise: Promise<T>): Promise<T> {
	let waiting = true
	const end = () => {
		waiting = false
	}
	promise.then(end, end)
	while (waiting) await vi.advanceTimersByTimeAsync(1)
	return promise
}
