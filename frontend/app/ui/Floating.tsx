import type { ComponentChildren, JSX } from "preact"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"

/** Where something floats from: an element, or a rectangle in viewport pixels such as a caret's. */
export type FloatFrom = Element | (() => DOMRect | null)

type FloatingProps = Omit<JSX.IntrinsicElements["div"], "ref"> & {
	from: FloatFrom
	/** Below its place and in line with its start, unless said otherwise. */
	side?: "below" | "above"
	align?: "start" | "end" | "center"
	/** On a phone: a sheet from below instead. */
	sheet?: boolean
	/** Called when a press elsewhere or Escape asks to close. */
	onDismiss?: (by: "press" | "escape") => void
	children: ComponentChildren
}

const GAP = 6 // px between a thing and what floats from it
const EDGE = 8 // px kept free at the window's edges

function rectangle(from: FloatFrom): DOMRect | null {
	return from instanceof Element ? from.getBoundingClientRect() : from()
}

/** The visible part of the window in client pixels: on a phone, what the keyboard leaves. */
function visible(): { left: number; top: number; width: number; height: number } {
	const view = window.visualViewport
	if (!view) return { left: 0, top: 0, width: innerWidth, height: innerHeight }
	return { left: view.offsetLeft, top: view.offsetTop, width: view.width, height: view.height }
}

function place(element: HTMLElement, at: DOMRect, side: "below" | "above", align: "start" | "end" | "center"): void {
	const view = visible()
	const width = element.offsetWidth
	const height = element.offsetHeight
	const rtl = getComputedStyle(element).direction === "rtl"
	const toRight = align === "end" ? !rtl : rtl
	let left = align === "center" ? at.left + (at.width - width) / 2 : toRight ? at.right - width : at.left
	left = Math.max(view.left + EDGE, Math.min(left, view.left + view.width - width - EDGE))
	const below = at.bottom + GAP
	const above = at.top - GAP - height
	const fitsBelow = below + height <= view.top + view.height - EDGE
	const fitsAbove = above >= view.top + EDGE
	let top = side === "below" ? (fitsBelow || !fitsAbove ? below : above) : fitsAbove || !fitsBelow ? above : below
	top = Math.max(view.top + EDGE, Math.min(top, view.top + view.height - height - EDGE))
	element.style.setProperty("--float-left", `${left}px`)
	element.style.setProperty("--float-top", `${top}px`)
}

/** Something that floats above the page in the browser's top layer, kept inside the visible window. */
export function Floating({
	from,
	side = "below",
	align = "start",
	sheet,
	onDismiss,
	children,
	class: extra,
	...rest
}: FloatingProps) {
	const element = useRef<HTMLDivElement>(null)
	const dismiss = useRef(onDismiss)
	dismiss.current = onDismiss

	useLayoutEffect(() => {
		const box = element.current
		if (!box) return
		if (!box.matches(":popover-open")) box.showPopover()
		const settle = () => {
			const at = rectangle(from)
			if (at) place(box, at, side, align)
		}
		settle()
		addEventListener("scroll", settle, { passive: true, capture: true })
		addEventListener("resize", settle)
		visualViewport?.addEventListener("resize", settle)
		return () => {
			removeEventListener("scroll", settle, { capture: true })
			removeEventListener("resize", settle)
			visualViewport?.removeEventListener("resize", settle)
		}
	})

	useEffect(() => {
		const press = (event: PointerEvent) => {
			const target = event.target
			if (!(target instanceof Node) || element.current?.contains(target)) return
			if (from instanceof Element && from.contains(target)) return
			dismiss.current?.("press")
		}
		const key = (event: KeyboardEvent) => {
			if (event.key !== "Escape" || !dismiss.current) return
			event.preventDefault()
			event.stopPropagation()
			dismiss.current("escape")
		}
		document.addEventListener("pointerdown", press, true)
		document.addEventListener("keydown", key, true)
		return () => {
			document.removeEventListener("pointerdown", press, true)
			document.removeEventListener("keydown", key, true)
		}
	}, [from])

	return (
		<div ref={element} popover="manual" {...rest} class={`floating ${sheet ? "floating-sheet" : ""} ${extra ?? ""}`}>
			{children}
		</div>
	)
}
