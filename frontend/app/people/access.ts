import { call, type Person } from "../api"

/** What somebody may do with a document. */
export type Role = "viewer" | "commenter" | "editor" | "owner"

/** Somebody to share with. */
export interface Found extends Person {
	readonly kind: "user"
	readonly mail?: string
}

/** A group to share with. */
export interface FoundGroup {
	readonly kind: "group"
	readonly id: string
	readonly name: string
}

/** A person's or a group's role in a document. */
export interface Grant {
	readonly kind: "user" | "group"
	readonly subject: string
	readonly name: string
	readonly color?: string
	readonly picture?: string
	readonly mail?: string
	readonly role: Role
}

/** A link that lets whoever has it into a document. Its address is given to those who may share. */
export interface ShareLink {
	readonly id: string
	readonly role: Role
	readonly password: boolean
	readonly createdAt?: string
	readonly expiresAt?: string
	readonly url?: string
}

/** Somebody who asks for a role. */
export interface AccessRequest {
	/** Their id. */
	readonly user: string
	readonly name: string
	readonly color: string
	readonly mail?: string
	readonly role: Role
	readonly message?: string
	readonly at: string
}

/** Who may do what with a document, as far as the caller may know. */
export interface Access {
	readonly mine: Role
	/** The caller decides who has access. */
	readonly manage: boolean
	readonly grants: readonly Grant[]
	readonly links: readonly ShareLink[]
	readonly requests: readonly AccessRequest[]
}

const at = (document: string) => `/documents/${document}`

export const getAccess = (document: string, signal?: AbortSignal): Promise<Access> =>
	call("GET", `${at(document)}/access`, undefined, signal)

/**
 * Calls `changed` when somebody may have changed who has access, until the
 * returned function is called: the server says so, and a page that was out of
 * sight or out of reach asks by itself.
 */
export function followAccess(document: string, changed: () => void): () => void {
	const source = new EventSource("/api/documents/events")
	const seen = () => globalThis.document.visibilityState === "visible" && changed()
	source.addEventListener("open", changed) // events between two connections are not repeated
	source.addEventListener("reload", changed)
	source.addEventListener("access", (event) => {
		if ((JSON.parse(event.data) as { id: string }).id === document) changed()
	})
	globalThis.document.addEventListener("visibilitychange", seen)
	return () => {
		source.close()
		globalThis.document.removeEventListener("visibilitychange", seen)
	}
}

/** Finds people, and groups where they are wanted, by name or mail. */
export async function findPeople(
	query: string,
	groups: boolean,
	signal: AbortSignal,
): Promise<readonly (Found | FoundGroup)[]> {
	const [found, known] = await Promise.all([
		call<{ people: readonly Found[] }>("GET", `/people?query=${encodeURIComponent(query)}`, undefined, signal),
		groups ? call<{ groups: readonly FoundGroup[] }>("GET", "/groups", undefined, signal) : { groups: [] },
	])
	const words = query.toLocaleLowerCase()
	return [
		...found.people.map((person) => ({ ...person, kind: "user" as const })),
		...known.groups
			.filter((group) => group.name.toLocaleLowerCase().includes(words))
			.slice(0, 5)
			.map((group) => ({ ...group, kind: "group" as const })),
	]
}

export const putGrant = (document: string, kind: string, subject: string, role: Role): Promise<unknown> =>
	call("PUT", `${at(document)}/grants/${kind}/${subject}`, { role })

export const deleteGrant = (document: string, kind: string, subject: string): Promise<unknown> =>
	call("DELETE", `${at(document)}/grants/${kind}/${subject}`)

export const transferOwner = (document: string, user: string): Promise<unknown> =>
	call("POST", `${at(document)}/owner`, { user })

/** What a link is to be. */
export interface LinkDraft {
	readonly role: Role
	/** Never without. */
	readonly expiresAt?: string
	readonly password?: string
}

/** What is to change of a link; what is left out stays. A password of "" takes it away. */
export interface LinkChange extends Partial<LinkDraft> {
	readonly forever?: boolean
}

export const createLink = (document: string, link: LinkDraft): Promise<ShareLink> =>
	call("POST", `${at(document)}/links`, link)

export const changeLink = (document: string, id: string, change: LinkChange): Promise<unknown> =>
	call("PATCH", `${at(document)}/links/${id}`, change)

/** Gives a link a new address; role, end and password stay. */
export const rotateLink = (document: string, id: string): Promise<ShareLink> =>
	call("POST", `${at(document)}/links/${id}/rotate`)

export const deleteLink = (document: string, id: string): Promise<unknown> =>
	call("DELETE", `${at(document)}/links/${id}`)

/** Asks the owner; the answer is the same whether or not there is such a document. */
export const askForAccess = (document: string, role: Role, message: string): Promise<unknown> =>
	call("POST", `${at(document)}/requests`, { role, message })

export const acceptRequest = (document: string, user: string, role: Role): Promise<unknown> =>
	call("POST", `${at(document)}/requests/${user}/accept`, { role })

export const declineRequest = (document: string, user: string): Promise<unknown> =>
	call("DELETE", `${at(document)}/requests/${user}`)
