// Find in document: matches as decorations, the current one marked and scrolled to.

import type { Node } from "prosemirror-model"
import { type EditorState, Plugin, PluginKey, TextSelection } from "prosemirror-state"
import { Decoration, DecorationSet, type EditorView } from "prosemirror-view"
import { type Folded, fold } from "./fold.js"
import type { Find, FindState } from "./types.js"

/** Matches beyond this are counted by nobody and would only make the page slow. */
const maxMatches = 10_000

/** So many before and behind the current one are marked in the text: marks by the thousand would take seconds. */
const marked = 500

interface Match {
	readonly from: number
	readonly to: number
}

interface Search {
	readonly query: string
	readonly caseSensitive: boolean
	readonly matches: readonly Match[]
	readonly current: number
	readonly decorations: DecorationSet
	/** Lines as they were folded, for the searches after this one: a line that changes is another node. */
	readonly folds: WeakMap<Node, Folded>
}

const findKey = new PluginKey<Search | null>("coscribe-find")
const none: FindState = { query: "", caseSensitive: false, count: 0, current: -1 }

/** Text of a line, one unit per position: atoms as U+FFFC. */
export function literalText(line: Node): string {
	return line.textBetween(0, line.content.size, "", "\ufffc")
}

function matchesIn(doc: Node, query: string, caseSensitive: boolean, folds: WeakMap<Node, Folded>): Match[] {
	const matches: Match[] = []
	if (query === "") return matches
	const needle = fold(query, caseSensitive).text
	doc.forEach((line, start) => {
		const folded = folds.get(line) ?? fold(literalText(line), caseSensitive)
		folds.set(line, folded)
		const { text, places } = folded
		const placeOf = (index: number) => (places ? (places[index] ?? -1) : index)
		let at = text.indexOf(needle)
		while (at >= 0 && matches.length < maxMatches) {
			const from = placeOf(at)
			const to = placeOf(at + needle.length)
			const whole = from >= 0 && to >= 0
			if (whole) matches.push({ from: start + 1 + from, to: start + 1 + to })
			at = text.indexOf(needle, at + (whole ? needle.length : 1))
		}
	})
	return matches
}

function searchOf(
	doc: Node,
	query: string,
	caseSensitive: boolean,
	earlier: Search | null | undefined,
	choose: (matches: readonly Match[]) => number,
): Search {
	const folds = earlier?.caseSensitive === caseSensitive ? earlier.folds : new WeakMap<Node, Folded>()
	const matches = matchesIn(doc, query, caseSensitive, folds)
	const current = matches.length > 0 ? choose(matches) : -1
	return { query, caseSensitive, matches, current, decorations: decorate(doc, matches, current), folds }
}

function decorate(doc: Node, matches: readonly Match[], current: number): DecorationSet {
	const found = matches[current]
	const near = matches.slice(Math.max(0, current - marked), current + marked)
	const decorations = near.map((match) =>
		Decoration.inline(match.from, match.to, { class: match === found ? "find-match find-current" : "find-match" }),
	)
	return DecorationSet.create(doc, decorations)
}

const nearest = (position: number) => (matches: readonly Match[]) => {
	const index = matches.findIndex((match) => match.from >= position)
	return Math.max(index, 0)
}

export const findPlugin = new Plugin<Search | null>({
	key: findKey,
	state: {
		init: () => null,
		apply(tr, search) {
			const meta = tr.getMeta(findKey) as Search | null | undefined
			if (meta !== undefined) return meta
			if (!search || !tr.docChanged) return search
			const at = tr.mapping.map(search.matches[search.current]?.from ?? 0)
			return searchOf(tr.doc, search.query, search.caseSensitive, search, nearest(at))
		},
	},
	props: { decorations: (state) => findKey.getState(state)?.decorations },
})

export function findState(state: EditorState): FindState | null {
	const search = findKey.getState(state)
	if (!search) return null
	const { query, caseSensitive, matches, current } = search
	return { query, caseSensitive, count: matches.length, current }
}

export function createFind(view: EditorView, scrollTo: (position: number) => void): Find {
	const set = (search: Search | null) => view.dispatch(view.state.tr.setMeta(findKey, search))
	const move = (step: number): FindState => {
		const search = findKey.getState(view.state)
		if (!search) return none
		const { matches } = search
		if (matches.length > 0) {
			const current = (search.current + step + matches.length) % matches.length
			set({ ...search, current, decorations: decorate(view.state.doc, matches, current) })
			scrollTo(matches[current]?.from ?? 0)
		}
		return findState(view.state) ?? none
	}
	return {
		search(query, options) {
			if (query === "") {
				set(null)
				return none
			}
			const search = searchOf(
				view.state.doc,
				query,
				options?.caseSensitive ?? false,
				findKey.getState(view.state),
				nearest(view.state.selection.from),
			)
			set(search)
			const match = search.matches[search.current]
			if (match) scrollTo(match.from)
			return findState(view.state) ?? none
		},
		next: () => move(1),
		previous: () => move(-1),
		close() {
			const search = findKey.getState(view.state)
			if (!search) return
			const match = search.matches[search.current]
			const tr = view.state.tr.setMeta(findKey, null)
			if (match) tr.setSelection(TextSelection.create(tr.doc, match.from, match.to))
			view.dispatch(tr)
		},
	}
}
