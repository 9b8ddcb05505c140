// Keys: Google Docs' where they exist, Notion's and the platform's otherwise.

import { undoInputRule } from "prosemirror-inputrules"
import type { Command, EditorState } from "prosemirror-state"
import { blockKind, isListKind } from "./block.js"
import { cleanLanguage } from "./clean.js"
import {
	caretAt,
	clearFormatting,
	deleteSelection,
	inCode,
	indentBy,
	inTurn,
	selectAll,
	setAlign,
	setBlock,
	toggleCheck,
	toggleMark,
} from "./commands.js"
import { isDivider, setLineKeys } from "./lines.js"
import { linkBehind } from "./rules.js"
import { lineType } from "./schema.js"

/** The caret's line when the selection is a caret in text. */
function caretLine(state: EditorState) {
	const { $from, empty } = state.selection
	if (!empty || $from.depth !== 1) return null
	const line = $from.parent
	return {
		line,
		kind: blockKind(line.attrs),
		start: $from.before(),
		offset: $from.parentOffset,
		size: line.content.size,
		number: $from.index(0),
	}
}

/** Splits the line at the caret. The second half is unticked; at its end, text follows a heading if `ends` says so. */
function split(ends: boolean): Command {
	return (state, dispatch) => {
		if (!dispatch) return true
		const { tr } = state
		if (!state.selection.empty) tr.deleteSelection()
		const { $from } = tr.selection
		const marks = state.storedMarks ?? $from.marks()
		const attrs = { ...$from.parent.attrs }
		if (attrs.list === "checked") attrs.list = "unchecked"
		if (ends && $from.parentOffset === $from.parent.content.size) attrs.header = null
		tr.split($from.pos, 1, [{ type: lineType, attrs }])
		const inclusive = marks.filter((mark) => mark.type.spec.inclusive !== false)
		if (inclusive.length > 0) tr.ensureMarks(inclusive)
		dispatch(tr.scrollIntoView())
		return true
	}
}

