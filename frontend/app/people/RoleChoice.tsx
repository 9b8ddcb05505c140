import { Choice } from "../ui/Field"
import type { Role } from "./access"
import { ROLE_CHOICES, roleMeans } from "./roles"

type RoleChoiceProps = {
	label: string
	value: Role
	onChange: (role: Role) => void
	/** The label is for screen readers only. */
	bare?: boolean
}

/** A role to give to somebody; what its word does not tell is said below. */
export function RoleChoice({ label, value, onChange, bare }: RoleChoiceProps) {
	return (
		<Choice
			bare={bare === true}
			label={label}
			value={value}
			options={ROLE_CHOICES}
			note={!bare && value === "commenter" ? roleMeans(value) : undefined}
			onChange={(role) => onChange(role as Role)}
		/>
	)
}
