// "/" and "@" while typing: the text behind the trigger is a query until a choice is made, the caret leaves it, or
// Escape. The page draws the menu; here is only what it is about.

import { type EditorState, Plugin, PluginKey, type Transaction } from "prosemirror-state"
import { Decoration, DecorationSet } from "prosemirror-view"
import { historyMeta, remoteMeta } from "./bridge.js"
import { inCode } from "./commands.js"
import { literalText } from "./find.js"

/** An open suggestion in positions. */
export interface OpenSuggestion {
	readonly kind: "slash" | "mention"
	readonly query: string
	/** Position of the trigger. */
	readonly from: number
	/** Position behind the query. */
	readonly to: number
}

interface SuggestionState {
	readonly open: OpenSuggestion | null
	/** Trigger that was dismissed; it does not open again. */
	readonly dismissed: number | null
}

const suggestionKey = new PluginKey<SuggestionState>("coscribe-suggestion")
const maxQuery = 40
const triggers: Readonly<Record<string, OpenSuggestion["kind"]>> = { "/": "slash", "@": "mention" }

/** The trigger before the caret, at a line's start or behind a space. A space behind it makes it a sign: "yes / no". */
function suggestionAt(state: EditorState): OpenSuggestion | null {
	const { $from, empty } = state.selection
	if (!empty || $from.depth !== 1 || inCode(state)) return null
	const before = literalText($from.parent).slice(0, $from.parentOffset)
	const match = /(?:^|[\s(])([/@])((?:[\p{L}\p{M}\p{N}'-]+(?: [\p{L}\p{M}\p{N}'-]+)?)?)$/u.exec(before)
	const kind = match && triggers[match[1] as string]
	if (!match || !kind) return null
	const query = match[2] as string
	if (query.length > maxQuery || (kind === "slash" && query.includes(" ") && query.length > 20)) return null
	return { kind, query, from: $from.pos - query.length - 1, to: $from.pos }
}

export function openSuggestion(state: EditorState): OpenSuggestion | null {
	return suggestionKey.getState(state)?.open ?? null
}

export function dismissSuggestion(tr: Transaction): Transaction {
	return tr.setMeta(suggestionKey, "dismiss")
}

/** `onKey` gets the keys while a suggestion is open. */
export function suggestionPlugin(onKey: (event: KeyboardEvent) => boolean): Plugin<SuggestionState> {
	return new Plugin<SuggestionState>({
		key: suggestionKey,
		state: {
			init: () => ({ open: null, dismissed: null }),
			apply(tr, previous, _old, state) {
				if (tr.getMeta(suggestionKey) === "dismiss") return { open: null, dismissed: previous.open?.from ?? null }
				if (!tr.docChanged && !tr.selectionSet) return previous
				const dismissed = previous.dismissed === null ? null : tr.mapping.map(previous.dismissed, -1)
				const found = suggestionAt(state)
				if (!found) return { open: null, dismissed: null }
				// Only typing opens; a caret that comes by does not.
				const typed = tr.docChanged && !tr.getMeta(remoteMeta) && !tr.getMeta(historyMeta)
				const goesOn = previous.open !== null && tr.mapping.map(previous.open.from, -1) === found.from
				if (found.from === dismissed || !(goesOn || typed)) return { open: null, dismissed }
				return { open: found, dismissed: null }
			},
		},
		props: {
			handleKeyDown(view, event) {
				if (!openSuggestion(view.state) || event.isComposing) return false
				if (event.key === "Escape") {
					view.dispatch(dismissSuggestion(view.state.tr))
					return true
				}
				return onKey(event)
			},
			decorations(state) {
				const open = openSuggestion(state)
				if (!open) return null
				return DecorationSet.create(state.doc, [Decoration.inline(open.from, open.to, { class: "suggestion" })])
			},
		},
	})
}
