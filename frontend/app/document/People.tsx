import { useEffect, useRef, useState } from "preact/hooks"
import type { Editor } from "../../editor/types.ts"
import { announce } from "../announce"
import { Avatar } from "../ui/Avatar"
import { Menu } from "../ui/Menu"
import type { LiveDocument } from "./live"
import { type Present, presentPeople } from "./people"

const OFFERED = 5_000 // ms that "Follow" is offered after a jump; another press on the face follows too
const CROWD = 10 // people, among whom one more is not told to those who listen
/** Faces before the rest becomes a number; a phone has room for two. */
const most = () => (matchMedia("(max-width: 30rem)").matches ? 2 : 4)

/** Who is here: a press goes to that person's caret and offers to follow it, as a second press does. */
export function People({ live, editor, onSelf }: { live: LiveDocument; editor: Editor | null; onSelf: () => void }) {
	const people = presentPeople(live.peers.value, live.document.user)
	const others = people.filter((person) => !person.self)
	const self = people.find((person) => person.self)
	const [offered, setOffered] = useState<Present | null>(null)
	const [followed, setFollowed] = useState<Present | null>(null)
	const asked = followed ?? offered
	const peerOf = (person: Present) => person.peers.find((peer) => peer.selection !== null)?.peer

	useEffect(() => {
		if (!offered) return
		const wait = setTimeout(() => setOffered(null), OFFERED)
		return () => clearTimeout(wait)
	}, [offered])

	// Whoever leaves is no longer followed.
	const gone = followed !== null && !others.some((person) => person.user.id === followed.user.id)
	useEffect(() => {
		if (gone) setFollowed(null)
	}, [gone])

	// Who writes, or scrolls away, wants to be somewhere else.
	useEffect(() => {
		const text = editor?.view.dom
		if (!followed || !text) return
		text.addEventListener("keydown", stopFollowing)
		addEventListener("wheel", stopFollowing, { passive: true })
		addEventListener("touchmove", stopFollowing, { passive: true })
		return () => {
			text.removeEventListener("keydown", stopFollowing)
			removeEventListener("wheel", stopFollowing)
			removeEventListener("touchmove", stopFollowing)
		}
	}, [followed])

	// Told once of everybody: a connection that comes and goes would repeat it.
	const met = useRef(new Set<string>())
	useEffect(() => {
		const fresh = others.filter(({ user }) => !met.current.has(user.id))
		for (const { user } of fresh) met.current.add(user.id)
		if (fresh.length > 0 && others.length <= CROWD)
			announce(`Here now: ${fresh.map(({ user }) => user.name).join(", ")}`)
	}, [others.length])

	const startFollowing = (person: Present) => {
		const peer = peerOf(person)
		if (!peer) return
		editor?.follow(peer)
		setOffered(null)
		setFollowed(person)
	}
	const stopFollowing = () => {
		editor?.follow(null)
		setFollowed(null)
	}
	const press = (person: Present) => {
		if (asked?.user.id === person.user.id) return followed ? stopFollowing() : startFollowing(person)
		const peer = peerOf(person)
		if (!peer || !editor?.scrollToPeer(peer)) return
		setOffered(person)
		announce(`At the caret of ${person.user.name}. Press again to follow.`)
	}

	const shown = others.length > most() ? others.slice(0, most() - 1) : others
	const rest = others.slice(shown.length)
	return (
		<div class="people">
			<ul class="people-row" aria-label="People here">
				{shown.map((person) => (
					<li key={person.user.id}>
						<button
							type="button"
							class={followed?.user.id === person.user.id ? "person followed" : "person"}
							title={peerOf(person) ? `${person.user.name} - go to their caret` : `${person.user.name} is reading`}
							aria-label={peerOf(person) ? `${person.user.name}, go to their caret` : `${person.user.name} is reading`}
							onClick={() => press(person)}
						>
							<Avatar person={person.user} />
						</button>
					</li>
				))}
				{rest.length > 0 && (
					<li>
						<Menu
							label={`${rest.length} more people`}
							class="person"
							align="end"
							items={rest.map((person) => ({
								label: person.user.name,
								icon: <Avatar person={person.user} size={20} />,
								...(peerOf(person) ? {} : { note: "Reading" }),
								onSelect: () => press(person),
							}))}
						>
							<span class="avatar avatar-more">+{rest.length}</span>
						</Menu>
					</li>
				)}
				{self && (
					<li class="person-self">
						<button
							type="button"
							class="person"
							title={`You are ${self.user.name}`}
							aria-label={`You are ${self.user.name}`}
							onClick={onSelf}
						>
							<Avatar person={self.user} />
						</button>
					</li>
				)}
			</ul>
			{asked && (
				<div class="follow">
					<Avatar person={asked.user} size={20} />
					<span>{followed ? `Following ${asked.user.name}` : asked.user.name}</span>
					<button
						type="button"
						class="save-action"
						onClick={() => (followed ? stopFollowing() : startFollowing(asked))}
					>
						{followed ? "Stop" : "Follow"}
					</button>
				</div>
			)}
		</div>
	)
}
