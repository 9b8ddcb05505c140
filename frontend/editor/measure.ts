// Outline and word count, read from the view's document. In a module of its own, so that the page can fetch it after the
// text is on the screen.

import type { Node } from "prosemirror-model"
import { blockKind } from "./block.js"
import type { Heading, WordCount } from "./types.js"

const levels = { heading1: 1, heading2: 2, heading3: 3 } as const

export function outlineOf(doc: Node): Heading[] {
	const headings: Heading[] = []
	doc.forEach((line, start, number) => {
		const kind = blockKind(line.attrs)
		if (kind !== "heading1" && kind !== "heading2" && kind !== "heading3") return
		const text = line.textBetween(0, line.content.size, "", (leaf) =>
			leaf.type.name === "mention" ? `@${leaf.attrs.name}` : " ",
		)
		if (text.trim() !== "") headings.push({ level: levels[kind], text: text.trim(), index: start - number })
	})
	return headings
}

// A run of letters and digits is a word; scripts without spaces count each letter, as word processors do.
const word =
	/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}][\p{L}\p{M}\p{N}'’_-]*/gu
const spaceless = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u

export function wordCountOf(doc: Node): WordCount {
	let words = 0
	let characters = 0
	doc.forEach((line) => {
		const text = line.textContent
		if (text === "") return
		for (const match of text.matchAll(word))
			words += spaceless.test(match[0]) && match[0].length > 1 ? splitCount(match[0]) : 1
		for (const _point of text) characters++
	})
	return { words, characters }
}

/** Words of a run that begins with spaced letters and goes on in a script without spaces. */
function splitCount(run: string): number {
	let count = 0
	let inWord = false
	for (const point of run) {
		const alone = spaceless.test(point)
		if (alone || !inWord) count++
		inWord = !alone
	}
	return count
}
