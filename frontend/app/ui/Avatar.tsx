import type { Person } from "../api"
import { pictureOf } from "../people/pictures"
import { initials, inkOn } from "./color"

/** As much of somebody as their mark shows. With an id, a picture that is not told is asked for. */
type Face = Pick<Person, "name" | "color" | "picture"> & { readonly id?: string }

/** A person as a round mark: initials in their colour, and their picture once it is here. Decorative: the name stands beside it or on what contains it. */
export function Avatar({ person, size = 28 }: { person: Face; size?: number }) {
	const picture = person.picture ?? (person.id ? pictureOf(person.id).value : "")
	return (
		<span
			class="avatar"
			aria-hidden="true"
			style={{
				width: `${size}px`,
				height: `${size}px`,
				fontSize: `${Math.round(size * 0.4)}px`,
				background: person.color,
				color: inkOn(person.color),
			}}
		>
			{initials(person.name)}
			{picture && (
				<img
					alt=""
					src={picture}
					loading="lazy"
					onLoad={(event) => {
						event.currentTarget.className = "here"
					}}
				/>
			)}
		</span>
	)
}

/** Of a row: at most so many marks, and their size in pixels. */
const [most, size] = [4, 24]

/** The people somewhere, as overlapping marks with one accessible sentence; of a crowd only the first are known. */
export function AvatarRow({ people, here = people.length }: { people: readonly Person[]; here?: number | undefined }) {
	if (people.length === 0) return null
	const unnamed = here - people.length
	const names = people.map((person) => person.name).join(", ") + (unnamed > 0 ? ` and ${unnamed} more` : "")
	const shown = people.length > most ? people.slice(0, most - 1) : people
	return (
		<span class="avatar-row" role="img" aria-label={`Here now: ${names}`} title={names}>
			{shown.map((person) => (
				<Avatar key={person.id} person={person} size={size} />
			))}
			{here > shown.length && (
				<span class="avatar avatar-more" style={{ height: `${size}px`, minWidth: `${size}px` }}>
					+{here - shown.length}
				</span>
			)}
		</span>
	)
}
