import type { Standing } from "../api"

/** What an account may be on the server, each with its word. */
export const STANDINGS: readonly (readonly [Standing, string])[] = [
	["member", "Member"],
	["admin", "Administrator"],
	["owner", "Owner"],
]

/** The word for a standing. */
export function standingWord(standing: Standing): string {
	return STANDINGS.find(([known]) => known === standing)?.[1] ?? "Guest"
}
