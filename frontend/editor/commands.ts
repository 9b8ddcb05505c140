// What toolbar, menus and keys do to the selection. Each is a ProseMirror command: it says whether it applies, and does
// it when given a dispatch.

import type { Mark, Node } from "prosemirror-model"
import {
	AllSelection,
	type Command,
	type EditorState,
	NodeSelection,
	TextSelection,
	type Transaction,
} from "prosemirror-state"
import { AddMarkStep, AttrStep } from "prosemirror-transform"
import { blockKind, isListKind, kindAttributes } from "./block.js"
import {
	cleanAlt,
	cleanColor,
	cleanImage,
	cleanLanguage,
	cleanLines,
	cleanLink,
	cleanName,
	cleanWidth,
} from "./clean.js"
import { embedNode, markFor, markValue } from "./convert.js"
import { insertLines, selectedLines, setLineKeys } from "./lines.js"
import { flagMarks, schema } from "./schema.js"
import type { Align, BlockKind, ImageAttributes, Person, ToggleMark } from "./types.js"

const maxIndent = 8

/** True when the caret is in a code line, where text is literal. */
export function inCode(state: EditorState): boolean {
	return state.selection.$from.depth === 1 && blockKind(state.selection.$from.parent.attrs) === "code"
}

/** True when all selected lines are code. */
function onlyCode(state: EditorState): boolean {
	return selectedLines(state).every((line) => blockKind(line.node.attrs) === "code")
}

/** The first of these commands that has something to do. */
export function inTurn(...commands: Command[]): Command {
	return (state, dispatch, view) => commands.some((command) => command(state, dispatch, view))
}

/** Does nothing at a caret. */
export const deleteSelection: Command = (state, dispatch) => {
	if (state.selection.empty) return false
	dispatch?.(state.tr.deleteSelection().scrollIntoView())
	return true
}

export const selectAll: Command = (state, dispatch) => {
	dispatch?.(state.tr.setSelection(new AllSelection(state.doc)))
	return true
}

/** The value a mark has over the whole selection; undefined when it has none or several. */
export function markOver(state: EditorState, name: string): unknown {
	const type = schema.marks[name]
	if (!type) return undefined
	const { from, to, empty, $from } = state.selection
	if (empty) {
		const mark = type.isInSet(state.storedMarks ?? $from.marks())
		return mark ? markValue(mark) : undefined
	}
	let value: unknown
	let any = false
	let same = true
	state.doc.nodesBetween(from, to, (node) => {
		if (!node.isInline || !same) return same && blockKind(node.attrs) !== "code"
		const mark = type.isInSet(node.marks)
		const own = mark ? markValue(mark) : undefined
		if (any && own !== value) same = false
		value = own
		any = true
		return false
	})
	return same ? value : undefined
}

/** Marks text of the selected lines but for code, which is literal. One step for all lines up to the next code. */
function addMark(tr: Transaction, state: EditorState, mark: Mark, from: number, to: number): Transaction {
	let start = from
	const upTo = (end: number) => {
		if (end > start) tr.step(new AddMarkStep(start, end, mark))
	}
	for (const line of selectedLines(state)) {
		if (blockKind(line.node.attrs) !== "code") continue
		upTo(line.start)
		start = line.start + line.node.nodeSize
	}
	upTo(to)
	return tr
}

/** Puts a mark on, or takes it off (value null), the selection or what is typed next. */
function applyMark(name: string, value: unknown): Command {
	return (state, dispatch) => {
		const type = schema.marks[name]
		if (!type || onlyCode(state)) return false
		const { from, to, empty } = state.selection
		const mark = markFor(name, value)
		if (!dispatch) return true
		const { tr } = state
		if (empty) dispatch(mark ? tr.addStoredMark(mark) : tr.removeStoredMark(type))
		else dispatch((mark ? addMark(tr, state, mark, from, to) : tr.removeMark(from, to, type)).scrollIntoView())
		return true
	}
}

export function toggleMark(name: ToggleMark): Command {
	return (state, dispatch) => applyMark(name, markOver(state, name) ? null : true)(state, dispatch)
}

export function setColorMark(name: "color" | "background", color: string | null): Command {
	const value = color === null ? null : cleanColor(color)
	if (color !== null && value === null) return () => false
	return applyMark(name, value)
}

