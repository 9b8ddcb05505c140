// Undo and redo of one's own edits only (law C7). Entries are deltas that take an edit back. What others write in the
// meantime is kept beside the entry it came after, and an entry is transformed over it when it is used - so undoing a
// word in which somebody typed takes out one's own letters and leaves theirs. prosemirror-history maps ranges instead
// and would delete their letters with the word.

import { compose, type Delta, type Selection, transform, transformIndex } from "../client/index.js"

/** Typing that goes on within this time (ms) at the same place is one entry. */
const groupDelay = 600
/** Entries kept; older ones are forgotten. */
const depth = 300

interface Entry {
	/** Takes the edit back, over the document right after it. */
	delta: Delta
	/** What others changed after the edit (and before the next entry), composed; null for nothing. */
	over: Delta | null
	/** Where the selection was before the edit. */
	selection: Selection
}

/** What to apply, and where the selection is then. */
export interface Step {
	readonly delta: Delta
	readonly selection: Selection
}

/** An edit to remember. */
export interface Edit {
	readonly delta: Delta
	/** Takes `delta` back. */
	readonly inverse: Delta
	readonly selection: Selection
	/** ms */
	readonly time: number
	/** Never merged with the entry before it. */
	readonly separate?: boolean
}

/** Both stacks of one editor. Main thread only. */
export class History {
	private readonly done: Entry[] = []
	private readonly undone: Entry[] = []
	private last: { time: number; from: number; to: number } | null = null

	get canUndo(): boolean {
		return this.done.length > 0
	}

	get canRedo(): boolean {
		return this.undone.length > 0
	}

	/** An own edit was made. */
	record(edit: Edit): void {
		this.undone.length = 0
		const range = extent(edit.delta)
		const top = this.done[this.done.length - 1]
		const near = this.last && range.oldFrom <= this.last.to && range.oldTo >= this.last.from
		if (top && near && !edit.separate && edit.time - (this.last?.time ?? 0) < groupDelay) {
			this.settle(this.done)
			top.delta = compose(edit.inverse, top.delta)
		} else {
			this.done.push({ delta: edit.inverse, over: null, selection: edit.selection })
			if (this.done.length > depth) this.done.shift()
		}
		this.last = { time: edit.time, from: range.from, to: range.to }
	}

	/** Somebody else's change reached the editor. */
	remote(delta: Delta): void {
		for (const stack of [this.done, this.undone]) {
			const top = stack[stack.length - 1]
			if (top) top.over = top.over ? compose(top.over, delta) : delta
		}
		if (this.last) {
			this.last.from = transformIndex(delta, this.last.from, false)
			this.last.to = transformIndex(delta, this.last.to, true)
		}
	}

	/** The next edit starts an entry of its own. */
	close(): void {
		this.last = null
	}

	/** The newest own edit's undoing; `invert` gives the inverse of a delta over the current document. */
	undo(current: Selection, invert: (delta: Delta) => Delta): Step | null {
		return this.move(this.done, this.undone, current, invert)
	}

	redo(current: Selection, invert: (delta: Delta) => Delta): Step | null {
		return this.move(this.undone, this.done, current, invert)
	}

	private move(from: Entry[], to: Entry[], current: Selection, invert: (delta: Delta) => Delta): Step | null {
		this.last = null
		for (;;) {
			const top = from[from.length - 1]
			if (!top) return null
			this.settle(from)
			from.pop()
			// Others have already taken back all of it.
			if (top.delta.length === 0) continue
			to.push({ delta: invert(top.delta), over: null, selection: current })
			return { delta: top.delta, selection: top.selection }
		}
	}

	/** Brings the top entry up to the current document; what it was moved over goes to the entry below. */
	private settle(stack: Entry[]): void {
		const top = stack[stack.length - 1]
		if (!top?.over) return
		const over = top.over
		const below = transform(top.delta, over, false)
		top.delta = transform(over, top.delta, true)
		top.selection = {
			anchor: transformIndex(below, top.selection.anchor, false),
			head: transformIndex(below, top.selection.head, false),
		}
		top.over = null
		const next = stack[stack.length - 2]
		if (next) next.over = next.over ? compose(next.over, below) : below
	}
}

/** The span that a delta reaches, in indexes before it and after it. */
function extent(delta: Delta): { oldFrom: number; oldTo: number; from: number; to: number } {
	const first = delta[0]
	const from = first && "retain" in first && !first.attributes ? first.retain : 0
	let oldTo = 0
	let to = 0
	for (const op of delta) {
		if ("retain" in op) {
			oldTo += op.retain
			to += op.retain
		} else if ("delete" in op) oldTo += op.delete
		else to += typeof op.insert === "string" ? op.insert.length : 1
	}
	return { oldFrom: from, oldTo, from, to }
}
