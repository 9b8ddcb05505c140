// Keeps what may not enter the log out of the view as well, wherever it came from: control characters, line ends inside
// text, lone surrogates. One pass over what the transactions changed.

import { Plugin, type Transaction } from "prosemirror-state"
import { remoteMeta } from "./bridge.js"
import { cleanText, isCleanText } from "./clean.js"

/** What own transactions wrote, in positions after the last of them. */
function changedRanges(transactions: readonly Transaction[]): [number, number][] {
	let ranges: [number, number][] = []
	for (const tr of transactions) {
		for (const map of tr.mapping.maps) {
			ranges = ranges.map(([from, to]) => [map.map(from, -1), map.map(to, 1)])
			if (tr.getMeta(remoteMeta)) continue
			map.forEach((_from, _to, start, end) => {
				ranges.push([start, end])
			})
		}
	}
	return ranges
}

export const guardPlugin = new Plugin({
	appendTransaction(transactions, _old, state) {
		const { tr, doc } = state
		const seen = new Set<number>()
		for (const [from, to] of changedRanges(transactions)) {
			doc.nodesBetween(from, Math.min(to, doc.content.size), (node, at) => {
				if (!node.isText || seen.has(at) || isCleanText(node.text as string)) return true
				seen.add(at)
				const clean = cleanText(node.text as string)
				const start = tr.mapping.map(at)
				const end = tr.mapping.map(at + node.nodeSize, -1)
				if (clean) tr.replaceWith(start, end, state.schema.text(clean, node.marks))
				else tr.delete(start, end)
				return false
			})
		}
		return tr.docChanged ? tr : null
	},
})