/** The link around the caret: its address and extent. */
export function linkAt(
	state: EditorState,
	position = state.selection.from,
): { href: string; from: number; to: number } | null {
	const at = state.doc.resolve(position)
	const type = schema.marks.link
	if (at.depth !== 1 || !type) return null
	const find = (node: Node | null): Mark | undefined => (node ? type.isInSet(node.marks) : undefined)
	const mark = find(at.nodeAfter) ?? find(at.nodeBefore)
	if (!mark) return null
	const line = at.parent
	let first = at.index()
	if (first >= line.childCount || !mark.isInSet(line.child(first).marks)) first--
	let last = first
	while (first > 0 && mark.isInSet(line.child(first - 1).marks)) first--
	while (last + 1 < line.childCount && mark.isInSet(line.child(last + 1).marks)) last++
	let from = at.start()
	for (let index = 0; index < first; index++) from += line.child(index).nodeSize
	let to = from
	for (let index = first; index <= last; index++) to += line.child(index).nodeSize
	return { href: String(mark.attrs.value), from, to }
}

export function setLink(address: string | null, text?: string): Command {
	return (state, dispatch) => {
		const href = address === null ? null : cleanLink(address)
		const type = schema.marks.link
		if (!type || (address !== null && href === null) || onlyCode(state)) return false
		const around = state.selection.empty ? linkAt(state) : null
		const from = around?.from ?? state.selection.from
		const to = around?.to ?? state.selection.to
		const { tr } = state
		if (href === null) {
			if (from === to) return false
			dispatch?.(tr.removeMark(from, to, type))
			return true
		}
		const mark = type.create({ value: href })
		if (text !== undefined && (from === to || text !== state.doc.textBetween(from, to))) {
			const shown = cleanLines(text).join(" ") || href
			const marks = mark.addToSet(state.storedMarks ?? state.selection.$from.marks())
			tr.replaceWith(from, to, schema.text(shown, marks))
		} else if (from === to) tr.replaceWith(from, to, schema.text(href, [mark]))
		else addMark(tr, state, mark, from, to)
		// What is typed behind the link does not belong to it.
		dispatch?.(tr.removeStoredMark(type).scrollIntoView())
		return true
	}
}

export function setBlock(kind: BlockKind, toggle = true): Command {
	return (state, dispatch) => {
		const lines = selectedLines(state)
		const all = lines.every((line) => blockKind(line.node.attrs) === kind)
		const wanted = all && toggle ? "paragraph" : kind
		if (!dispatch) return true
		const { tr } = state
		for (const line of lines) setLineKeys(tr, line.start, line.node.attrs, kindAttributes(wanted, line.node.attrs))
		if (wanted === "code") stripMarks(tr, lines[0]?.start ?? 0, endOf(lines))
		dispatch(tr.scrollIntoView())
		return true
	}
}

const endOf = (lines: readonly { start: number; node: Node }[]) => {
	const last = lines[lines.length - 1]
	return last ? last.start + last.node.nodeSize : 0
}

function stripMarks(tr: Transaction, from: number, to: number): void {
	tr.removeMark(from, to)
}

export function setCodeLanguage(language: string | null): Command {
	const word = language === null ? true : cleanLanguage(language)
	return (state, dispatch) => {
		const { $from } = state.selection
		if (!word || !inCode(state)) return false
		if (!dispatch) return true
		// The whole block: all code lines around this one.
		let first = $from.index(0)
		let last = first
		const isCode = (line: number) => blockKind(state.doc.child(line).attrs) === "code"
		while (first > 0 && isCode(first - 1)) first--
		while (last + 1 < state.doc.childCount && isCode(last + 1)) last++
		const { tr } = state
		state.doc.forEach((node, start, line) => {
			if (line >= first && line <= last) setLineKeys(tr, start, node.attrs, { "code-block": word })
		})
		dispatch(tr)
		return true
	}
}

function setLines(change: Readonly<Record<string, unknown>>): Command {
	return (state, dispatch) => {
		if (!dispatch) return true
		const { tr } = state
		for (const line of selectedLines(state)) setLineKeys(tr, line.start, line.node.attrs, change)
		dispatch(tr.scrollIntoView())
		return true
	}
}

export const setAlign = (align: Align): Command => setLines({ align: align === "left" ? null : align })

export const setDirection = (direction: "ltr" | "rtl"): Command =>
	setLines({ direction: direction === "rtl" ? "rtl" : null })

/** Moves the selected lines in or out by one step; `onlyLists` leaves other lines to their own Tab. */
export function indentBy(step: 1 | -1, onlyLists = false): Command {
	return (state, dispatch) => {
		const lines = selectedLines(state)
		if (onlyLists && !lines.some((line) => isListKind(blockKind(line.node.attrs)))) return false
		const { tr } = state
		for (const line of lines) {
			const indent = Math.max(0, Math.min(maxIndent, Number(line.node.attrs.indent ?? 0) + step))
			setLineKeys(tr, line.start, line.node.attrs, { indent: indent || null })
		}
		if (!tr.docChanged && !onlyLists) return false
		dispatch?.(tr.scrollIntoView())
		return true
	}
}

