// What a person does to an editor, in jsdom: select, type, press keys.

import { TextSelection } from "prosemirror-state"
import type { Delta } from "../../client/index.js"
import { deltaOf, positionOf } from "../convert.js"
import { createEditor, type Editor, type EditorOptions } from "../index.js"
import { type TestDocument, World } from "./world.js"

const open: Editor[] = []

// jsdom has no layout: everything is at one place.
const nowhere = { left: 0, top: 0, right: 0, bottom: 0, width: 0, height: 0, x: 0, y: 0 }
Object.assign(Range.prototype, { getClientRects: () => [], getBoundingClientRect: () => nowhere })

/** An editor in the page, until `closeAll`. */
export function edit(client: TestDocument, options: Partial<EditorOptions> = {}): Editor {
	const element = document.createElement("div")
	document.body.append(element)
	const editor = createEditor({ element, document: client, ...options })
	open.push(editor)
	return editor
}

/** One editor on a document of its own. */
export function alone(content: Delta, options: Partial<EditorOptions> = {}) {
	const client = new World(content).join()
	return { client, editor: edit(client, options) }
}

export function closeAll(): void {
	for (const editor of open.splice(0)) editor.destroy()
	document.body.replaceChildren()
}

export function shown(editor: Editor): Delta {
	return deltaOf(editor.view.state.doc)
}

/** By indexes. */
export function select(editor: Editor, anchor: number, head = anchor): void {
	const { view } = editor
	const { doc } = view.state
	view.dispatch(view.state.tr.setSelection(TextSelection.create(doc, positionOf(doc, anchor), positionOf(doc, head))))
}

/** As the browser would: input rules see every character. */
export function type(editor: Editor, text: string): void {
	const { view } = editor
	for (const character of text) {
		const { from, to } = view.state.selection
		const insert = () => view.state.tr.insertText(character, from, to)
		if (!view.someProp("handleTextInput", (handle) => handle(view, from, to, character, insert)))
			view.dispatch(insert())
	}
}

/** Whether something took the key. */
export function press(editor: Editor, key: string, modifiers: Partial<KeyboardEventInit> = {}): boolean {
	const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...modifiers })
	return editor.view.someProp("handleKeyDown", (handle) => handle(editor.view, event)) ?? false
}
