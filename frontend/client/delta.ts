/**
 * The algebra: a twin of the server's package `ot`, equal to quill-delta 5.1
 * on every valid input once both are in canonical form (laws A1-A8, A10).
 *
 * Lengths and indexes are UTF-16 units. Values are immutable: no function
 * changes an argument, and every result is in canonical form - equal
 * neighbours merged, insert before delete, nothing of length zero, no bare
 * retain at the end, attribute keys in order (law A4).
 */
import {
	type Attributes,
	composeAttributes,
	equalValues,
	invertAttributes,
	tidy,
	transformAttributes,
} from "./attributes.js"
import { type Embed, insertOp, OpIterator, opLength, retainOp } from "./iterator.js"

export type { Attributes } from "./attributes.js"

/** One step of a change: insert text or an embed, keep or format, delete. */
export type Op =
	| { readonly insert: string | Embed; readonly attributes?: Attributes }
	| { readonly retain: number; readonly attributes?: Attributes }
	| { readonly delete: number }

/** A change, or - of inserts only - a document. */
export type Delta = readonly Op[]

/** Builds a delta op by op and keeps it canonical. */
export class Builder {
	private readonly ops: Op[] = []

	push(op: Op): this {
		if (opLength(op) <= 0) return this
		const ops = this.ops
		const last = ops.at(-1)
		if (last && "delete" in last) {
			if ("delete" in op) {
				ops[ops.length - 1] = { delete: last.delete + op.delete }
				return this
			}
			if ("insert" in op) {
				ops.pop()
				this.push(op)
				ops.push(last)
				return this
			}
		}
		const merged = last && merge(last, op)
		if (merged) ops[ops.length - 1] = merged
		else ops.push(op)
		return this
	}

	insert(insert: string | Embed, attributes?: Attributes): this {
		return this.push(insertOp(insert, tidy(attributes)))
	}

	retain(length: number, attributes?: Attributes): this {
		return this.push(retainOp(length, tidy(attributes)))
	}

	delete(length: number): this {
		return this.push({ delete: length })
	}

	delta(): Delta {
		const last = this.ops.at(-1)
		if (last && "retain" in last && !last.attributes) this.ops.pop()
		return this.ops
	}
}

/** Two neighbours as one op, where that is the same thing. */
function merge(a: Op, b: Op): Op | undefined {
	if ("delete" in a || "delete" in b || !equalValues(a.attributes, b.attributes)) return undefined
	if ("retain" in a) return "retain" in b ? retainOp(a.retain + b.retain, a.attributes) : undefined
	if ("retain" in b || typeof a.insert !== "string" || typeof b.insert !== "string") return undefined
	return insertOp(a.insert + b.insert, a.attributes)
}

/** The canonical form. A null on inserted text says nothing and is left out. */
export function canonical(delta: Delta): Delta {
	const builder = new Builder()
	for (const op of delta) {
		if ("delete" in op) builder.delete(op.delete)
		else if ("retain" in op) builder.retain(op.retain, op.attributes)
		else builder.insert(op.insert, composeAttributes({}, op.attributes, false))
	}
	return builder.delta()
}

export function isCanonical(delta: Delta): boolean {
	return equal(delta, canonical(delta))
}

export function equal(a: Delta, b: Delta): boolean {
	return a === b || equalValues(a, b)
}

/** Length of the result, as far as the delta reaches: inserts + retains. */
export function length(delta: Delta): number {
	return delta.reduce((sum, op) => ("delete" in op ? sum : sum + opLength(op)), 0)
}

/** How much of its base a change reaches: retains + deletes. */
export function baseLength(delta: Delta): number {
	return delta.reduce((sum, op) => ("insert" in op ? sum : sum + opLength(op)), 0)
}

/** By how much a change makes the document longer: inserts - deletes. */
export function growth(delta: Delta): number {
	return delta.reduce((sum, op) => sum + ("insert" in op ? opLength(op) : "delete" in op ? -op.delete : 0), 0)
}

