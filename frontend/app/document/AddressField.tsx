import type { ComponentProps } from "preact"
import { Field } from "../ui/Field"

/** Where a dialog asks for a web address, and what one would type first. */
export function AddressField(props: Omit<ComponentProps<typeof Field>, "label">) {
	return (
		<Field
			label="Address"
			inputMode="url"
			autocomplete="off"
			autocapitalize="off"
			spellcheck={false}
			autofocus
			{...props}
		/>
	)
}
