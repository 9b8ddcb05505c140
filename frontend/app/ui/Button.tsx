import type { ComponentChildren, JSX } from "preact"

type ButtonProps = Omit<JSX.IntrinsicElements["button"], "icon"> & {
	/** primary: the one thing to do here; quiet: everything else; danger: takes something away. */
	look?: "primary" | "quiet" | "plain" | "danger"
	icon?: ComponentChildren
	children: ComponentChildren
}

/** A button with words. */
export function Button({ look = "quiet", icon, children, class: extra, ...rest }: ButtonProps) {
	return (
		<button type="button" {...rest} class={`button button-${look} ${extra ?? ""}`}>
			{icon}
			<span>{children}</span>
		</button>
	)
}

type IconButtonProps = Omit<JSX.IntrinsicElements["button"], "label"> & {
	/** What it does: read aloud, and shown on hover. */
	label: string
	/** The keys that do the same, shown on hover. */
	keys?: string
	children: ComponentChildren
}

/** A button with a picture only; its label is its accessible name. */
export function IconButton({ label, keys, children, class: extra, ...rest }: IconButtonProps) {
	return (
		<button
			type="button"
			aria-label={label}
			title={keys ? `${label} (${keys})` : label}
			{...rest}
			class={`icon-button ${extra ?? ""}`}
		>
			{children}
		</button>
	)
}
