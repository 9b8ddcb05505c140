// What the toolbar shows as pressed: the formatting at the selection.

import type { EditorState } from "prosemirror-state"
import { alignOf, blockKind } from "./block.js"
import { linkAt, markOver, selectedImage } from "./commands.js"
import { selectedLines } from "./lines.js"
import type { Formats } from "./types.js"

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null)

export function formatsOf(state: EditorState): Formats {
	const line = selectedLines(state)[0]?.node.attrs ?? {}
	const over = (name: string) => Boolean(markOver(state, name))
	return {
		marks: {
			bold: over("bold"),
			italic: over("italic"),
			underline: over("underline"),
			strike: over("strike"),
			code: over("code"),
		},
		link: state.selection.empty ? (linkAt(state)?.href ?? null) : textOf(markOver(state, "link")),
		color: textOf(markOver(state, "color")),
		background: textOf(markOver(state, "background")),
		block: blockKind(line),
		indent: Number(line.indent ?? 0),
		align: alignOf(line),
		direction: line.direction === "rtl" ? "rtl" : "ltr",
		language: textOf(line["code-block"]),
		image: selectedImage(state),
	}
}
