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

// Chinese and Japanese count by letters, as word processors do; other scripts without spaces by the words that the
// browser knows. Of all others a word is what stands between spaces and dashes, from its first letter or digit to its
// last: 3.14 is one, and so is an address.
const letters = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}`
const spaceless = String.raw`\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`
const word = new RegExp(
	String.raw`[${letters}]|([${spaceless}]+)|[\p{L}\p{N}](?:[^\s–—${letters}${spaceless}]*[^\s\p{P}\p{S}${letters}${spaceless}])?`,
	"gu",
)

export function wordCountOf(doc: Node): WordCount {
	let words = 0
	let characters = 0
	doc.forEach((line) => {
		const text = line.textContent
		for (const [, run] of text.matchAll(word)) words += run ? segments(run) : 1
		for (const _point of text) characters++
	})
	return { words, characters }
}

let segmenter: Intl.Segmenter | undefined // costly to make, and few need it

function segments(text: string): number {
	segmenter ??= new Intl.Segmenter("th", { granularity: "word" })
	return [...segmenter.segment(text)].filter((segment) => segment.isWordLike).length
}
