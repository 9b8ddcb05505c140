// Between the view and the client document: own transactions go out as deltas at once, others' changes come in as
// steps. What comes in while an input method composes text on the line it touches is held back until the composition
// ends; until then own edits are moved over it, so that both sides stay equal to the algebra's diamond (law A2). What
// comes in one burst, such as the changes missed while offline, is shown at once at its end.

import { AllSelection, type EditorState, Selection, TextSelection, type Transaction } from "prosemirror-state"
import type { EditorView } from "prosemirror-view"
import {
	type ClientDocument,
	compose,
	type Delta,
	type Selection as IndexSelection,
	transform,
	transformIndex,
} from "../client/index.js"
import { applyDelta } from "./apply.js"
import { inverseOn, transactionDelta } from "./change.js"
import { deltaLength, documentOf, indexOf, lineAt, lineStart, positionOf } from "./convert.js"
import type { History } from "./history.js"
import { keepingView } from "./viewport.js"

/** Meta of transactions that come from the document and must not go back to it. */
export const remoteMeta = "coscribe-remote"
/** Meta of undo and redo: { inverse } is already on the other stack. */
export const historyMeta = "coscribe-history"
/** How long (ms) after a composition its last DOM changes may still be on their way. */
const settleTime = 80

export function isRemote(tr: Transaction): boolean {
	return tr.getMeta(remoteMeta) === true
}

type ObservingView = { readonly domObserver: { forceFlush(): void; flush(): void } }

/**
 * Reads what the browser has done and will tell of in a moment, such as a caret that a key or a click has moved. What is
 * drawn before would put the caret back, and the next letter would go there.
 */
export function catchUp(view: EditorView): void {
	const { domObserver } = view as unknown as ObservingView
	// What Android's keyboards delete ProseMirror reads a while later, unless it is forced to.
	domObserver.forceFlush()
	if (!view.composing) domObserver.flush()
}

/** Ends a composition that the browser says nothing of, or that will lose its text. */
export function endComposition(view: EditorView): void {
	if (view.composing) view.dom.dispatchEvent(new Event("compositionend"))
}

export function selectionIndexes(state: EditorState): IndexSelection {
	const { doc, selection } = state
	if (selection instanceof AllSelection) return { anchor: 0, head: deltaLength(doc) - 1 }
	return { anchor: indexOf(doc, selection.anchor), head: indexOf(doc, selection.head) }
}

/** Sets the selection to indexes, unless that is where it is. */
function selectIndexes(tr: Transaction, selection: IndexSelection): void {
	const anchor = positionOf(tr.doc, selection.anchor)
	const head = positionOf(tr.doc, selection.head)
	if (tr.selection.anchor !== anchor || tr.selection.head !== head) {
		tr.setSelection(TextSelection.create(tr.doc, anchor, head))
	}
}

/** One view on one document. Main thread only. */
export class Bridge {
	/** Others' changes that the view does not show yet, composed; relative to the view's document. */
	private held: Delta | null = null
	/** One of others' changes was shown in this task: those behind it are shown together when it is over. */
	private burst = false
	private timer: ReturnType<typeof setTimeout> | undefined
	private sentPresence = ""

	constructor(
		private readonly view: EditorView,
		private readonly document: ClientDocument,
		private readonly history: History,
		/** What was held back is shown now. */
		private readonly onRelease: () => void,
	) {}

	/** The view's dispatchTransaction. Returns whether the document changed. */
	dispatch(tr: Transaction): boolean {
		const { view } = this
		const before = view.state
		const { state, transactions } = before.applyTransaction(tr)
		let delta: Delta = []
		let base = before.doc
		for (const one of transactions) {
			if (one.getMeta(remoteMeta)) base = one.doc
			else if (one.docChanged) delta = compose(delta, transactionDelta(one))
		}
		view.updateState(state)
		if (delta.length > 0) {
			if (!tr.getMeta(historyMeta)) {
				this.history.record({
					delta,
					inverse: inverseOn(base, delta),
					selection: selectionIndexes(before),
					time: tr.time,
					separate: tr.getMeta("paste") === true || tr.getMeta("uiEvent") === "drop" || tr.getMeta("separate") === true,
				})
			}
			this.submit(delta)
		} else if (tr.selectionSet && !tr.getMeta(remoteMeta)) this.history.close()
		this.sendPresence()
		return state.doc !== before.doc
	}

	private submit(delta: Delta): void {
		const outgoing = this.held ? transform(this.held, delta, true) : delta
		if (this.held) this.held = transform(delta, this.held, false)
		try {
			this.document.submit(outgoing)
		} catch (error) {
			// The document did not take it, so the view must not show it.
			this.reload()
			throw error
		}
	}

