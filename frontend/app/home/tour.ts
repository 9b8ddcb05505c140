/** The first document's text: short, true, and a taste of everything the editor can do. A canonical delta. */
export const TOUR_TITLE = "Welcome to Coscribe"

const bold = { bold: true }

/** Content of the tour document. */
export const TOUR = [
	{ insert: "Write here, with others, at the same time. " },
	{ insert: "Everything in this document is yours to change.", attributes: bold },
	{ insert: "\nThree things to try" },
	{ insert: "\n", attributes: { header: 2 } },
	{ insert: "Open this page in a second window and type in both" },
	{ insert: "\n", attributes: { list: "unchecked" } },
	{ insert: "Press / on an empty line to insert something" },
	{ insert: "\n", attributes: { list: "unchecked" } },
	{ insert: "Tick this box" },
	{ insert: "\n", attributes: { list: "checked" } },
	{ insert: "Type as you would in Markdown" },
	{ insert: "\n", attributes: { header: 2 } },
	{ insert: "Start a line with " },
	{ insert: "#", attributes: { code: true } },
	{ insert: " for a heading, " },
	{ insert: "-", attributes: { code: true } },
	{ insert: " for a list, " },
	{ insert: ">", attributes: { code: true } },
	{ insert: " for a quote. Put words between " },
	{ insert: "**", attributes: { code: true } },
	{ insert: " to make them " },
	{ insert: "bold", attributes: bold },
	{ insert: ".\nWhen it says “Saved”, it is on the server's disk. Not soon: now." },
	{ insert: "\n", attributes: { blockquote: true } },
	{ insert: "Losing the connection loses nothing: go on writing, it is sent when the connection is back.\n" },
]
