import { useEffect, useMemo, useState } from "preact/hooks"
import { outlineOf } from "../../editor/measure.ts"
import type { Editor, Heading } from "../../editor/types.ts"

const SETTLE = 300 // ms after the last change before the headings are read again

/** The headings at the side of wide screens; a press goes there. Shows nothing for fewer than two. */
export function Outline({ editor, generation }: { editor: Editor; generation: number }) {
	const [headings, setHeadings] = useState<readonly Heading[]>([])
	// A new generation is the occasion to read again.
	useEffect(() => {
		const wait = setTimeout(() => setHeadings(outlineOf(editor.view.state.doc)), headings.length === 0 ? 0 : SETTLE)
		return () => clearTimeout(wait)
	}, [editor, generation])
	const named = useMemo(() => headings.filter((heading) => heading.text.trim() !== ""), [headings])
	if (named.length < 2) return null
	const top = Math.min(...named.map((heading) => heading.level))
	return (
		<nav class="outline" aria-label="Outline">
			<ul>
				{named.map((heading, index) => (
					// Two headings may have the same words; their order is who they are.
					<li key={index} class={`outline-${heading.level - top + 1}`}>
						<button
							type="button"
							onClick={() => {
								editor.scrollToIndex(heading.index)
								editor.focus()
							}}
						>
							{heading.text}
						</button>
					</li>
				))}
			</ul>
		</nav>
	)
}
