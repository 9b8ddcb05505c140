import { Check, Copy } from "lucide-preact"
import { useRef, useState } from "preact/hooks"
import { Button } from "./Button"
import { copyText } from "./copy"

/** A link or secret to be copied. */
export function Secret({
	label,
	value,
	autofocus,
	quiet,
}: {
	label: string
	value: string
	autofocus?: boolean
	/** It is not what one came for. */
	quiet?: boolean
}) {
	const field = useRef<HTMLInputElement>(null)
	const [copied, setCopied] = useState(false)
	return (
		<div class="secret">
			<input
				ref={field}
				class="input"
				aria-label={label}
				readOnly
				value={value}
				onFocus={(event) => event.currentTarget.select()}
			/>
			<Button
				look={quiet ? "quiet" : "primary"}
				autofocus={autofocus}
				icon={copied ? <Check size={16} /> : <Copy size={16} />}
				onClick={async () => setCopied(await copyText(value, field.current))}
			>
				{copied ? "Copied" : "Copy"}
			</Button>
		</div>
	)
}
