import { X } from "lucide-preact"
import type { ComponentChildren } from "preact"
import { useId, useLayoutEffect, useRef } from "preact/hooks"
import { IconButton } from "./Button"
import "./dialog.css"

interface DialogProps {
	title: string
	onClose: () => void
	children: ComponentChildren
	/** Lists and tables take more room than questions. */
	wide?: boolean
}

/** A native modal dialog: focus stays inside, Escape and the backdrop close it, focus returns to where it was. */
export function Dialog({ title, onClose, children, wide }: DialogProps) {
	const element = useRef<HTMLDialogElement>(null)
	const heading = useId()
	useLayoutEffect(() => {
		const dialog = element.current
		if (!dialog) return
		const before = document.activeElement
		dialog.showModal()
		return () => {
			dialog.close()
			if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
		}
	}, [])
	return (
		// biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a native dialog; the click is for the backdrop only
		<dialog
			ref={element}
			class={wide ? "dialog dialog-wide" : "dialog"}
			aria-labelledby={heading}
			onCancel={(event) => {
				event.preventDefault()
				onClose()
			}}
			onClick={(event) => {
				if (event.target === element.current) onClose()
			}}
		>
			<div class="dialog-body">
				<div class="dialog-head">
					<h2 id={heading}>{title}</h2>
					<IconButton label="Close" onClick={onClose}>
						<X size={18} />
					</IconButton>
				</div>
				{children}
			</div>
		</dialog>
	)
}