	/** A change that is not ours. */
	receive(delta: Delta): void {
		if (this.held) {
			this.held = compose(this.held, delta)
			return
		}
		this.held = delta
		if (this.burst || this.waits(delta)) return
		this.burst = true
		queueMicrotask(() => this.burstEnded())
		this.show()
	}

	private burstEnded(): void {
		this.burst = false
		this.release()
	}

	/** Shows what is held back after a moment. Call when a composition has ended. */
	settle(): void {
		clearTimeout(this.timer)
		this.timer = setTimeout(() => this.release(), settleTime)
	}

	/** Shows what is held back, unless it still waits. */
	private release(): void {
		const { held, view } = this
		if (!held || view.isDestroyed || this.waits(held)) return
		this.show()
		this.onRelease()
	}

	/** Whether presence from the client is about another document than the view shows. */
	get holding(): boolean {
		return this.held !== null
	}

	/** Shows what is held. */
	private show(): void {
		catchUp(this.view)
		const delta = this.held
		if (!delta) return
		this.held = null
		const { state } = this.view
		const tr = state.tr.setMeta(remoteMeta, true).setMeta("addToHistory", false)
		try {
			applyDelta(tr, delta)
		} catch {
			this.reload()
			return
		}
		this.history.remote(delta)
		if (state.selection instanceof TextSelection) {
			// A place moves as a marker: what another inserts exactly at my caret comes behind it (law A8).
			const { anchor, head } = selectionIndexes(state)
			selectIndexes(tr, { anchor: transformIndex(delta, anchor, false), head: transformIndex(delta, head, false) })
		}
		if (state.storedMarks) tr.setStoredMarks(state.storedMarks)
		keepingView(this.view, () => this.view.dispatch(tr))
	}

	/**
	 * What touches a composition is shown when that has ended. It is looked at again and again: some end without an
	 * event, such as those of Android's keyboards when they rest.
	 */
	private waits(delta: Delta): boolean {
		const waiting = this.view.composing && this.touchesComposition(delta)
		if (waiting) this.settle()
		return waiting
	}

	private touchesComposition(delta: Delta): boolean {
		const { doc, selection } = this.view.state
		const from = lineStart(doc, lineAt(doc, indexOf(doc, selection.from)))
		const to = lineStart(doc, lineAt(doc, indexOf(doc, selection.to)) + 1)
		let index = 0
		for (const op of delta) {
			const end = index + ("insert" in op ? 0 : "delete" in op ? op.delete : op.retain)
			const changes = !("retain" in op) || op.attributes !== undefined
			if (changes && index <= to && end >= from) return true
			index = end
		}
		return false
	}

	/** Takes one step back or forth in one's own edits. */
	travel(direction: "undo" | "redo"): boolean {
		endComposition(this.view)
		catchUp(this.view)
		const { state } = this.view
		const step = this.history[direction](selectionIndexes(state), (delta) => inverseOn(state.doc, delta))
		if (!step) return false
		const tr = applyDelta(state.tr.setMeta(historyMeta, direction), step.delta)
		selectIndexes(tr, step.selection)
		this.view.dispatch(tr.scrollIntoView())
		return true
	}

	/** Makes the view show the document's content, changing only what differs. */
	reload(): void {
		this.held = null
		const wanted = documentOf(this.document.content)
		const { doc, tr, selection } = this.view.state
		const start = doc.content.findDiffStart(wanted.content)
		if (start === null) return
		const end = doc.content.findDiffEnd(wanted.content) ?? { a: doc.content.size, b: wanted.content.size }
		const overlap = start - Math.min(end.a, end.b)
		const a = overlap > 0 ? end.a + overlap : end.a
		const b = overlap > 0 ? end.b + overlap : end.b
		tr.replace(start, a, wanted.slice(start, b))
		if (!tr.doc.eq(wanted)) {
			tr.replaceWith(0, tr.doc.content.size, wanted.content)
			tr.setSelection(Selection.near(tr.doc.resolve(Math.min(selection.head, tr.doc.content.size))))
		}
		this.view.dispatch(tr.setMeta(remoteMeta, true).setMeta("addToHistory", false))
	}

	/** Tells others where the selection is, when that is news. */
	sendPresence(): void {
		const own = selectionIndexes(this.view.state)
		const held = this.held ?? []
		const selection = {
			anchor: transformIndex(held, own.anchor, false),
			head: transformIndex(held, own.head, false),
		}
		const key = `${selection.anchor}:${selection.head}`
		if (key === this.sentPresence || !this.view.hasFocus() || !this.document.loaded) return
		this.sentPresence = key
		this.document.setPresence(selection)
	}

	destroy(): void {
		clearTimeout(this.timer)
		if (this.document.loaded) this.document.setPresence(null)
	}
}