/** Ticks or unticks the selected check lines, or the one at a position. */
export function toggleCheck(position?: number): Command {
	return (state, dispatch) => {
		const at = position === undefined ? null : state.doc.nodeAt(position)
		const lines = (at ? [{ node: at, start: position as number }] : selectedLines(state)).filter(
			(line) => blockKind(line.node.attrs) === "check",
		)
		if (lines.length === 0) return false
		const all = lines.every((line) => line.node.attrs.list === "checked")
		const { tr } = state
		for (const line of lines) setLineKeys(tr, line.start, line.node.attrs, { list: all ? "unchecked" : "checked" })
		dispatch?.(tr)
		return true
	}
}

export function insertText(text: string): Command {
	return (state, dispatch) => {
		const lines = cleanLines(text)
		if (lines.length === 1) dispatch?.(state.tr.insertText(lines[0] as string).scrollIntoView())
		else if (dispatch) {
			const marks = state.storedMarks ?? state.selection.$from.marks()
			const tr = insertLines(
				state.tr,
				lines.map((line) => ({ nodes: line ? [schema.text(line, marks)] : [], attributes: undefined })),
			)
			dispatch(tr.scrollIntoView())
		}
		return true
	}
}

function insertNode(node: Node): Command {
	return (state, dispatch) => {
		if (inCode(state)) return false
		dispatch?.(state.tr.replaceSelectionWith(node, false).scrollIntoView())
		return true
	}
}

export function insertImage(image: { url: string; alt?: string; width?: number }): Command {
	const url = cleanImage(image.url)
	if (!url) return () => false
	const alt = image.alt ? cleanAlt(image.alt) : null
	const width = image.width === undefined ? null : cleanWidth(image.width)
	return insertNode(schema.node("image", { src: url, alt, width }))
}

/** The selected image. */
export function selectedImage(state: EditorState): ImageAttributes | null {
	const { selection } = state
	if (!(selection instanceof NodeSelection) || selection.node.type.name !== "image") return null
	const { src, alt, width } = selection.node.attrs
	return { url: src, alt: alt ?? "", width }
}

export function updateImage(image: { alt?: string | null; width?: number | null }, position?: number): Command {
	return (state, dispatch) => {
		const at = position ?? state.selection.from
		if (state.doc.nodeAt(at)?.type.name !== "image") return false
		const { tr } = state
		const { selection } = state
		if (image.alt !== undefined) tr.step(new AttrStep(at, "alt", image.alt === null ? null : cleanAlt(image.alt)))
		if (image.width !== undefined)
			tr.step(new AttrStep(at, "width", image.width === null ? null : cleanWidth(image.width)))
		if (selection instanceof NodeSelection && selection.from === at) tr.setSelection(NodeSelection.create(tr.doc, at))
		dispatch?.(tr)
		return true
	}
}

/** A divider on a line of its own, with the caret on the line behind it. */
export const insertDivider: Command = (state, dispatch) => {
	if (!dispatch) return true
	const divider = { nodes: [embedNode({ divider: true }, undefined)], attributes: undefined }
	const { tr } = state
	tr.deleteSelection()
	const after = { nodes: [], attributes: undefined }
	const atStart = tr.selection.$from.depth === 1 && tr.selection.$from.parentOffset === 0
	insertLines(tr, atStart ? [divider, after] : [{ nodes: [], attributes: undefined }, divider, after])
	dispatch(tr.scrollIntoView())
	return true
}

export function insertMention(person: Person): Command {
	const name = cleanName(person.name)
	return (state, dispatch) => {
		if (!name || inCode(state)) return false
		const node = schema.node("mention", { id: person.id, name })
		dispatch?.(state.tr.replaceSelectionWith(node, true).insertText(" ").scrollIntoView())
		return true
	}
}

/** Takes looks off: of the selected text, or of the whole line at a caret. Lists and code are structure and stay. */
export const clearFormatting: Command = (state, dispatch) => {
	const { from, to, empty } = state.selection
	const { tr } = state
	const lines = selectedLines(state)
	const whole = empty || lines.length > 1
	const start = empty ? (lines[0]?.start ?? from) : from
	const end = empty ? endOf(lines) : to
	for (const type of Object.values(schema.marks)) {
		if (type.name !== "link" || !empty) tr.removeMark(start, end, type)
	}
	if (whole) {
		for (const line of lines)
			setLineKeys(tr, line.start, line.node.attrs, { header: null, align: null, blockquote: null })
	}
	for (const name of flagMarks) tr.removeStoredMark(schema.mark(name))
	dispatch?.(tr)
	return true
}

/** Puts the caret at a position, and into view. */
export function caretAt(tr: Transaction, position: number): Transaction {
	return tr.setSelection(TextSelection.create(tr.doc, position))
}