/** The inserted text, embeds left out. */
export function insertedText(delta: Delta): string {
	return delta.map((op) => ("insert" in op && typeof op.insert === "string" ? op.insert : "")).join("")
}

/** The part of a document between two indexes. */
export function slice(delta: Delta, from: number, to = Number.POSITIVE_INFINITY): Delta {
	const iterator = new OpIterator(delta)
	const ops: Op[] = []
	for (let index = 0; index < to && !iterator.done; ) {
		const op = iterator.next((index < from ? from : to) - index)
		if (index >= from) ops.push(op)
		index += opLength(op)
	}
	return ops
}

/** `a` and then `b`, as one change: `(D·a)·b = D·compose(a, b)` (law A3). */
export function compose(a: Delta, b: Delta): Delta {
	if (a.length === 0) return b
	if (b.length === 0) return a
	const left = new OpIterator(a)
	const right = new OpIterator(b)
	const result = new Builder()
	while (!left.done || !right.done) {
		if (right.kind === "insert") result.push(right.next())
		else if (left.kind === "delete") result.push(left.next())
		else {
			const size = Math.min(left.left, right.left)
			const mine = left.next(size)
			const then = right.next(size)
			if ("delete" in then) {
				if ("retain" in mine) result.push(then)
			} else if ("retain" in mine) {
				result.push(retainOp(size, composeAttributes(mine.attributes, attributesOf(then), true)))
			} else if ("insert" in mine) {
				result.push(insertOp(mine.insert, composeAttributes(mine.attributes, attributesOf(then), false)))
			}
		}
	}
	return result.delta()
}

function attributesOf(op: Op): Attributes | undefined {
	return "delete" in op ? undefined : op.attributes
}

/**
 * `delta` moved over the concurrent `over` (law A2). `overFirst` says that
 * `over` was sequenced earlier: it keeps the left place on a tie, and its
 * attributes win. Move over several changes one by one (law A5).
 */
export function transform(over: Delta, delta: Delta, overFirst: boolean): Delta {
	if (over.length === 0 || delta.length === 0) return delta
	const theirs = new OpIterator(over)
	const ours = new OpIterator(delta)
	const result = new Builder()
	while (!ours.done) {
		if (theirs.kind === "insert" && (overFirst || ours.kind !== "insert")) {
			result.push({ retain: opLength(theirs.next()) })
		} else if (ours.kind === "insert") result.push(ours.next())
		else {
			const size = Math.min(theirs.left, ours.left)
			const happened = theirs.next(size)
			const op = ours.next(size)
			if ("delete" in happened) continue
			if ("delete" in op) result.push(op)
			else result.push(retainOp(size, transformAttributes(attributesOf(happened), attributesOf(op), overFirst)))
		}
	}
	return result.delta()
}

/** What takes `delta` back from the document it was applied to: `D·a·invert(a, D) = D`. */
export function invert(delta: Delta, base: Delta): Delta {
	const document = new OpIterator(base)
	const result = new Builder()
	for (const op of delta) {
		if ("insert" in op) {
			result.delete(opLength(op))
			continue
		}
		for (let left = opLength(op); left > 0; ) {
			if (document.done) throw new RangeError(`the change reaches ${left} units past the end of its base`)
			const piece = document.next(left)
			left -= opLength(piece)
			if ("delete" in op) result.push(piece)
			else result.push(retainOp(opLength(piece), invertAttributes(op.attributes, attributesOf(piece))))
		}
	}
	return result.delta()
}

/**
 * Where `index` is after `delta` (law A8). Text inserted exactly there moves
 * it only when it is the inserter's `own`.
 */
export function transformIndex(delta: Delta, index: number, own: boolean): number {
	let offset = 0
	let moved = index
	for (const op of delta) {
		if (offset > moved) break
		const size = opLength(op)
		if ("delete" in op) moved -= Math.min(size, moved - offset)
		else {
			if ("insert" in op && (offset < moved || own)) moved += size
			offset += size
		}
	}
	return moved
}
