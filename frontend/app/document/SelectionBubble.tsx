import { ExternalLink, Link, Unlink } from "lucide-preact"
import { useEffect, useState } from "preact/hooks"
import type { Editor, EditorSnapshot } from "../../editor/types.ts"
import { Floating } from "../ui/Floating"
import { ColorTool } from "./ColorTool"
import { Tool, ToolRow } from "./Tool"
import { MarkTools } from "./Toolbar"

const SETTLE = 180 // ms a selection must rest; a bubble that chases the pointer is a nuisance

/**
 * Marks and link right at the selection, and what can be done with the link the caret is in, for mouse and touch: a
 * finger has no modifier to open it with. The keyboard has its shortcuts and the toolbar.
 */
export function SelectionBubble({
	editor,
	snapshot,
	onLink,
}: {
	editor: Editor
	snapshot: EditorSnapshot
	onLink: () => void
}) {
	const { selection, focused, composing, readOnly, suggestion, formats } = snapshot
	const { link } = formats
	const caret = selection.empty
	const wanted =
		(!caret || link !== null) &&
		focused &&
		!composing &&
		!readOnly &&
		!suggestion &&
		formats.block !== "code" &&
		!formats.image
	const [rested, setRested] = useState(false)
	const [held, setHeld] = useState(false)

	useEffect(() => {
		const down = (event: PointerEvent) => {
			if (!(event.target as Element).closest(".bubble")) setHeld(true)
		}
		const up = () => setHeld(false)
		addEventListener("pointerdown", down)
		addEventListener("pointerup", up)
		addEventListener("pointercancel", up)
		return () => {
			removeEventListener("pointerdown", down)
			removeEventListener("pointerup", up)
			removeEventListener("pointercancel", up)
		}
	}, [])

	// Each new selection starts the rest anew.
	useEffect(() => {
		setRested(false)
		if (!wanted) return
		const wait = setTimeout(() => setRested(true), SETTLE)
		return () => clearTimeout(wait)
	}, [wanted, selection.anchor, selection.head])

	if (!wanted || !rested || held) return null
	const touch = matchMedia("(pointer: coarse)").matches // its own menu stands above a selection
	const rect = () => {
		const at = caret ? editor.view.coordsAtPos(editor.view.state.selection.from) : editor.selectionRect()
		return at ? new DOMRect(at.left, at.top, at.right - at.left, at.bottom - at.top) : null
	}
	if (!rect()) return null
	return (
		<Floating from={rect} side={touch ? "below" : "above"} align="center" class="bubble">
			<ToolRow label={caret ? "Link here" : "Selected text"} class="bubble-row" onLeave={() => editor.focus()}>
				{caret ? (
					<span class="bubble-address">{link}</span>
				) : (
					<>
						<MarkTools formats={formats} commands={editor.commands} size={16} />
						<ColorTool formats={formats} commands={editor.commands} onDone={() => editor.focus()} />
					</>
				)}
				{link && (
					<Tool label="Open link" onPress={() => open(link, "_blank", "noopener,noreferrer")}>
						<ExternalLink size={16} />
					</Tool>
				)}
				<Tool
					label={link ? "Edit link" : "Link"}
					keys="Mod-k"
					{...(caret ? {} : { pressed: link !== null })}
					onPress={onLink}
				>
					<Link size={16} />
				</Tool>
				{link && (
					<Tool label="Remove link" onPress={() => editor.commands.setLink(null)}>
						<Unlink size={16} />
					</Tool>
				)}
			</ToolRow>
		</Floating>
	)
}
