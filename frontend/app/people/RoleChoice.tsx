import { Choice } from "../ui/Field"
import type { Role } from "./access"
import { ROLE_CHOICES, roleMeans } from "./roles"

type RoleChoiceProps = {
	label: string
	value: Role
	onChange: (role: Role) => void
	/** The label is for screen readers only. */
	bare?: boolean
	/** What the role can do is said elsewhere. */
	plain?: boolean
}

/** A role to give to somebody, and what it lets them do. */
export function RoleChoice({ label, value, onChange, bare, plain }: RoleChoiceProps) {
	return (
		<Choice
			bare={bare === true}
			label={label}
			value={value}
			options={ROLE_CHOICES}
			note={plain ? undefined : roleMeans(value)}
			onChange={(role) => onChange(role as Role)}
		/>
	)
}
