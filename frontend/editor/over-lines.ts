// What a browser is about to do over several lines is done as a transaction instead. Chromium joins lines by moving
// their content as HTML with inline styles: the content security policy reports those, and what ProseMirror then reads
// from the DOM is more than was meant. Its own key handling covers plain keys; this covers deleting words and lines,
// and text that comes without keys: dictation, emoji pickers, suggestions of a phone.

import { TextSelection } from "prosemirror-state"
import type { EditorView } from "prosemirror-view"
import { cleanLines } from "./clean.js"

/** What the browser is about to replace, in positions. */
function targetOf(view: EditorView, event: InputEvent): { from: number; to: number } | null {
	const range = event.getTargetRanges?.()[0]
	if (!range || besideLines(view, range)) return null
	return {
		from: view.posAtDOM(range.startContainer, range.startOffset, -1),
		to: view.posAtDOM(range.endContainer, range.endOffset, 1),
	}
}

/** Right after the text took the focus the browser's caret may still stand beside the lines, where text gets lost. */
function besideLines(view: EditorView, range: StaticRange): boolean {
	return range.startContainer === view.dom || !view.dom.contains(range.startContainer)
}

/** Does what a `beforeinput` event says when it reaches over lines or beside them; false leaves it to the browser. */
export function inputOverLines(view: EditorView, event: InputEvent): boolean {
	const { inputType } = event
	const deletes = inputType.startsWith("delete") && inputType !== "deleteByDrag"
	// A composition cannot be cancelled, and its DOM is the input method's.
	if (view.composing || !event.cancelable || !view.editable) return false
	if (!deletes && inputType !== "insertText") return false
	const { tr, selection } = view.state
	const range = event.getTargetRanges?.()[0]
	const beside = !deletes && range !== undefined && besideLines(view, range)
	const { from, to } = selection.empty ? (targetOf(view, event) ?? selection) : selection
	const start = TextSelection.near(tr.doc.resolve(from), 1).from
	const end = Math.max(start, TextSelection.near(tr.doc.resolve(to), -1).to)
	if (!beside && (start === end || tr.doc.resolve(start).sameParent(tr.doc.resolve(end)))) return false
	if (deletes) tr.delete(start, end)
	else tr.insertText(cleanLines(event.data ?? "").join(" "), start, end)
	view.dispatch(tr.scrollIntoView())
	return true
}

/** A composition over lines begins by deleting them: before the browser does it. */
export function composeOverLines(view: EditorView): void {
	const { selection, tr } = view.state
	// Both ends of all there is stand beside the lines, in no different ones; Firefox then kept the first letter composed.
	const over = selection.$from.depth === 0 || !selection.$from.sameParent(selection.$to)
	if (view.editable && over) view.dispatch(tr.deleteSelection())
}
