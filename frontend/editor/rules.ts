// Markdown while typing. A rule sees the line up to the caret and the character just typed; Backspace right after takes
// it back to what was typed (undoInputRule in keys).

import { InputRule, inputRules } from "prosemirror-inputrules"
import type { EditorState, Transaction } from "prosemirror-state"
import { blockKind, kindAttributes } from "./block.js"
import { cleanAlt, cleanImage, cleanLanguage, cleanLink } from "./clean.js"
import { inCode } from "./commands.js"
import { markFor } from "./convert.js"
import { setLineKeys } from "./lines.js"
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
function markRule(pattern: RegExp, mark: ToggleMark, sign: number): InputRule {
	return rule(pattern, (state, match, start, end) => {
		const from = start + (match[1] ?? "").length
		const text = match[2] ?? ""
		const textFrom = from + sign
		const textTo = textFrom + text.length
		if (mark !== "code" && state.doc.rangeHasMark(textFrom, textTo, schema.mark("code").type)) return null
		const { tr } = state
		tr.delete(textTo, end).delete(from, textFrom)
		const type = schema.mark(mark)
		return tr.addMark(from, from + text.length, type).removeStoredMark(type)
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

/** An address followed by a space becomes a link. */
const addressRule = rule(
	/(^|\s)((?:https?:\/\/|www\.)[^\s]+[^\s.,;:!?'")\]])([.,;:!?'")\]]*)(\s)$/,
	(state, match, start, end) => {
		const href = cleanLink(match[2] ?? "")
		const mark = href && markFor("link", href)
		if (!mark) return null
		const from = start + (match[1] ?? "").length
		const to = from + (match[2] ?? "").length
		if (state.doc.rangeHasMark(from, to, mark.type)) return null
		const { tr } = state
		tr.addMark(from, to, mark)
		// Enter comes as "\n" and is left to its own key.
		if (match[4] === "\n") return null
		return tr.insert(end, schema.text(match[4] as string)).removeStoredMark(mark)
	},
)

const dividerRule = rule(/^(?:---|\*\*\*|___)$/, (state, _match, start, end) => {
	const at = state.doc.resolve(start)
	if (blockKind(at.parent.attrs) !== "paragraph" || at.parent.content.size !== end - start) return null
	const { tr } = state
	tr.replaceWith(start, end, schema.node("divider"))
	return tr.split(start + 1)
})

export const rulesPlugin = inputRules({
	rules: [
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
		markRule(/(^|[^*])\*\*([^*\s](?:[^*]*[^*\s])?)\*\*$/, "bold", 2),
		markRule(/(^|[^_\p{L}\p{N}])__([^_\s](?:[^_]*[^_\s])?)__$/u, "bold", 2),
		markRule(/(^|[^*\p{L}\p{N}])\*([^*\s](?:[^*]*[^*\s])?)\*$/u, "italic", 1),
		markRule(/(^|[^_\p{L}\p{N}])_([^_\s](?:[^_]*[^_\s])?)_$/u, "italic", 1),
		markRule(/(^|[^`])`([^`]+)`$/, "code", 1),
		markRule(/(^|[^~])~~([^~\s](?:[^~]*[^~\s])?)~~$/, "strike", 2),
	],
})
