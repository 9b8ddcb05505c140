import { signal } from "@preact/signals"
import { ApiError, getMe, type Me, type MeChange, patchMe } from "./api"
import { pictureChanged } from "./people/pictures"

/** Who this browser is: undefined until the server was asked, null when it could not say. */
export const me = signal<Me | null | undefined>(undefined)

/** The server wants to know who this is before it shows anything. */
export const signedOut = signal(false)

/** Asks the server who this browser is. Failing is harmless: the page works without, and asks again when needed. */
export async function loadMe(): Promise<void> {
	try {
		become(await getMe())
		signedOut.value = false
	} catch (error) {
		signedOut.value = error instanceof ApiError && error.status === 401
		// A server that cannot be asked says nothing about who this is.
		if (signedOut.value || !me.peek()) me.value = null
	}
}

/** Changes one's name, colour or mail; throws an ApiError when the server refuses. */
export async function changeMe(change: MeChange): Promise<void> {
	become(await patchMe(change))
}

function become(self: Me): void {
	me.value = self
	pictureChanged(self.id, self.picture ?? "")
}

/** Whether this person has an account here, and is not a guest. */
export function isMember(): boolean {
	const standing = me.value?.standing ?? "guest"
	return standing !== "guest"
}

/** Whether everyone who reaches the server may open and change everything. */
export function isOpen(): boolean {
	return (me.value?.access ?? "open") === "open"
}

/** Whether this person looks after the server. */
export function isAdministrator(): boolean {
	const standing = me.value?.standing
	return standing === "admin" || standing === "owner"
}
