import type { ComponentChildren } from "preact"
import { useEffect, useRef } from "preact/hooks"
import { HomeLink } from "./HomeLink"
import "./forms.css"
import "./sheet.css"

/** A page beside the documents: the way back, a heading, sections. */
export function Sheet({ title, wide, children }: { title: string; wide?: boolean; children: ComponentChildren }) {
	const heading = useRef<HTMLHeadingElement>(null)
	useEffect(() => {
		document.title = `${title} - Coscribe`
		heading.current?.focus({ preventScroll: true })
	}, [title])
	return (
		<main class={wide ? "sheet sheet-wide" : "sheet"}>
			<header class="sheet-head">
				<HomeLink />
				<h1 ref={heading} tabIndex={-1}>
					{title}
				</h1>
			</header>
			{children}
		</main>
	)
}

/** A part of such a page, with what it is for in a sentence. */
export function Section({
	title,
	lead,
	children,
}: {
	title: string
	lead?: ComponentChildren
	children: ComponentChildren
}) {
	const id = `section-${title.toLowerCase().replace(/\W+/g, "-")}`
	return (
		<section class="section" aria-labelledby={id}>
			<h2 id={id}>{title}</h2>
			{lead && <p class="section-lead">{lead}</p>}
			{children}
		</section>
	)
}
