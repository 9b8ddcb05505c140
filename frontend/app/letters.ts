const KEY = "coscribe.letters"

/**
 * Whether single letters and signs are shortcuts on this browser. Who speaks to
 * a computer, or shakes, turns them off (WCAG 2.1.4).
 */
export function letters(): boolean {
	try {
		return localStorage.getItem(KEY) !== "off"
	} catch {
		return true
	}
}

/** Keeps the choice, where the browser lets us keep anything. */
export function chooseLetters(on: boolean): void {
	try {
		if (on) localStorage.removeItem(KEY)
		else localStorage.setItem(KEY, "off")
	} catch {
		// Storage is denied: the letters stay.
	}
}
