import type { Selection, User } from "./protocol.js"

/** Another peer as seen from here. One person in two tabs is two peers. */
export interface PeerView {
	readonly peer: string
	readonly user: User
	/** In the local view; null: here, without a caret. */
	readonly selection: Selection | null
	readonly state?: Readonly<Record<string, unknown>>
	/** It is the same person as we are, in another tab. */
	readonly self: boolean
}
