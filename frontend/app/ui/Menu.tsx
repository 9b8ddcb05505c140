import { Check } from "lucide-preact"
import type { ComponentChildren } from "preact"
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import { Floating } from "./Floating"

/** One line of a menu. `checked` makes it a choice among others. */
export interface MenuItem {
	readonly label: string
	readonly icon?: ComponentChildren
	readonly keys?: string
	/** What it means, in smaller words below. */
	readonly note?: string
	readonly checked?: boolean
	readonly danger?: boolean
	/** Starts a new group with a line above. */
	readonly separated?: boolean
	/** Small words above the group. */
	readonly heading?: string
	readonly onSelect: () => void
}

interface MenuProps {
	/** The accessible name of both the button and the menu. */
	label: string
	items: readonly MenuItem[]
	children: ComponentChildren
	class?: string
	align?: "start" | "end"
	/** Whether choosing gives the focus back to the button; not when the choice itself moves it. */
	refocus?: boolean
	/** Tab stop of the button inside a toolbar with roving focus. */
	tabIndex?: number
	disabled?: boolean
}

const ITEM = "[role^=menuitem]"

/** A button that opens a menu: arrows, Home, End, first letters, Enter, Escape; a sheet from below on a phone. */
export function Menu({ label, items, children, class: extra, align = "start", refocus = true, ...rest }: MenuProps) {
	const [open, setOpen] = useState(false)
	const button = useRef<HTMLButtonElement>(null)
	const list = useRef<HTMLDivElement>(null)

	// Within the turn that opens it: a frame later the next key would still be the button's.
	useLayoutEffect(() => {
		if (!open) return
		const lines = list.current?.querySelectorAll<HTMLElement>(ITEM)
		const choosing = lines?.[0]?.getAttribute("role") === "menuitemradio"
		const chosen = choosing ? list.current?.querySelector<HTMLElement>("[aria-checked=true]") : null
		;(chosen ?? lines?.[0])?.focus()
	}, [open])

	const close = (focus: boolean) => {
		setOpen(false)
		if (focus) button.current?.focus()
	}

	const move = (event: KeyboardEvent) => {
		const lines = Array.from(list.current?.querySelectorAll<HTMLElement>(ITEM) ?? [])
		const at = lines.indexOf(document.activeElement as HTMLElement)
		let next: HTMLElement | undefined
		if (event.key === "ArrowDown") next = lines[(at + 1) % lines.length]
		else if (event.key === "ArrowUp") next = lines[(at - 1 + lines.length) % lines.length]
		else if (event.key === "Home") next = lines[0]
		else if (event.key === "End") next = lines[lines.length - 1]
		else if (event.key === "Tab") return close(true)
		else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
			const letter = event.key.toLowerCase()
			next = [...lines.slice(at + 1), ...lines.slice(0, at + 1)].find((line) =>
				line.textContent?.toLowerCase().startsWith(letter),
			)
		}
		if (!next) return
		event.preventDefault()
		event.stopPropagation()
		next.focus()
	}

	return (
		<>
			<button
				{...rest}
				ref={button}
				type="button"
				class={extra ?? "icon-button"}
				aria-label={label}
				title={label}
				aria-haspopup="menu"
				aria-expanded={open}
				onClick={() => setOpen(!open)}
				onKeyDown={(event) => {
					if (event.key !== "ArrowDown") return
					event.preventDefault()
					event.stopPropagation()
					setOpen(true)
				}}
			>
				{children}
			</button>
			{open && button.current && (
				<Floating from={button.current} align={align} sheet onDismiss={(by) => close(by === "escape")}>
					<div ref={list} role="menu" aria-label={label} class="menu" tabIndex={-1} onKeyDown={move}>
						{items.map((item) => (
							<>
								{item.separated && <hr class="menu-line" />}
								{item.heading && (
									<div class="menu-heading" role="presentation">
										{item.heading}
									</div>
								)}
								<button
									key={item.label}
									type="button"
									class={item.danger ? "menu-item menu-danger" : "menu-item"}
									role={item.checked === undefined ? "menuitem" : "menuitemradio"}
									{...(item.checked === undefined ? {} : { "aria-checked": item.checked })}
									{...(item.note ? { "aria-label": item.label, "aria-description": item.note } : {})}
									tabIndex={-1}
									onClick={() => {
										close(refocus)
										item.onSelect()
									}}
								>
									<span class="menu-icon" aria-hidden="true">
										{item.icon}
									</span>
									<span class="menu-label">
										{item.label}
										{item.note && <span class="menu-note">{item.note}</span>}
									</span>
									{item.keys && (
										<span class="menu-keys key-hint" aria-hidden="true">
											{item.keys}
										</span>
									)}
									{item.checked && <Check size={16} aria-hidden="true" />}
								</button>
							</>
						))}
					</div>
				</Floating>
			)}
		</>
	)
}
