import type { ComponentChildren, JSX } from "preact"
import { Button } from "./Button"
import type { Sending } from "./form"

type FormProps = Omit<JSX.IntrinsicElements["form"], "onSubmit"> & { sending: Sending; children: ComponentChildren }

/** Fields that are sent together. What was wrong with the last attempt is forgotten with the next key press. */
export function Form({ sending, ...rest }: FormProps) {
	return <form {...rest} onSubmit={sending.submit} onInput={sending.clear} />
}

type SubmitProps = {
	sending: Sending
	look?: "primary" | "quiet" | "danger"
	class?: string
	/** There is nothing to send. */
	idle?: boolean
	children: ComponentChildren
}

/** The button that sends a form: once at a time, and never out of reach of the keyboard. */
export function Submit({ sending, look = "primary", idle, ...rest }: SubmitProps) {
	return <Button {...rest} look={look} type="submit" aria-disabled={sending.busy || idle} />
}
