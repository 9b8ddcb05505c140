// Keeps what one reads where it is while the text above it changes. Browsers with scroll anchoring do so by themselves
// (overflow-anchor); for the others the line at the top of the view is measured before and after.

import type { EditorProps, EditorView } from "prosemirror-view"

/** The nearest ancestor that scrolls; the page itself when there is none. */
export function scrollerOf(element: Element): Element {
	const owner = element.ownerDocument
	for (let at = element.parentElement; at && at !== owner.body; at = at.parentElement) {
		const { overflowY } = getComputedStyle(at)
		if (overflowY === "auto" || overflowY === "scroll") return at
	}
	return owner.scrollingElement ?? owner.documentElement
}

/** The part of the window in which the text shows, CSS px. */
export function visiblePart(view: EditorView): { top: number; bottom: number } {
	const owner = view.dom.ownerDocument
	const height = owner.defaultView?.innerHeight ?? 0
	const scroller = scrollerOf(view.dom)
	if (scroller === owner.scrollingElement || scroller === owner.documentElement) return { top: 0, bottom: height }
	const box = scroller.getBoundingClientRect()
	return { top: Math.max(0, box.top), bottom: Math.min(height, box.bottom) }
}

/** Runs a change of the view without moving the line at the top of what is visible. */
export function keepingView(view: EditorView, change: () => void): void {
	if (typeof CSS === "undefined" || CSS.supports("overflow-anchor", "auto")) {
		change()
		return
	}
	const line = firstVisible(view)
	const before = line?.getBoundingClientRect().top ?? 0
	change()
	if (!line?.isConnected) return
	const moved = line.getBoundingClientRect().top - before
	if (moved !== 0) scrollerOf(view.dom).scrollBy(0, moved)
}

/** Lines stand in order, so halving finds the first that reaches into view. */
function firstVisible(view: EditorView): Element | undefined {
	const lines = view.dom.children
	const { top } = visiblePart(view)
	let low = 0
	let high = lines.length - 1
	while (low < high) {
		const middle = (low + high) >> 1
		if ((lines[middle] as Element).getBoundingClientRect().bottom > top) high = middle
		else low = middle + 1
	}
	return lines[low]
}

const besideCaret = 8 // px between a caret and the edge it is scrolled in from

/**
 * View props that keep the caret clear of what the page lays over the text at its edges: the page says how much that
 * is by `scroll-padding` of its root, which also tells the browser's own scrolling. Read anew at each scroll.
 */
export function clearOfBars(): Pick<EditorProps, "scrollMargin" | "scrollThreshold" | "handleScrollToSelection"> {
	const edges = { top: 0, right: 0, bottom: 0, left: 0 }
	return {
		scrollMargin: edges,
		scrollThreshold: edges,
		handleScrollToSelection(view) {
			const { scrollPaddingTop, scrollPaddingBottom } = getComputedStyle(view.dom.ownerDocument.documentElement)
			edges.top = (Number.parseFloat(scrollPaddingTop) || 0) + besideCaret
			edges.bottom = (Number.parseFloat(scrollPaddingBottom) || 0) + besideCaret
			return false
		},
	}
}
