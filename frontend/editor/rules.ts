// Markdown while typing. A rule sees the line up to the caret and the character just typed; Backspace right after takes
// it back to what was typed (undoInputRule in keys).

import { InputRule, inputRules } from "prosemirror-inputrules"
import type { Command, EditorState, Transaction } from "prosemirror-state"
import { blockKind, kindAttributes } from "./block.js"
import { addressLength, cleanAlt, cleanImage, cleanLanguage, cleanLink } from "./clean.js"
import { inCode } from "./commands.js"
import { markFor } from "./convert.js"
import { clearOfDivider, isDivider, setLineKeys } from "./lines.js"
import { schema } from "./schema.js"
import type { BlockKind, ToggleMark } from "./types.js"

type Handler = (state: EditorState, match: RegExpMatchArray, start: number, end: number) => Transaction | null

/** A rule that holds outside code only, and whose result undo takes back by itself. */
function rule(pattern: RegExp, handler: Handler): InputRule {
	return new InputRule(pattern, (state, match, start, end) => {
		if (inCode(state)) return null
		return handler(state, match, start, end)?.setMeta("separate", true) ?? null
	})
}

function blockRule(
	pattern: RegExp,
	kindFor: (match: RegExpMatchArray) => Record<string, unknown> | BlockKind,
): InputRule {
	return rule(pattern, (state, match, start, end) => {
		const at = state.doc.resolve(start)
		const line = at.parent
		const wanted = kindFor(match)
		const change = typeof wanted === "string" ? kindAttributes(wanted, line.attrs) : wanted
		const tr = state.tr.delete(start, end)
		setLineKeys(tr, at.before(), line.attrs, change)
		return tr
	})
}

/** `pattern` has the marked text as its last group, and what stands before the opening sign as its first. */
function markRule(pattern: RegExp, sign: number, ...names: ToggleMark[]): InputRule {
	return rule(pattern, (state, match, start, end) => {
		const from = start + (match[1] ?? "").length
		const text = match[2] ?? ""
		const textFrom = from + sign
		const textTo = textFrom + text.length
		if (names[0] !== "code" && state.doc.rangeHasMark(textFrom, textTo, schema.mark("code").type)) return null
		const { tr } = state
		// What is typed next goes on as the closing sign would have.
		const marks = state.storedMarks ?? state.doc.resolve(end).marks()
		tr.delete(textTo, end).delete(from, textFrom)
		for (const name of names) tr.addMark(from, from + text.length, schema.mark(name))
		return tr.setStoredMarks(marks)
	})
}

const linkRule = rule(/(!?)\[([^[\]]+)\]\(([^()\s]+)\)$/, (state, match, start, end) => {
	const text = match[2] ?? ""
	const address = match[3] ?? ""
	if (match[1] === "!") {
		const src = cleanImage(address)
		return src
			? state.tr.replaceWith(start, end, schema.node("image", { src, alt: cleanAlt(text), width: null }))
			: null
	}
	const href = cleanLink(address)
	const mark = href && markFor("link", href)
	if (!mark) return null
	const { tr } = state
	tr.delete(start + 1 + text.length, end).delete(start, start + 1)
	return tr.addMark(start, start + text.length, mark).removeStoredMark(mark)
})

/** UTF-16 units: no address is longer */
const maxAddress = 2048

/** Web and mail addresses at a text's end, with the punctuation behind them. */
const address = /(?:^|[\s("'])((?:https?:\/\/|www\.)[^\s\ufffc]+|[\w.+-]+@[\w.-]+\.[a-z]{2,}[.,;:!?'")\]>]*)$/i

/** Links the address that ends at a place in a line; null when there is none, or it is a link already. */
function linkAddress(state: EditorState, end: number): Transaction | null {
	const { parent, parentOffset } = state.doc.resolve(end)
	const before = parent.textBetween(Math.max(0, parentOffset - maxAddress), parentOffset, null, "\ufffc")
	const word = address.exec(before)?.[1]
	if (!word || inCode(state)) return null
	const from = end - word.length
	const to = from + addressLength(word)
	const href = cleanLink(word.slice(0, to - from))
	const mark = href && markFor("link", href)
	if (!mark || state.doc.rangeHasMark(from, to, mark.type)) return null
	return state.tr.addMark(from, to, mark).removeStoredMark(mark)
}

/** An address followed by a space becomes a link. */
const addressRule = rule(/\S(\s)$/, (state, match, _start, end) => {
	return linkAddress(state, end)?.insertText(match[1] as string, end) ?? null
})

/** So it does when Enter follows, before that ends the line. */
export const linkBehind: Command = (state, dispatch) => {
	const tr =
		state.selection.empty && state.selection.$from.depth === 1 ? linkAddress(state, state.selection.from) : null
	if (tr) dispatch?.(tr.setMeta("separate", true))
	return tr !== null
}

// Three stars or strokes may be the start of a bold word.
const dividerRule = rule(/^(?:---|(?:\*\*\*|___)\s)$/, (state, _match, start, end) => {
	const at = state.doc.resolve(start)
	if (blockKind(at.parent.attrs) !== "paragraph" || at.parent.content.size !== end - start) return null
	const { tr } = state
	tr.replaceWith(start, end, schema.node("divider"))
	return tr.split(start + 1)
})

/** What is typed beside a divider begins a line of its own. */
const besideDivider = new InputRule(
	/^\ufffc?([^\ufffc]+)$/,
	(state, match) =>
		isDivider(state.selection.$from.parent) ? clearOfDivider(state.tr).insertText(match[1] as string) : null,
	{ undoable: false },
)

export const rulesPlugin = inputRules({
	rules: [
		besideDivider,
		blockRule(/^(#{1,3})\s$/, (match) => `heading${(match[1] as string).length as 1 | 2 | 3}`),
		blockRule(/^\s*[-*+]\s$/, () => "bullet"),
		blockRule(/^\s*1[.)]\s$/, () => "ordered"),
		blockRule(/^\s*\[ ?\]\s$/, () => "check"),
		blockRule(/^\s*\[[xX]\]\s$/, () => ({ ...kindAttributes("check", {}), list: "checked" })),
		blockRule(/^>\s$/, () => "quote"),
		blockRule(/^```([A-Za-z0-9+#-]{0,32})\s$/, (match) => ({
			...kindAttributes("code", {}),
			"code-block": (match[1] && cleanLanguage(match[1])) || true,
		})),
		dividerRule,
		linkRule,
		addressRule,
		markRule(/(^|[^*])\*\*\*([^*\s](?:[^*]*[^*\s])?)\*\*\*$/, 3, "bold", "italic"),
		markRule(/(^|[^*])\*\*([^*\s](?:[^*]*[^*\s])?)\*\*$/, 2, "bold"),
		markRule(/(^|[^_\p{L}\p{N}])__([^_\s](?:[^_]*[^_\s])?)__$/u, 2, "bold"),
		markRule(/(^|[^*\p{L}\p{N}])\*([^*\s](?:[^*]*[^*\s])?)\*$/u, 1, "italic"),
		markRule(/(^|[^_\p{L}\p{N}])_([^_\s](?:[^_]*[^_\s])?)_$/u, 1, "italic"),
		markRule(/(^|[^`])`([^`]+)`$/, 1, "code"),
		markRule(/(^|[^~])~~([^~\s](?:[^~]*[^~\s])?)~~$/, 2, "strike"),
	],
})
