import { call } from "../api"

/** How one may come in here. */
export interface Methods {
	readonly password: boolean
	/** Single sign-on, with the provider's name. */
	readonly oidc?: { readonly name: string } | null
	/** Guests by share link are let in. */
	readonly guests?: boolean
	/** Nobody owns this server yet. */
	readonly setup?: boolean
	/** A forgotten password can be set anew by mail. */
	readonly mail?: boolean
}

export const getMethods = (): Promise<Methods> => call("GET", "/signin/methods")

export const signIn = (mail: string, password: string): Promise<unknown> => call("POST", "/signin", { mail, password })

/** Where single sign-on begins; the browser goes there and comes back to `back`, a path of this server. */
export const oidcAddress = (back: string) => `/api/signin/oidc?back=${encodeURIComponent(back)}`

/** What a one-time link is for. */
export interface Ticket {
	readonly mail?: string
	readonly name?: string
	readonly standing?: string
	readonly expiresAt?: string
}

export type TicketKind = "setup" | "invitation" | "reset"

export const lookAt = (secret: string, kind: TicketKind): Promise<Ticket> =>
	call("POST", "/tickets/look", { secret, kind })

export const setUp = (body: { secret: string; name: string; mail: string; password: string }): Promise<unknown> =>
	call("POST", "/setup", body)

export const acceptInvitation = (body: {
	secret: string
	name: string
	mail?: string
	password: string
}): Promise<unknown> => call("POST", "/invitations/accept", body)

export const resetPassword = (secret: string, password: string): Promise<unknown> =>
	call("POST", "/reset", { secret, password })

/** Asks for a link to set a new password; the answer is the same whether or not there is such an account. */
export const requestReset = (mail: string): Promise<unknown> => call("POST", "/reset/request", { mail })

export const openLink = (secret: string, password?: string): Promise<{ document: string; role: string }> =>
	call("POST", "/links/open", password === undefined ? { secret } : { secret, password })
