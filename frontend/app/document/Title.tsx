import { useEffect, useRef, useState } from "preact/hooks"
import { renameDocument } from "../api"
import { givenTitle, titleOf, UNTITLED } from "../home/list"
import { composing } from "../ui/composing"
import { toast } from "../ui/Toast"
import type { LiveDocument } from "./live"

const SETTLE = 500 // ms without a key press before others see the new title

/** The title, edited in place and live: others' renames appear unless one is typing here. */
export function Title({ live, onDone }: { live: LiveDocument; onDone: () => void }) {
	const [draft, setDraft] = useState<string | null>(null)
	/** What was typed and is not sent yet: leaving a field in which one typed nothing must take nobody's title back. */
	const unsent = useRef<string | null>(null)
	const timer = useRef<ReturnType<typeof setTimeout>>()
	const title = givenTitle({ title: live.title.value })
	const shown = draft ?? title
	const locked = live.role.value !== "editor" && live.role.value !== "owner"

	useEffect(() => {
		document.title = `${titleOf({ title: shown })} - Coscribe`
	}, [shown])

	const save = async () => {
		clearTimeout(timer.current)
		if (unsent.current === null) return
		const before = live.title.peek()
		const chosen = unsent.current.trim()
		unsent.current = null
		if (chosen === givenTitle({ title: before })) return
		live.title.value = chosen
		try {
			await renameDocument(live.document.id, chosen)
		} catch (error) {
			live.title.value = before
			toast(`The title was not changed. ${(error as Error).message}`)
		}
	}

	const saving = useRef(save)
	saving.current = save
	useEffect(() => {
		// A tab that is closed, or put away on a phone, may never get to it.
		const leave = () => void saving.current()
		addEventListener("pagehide", leave)
		document.addEventListener("visibilitychange", leave)
		return () => {
			removeEventListener("pagehide", leave)
			document.removeEventListener("visibilitychange", leave)
		}
	}, [])

	return (
		<h1 class="title">
			{/* The twin in the grid makes the field as wide as its text. */}
			<span class="title-twin" aria-hidden="true">
				{shown || UNTITLED}
			</span>
			<input
				class="title-field"
				aria-label="Title"
				dir="auto"
				placeholder={UNTITLED}
				maxLength={200}
				readOnly={locked}
				value={shown}
				onInput={(event) => {
					unsent.current = event.currentTarget.value
					setDraft(unsent.current)
					clearTimeout(timer.current)
					timer.current = setTimeout(() => void save(), SETTLE)
				}}
				onBlur={() => {
					void save()
					setDraft(null)
				}}
				onKeyDown={(event) => {
					if (composing(event)) return
					if (event.key === "Escape") unsent.current = null
					if (event.key !== "Enter" && event.key !== "Escape") return
					event.preventDefault()
					onDone()
				}}
			/>
		</h1>
	)
}
