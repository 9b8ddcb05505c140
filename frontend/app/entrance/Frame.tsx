import type { ComponentChildren } from "preact"
import { useEffect, useRef } from "preact/hooks"
import { Logo } from "../ui/Logo"

/** What all pages before the documents have: the product's name, one heading, one thing to fill in. */
export function Frame({
	title,
	lead,
	children,
}: {
	title: string
	lead?: ComponentChildren
	children?: ComponentChildren
}) {
	const heading = useRef<HTMLHeadingElement>(null)
	// A page that replaces another without being loaded is announced by the focus on its heading, unless a field takes it.
	useEffect(() => {
		document.title = `${title} - Coscribe`
		if (!document.activeElement || document.activeElement === document.body) heading.current?.focus()
	}, [title])
	return (
		<main class="entrance">
			<div class="brand">
				<Logo />
				<span>Coscribe</span>
			</div>
			<h1 ref={heading} tabIndex={-1}>
				{title}
			</h1>
			{lead && <p class="entrance-lead">{lead}</p>}
			{children}
		</main>
	)
}
