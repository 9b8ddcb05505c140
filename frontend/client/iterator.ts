import type { Attributes } from "./attributes.js"
import type { Delta, Op } from "./delta.js"

export type Embed = Readonly<Record<string, unknown>>

/** Length of one op in UTF-16 units; an embed counts 1 (law A1). */
export function opLength(op: Op): number {
	if ("delete" in op) return op.delete
	if ("retain" in op) return op.retain
	return typeof op.insert === "string" ? op.insert.length : 1
}

/** An insert, with attributes only when there are some. */
export function insertOp(insert: string | Embed, attributes?: Attributes): Op {
	return attributes ? { insert, attributes } : { insert }
}

/** A retain, with attributes only when there are some. */
export function retainOp(retain: number, attributes?: Attributes): Op {
	return attributes ? { retain, attributes } : { retain }
}

/**
 * Walks a delta in pieces of any length. Behind the last op it yields bare
 * retains without end, which is what a delta means there.
 */
export class OpIterator {
	private index = 0
	private offset = 0
	constructor(private readonly ops: Delta) {}

	get done(): boolean {
		return this.index >= this.ops.length
	}

	/** Units left in the current op; Infinity behind the last. */
	get left(): number {
		const op = this.ops[this.index]
		return op ? opLength(op) - this.offset : Number.POSITIVE_INFINITY
	}

	get kind(): "insert" | "retain" | "delete" {
		const op = this.ops[this.index]
		if (!op || "retain" in op) return "retain"
		return "delete" in op ? "delete" : "insert"
	}

	/** The next piece, at most `length` units of the current op. */
	next(length = Number.POSITIVE_INFINITY): Op {
		const op = this.ops[this.index]
		if (!op) return { retain: length }
		const start = this.offset
		const taken = Math.min(length, this.left)
		if (taken === this.left) {
			this.index++
			this.offset = 0
		} else this.offset += taken
		if ("delete" in op) return { delete: taken }
		if ("retain" in op) return retainOp(taken, op.attributes)
		if (typeof op.insert !== "string" || taken === op.insert.length) return op
		return insertOp(op.insert.slice(start, start + taken), op.attributes)
	}
}
