// An image in the text: drawn with a handle at its end whose dragging sets the width.

import type { Node as ImageNode } from "prosemirror-model"
import type { EditorView, NodeView } from "prosemirror-view"
import { updateImage } from "./commands.js"

/** CSS px */
const smallest = 32

export class ImageView implements NodeView {
	readonly dom: HTMLElement
	private readonly image: HTMLImageElement

	constructor(
		private node: ImageNode,
		private readonly view: EditorView,
		private readonly position: () => number | undefined,
	) {
		const owner = view.dom.ownerDocument
		this.dom = owner.createElement("span")
		this.dom.className = "image"
		this.image = owner.createElement("img")
		// The page's address is nobody else's business.
		this.image.referrerPolicy = "no-referrer"
		this.image.decoding = "async"
		this.image.draggable = true
		for (const kind of ["error", "load"])
			this.image.addEventListener(kind, () => {
				this.dom.classList.toggle("broken", kind === "error")
				this.draw()
			})
		const handle = owner.createElement("span")
		handle.className = "image-handle"
		handle.addEventListener("pointerdown", (event) => this.resize(event, handle))
		this.dom.append(this.image, handle)
		this.draw()
	}

	private draw(): void {
		const { src, alt, width } = this.node.attrs
		if (this.image.getAttribute("src") !== src) this.image.src = src
		// An empty box would say nothing.
		this.image.alt = alt ?? (this.dom.classList.contains("broken") ? "Image not found" : "")
		if (width === null) this.image.removeAttribute("width")
		else this.image.width = width
	}

	update(node: ImageNode): boolean {
		if (node.type !== this.node.type) return false
		this.node = node
		this.draw()
		return true
	}

	private resize(down: PointerEvent, handle: HTMLElement): void {
		if (!this.view.editable || down.button !== 0) return
		down.preventDefault()
		down.stopPropagation()
		const start = this.image.getBoundingClientRect().width
		const direction = getComputedStyle(this.dom).direction === "rtl" ? -1 : 1
		let width = start
		const move = (event: PointerEvent) => {
			const limit = this.view.dom.clientWidth
			width = Math.round(Math.max(smallest, Math.min(limit, start + direction * (event.clientX - down.clientX))))
			// Only looks; the document hears of the end.
			this.image.width = width
		}
		const finish = (event: PointerEvent) => {
			handle.removeEventListener("pointermove", move)
			handle.removeEventListener("pointerup", finish)
			handle.removeEventListener("pointercancel", finish)
			const position = this.position()
			const changed = event.type === "pointerup" && width !== start && position !== undefined
			if (changed) updateImage({ width }, position)(this.view.state, this.view.dispatch)
			else this.draw()
		}
		handle.setPointerCapture?.(down.pointerId)
		handle.addEventListener("pointermove", move)
		handle.addEventListener("pointerup", finish)
		handle.addEventListener("pointercancel", finish)
	}

	stopEvent(event: Event): boolean {
		return event.target instanceof Element && event.target.classList.contains("image-handle")
	}

	ignoreMutation(): boolean {
		return true
	}
}
