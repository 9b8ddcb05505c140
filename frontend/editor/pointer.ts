// Mouse and touch on what is not plain text: check boxes toggle, links open with a modifier.

import { Plugin } from "prosemirror-state"
import type { EditorView } from "prosemirror-view"
import { linkAt, toggleCheck } from "./commands.js"

function checkboxLine(view: EditorView, target: EventTarget | null): number | null {
	if (!(target instanceof Element) || !target.classList.contains("check")) return null
	const line = target.parentElement
	if (!line || !view.dom.contains(line)) return null
	const at = view.state.doc.resolve(view.posAtDOM(line, 0))
	return at.depth === 1 ? at.before() : at.pos
}

/** `open` gets the address of a link that was clicked to be followed. */
export function pointerPlugin(open: (href: string) => void): Plugin {
	return new Plugin({
		props: {
			handleDOMEvents: {
				mousedown(view, event) {
					const line = checkboxLine(view, event.target)
					if (line === null) return false
					// The caret stays where it is, and the phone's keyboard stays closed.
					event.preventDefault()
					if (view.editable && event.button === 0) toggleCheck(line)(view.state, view.dispatch)
					return true
				},
				click(view, event) {
					const link = event.target instanceof Element ? event.target.closest("a") : null
					if (!link || !view.dom.contains(link)) return false
					event.preventDefault()
					const wanted = !view.editable || event.metaKey || event.ctrlKey
					if (wanted && event.button === 0) open(link.href)
					return wanted
				},
			},
			handleKeyDown(view, event) {
				if (event.key !== "Enter" || !event.altKey) return false
				const link = linkAt(view.state)
				if (link) open(link.href)
				return link !== null
			},
		},
	})
}
