import type { ComponentChildren } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"
import { writeKeys } from "./keys"

interface ToolProps {
	label: string
	/** In the editor's notation, such as "Mod-b". */
	keys?: string
	/** For a switch: whether it is on. */
	pressed?: boolean
	disabled?: boolean
	class?: string
	onPress: () => void
	children: ComponentChildren
}

/** One button of a toolbar. It leaves the focus, the selection and a phone's keyboard where they are when pressed by pointer. */
export function Tool({ label, keys, pressed, disabled, class: extra, onPress, children }: ToolProps) {
	return (
		<button
			type="button"
			class={`tool icon-button ${pressed ? "pressed" : ""} ${extra ?? ""}`}
			aria-label={label}
			title={keys ? `${label} (${writeKeys(keys)})` : label}
			aria-disabled={disabled}
			{...(pressed === undefined ? {} : { "aria-pressed": pressed })}
			onMouseDown={(event) => event.preventDefault()}
			onClick={() => {
				if (!disabled) onPress()
			}}
		>
			{children}
		</button>
	)
}

interface ToolRowProps {
	label: string
	class: string
	/** Escape gives the focus back to the text. */
	onLeave: () => void
	children: ComponentChildren
}

/** A toolbar with one tab stop: arrows, Home and End walk through its buttons (ARIA authoring practices, toolbar). */
export function ToolRow({ label, class: name, onLeave, children }: ToolRowProps) {
	const row = useRef<HTMLDivElement>(null)
	const stop = useRef<HTMLElement | null>(null)
	const tools = () =>
		Array.from(row.current?.querySelectorAll<HTMLElement>("button.tool") ?? []).filter(
			(tool) => tool.offsetParent !== null,
		)

	const setStop = (tool: HTMLElement | undefined) => {
		for (const other of row.current?.querySelectorAll<HTMLElement>("button.tool") ?? []) other.tabIndex = -1
		if (!tool) return
		tool.tabIndex = 0
		stop.current = tool
	}
	useLayoutEffect(() => {
		const all = tools()
		setStop(all.find((tool) => tool === stop.current) ?? all[0])
	})

	return (
		<div
			ref={row}
			role="toolbar"
			aria-label={label}
			aria-orientation="horizontal"
			class={name}
			tabIndex={-1}
			onFocusIn={(event) => {
				const tool = (event.target as HTMLElement).closest<HTMLElement>("button.tool")
				if (tool && row.current?.contains(tool)) setStop(tool)
			}}
			onKeyDown={(event) => {
				if (event.defaultPrevented) return
				if (event.key === "Escape") {
					event.preventDefault()
					return onLeave()
				}
				const all = tools()
				const at = all.indexOf(document.activeElement as HTMLElement)
				if (at < 0) return
				const rtl = getComputedStyle(event.currentTarget).direction === "rtl"
				let next: HTMLElement | undefined
				if (event.key === (rtl ? "ArrowLeft" : "ArrowRight")) next = all[(at + 1) % all.length]
				else if (event.key === (rtl ? "ArrowRight" : "ArrowLeft")) next = all[(at - 1 + all.length) % all.length]
				else if (event.key === "Home") next = all[0]
				else if (event.key === "End") next = all[all.length - 1]
				if (!next) return
				event.preventDefault()
				next.focus()
			}}
		>
			{children}
		</div>
	)
}
