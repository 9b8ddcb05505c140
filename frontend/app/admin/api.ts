import { call, type Person, type Standing } from "../api"

/** An account as those see it who look after the server. Times are RFC 3339. */
export interface User extends Person {
	readonly mail?: string
	readonly standing: Standing
	/** It signs in with a password. */
	readonly password?: boolean
	readonly createdAt: string
	readonly seenAt?: string
	readonly suspendedAt?: string
}

/** A one-time link to hand over. */
export interface HandedLink {
	readonly url: string
	readonly expiresAt: string
	/** It was also sent by mail. */
	readonly mailed?: boolean
}

export const listUsers = (query: string, cursor?: string): Promise<{ users: readonly User[]; next: string | null }> => {
	const search = new URLSearchParams()
	if (query) search.set("query", query)
	if (cursor) search.set("cursor", cursor)
	return call("GET", `/users?${search}`)
}
export const changeUser = (id: string, change: { standing?: Standing; suspended?: boolean }): Promise<unknown> =>
	call("PATCH", `/users/${id}`, change)
export const eraseUser = (id: string): Promise<unknown> => call("DELETE", `/users/${id}`)
export const endUserLogins = (id: string): Promise<unknown> => call("DELETE", `/users/${id}/logins`)
export const makeReset = (id: string): Promise<HandedLink> => call("POST", `/users/${id}/reset`)

export interface Invitation {
	readonly id: string
	readonly mail?: string
	readonly standing: Standing
	readonly createdAt: string
	readonly expiresAt: string
}

export const listInvitations = async (): Promise<readonly Invitation[]> =>
	(await call<{ invitations: readonly Invitation[] }>("GET", "/invitations")).invitations
export const invite = (body: { mail?: string; standing: Standing; groups?: readonly string[] }): Promise<HandedLink> =>
	call("POST", "/invitations", body)
export const withdrawInvitation = (id: string): Promise<unknown> => call("DELETE", `/invitations/${id}`)

export interface Group {
	readonly id: string
	readonly name: string
	/** The name by which the sign-in provider tells who is in it; its members are not changed here. */
	readonly external?: string
}

export const listGroups = async (): Promise<readonly Group[]> =>
	(await call<{ groups: readonly Group[] }>("GET", "/groups")).groups
export const createGroup = (name: string): Promise<Group> => call("POST", "/groups", { name })
export const renameGroup = (id: string, name: string): Promise<unknown> => call("PATCH", `/groups/${id}`, { name })
export const deleteGroup = (id: string): Promise<unknown> => call("DELETE", `/groups/${id}`)
export const listMembers = async (id: string): Promise<readonly User[]> =>
	(await call<{ members: readonly User[] }>("GET", `/groups/${id}`)).members
export const addMember = (group: string, user: string): Promise<unknown> =>
	call("PUT", `/groups/${group}/members/${user}`)
export const removeMember = (group: string, user: string): Promise<unknown> =>
	call("DELETE", `/groups/${group}/members/${user}`)

export interface AdminDocument {
	readonly id: string
	readonly title: string
	readonly owner?: Person | null
	/** Bytes on disk. */
	readonly bytes?: number
	readonly revision: number
	readonly updatedAt: string
	readonly trashedAt?: string
	readonly people?: number
}

/** `show` is an order, or which documents only. */
export const listDocuments = (
	show: "activity" | "size" | "ownerless" | "trashed",
	query: string,
	cursor?: string,
): Promise<{ documents: readonly AdminDocument[]; next: string | null }> => {
	const search = new URLSearchParams(show === "activity" || show === "size" ? { sort: show } : { [show]: "true" })
	if (query) search.set("query", query)
	if (cursor) search.set("cursor", cursor)
	return call("GET", `/admin/documents?${search}`)
}
export const takeOver = (document: string): Promise<unknown> => call("POST", `/admin/documents/${document}/owner`)

export interface LiveConnection {
	readonly user: Person
	readonly document: { readonly id: string; readonly title: string }
	/** "websocket", "longpoll" or "stream". */
	readonly kind: string
	/** By what they are known: "guest", "user", "token" or "embed". */
	readonly identity: string
	readonly role: string
	readonly since: string
}

export const listConnections = async (): Promise<readonly LiveConnection[]> =>
	(await call<{ connections: readonly LiveConnection[] }>("GET", "/admin/connections")).connections

export interface AuditEntry {
	readonly seq: number
	readonly at: string
	readonly action: string
	readonly outcome: "done" | "denied"
	/** Who did it, and what they were called then. */
	readonly actor?: string
	readonly name?: string
	readonly address?: string
	/** The document's id. */
	readonly document?: string
	readonly detail?: string
}

/** Somebody or something that lines of the log are about. */
export interface Subject {
	readonly id: string
	readonly name: string
}

export interface AuditFilter {
	readonly action: string
	readonly outcome: string
	/** Who did it, or to whom it was done. */
	readonly person?: Subject | undefined
	readonly document?: Subject | undefined
	/** Days, as the person's own calendar counts them: "2026-11-25"; the last is included. */
	readonly from: string
	readonly to: string
}

/** The filter as the server reads it. */
export function auditSearch(filter: AuditFilter): URLSearchParams {
	const search = new URLSearchParams()
	if (filter.action) search.set("action", filter.action)
	if (filter.outcome) search.set("outcome", filter.outcome)
	if (filter.person) search.set("person", filter.person.id)
	if (filter.document) search.set("document", filter.document.id)
	if (filter.from) search.set("from", new Date(`${filter.from}T00:00`).toISOString())
	if (filter.to) {
		const end = new Date(`${filter.to}T00:00`)
		end.setDate(end.getDate() + 1)
		search.set("to", end.toISOString())
	}
	return search
}

/** Newest first; `next` is the `before` of the next page, null at the end. */
export const listAudit = (
	filter: AuditFilter,
	before?: number,
): Promise<{ entries: readonly AuditEntry[]; next: number | null }> => {
	const search = auditSearch(filter)
	if (before !== undefined) search.set("before", String(before))
	return call("GET", `/admin/audit?${search}`)
}

export interface Setting {
	readonly name: string
	readonly value: string
	readonly source: string
	readonly help?: string
}

export const listSettings = async (): Promise<readonly Setting[]> =>
	(await call<{ settings: readonly Setting[] }>("GET", "/admin/settings")).settings

export interface Overview {
	readonly version: string
	readonly startedAt: string
	/** Accounts. */
	readonly people: number
	/** Documents that somebody is in. */
	readonly live: number
	readonly connections: number
	/** "ready", or why nothing is written. */
	readonly storage: string
}

export const getOverview = (): Promise<Overview> => call("GET", "/admin/overview")
