// ProseMirror steps -> delta. What a transaction did to the text is read from its steps, exactly: where something was
// inserted among equal letters matters to everybody who edits there at the same time, and a diff of two documents
// cannot know it.

import type { Node } from "prosemirror-model"
import type { Transaction } from "prosemirror-state"
import { AttrStep, ReplaceStep, type Step } from "prosemirror-transform"
import { type Attributes, canonical, compose, type Delta, type Op } from "../client/index.js"
import {
	deltaLength,
	type Insert,
	indexOf,
	inlineAttributes,
	insertOp,
	lineAt,
	lineAttributes,
	lineDifference,
	lineStart,
	positionOf,
	pushInline,
	retainOp,
	sameAttributes,
} from "./convert.js"

/** What the transaction changes, as one canonical delta over the document before it. */
export function transactionDelta(tr: Transaction): Delta {
	return stepsDelta(tr, 0, tr.steps.length)
}

// Halving keeps a transaction of thousands of steps from composing a growing delta thousands of times.
function stepsDelta(tr: Transaction, from: number, to: number): Delta {
	if (to <= from) return []
	if (to - from === 1) {
		const before = tr.docs[from] as Node
		return stepDelta(tr.steps[from] as Step, before, tr.docs[to] ?? tr.doc)
	}
	const middle = (from + to) >> 1
	return compose(stepsDelta(tr, from, middle), stepsDelta(tr, middle, to))
}

/** One step, given the documents on both of its sides. */
export function stepDelta(step: Step, before: Node, after: Node): Delta {
	if (step instanceof ReplaceStep) {
		return replaceDelta(before, after, step.from, step.to, step.from + step.slice.size)
	}
	if (step instanceof AttrStep) return replaceAround(before, after, step.pos)
	const range = step as Step & { from?: number; to?: number }
	let from = Number.POSITIVE_INFINITY
	let to = -1
	let newTo = -1
	step.getMap().forEach((oldStart, oldEnd, _newStart, newEnd) => {
		from = Math.min(from, oldStart)
		to = Math.max(to, oldEnd)
		newTo = Math.max(newTo, newEnd)
	})
	if (to >= 0) return replaceDelta(before, after, from, to, newTo)
	// Mark steps move nothing and have an empty map.
	if (range.from !== undefined && range.to !== undefined) {
		const start = indexOf(before, range.from)
		const end = indexOf(before, range.to)
		return canonical([...skip(start), ...formatted(rangeOps(before, start, end), rangeOps(after, start, end))])
	}
	if ("pos" in step) return replaceAround(before, after, (step as Step & { pos: number }).pos)
	return []
}

/** A step that changed attributes or marks of the node at a position: a line's "\n", or an atom. */
function replaceAround(before: Node, after: Node, position: number): Delta {
	const node = before.nodeAt(position) as Node
	const start = indexOf(before, position)
	if (node.isInline) return replaceDelta(before, after, position, position + 1, position + 1)
	const change = lineDifference(node, after.nodeAt(position) as Node)
	return change ? [...skip(start + node.content.size), retainOp(1, change)] : []
}

function skip(length: number): Op[] {
	return length > 0 ? [retainOp(length)] : []
}

/** Positions from..to became from..newTo; all before and behind stayed, but for the attributes of the line at the end. */
function replaceDelta(before: Node, after: Node, from: number, to: number, newTo: number): Delta {
	let start = indexOf(before, from)
	let end = indexOf(before, to)
	let newEnd = indexOf(after, newTo)
	const length = deltaLength(before)
	const newLength = deltaLength(after)
	let last: { change: Attributes | undefined; at: number } | undefined
	if (end === length) {
		// The final "\n" of a document is never deleted (D3): it stays and takes the attributes of the new last line,
		// and where whole lines went from the end or came after it, the "\n" before them goes or comes instead.
		end--
		newEnd--
		start = Math.min(start, end, newEnd)
		last = { change: lineDifference(before.lastChild as Node, after.lastChild as Node), at: newLength - 1 }
	} else {
		const resolved = before.resolve(to)
		if (resolved.depth === 1) {
			const line = resolved.index(0)
			const newLine = after.resolve(newTo).index(0)
			last = {
				change: lineDifference(before.child(line), after.child(newLine)),
				at: lineStart(after, newLine + 1) - 1,
			}
		}
		if (splitsPair(before, end)) {
			end++
			newEnd++
		}
	}
	if (splitsPair(before, start)) start--
	const ops: Op[] = skip(start)
	ops.push(...replaced(rangeOps(before, start, end), rangeOps(after, start, newEnd)))
	if (last?.change) ops.push(...skip(last.at - newEnd), retainOp(1, last.change))
	return canonical(ops)
}

/** True when an index lies between the halves of a surrogate pair (D2). */
function splitsPair(doc: Node, index: number): boolean {
	if (index <= 0 || index >= deltaLength(doc)) return false
	const position = positionOf(doc, index)
	const resolved = doc.resolve(position)
	const text =
		resolved.parent.isTextblock && resolved.textOffset > 0 ? resolved.parent.child(resolved.index()).text : undefined
	if (!text) return false
	return isHigh(text.charCodeAt(resolved.textOffset - 1)) && isLow(text.charCodeAt(resolved.textOffset))
}

const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00
const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000

/** Content of a document between two indexes, as inserts. */
export function rangeOps(doc: Node, from: number, to: number): Insert[] {
	const ops: Insert[] = []
	if (to <= from) return ops
	for (let line = lineAt(doc, from); line < doc.childCount; line++) {
		const first = lineStart(doc, line)
		if (first >= to) break
		const node = doc.child(line)
		let at = first
		for (let index = 0; index < node.childCount; index++) {
			const child = node.child(index)
			const start = Math.max(from, at)
			const end = Math.min(to, at + child.nodeSize)
			if (start < end) {
				if (child.isText)
					ops.push(insertOp((child.text as string).slice(start - at, end - at), inlineAttributes(child)))
				else pushInline(ops, child)
			}
			at += child.nodeSize
		}
		if (at >= from && at < to) ops.push(insertOp("\n", lineAttributes(node)))
	}
	return ops
}

