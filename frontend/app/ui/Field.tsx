import { ChevronDown, Eye, EyeOff } from "lucide-preact"
import type { ComponentChildren, JSX } from "preact"
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks"
import { IconButton } from "./Button"
import "./forms.css"

type FieldProps = Omit<JSX.IntrinsicElements["input"], "label"> & {
	label: string
	/** What helps to fill it in. */
	note?: ComponentChildren
	/** What is wrong with it, and what to do. */
	fault?: string | undefined
	/** Called with what is in it after each change. */
	onText?: (text: string) => void
	/** The label is for screen readers only. */
	bare?: boolean
	/** Beside the input, such as a button. */
	children?: ComponentChildren
}

/** A labelled input with its note and, in its place, what is wrong. */
export function Field({ label, note, fault, onText, bare, children, class: extra, autofocus, ...rest }: FieldProps) {
	const id = useId()
	const input = useRef<HTMLInputElement>(null)
	// The attribute works only in a dialog that opens, and elsewhere while nothing has the focus.
	useLayoutEffect(() => {
		if (autofocus) input.current?.focus()
	}, [])
	const about = fault || note ? `${id}-note` : undefined
	return (
		<div class={`field ${extra ?? ""}`}>
			<label class={bare ? "hidden-text" : "field-label"} for={id}>
				{label}
			</label>
			<div class="field-line">
				<input
					ref={input}
					class="input"
					{...rest}
					autofocus={autofocus}
					{...(onText ? { onInput: (event) => onText(event.currentTarget.value) } : {})}
					id={id}
					aria-describedby={about}
					aria-invalid={fault ? true : undefined}
				/>
				{children}
			</div>
			{about && (
				<p id={about} class="field-note" {...(fault ? { role: "alert" } : {})}>
					{fault || note}
				</p>
			)}
		</div>
	)
}

/** A password, hidden until one asks to see it. */
export function PasswordField(props: FieldProps) {
	const [shown, setShown] = useState(false)
	return (
		<Field
			maxLength={1_000}
			required
			{...props}
			type={shown ? "text" : "password"}
			autocapitalize="off"
			spellcheck={false}
		>
			<IconButton
				class="field-eye"
				label={shown ? "Hide password" : "Show password"}
				aria-pressed={shown}
				onClick={() => setShown(!shown)}
			>
				{shown ? <EyeOff size={18} /> : <Eye size={18} />}
			</IconButton>
		</Field>
	)
}

type ChoiceProps = {
	label: string
	value: string
	options: readonly (readonly [value: string, label: string])[]
	onChange: (value: string) => void
	/** The label is for screen readers only. */
	bare?: boolean
	/** What the chosen one means. */
	note?: string | undefined
	disabled?: boolean
}

/** One of a few: the platform's own list, which every keyboard, phone and screen reader knows. */
export function Choice({ label, value, options, onChange, bare, note, disabled }: ChoiceProps) {
	const id = useId()
	return (
		<div class={bare ? "choice" : "choice field"}>
			<label class={bare ? "hidden-text" : "field-label"} for={id}>
				{label}
			</label>
			<div class="select">
				<select
					id={id}
					class="input"
					value={value}
					disabled={disabled}
					aria-describedby={note ? `${id}-note` : undefined}
					onChange={(event) => onChange(event.currentTarget.value)}
				>
					{options.map(([key, words]) => (
						<option key={key} value={key}>
							{words}
						</option>
					))}
				</select>
				<ChevronDown size={16} aria-hidden="true" />
			</div>
			{note && (
				<p id={`${id}-note`} class="field-note">
					{note}
				</p>
			)}
		</div>
	)
}
