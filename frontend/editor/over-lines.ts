// What a browser is about to do over several lines is done as a transaction instead. Chromium joins lines by moving
// their content as HTML with inline styles: the content security policy reports those, and what ProseMirror then reads
// from the DOM is more than was meant. Its own key handling covers plain keys; this covers deleting words and lines,
// and what comes without keys: dictation, emoji pickers, suggestions of a phone and, on some, its Enter and Backspace.

import { TextSelection } from "prosemirror-state"
import type { EditorView } from "prosemirror-view"
import { cleanText } from "./clean.js"
import { caretAt } from "./commands.js"

/** Keys by what a browser is about to do for them. */
const keys: Readonly<Record<string, string>> = {
	insertParagraph: "Enter",
	deleteContentBackward: "Backspace",
	deleteContentForward: "Delete",
}

/** What the browser is about to replace, in positions. */
function targetOf(view: EditorView, range: StaticRange | undefined): { from: number; to: number } | null {
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

/** Does what the key would for which a browser tells of its deed alone. */
function press(view: EditorView, key: string | undefined): boolean {
	return !!key && !!view.someProp("handleKeyDown", (handle) => handle(view, new KeyboardEvent("keydown", { key })))
}

/** Does what a `beforeinput` event says when it reaches over lines or beside them; false leaves it to the browser. */
export function inputOverLines(view: EditorView, event: InputEvent): boolean {
	const { inputType } = event
	const deletes = inputType.startsWith("delete") && inputType !== "deleteByDrag"
	// A composition cannot be cancelled, and its DOM is the input method's.
	if (view.composing || !event.cancelable || !view.editable) return false
	const key = keys[inputType]
	if (key === "Enter") return press(view, key)
	if (!deletes && inputType !== "insertText") return false
	const { tr, selection } = view.state
	const range = event.getTargetRanges?.()[0]
	const beside = !deletes && range !== undefined && besideLines(view, range)
	const { from, to } = selection.empty ? (targetOf(view, range) ?? selection) : selection
	const start = TextSelection.near(tr.doc.resolve(from), 1).from
	const end = Math.max(start, TextSelection.near(tr.doc.resolve(to), -1).to)
	if (!beside && (start === end || tr.doc.resolve(start).sameParent(tr.doc.resolve(end)))) return false
	if (selection.empty && press(view, key)) return true
	if (deletes) tr.delete(start, end)
	else tr.insertText(cleanText(event.data ?? ""), start, end)
	// All there is stays selected otherwise, and what comes next replaces it again.
	view.dispatch(caretAt(tr, tr.mapping.map(end)).scrollIntoView())
	return true
}

/** A composition over lines begins by deleting them: before the browser does it. */
export function composeOverLines(view: EditorView): void {
	const { selection, tr } = view.state
	// Both ends of all there is stand beside the lines, in no different ones; Firefox then kept the first letter composed.
	const over = selection.$from.depth === 0 || !selection.$from.sameParent(selection.$to)
	if (view.editable && over) view.dispatch(tr.deleteSelection())
}
