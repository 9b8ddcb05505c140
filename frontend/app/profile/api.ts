import { ApiError, call } from "../api"

/** A browser in which one is signed in. Times are RFC 3339. */
export interface Login {
	readonly id: string
	/** What the browser calls itself. */
	readonly agent: string
	readonly address: string
	readonly method: string
	readonly createdAt: string
	readonly seenAt: string
	readonly expiresAt: string
	/** It is this one. */
	readonly current?: boolean
}

/** An API token; its secret is shown once, when it is made. */
export interface Token {
	readonly id: string
	readonly kind: "personal" | "service"
	readonly name: string
	/** The highest role it can use. */
	readonly role: string
	readonly admin?: boolean
	readonly document?: string
	readonly createdAt: string
	readonly usedAt?: string
	readonly expiresAt?: string
}

export const getLogins = async (): Promise<readonly Login[]> =>
	(await call<{ logins: readonly Login[] }>("GET", "/me/logins")).logins

export const endLogin = (id: string): Promise<null> => call("DELETE", `/me/logins/${id}`)

/** An account elsewhere that signs in to one's own. */
export interface Identity {
	readonly id: string
	/** Who vouches: the address of a sign-in provider, or "proxy". */
	readonly issuer: string
	/** What the account is called there. */
	readonly subject: string
	/** The server is set up with who vouches. */
	readonly usable: boolean
}

export const getIdentities = async (): Promise<readonly Identity[]> =>
	(await call<{ identities: readonly Identity[] }>("GET", "/me/identities")).identities

/** Other browsers that came in by it are signed out. The last way to sign in is refused. */
export const unlinkIdentity = (id: string): Promise<null> => call("DELETE", `/me/identities/${id}`)

/** Ends all of one's logins but this browser's. */
export const endOtherLogins = (): Promise<unknown> => call("DELETE", "/me/logins")

export const changePassword = (current: string, next: string): Promise<unknown> =>
	call("POST", "/me/password", { current, new: next })

export const getTokens = async (): Promise<readonly Token[]> =>
	(await call<{ tokens: readonly Token[] }>("GET", "/me/tokens")).tokens

export const createToken = (body: {
	name: string
	role: string
	expiresAt?: string
}): Promise<Token & { readonly token: string }> => call("POST", "/me/tokens", body)

export const revokeToken = (id: string): Promise<null> => call("DELETE", `/me/tokens/${id}`)

export const removePicture = (): Promise<null> => call("DELETE", "/me/picture")

/** Sends a small PNG as one's picture. */
export async function putPicture(png: Blob): Promise<void> {
	const response = await fetch("/api/me/picture", {
		method: "PUT",
		headers: { "Content-Type": "image/png" },
		body: png,
	}).catch(() => null)
	if (response?.ok) return
	const { detail } = (await response?.json().catch(() => null)) ?? {}
	throw new ApiError(
		response?.status ?? 0,
		"picture",
		detail ?? "The server cannot be reached. Check the connection and try again.",
	)
}
