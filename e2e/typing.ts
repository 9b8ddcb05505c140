import { engine } from "./engines"
import type { DocumentPage } from "./pages/document"

/** Five letters for each of five writers, none in common. */
const alphabets = ["abcde", "fghij", "klmno", "pqrst", "uvwxy"] as const

function lettersOf(writer: number): string {
	const letters = alphabets[writer]
	if (!letters) throw new Error(`there are letters for ${alphabets.length} writers`)
	return letters
}

/** A text of `length` letters that only this writer (0 to 4) uses; the same for the same `round`. */
export function words(writer: number, length: number, round = 0): string {
	const letters = lettersOf(writer)
	let seed = (writer + 1) * 2654435761 + round * 40503
	return Array.from({ length }, () => {
		seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
		return letters[seed % letters.length]
	}).join("")
}

/** What of a merged text this writer typed: with nothing lost, doubled or swapped it is exactly `words`. */
export function ownLetters(merged: string, writer: number): string {
	const letters = lettersOf(writer)
	return Array.from(merged)
		.filter((letter) => letters.includes(letter))
		.join("")
}

/** Enters signs that no key has, one after the other. */
export async function handwriting(page: DocumentPage, signs: readonly string[]): Promise<void> {
	for (const sign of signs) await engine.insert(page.page, sign)
}