const enter: Command = (state, dispatch) => {
	const at = caretLine(state)
	if (!at) return split(true)(state, dispatch)
	const { tr } = state
	const fence =
		at.offset === at.size && at.kind === "paragraph" ? /^```([A-Za-z0-9+#-]{0,32})$/.exec(at.line.textContent) : null
	if (fence) {
		tr.delete(at.start + 1, at.start + 1 + at.size)
		setLineKeys(tr, at.start, at.line.attrs, { "code-block": cleanLanguage(fence[1] ?? "") ?? true })
		dispatch?.(tr.setMeta("separate", true).scrollIntoView())
		return true
	}
	if (at.kind === "code") {
		const previous = at.number > 0 ? state.doc.child(at.number - 1) : null
		const next = at.number + 1 < state.doc.childCount ? state.doc.child(at.number + 1) : null
		const leaves =
			at.size === 0 && previous && blockKind(previous.attrs) === "code" && !(next && blockKind(next.attrs) === "code")
		if (leaves) setLineKeys(tr, at.start, at.line.attrs, { "code-block": null })
		else {
			// The next line starts where this one does.
			const indent = /^[ \t]*/.exec(at.line.textBetween(0, at.offset))?.[0] ?? ""
			tr.split(state.selection.from, 1, [{ type: lineType, attrs: at.line.attrs }]).insertText(indent)
		}
		dispatch?.(tr.scrollIntoView())
		return true
	}
	if (at.size === 0 && isListKind(at.kind)) {
		const indent = Number(at.line.attrs.indent ?? 0)
		setLineKeys(tr, at.start, at.line.attrs, indent > 0 ? { indent: indent - 1 || null } : { list: null })
		dispatch?.(tr.scrollIntoView())
		return true
	}
	if (at.size === 0 && at.kind === "quote") {
		setLineKeys(tr, at.start, at.line.attrs, { blockquote: null })
		dispatch?.(tr.scrollIntoView())
		return true
	}
	if (at.line.attrs.header && at.size > 0 && at.offset === 0) {
		// A new line above a heading is text, and the heading stays what it is.
		tr.insert(at.start, lineType.create({ ...at.line.attrs, header: null }))
		dispatch?.(tr.scrollIntoView())
		return true
	}
	return split(true)(state, dispatch)
}

/** An address behind which the line ends becomes a link first, as before a space. */
const enterBehind: Command = (state, dispatch, view) => {
	const linked = dispatch && view && linkBehind(state, dispatch)
	return enter(linked ? view.state : state, dispatch, view)
}

/** At a line's start: first the line loses what it is, step by step, then it joins the one before. A divider goes. */
const backspace: Command = (state, dispatch) => {
	const at = caretLine(state)
	if (!at || at.offset > 0) return false
	const { tr } = state
	const previous = at.number > 0 ? state.doc.child(at.number - 1) : null
	const indent = Number(at.line.attrs.indent ?? 0)
	if (isListKind(at.kind)) setLineKeys(tr, at.start, at.line.attrs, { list: null })
	else if (at.kind === "code" && (!previous || blockKind(previous.attrs) !== "code")) {
		setLineKeys(tr, at.start, at.line.attrs, { "code-block": null })
	} else if (indent > 0 && at.kind === "paragraph") {
		setLineKeys(tr, at.start, at.line.attrs, { indent: indent - 1 || null })
	} else if (at.kind === "quote") setLineKeys(tr, at.start, at.line.attrs, { blockquote: null })
	else if (at.line.attrs.header && (!previous || at.size === 0))
		setLineKeys(tr, at.start, at.line.attrs, { header: null })
	else if (!previous) return true
	else if (previous.content.size === 0 || isDivider(previous)) tr.delete(at.start - previous.nodeSize, at.start)
	else if (isDivider(at.line)) caretAt(tr, at.start - 1)
	else tr.join(at.start)
	dispatch?.(tr.scrollIntoView())
	return true
}

/** At a line's end: the next one joins it; an empty line goes and leaves the next as it is. A divider goes. */
const forwardDelete: Command = (state, dispatch) => {
	const at = caretLine(state)
	if (!at || at.offset < at.size) return false
	if (at.number + 1 >= state.doc.childCount) return true
	const end = at.start + at.line.nodeSize
	const next = state.doc.child(at.number + 1)
	const { tr } = state
	if (at.size === 0) caretAt(tr.delete(at.start, end), at.start + 1)
	else if (isDivider(next)) tr.delete(end, end + next.nodeSize)
	else if (isDivider(at.line)) caretAt(tr, end + 1)
	else tr.join(end)
	dispatch?.(tr.scrollIntoView())
	return true
}

/** Tab in code is text; over several code lines it moves them. */
const tab: Command = (state, dispatch) => {
	const { $from, $to } = state.selection
	if (inCode(state) && $from.index(0) !== $to.index(0)) return shiftCode(1)(state, dispatch)
	if (!inCode(state) && $from.index(0) !== $to.index(0)) return indentBy(1)(state, dispatch)
	dispatch?.(state.tr.insertText("\t").scrollIntoView())
	return true
}

function shiftCode(step: 1 | -1): Command {
	return (state, dispatch) => {
		if (!inCode(state)) return false
		const { $from, $to } = state.selection
		const { tr } = state
		let start = $from.before()
		for (let number = $from.index(0); number <= $to.index(0); number++) {
			const line = state.doc.child(number)
			const at = tr.mapping.map(start + 1, -1)
			if (step === 1) tr.insertText("\t", at)
			else {
				const lead = /^(\t| {1,4})/.exec(line.textContent)?.[0].length ?? 0
				if (lead > 0) tr.delete(at, at + lead)
			}
			start += line.nodeSize
		}
		dispatch?.(tr.scrollIntoView())
		return true
	}
}

/** One command for a key with several modifiers. Over lines ProseMirror keeps the browser from deleting, so we must. */
function everywhere(modifiers: readonly string[], key: string, command: Command): Record<string, Command> {
	return Object.fromEntries(modifiers.map((modifier) => [`${modifier}-${key}`, command]))
}

/** What keys need from the editor. */
export interface KeyActions {
	undo(): boolean
	redo(): boolean
	openLink(): boolean
	find(): boolean
}

/** All bindings; Mod is Cmd on Apple's machines and Ctrl elsewhere. */
export function keyBindings(actions: KeyActions): Record<string, Command> {
	return {
		Enter: enterBehind,
		"Shift-Enter": split(false),
		"Mod-Enter": toggleCheck(),
		Backspace: inTurn(undoInputRule, deleteSelection, backspace),
		...everywhere(["Shift", "Mod", "Alt", "Mod-Shift"], "Backspace", inTurn(deleteSelection, backspace)),
		Delete: inTurn(deleteSelection, forwardDelete),
		...everywhere(["Mod", "Alt", "Mod-Shift"], "Delete", inTurn(deleteSelection, forwardDelete)),
		Tab: inTurn(indentBy(1, true), tab),
		"Shift-Tab": inTurn(shiftCode(-1), indentBy(-1, true), indentBy(-1), () => true),
		"Mod-b": toggleMark("bold"),
		"Mod-i": toggleMark("italic"),
		"Mod-u": toggleMark("underline"),
		"Mod-Shift-x": toggleMark("strike"),
		"Alt-Shift-5": toggleMark("strike"),
		"Mod-e": toggleMark("code"),
		"Mod-Alt-0": setBlock("paragraph", false),
		"Mod-Alt-1": setBlock("heading1"),
		"Mod-Alt-2": setBlock("heading2"),
		"Mod-Alt-3": setBlock("heading3"),
		"Mod-Shift-7": setBlock("ordered"),
		"Mod-Shift-8": setBlock("bullet"),
		"Mod-Shift-9": setBlock("check"),
		"Mod-]": indentBy(1),
		"Mod-[": indentBy(-1),
		"Mod-Shift-l": setAlign("left"),
		"Mod-Shift-e": setAlign("center"),
		"Mod-Shift-r": setAlign("right"),
		"Mod-Shift-j": setAlign("justify"),
		"Mod-\\": clearFormatting,
		"Mod-a": selectAll,
		"Mod-z": actions.undo,
		"Mod-y": actions.redo,
		"Mod-Shift-z": actions.redo,
		"Mod-k": actions.openLink,
		"Mod-f": actions.find,
	}
}
