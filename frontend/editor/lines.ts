// The selected lines of a state, and steps on whole lines.

import type { Node } from "prosemirror-model"
import { type EditorState, TextSelection, type Transaction } from "prosemirror-state"
import { AttrStep } from "prosemirror-transform"
import type { Op } from "../client/index.js"
import { applyDelta } from "./apply.js"
import { blockKind, type LineAttributes } from "./block.js"
import {
	type Insert,
	indexOf,
	insertOp,
	lineAttributes,
	lineDifference,
	lineNode,
	type OpenLine,
	positionOf,
	pushInline,
	retainOp,
} from "./convert.js"
import { isBlockKey, lineType } from "./schema.js"

export interface PlacedLine {
	readonly node: Node
	/** Position before the line. */
	readonly start: number
	/** Line number. */
	readonly number: number
}

/** The lines that the selection touches. One at whose very start a range ends is not meant. */
export function selectedLines(state: EditorState): PlacedLine[] {
	const { $from, $to, empty } = state.selection
	let last = $to.index(0)
	if (!empty && last > $from.index(0) && ($to.depth === 0 || $to.parentOffset === 0)) last--
	const lines: PlacedLine[] = []
	let start = $from.depth === 0 ? $from.pos : $from.before(1)
	for (let number = $from.index(0); number <= last && number < state.doc.childCount; number++) {
		const node = state.doc.child(number)
		lines.push({ node, start, number })
		start += node.nodeSize
	}
	return lines
}

/** Whether a line is a divider and nothing else. */
export function isDivider(line: Node): boolean {
	return line.childCount === 1 && line.firstChild?.type.name === "divider"
}

/** Takes a caret beside a divider to a line of its own: text and a divider in one line are read as neither. */
export function clearOfDivider(tr: Transaction): Transaction {
	const { $from, empty } = tr.selection
	if (!empty || $from.depth !== 1 || !isDivider($from.parent)) return tr
	const at = $from.pos
	tr.split(at, 1, [{ type: lineType }])
	return tr.setSelection(TextSelection.create(tr.doc, $from.parentOffset === 0 ? at : at + 2))
}

/** Sets block keys on the line at a position; null removes one. Only what differs becomes a step. */
export function setLineKeys(tr: Transaction, start: number, current: LineAttributes, change: LineAttributes): void {
	for (const [key, value] of Object.entries(change)) {
		if (isBlockKey(key) && (current[key] ?? null) !== (value ?? null)) tr.step(new AttrStep(start, key, value ?? null))
	}
}

/**
 * Puts lines in place of the selection and the caret behind them; the last one goes on with what follows the caret.
 * Where the caret's line has text, that text decides what the line is; on an empty line the inserted ones decide.
 */
export function insertLines(tr: Transaction, lines: readonly OpenLine[]): Transaction {
	if (!tr.selection.empty) tr.deleteSelection()
	const at = clearOfDivider(tr).selection.$from
	const line = at.parent
	const last = lines[lines.length - 1]
	if (!last || !line.isTextblock) return tr
	const index = indexOf(tr.doc, at.pos)
	const literal = blockKind(line.attrs) === "code"
	const atStart = at.parentOffset === 0
	const atEnd = at.parentOffset === line.content.size
	const ops: Op[] = index > 0 ? [retainOp(index)] : []
	let length = 0
	const own = lineAttributes(line)
	lines.forEach((inserted, number) => {
		const part: Insert[] = []
		for (const node of inserted.nodes) pushInline(part, literal && node.isText ? node.mark([]) : node)
		ops.push(...part)
		length += inserted.nodes.reduce((sum, node) => sum + node.nodeSize, 0)
		if (number === lines.length - 1) return
		const keeps = literal || (number === 0 && !atStart)
		ops.push(insertOp("\n", keeps ? own : inserted.attributes))
		length++
	})
	const decides = lines.length > 1 || blockKind(line.attrs) === "paragraph"
	const wanted = lineNode({ nodes: [], attributes: last.attributes })
	const change =
		literal || !atEnd || (lines.length === 1 && !(atStart && last.attributes))
			? undefined
			: lineDifference(line, wanted)
	if (change && decides) {
		const rest = line.content.size - at.parentOffset
		if (rest > 0) ops.push(retainOp(rest))
		ops.push(retainOp(1, change))
	}
	applyDelta(tr, ops)
	return tr.setSelection(TextSelection.create(tr.doc, positionOf(tr.doc, index + length)))
}
