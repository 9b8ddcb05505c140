import type { PeerView, User } from "../../client/index.js"

/** Everyone who is here, each person once however many tabs they have: others in the order they came, then oneself. */
export interface Present {
	readonly user: User
	/** The peers of this person; one with a caret first. */
	readonly peers: readonly PeerView[]
	readonly self: boolean
}

/** Groups peers by person. `self` is the user of this page and is always part of it. */
export function presentPeople(peers: readonly PeerView[], self: User | undefined): readonly Present[] {
	const byPerson = new Map<string, PeerView[]>()
	for (const peer of peers) {
		const known = byPerson.get(peer.user.id)
		if (known) known.push(peer)
		else byPerson.set(peer.user.id, [peer])
	}
	const own = self ? (byPerson.get(self.id) ?? []) : []
	if (self) byPerson.delete(self.id)
	const others = [...byPerson.values()].map((group): Present => {
		const sorted = [...group].sort((a, b) => Number(b.selection !== null) - Number(a.selection !== null))
		return { user: (sorted[0] as PeerView).user, peers: sorted, self: false }
	})
	return self ? [...others, { user: self, peers: own, self: true }] : others
}
