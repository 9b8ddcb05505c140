// Where a drop would go. In a module of its own, so that the page can fetch it after the text is on the screen.

import { dropCursor } from "prosemirror-dropcursor"
import type { EditorView } from "prosemirror-view"

/** Shows from now on a line where something dragged over the text would be dropped. */
export function showDropPlace(view: EditorView): void {
	view.setProps({ plugins: [dropCursor({ class: "drop-cursor" })] })
}
