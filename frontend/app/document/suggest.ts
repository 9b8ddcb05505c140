import type { ComponentChildren } from "preact"
import type { Commands, Person } from "../../editor/types.ts"

/** One line of the menu under "/" or "@". */
export interface SuggestionChoice {
	readonly label: string
	readonly icon: ComponentChildren
	readonly note?: string
	/** Further words that find it. */
	readonly also?: string
	readonly accept: Person | ((commands: Commands) => void)
}

/** The choices that fit what was typed: those that begin with it first. */
export function fitting(choices: readonly SuggestionChoice[], query: string): readonly SuggestionChoice[] {
	const wanted = query.trim().toLowerCase()
	if (wanted === "") return choices
	const words = (choice: SuggestionChoice) => `${choice.label} ${choice.also ?? ""}`.toLowerCase()
	const rank = (choice: SuggestionChoice) => {
		if (choice.label.toLowerCase().startsWith(wanted)) return 0
		if (
			words(choice)
				.split(/\s+/)
				.some((word) => word.startsWith(wanted))
		)
			return 1
		return words(choice).includes(wanted) ? 2 : 3
	}
	return choices
		.map((choice) => ({ choice, rank: rank(choice) }))
		.filter((ranked) => ranked.rank < 3)
		.sort((a, b) => a.rank - b.rank)
		.map((ranked) => ranked.choice)
}