const lengthOf = (op: Insert) => (typeof op.insert === "string" ? op.insert.length : 1)

/** Ops that turn one run of content into another: equal ends stay, and equal text with other looks is only formatted. */
function replaced(before: Insert[], after: Insert[]): Op[] {
	if (before.length === 0) return after
	const size = before.reduce((sum, op) => sum + lengthOf(op), 0)
	if (after.length === 0) return [{ delete: size }]
	if (plain(before) === plain(after)) return formatted(before, after)
	const newSize = after.reduce((sum, op) => sum + lengthOf(op), 0)
	const limit = Math.min(size, newSize)
	const head = common(before, after, limit, false)
	const tail = common(before, after, limit - head, true)
	const inserted = cut(after, head, newSize - tail)
	const removed = size - head - tail
	return [...skip(head), ...inserted, ...(removed > 0 ? [{ delete: removed }] : []), ...skip(tail)]
}

/** Content as a string that is equal for equal content: text literally, embeds by their value. */
function plain(ops: readonly Insert[]): string {
	let text = ""
	for (const op of ops) text += typeof op.insert === "string" ? op.insert : `\u0000${JSON.stringify(op.insert)}\u0000`
	return text
}

/** Length of the common start (or end) of two runs of inserts, in UTF-16 units, never ending within a pair. */
function common(a: readonly Insert[], b: readonly Insert[], limit: number, fromEnd: boolean): number {
	const left = units(a, fromEnd)
	const right = units(b, fromEnd)
	let length = 0
	let whole = 0
	while (length < limit) {
		const x = left()
		const y = right()
		if (!x || !y || x.unit !== y.unit || !sameAttributes(x.attributes, y.attributes)) break
		length++
		const inPair = fromEnd ? isLow(x.code) : isHigh(x.code)
		if (!inPair) whole = length
	}
	return whole
}

/** Walks single units of inserts from either end. */
function units(ops: readonly Insert[], fromEnd: boolean) {
	let at = fromEnd ? ops.length - 1 : 0
	let offset = 0
	return () => {
		const op = ops[at]
		if (!op) return undefined
		const size = lengthOf(op)
		const place = fromEnd ? size - 1 - offset : offset
		if (++offset === size) {
			at += fromEnd ? -1 : 1
			offset = 0
		}
		const text = typeof op.insert === "string" ? op.insert : undefined
		const code = text ? text.charCodeAt(place) : 0
		return { unit: text ? text[place] : JSON.stringify(op.insert), code, attributes: op.attributes }
	}
}

/** The inserts between two offsets. */
function cut(ops: readonly Insert[], from: number, to: number): Insert[] {
	const part: Insert[] = []
	let at = 0
	for (const op of ops) {
		const size = lengthOf(op)
		const start = Math.max(from, at)
		const end = Math.min(to, at + size)
		if (start < end) {
			part.push(typeof op.insert === "string" ? insertOp(op.insert.slice(start - at, end - at), op.attributes) : op)
		}
		at += size
	}
	return part
}

/** Retains that give content `before` the attributes of `after`, which has the same text. */
function formatted(before: readonly Insert[], after: readonly Insert[]): Op[] {
	const ops: Op[] = []
	let i = 0
	let j = 0
	let usedBefore = 0
	let usedAfter = 0
	while (i < before.length && j < after.length) {
		const a = before[i] as Insert
		const b = after[j] as Insert
		const length = Math.min(lengthOf(a) - usedBefore, lengthOf(b) - usedAfter)
		ops.push(retainOp(length, attributeChange(a.attributes, b.attributes)))
		usedBefore += length
		usedAfter += length
		if (usedBefore === lengthOf(a)) {
			i++
			usedBefore = 0
		}
		if (usedAfter === lengthOf(b)) {
			j++
			usedAfter = 0
		}
	}
	return ops
}

function attributeChange(from: Attributes | undefined, to: Attributes | undefined): Attributes | undefined {
	if (sameAttributes(from, to)) return undefined
	const change: Record<string, unknown> = {}
	for (const key of Object.keys(from ?? {})) if (to?.[key] === undefined) change[key] = null
	for (const [key, value] of Object.entries(to ?? {})) if (from?.[key] !== value) change[key] = value
	return change
}

/** The delta that takes `delta` back, read from the document it is applied to; costs only what the change touches. */
export function inverseOn(doc: Node, delta: Delta): Delta {
	const ops: Op[] = []
	let index = 0
	for (const op of delta) {
		if ("insert" in op) ops.push({ delete: lengthOf(op) })
		else if ("delete" in op) {
			ops.push(...rangeOps(doc, index, index + op.delete))
			index += op.delete
		} else {
			if (op.attributes) ops.push(...unformatted(rangeOps(doc, index, index + op.retain), op.attributes))
			else ops.push(retainOp(op.retain))
			index += op.retain
		}
	}
	return canonical(ops)
}

function unformatted(runs: readonly Insert[], attributes: Attributes): Op[] {
	return runs.map((run) => {
		const back: Record<string, unknown> = {}
		for (const key of Object.keys(attributes)) {
			const was = run.attributes?.[key] ?? null
			if (was !== attributes[key]) back[key] = was
		}
		return retainOp(lengthOf(run), Object.keys(back).length > 0 ? back : undefined)
	})
}
