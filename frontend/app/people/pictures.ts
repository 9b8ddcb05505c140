import { type Signal, signal } from "@preact/signals"
import { call } from "../api"

/** The server is asked for so many at once. */
const MOST = 100

/** The addresses of people's pictures by their id; "" for who has none, or is being asked for. */
const known = new Map<string, Signal<string>>()
let wanted: string[] = []

/** The address of somebody's picture: "" until it is here, and for those who have none. Those wanted in one turn are asked for together. */
export function pictureOf(id: string): Signal<string> {
	let address = known.get(id)
	if (!address) {
		address = signal("")
		known.set(id, address)
		if (wanted.push(id) === 1) queueMicrotask(ask)
	}
	return address
}

async function ask(): Promise<void> {
	const asked = wanted.slice(0, MOST)
	wanted = wanted.slice(MOST)
	if (wanted.length > 0) queueMicrotask(ask)
	try {
		const { pictures } = await call<{ pictures: Readonly<Record<string, string>> }>("GET", `/pictures?users=${asked}`)
		for (const [id, address] of Object.entries(pictures)) pictureChanged(id, address)
	} catch {
		// Initials stand there meanwhile; who is drawn anew later is asked for again.
		for (const id of asked) known.delete(id)
	}
}

/** Somebody has this picture now, or "" for none. */
export function pictureChanged(id: string, address: string): void {
	const before = known.get(id)
	if (before) before.value = address
	else known.set(id, signal(address))
}
