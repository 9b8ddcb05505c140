/** Roles that one gives to others, with their words; an owner's is transferred. */
export const ROLES = [
	{ role: "editor", word: "Can edit", what: "Reads and writes." },
	{ role: "viewer", word: "Can view", what: "Reads." },
	{
		role: "commenter",
		word: "Can comment",
		what: "Reads, for now: comments come with a later version, and then this role can write them.",
	},
] as const

/** The same for a list of choices. */
export const ROLE_CHOICES = ROLES.map(({ role, word }) => [role, word] as const)

/** A role as one says it of somebody. */
export function roleWord(role: string): string {
	if (role === "owner") return "Owner"
	return ROLES.find((known) => known.role === role)?.word ?? "No access"
}

/** What somebody of a role can do, in a sentence. */
export function roleMeans(role: string): string | undefined {
	return ROLES.find((known) => known.role === role)?.what
}
