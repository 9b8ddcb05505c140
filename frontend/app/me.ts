import { signal } from "@preact/signals"
import { getMe, type Person, patchMe } from "./api"

/** Colours offered to people: each reaches 4.5:1 with its own ink and 3:1 against both themes' ground. */
export const PERSON_COLORS = [
	"#c2410c",
	"#b45309",
	"#4d7c0f",
	"#15803d",
	"#0f766e",
	"#0e7490",
	"#2563eb",
	"#6d5bd0",
	"#9333ea",
	"#c026a3",
	"#d0305f",
	"#64748b",
] as const

/** Who this browser is; null until the server has said so. */
export const me = signal<Person | null>(null)

/** Asks the server who this browser is. Failing is harmless: the page works without, and asks again when needed. */
export async function loadMe(): Promise<void> {
	try {
		me.value = await getMe()
	} catch {
		me.value = null
	}
}

/** Changes one's name and colour; throws an ApiError when the server refuses. */
export async function changeMe(change: { name?: string; color?: string }): Promise<void> {
	me.value = await patchMe(change)
}
