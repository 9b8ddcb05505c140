import { Users } from "lucide-preact"
import { Avatar } from "../ui/Avatar"
import { Picker } from "../ui/Picker"
import { type Found, type FoundGroup, findPeople } from "./access"

const findPersons = (query: string, signal: AbortSignal) => findPeople(query, false, signal)
const findBoth = (query: string, signal: AbortSignal) => findPeople(query, true, signal)

interface PickerProps {
	label: string
	placeholder?: string
	/** Those who are not offered, by id. */
	without: readonly string[]
	/** Groups are offered too. */
	groups?: boolean
	onPick: (found: Found | FoundGroup) => void
	autofocus?: boolean
}

/** Finds somebody by typing a part of their name or mail. */
export function PeoplePicker({ groups, ...rest }: PickerProps) {
	return (
		<Picker<Found | FoundGroup>
			{...rest}
			find={groups ? findBoth : findPersons}
			none="Nobody here has this name or mail."
			show={(each) => (
				<>
					{each.kind === "user" ? <Avatar person={each} size={24} /> : <Users size={18} aria-hidden="true" />}
					<span class="picker-name">
						<bdi>{each.name}</bdi>
						{each.kind === "user" && each.mail && <span class="item-note"> {each.mail}</span>}
						{each.kind === "group" && <span class="badge">Group</span>}
					</span>
				</>
			)}
		/>
	)
}
