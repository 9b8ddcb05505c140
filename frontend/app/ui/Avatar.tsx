import type { Person } from "../api"
import { initials, inkOn } from "./color"

/** A person as a round mark in their colour. Decorative: the name stands beside it or on what contains it. */
export function Avatar({ person, size = 28 }: { person: Pick<Person, "name" | "color" | "picture">; size?: number }) {
	if (person.picture) return <img class="avatar" alt="" src={person.picture} width={size} height={size} />
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
		</span>
	)
}

/** The people somewhere, as overlapping marks with one accessible sentence. */
export function AvatarRow({
	people,
	most = 4,
	size = 24,
}: {
	people: readonly Person[]
	most?: number
	size?: number
}) {
	if (people.length === 0) return null
	const names = people.map((person) => person.name).join(", ")
	const shown = people.length > most ? people.slice(0, most - 1) : people
	return (
		<span class="avatar-row" role="img" aria-label={`Here now: ${names}`} title={names}>
			{shown.map((person) => (
				<Avatar key={person.id} person={person} size={size} />
			))}
			{people.length > shown.length && (
				<span class="avatar avatar-more" style={{ height: `${size}px`, minWidth: `${size}px` }}>
					+{people.length - shown.length}
				</span>
			)}
		</span>
	)
}
