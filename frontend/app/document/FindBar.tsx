import { CaseSensitive, ChevronDown, ChevronUp, X } from "lucide-preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import type { Editor, FindState } from "../../editor/types.ts"
import { announce } from "../announce"
import { IconButton } from "../ui/Button"
import { composing } from "../ui/composing"

/** Says where the search stands. */
export function findSentence(state: FindState | null): string {
	if (!state || state.query === "") return ""
	if (state.count === 0) return "Not found"
	// No more are counted than this.
	const count = state.count < 10_000 ? state.count : `${state.count}+`
	return state.current < 0 ? `${count} found` : `${state.current + 1} of ${count}`
}

/** What is selected, as something to look for; empty when it is more than a line's part. */
function selectedWords({ view }: Editor): string {
	const { doc, selection } = view.state
	const words = doc.textBetween(selection.from, selection.to, "\n")
	return words.length <= 100 && !words.includes("\n") ? words : ""
}

/** Find in document: matches are marked in the text, Enter and Shift+Enter walk through them, Escape ends it. */
export function FindBar({ editor, state, onClose }: { editor: Editor; state: FindState | null; onClose: () => void }) {
	const field = useRef<HTMLInputElement>(null)
	const [query, setQuery] = useState(() => selectedWords(editor))
	const [caseSensitive, setCaseSensitive] = useState(false)
	const sentence = findSentence(state)

	const ask = () => {
		field.current?.focus()
		field.current?.select()
	}
	// Before the next key press, not after the next paint.
	useLayoutEffect(ask, [])
	// Wherever the focus is: in the text, asking to find means this field again.
	useLayoutEffect(() => {
		const key = (event: KeyboardEvent) => {
			if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return
			const name = event.key.toLowerCase()
			if (name === "f" && !event.shiftKey) ask()
			else if (name === "g") event.shiftKey ? editor.find.previous() : editor.find.next()
			else return
			event.preventDefault()
			event.stopPropagation()
		}
		addEventListener("keydown", key, true)
		return () => removeEventListener("keydown", key, true)
	}, [editor])
	// Before the Enter that may follow.
	useLayoutEffect(() => {
		editor.find.search(query, { caseSensitive })
	}, [editor, query, caseSensitive])
	useEffect(() => {
		const wait = setTimeout(() => sentence && announce(sentence), 500)
		return () => clearTimeout(wait)
	}, [sentence])

	const close = () => {
		editor.find.close()
		onClose()
		editor.focus()
	}

	return (
		<search class="find" aria-label="Find in document">
			<input
				ref={field}
				class="find-field"
				aria-label="Find in document"
				placeholder="Find"
				autocomplete="off"
				spellcheck={false}
				value={query}
				onInput={(event) => setQuery(event.currentTarget.value)}
				onKeyDown={(event) => {
					if (composing(event)) return
					if (event.key === "Enter") {
						event.preventDefault()
						if (event.shiftKey) editor.find.previous()
						else editor.find.next()
					}
					if (event.key === "Escape") {
						event.preventDefault()
						close()
					}
				}}
			/>
			<span class="find-count">{sentence}</span>
			<IconButton
				label="Match case"
				aria-pressed={caseSensitive}
				class={caseSensitive ? "pressed" : ""}
				onClick={() => setCaseSensitive(!caseSensitive)}
			>
				<CaseSensitive size={18} />
			</IconButton>
			<IconButton label="Previous match" onClick={() => editor.find.previous()}>
				<ChevronUp size={18} />
			</IconButton>
			<IconButton label="Next match" onClick={() => editor.find.next()}>
				<ChevronDown size={18} />
			</IconButton>
			<IconButton label="Close find" onClick={close}>
				<X size={18} />
			</IconButton>
		</search>
	)
}
