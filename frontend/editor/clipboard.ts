// Paste, drop and copy: the clipboard's HTML and text in both directions.

import {
	type Node as Content,
	type DOMParser,
	type DOMSerializer,
	Fragment,
	type Mark,
	type ParseOptions,
	Slice,
} from "prosemirror-model"
import { type EditorState, Plugin, TextSelection, type Transaction } from "prosemirror-state"
import type { EditorView } from "prosemirror-view"
import { blockKind } from "./block.js"
import { addressLength, cleanLines, cleanLink } from "./clean.js"
import { inCode } from "./commands.js"
import { lineAttributes, lineNode, markFor, type OpenLine } from "./convert.js"
import { htmlOf, linesIn, textOf } from "./copy.js"
import { insertLines } from "./lines.js"
import { readLines, setAsideStyles } from "./paste.js"
import { schema } from "./schema.js"

function sliceOf(lines: readonly OpenLine[]): Slice {
	return new Slice(Fragment.fromArray(lines.map(lineNode)), 1, 1)
}

/** A line of plain text; the web addresses in it are links. */
function linkedText(text: string, marks: readonly Mark[]): Content[] {
	const nodes: Content[] = []
	let from = 0
	for (const { 0: word, index } of text.matchAll(/\b(?:https?:\/\/|www\.)\S+/gi)) {
		const end = index + addressLength(word)
		const href = cleanLink(text.slice(index, end))
		const link = href && markFor("link", href)
		if (!link) continue
		if (index > from) nodes.push(schema.text(text.slice(from, index), marks))
		nodes.push(schema.text(text.slice(index, end), link.addToSet(marks)))
		from = end
	}
	if (from < text.length) nodes.push(schema.text(text.slice(from), marks))
	return nodes
}

/** Plain text as lines that go on with what the caret's line is: a list with items, code with code. */
function plainLines(text: string, state: EditorState): OpenLine[] {
	const { $from } = state.selection
	const own = $from.depth === 1 ? lineAttributes($from.parent) : undefined
	const attributes: Record<string, unknown> = { ...own }
	delete attributes.header
	if (attributes.list === "checked") attributes.list = "unchecked"
	const marks = state.storedMarks ?? $from.marks()
	return cleanLines(text).map((line) => ({
		nodes: linkedText(line, marks),
		attributes: Object.keys(attributes).length > 0 ? attributes : undefined,
	}))
}

function openLines(slice: Slice): OpenLine[] {
	return linesIn(slice.content).map((line) => ({ nodes: [...line.children], attributes: lineAttributes(line) }))
}

/** One address pasted over a selection links it; alone it is its own link. */
function pasteAddress(state: EditorState, text: string): Transaction | null {
	const trimmed = text.trim()
	if (!/^(https?:\/\/|mailto:)\S+$/i.test(trimmed) || inCode(state)) return null
	const href = cleanLink(trimmed)
	const mark = href && markFor("link", href)
	if (!mark) return null
	const { selection, tr } = state
	const oneLine = selection.$from.depth === 1 && selection.$from.sameParent(selection.$to)
	if (!selection.empty && oneLine) return tr.addMark(selection.from, selection.to, mark)
	return tr.replaceSelectionWith(schema.text(trimmed, [mark]), false).removeStoredMark(mark)
}

/** Files cannot be stored yet; saying so beats a paste that does nothing. */
function refuseFiles(transfer: DataTransfer | null, notice: (message: string) => void): boolean {
	const text = transfer?.getData("text/plain") || transfer?.getData("text/html")
	if (!transfer || transfer.files.length === 0 || text) return false
	notice("Files cannot be added yet. Images can be inserted by their web address.")
	return true
}

function paste(view: EditorView, event: ClipboardEvent, slice: Slice): boolean {
	const { state } = view
	const text = event.clipboardData?.getData("text/plain") ?? ""
	const plain = !state.selection.empty || inCode(state) || !event.clipboardData?.getData("text/html")
	const linked = plain ? pasteAddress(state, text) : null
	const lines = inCode(state) && text ? plainLines(text, state) : openLines(slice)
	const tr = linked ?? insertLines(state.tr, lines)
	view.dispatch(tr.scrollIntoView().setMeta("paste", true).setMeta("uiEvent", "paste"))
	return true
}

function drop(view: EditorView, event: DragEvent, slice: Slice, moved: boolean): boolean {
	const place = view.posAtCoords({ left: event.clientX, top: event.clientY })
	// Within one line ProseMirror's own dropping is right; it also drops a moved atom as it is.
	if (!place || linesIn(slice.content).length < 2) return false
	event.preventDefault()
	const { tr } = view.state
	if (moved) tr.deleteSelection()
	const at = tr.doc.resolve(tr.mapping.map(place.pos))
	insertLines(tr.setSelection(TextSelection.near(at)), openLines(slice))
	view.focus()
	view.dispatch(tr.setMeta("uiEvent", "drop"))
	return true
}

/** Tells people by `notice` what could not be pasted. */
export function clipboardPlugin(notice: (message: string) => void): Plugin {
	return new Plugin({
		props: {
			transformPastedHTML: setAsideStyles,
			clipboardTextParser: (text, _context, _plain, view) => sliceOf(plainLines(text, view.state)),
			// ProseMirror asks these two for one method each; the rest of their classes is about schema rules.
			clipboardParser: {
				parseSlice: (dom: Node, { preserveWhitespace, context }: ParseOptions) =>
					sliceOf(
						readLines(dom, preserveWhitespace === true, () => {
							if (context && blockKind(context.parent.attrs) === "code") return
							notice("The text is here without its pictures. Images can be inserted by their web address.")
						}),
					),
			} as unknown as DOMParser,
			clipboardSerializer: {
				serializeFragment: (content: Fragment, options?: { document?: Document }) =>
					htmlOf(content, options?.document ?? document),
			} as unknown as DOMSerializer,
			clipboardTextSerializer: textOf,
			handlePaste: paste,
			handleDrop: drop,
			handleDOMEvents: {
				paste(_view, event) {
					if (!refuseFiles(event.clipboardData, notice)) return false
					event.preventDefault()
					return true
				},
				drop(_view, event) {
					if (!refuseFiles(event.dataTransfer, notice)) return false
					event.preventDefault()
					return true
				},
			},
		},
	})
}
