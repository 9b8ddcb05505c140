import type { Insert } from "../server"

const bold = { bold: true }

/** The document of the pictures: a little of everything, as a team would write it. */
export const LAUNCH_PLAN: Insert[] = [
	{ insert: "We open on Thursday at nine. " },
	{ insert: "Everything that is not needed to open can wait.", attributes: bold },
	{ insert: "\nBefore we open" },
	{ insert: "\n", attributes: { header: 2 } },
	{ insert: "Prices agreed with the shop" },
	{ insert: "\n", attributes: { list: "checked" } },
	{ insert: "Announcement read by " },
	{ insert: { mention: { id: "01a206d0-0144-75cb-a4b9-23438c368469", name: "Lin Chen" } } },
	{ insert: " and Omar" },
	{ insert: "\n", attributes: { list: "checked" } },
	{ insert: "Help pages in three languages" },
	{ insert: "\n", attributes: { list: "unchecked" } },
	{ insert: "Somebody at the telephone from eight" },
	{ insert: "\n", attributes: { list: "unchecked" } },
	{ insert: "What we say" },
	{ insert: "\n", attributes: { header: 2 } },
	{ insert: "Your team's documents, on your own server: nobody reads along, and nothing is lost." },
	{ insert: "\n", attributes: { blockquote: true } },
	{ insert: "The long version is in the " },
	{ insert: "style guide", attributes: { link: "https://example.org/style" } },
	{ insert: "; the short one is what we print.\nAfterwards" },
	{ insert: "\n", attributes: { header: 2 } },
	{ insert: "Look at the figures on Friday, together" },
	{ insert: "\n", attributes: { list: "ordered" } },
	{ insert: "Thank everybody who helped" },
	{ insert: "\n", attributes: { list: "ordered" } },
]

/** The other documents in the list, the newest last, each with who wrote it. */
export const OTHERS = [
	["Holiday calendar", "Marta Silva"],
	["How we hire", "Omar Haddad"],
	["Questions from the first hundred customers", "Lin Chen"],
	["Style guide", "Marta Silva"],
	["Minutes of Monday", "Omar Haddad"],
] as const
