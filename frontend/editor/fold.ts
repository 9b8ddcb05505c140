// Text as find compares it: however a letter was composed, and in whatever case.

/** Folded text, and where each of its units stood. */
export interface Folded {
	readonly text: string
	/** The index in the original for every unit at which a letter begins, and for the end; elsewhere -1. Undefined: the same. */
	readonly places: readonly number[] | undefined
}

/** A character with the marks on it: nobody looks for a part of one. */
const letters = /\P{M}\p{M}*|\p{M}+/gu
const ascii = /^[\0-\x7f]*$/

/** Folds text. What is looked for has to be folded the same way. */
export function fold(text: string, caseSensitive: boolean): Folded {
	// By way of capitals, the two small sigmas are one.
	const small = (part: string) => (caseSensitive ? part : part.toUpperCase().toLowerCase())
	if (ascii.test(text)) return { text: small(text), places: undefined }
	let folded = ""
	const places: number[] = []
	for (const { 0: letter, index } of text.matchAll(letters)) {
		const part = small(letter).normalize("NFD")
		folded += part
		places.push(index, ...Array<number>(part.length - 1).fill(-1))
	}
	places.push(text.length)
	return { text: folded, places }
}
