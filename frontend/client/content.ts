import { baseLength, compose, type Delta, growth, length } from "./delta.js"

/** So many changes wait before they are folded in: a fold costs O(document), a waiting change O(itself). */
const FOLD_AFTER = 1024

/**
 * A document and the changes on top of it, folded together only when somebody
 * asks, so that a keystroke in a large document costs no more than in a small
 * one. A value: `apply` returns a new one.
 */
export class Content {
	private constructor(
		/** UTF-16 units. */
		readonly length: number,
		private folded: Delta | undefined,
		private parent: Content | undefined,
		private readonly change: Delta,
		private readonly depth: number,
	) {}

	static of(document: Delta): Content {
		return new Content(length(document), document, undefined, [], 0)
	}

	/** This content with a change applied. Throws a RangeError when it reaches past the end. */
	apply(change: Delta): Content {
		if (change.length === 0) return this
		const reach = baseLength(change)
		if (reach > this.length) throw new RangeError(`a change of ${reach} units on a document of ${this.length}`)
		const depth = this.folded ? 1 : this.depth + 1
		const next = new Content(this.length + growth(change), undefined, this, change, depth)
		if (depth >= FOLD_AFTER) next.fold()
		return next
	}

	/** The document as one delta. */
	get delta(): Delta {
		return this.folded ?? this.fold()
	}

	private fold(): Delta {
		const changes: Delta[] = []
		let base: Content = this
		while (!base.folded && base.parent) {
			changes.push(base.change)
			base = base.parent
		}
		this.folded = compose(base.folded ?? [], composeAll(changes.reverse(), 0, changes.length))
		this.parent = undefined
		return this.folded
	}
}

/** Halves before neighbours, so that no long change is walked once per short one. */
function composeAll(changes: readonly Delta[], from: number, to: number): Delta {
	if (to - from <= 1) return changes[from] ?? []
	const middle = (from + to) >> 1
	return compose(composeAll(changes, from, middle), composeAll(changes, middle, to))
}
