import { Ban, Baseline } from "lucide-preact"
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import type { Commands, Formats } from "../../editor/types.ts"
import { Floating } from "../ui/Floating"

/** Text colours dark enough for white paper; the dark theme lightens them in the editor's style sheet. */
const TEXT = [
	["Grey", "#6b6b66"],
	["Red", "#b91c1c"],
	["Orange", "#b45309"],
	["Green", "#15803d"],
	["Teal", "#0f766e"],
	["Blue", "#1d4ed8"],
	["Purple", "#7e22ce"],
	["Pink", "#be185d"],
] as const

/** Highlights light enough for dark text. */
const HIGHLIGHT = [
	["Grey", "#ebebe8"],
	["Red", "#fde2e1"],
	["Orange", "#fdebd0"],
	["Yellow", "#fef3b8"],
	["Green", "#dcf5e0"],
	["Blue", "#dbeafe"],
	["Purple", "#f0e3fd"],
	["Pink", "#fce1ee"],
] as const

interface ColorToolProps {
	formats: Formats
	commands: Commands
	/** After a choice the text has the focus again. */
	onDone: () => void
}

/** Text colour and highlight behind one button. */
export function ColorTool({ formats, commands, onDone }: ColorToolProps) {
	const [open, setOpen] = useState(false)
	const button = useRef<HTMLButtonElement>(null)
	const panel = useRef<HTMLDivElement>(null)
	// Within the turn that opens it: a frame later the next key would still be the toolbar's.
	useLayoutEffect(() => {
		if (open) panel.current?.querySelector<HTMLElement>("[aria-pressed=true]")?.focus()
	}, [open])

	const choose = (apply: () => boolean) => {
		setOpen(false)
		apply()
		onDone()
	}
	const walk = (event: KeyboardEvent) => {
		const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 5, ArrowUp: -5 }[event.key]
		if (!step) return
		const all = Array.from(panel.current?.querySelectorAll<HTMLElement>("button") ?? [])
		const next = all[all.indexOf(document.activeElement as HTMLElement) + step]
		event.preventDefault()
		event.stopPropagation()
		next?.focus()
	}
	const group = (
		name: string,
		kind: "ink" | "highlight",
		colors: readonly (readonly [string, string])[],
		current: string | null,
		set: (color: string | null) => boolean,
	) => (
		<fieldset class="color-group">
			<legend class="menu-heading">{name}</legend>
			{[["None", null] as const, ...colors].map(([label, color]) => (
				<button
					key={label}
					type="button"
					class="color-choice"
					aria-label={`${name}: ${label}`}
					title={label}
					aria-pressed={current === color}
					onMouseDown={(event) => event.preventDefault()}
					onClick={() => choose(() => set(color))}
				>
					{color ? (
						<span class={`color-dot ${kind}`} style={{ [`--${kind}`]: color }} />
					) : (
						<Ban size={18} aria-hidden="true" />
					)}
				</button>
			))}
		</fieldset>
	)

	return (
		<>
			<button
				ref={button}
				type="button"
				class="tool icon-button"
				aria-label="Colour"
				title="Colour"
				aria-haspopup="dialog"
				aria-expanded={open}
				onMouseDown={(event) => event.preventDefault()}
				onClick={() => setOpen(!open)}
			>
				<Baseline size={17} />
			</button>
			{open && button.current && (
				<Floating
					from={button.current}
					sheet
					role="dialog"
					aria-label="Colour"
					onKeyDown={walk}
					onDismiss={(by) => {
						setOpen(false)
						if (by === "escape") button.current?.focus()
					}}
				>
					<div ref={panel} class="colors">
						{group("Text colour", "ink", TEXT, formats.color, (color) => commands.setColor(color))}
						{group("Highlight", "highlight", HIGHLIGHT, formats.background, (color) => commands.setBackground(color))}
					</div>
				</Floating>
			)}
		</>
	)
}
