import type { ComponentChildren } from "preact"
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks"
import { announce } from "../announce"
import { composing } from "./composing"
import { sentenceOf } from "./form"
import "./forms.css"

const SETTLE = 150 // ms without a key press before the server is asked

interface PickerProps<T> {
	label: string
	placeholder?: string
	/** Asks for what a part of a name finds. The same function each time: another one asks again. */
	find: (query: string, signal: AbortSignal) => Promise<readonly T[]>
	/** Those who are not offered, by id. */
	without?: readonly string[]
	show: (found: T) => ComponentChildren
	/** What is said when nothing was found. */
	none: string
	onPick: (found: T) => void
	autofocus?: boolean
}

/** Finds something by typing a part of its name: arrows, Enter, Escape (the ARIA combobox pattern). */
export function Picker<T extends { readonly id: string }>({
	label,
	placeholder,
	find,
	without = [],
	show,
	none,
	onPick,
	autofocus,
}: PickerProps<T>) {
	const id = useId()
	const field = useRef<HTMLInputElement>(null)
	const [query, setQuery] = useState("")
	const [found, setFound] = useState<readonly T[] | null>(null)
	const [at, setAt] = useState(0)
	const [fault, setFault] = useState("")
	const typed = query.trim()

	// On a phone the focus would bring up the keyboard before anything is read.
	useLayoutEffect(() => {
		if (autofocus && !matchMedia("(pointer: coarse)").matches) field.current?.focus()
	}, [])

	useEffect(() => {
		setFault("")
		if (typed === "") return setFound(null)
		const cancel = new AbortController()
		const wait = setTimeout(() => {
			find(typed, cancel.signal).then(
				(answer) => {
					if (cancel.signal.aborted) return
					setFound(answer)
					setAt(0)
				},
				(error) => {
					if (!cancel.signal.aborted) setFault(sentenceOf(error))
				},
			)
		}, SETTLE)
		return () => {
			clearTimeout(wait)
			cancel.abort()
		}
	}, [typed, find])

	const offered = (found ?? []).filter((each) => !without.includes(each.id))
	const open = found !== null && typed !== ""
	const count = open ? offered.length : -1
	useEffect(() => {
		if (count >= 0) announce(count === 0 ? none : `${count} found`)
	}, [count, none])

	const pick = (each: T | undefined) => {
		if (!each) return
		setQuery("")
		setFound(null)
		onPick(each)
		field.current?.focus()
	}

	const key = (event: KeyboardEvent) => {
		if (composing(event) || !open) return
		if (event.key === "ArrowDown") setAt((at + 1) % Math.max(1, offered.length))
		else if (event.key === "ArrowUp") setAt((at - 1 + offered.length) % Math.max(1, offered.length))
		else if (event.key === "Enter") pick(offered[at])
		else if (event.key === "Escape") {
			// The dialog around stays open.
			event.stopPropagation()
			setQuery("")
		} else return
		event.preventDefault()
	}

	return (
		<div class="picker">
			<input
				ref={field}
				class="input"
				role="combobox"
				aria-label={label}
				aria-expanded={open}
				aria-controls={`${id}-list`}
				aria-autocomplete="list"
				aria-activedescendant={open && offered.length > 0 ? `${id}-${at}` : undefined}
				placeholder={placeholder ?? label}
				autocomplete="off"
				autocapitalize="off"
				spellcheck={false}
				value={query}
				onInput={(event) => setQuery(event.currentTarget.value)}
				onKeyDown={key}
			/>
			<div
				class="picker-list"
				id={`${id}-list`}
				role="listbox"
				aria-label="Found"
				hidden={!open || offered.length === 0}
			>
				{open &&
					offered.map((each, index) => (
						// biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the field's, which has the focus
						<div
							key={each.id}
							id={`${id}-${index}`}
							class="picker-choice"
							role="option"
							tabIndex={-1}
							aria-selected={index === at}
							onPointerMove={() => setAt(index)}
							onMouseDown={(event) => event.preventDefault()}
							onClick={() => pick(each)}
						>
							{show(each)}
						</div>
					))}
			</div>
			{open && offered.length === 0 && (
				<p class="field-note">{found?.length ? "Everyone with this name is here already." : none}</p>
			)}
			{fault && (
				<p class="field-note" role="alert">
					{fault}
				</p>
			)}
		</div>
	)
}
