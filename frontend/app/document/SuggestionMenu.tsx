import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import type { Commands, Editor, Person, Suggestion } from "../../editor/types.ts"
import { announce } from "../announce"
import { Avatar } from "../ui/Avatar"
import { Floating } from "../ui/Floating"
import { BLOCKS, INSERTS } from "./blocks"
import { fitting, type SuggestionChoice } from "./suggest"

/** What "/" offers. */
export function slashChoices(openImage: () => void): SuggestionChoice[] {
	return [
		...BLOCKS.map((block) => ({
			label: block.label,
			icon: block.icon,
			note: block.typed,
			also: block.also,
			accept: (commands: Commands) => void commands.setBlock(block.kind, false),
		})),
		{ ...INSERTS.divider, note: "---", accept: (commands: Commands) => void commands.insertDivider() },
		{ ...INSERTS.image, accept: () => openImage() },
	]
}

/** What "@" offers: the people who are here. */
export function mentionChoices(people: readonly (Person & { color: string })[]): SuggestionChoice[] {
	return people.map((person) => ({
		label: person.name,
		icon: <Avatar person={person} size={20} />,
		accept: { id: person.id, name: person.name },
	}))
}

interface SuggestionMenuProps {
	editor: Editor
	suggestion: Suggestion
	choices: readonly SuggestionChoice[]
	label: string
}

/** The menu at the caret. The focus stays in the text; the editor hands over arrows, Enter and Tab. */
export function SuggestionMenu({ editor, suggestion, choices, label }: SuggestionMenuProps) {
	const shown = fitting(choices, suggestion.query)
	const [at, setAt] = useState(0)
	const list = useRef<HTMLDivElement>(null)
	const chosen = Math.min(at, shown.length - 1)

	// Another query starts at the top.
	useEffect(() => setAt(0), [suggestion.query])

	useLayoutEffect(() => {
		editor.suggestion.onKey = (event) => {
			if (shown.length === 0) return false
			if (event.key === "ArrowDown") setAt((chosen + 1) % shown.length)
			else if (event.key === "ArrowUp") setAt((chosen - 1 + shown.length) % shown.length)
			else if (event.key === "Enter" || event.key === "Tab") {
				const choice = shown[chosen]
				if (choice) editor.suggestion.accept(choice.accept)
			} else return false
			return true
		}
		return () => {
			editor.suggestion.onKey = null
		}
	})

	// The text box tells assistive technology which line is meant, though the focus never leaves it.
	useLayoutEffect(() => {
		const box = editor.view.dom
		if (shown.length > 0) {
			box.setAttribute("aria-controls", "suggestions")
			box.setAttribute("aria-activedescendant", `suggestion-${chosen}`)
		}
		list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" })
		return () => {
			box.removeAttribute("aria-controls")
			box.removeAttribute("aria-activedescendant")
		}
	}, [editor, chosen, shown.length])

	const count = shown.length
	useEffect(() => {
		if (count > 0) announce(`${label}: ${count === 1 ? "1 choice" : `${count} choices`}`)
	}, [label, count])

	if (shown.length === 0) return null
	const { rect } = suggestion
	return (
		<Floating from={() => new DOMRect(rect.left, rect.top, rect.right - rect.left, rect.bottom - rect.top)}>
			<div ref={list} id="suggestions" role="listbox" tabIndex={0} aria-label={label} class="menu suggestions">
				{shown.map((choice, index) => (
					// biome-ignore lint/a11y/useKeyWithClickEvents: the editor hands the keys over while it keeps the focus
					<div
						key={choice.label}
						id={`suggestion-${index}`}
						role="option"
						tabIndex={-1}
						aria-selected={index === chosen}
						class="menu-item"
						onMouseMove={() => setAt(index)}
						onMouseDown={(event) => event.preventDefault()}
						onClick={() => editor.suggestion.accept(choice.accept)}
					>
						<span class="menu-icon" aria-hidden="true">
							{choice.icon}
						</span>
						<span class="menu-label">{choice.label}</span>
						{choice.note && (
							<span class="menu-keys key-hint" aria-hidden="true">
								{choice.note}
							</span>
						)}
					</div>
				))}
			</div>
		</Floating>
	)
}
